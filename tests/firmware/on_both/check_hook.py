from handset import hook

PERIOD = 1 << 30


def _feed(subject, now, readings):
    settled = []
    for millivolts in readings:
        if subject.sample(millivolts, now):
            settled.append(subject.off_hook)
        now = (now + 5) % PERIOD
    return settled


def check_levels():
    assert [hook.classify(mv) for mv in (0, 499, 500, 1050, 1699, 1700, 2380, 2899, 2900, 3300)] == [
        hook.SHORT,
        hook.SHORT,
        hook.CLOSED,
        hook.CLOSED,
        hook.CLOSED,
        hook.OPEN,
        hook.OPEN,
        hook.OPEN,
        hook.CUT,
        hook.CUT,
    ]


def check_a_bounce_settles_once():
    subject = hook.Hook()
    assert _feed(subject, 0, [2380, 1050, 2380, 1050] + [2380] * 12) == [True]
    assert _feed(subject, 500, [1050, 2380, 1050] + [1050] * 12) == [False]


def check_across_the_wrap():
    assert _feed(hook.Hook(), PERIOD - 12, [2380] * 12) == [True]


def check_tampering_is_on_hook_and_named():
    subject = hook.Hook()
    _feed(subject, 0, [2380] * 12)
    _feed(subject, 100, [3300] * 12)
    assert not subject.off_hook and subject.trouble == "cut"
    _feed(subject, 200, [0] * 12)
    assert not subject.off_hook and subject.trouble == "short"
    _feed(subject, 300, [1050] * 12)
    assert subject.trouble is None
