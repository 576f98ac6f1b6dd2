"""Training by shots: the loss against shots spent, from cold and from trained angles."""

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
)
from qnnbench.figures.repeats import over_repeats
from qnnbench.figures.style import LIGHT, Look, looks, style

START_LOOKS = {
    "cold": Look(LIGHT["blue"], "o"),
    "trained": Look(LIGHT["green"], "D"),
    "perturbed": Look(LIGHT["amber"], "s"),
}

_PANEL = ["dataset", "arm", "n_qubits", "optimiser", "learning_rate", "device", "noise_scale"]
_CURVE = [*_PANEL, "start"]


def followed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of every run that took place, step by step."""
    done = rows[(rows["status"] == "ok") & rows["exact_loss"].notna()]
    done = text_key(done, ("dataset", "arm", "ansatz", "optimiser", "device", "start"))
    return done.sort_values([*_CURVE, "repeat", "step"], kind="stable")


def device_training(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw loss against shots, a colour for each start, a panel for each network and device.

    Args:
        rows: Of table ``device_steps``.
        layout: ``panels.WIDE`` or ``panels.NARROW``.
    """
    with style():
        found = followed(rows)
        if found.empty:
            return message("No training by shots to draw.", layout)
        groups = [part for _, part in found.groupby(_PANEL, sort=False)]
        figure, axes = panels([part["start"].unique() for part in groups], layout, height_in=2.8)
        for panel, part in zip(axes, groups, strict=True):
            _draw(panel, part)
        return figure


def _draw(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the starts of one panel."""
    curves = list(rows.groupby("start"))
    ends = [_draw_start(axes, str(start), part, _look(str(start))) for start, part in curves]
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5, min_n_ticks=1))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlabel("shots spent (count)")
    axes.set_ylabel("loss: class contrast (dimensionless)")
    axes.set_title(_title(rows.iloc[0]))
    label_ends(axes, ends)


def _look(start: str) -> Look:
    return START_LOOKS.get(start.partition("(")[0]) or looks([(start, "")])[0]


def _draw_start(axes: Axes, start: str, rows: pd.DataFrame, look: Look) -> LineEnd:
    """Draw what shots told with its interval, and the exact loss of every repeat as a line."""
    for _, run in rows.groupby("repeat"):
        axes.plot(
            run["n_shots"],
            run["exact_loss"],
            color=look.colour,
            linewidth=0.9,
            alpha=0.7,
            label=f"{start} exact",
        )
    middle = _middle(rows[rows["loss"].notna()])
    reach = middle[["lower", "upper"]].sub(middle["loss"], axis=0).abs().to_numpy().T
    axes.errorbar(
        middle["n_shots"],
        middle["loss"],
        reach,
        color=look.colour,
        marker=look.marker,
        linestyle="none",
        elinewidth=1.1,
        capsize=2.5,
        label=start,
    )
    others = rows[rows["loss"].notna()].drop(middle.index)
    axes.plot(
        others["n_shots"],
        others["loss"],
        ".",
        color=look.colour,
        alpha=0.55,
        markersize=4,
        label=f"{start} repeats",
    )
    last = middle.iloc[-1]
    return LineEnd(float(last["n_shots"]), float(last["loss"]), start, look.colour)


def _middle(rows: pd.DataFrame) -> pd.DataFrame:
    """Return, step by step, the row of the repeat whose loss is the median, of two the lower."""
    ordered = rows.sort_values(["step", "loss"], kind="stable")
    step = ordered.groupby("step")["loss"]
    return ordered[step.cumcount() == (step.transform("size") - 1) // 2]


def _title(row: pd.Series) -> str:
    scale = "" if row["noise_scale"] == 1 else f", errors × {row['noise_scale']:g}"
    rule = {"spsa": "SPSA", "parameter_shift": "shifts"}.get(row["optimiser"], row["optimiser"])
    return f"{row['arm']}, {row['n_qubits']:,.0f} qubits, {rule}, {row['device']}{scale}"


def headline(rows: pd.DataFrame) -> str:
    """Return how far each start came, in median exact losses, on the panel with most starts."""
    n_starts = rows.groupby(_PANEL)["start"].transform("nunique")
    first = rows.iloc[int(n_starts.to_numpy().argmax())]
    own = rows[(rows[_PANEL] == first[_PANEL]).all(axis=1)]
    told = []
    for start, part in own.groupby("start", sort=False):
        runs = part.groupby("repeat")
        ends = pd.concat([runs.head(1).assign(end=0), runs.tail(1).assign(end=1)])
        began, ended = over_repeats(ends, ["end"], "exact_loss")["median"]
        told.append(f"from {began:.2f} to {ended:.2f} ({start})")
    return (
        f"{_title(first)}: {own['n_shots'].max():,.0f} shots take the contrast "
        f"{', '.join(told)}; median exact losses, lower is better"
    )
