"""The marks of one arm: repeats faint, their middle with its interval, before training hollow."""

from collections.abc import Hashable, Iterable

import pandas as pd
from matplotlib.axes import Axes

from qnnbench.figures.style import LIGHT, LOOKS, Look, looks


def arm_looks(arms: Iterable[tuple[Hashable, pd.DataFrame]]) -> list[Look]:
    """Return a look for each (name, rows) of one panel, all different.

    An ansatz with a look for what it reads takes that, else one for its loss; what has no
    ansatz goes by its name.
    """
    curves = []
    for name, rows in arms:
        first = rows.iloc[0]
        ansatz = first["ansatz"] or str(name)
        reads = first["observable"] in LOOKS.get(ansatz, {}) and first["observable"] != ""
        curves.append((ansatz, first["observable"] if reads else first["loss_name"]))
    return looks(curves)


def side_by_side(i: int, count: int) -> float:
    """Return the factor on a logarithmic axis that keeps mark ``i`` of ``count`` apart."""
    return float(2 ** (0.07 * (i - (count - 1) / 2)))


def draw_repeats(axes: Axes, x: pd.Series, y: pd.Series, look: Look, name: str) -> None:
    """Draw one faint point per repeat."""
    axes.plot(x, y, ".", color=look.colour, alpha=0.45, markersize=3.5, label=f"{name} repeats")


def draw_untrained(
    axes: Axes, x: pd.Series, y: pd.Series, look: Look, name: str, size: float | None = None
) -> None:
    """Draw hollow markers; larger ones, of ``size`` points, go around what lies on them."""
    axes.plot(
        x,
        y,
        look.marker,
        markersize=size,
        markerfacecolor=LIGHT["surface"] if size is None else "none",
        markeredgecolor=look.colour,
        label=f"{name} untrained",
    )


def draw_middles(
    axes: Axes, x: pd.Series, y: pd.Series, ends: pd.DataFrame, look: Look, name: str
) -> None:
    """Draw a line of markers with intervals.

    Args:
        axes: Where.
        x: Places.
        y: Middles.
        ends: Lower and upper ends, two columns; a missing one is not drawn.
        look: Colour and marker.
        name: Label of the line.
    """
    reach = ends.sub(y, axis=0).abs().fillna(0.0).to_numpy().T
    axes.errorbar(
        x, y, reach, color=look.colour, marker=look.marker, elinewidth=1.1, capsize=2.5, label=name
    )
