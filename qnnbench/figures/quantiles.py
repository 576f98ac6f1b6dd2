"""Typical gradients beside their variance, which a few large ones can make."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qnnbench.figures.comparisons import network_title
from qnnbench.figures.panels import Layout, LineEnd, label_ends, message, panels, width_axis
from qnnbench.figures.points import tell
from qnnbench.figures.style import LIGHT, Look, looks, style
from qnnbench.figures.trainability import MEAN, SAMPLED, Curve, curves, decade_axis, keyed

MEDIAN, LOW, HIGH = "gradient_size_median", "gradient_size_q05", "gradient_size_q95"
NOISE = 1e-12  # a sampled |∂C| below it is rounding: the gradient is exactly zero

_LABELS = ("root mean square", "median", "5 % to 95 %")


def typical_gradients(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the keyed rows of losses that tell how |∂C| spreads over draws and symbols."""
    ready = keyed(rows)
    known = ready[[MEDIAN, LOW, HIGH]].notna().all(axis=1) & np.isfinite(ready[MEAN].astype(float))
    return ready[known & (ready["kind"] == SAMPLED) & (ready["contrast"] == "")]


def gradient_quantiles(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw median, 5 % and 95 % quantile and root mean square of |∂C| against width.

    Args:
        rows: Of table ``trainability``.
        layout: ``panels.WIDE`` or ``panels.NARROW``.
    """
    with style():
        lines = curves(typical_gradients(rows))
        if not lines:
            return message("No sampled gradients to draw.", layout)
        figure, axes = panels([_LABELS] * len(lines), layout, height_in=2.0)
        titles = _titles(lines)
        for panel, line, title, look in zip(
            axes, lines, titles, looks([li.variant for li in lines]), strict=True
        ):
            _draw(panel, line.rows, look)
            panel.set_title(title)
            panel.set_ylabel("|∂C/∂θ| (rad⁻¹, log scale)")
        return figure


def _titles(lines: list[Curve]) -> list[str]:
    """Return the network of each curve, and where two have the same, what tells them apart."""
    plain = [network_title(line.rows) for line in lines]
    titles = []
    for line, title in zip(lines, plain, strict=True):
        same = [other.key for other, own in zip(lines, plain, strict=True) if own == title]
        differs = [len(set(values)) > 1 for values in zip(*same, strict=True)]
        words = [word for word, d in zip(line.key, differs, strict=True) if d and word]
        titles.append(", ".join([title, *words]))
    return titles


def _draw(axes: Axes, rows: pd.DataFrame, look: Look) -> None:
    """Draw one network: what is below ``NOISE`` lies on the lower edge of the panel."""
    x = rows["n_qubits"].astype(float)
    logs = [rows[MEAN].astype(float) / 2, *(_log(rows[name]) for name in (MEDIAN, LOW, HIGH))]
    seen = np.concatenate(logs)
    floor = float(np.floor(seen[np.isfinite(seen)].min())) - (0.5 if np.isinf(seen).any() else 0)
    size, median, low, high = (values.clip(lower=floor) for values in logs)
    axes.fill_between(x, low, high, color=look.colour, alpha=0.18, linewidth=0)
    lines = zip((size, median), _LABELS[:2], ("--", "-"), ("surface", ""), strict=True)
    quantiles = pd.DataFrame({"low": low, "high": high})
    for y, label, dashes, face in lines:
        ends_told = quantiles if label == "median" else None
        tell(axes, label, x, y, rows["run_id"], ends=ends_told, decades=True)
        axes.plot(
            x,
            y,
            dashes,
            color=look.colour,
            marker=look.marker,
            markerfacecolor=LIGHT.get(face, look.colour),
            linewidth=1.0,  # guides the eye: only the points were sampled
            label=label,
        )
    ends = rows[[f"{MEAN}_lower", f"{MEAN}_upper"]].astype(float) / 2
    reach = ends.sub(size, axis=0).abs().fillna(0.0).to_numpy().T
    bars: dict[str, Any] = {
        "color": look.colour,
        "ecolor": look.colour,
        "elinewidth": 1.1,
        "capsize": 2.5,
    }
    axes.errorbar(x, size, reach, fmt="none", zorder=1.5, **bars)
    width_axis(axes, rows["n_qubits"], logarithmic=False)
    axes.set_ylim(floor, max(0.0, axes.get_ylim()[1]))
    decade_axis(axes)
    told = zip(
        (size, median, high), _LABELS, (look.colour, look.colour, LIGHT["muted"]), strict=True
    )
    label_ends(axes, [LineEnd(x.iloc[-1], y.iloc[-1], name, colour) for y, name, colour in told])


def _log(sizes: pd.Series) -> pd.Series:
    """Return log10, -inf for what is rounding."""
    values = sizes.astype(float)
    return values.where(values > NOISE).transform(np.log10).fillna(-np.inf)


def headline(rows: pd.DataFrame) -> str:
    """Return the network whose median lies furthest below its root mean square."""
    ready = rows.assign(gap=rows[MEAN].astype(float) / 2 - _log(rows[MEDIAN]))
    finite = ready[np.isfinite(ready["gap"])]
    if finite.empty:
        return "The median gradient component is exactly zero in every sampled network"
    first = finite.loc[finite["gap"].idxmax()]
    words = network_title(rows.loc[[first.name]])
    return (
        f"At {first['n_qubits']:,} qubits the median |∂C/∂θ| of {words} is "
        f"10^{_log(rows.loc[[first.name], MEDIAN]).iloc[0]:.1f}, its root mean square "
        f"10^{first[MEAN] / 2:.1f}"
    )
