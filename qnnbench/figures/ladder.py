"""The ladder of difficulty: who tells the classes of which dataset apart, from which record."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from qnnbench.figures.panels import Layout, arm_label, message, panels
from qnnbench.figures.points import Curve, Panel, Point
from qnnbench.figures.scores import drawable, score_text, typical
from qnnbench.figures.style import LIGHT, Look, looks, style

RECORDS = {  # what was measured of each state, in the order of legend and lanes
    "expectation values": Look(LIGHT["blue"], "o"),
    "one shot": Look(LIGHT["sky"], "*"),
    "z shots": Look(LIGHT["amber"], "s"),
    "pauli expectations": Look(LIGHT["olive"], "P"),
    "shadows": Look(LIGHT["mauve"], "X"),
    "overlaps": Look(LIGHT["wine"], "D"),
    "separate shots of two copies": Look(LIGHT["red"], "v"),
    "joint shots of two copies": Look(LIGHT["green"], "^"),
}

METRICS = ("accuracy", "one_shot_accuracy")

_LEARNER = ["arm", "record", "n_copies"]
_LANE_IN = 0.16  # height of one record of a dataset, or of its name
_MARK_PT, _TICK_PT = 5.4, 10  # size of a mark, height of a ceiling
_MOST = 1.03  # right end of the axis
_TEXT = 0.2  # what the numbers of copies need of it


def ranked(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the median repeat of every accuracy: one row per dataset, width and learner."""
    done = drawable(rows)
    return typical(done[done["metric"].isin(METRICS) & (done["record"] != "")])


def ladder(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw accuracies of every learner on every dataset, one panel per width.

    Args:
        rows: Of tables ``scores`` and ``rivals``.
        layout: ``panels.WIDE`` or ``panels.NARROW``.
    """
    with style():
        found = ranked(rows)
        if found.empty:
            return message("No accuracies to draw.", layout)
        ends = _ends(found)
        records = [r for r in RECORDS if r in set(found["record"])]
        records += sorted(set(found["record"]) - set(records))
        lanes = _lanes(pd.concat(ends), _by_difficulty(found), records)
        seen = found[["value", "lower", "untrained_value"]].astype(float)
        least = min(0.4, float(np.nanmin(seen)) - 0.02)
        figure, axes = panels([[]] * len(ends), layout, height_in=_LANE_IN * len(lanes))
        for panel, own in zip(axes, ends, strict=True):
            _draw(panel, own, lanes, least)
            low, high = own["n_qubits"].min(), own["n_qubits"].max()
            panel.set_title(f"{low:,} qubits" if low == high else f"{low:,} to {high:,} qubits")
        _legend(figure, records, layout)
        return figure


def _ends(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """Return every dataset at its smallest width, and at its largest where that is another."""
    by_dataset = rows.groupby("dataset")["n_qubits"]
    smallest, largest = by_dataset.transform("min"), by_dataset.transform("max")
    first = rows[rows["n_qubits"] == smallest]
    last = rows[(rows["n_qubits"] == largest) & (largest > smallest)]
    return [first, last] if len(last) else [first]


def _by_difficulty(rows: pd.DataFrame) -> list[str]:
    """Return the datasets, the easiest first: by the mean accuracy of the learners they share.

    A learner is an arm with its record and copies. Where none is shared by all, all count.
    """
    learners = rows.fillna({"n_copies": 0}).groupby(_LEARNER)["dataset"]
    shared = rows[learners.transform("nunique") == rows["dataset"].nunique()]
    means = (rows if shared.empty else shared).groupby("dataset")["value"].mean()
    return list(means.sort_values(ascending=False).index)


def _lanes(rows: pd.DataFrame, names: list[str], records: list[str]) -> dict[tuple[str, str], int]:
    """Return the lane, counted downwards, of each dataset's name ("") and of its records."""
    lanes: dict[tuple[str, str], int] = {}
    for name in names:
        own = set(rows.loc[rows["dataset"] == name, "record"])
        for record in ("", *(record for record in records if record in own)):
            lanes[name, record] = len(lanes)
    return lanes


def _look(record: str) -> Look:
    return RECORDS.get(record) or looks([(record, "")])[0]


def _draw(axes: Axes, rows: pd.DataFrame, lanes: dict[tuple[str, str], int], least: float) -> None:
    """Draw the marks of each dataset and record in its lane, with intervals and ceilings."""
    for (name, record), y in lanes.items():
        if not record:
            axes.axhline(y - 0.5, color=LIGHT["grid"], linewidth=0.7)
            continue
        own = rows[(rows["dataset"] == name) & (rows["record"] == record)]
        _draw_lane(axes, own, y, least, _look(record))
    for (name, record), y in lanes.items():
        if not record:
            axes.text(
                least + 0.005,
                y,
                name,
                va="center",
                fontsize=8.5,
                fontweight="bold",
                bbox={"facecolor": LIGHT["surface"], "edgecolor": "none", "pad": 1},
            )
    axes.axvline(0.5, color=LIGHT["muted"], linewidth=1.1, linestyle=(0, (1, 2)), zorder=1)
    axes.set_yticks([])
    axes.set(ylim=(len(lanes) - 0.25, -0.5), xlim=(least, _MOST))
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    axes.set_xlabel("test accuracy (fraction); dotted: chance")


def _draw_lane(axes: Axes, rows: pd.DataFrame, y: int, least: float, look: Look) -> None:
    """Draw what was reached from one record of one dataset."""
    reach = rows[["lower", "upper"]].sub(rows["value"], axis=0).abs().fillna(0.0)
    axes.errorbar(
        rows["value"],
        [y] * len(rows),
        xerr=reach.to_numpy().T,
        color=look.colour,
        marker=look.marker,
        linestyle="none",
        elinewidth=0.9,
        markersize=_MARK_PT,
        alpha=0.85,
    )
    before = rows["untrained_value"].dropna()
    axes.plot(
        before,
        [y] * len(before),
        look.marker,
        color=look.colour,
        markerfacecolor="none",
        markersize=_MARK_PT,
    )
    ceilings = rows.loc[rows["ceiling"] < 1, "ceiling"]
    axes.plot(
        ceilings,
        [y] * len(ceilings),
        "|",
        color=look.colour,
        markersize=_TICK_PT,
        markeredgewidth=1.6,
    )
    if isinstance(axes, Panel):
        axes.told += [_told(row, y) for row in rows.to_dict("records")]
    several = rows.groupby("arm")["n_copies"].transform("nunique") > 1
    copies = ", ".join(f"{n:,.0f}" for n in sorted(set(rows.loc[several, "n_copies"])))
    if copies:
        place, side = _free(rows, least)
        text = f"{copies} copies"
        axes.text(place, y, text, color=look.colour, fontsize=7.7, ha=side, va="center")


def _told(row: dict[Any, Any], y: int) -> Curve:
    """Return what the mark of one learner says, and its hollow one."""
    value, low, high = (score_text(row[name]) for name in ("value", "lower", "upper"))
    name = f"{row['dataset']}: {row['arm']}, {row['record']}{_copies(row['n_copies'])}"
    width, runs = f"{row['n_qubits']:,}", (row["run_id"],)
    said = f"{value} [{low}, {high}] at {width} qubits"
    points = [Point(row["value"], y, "", said, runs)]
    if row["untrained_value"] == row["untrained_value"]:  # NaN: there is none
        before = f"{score_text(row['untrained_value'])} untrained, at {width} qubits"
        points.append(Point(row["untrained_value"], y, "", before, runs))
    return Curve(name, tuple(points))


def _free(rows: pd.DataFrame, least: float) -> tuple[float, str]:
    """Return where a text has room in the lane of the rows, and which side of it is there.

    Right of all marks, else in the middle of the widest gap.
    """
    drawn = np.append(rows[["value", "lower", "upper"]], rows.loc[rows["ceiling"] < 1, "ceiling"])
    ends = np.sort(drawn[np.isfinite(drawn)])
    if ends[-1] + _TEXT <= _MOST:
        return ends[-1] + 0.015, "left"
    ends = np.array([max(least, ends[0] - _TEXT), *ends])
    widest = np.diff(ends).argmax()
    return ends[widest : widest + 2].mean(), "center"


def _legend(figure: Figure, records: list[str], layout: Layout) -> None:
    """Write the legend into a strip that is added below the panels."""
    marks = [(record, _look(record), _MARK_PT) for record in records]
    marks.append(("ceiling of its record, where below 1", Look(LIGHT["ink"], "|"), _TICK_PT))
    handles = [
        Line2D(
            [],
            [],
            color=look.colour,
            marker=look.marker,
            markersize=size,
            markeredgewidth=1.6 if look.marker == "|" else None,
            linestyle="none",
            label=name,
        )
        for name, look, size in marks
    ]
    columns = 3 if layout.columns > 1 else 1
    strip = 0.12 + 0.2 * -(-len(handles) // columns)
    width, height = figure.get_size_inches()
    share = height / (height + strip)
    for axes in figure.axes:
        x, y, across, up = axes.get_position().bounds
        axes.set_position((x, 1 - share + y * share, across, up * share))
    figure.set_size_inches(width, height + strip)
    figure.legend(handles=handles, loc="lower center", ncols=columns, frameon=False, fontsize=8.5)


def headline(rows: pd.DataFrame) -> str:
    """Return what few copies of a state of the hardest dataset tell: the two best records.

    Few: at most two, else the fewest there are; all rows where no record uses up copies.
    """
    hardest = _by_difficulty(rows)[-1]
    own = rows[rows["dataset"] == hardest]
    own = own[own["n_qubits"] == own["n_qubits"].max()]
    few = own[own["n_copies"] <= max(2, own["n_copies"].min())]
    told = (own if few.empty else few).sort_values(["value", "arm"], ascending=False)
    best, *others = (
        f"{score_text(row['value'])} [{score_text(row['lower'])}, {score_text(row['upper'])}] "
        f"from {row['record']} ({arm_label(row['arm'], hardest)}{_copies(row['n_copies'])})"
        for row in told.drop_duplicates("record").to_dict("records")
    )
    most = f"; next best, {others[0]}" if others else ""
    return f"On {hardest} at {own['n_qubits'].iloc[0]:,} qubits: {best}{most}"


def _copies(count: float) -> str:
    return f", {count:,.0f} {'copy' if count == 1 else 'copies'}" if count > 0 else ""
