"""The ladder of difficulty: who tells the classes of which dataset apart, from which record."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from qnnbench.figures.panels import Layout, arm_label, message, panels
from qnnbench.figures.scores import drawable, score_text, typical
from qnnbench.figures.style import LIGHT, Look, looks, style

RECORDS = {  # what was measured of each state, in the order of the legend
    "expectation values": Look(LIGHT["blue"], "o"),
    "one shot": Look(LIGHT["sky"], "o"),
    "z shots": Look(LIGHT["amber"], "s"),
    "pauli expectations": Look(LIGHT["olive"], "s"),
    "shadows": Look(LIGHT["mauve"], "s"),
    "overlaps": Look(LIGHT["wine"], "D"),
    "separate shots of two copies": Look(LIGHT["red"], "v"),
    "joint shots of two copies": Look(LIGHT["green"], "^"),
}

METRICS = ("accuracy", "one_shot_accuracy")

_LEARNER = ["arm", "record", "n_copies"]
_ROW_IN = 0.85  # height of one dataset
_MOST = 1.03  # right end of the axis
_NEAR = 0.16  # what the numbers of copies need of it


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
        names = _by_difficulty(found)
        ends = _ends(found)
        figure, axes = panels([[]] * len(ends), layout, height_in=_ROW_IN * len(names))
        records = [r for r in RECORDS if r in set(found["record"])]
        records += sorted(set(found["record"]) - set(records))
        for panel, own in zip(axes, ends, strict=True):
            _draw(panel, own, names, records)
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


def _look(record: str) -> Look:
    return RECORDS.get(record) or looks([(record, "")])[0]


def _draw(axes: Axes, rows: pd.DataFrame, names: list[str], records: list[str]) -> None:
    """Draw one line of marks per dataset and record, with intervals and ceilings."""
    least = min(0.4, rows["value"].min() - 0.03)
    places = np.linspace(-0.16, 0.4, len(records)) if len(records) > 1 else [0.1]
    for record, shift in zip(records, places, strict=True):
        own, look = rows[rows["record"] == record], _look(record)
        y = own["dataset"].map({name: i for i, name in enumerate(names)}) + shift
        reach = own[["lower", "upper"]].sub(own["value"], axis=0).abs().fillna(0.0)
        axes.errorbar(
            own["value"],
            y,
            xerr=reach.to_numpy().T,
            color=look.colour,
            marker=look.marker,
            linestyle="none",
            elinewidth=0.9,
            alpha=0.85,
        )
        bounded = own["ceiling"].fillna(1.0) < 1
        axes.plot(
            own.loc[bounded, "ceiling"],
            y[bounded],
            "|",
            color=look.colour,
            markersize=11,
            markeredgewidth=1.6,
        )
        for _, part in own.groupby(["dataset", "arm"]):
            if part["n_copies"].nunique() > 1:
                _name_copies(axes, part, float(y[part.index[0]]), least, look.colour)
    for i, name in enumerate(names):
        axes.text(least + 0.005, i - 0.46, name, va="top", fontsize=8.5, fontweight="bold")
        axes.axhline(i + 0.5, color=LIGHT["grid"], linewidth=0.7)
    axes.axvline(0.5, color=LIGHT["muted"], linewidth=1.1, linestyle=(0, (1, 2)), zorder=1)
    axes.set_yticks([])
    axes.set(ylim=(len(names) - 0.5, -0.5), xlim=(least, _MOST))
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    axes.set_xlabel("test accuracy (fraction); dotted: chance")


def _name_copies(axes: Axes, marks: pd.DataFrame, y: float, least: float, colour: str) -> None:
    """Write the copies behind the marks into the widest gap between them or next to them."""
    bounded = marks.loc[marks["ceiling"] < 1, "ceiling"]
    ends = np.sort([*marks["lower"], *marks["upper"], *bounded])
    ends = np.array([max(least, ends[0] - _NEAR), *ends, min(_MOST, ends[-1] + _NEAR)])
    widest = np.diff(ends).argmax()
    copies = ", ".join(f"{n:,.0f}" for n in sorted(marks["n_copies"]))
    middle = ends[widest : widest + 2].mean()
    axes.text(middle, y, f"{copies} copies", color=colour, fontsize=6.5, ha="center", va="center")


def _legend(figure: Figure, records: list[str], layout: Layout) -> None:
    """Write the legend into a strip that is added below the panels."""
    marks = [(record, _look(record)) for record in records]
    marks.append(("ceiling of its record, where below 1", Look(LIGHT["ink"], "|")))
    handles = [
        Line2D([], [], color=look.colour, marker=look.marker, linestyle="none", label=record)
        for record, look in marks
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
    """Return what few copies of a state of the hardest dataset tell, learner by learner.

    Few: at most two, else the fewest there are; all rows where no record uses up copies.
    """
    hardest = _by_difficulty(rows)[-1]
    own = rows[rows["dataset"] == hardest]
    own = own[own["n_qubits"] == own["n_qubits"].max()]
    few = own[own["n_copies"] <= max(2, own["n_copies"].min())]
    told = (own if few.empty else few).sort_values(["n_copies", "arm"]).to_dict("records")
    said = "; ".join(
        f"{score_text(row['value'])} [{score_text(row['lower'])}, {score_text(row['upper'])}] "
        f"from {row['record']} ({arm_label(row['arm'], hardest)}{_copies(row['n_copies'])})"
        for row in told
    )
    return f"On {hardest} at {own['n_qubits'].iloc[0]:,} qubits: {said}"


def _copies(count: float) -> str:
    return f", {count:,.0f} {'copy' if count == 1 else 'copies'}" if count > 0 else ""
