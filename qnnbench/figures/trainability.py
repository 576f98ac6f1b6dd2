"""Second moments against width: how fast gradients and losses concentrate."""

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, replace
from math import ceil, log2
from typing import Any, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from qnnbench.figures.panels import (
    Layout,
    LineEnd,
    clear_legend,
    label_ends,
    message,
    panels,
    text_key,
    width_axis,
)
from qnnbench.figures.points import tell
from qnnbench.figures.style import LIGHT, Look, looks, power_of_ten, style

MEAN = "log10_gradient_variance_mean"
MAXIMUM = "log10_gradient_variance_max"
LOSS = "log10_variance"
NETWORK = ("ansatz", "observable", "sharing", "tied")
FAMILY = (*NETWORK, "angles", "dataset")
MEASURED, SAMPLED, CLOSED_FORM = "", "sampled", "closed form"

_DEPTH_LAWS: dict[str, Callable[[int], int]] = {
    "depth n": lambda n: n,
    "depth 2n": lambda n: 2 * n,
    "depth log n": lambda n: ceil(log2(n)),
}


@dataclass(frozen=True)
class Curve:
    """The rows of one line of a figure.

    Attributes:
        label: The ansatz and what tells its curves apart.
        key: Values of ``FAMILY`` and the depth in words.
        kind: ``MEASURED``, ``SAMPLED`` or ``CLOSED_FORM``.
        rows: Its rows, sorted by width.
    """

    label: str
    key: tuple[str, ...]
    kind: str
    rows: pd.DataFrame

    @property
    def variant(self) -> tuple[str, str]:
        """Ansatz and observable: what a look is chosen by."""
        return self.key[0], self.key[1]


def keyed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return finished rows that can group: texts without nulls, "tied" as a word, the kind."""
    words = text_key(rows[rows["status"] == "ok"], ("curve", *FAMILY, "contrast", "method"))
    tied = words["tied"].map({True: "tied", False: "untied"}).fillna("")
    kinds = {"monte-carlo": SAMPLED, "closed-form": CLOSED_FORM}
    return words.assign(tied=tied, kind=words["method"].map(kinds).fillna(MEASURED))


def of_width(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the keyed rows of losses with one depth per width and a variance above zero."""
    ready = keyed(rows)
    scanned = ready.groupby(["curve", *FAMILY, "kind", "n_qubits"])["n_qubits"].transform("size")
    finite = ready[[MEAN, MAXIMUM, LOSS]].astype(float).apply(np.isfinite).any(axis=1)
    named = ready["curve"] != ""
    return ready[finite & (ready["contrast"] == "") & ~(named & (scanned > 1))]


def drawable(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of losses with a variance above zero, one law of angles per network.

    That law is the uniform one where there is one: others have a figure of their own.
    """
    return _one_law(of_width(rows))


def _one_law(ready: pd.DataFrame) -> pd.DataFrame:
    is_uniform = ready["angles"] == "uniform"
    compared = is_uniform.groupby([ready[name] for name in NETWORK]).transform("any")
    return ready[is_uniform | ~compared | (ready["kind"] == CLOSED_FORM)]


def exactly_zero(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the keyed rows, of the laws drawn, with an exactly zero variance or gradient."""
    ready = keyed(rows)
    zero = ready[[MEAN, LOSS]].isin([-np.inf]).any(axis=1)
    shown = _one_law(ready[ready["contrast"] == ""])
    return shown[zero[shown.index]]


def curves(rows: pd.DataFrame) -> list[Curve]:
    """Return the curves of keyed ``rows``, each sorted by width."""
    words = [_depth_words(part) for _, part in rows.groupby([*FAMILY, "kind"])]
    ready = rows.assign(depth=pd.concat(words) if words else "")
    groups = ready.sort_values("n_qubits").groupby([*FAMILY, "depth", "kind"])
    parts = {words_of(key): part for key, part in groups}
    keys = [key[:-1] for key in parts if key[-1] != CLOSED_FORM]
    return [
        Curve(_label(key[:-1], key[-1], keys), key[:-1], key[-1], part)
        for key, part in parts.items()
    ]


def words_of(key: Hashable) -> tuple[str, ...]:
    """Return the key of a group of text columns as what it is."""
    return tuple(map(str, cast(tuple, key)))


def _label(key: tuple[str, ...], kind: str, keys: list[tuple[str, ...]]) -> str:
    """Return the ansatz, what its curves differ in, and what is not to be overlooked."""
    rivals = [other for other in keys if other[0] == key[0]] + [key]
    differs = [len({rival[i] for rival in rivals}) > 1 for i in range(len(key))]
    words = [w for w, d in zip(key[1:], differs[1:], strict=True) if w and (d or w == "tied")]
    return " ".join([key[0], *words, *([kind] if kind else [])])


def _depth_words(part: pd.DataFrame) -> pd.Series:
    """Return the depth of each row in words: the law all rows obey, else its number."""
    layers = part["n_layers"].astype(float)
    for law, depth in _DEPTH_LAWS.items():
        if (layers == part["n_qubits"].map(depth)).all():
            return pd.Series(law, index=part.index)
    return layers.map(lambda value: "" if np.isnan(value) else f"depth {value:,.0f}")


def looks_of(lines: list[Curve]) -> list[Look]:
    """Return a look per curve: what is sampled or closed takes that of the curve it checks."""
    measured = [line for line in lines if line.kind == MEASURED]
    chosen = looks([line.variant for line in measured])
    own = {line.key: look for line, look in zip(measured, chosen, strict=True)}
    near = {
        line.variant: look for line, look in reversed(list(zip(measured, chosen, strict=True)))
    }
    strangers = [
        line
        for line in lines
        if line.key not in own and not (line.kind == CLOSED_FORM and line.variant in near)
    ]
    spare = dict(
        zip(
            [line.key for line in strangers],
            looks([line.variant for line in measured + strangers])[len(measured) :],
            strict=True,
        )
    )
    return [own.get(li.key) or spare.get(li.key) or near[li.variant] for li in lines]


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
        look = dict(zip([(line.key, line.kind) for line in lines], looks_of(lines), strict=True))
        groups = [group for group in (lines, checked(lines)) if group]
        labels = [[line.label for line in lines if line.kind != SAMPLED]]
        labels += [[line.label for line in group if is_named(line, group)] for group in groups[1:]]
        figure, axes = panels([names for names in labels for _ in range(2)], layout, 3.6)
        _explain(axes[0], {line.kind for line in lines}, exactly_zero(rows))
        for i, group in enumerate(groups):
            gradient, loss = axes[2 * i : 2 * i + 2]
            chosen = [look[line.key, line.kind] for line in group]
            named = labels[i]
            draw_curves(gradient, group, chosen, (MEAN, MAXIMUM) if i == 0 else (MEAN,), named)
            draw_curves(loss, group, chosen, (LOSS,), named)
            gradient.set_title("Gradient, sampled" if i else "Variance of one gradient component")
            loss.set_title("Loss, sampled" if i else "Variance of the loss")
            gradient.set_ylabel("Var ∂C/∂θ (rad⁻², log scale)")
            loss.set_ylabel("Var C (dimensionless, log scale)")
        return figure


def checked(lines: list[Curve]) -> list[Curve]:
    """Return the sampled curves beside those they check, at their widths only."""
    sampled = {line.key: line.rows["n_qubits"].max() for line in lines if line.kind == SAMPLED}
    near = [line for line in lines if line.key in sampled]
    return [
        replace(line, rows=line.rows[line.rows["n_qubits"] <= sampled[line.key]]) for line in near
    ]


def is_named(line: Curve, lines: list[Curve]) -> bool:
    """Say whether a curve has a label: sampled ones beside the exact one are told by it."""
    exact = [other.key for other in lines if other.kind == MEASURED]
    return line.kind != SAMPLED or line.key not in exact


def draw_curves(
    axes: Axes,
    lines: list[Curve],
    chosen: list[Look],
    columns: tuple[str, ...],
    named: Collection[str] | None = None,
) -> None:
    """Draw columns of log10 against width: lines, sampled points, dashed closed forms.

    Args:
        axes: Where.
        lines: The curves.
        chosen: A look for each.
        columns: What of their rows is drawn.
        named: Labels that are written; where left out, those of curves that :func:`is_named`.
    """
    if named is None:
        named = [line.label for line in lines if is_named(line, lines)]
    ends = []
    for line, look in zip(lines, chosen, strict=True):
        for column in columns:
            seen = line.rows[np.isfinite(line.rows[column].astype(float))]
            if seen.empty:
                continue
            label = f"{line.label} {column}"
            if line.kind == SAMPLED and column == MAXIMUM:
                continue
            _tell(axes, line, seen, column)
            if line.kind == SAMPLED:
                _draw_sampled(axes, seen, column, look, label)
            else:
                strokes = _strokes(line, column, look)
                axes.plot(seen["n_qubits"], seen[column], label=label, **strokes)
            if column != MAXIMUM and line.label in named:
                last = seen.iloc[-1]
                ends.append(LineEnd(last["n_qubits"], last[column], line.label, look.colour))
    width_axis(axes, pd.concat([li.rows for li in lines])["n_qubits"], logarithmic=False)
    axes.set_ylim(axes.get_ylim()[0], max(0.0, axes.get_ylim()[1]))
    decade_axis(axes)
    clear_legend(axes)
    label_ends(axes, ends)


def _tell(axes: Axes, line: Curve, seen: pd.DataFrame, column: str) -> None:
    """Say what the marks of a column are; of what is sampled, with its interval."""
    name = f"{line.label}, largest of all symbols" if column == MAXIMUM else line.label
    ends = seen[[f"{column}_lower", f"{column}_upper"]] if line.kind == SAMPLED else None
    at, y, runs = seen["n_qubits"], seen[column], seen["run_id"]
    tell(axes, name, at, y, runs, ends=ends, decades=True)


def _strokes(line: Curve, column: str, look: Look) -> dict[str, Any]:
    if column == MAXIMUM:
        return {"color": look.colour, "linestyle": ":", "linewidth": 1.0}
    if line.kind == CLOSED_FORM:
        return {"color": look.colour, "linestyle": "--", "linewidth": 1.1}
    return {"color": look.colour, "marker": look.marker, "linewidth": 1.6}


def _draw_sampled(axes: Axes, seen: pd.DataFrame, column: str, look: Look, label: str) -> None:
    """Draw hollow points with their 95 % intervals, where rows have them."""
    ends = seen[[f"{column}_lower", f"{column}_upper"]].astype(float)
    reach = ends.sub(seen[column], axis=0).abs()
    axes.errorbar(
        seen["n_qubits"],
        seen[column],
        reach.where(np.isfinite(reach), 0.0).to_numpy().T,
        fmt=look.marker,
        color=look.colour,
        markerfacecolor=LIGHT["surface"],
        markersize=6.5,
        elinewidth=1.2,
        capsize=3,
        zorder=3,
        label=label,
    )


def decade_axis(axes: Axes) -> None:
    """Write log10 values as powers of ten."""
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
    axes.yaxis.set_major_formatter(FuncFormatter(power_of_ten))


def _explain(axes: Axes, kinds: set[str], zero: pd.DataFrame) -> None:
    """Say in the lower left corner what the line styles mean and what is not drawn."""
    styles: dict[str, dict[str, Any]] = {
        "mean over symbols": {"marker": "o"},
        "maximum over symbols": {"linestyle": ":", "linewidth": 1.0},
    }
    if SAMPLED in kinds:
        hollow = {"marker": "o", "linestyle": "none", "markerfacecolor": LIGHT["surface"]}
        styles["sampled, 95 % interval"] = hollow
    if CLOSED_FORM in kinds:
        styles["closed form"] = {"linestyle": "--", "linewidth": 1.1}
    handles = [
        Line2D([], [], color=LIGHT["muted"], label=label, **strokes)
        for label, strokes in styles.items()
    ]
    note = f"{len(zero):,} exactly zero: not drawn" if len(zero) else None
    legend = axes.legend(
        handles=handles, loc="lower left", frameon=False, fontsize=8, title=note, title_fontsize=8
    )
    legend.get_title().set_color(LIGHT["muted"])


def at_widest(rows: pd.DataFrame) -> tuple[int, dict[str, float]]:
    """Return the largest width of drawable ``rows``, and log10 means there by label of curve.

    Of measured curves where there are any; what is exactly zero is left out.
    """
    measured = rows[rows["kind"] == MEASURED]
    rows = measured if len(measured) else rows
    width = int(rows["n_qubits"].max())
    ends = {
        line.label: float(line.rows.loc[line.rows["n_qubits"] == width, MEAN].iloc[0])
        for line in curves(rows)
        if (line.rows["n_qubits"] == width).any()
    }
    return width, {label: value for label, value in ends.items() if np.isfinite(value)}


def headline(rows: pd.DataFrame) -> str:
    """Return what the figure shows, in one sentence; ``rows`` are drawable."""
    width, finite = at_widest(rows)
    if not finite:
        return f"At {width:,} qubits every drawn gradient variance is exactly zero"
    low, high = min(finite, key=finite.__getitem__), max(finite, key=finite.__getitem__)
    if low == high:
        return f"At {width:,} qubits the mean gradient variance of {low} is 10^{finite[low]:.1f}"
    return (
        f"At {width:,} qubits the mean gradient variance runs from 10^{finite[low]:.1f} "
        f"({low}) to 10^{finite[high]:.1f} ({high})"
    )
