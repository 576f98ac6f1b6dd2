"""What tests of figures share: the rows of a study, and what of them is drawn."""

from functools import cache

import pandas as pd

from qnnbench.results import to_table
from tests import synthetic_rows


def frame(table, rows):
    """Return rows of one table as a study reads them."""
    return to_table(table, rows).to_pandas()


@cache
def study_frames():
    """Return the rows of every table of a study that never ran."""
    return {table: frame(table, rows) for table, rows in synthetic_rows.study().items()}


def together(figure, frames):
    """Return the rows that a figure draws."""
    return pd.concat([frames[table] for table in figure.tables], ignore_index=True)


def lines(axes):
    """Return the drawn lines by label."""
    return {line.get_label(): line for line in axes.get_lines()}


def texts(figure):
    """Return every text of the figure, joined."""
    return " ".join(text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text")))
