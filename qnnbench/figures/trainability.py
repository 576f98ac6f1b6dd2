"""Second moments against width: how fast gradients and losses concentrate."""

from collections.abc import Callable
from math import ceil, log2

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from qnnbench.figures.panels import (
    Layout,
    LineEnd,
    label_ends,
    message,
    panels,
    text_key,
    width_axis,
)
from qnnbench.figures.style import LIGHT, Look, looks, power_of_ten, style

MEAN = "log10_gradient_variance_mean"
MAXIMUM = "log10_gradient_variance_max"
LOSS = "log10_variance"
FAMILY = ("ansatz", "observable", "sharing", "angles", "dataset")

_DEPTH_LAWS: dict[str, Callable[[int], int]] = {
    "depth n": lambda n: n,
    "depth 2n": lambda n: 2 * n,
    "depth log n": lambda n: ceil(log2(n)),
}


def drawable(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with at least one variance above zero."""
    finite = rows[[MEAN, MAXIMUM, LOSS]].astype(float).apply(np.isfinite).any(axis=1)
    return rows[rows["status"].eq("ok") & finite]


def exactly_zero(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose loss variance or mean gradient variance is exactly zero."""
    zero = rows[[MEAN, LOSS]].isin([-np.inf]).any(axis=1)
    return rows[rows["status"].eq("ok") & zero]


def curves(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of each curve by its label, sorted by width.

    A label names the ansatz and whatever tells its curves apart.
    """
    keyed = text_key(rows, FAMILY)
    words = [_depth_words(part) for _, part in keyed.groupby(list(FAMILY))]
    keyed = keyed.assign(depth=pd.concat(words) if words else "")
    groups = [part.sort_values("n_qubits") for _, part in keyed.groupby([*FAMILY, "depth"])]
    keys = [[str(part[word].iloc[0]) for word in (*FAMILY, "depth")] for part in groups]
    return {_label(key, keys): part for key, part in zip(keys, groups, strict=True)}


def _label(key: list[str], keys: list[list[str]]) -> str:
    """Return the ansatz and what its curves differ in."""
    rivals = [other for other in keys if other[0] == key[0]]
    differs = [len({rival[i] for rival in rivals}) > 1 for i in range(len(key))]
    return " ".join([key[0], *(word for word, d in zip(key, differs, strict=True) if d and word)])


def _depth_words(part: pd.DataFrame) -> pd.Series:
    """Return the depth of each row in words: the law all rows obey, else its number."""
    layers = part["n_layers"].astype(float)
    for law, depth in _DEPTH_LAWS.items():
        if (layers == part["n_qubits"].map(depth)).all():
            return pd.Series(law, index=part.index)
    return layers.map(lambda value: "" if np.isnan(value) else f"depth {value:,.0f}")


def gradient_variance(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw gradient variance (mean, maximum over symbols) and loss variance.

    Args:
        rows: Of table ``trainability``.
        layout: ``panels.WIDE`` or ``panels.NARROW``.
    """
    with style():
        lines = curves(drawable(rows))
        if not lines:
            return message("No trainability rows to draw.", layout)
        figure, (gradient, loss) = panels([lines, lines], layout, height_in=3.6)
        firsts = [part.iloc[0] for part in lines.values()]
        chosen = looks([(first["ansatz"], first["observable"]) for first in firsts])
        for axes, columns in ((gradient, (MEAN, MAXIMUM)), (loss, (LOSS,))):
            _draw_curves(axes, lines, chosen, columns)
        gradient.set_title("Variance of one gradient component")
        loss.set_title("Variance of the loss")
        gradient.set_ylabel("Var ∂C/∂θ (rad⁻², log scale)")
        loss.set_ylabel("Var C (dimensionless, log scale)")
        _explain(gradient, exactly_zero(rows))
        return figure


def _draw_curves(
    axes: Axes, lines: dict[str, pd.DataFrame], chosen: list[Look], columns: tuple[str, ...]
) -> None:
    ends = []
    for (label, part), look in zip(lines.items(), chosen, strict=True):
        for column in columns:
            seen = part[np.isfinite(part[column].astype(float))]
            if seen.empty:
                continue
            sampled = (seen["method"] == "monte-carlo").all()
            dashed = column == MAXIMUM
            axes.plot(
                seen["n_qubits"],
                seen[column],
                color=look.colour,
                marker="" if dashed else look.marker,
                linestyle=("none" if sampled and not dashed else "--" if dashed else "-"),
                linewidth=0.9 if dashed else 1.6,
                label=f"{label} {column}",
            )
            if not dashed:
                last = seen.iloc[-1]
                ends.append(LineEnd(last["n_qubits"], last[column], label, look.colour))
    width_axis(axes, pd.concat(lines.values())["n_qubits"], logarithmic=False)
    axes.set_ylim(axes.get_ylim()[0], max(0.0, axes.get_ylim()[1]))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    axes.yaxis.set_major_formatter(FuncFormatter(power_of_ten))
    label_ends(axes, ends)


def _explain(axes: Axes, zero: pd.DataFrame) -> None:
    """Say in the empty corner what the line styles mean and what is not drawn."""
    handles = [
        axes.plot([], [], color=LIGHT["muted"], marker="o", label="mean over symbols")[0],
        axes.plot([], [], "--", color=LIGHT["muted"], linewidth=0.9, label="maximum over symbols")[
            0
        ],
    ]
    note = f"{len(zero):,} exactly zero: not drawn" if len(zero) else None
    legend = axes.legend(
        handles=handles, loc="lower left", frameon=False, fontsize=8, title=note, title_fontsize=8
    )
    legend.get_title().set_color(LIGHT["muted"])


def headline(rows: pd.DataFrame) -> str:
    """Return what the figure shows, in one sentence; ``rows`` are drawable."""
    width = rows["n_qubits"].max()
    ends = {
        label: float(part.loc[part["n_qubits"] == width, MEAN].iloc[0])
        for label, part in curves(rows).items()
        if (part["n_qubits"] == width).any()
    }
    finite = {label: value for label, value in ends.items() if np.isfinite(value)}
    if not finite:
        return f"At {width:,} qubits every drawn gradient variance is exactly zero"
    low, high = min(finite, key=finite.__getitem__), max(finite, key=finite.__getitem__)
    if low == high:
        return f"At {width:,} qubits the mean gradient variance of {low} is 10^{finite[low]:.1f}"
    return (
        f"At {width:,} qubits the mean gradient variance runs from 10^{finite[low]:.1f} "
        f"({low}) to 10^{finite[high]:.1f} ({high})"
    )
