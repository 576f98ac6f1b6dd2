"""Draw the ratios: one line per contender, grouped by case."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from benchmarks.cases import CASES
from benchmarks.contenders import CONTENDERS
from benchmarks.race import Row
from qnnbench.figures.style import LIGHT, render, style

COLOURS = {"gradient": LIGHT["blue"], "value": LIGHT["amber"]}
MARKERS = {"gradient": "o", "value": "D"}
LINE_IN = 0.21


def draw(rows: Sequence[Row], path: Path) -> None:
    """Write a PNG of the peers' CPU time over ours, case by case."""
    peers = [row for row in rows if not CONTENDERS[row.contender].is_own]
    groups = [(case, list(group)) for case, group in groupby(peers, lambda row: row.case)]
    n_lines = sum(1 + len(group) for _, group in groups)
    with style():
        figure = Figure(figsize=(7.6, LINE_IN * n_lines + 0.95))
        height = figure.get_figheight()
        axes = figure.add_axes((0.36, 0.55 / height, 0.6, LINE_IN * n_lines / height))
        labels: list[tuple[float, str, str]] = []
        y = 0.0
        for case, group in groups:
            labels.append((y, _title(case), "bold"))
            for offset, row in enumerate(group, start=1):
                labels.append((y + offset, CONTENDERS[row.contender].label, "normal"))
                _line(axes, y + offset, row)
            y += len(group) + 1
        _finish(axes, labels, y)
        _legend(figure)
        path.write_bytes(render(figure, "png"))


def _title(case: str) -> str:
    own = CONTENDERS[CASES[case].own[0]].label
    return f"{case}, ours: {own}"


def _line(axes: Axes, y: float, row: Row) -> None:
    if row.status != "ok":
        text = {"over_budget": "over the time limit"}.get(row.status, row.status)
        axes.text(1.15, y, text, va="center", color=LIGHT["muted"], style="italic")
        return
    colour, marker = COLOURS[row.mode], MARKERS[row.mode]
    ratios = (row.ratio, row.first_ratio, row.restart_ratio)
    axes.plot([min(ratios), max(ratios)], [y, y], color=colour, linewidth=0.8, alpha=0.5)
    axes.plot(row.first_ratio, y, marker, color=colour, markerfacecolor=LIGHT["surface"])
    axes.plot(row.restart_ratio, y, "|", color=colour, markersize=8)
    axes.plot(row.ratio, y, marker, color=colour)


def _finish(axes: Axes, labels: list[tuple[float, str, str]], bottom: float) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}×")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.axvline(1, color=LIGHT["ink"], linewidth=1)
    axes.set_ylim(bottom - 0.4, -0.6)
    axes.set_yticks([y for y, _, _ in labels], [text for _, text, _ in labels])
    for tick, (_, _, weight) in zip(axes.get_yticklabels(), labels, strict=True):
        tick.set_fontweight(weight)
    axes.tick_params(axis="y", length=0)
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    axes.set_xlabel("CPU time over ours (above 1: we are faster)")


def _legend(figure: Figure) -> None:
    kinds = {"value + gradient": "gradient", "value alone, of both": "value"}
    handles = [
        Line2D([], [], color=COLOURS[mode], marker=MARKERS[mode], linestyle="", label=label)
        for label, mode in kinds.items()
    ]
    hollow = {"color": LIGHT["muted"], "markerfacecolor": LIGHT["surface"]}
    handles.append(Line2D([], [], marker="o", linestyle="", label="first call ever", **hollow))
    hollow["markersize"] = 8
    handles.append(Line2D([], [], marker="|", linestyle="", label="in a later process", **hollow))
    figure.legend(handles=handles, loc="upper center", ncols=4, frameon=False)
