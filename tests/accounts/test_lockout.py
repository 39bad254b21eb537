"""How wrong PINs lock, for how long, and what a right one forgives."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kinline.accounts import Lockout
from kinline.accounts.lockout import FORGIVEN_A_DAY, INMATE, PAIR, TELEPHONE, Forgiveness, LockPolicy

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
POLICIES = st.sampled_from([TELEPHONE, PAIR, INMATE])


class TestLockout:
    def test_three_misses_in_a_row_lock(self) -> None:
        lock = Lockout().missed(NOON).missed(NOON)
        assert not lock.locked(NOON)
        lock = lock.missed(NOON)
        assert lock.locked(NOON) and lock.locked_until == NOON + timedelta(minutes=1)
        assert not lock.locked(NOON + timedelta(minutes=1))

    def test_a_right_pin_ends_the_row(self) -> None:
        assert not Lockout().missed(NOON).missed(NOON).succeeded().missed(NOON).locked(NOON)

    def test_each_lock_is_twice_as_long_up_to_an_hour(self) -> None:
        lock, at, spans = Lockout(), NOON, []
        for _ in range(9):
            for _ in range(3):
                lock = lock.missed(at)
            assert lock.locked_until is not None
            spans.append((lock.locked_until - at).total_seconds() // 60)
            at = lock.locked_until
        assert spans == [1, 2, 4, 8, 16, 32, 60, 60, 60]

    def test_a_right_pin_does_not_shorten_the_next_lock(self) -> None:
        lock = Lockout().missed(NOON).missed(NOON).missed(NOON)
        later = NOON + timedelta(minutes=5)
        lock = lock.succeeded().missed(later).missed(later).missed(later)
        assert lock.locked_until == later + timedelta(minutes=2)

    def test_a_quiet_day_makes_the_next_lock_short_again(self) -> None:
        lock = Lockout(level=5, locked_until=NOON)
        later = NOON + timedelta(days=1)
        assert lock.missed(later).missed(later).missed(later).locked_until == later + timedelta(minutes=1)

    def test_misses_while_locked_change_nothing(self) -> None:
        lock = Lockout().missed(NOON).missed(NOON).missed(NOON)
        assert lock.missed(NOON) is lock

    @given(POLICIES, st.lists(st.integers(0, 300), max_size=200))
    def test_no_lock_outlasts_its_policy(self, policy: LockPolicy, waits: list[int]) -> None:
        lock, at = Lockout(), NOON
        for wait in waits:
            at += timedelta(seconds=wait)
            before = lock
            lock = lock.missed(at, policy)
            assert lock.locked_until is None or lock.locked_until <= at + policy.longest
            assert lock is before if before.locked(at) else lock != before
            assert lock.misses < policy.misses

    @given(POLICIES, st.integers(1, 24))
    def test_guesses_in_some_hours_are_few(self, policy: LockPolicy, hours: int) -> None:
        """Whoever tries every second is let try about once a lock."""
        lock, at, tries = Lockout(), NOON, 0
        while at < NOON + timedelta(hours=hours):
            if lock.locked(at):
                at = lock.locked_until or at
                continue
            lock, tries, at = lock.missed(at, policy), tries + 1, at + timedelta(seconds=1)
        # The first locks are shorter than the longest: seven doublings at most.
        assert tries <= policy.misses * (timedelta(hours=hours) // policy.longest + 8)

    def test_an_inmates_own_lock_stays_short(self) -> None:
        lock, at, spans = Lockout(), NOON, []
        for _ in range(5):
            for _ in range(10):
                lock = lock.missed(at, INMATE)
            assert lock.locked_until is not None
            spans.append((lock.locked_until - at).total_seconds() // 60)
            at = lock.locked_until
        assert spans == [1, 2, 4, 5, 5]


class TestForgiveness:
    def test_a_few_a_day(self) -> None:
        kept = Forgiveness()
        given_back = []
        for _ in range(5):
            forgiven, kept = kept.forgive(2, NOON)
            given_back.append(forgiven)
        assert given_back == [2, 2, 2, 0, 0]
        assert kept.forgive(2, NOON + timedelta(days=1))[0] == 2

    @given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3600)), max_size=100))
    def test_never_more_than_that_in_any_day(self, rows: list[tuple[int, int]]) -> None:
        kept, at, days = Forgiveness(), NOON, dict[datetime, int]()
        for misses, wait in rows:
            at += timedelta(seconds=wait)
            forgiven, kept = kept.forgive(misses, at)
            assert 0 <= forgiven <= misses and kept.since is not None
            days[kept.since] = days.get(kept.since, 0) + forgiven
        assert all(total <= FORGIVEN_A_DAY for total in days.values())

    def test_it_takes_that_many_off_the_row(self) -> None:
        lock = Lockout().missed(NOON).missed(NOON)
        assert lock.succeeded(1).misses == 1
        assert lock.succeeded(5).misses == lock.succeeded().misses == 0
