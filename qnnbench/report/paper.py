"""The files of one figure or table of a paper, from the rows that it reads."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from qnnbench.figures import FIGURES, printed
from qnnbench.registry import lookup
from qnnbench.report.printed_tables import PRINTED_TABLES
from qnnbench.results import read_rows, write_atomically

Files = Mapping[str, Sequence[str | Path]]


def write_figure(name: str, files: Files, pdf: str | Path, png: str | Path) -> None:
    """Draw one figure at the width of its column and write it as PDF and as PNG.

    Args:
        name: Of ``FIGURES``.
        files: Row files of each table that it reads.
        pdf: Where the vector pages go.
        png: Where the image goes.

    Raises:
        ValueError: Unknown figure, or a file that is no table of this version.
        FileNotFoundError: A row file is missing.
    """
    drawing = lookup(FIGURES, name, "figure")
    rows = pd.concat([read_rows(t, files.get(t, ())) for t in drawing.tables], ignore_index=True)
    figure = drawing.draw(rows, printed.layout_of(drawing.column))
    _write(pdf, printed.pdf(figure))
    _write(png, printed.png(figure))


def write_table(name: str, files: Files, csv: str | Path, tex: str | Path) -> None:
    """Write one table as CSV, whole, and as LaTeX, what fits a page.

    Args:
        name: Of ``PRINTED_TABLES``.
        files: Row files of each table that it reads.
        csv: Where all rows and columns go.
        tex: Where the printed ones go.

    Raises:
        ValueError: Unknown table, or a file that is no table of this version.
        FileNotFoundError: A row file is missing.
    """
    table = lookup(PRINTED_TABLES, name, "table")
    frames = {t: read_rows(t, files.get(t, ())) for t in table.tables}
    _write(csv, table.csv(frames).encode())
    _write(tex, table.latex(frames).encode())


def _write(path: str | Path, content: bytes) -> None:
    def write(temporary: Path) -> None:
        temporary.write_bytes(content)

    write_atomically(path, write)
