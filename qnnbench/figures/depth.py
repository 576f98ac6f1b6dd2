"""Second moments against depth, and where in a circuit its gradients are."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from qnnbench.figures.panels import Layout, LineEnd, label_ends, message, panels, readable
from qnnbench.figures.points import tell
from qnnbench.figures.style import LIGHT, power_of_ten, style
from qnnbench.figures.trainability import LOSS, MEAN, decade_axis, keyed

AXES_OF_LAYER = ("RY", "RZ")
COLOURS = "cividis"  # even steps for normal, protan and deutan vision
EDGE, BULK, EVERY = "edge", "bulk", "all symbols"
_DRAWN = {EDGE: ("amber", "P"), BULK: ("blue", "o"), EVERY: ("muted", "")}
_VARIANCES = "log10_gradient_variance"


def layered(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the keyed rows with one RY and one RZ variance per layer and qubit."""
    ready = keyed(rows)
    known = ready[_VARIANCES].map(lambda logs: 0 if logs is None else len(logs))
    whole = known == 2 * ready["n_qubits"] * ready["n_layers"].astype(float)
    return ready[(ready["ansatz"] == "hea") & whole & (ready["contrast"] == "")]


def by_place(row: pd.Series) -> np.ndarray:
    """Return log10 of the gradient variances of a row, shape (n_layers, 2, n_qubits).

    Symbols are in order of first use: layer by layer, RY on all qubits, then RZ.
    """
    shape = (int(row["n_layers"]), len(AXES_OF_LAYER), int(row["n_qubits"]))
    return np.asarray(row[_VARIANCES], float).reshape(shape)


def mapped(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the widest, then deepest, layered row of each observable, uniform angles."""
    ready = layered(rows)
    ready = ready[ready["angles"] == "uniform"].sort_values(["n_qubits", "n_layers"])
    finite = ready[_VARIANCES].map(lambda logs: bool(np.isfinite(logs).any()))
    return ready[finite.astype(bool)].drop_duplicates("observable", keep="last")


def gradient_map(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw the gradient variance of every angle over layer and qubit.

    Args:
        rows: Of table ``trainability``.
        layout: ``panels.WIDE`` or ``panels.NARROW``.
    """
    with style():
        drawn = mapped(rows)
        if drawn.empty:
            return message("No layered circuit to draw.", layout)
        room = [["Var ∂C/∂θ (rad⁻²)"]] * (len(AXES_OF_LAYER) * len(drawn))
        figure, axes = panels(room, layout, height_in=2.7)
        for i, (_, row) in enumerate(drawn.iterrows()):
            logs = by_place(row)
            limits = _limits(logs)
            for k, axis in enumerate(AXES_OF_LAYER):
                panel = axes[len(AXES_OF_LAYER) * i + k]
                _draw_map(panel, logs[:, k], limits)
                panel.set_title(f"{row['ansatz']} {row['observable']}, {axis} angles")
        return figure


def _limits(logs: np.ndarray) -> tuple[float, float]:
    """Return the ends of a colour scale over the finite values."""
    finite = logs[np.isfinite(logs)]
    low, high = float(finite.min()), float(finite.max())
    return (low, high) if high - low > 1e-6 else (low - 0.5, high + 0.5)


def _draw_map(axes: Axes, logs: np.ndarray, limits: tuple[float, float]) -> None:
    """Draw one image and its colour scale; zeros stay blank."""
    n_layers, n_qubits = logs.shape
    shown = np.ma.masked_invalid(logs)
    extent = (-0.5, n_qubits - 0.5, 0.5, n_layers + 0.5)
    options: dict[str, Any] = {
        "cmap": COLOURS,
        "vmin": limits[0],
        "vmax": limits[1],
        "aspect": "auto",
    }
    axes.imshow(shown, origin="lower", extent=extent, interpolation="nearest", **options)
    axes.grid(False)
    axes.set_xlabel("qubit (index)")
    axes.set_ylabel("layer (index)")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
    scale = axes.inset_axes((1.04, 0, 0.05, 1))
    ramp = np.linspace(*limits, 128)[:, None]
    scale.imshow(ramp, origin="lower", extent=(0, 1, *limits), **options)
    scale.grid(False)
    scale.set_xticks([])
    scale.yaxis.tick_right()
    whole = limits[1] - limits[0] >= 2
    scale.yaxis.set_major_locator(MaxNLocator(integer=whole, nbins=6))
    scale.yaxis.set_major_formatter(FuncFormatter(power_of_ten if whole else _logarithm))
    unit = "(rad⁻², log scale)" if whole else "(log₁₀ of rad⁻²)"
    scale.set_title(f"Var ∂C/∂θ\n{unit}", fontsize=8, fontweight="normal", loc="left", pad=7)


def _logarithm(exponent: float, _position: int | None = None) -> str:
    return f"{exponent:.2f}".replace("-", "−")


def map_headline(rows: pd.DataFrame) -> str:
    """Return how far apart the gradients of the widest circuit are."""
    row = rows.sort_values("n_qubits").iloc[-1]
    finite = by_place(row)[np.isfinite(by_place(row))]
    return (
        f"Within one circuit, {row['ansatz']} {row['observable']} at {row['n_qubits']:,} qubits, "
        f"gradient variances run from 10^{finite.min():.1f} to 10^{finite.max():.1f}"
    )


def scanned(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the keyed rows of curves with several depths at one width, above zero."""
    ready = keyed(rows)
    ready = ready[(ready["contrast"] == "") & np.isfinite(ready[LOSS].astype(float))]
    depths = ready.groupby(["curve", "n_qubits"])["n_layers"].transform("nunique")
    return ready[(ready["curve"] != "") & (depths > 1)]


def variance_by_depth(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw gradient variance at the edge, in the bulk and overall, and loss variance.

    Args:
        rows: Of table ``trainability``.
        layout: ``panels.WIDE`` or ``panels.NARROW``.
    """
    with style():
        groups = [part for _, part in scanned(rows).groupby(["curve", "n_qubits"])]
        if not groups:
            return message("No curve over depths to draw.", layout)
        labels = [
            [_name(place, -0.0001) for place in _DRAWN] if k == 0 else [_name("loss", -0.0001)]
            for _ in groups
            for k in range(2)
        ]
        figure, axes = panels(labels, layout, height_in=2.9)
        for i, part in enumerate(groups):
            ordered = part.sort_values("n_layers")
            gradient, loss = axes[2 * i : 2 * i + 2]
            _draw_lines(gradient, ordered, dict(_places(ordered)))
            _draw_lines(loss, ordered, {"loss": ordered[LOSS].to_numpy(float)})
            first = ordered.iloc[0]
            of = f"{first['ansatz']} {first['observable']}, {first['n_qubits']:,} qubits"
            gradient.set_title(f"Gradient: {of}")
            loss.set_title(f"Loss: {of}")
            gradient.set_ylabel("Var ∂C/∂θ (rad⁻², log scale)")
            loss.set_ylabel("Var C (dimensionless, log scale)")
        return figure


def _places(part: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """Yield log10 of the mean gradient variance of edge qubits, bulk qubits, all symbols."""
    if len(layered(part)) == len(part):
        n = int(part["n_qubits"].iloc[0])
        for place, qubits in ((EDGE, [0, n - 1]), (BULK, [(n - 1) // 2, n // 2])):
            chosen = [by_place(row)[..., qubits] for _, row in part.iterrows()]
            yield place, np.array([_log10_mean(logs) for logs in chosen])
    yield EVERY, part[MEAN].to_numpy(float)


def _log10_mean(logs: np.ndarray) -> float:
    largest = float(logs.max())
    if np.isneginf(largest):
        return largest
    return largest + float(np.log10(np.mean(10 ** (logs - largest))))


def decay_rate(depths: np.ndarray, logs: np.ndarray) -> tuple[float, float]:
    """Return slope and intercept of log10 values over the deeper half of the depths.

    Args:
        depths: In layers, ascending, shape (n,).
        logs: log10 of the variances, same shape.

    Returns:
        Decades per layer and decades; NaN where fewer than three finite points remain.
    """
    deep = (depths >= np.median(depths)) & np.isfinite(logs)
    if deep.sum() < 3:
        return np.nan, np.nan
    slope, intercept = np.polyfit(depths[deep], logs[deep], 1)
    return float(slope), float(intercept)


def _draw_lines(axes: Axes, rows: pd.DataFrame, lines: dict[str, np.ndarray]) -> None:
    """Draw lines over the depth of the rows, each with its fit, dashed."""
    x, ends = rows["n_layers"].to_numpy(float), []
    for name, logs in lines.items():
        role, marker = _DRAWN.get(name, ("red", "s"))
        colour, seen = LIGHT[role], np.isfinite(logs)
        if not seen.any():
            continue
        axes.plot(x[seen], logs[seen], color=colour, marker=marker, label=name)
        tell(axes, name, x, logs, rows["run_id"], decades=True)
        slope, intercept = decay_rate(x, logs)
        if np.isfinite(slope):
            fitted = slope * x + intercept
            axes.plot(x, fitted, "--", color=colour, linewidth=0.9, label=f"{name} fit")
        ends.append(LineEnd(x[seen][-1], logs[seen][-1], _name(name, slope), colour))
    axes.set_xlabel("depth (layers)")
    axes.set_xticks(readable(axes, x.astype(int), logarithmic=False))
    low, high = axes.get_ylim()
    axes.set_ylim(np.floor(low), np.ceil(high))  # whole decades, so that several have a tick
    decade_axis(axes)
    label_ends(axes, ends)


def _name(place: str, slope: float) -> str:
    """Return what a line is, and its fitted rate."""
    return (
        place if np.isnan(slope) else f"{place}: {slope:+.3f} decades per layer".replace("-", "−")
    )


def depth_headline(rows: pd.DataFrame) -> str:
    """Return the rates at the edge and in the bulk, else that of the loss."""
    width = rows["n_qubits"].max()
    curve = rows.loc[rows["n_qubits"] == width, "curve"].iloc[0]
    part = rows[(rows["n_qubits"] == width) & (rows["curve"] == curve)].sort_values("n_layers")
    depths = part["n_layers"].to_numpy(float)
    rates = {place: decay_rate(depths, logs)[0] for place, logs in _places(part)}
    if np.isfinite(rates.get(BULK, np.nan)):
        return (
            f"At {width:,} qubits each layer of {curve} costs gradients in the bulk "
            f"{-rates[BULK]:.3f} decades and at the edge {-rates[EDGE]:.3f}"
        )
    rate = decay_rate(depths, part[LOSS].to_numpy(float))[0]
    if np.isfinite(rate):
        return f"At {width:,} qubits each layer of {curve} costs the loss {-rate:.3f} decades"
    return f"Second moments of {curve} at {width:,} qubits at {len(part)} depths"
