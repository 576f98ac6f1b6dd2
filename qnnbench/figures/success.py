"""How many repeats succeed, against width: what a median over few repeats cannot show."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qnnbench.figures.marks import arm_looks, draw_middles, draw_untrained, side_by_side
from qnnbench.figures.panels import (
    Layout,
    LineEnd,
    arm_label,
    label_ends,
    message,
    panels,
    text_key,
    width_axis,
)
from qnnbench.figures.points import runs_by, tell
from qnnbench.figures.repeats import share
from qnnbench.figures.scores import LABEL_STUDY, drawable, main_scores
from qnnbench.figures.style import Look, style

REACHED = 0.9  # of the way from chance to the ceiling
CONTRAST_REACHED = 0.95  # of the most that any reading of the output tells apart

_PANEL = ["dataset", "metric", "task"]


def judged(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the scores by which repeats of trained arms succeed or not, in order of panels.

    The main score of each arm, and the contrast on the dataset of the label study, which
    stands first. Columns "success" and "untrained_success" are true, false or, where the
    network was not scored before training, null.
    """
    done = drawable(rows)
    study = done[(done["dataset"] == LABEL_STUDY) & (done["metric"] == "contrast")]
    others = main_scores(rows)
    others = others[(others["dataset"] != LABEL_STUDY) & others["ceiling"].notna()]
    found = pd.concat([study, others.sort_values(_PANEL, kind="stable")])
    found = found[(found["ansatz"] != "") & found["chance"].notna()]
    share = np.where(found["metric"] == "contrast", CONTRAST_REACHED, REACHED)
    bar = found["chance"] + share * (found["ceiling"] - found["chance"])
    before = found["untrained_value"]
    return text_key(found, ("task",)).assign(
        success=found["value"] >= bar,
        untrained_success=(before >= bar).astype(object).where(before.notna(), None),
    )


def shares(rows: pd.DataFrame, column: str = "success") -> pd.DataFrame:
    """Return by dataset, metric, arm and width how many repeats succeed.

    Columns: "n_true", "n_repeats", "share", and "low" and "high", its 95 % Wilson interval.
    """
    key = [*_PANEL, "arm", "n_qubits"]
    seen = rows[rows[column].notna()]
    counts = seen.assign(true=seen[column].astype(bool)).groupby(key, sort=False)["true"]
    found = counts.agg(n_true="sum", n_repeats="size").reset_index().sort_values("n_qubits")
    pairs = zip(found["n_true"], found["n_repeats"], strict=True)
    ends = np.array([share(int(true), int(n)) for true, n in pairs]).reshape(-1, 3)
    return found.assign(share=ends[:, 0], low=ends[:, 1], high=ends[:, 2])


def success(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw the share of successful repeats against width, one panel per dataset and metric.

    Args:
        rows: Of table ``scores``.
        layout: ``panels.WIDE`` or ``panels.NARROW``.
    """
    with style():
        found = judged(rows)
        if found.empty:
            return message("No repeats to draw.", layout)
        groups = [part for _, part in found.groupby(_PANEL, sort=False)]
        labels = [
            [arm_label(arm, part["dataset"].iloc[0]) for arm in sorted(part["arm"].unique())]
            for part in groups
        ]
        figure, axes = panels(labels, layout, height_in=1.9)
        for panel, part in zip(axes, groups, strict=True):
            _draw(panel, part)
            metric = "R²" if (name := part["metric"].iloc[0]) == "r_squared" else name
            same = found[(found[_PANEL[:2]] == part[_PANEL[:2]].iloc[0]).all(axis=1)]
            task = part["task"].iloc[0] if same["task"].nunique() > 1 else ""
            words = (part["dataset"].iloc[0], metric, task.replace("_", " "))
            panel.set_title(", ".join(filter(None, words)))
            panel.set_ylabel("share of repeats (fraction)")
        return figure


def _draw(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw every arm of one dataset and metric, trained and before."""
    arms = list(rows.groupby("arm"))
    chosen = arm_looks(arms)
    ends = []
    for i, ((arm, part), look) in enumerate(zip(arms, chosen, strict=True)):
        ends.append(_draw_arm(axes, str(arm), part, look, side_by_side(i, len(arms))))
    width_axis(axes, rows["n_qubits"], logarithmic=True)
    axes.set_ylim(-0.06, 1.06)
    axes.set_yticks(np.linspace(0, 1, 5))
    label_ends(axes, ends)


def _draw_arm(axes: Axes, arm: str, rows: pd.DataFrame, look: Look, shift: float) -> LineEnd:
    before, after = shares(rows, "untrained_success"), shares(rows)
    if len(before):
        draw_untrained(axes, before["n_qubits"] * shift, before["share"], look, arm, size=8)
    x, y = after["n_qubits"] * shift, after["share"]
    draw_middles(axes, x, y, after[["low", "high"]], look, arm)
    label = arm_label(arm, rows["dataset"].iloc[0])
    for word, own in (("share of repeats", after), ("untrained", before)):
        at = own["n_qubits"]
        reach, runs = own[["low", "high"]], runs_by(rows, "n_qubits", at)
        tell(axes, f"{label}, {word}", at, own["share"], runs, x=at * shift, ends=reach)
    return LineEnd(float(x.iloc[-1]), float(y.iloc[-1]), label, look.colour)


def headline(rows: pd.DataFrame) -> str:
    """Return how many repeats of each arm succeed at the largest width of the first panel."""
    first = rows.iloc[0]
    own = rows[(rows["dataset"] == first["dataset"]) & (rows["metric"] == first["metric"])]
    widest = shares(own[own["n_qubits"] == own["n_qubits"].max()])
    told = [
        f"{row['n_true']} of {row['n_repeats']} [{row['low']:.2f}, {row['high']:.2f}] "
        f"({arm_label(row['arm'], row['dataset'])})"
        for row in widest.sort_values(["share", "arm"], ascending=[False, True]).to_dict("records")
    ]
    return (
        f"On {first['dataset']} at {own['n_qubits'].max():,} qubits the repeats that succeed: "
        + ", ".join(told)
    )
