"""The picture of a call: what each side heard, and what happened, on one time axis."""

from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

INK, MUTED, TALK = "#1f2933", "#7b8794", "#e3f2e8"
ROWS = 12
LETTERS_A_LINE = 215  # of 8 points over the width of the picture
BARS_A_SECOND = 60  # an envelope drawn this fine still shows syllables at the width of a page


@dataclass(frozen=True, slots=True)
class Track:
    """Sound on the common clock: 16-bit samples, the second at which the first one falls."""

    title: str
    colour: str
    samples: NDArray[np.int16]
    rate: int
    start_s: float


@dataclass(frozen=True, slots=True)
class Moment:
    at_s: float
    text: str


def draw(path: Path, title: str, tracks: list[Track], moments: list[Moment], talk: tuple[float, float] | None) -> None:
    """Write a PNG. Times are seconds since the handset was lifted; `talk` is the span of accepted talk."""
    figure, axes = plt.subplots(
        len(tracks) + 1,
        1,
        sharex=True,
        figsize=(13, 2.1 * len(tracks) + 3.0),
        layout="constrained",
        gridspec_kw={"height_ratios": [*([1.0] * len(tracks)), 1.8]},
    )
    figure.suptitle(title, x=0.01, ha="left", color=INK, fontsize=14)
    for axis, track in zip(axes, tracks, strict=False):
        _waveform(axis, track)
    span = (0.0, max(track.start_s + len(track.samples) / track.rate for track in tracks))
    axes[-1].set_xlim(*span)
    _moments(axes[-1], moments, span)
    for axis in axes:
        if talk:
            axis.axvspan(*talk, color=TALK, zorder=0, linewidth=0)
        for moment in moments:
            axis.axvline(moment.at_s, color=MUTED, linewidth=0.5, alpha=0.5, zorder=1)
        axis.spines[["top", "right", "left"]].set_visible(False)
    axes[-1].set_xlabel("seconds since off hook", color=INK)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _waveform(axis: Axes, track: Track) -> None:
    size = max(1, track.rate // BARS_A_SECOND)
    whole = track.samples[: len(track.samples) // size * size].reshape(-1, size)
    times = track.start_s + (np.arange(len(whole)) + 0.5) * size / track.rate
    scale = max(2000, int(np.abs(track.samples).max(initial=0)))
    axis.fill_between(times, whole.min(axis=1) / scale, whole.max(axis=1) / scale, color=track.colour, linewidth=0)
    axis.set_ylim(-1.05, 1.05)
    axis.set_yticks([])
    axis.set_title(track.title, loc="left", fontsize=10, color=INK)


def _moments(axis: Axes, moments: list[Moment], span: tuple[float, float]) -> None:
    """Each label on the first row where it runs into no other; towards the right edge it stands before its moment."""
    second = LETTERS_A_LINE / (span[1] - span[0])  # letters that fit into a second of the axis
    taken = [span[0] - 1.0] * ROWS
    for moment in sorted(moments, key=lambda m: m.at_s):
        length = (len(moment.text) + 2) / second
        before = moment.at_s + length > span[1]
        start = moment.at_s - length if before else moment.at_s
        row = next((i for i, end in enumerate(taken) if end <= start), taken.index(min(taken)))
        taken[row] = start + length
        axis.annotate(
            moment.text, (moment.at_s, 1 - (row + 0.5) / ROWS), fontsize=8, color=INK, va="center",
            ha="right" if before else "left", xytext=(-3 if before else 3, 0), textcoords="offset points",
        )  # fmt: skip
    axis.set_ylim(0, 1)
    axis.set_yticks([])
    axis.set_title("what happened", loc="left", fontsize=10, color=INK)
