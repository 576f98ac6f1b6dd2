"""What a mark stands for: the words a reader gets who points at it, and the runs behind it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from qnnbench.figures.style import SUPERSCRIPTS


@dataclass(frozen=True)
class Point:
    """One mark of a panel.

    Attributes:
        x, y: Where it is, in data coordinates.
        at: What it belongs to on the other axis: "100".
        value: What it says, with its interval where it has one: "0.980 [0.951, 0.994]".
        runs: Run ids of the rows behind it.
    """

    x: float
    y: float
    at: str
    value: str
    runs: tuple[str, ...]


@dataclass(frozen=True)
class Curve:
    """Marks of one name."""

    name: str
    points: tuple[Point, ...]


class Panel(Axes):
    """Axes that know what their marks stand for.

    Attributes:
        told: In the order in which they were drawn.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.told: list[Curve] = []


def tell(
    axes: Axes,
    name: str,
    at: Iterable[float],
    y: Iterable[float],
    runs: Iterable[str | Sequence[str]],
    *,
    x: Iterable[float] | None = None,
    ends: pd.DataFrame | None = None,
    decades: bool = False,
) -> None:
    """Say what marks stand for; those that are not finite are not there.

    Args:
        axes: Of :func:`panels.panels`; others keep silent.
        name: Whose marks.
        at: Where they belong: widths, steps, layers.
        y: Where they are drawn.
        runs: Run id, or several, of each.
        x: Where they are drawn, unless at ``at``.
        ends: Lower and upper ends of intervals, two columns.
        decades: Whether ``y`` and ``ends`` are log10 of what they say.
    """
    if not isinstance(axes, Panel):
        return
    spans: Iterable = repeat((np.nan, np.nan)) if ends is None else ends.to_numpy(float)
    at = [float(place) for place in at]
    marks = zip(at, at if x is None else x, y, runs, spans, strict=False)
    points = [
        Point(
            float(across),
            float(up),
            f"{place:,g}" if place < 1e6 else f"{place:,.0f}",
            _value(float(up), span, decades),
            _named(run),
        )
        for place, across, up, run, span in marks
        if np.isfinite(up)
    ]
    axes.told.append(Curve(name, tuple(points)))


def runs_by(rows: pd.DataFrame, key: str, places: Iterable[float]) -> list[tuple[str, ...]]:
    """Return the run ids of the rows at each of ``places`` of the column ``key``."""
    found = rows.groupby(key)["run_id"].unique()
    return [tuple(found[place]) for place in places]


def _named(run: object) -> tuple[str, ...]:
    """Return one or several run ids as several; a row may have none."""
    several = run if isinstance(run, (tuple, list)) else (run,)
    return tuple(own for own in several if isinstance(own, str))


def _value(value: float, span: Sequence[float], decades: bool) -> str:
    words = power if decades else plain
    said = words(value)
    low, high = (words(float(end)) if np.isfinite(end) else "" for end in span)
    return f"{said} [{low}, {high}]" if (low or high) and (low, high) != (said, said) else said


def plain(value: float) -> str:
    """Return "0.980", "0", or "2.0 × 10⁻²⁸" for a magnitude below 0.001."""
    if value == 0:
        return "0"
    if abs(value) >= 1e-3:
        return f"{value:,.3f}".replace("-", "−")
    return ("−" if value < 0 else "") + power(float(np.log10(abs(value))))


def power(exponent: float) -> str:
    """Return 10 to the ``exponent`` in two digits: "6.3 × 10⁻⁶¹"."""
    whole = int(np.floor(exponent))
    digits = f"{10 ** (exponent - whole):.1f}"
    if digits == "10.0":
        digits, whole = "1.0", whole + 1
    if -3 <= whole <= 2:
        return f"{10**exponent:.{max(0, 1 - whole)}f}"
    return f"{digits} × 10{str(whole).translate(SUPERSCRIPTS)}"
