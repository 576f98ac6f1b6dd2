"""Figures as journals print them: vector pages at the width of a column, and one image."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import cast

from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.backends.backend_pdf import Op, PdfFile, RendererPdf
from matplotlib.figure import Figure

from qnnbench.figures.panels import BOTTOM_IN, Layout
from qnnbench.figures.style import style
from qnnbench.registry import lookup

COLUMN_MM = {"single": 86.0, "double": 178.0}
PAGE_MM = 240.0  # what a page holds in height
REDUCTION = 0.787  # figures are drawn for the page of the report and printed smaller
IMAGE_DPI = 300  # of PNG files at the printed size

_INCH_MM = 25.4
_NO_METADATA = {"Creator": None, "Producer": None, "CreationDate": None}


def layout_of(column: str) -> Layout:
    """Return the layout that fills a column, "single" or "double", once it is reduced.

    Raises:
        ValueError: No such column.
    """
    width_mm = lookup(COLUMN_MM, column, "column")
    return Layout(width_mm / _INCH_MM / REDUCTION, 1 if column == "single" else 2)


@dataclass(frozen=True)
class _Page:
    """A strip of a figure, in inches from its lower edge, and the axes on it."""

    bottom: float
    top: float
    axes: list[Axes]


def _pages(figure: Figure) -> Iterator[_Page]:
    """Cut a figure between its lines of panels where it is higher than a page."""
    height = figure.get_size_inches()[1]
    most = PAGE_MM / _INCH_MM / REDUCTION
    lines: dict[float, list[Axes]] = {}
    for axes in figure.axes:
        bottom = round(float(axes.get_position().y0) * height - BOTTOM_IN, 3)
        lines.setdefault(bottom, []).append(axes)
    if height <= most or not lines:
        yield _Page(0.0, height, list(figure.axes))
        return
    top, bottom = height, height
    held: list[Axes] = []
    for below in sorted(lines, reverse=True):
        if held and top - below > most:
            yield _Page(bottom, top, held)
            top, held = bottom, []
        bottom = below
        held = [*held, *lines[below]]
    yield _Page(0.0, top, held)


def pdf(figure: Figure) -> bytes:
    """Return a figure as PDF, its text as embedded TrueType; equal rows give equal bytes.

    What is higher than a page goes on several, cut between lines of panels.
    """
    content = BytesIO()
    width, height = figure.get_size_inches()
    everything = list(figure.axes)
    figure.set_dpi(72)  # points of PDF
    with style():
        file = PdfFile(content, metadata=_NO_METADATA)
        for page in _pages(figure):
            for axes in everything:
                axes.set_visible(axes in page.axes)
            file.newPage(REDUCTION * width, REDUCTION * (page.top - page.bottom))
            file.width, file.height = width, height  # what lies outside is not written
            shift = -72 * REDUCTION * page.bottom
            file.output(REDUCTION, 0, 0, REDUCTION, 0, shift, Op.concat_matrix)
            ink = RendererPdf(file, IMAGE_DPI, height, width)
            renderer = MixedModeRenderer(figure, width, height, IMAGE_DPI, ink)
            figure.draw(cast(RendererBase, renderer))  # it passes on what one is asked
            renderer.finalize()
        file.finalize()
        file.close()
    for axes in everything:
        axes.set_visible(True)
    return content.getvalue()


def png(figure: Figure) -> bytes:
    """Return a whole figure as one image of ``IMAGE_DPI``; equal rows give equal bytes."""
    content = BytesIO()
    resolution = {"dpi": (IMAGE_DPI, IMAGE_DPI)}
    with style():
        figure.savefig(
            content,
            format="png",
            dpi=IMAGE_DPI * REDUCTION,
            metadata={"Software": None},
            pil_kwargs=resolution,
        )
    return content.getvalue()
