"""The detectors on the whole labelled corpus; writes the scorecard of docs/detection.md and its picture."""

import re
import time
from pathlib import Path

import matplotlib

from kinline_engine.detect import Detector, Phase
from tests.detect import corpus
from tests.detect.scorecard import CUT_AT, END_AT, Result, Row, judged, rows
from tests.perf.machine import busy
from tests.perf.report import Figure

matplotlib.use("Agg")
from matplotlib import pyplot as plt

KEY, COST = "detection_false_cuts", "detection_us_per_frame"
TALKS = 72  # of five minutes: six hours
SCENES = 24  # of each other kind
PAGE = Path("docs/detection.md")
PICTURE = Path("docs/pictures/detection.png")
INK, MUTED, GOOD, BAD = "#1f2933", "#9aa5b1", "#2f855a", "#c05621"


def _cost_us() -> dict[str, float]:
    """Processor time of a frame of 20 ms, by phase; of the cheaper of two runs."""
    costs = {}
    for phase, kind in ((Phase.TTY, "talk"), (Phase.TALK, "talk"), (Phase.ANSWER, "voicemail")):
        scene = corpus.scene(kind, 0)
        far, near = scene.far.tobytes(), scene.near.tobytes()
        tries = []
        for _ in range(2):
            with Detector(phase) as detector:
                began = time.thread_time_ns()
                detector.hear(far, near)
                tries.append((time.thread_time_ns() - began) / 1000 / (len(scene.far) / 160))
        costs[phase.name.lower()] = min(tries)
    return costs


def _table(card: list[Row], talks: list[Result], people: list[Result]) -> str:
    hours = sum(talk.seconds for talk in talks) / 3600
    found = [talk for talk in talks if talk.acts]
    lines = [
        f"Talks without a third party: {hours:.1f} hours in {len(talks)} calls, each with {_happenings(talks)} of the happenings "
        f"below. **Cut at the default confidence of {CUT_AT}: {sum(t.acts >= CUT_AT for t in talks)}.** "
        f"Flagged: {len(found)} (confidence at most {max((t.acts for t in found), default=0)}).",
        "",
        f"People who answer: {len(people)}. Taken for a machine at the default confidence of {END_AT}: "
        f"{sum(p.acts >= END_AT for p in people)}. Noted as perhaps one: {sum(p.acts > 0 for p in people)}.",
        "",
        f"| Scene | Sign | Scenes | Missed, clean | Missed, 3 % lost | At least {CUT_AT} sure | Told after (median) |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {row.name} | `{row.sign}` | {row.scenes} | {row.missed_clean} | {row.missed_lossy} | {row.sure} "
            f"| {row.after_s:.1f} s |"
            for row in card
        ),
    ]
    return "\n".join(lines)


def _happenings(talks: list[Result]) -> str:
    counts = [talk.name.count(",") + 1 for talk in talks]
    return f"{min(counts)} to {max(counts)}"


def write_page(text: str) -> None:
    page = PAGE.read_text()
    fresh = re.sub(
        r"(<!-- scorecard: make perf -->\n).*?(\n<!-- /scorecard -->)", lambda m: m[1] + text + m[2], page, flags=re.DOTALL
    )
    PAGE.write_text(fresh)


def draw(path: Path, results: list[Result], card: list[Row]) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5.2), layout="constrained", gridspec_kw={"width_ratios": [1.25, 1]})
    names = [row.name for row in card][::-1]
    shares = [[r for r in results if r.name == name and r.expected is not None] for name in names]
    sure = [100 * sum(r.found >= CUT_AT for r in share) / len(share) for share in shares]
    told = [100 * sum(r.found > 0 for r in share) / len(share) for share in shares]
    left.barh(names, told, color=MUTED, label="told")
    left.barh(names, sure, color=GOOD, label=f"told with at least {CUT_AT}")
    left.set_xlim(0, 100)
    left.set_xlabel("% of the scenes in which there was something to find", color=INK)
    left.set_title("Found", loc="left", color=INK, fontsize=11)
    left.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, fontsize=9)
    talks = [r.acts for r in results if r.kind == "talk"]
    thirds = [r.acts for r in results if r.kind.startswith("three_way")]
    bins = [0, *range(45, 101, 5)]
    for values, colour, label in ((thirds, BAD, "a third party joined"), (talks, INK, "nobody joined")):
        right.hist([min(v, 99) for v in values], bins=bins, weights=[100 / len(values)] * len(values), color=colour,
                   alpha=0.6, label=f"{label}: {len(values)} calls")  # fmt: skip
    right.axvline(CUT_AT, color=MUTED, linestyle="--", linewidth=1)
    right.annotate("cut, where\na profile says so", (CUT_AT, 72), ha="right", va="top", fontsize=9, color=INK,
                   xytext=(-4, 0), textcoords="offset points")  # fmt: skip
    right.set_ylim(0, 100)
    right.set_xlabel("highest confidence in a three-way call (0: none)", color=INK)
    right.set_ylabel("% of the calls", color=INK)
    right.set_title("Three-way calls", loc="left", color=INK, fontsize=11)
    right.legend(frameon=False, loc="upper right", fontsize=9)
    for axis in (left, right):
        axis.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def measure() -> list[Figure]:
    wanted = [("talk", number) for number in range(TALKS)]
    wanted += [(kind, number) for kind in corpus.KINDS for number in range(SCENES)]
    results = judged(wanted)
    talks = [result for result in results if result.kind == "talk"]
    people = [result for result in results if result.kind == "person_answers"]
    card = rows(results)
    write_page(_table(card, talks, people))
    draw(PICTURE, results, card)
    costs = _cost_us()
    hours = sum(talk.seconds for talk in talks) / 3600
    missed = ", ".join(f"{row.name}: missed {row.missed_clean} clean, {row.missed_lossy} lossy" for row in card)
    note = (
        f"calls cut at the default confidence in {hours:.1f} hours of talk; flagged {sum(t.acts > 0 for t in talks)} of "
        f"{len(talks)} calls; people taken for machines {sum(p.acts >= END_AT for p in people)} of {len(people)}; {missed}"
    )
    cost = "processor time of 20 ms of one call: " + ", ".join(f"{name} {us:.1f}" for name, us in costs.items()) + f"; {busy()}"
    false_cuts = float(sum(talk.acts >= CUT_AT for talk in talks))
    return [Figure(KEY, false_cuts, note), Figure(COST, round(costs["talk"], 1), cost)]
