"""Loss and validation score step by step, at the largest width that was trained."""

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from qnnbench.figures.panels import (
    Layout,
    LineEnd,
    arm_label,
    label_ends,
    message,
    panels,
    text_key,
)
from qnnbench.figures.style import Look, looks, style

MEASURES = {
    "loss": "training loss (dimensionless)",
    "validation_score": "validation score (dimensionless)",
}


def widest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the steps of each dataset at its largest width."""
    done = text_key(rows[rows["status"] == "ok"], ("dataset", "ansatz", "loss_name", "arm"))
    return done[done["n_qubits"] == done.groupby("dataset")["n_qubits"].transform("max")]


def learning_curves(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw loss and validation score against the step: repeats thin, their median bold.

    Args:
        rows: Of table ``steps``.
        layout: ``panels.WIDE`` or ``panels.NARROW``.
    """
    with style():
        steps = widest(rows)
        if steps.empty:
            return message("No training steps to draw.", layout)
        parts = [part for _, part in steps.groupby("dataset")]
        labels = [
            [name for name, _ in _curves(part, measure)] for part in parts for measure in MEASURES
        ]
        figure, axes = panels(labels, layout, height_in=2.1)
        for i, part in enumerate(parts):
            for ax, measure in zip(axes[2 * i : 2 * i + 2], MEASURES, strict=True):
                _draw_measure(ax, part, measure)
                ax.set_title(f"{part['dataset'].iloc[0]}, {part['n_qubits'].iloc[0]:,} qubits")
        return figure


def headline(rows: pd.DataFrame) -> str:
    """Return what the figure shows, in one sentence; ``rows`` are those of :func:`widest`."""
    seen = rows[rows["validation_score"].notna()].sort_values("step")
    medians = seen.groupby(["dataset", "arm", "step"])["validation_score"].median()
    ends = medians.groupby(level=["dataset", "arm"]).agg(["first", "last", "size"])
    ends = ends[ends["size"] > 1]
    rising = int((ends["last"] > ends["first"]).sum())
    widths = sorted(rows["n_qubits"].unique())
    where = " and ".join(f"{width:,}" for width in widths)
    return (
        f"At {where} qubits the median validation score ends above its start "
        f"for {rising} of {len(ends)} arms scored more than once"
    )


def _curves(rows: pd.DataFrame, measure: str) -> list[tuple[str, pd.DataFrame]]:
    """Return label and rows of each curve: one per arm, and per loss where it has several."""
    seen = rows[rows[measure].notna()].sort_values("step")
    several = seen.groupby("arm")["loss_name"].transform("nunique") > 1
    names = seen["arm"] + (" " + seen["loss_name"]).where(several, "")
    return [
        (arm_label(str(name), part["dataset"].iloc[0]), part) for name, part in seen.groupby(names)
    ]


def _draw_measure(axes: Axes, rows: pd.DataFrame, measure: str) -> None:
    """Draw one measure of every curve; steps without a value are left out."""
    curves = _curves(rows, measure)
    chosen = looks([(p["ansatz"].iloc[0], p["loss_name"].iloc[0]) for _, p in curves])
    pairs = zip(curves, chosen, strict=True)
    ends = [_draw_curve(axes, part, measure, name, look) for (name, part), look in pairs]
    axes.set_xlabel("training step")
    axes.set_ylabel(MEASURES[measure])
    axes.margins(x=0.02)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    if not ends:
        axes.text(0.5, 0.5, "never evaluated", ha="center", transform=axes.transAxes)
    elif measure == "validation_score":  # at least a tenth is shown, and little above the best
        low, high = axes.dataLim.intervaly
        span = max(high - low, 0.1)
        axes.set_ylim(high - 1.05 * span, high + 0.05 * span)
    label_ends(axes, ends)


def _draw_curve(axes: Axes, seen: pd.DataFrame, measure: str, name: str, look: Look) -> LineEnd:
    """Draw the repeats and their median; what was evaluated once is a marker."""
    median = seen.groupby("step")[measure].median()
    marker = look.marker if len(median) == 1 else None
    sns.lineplot(
        seen,
        x="step",
        y=measure,
        units="repeat",
        estimator=None,
        color=look.colour,
        linewidth=0.6,
        alpha=0.55,
        marker=marker,
        legend=False,
        ax=axes,
    )
    axes.plot(
        median.index,
        median,
        color=look.colour,
        linewidth=2.2,
        marker=marker,
        label=f"{name} median",
    )
    return LineEnd(float(median.index[-1]), float(median.iloc[-1]), name, look.colour)
