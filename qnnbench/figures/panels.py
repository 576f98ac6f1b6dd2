"""Panels and what they share: size in inches, width axes, labels at line ends."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from qnnbench.figures.points import Panel
from qnnbench.figures.style import LIGHT


@dataclass(frozen=True)
class Layout:
    """A page width and how many panels stand side by side on it."""

    width_in: float
    columns: int


WIDE = Layout(9.6, 2)
NARROW = Layout(4.3, 1)

_LEFT_IN, _TOP_IN, BOTTOM_IN = 0.72, 0.42, 0.58
_LABEL_PT, _LABEL_CHARS = 8.5, 20
_CHARACTER_IN, _LINE_IN = 0.60 * _LABEL_PT / 72, 1.35 * _LABEL_PT / 72
_LEADER_IN = 0.22


def panels(
    labels: Sequence[Iterable[str]], layout: Layout, height_in: float
) -> tuple[Figure, list[Axes]]:
    """Return a figure of equal panels, each with room for its labels on its right.

    Args:
        labels: For each panel, the texts that will stand at its line ends.
        layout: Page width and panels per line.
        height_in: Least height of the axes, in inches; it grows when labels need more.
    """
    count = len(labels)
    columns = min(layout.columns, count)
    n_lines = -(-count // columns)
    wrapped = [[line for label in panel for line in _wrap(label)] for panel in labels]
    longest = max((len(line) for lines in wrapped for line in lines), default=0)
    room = _LEADER_IN + _CHARACTER_IN * longest + 0.06
    height = max(height_in, *(_LINE_IN * len(lines) for lines in wrapped))
    cell_height = height + _TOP_IN + BOTTOM_IN
    figure = Figure(figsize=(layout.width_in, n_lines * cell_height))
    cell_width = layout.width_in / columns
    axes: list[Axes] = []
    for i in range(count):
        line, column = divmod(i, columns)
        left = column * cell_width + _LEFT_IN
        bottom = (n_lines - 1 - line) * cell_height + BOTTOM_IN
        box = (left, bottom, cell_width - _LEFT_IN - room, height)
        axes.append(figure.add_axes(_fractions(box, figure), axes_class=Panel))
    return figure, axes


def cells(figure: Figure) -> list[tuple[Panel, tuple[float, float, float, float]]]:
    """Return each panel of a figure, and left, top, width and height of its cell in points.

    Points are those of an SVG: 72 an inch, counted from the upper left corner.
    """
    width, height = figure.get_size_inches()
    found = [axes for axes in figure.axes if isinstance(axes, Panel)]
    places = [axes.get_position() for axes in found]
    across = width / max(1, len({round(place.x0, 6) for place in places}))
    return [
        (
            axes,
            (
                72 * (place.x0 * width - _LEFT_IN),
                72 * ((1 - place.y1) * height - _TOP_IN),
                72 * across,
                72 * (place.height * height + _TOP_IN + BOTTOM_IN),
            ),
        )
        for axes, place in zip(found, places, strict=True)
    ]


def _fractions(box: tuple[float, ...], figure: Figure) -> tuple[float, float, float, float]:
    width, height = figure.get_size_inches()
    return box[0] / width, box[1] / height, box[2] / width, box[3] / height


def _wrap(label: str) -> list[str]:
    """Return the label in lines, broken at blanks and after underscores."""
    lines = wrap(label.replace("_", "_ "), _LABEL_CHARS)
    return [line.replace("_ ", "_") for line in lines] or [""]


@dataclass(frozen=True)
class LineEnd:
    """A label and the point, in data coordinates, that it names."""

    x: float
    y: float
    text: str
    colour: str


def label_ends(axes: Axes, ends: Sequence[LineEnd]) -> None:
    """Write each label right of the axes, near its point, none over another.

    Call it last: the limits of the axes are frozen.
    """
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())
    figure = axes.get_figure(root=True)
    if figure is None or not ends:
        return
    low, high = axes.get_ylim()
    height_in = axes.get_position().height * figure.get_size_inches()[1]
    width_in = axes.get_position().width * figure.get_size_inches()[0]
    lines = [_wrap(end.text) for end in ends]
    wanted = np.array([(end.y - low) / (high - low) for end in ends])
    heights = np.array([len(parts) for parts in lines]) * _LINE_IN / height_in
    for end, parts, place in zip(ends, lines, spread(wanted, heights), strict=True):
        axes.annotate(
            "\n".join(parts),
            xy=(end.x, end.y),
            xytext=(1 + _LEADER_IN / width_in, place),
            textcoords="axes fraction",
            va="center",
            fontsize=_LABEL_PT,
            color=end.colour,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": end.colour,
                "linewidth": 0.8,
                "linestyle": (0, (1, 1.6)),
                "shrinkA": 1,
                "shrinkB": 4,
                "relpos": (0, 0.5),
            },
        )


def clear_legend(axes: Axes) -> None:
    """Lower the axis until the legend in its lower left corner covers nothing that is drawn.

    Call it before :func:`label_ends`, which freezes the limits.
    """
    legend = axes.get_legend()
    if legend is None:
        return
    box = legend.get_window_extent().transformed(axes.transAxes.inverted())
    left, right = axes.get_xlim()
    reach = left + box.x1 * (right - left)
    drawn = [np.asarray(line.get_xydata(), float) for line in axes.get_lines()]
    for marks in axes.collections:  # the bars of intervals
        drawn += [np.asarray(path.vertices, float) for path in marks.get_paths()]
    lowest = [
        min([*y[x <= reach], np.interp(reach, x, y)])
        for x, y in (points.T for points in drawn if len(points))
        if x.min() <= reach
    ]
    low, high = axes.get_ylim()
    share = box.y1 + 0.03  # of the height: the legend and half a marker
    if lowest and (min(lowest) - low) / (high - low) < share:
        axes.set_ylim(bottom=(min(lowest) - share * high) / (1 - share))


def spread(wanted: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Return centres nearest to ``wanted`` of boxes that do not overlap.

    Least squares: with the boxes stacked in order, what is left is an isotonic
    regression, solved by pooling adjacent violators.

    Args:
        wanted: Wished centres, shape (n,), as fractions of the axes.
        heights: Height of each box, same unit and shape.

    Returns:
        Centres, shape (n,): inside [0, 1] whenever the boxes fit there.
    """
    order = np.argsort(wanted, kind="stable")
    sizes = heights[order]
    stacked = np.cumsum(sizes) - sizes / 2
    pools: list[tuple[float, int]] = []
    for value in np.asarray(wanted, float)[order] - stacked:
        mean, count = float(value), 1
        while pools and pools[-1][0] > mean:
            before, n_before = pools.pop()
            mean = (mean * count + before * n_before) / (count + n_before)
            count += n_before
        pools.append((mean, count))
    offsets = np.concatenate([np.full(count, mean) for mean, count in pools])
    places = np.empty(len(order))
    places[order] = np.clip(offsets, 0, max(0.0, 1 - sizes.sum())) + stacked
    return places


def width_axis(axes: Axes, widths: Iterable[int], logarithmic: bool) -> None:
    """Put ticks at the ``widths`` that were run, as many as stay readable."""
    values = sorted({int(width) for width in widths})
    if logarithmic:
        axes.set_xscale("log", base=2)
        axes.set_xlim(values[0] / 1.25, values[-1] * 1.25)
    else:
        margin = 0.04 * (values[-1] - values[0]) or 1.0
        axes.set_xlim(values[0] - margin, values[-1] + margin)
    axes.xaxis.set_major_locator(FixedLocator(readable(axes, values, logarithmic)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlabel("width (qubits, log scale)" if logarithmic else "width (qubits)")


def readable(axes: Axes, values: Sequence[int] | np.ndarray, logarithmic: bool) -> list[int]:
    """Return as many of the sorted ``values`` as fit side by side, the largest first."""
    places = np.log2(values) if logarithmic else np.asarray(values, float)
    figure = axes.get_figure(root=True)
    width_in = axes.get_position().width * (figure.get_size_inches()[0] if figure else 1.0)
    inches = places * 0.92 * width_in / (float(places[-1] - places[0]) or 1.0)
    kept = [len(values) - 1]
    for i in reversed(range(len(values) - 1)):
        digits = len(f"{values[i]:,}") + len(f"{values[kept[-1]]:,}")
        if inches[kept[-1]] - inches[i] >= _CHARACTER_IN * (digits / 2 + 0.8):
            kept.append(i)
    return [int(values[i]) for i in kept]


def message(text: str, layout: Layout) -> Figure:
    """Return a figure that says why there is nothing to draw."""
    figure = Figure(figsize=(layout.width_in, 1.2))
    figure.text(0.5, 0.5, text, ha="center", va="center", color=LIGHT["muted"], wrap=True)
    return figure


def width_words(widths: Iterable[int]) -> str:
    """Return "8 qubits", "8, 9 and 32 qubits", and of more "12 widths from 8 to 100 qubits"."""
    values = [f"{width:,.0f}" for width in sorted({int(width) for width in widths})]
    if len(values) > 3:
        return f"{len(values):,} widths from {values[0]} to {values[-1]} qubits"
    return " and ".join(filter(None, (", ".join(values[:-1]), values[-1]))) + " qubits"


def arm_label(arm: str, dataset: str) -> str:
    """Return the name of an arm without that of the dataset its panel shows."""
    return arm.replace(f"_{dataset}", "")


def text_key(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return ``rows`` with the text ``columns`` free of nulls, so that they can group."""
    return rows.assign(**{name: rows[name].astype(object).fillna("") for name in columns})
