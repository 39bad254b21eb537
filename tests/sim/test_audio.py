"""Sound through the real firmware both ways: codec, I2S, sealed frames, and back."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from kinline.handsets import _link as wire
from kinline_sim.board import Board
from tests.link_peer import SerialPeer
from tests.sim.conftest import KEY
from tests.sim.test_talk_cut import grant

pytestmark = pytest.mark.vm

RATE = 16000


def murmur(seconds: float, seed: int) -> NDArray[np.int16]:
    """Noise shaped like speech: band-limited, in syllables of its own rhythm."""
    random = np.random.default_rng(seed)
    noise = np.convolve(random.standard_normal(int(seconds * RATE)), np.hanning(16), "same")
    syllables = np.repeat(random.uniform(0.05, 1.0, int(seconds * 8) + 1), RATE // 8)[: len(noise)]
    noise *= syllables
    return (noise / np.abs(noise).max() * 12000).astype(np.int16)


def correlation(spoken: NDArray[np.int16], heard: NDArray[np.int16]) -> float:
    """The best normalized correlation of a whole utterance with any stretch of what was heard."""
    said, ear = spoken.astype(float), heard.astype(float)
    size = 1 << (len(said) + len(ear)).bit_length()
    cross = np.fft.irfft(np.fft.rfft(ear, size) * np.conj(np.fft.rfft(said, size)), size)[: len(ear) - len(said)]
    at = int(np.argmax(cross))
    stretch = ear[at : at + len(said)]
    return float(stretch @ said / (np.linalg.norm(stretch) * np.linalg.norm(said)))


def swap(peers: Sequence[SerialPeer]) -> None:
    """Answer each frame of one handset with what the other said."""
    left, right = peers
    waiting: dict[int, list[bytes]] = {id(left): [], id(right): []}
    for peer, other in ((left, right), (right, left)):

        def answer(pcm: bytes, mine: int = id(peer), theirs: int = id(other)) -> bytes:
            waiting[theirs].append(pcm)
            del waiting[theirs][:-3]
            return waiting[mine].pop(0) if waiting[mine] else bytes(wire.AUDIO_BYTES)

        peer.answer_audio = answer


def exchange_correlation(boards: Sequence[Board], peers: Sequence[SerialPeer]) -> float:
    """Both speak at once for two seconds; how much of it the worse off of the two heard of the other."""
    said = [murmur(2.0, seed) for seed in (11, 12)]
    starts = [len(board.heard()) for board in boards]
    for board, speech in zip(boards, said, strict=True):
        board.speak(speech)
    for _ in range(1400):
        for peer in peers:
            peer.pump(0.001)
    heard = [board.heard()[start:] for board, start in zip(boards, starts, strict=True)]
    return min(correlation(said[0], heard[1]), correlation(said[1], heard[0]))


@pytest.mark.each_vm
def test_two_handsets_hear_each_other() -> None:
    with Board(device="a", key=KEY, seed=1) as left, Board(device="b", key=KEY, seed=2) as right:
        boards = (left, right)
        peers = [SerialPeer(board.path, KEY) for board in boards]
        swap(peers)
        for peer, board in zip(peers, boards, strict=True):
            peer.expect(wire.Snapshot)
            board.lift()
            peer.expect(wire.Hook)
        for peer in peers:
            grant(peer, milliseconds=30000)
        assert exchange_correlation(boards, peers) > 0.95
        for peer in peers:
            peer.close()


def echo_correlation(board: Board, peer: SerialPeer) -> float:
    """Speak for three seconds; how much of it a host that echoes brings back to the ear."""
    speech = murmur(3.0, 3)
    start = len(board.heard())
    board.speak(speech)
    assert peer.until(lambda: not board.world.codec.speaking, 6)
    peer.pump(0.3)
    return correlation(speech, board.heard()[start:])


def test_echoed_speech_comes_back_whole(board: Board, lifted: SerialPeer) -> None:
    grant(lifted, milliseconds=20000)
    assert echo_correlation(board, lifted) > 0.95
    board.hang_up()
    health = lifted.expect(wire.Health)
    assert health.heap_peak <= 98304
    # A clock that drifts would count without end.
    assert health.underruns <= 20 and health.overruns <= 20


@pytest.mark.each_vm
def test_no_sound_reaches_ear_or_wire_through_an_open_relay(board: Board, lifted: SerialPeer) -> None:
    lifted.answer_audio = lambda pcm: b"\x11\x11" * (wire.AUDIO_BYTES // 2)
    grant(lifted, milliseconds=400)
    lifted.expect(wire.TalkEnded)
    lifted.until(lambda: not board.relay_closed, 1)
    heard = len(board.heard())
    lifted.pump(0.4)
    assert not board.heard()[heard:].any()


def test_a_call_fits_the_heap_of_a_chip_without_psram() -> None:
    """The goal is a peak of 96 KiB; the stand-ins for the chip's own modules take their part of this heap."""
    with Board(device="wall-7", key=KEY, seed=4, heap="112K") as board:
        peer = SerialPeer(board.path, KEY)
        peer.expect(wire.Snapshot)
        for call in (1, 2):
            board.lift()
            peer.expect(wire.Hook)
            peer.send(wire.Collect(call, wire.COLLECT_SECRET, 4, 8, ord("#"), 5000, 3000))
            board.dial("4821#")
            peer.expect(wire.Entry, 5)
            grant(peer, call, milliseconds=1500)
            peer.expect(wire.TalkEnded)
            board.hang_up()
            assert peer.expect(wire.Hook).off_hook == 0
            assert peer.expect(wire.Health).heap_peak <= 98304
        assert board.console == ""
        peer.close()


@pytest.mark.each_vm
def test_sound_that_was_never_played_does_not_add_up(board: Board, peer: SerialPeer) -> None:
    """Each hang-up leaves a little in the transmit buffer; the next lift starts with an empty one."""
    for _ in range(8):
        board.lift()
        assert peer.expect(wire.Hook).off_hook == 1
        peer.pump(0.25)
        board.hang_up()
        assert peer.expect(wire.Hook).off_hook == 0
    assert board.boot_count == 1
