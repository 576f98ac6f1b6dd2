"""Every figure is readable at both page widths, copes with any rows and comes out the same."""

from itertools import pairwise

import pytest
from matplotlib.text import Text

from qnnbench.figures import FIGURES, NARROW, WIDE, render
from qnnbench.figures.style import style
from tests import synthetic_rows
from tests.drawn_rows import frame, study_frames, texts, together


@pytest.fixture(scope="module")
def frames():
    return study_frames()


@pytest.mark.parametrize("layout", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_no_text_is_clipped_or_overlaps(frames, figure, layout):
    drawn = figure.draw(together(figure, frames), layout)
    with style():
        drawn.draw_without_rendering()
    page = drawn.bbox
    for axes in drawn.axes:
        boxes = [Text.get_window_extent(label) for label in axes.texts]  # without the leaders
        for box in [*boxes, axes.xaxis.label.get_window_extent(), axes.title.get_window_extent()]:
            assert page.x0 <= box.x0 <= box.x1 <= page.x1
            assert page.y0 <= box.y0 <= box.y1 <= page.y1
        labels = sorted((box.y0, box.y1) for box in boxes)
        for (_, top), (bottom, _) in pairwise(labels):
            assert bottom >= top - 1  # pixel


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_every_figure_copes_with_no_rows_and_one_width(figure):
    one = {
        "trainability": synthetic_rows.trainability(widths=(8,)),
        **synthetic_rows.training(widths=(8,), repeats=1, n_steps=2),
        "rivals": synthetic_rows.rivals(widths=(8,)),
        **synthetic_rows.machines(widths=(8,)),
    }
    rows = together(figure, {table: frame(table, one[table]) for table in figure.tables})
    assert figure.headline(figure.select(rows))
    render(figure.draw(rows, NARROW), "svg")
    skipped = rows.assign(status="skipped")
    for nothing in (frame(figure.tables[0], []), skipped):
        assert figure.select(nothing).empty
        assert "to draw" in texts(figure.draw(nothing, WIDE))


def test_equal_rows_give_equal_bytes(frames):
    figure = FIGURES["compression"]
    first, second = (render(figure.draw(frames["scores"], WIDE), "svg") for _ in range(2))
    assert first == second
