"""Test scores against width: classification, compression, labels against none."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
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
    width_axis,
)
from qnnbench.figures.style import LIGHT, Look, looks, power_of_ten, style

LABEL_STUDY = "ghz_dephased"
AXES = {
    "accuracy": "test accuracy (fraction)",
    "fidelity": "reconstruction fidelity (fraction)",
    "contrast": "class contrast (dimensionless)",
}


def drawable(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the scores that exist, their text free of nulls."""
    done = rows[(rows["status"] == "ok") & rows["value"].notna()]
    return text_key(done, ("dataset", "ansatz", "loss_name", "arm", "metric"))


def accuracies(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the accuracies of every dataset but the one with its own figure."""
    done = drawable(rows)
    return done[(done["metric"] == "accuracy") & (done["dataset"] != LABEL_STUDY)]


def fidelities(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the compression fidelities."""
    done = drawable(rows)
    return done[done["metric"] == "fidelity"]


def label_study(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of exact means on states that differ in one global quantity only."""
    done = drawable(rows)
    return done[(done["dataset"] == LABEL_STUDY) & done["metric"].isin(("accuracy", "contrast"))]


def typical(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the median repeat of each (dataset, metric, arm, width): a row, not a mean.

    Of an even number of repeats, the lower of the middle two.
    """
    ordered = rows.sort_values(["value", "repeat"])
    groups = ordered.groupby(["dataset", "metric", "arm", "n_qubits"])
    middle = groups.cumcount() == (groups["value"].transform("size") - 1) // 2
    return ordered[middle].sort_values(["dataset", "metric", "arm", "n_qubits"])


def accuracy(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw test accuracy against width, one panel per dataset."""
    return _score_figure(accuracies(rows), layout, "No accuracies to draw.")


def compression(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw reconstruction fidelity against width, one panel per dataset."""
    return _score_figure(fidelities(rows), layout, "No compression fidelities to draw.")


def label_free(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw the scores on ``ghz_dephased``, contrasts on a logarithmic scale too."""
    return _score_figure(label_study(rows), layout, "No label-free training to draw.")


def score_text(value: float) -> str:
    """Return "0.980", "0", or "2.0 × 10^-28" for a magnitude below 0.001."""
    if value == 0:
        return "0"
    if abs(value) >= 1e-3 or np.isnan(value):
        return f"{value:.3f}".replace("-", "−")
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits.replace('-', '−')} × 10^{int(exponent)}"


def headline(rows: pd.DataFrame) -> str:
    """Return the best and the worst arm at the largest width by each metric, in one sentence."""
    width = rows["n_qubits"].max()
    ends = typical(rows[rows["n_qubits"] == width])
    parts = [f"{metric} {_best_and_worst(part)}" for metric, part in ends.groupby("metric")]
    return f"At {width:,} qubits: {'; '.join(parts)}"


def _best_and_worst(ends: pd.DataFrame) -> str:
    ordered = ends.sort_values("value", ascending=False)
    best, *others = [
        f"{score_text(end['value'])} ({arm_label(end['arm'], end['dataset'])}, {end['dataset']})"
        for _, end in ordered.iterrows()
    ]
    return f"from {others[-1]} to {best}" if others else best


def _score_figure(rows: pd.DataFrame, layout: Layout, nothing: str) -> Figure:
    """Draw one panel per dataset and metric, and a second one of log10 |contrast|."""
    with style():
        if rows.empty:
            return message(nothing, layout)
        groups = [
            (str(metric), str(dataset), part, decades)
            for (metric, dataset), part in rows.groupby(["metric", "dataset"])
            for decades in ((False, True) if metric == "contrast" else (False,))
        ]
        labels = [
            [*(arm_label(arm, dataset) for arm in part["arm"].unique()), "chance", "ceiling"]
            for _, dataset, part, _ in groups
        ]
        figure, axes = panels(labels, layout, height_in=2.7)
        for ax, (metric, dataset, part, decades) in zip(axes, groups, strict=True):
            _draw_scores(ax, part, decades)
            ax.set_title(f"{dataset}{', magnitude' if decades else ''}")
            ax.set_ylabel(f"|{metric}| (log scale)" if decades else AXES.get(metric, metric))
        return figure


def _draw_scores(axes: Axes, rows: pd.DataFrame, decades: bool) -> None:
    """Draw every arm of one dataset and metric; ``decades``: log10 of the magnitude."""
    arms = list(rows.groupby("arm"))
    chosen = looks([(p["ansatz"].iloc[0], p["loss_name"].iloc[0]) for _, p in arms])
    ends: list[LineEnd] = []
    for i, ((arm, part), look) in enumerate(zip(arms, chosen, strict=True)):
        shift = 2 ** (0.07 * (i - (len(arms) - 1) / 2))  # intervals stay apart
        if decades:
            ends += _draw_decades(axes, part, str(arm), look, shift)
        else:
            ends += _draw_arm(axes, part, str(arm), look, shift)
    width_axis(axes, rows["n_qubits"], logarithmic=True)
    if decades:
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=7, min_n_ticks=1))
        axes.yaxis.set_major_formatter(FuncFormatter(power_of_ten))
    else:
        axes.margins(y=0.08)
        ends += [end for name in ("chance", "ceiling") for end in _draw_bound(axes, rows, name)]
    label_ends(axes, ends)


def _draw_arm(
    axes: Axes, rows: pd.DataFrame, arm: str, look: Look, shift: float
) -> Iterator[LineEnd]:
    """Draw repeats faint, the median repeat with its interval, the untrained one hollow."""
    middle = typical(rows)
    x, y = middle["n_qubits"] * shift, middle["value"]
    axes.plot(
        x,
        middle["untrained_value"],
        look.marker,
        markerfacecolor=LIGHT["surface"],
        markeredgecolor=look.colour,
        label=f"{arm} untrained",
    )
    axes.plot(
        rows["n_qubits"] * shift,
        rows["value"],
        ".",
        color=look.colour,
        alpha=0.45,
        markersize=3.5,
        label=f"{arm} repeats",
    )
    reach = middle[["lower", "upper"]].sub(y, axis=0).abs().fillna(0.0).to_numpy().T
    axes.errorbar(
        x, y, reach, color=look.colour, marker=look.marker, elinewidth=1.1, capsize=2.5, label=arm
    )
    label = arm_label(arm, rows["dataset"].iloc[0])
    yield LineEnd(float(x.iloc[-1]), float(y.iloc[-1]), label, look.colour)


def _draw_decades(
    axes: Axes, rows: pd.DataFrame, arm: str, look: Look, shift: float
) -> Iterator[LineEnd]:
    """Draw log10 of the score's magnitude; exact zeros have none and are left out."""
    middle = typical(rows)
    middle = middle[middle["value"] != 0]
    if middle.empty:
        return
    x, y = middle["n_qubits"] * shift, np.log10(middle["value"].abs())
    axes.plot(x, y, color=look.colour, marker=look.marker, label=arm)
    label = arm_label(arm, rows["dataset"].iloc[0])
    yield LineEnd(float(x.iloc[-1]), float(y.iloc[-1]), label, look.colour)


def _draw_bound(axes: Axes, rows: pd.DataFrame, name: str) -> Iterator[LineEnd]:
    """Draw the chance or ceiling line through the widths, where rows state one."""
    line = rows.groupby("n_qubits")[name].median().dropna()
    if line.empty:
        return
    low, high = axes.get_xlim()
    x = np.array([low, *line.index, high])
    y = np.array([line.iloc[0], *line, line.iloc[-1]])
    dashes = {"chance": (0, (1, 2)), "ceiling": (0, (6, 3))}[name]
    axes.plot(x, y, color=LIGHT["muted"], linewidth=1.1, linestyle=dashes, label=name, zorder=1)
    yield LineEnd(float(high), float(y[-1]), name, LIGHT["muted"])
