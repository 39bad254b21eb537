"""A link frame's event says under which keys the frame came."""

from kinline.handsets import _link as wire
from kinline_engine.bus import Source
from kinline_engine.engine import LinkEvent
from tests.engine.parties import EPOCH, Stage


def frame_code(stage: Stage) -> int:
    return stage.wait(Source.LINK, LinkEvent.FRAME).code


def test_frames_of_two_sessions_are_told_apart() -> None:
    hook = b"\x01\x00" + wire.Hook(1, 5).encode()
    with Stage() as stage:
        stage.handset.send(wire.Hook.ID, hook)
        assert frame_code(stage) == EPOCH << 8 | wire.Hook.ID
        stage.handset.use_keys(EPOCH + 1)
        stage.handset.install(stage.link)
        stage.handset.send(wire.Hook.ID, hook)
        assert frame_code(stage) == EPOCH + 1 << 8 | wire.Hook.ID


def test_a_clear_frame_came_under_no_keys() -> None:
    with Stage() as stage:
        stage.handset.send(wire.Hello.ID, b"whatever")
        assert frame_code(stage) == wire.Hello.ID
