"""Draws the three panels of a chart with matplotlib; prints the seconds of the fastest run.

charts.py DATA.json PICTURE.png RUNS    DATA is what /api/series serves for view=position.
"""

import io
import json
import sys
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np

data_path, picture_path, runs = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
data = json.loads(data_path.read_text())


def instants(ms):
    return np.array(ms, dtype="datetime64[ms]")


series, residual, density = data["series"], data["residual"], data["density"]
ts, value = instants(series["ts"]), np.array(series["value"])
smoothed = np.array(series["smoothed"])
baseline = np.array(series["baseline"], dtype=float)
sigma, k_sigma = data["sigma"], data["k_times_sigma"]
residual_ts, residuals = instants(residual["ts"]), np.array(residual["value"])


def mark(ax, flows, marker, colour):
    ms = [flow["ts"] for flow in flows]
    ax.plot(instants(ms), np.interp(ms, series["ts"], value), marker, color=colour, markersize=9, label="flows")


def position(ax):
    ax.plot(ts, value, color="tab:blue", label="value")
    ax.plot(ts, smoothed, "--", color="tab:orange", label="smoothed")
    ax.plot(ts, baseline, ":", color="grey", label="baseline")
    ax.fill_between(ts, baseline - k_sigma, baseline + k_sigma, color="tab:red", alpha=0.09)
    ax.fill_between(ts, baseline - sigma, baseline + sigma, color="tab:orange", alpha=0.16)
    mark(ax, data["deposits"], "^", "tab:green")
    mark(ax, data["withdrawals"], "v", "tab:red")
    ax.set_title("Position, USD")


def trace(ax):
    ax.plot(residual_ts, residuals, color="tab:blue", label="residual")
    ax.plot(instants([residual["latest"]["ts"]]), [residual["latest"]["value"]], "o", color="tab:red", label="latest")
    for band, colour in ((sigma, "tab:orange"), (k_sigma, "tab:red")):
        for side in (-1, 1):
            ax.axhline(side * band, linestyle="--", color=colour)
    ax.set_title("Residuals, USD")


def distribution(ax):
    edges = np.array(density["histogram"]["edges"])
    ax.bar(edges[:-1], density["histogram"]["density"], np.diff(edges), align="edge", alpha=0.25, label="histogram")
    ax.plot(density["x"], density["y"], color="tab:blue", label="kernel density")
    ax.axvline(density["latest"], color="tab:red", label="latest")
    for threshold in density["thresholds"]:
        ax.axvline(threshold, linestyle="--", color="tab:red")
    ax.set_title("Density of the residuals, per USD")


def draw():
    figure, axes = plt.subplots(3, 1, figsize=(12, 14), dpi=100, height_ratios=(5, 4, 4))
    for ax, panel in zip(axes, (position, trace, distribution)):
        panel(ax)
        ax.grid(True)
        ax.legend()
    for ax in axes[:2]:
        ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(ax.xaxis.get_major_locator()))
    figure.suptitle(f"{data['asset'].upper()} as of {data['as_of']}")
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    plt.close(figure)
    return picture.getvalue()


picture_path.write_bytes(draw())  # the first one fills the caches
fastest = float("inf")
for _ in range(runs):
    started = time.perf_counter()
    draw()
    fastest = min(fastest, time.perf_counter() - started)
print(fastest)
