from handset import talk_timer
from handset.talk_timer import Grant

PERIOD = 1 << 30


def check_a_talk_ends_at_its_deadline():
    grant = Grant()
    assert grant.talk(1000, 7, 61000, 90000)
    assert not grant.expired(60999)
    assert grant.expired(61000)
    grant.stop(61000)
    assert grant.talked(99999) == 60000 and grant.kind == talk_timer.NONE


def check_across_the_wrap():
    grant = Grant()
    start = PERIOD - 1000
    grant.talk(start, 7, 4000, 90000)
    assert not grant.expired(3999)
    assert grant.expired(4000)
    assert grant.talked(4000) == 5000


def check_the_limit_binds():
    grant = Grant()
    grant.talk(0, 7, 100000, 300)
    assert not grant.expired(299) and grant.expired(300)


def check_huge_limits():
    grant = Grant()
    grant.talk(0, 7, 0xFFFFFFFF, 0xFFFFFFFF)
    assert grant.expired(0)  # this deadline lies one millisecond back
    grant.stop(0)
    grant.listen(5, 0xFFFFFFFF)
    assert not grant.expired(6)


def check_a_deadline_that_has_passed():
    grant = Grant()
    assert grant.talk(5000, 7, 4000, 90000)
    assert grant.expired(5000)


def check_a_repeat_never_extends():
    grant = Grant()
    grant.talk(0, 7, 1000, 90000)
    assert not grant.talk(500, 7, 50000, 90000)
    assert grant.expired(1000)
    grant.stop(1000)
    assert not grant.talk(1100, 7, 50000, 90000)
    assert grant.kind == talk_timer.NONE


def check_a_repeat_may_shorten():
    grant = Grant()
    grant.talk(0, 7, 10000, 90000)
    grant.talk(100, 7, 2000, 90000)
    assert grant.expired(2000)
    grant.talk(150, 7, 9000, 90000)
    assert grant.expired(2000)


def check_a_listen_does_not_touch_a_talk():
    grant = Grant()
    grant.talk(0, 7, 1000, 90000)
    grant.listen(10, 60000)
    assert grant.kind == talk_timer.TALK and grant.expired(1000)
