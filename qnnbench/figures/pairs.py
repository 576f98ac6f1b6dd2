"""What two copies of a state tell when they are measured together, and when apart."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qnnbench.figures.marks import arm_looks, draw_middles, draw_repeats, side_by_side
from qnnbench.figures.panels import (
    Layout,
    LineEnd,
    arm_label,
    label_ends,
    message,
    panels,
    width_axis,
)
from qnnbench.figures.points import runs_by, tell
from qnnbench.figures.repeats import over_repeats
from qnnbench.figures.scores import drawable, score_text
from qnnbench.figures.style import LIGHT, Look, style

TASK = "two_copy_classification"
BOUND, BEST = "ppt_bound", "best_accuracy"  # arm and metric of what is exact
CHANCE_DASHES, BOUND_DASHES, OPTIMUM_DASHES = (0, (1, 2)), (0, (3, 1.5)), (0, (6, 3))


def pair_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the sampled accuracies of pairs of copies, and the exact bound beside them."""
    done = drawable(rows)
    own = done[(done["task"] == TASK) & done["n_copies"].notna()]
    sampled = own["metric"] == "accuracy"
    bound = (own["arm"] == BOUND) & (own["metric"] == BEST)
    return own[sampled | bound] if sampled.any() else own[sampled]


def two_copies(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw accuracy against width, from one pair, and against the copies at the largest width.

    Args:
        rows: Of table ``scores``.
        layout: ``panels.WIDE`` or ``panels.NARROW``.
    """
    with style():
        found = pair_scores(rows)
        if found.empty:
            return message("No pairs of copies to draw.", layout)
        groups = [
            (part, over)
            for _, part in found.groupby("dataset")
            for over in ("n_qubits", "n_copies")
            if over == "n_qubits" or _at_largest_width(part)["n_copies"].nunique() > 1
        ]
        shown = [_shown(part, over) for part, over in groups]
        labels = [
            [*map(str, own.loc[own["arm"] != BOUND, "arm"].unique()), *(_bounds(own, over))]
            for own, (_, over) in zip(shown, groups, strict=True)
        ]
        figure, axes = panels(labels, layout, height_in=2.7)
        for panel, own, (_, over) in zip(axes, shown, groups, strict=True):
            _draw(panel, own, over)
            name, width = own["dataset"].iloc[0], own["n_qubits"].max()
            one_pair = over == "n_qubits"
            panel.set_title(f"{name}, one pair" if one_pair else f"{name}, {width:,} qubits each")
        return figure


def _at_largest_width(rows: pd.DataFrame) -> pd.DataFrame:
    own = rows[rows["metric"] == "accuracy"]
    return own[own["n_qubits"] == own["n_qubits"].max()]


def _shown(rows: pd.DataFrame, over: str) -> pd.DataFrame:
    """Return the rows of one panel: from the fewest copies at all widths, or of one width."""
    if over == "n_copies":
        return _at_largest_width(rows)
    return rows[rows["n_copies"] == rows["n_copies"].min()]


def _bounds(rows: pd.DataFrame, over: str) -> dict[str, tuple[pd.Series, tuple]]:
    """Return name, line and dashes of what no measurement of a kind can pass."""
    sampled = rows[rows["metric"] == "accuracy"]
    optimum = sampled.groupby(over)["ceiling"].max()
    lines: dict[str, tuple[pd.Series, tuple]] = {
        "optimum": (optimum, OPTIMUM_DASHES),
        "chance": (sampled.groupby(over)["chance"].median(), CHANCE_DASHES),
    }
    bound = rows[rows["arm"] == BOUND].groupby(over)["value"].median()
    if len(bound):
        lines["bound without a gate between copies"] = (bound, BOUND_DASHES)
    return {name: line for name, line in lines.items() if line[0].notna().any()}


def _draw(axes: Axes, rows: pd.DataFrame, over: str) -> None:
    """Draw every arm of one panel, and the lines it cannot pass."""
    arms = list(rows[rows["metric"] == "accuracy"].groupby("arm"))
    chosen = arm_looks(arms)
    ends = []
    for i, ((arm, part), look) in enumerate(zip(arms, chosen, strict=True)):
        shift = side_by_side(i, len(arms))
        ends.append(_draw_arm(axes, str(arm), part, look, shift, over))
    width_axis(axes, rows[over].astype(int), logarithmic=True)
    if over == "n_copies":
        axes.set_xlabel("copies of each state (count, log scale)")
    else:
        axes.set_xlabel("width of one copy (qubits, log scale)")
    axes.set_ylabel("test accuracy (fraction)")
    low, high = axes.get_xlim()
    for name, (line, dashes) in _bounds(rows, over).items():
        y = np.array([line.iloc[0], *line, line.iloc[-1]])
        x = [low, *line.index, high]
        axes.plot(
            x, y, color=LIGHT["muted"], linewidth=1.1, linestyle=dashes, label=name, zorder=1
        )
        ends.append(LineEnd(high, float(y[-1]), name, LIGHT["muted"]))
    axes.margins(y=0.08)
    label_ends(axes, ends)


def _draw_arm(
    axes: Axes, arm: str, rows: pd.DataFrame, look: Look, shift: float, over: str
) -> LineEnd:
    """Draw each repeat as a point, their median as a marker, the minimum as a tick below."""
    found = over_repeats(rows, [over])
    x, y = found[over] * shift, found["median"]
    draw_repeats(axes, rows[over] * shift, rows["value"], look, arm)
    draw_middles(axes, x, y, found[["minimum", "median"]], look, arm)
    label = arm_label(arm, rows["dataset"].iloc[0])
    runs, reach = runs_by(rows, over, found[over]), found[["low", "high"]]
    tell(axes, f"{label}, median", found[over], y, runs, x=x, ends=reach)
    at, each = rows[over], rows["value"]
    tell(axes, f"{label}, a repeat", at, each, rows["run_id"], x=at * shift)
    return LineEnd(float(x.iloc[-1]), float(y.iloc[-1]), label, look.colour)


def headline(rows: pd.DataFrame) -> str:
    """Return median and minimum of each arm from one pair at the largest width."""
    own = _shown(rows, "n_qubits")
    own = own[own["n_qubits"] == own["n_qubits"].max()]
    own = own[own["dataset"] == own["dataset"].iloc[0]]  # bounds are those of one pair of states
    sampled = own[own["metric"] == "accuracy"]
    found = over_repeats(sampled, ["dataset", "arm"]).sort_values("median", ascending=False)
    told = [
        f"{score_text(row['median'])} (minimum {score_text(row['minimum'])}, "
        f"{arm_label(row['arm'], row['dataset'])})"
        for row in found.to_dict("records")
    ]
    bound = own.loc[own["arm"] == BOUND, "value"]
    said = [f"optimum {score_text(sampled['ceiling'].max())}"]
    said += [f"bound without a gate between copies {score_text(bound.median())}"] * bool(
        len(bound)
    )
    return (
        f"On {own['dataset'].iloc[0]}, from one pair of copies of {own['n_qubits'].max():,} "
        f"qubits each: "
        f"{', '.join(told)}; {', '.join(said)}"
    )
