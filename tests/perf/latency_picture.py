"""The latencies of some devices as a picture."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tests.perf.rtp_load import Heard


def draw(path: Path, devices: Mapping[str, Heard]) -> None:
    """How large a share of the packets came through each device within which time."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    for name, heard in devices.items():
        bins = sorted(heard.bins)
        ends = (np.array(bins) + 1) * heard.bin_us / 1000
        beyond = 1 - np.cumsum([heard.bins[i] for i in bins]) / heard.received
        label = f"{name}: p50 {heard.percentile(0.5):.2f}, p99 {heard.percentile(0.99):.2f} ms"
        axes.step(ends, np.maximum(beyond, 1e-6), where="post", label=label)
    axes.set(xscale="log", yscale="log", ylim=(1e-5, 1))
    axes.set(xlabel="milliseconds through the device", ylabel="share of packets that took longer")
    axes.axhline(0.01, color="grey", linewidth=0.8, linestyle=":")
    axes.axvline(5, color="grey", linewidth=0.8, linestyle=":")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
