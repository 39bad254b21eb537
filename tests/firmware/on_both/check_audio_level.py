from handset.audio import PlayLevel

FRAME = 640


def check_a_cushion_first_then_frame_by_frame():
    level = PlayLevel()
    assert level.offer(FRAME) == 2
    for _ in range(100):
        level.captured(FRAME)
        assert level.offer(FRAME) == 1
    assert (level.underruns, level.overruns) == (0, 0)


def check_running_dry_is_counted_once():
    level = PlayLevel()
    level.offer(FRAME)
    for _ in range(5):
        level.captured(FRAME)
    assert level.underruns == 1
    assert level.offer(FRAME) == 2


def check_a_flood_is_dropped_and_counted():
    level = PlayLevel()
    written = sum(level.offer(FRAME) for _ in range(10))
    assert written * FRAME <= 2560 and level.overruns == 10 - (written - 1)
