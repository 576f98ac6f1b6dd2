"""What a table of the page is made of: formatted and sortable cells."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import isinf
from typing import Any

import pandas as pd

from qnnbench.figures.scores import score_text

MAX_ROWS = 1500
ABSENT = "–"


@dataclass(frozen=True)
class Cell:
    """What is shown, and the number it sorts by where it is one."""

    text: str
    key: float | None = None


@dataclass(frozen=True)
class Table:
    """A table of the page.

    Attributes:
        name: Anchor on the page.
        caption: What one row is.
        columns: Headings, units included.
        rows: One cell per column.
        n_left_out: Rows beyond ``MAX_ROWS``, which stay in the Parquet files.
        frame: All rows.
    """

    name: str
    caption: str
    columns: tuple[str, ...]
    rows: list[list[Cell]]
    n_left_out: int = 0
    frame: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def numeric(self) -> list[bool]:
        """Whether each column holds a number in some row."""
        return [
            any(cell.key is not None for cell in column) for column in zip(*self.rows, strict=True)
        ]


Format = Callable[[Any], Cell]


def text(value: Any) -> Cell:
    """Return words as they are; a null is a dash."""
    return Cell(ABSENT if pd.isna(value) or value == "" else str(value))


def number(value: Any, spec: str = ",.0f") -> Cell:
    """Return a number by its format ``spec``, sortable; NaN is a dash."""
    if pd.isna(value):
        return Cell(ABSENT)
    if isinf(value):
        return Cell("∞" if value > 0 else "−∞", float(value))
    return Cell(format(value, spec).replace("-", "−"), float(value))


def score(value: Any) -> Cell:
    """Return "0.980", or "2.0 × 10^-28" for a magnitude below 0.001."""
    if pd.isna(value) or isinf(value):
        return number(value)
    return Cell(score_text(value), float(value))


def error(value: Any) -> Cell:
    """Return an error estimate in two digits; zero says that the number is exact."""
    return Cell("0 (exact)", 0.0) if value == 0 else score(value)


def decades(value: Any) -> Cell:
    """Return a log10 as the power of ten it stands for: "10^-60.2"; -inf is exactly 0."""
    if pd.isna(value):
        return Cell(ABSENT)
    return Cell("0 (exact)" if isinf(value) else f"10^{value:.2f}", float(value))


def flag(value: Any) -> Cell:
    """Return "yes" or "NO"; a null is a dash."""
    return Cell(ABSENT if pd.isna(value) else "yes" if value else "NO")


tenths = partial(number, spec=",.1f")
twice = partial(number, spec=",.2f")

Columns = dict[str, tuple[str, Format]]


def table(name: str, caption: str, rows: pd.DataFrame, columns: Columns) -> Table:
    """Return ``rows`` as a table; ``columns`` maps a column to its heading and format.

    A column of reasons stands only where there is one.
    """
    if "reason" in columns and not rows["reason"].fillna("").any():
        columns = {name: column for name, column in columns.items() if name != "reason"}
    formats = [(column, formatter) for column, (_, formatter) in columns.items()]
    shown = rows.head(MAX_ROWS).to_dict("records")
    return Table(
        name,
        caption,
        tuple(heading for heading, _ in columns.values()),
        [[formatter(row[column]) for column, formatter in formats] for row in shown],
        max(0, len(rows) - MAX_ROWS),
        rows,
    )
