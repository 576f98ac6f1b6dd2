"""Figures for print: column widths, legible letters, units, intervals, embedded fonts."""

import re
import zlib
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from qnnbench.figures import FIGURES, printed
from qnnbench.figures.printed import COLUMN_MM, PAGE_MM, REDUCTION, layout_of
from qnnbench.figures.style import style
from tests.drawn_rows import study_frames, together

LEAST_PT = 6.0  # of a letter in print, as Nature asks (5 to 7) and APS allows
UNIT = re.compile(r"\((qubits|rad⁻¹|rad⁻²|fraction|probability|dimensionless|count|index|layers)")


@pytest.fixture(scope="module")
def drawn():
    """Return every figure of a whole study at the width it declares, laid out."""
    figures = {}
    for name, drawing in FIGURES.items():
        figure = drawing.draw(together(drawing, study_frames()), layout_of(drawing.column))
        with style():
            figure.draw_without_rendering()
        figures[name] = figure
    return figures


@pytest.fixture(params=FIGURES)
def figure(request, drawn):
    return drawn[request.param]


def shown_texts(figure):
    """Return the texts that can be seen."""
    found = figure.findobj(lambda artist: isinstance(artist, Text))
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def panels(figure):
    """Return axes and the colour scales inside them."""
    return [*figure.axes, *(scale for axes in figure.axes for scale in axes.child_axes)]


def pages(content):
    """Return width and height of each page in mm."""
    boxes = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", content)
    return [(float(w) / 72 * 25.4, float(h) / 72 * 25.4) for w, h in boxes]


def drawings(content):
    """Return what each page draws, as operators of PDF."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    texts = []
    for stream in streams:
        try:
            texts.append(zlib.decompress(stream))
        except zlib.error:
            continue  # an image or a font
    return [text for text in texts if re.search(rb"0\.787 0 0 0\.787 0 \S+ cm", text)]


@pytest.mark.parametrize("column", COLUMN_MM)
def test_lines_and_markers_reach_the_far_corner_of_a_page(column):
    layout = layout_of(column)
    figure = Figure(figsize=(layout.width_in, 4.0))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.plot([0.02, 0.99], [0.02, 0.98], marker="o")
    (drawn,) = drawings(printed.pdf(figure))
    x, y = 0.99 * layout.width_in * 72, 0.98 * 4.0 * 72  # in points, before the reduction
    numbers = re.findall(rb"([\d.]+) ([\d.]+) l\b", drawn)
    assert min(abs(float(a) - x) + abs(float(b) - y) for a, b in numbers) < 0.1
    steps = re.findall(rb"1 0 0 1 ([-\d.]+) ([-\d.]+) cm\s+/M\d+ Do", drawn)
    places = np.cumsum(np.array(steps, float), axis=0)  # each marker moves on from the last
    assert len(places) == 2
    np.testing.assert_allclose(places[-1], [x, y], atol=0.1)


def test_every_letter_is_legible_in_print(figure):
    sizes = {text.get_text(): text.get_fontsize() * REDUCTION for text in shown_texts(figure)}
    assert min(sizes.values()) >= LEAST_PT, sizes


def test_every_axis_has_a_label_with_its_unit(figure):
    assert figure.axes
    for axes in figure.axes:
        labels = [axes.get_xlabel()]
        if len(axes.get_yticks()):
            labels.append(axes.get_ylabel())
        for scale in axes.child_axes:
            labels.append(scale.get_title(loc="left").replace("log₁₀ of ", ""))
        for label in labels:
            assert UNIT.search(label), label


def test_nothing_reaches_over_the_edge(figure):
    with style():
        tight = figure.get_tightbbox()  # inches
    width, height = figure.get_size_inches()
    assert min(tight.x0, tight.y0, width - tight.x1, height - tight.y1) >= 0, tight


def test_no_tick_label_lies_on_another(figure):
    for axes in panels(figure):
        for axis, side in ((axes.xaxis, 0), (axes.yaxis, 1)):
            low, high = sorted(axis.get_view_interval())
            boxes = [
                label.get_window_extent()
                for place, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
                if low <= place <= high and label.get_text()
            ]
            ends = sorted((box.get_points()[0, side], box.get_points()[1, side]) for box in boxes)
            for (_, end), (start, _) in pairwise(ends):
                assert start >= end - 0.5, axes.get_title(loc="left")  # pixel


def interval_heights(figure):
    """Return the heights of every bar and band, as the data have them."""
    found = []
    for axes in figure.axes:
        for bars in axes.containers:
            for side in bars.lines[2]:
                found += [float(np.ptp(segment)) for segment in side.get_segments()]
        found += [
            float(np.ptp(path.vertices))
            for band in axes.collections
            if type(band).__name__ in ("FillBetweenPolyCollection", "PolyCollection")
            for path in band.get_paths()
        ]
    return found


def has_intervals(rows):
    pairs = [
        (rows[low].astype(float), rows[low.replace("lower", "upper")].astype(float))
        for low in rows
        if low.endswith("lower") and low.replace("lower", "upper") in rows
    ]
    return any(((high - low) > 0).any() for low, high in pairs)


@pytest.mark.parametrize("name", FIGURES)
def test_what_was_sampled_is_drawn_with_its_interval(drawn, name):
    drawing = FIGURES[name]
    rows = drawing.select(together(drawing, study_frames()))
    if has_intervals(rows) and name not in DRAWS_EXACT_ROWS:
        assert any(height > 0 for height in interval_heights(drawn[name]))
    else:
        assert name in {*DRAWS_EXACT_ROWS, *BY_REPEATS}


DRAWS_EXACT_ROWS = {"gradient_map", "variance_by_depth", "initial_laws", "loss_and_contrast"}
BY_REPEATS = {"learning_curves", "gradient_curves", "success", "preparation", "decoding"}


@pytest.mark.parametrize("name", sorted(BY_REPEATS))
def test_repeats_are_drawn_with_what_they_spread(drawn, name):
    assert any(height > 0 for height in interval_heights(drawn[name]))


@pytest.mark.parametrize("name", ["accuracy", "compression", "regression", "label_free"])
def test_scores_stand_between_chance_and_ceiling(drawn, name):
    labels = {line.get_label() for axes in drawn[name].axes for line in axes.get_lines()}
    assert any(label.startswith("chance") for label in labels)
    assert any(label.startswith("ceiling") for label in labels)


@pytest.mark.parametrize("name", FIGURES)
def test_pages_have_the_width_of_the_declared_column_and_fit_a_page(drawn, name):
    for width, height in pages(printed.pdf(drawn[name])):
        assert width == pytest.approx(COLUMN_MM[FIGURES[name].column], abs=0.1)
        assert height <= PAGE_MM + 0.1


def test_a_figure_higher_than_a_page_is_cut_between_its_panels(drawn):
    tall = max(drawn.values(), key=lambda figure: figure.get_size_inches()[1])
    content = printed.pdf(tall)
    height = tall.get_size_inches()[1] * 25.4 * REDUCTION
    assert height > PAGE_MM
    heights = [h for _, h in pages(content)]
    assert sum(heights) == pytest.approx(height, abs=0.2)  # nothing twice, nothing lost
    found = [re.search(rb"0\.787 0 0 0\.787 0 (-?[\d.]+) cm", text) for text in drawings(content)]
    moves = [float(match[1]) / 72 * 25.4 for match in found]
    bottoms = height - np.cumsum(heights)
    np.testing.assert_allclose(moves, -bottoms, atol=0.2)
    assert all(axes.get_visible() for axes in tall.axes)


def test_fonts_are_embedded_as_truetype_and_nothing_tells_when_or_by_what(drawn):
    content = printed.pdf(drawn["compression"])
    assert b"/FontFile2" in content
    assert b"/Type3" not in content
    assert b"/CreationDate" not in content
    assert b"/Producer" not in content
    assert mpl.__version__.encode() not in content


def test_equal_rows_give_equal_files(drawn):
    again = FIGURES["rate"].draw(together(FIGURES["rate"], study_frames()), layout_of("single"))
    assert printed.pdf(again) == printed.pdf(drawn["rate"])
    assert printed.png(again) == printed.png(drawn["rate"])


def test_an_image_has_the_printed_size(drawn):
    content = printed.png(drawn["rate"])
    width = int.from_bytes(content[16:20], "big")
    assert width / printed.IMAGE_DPI * 25.4 == pytest.approx(COLUMN_MM["single"], abs=0.2)
    place = content.index(b"pHYs") + 4
    per_metre = int.from_bytes(content[place : place + 4], "big")
    assert per_metre == pytest.approx(printed.IMAGE_DPI / 0.0254, abs=1)


def test_an_unknown_column_is_answered_with_those_there_are():
    with pytest.raises(ValueError, match=r"No column named 'doble'\. Did you mean 'double'"):
        layout_of("doble")


def test_exact_curves_are_lines_and_sampled_ones_points(drawn):
    panels_drawn = drawn["gradient_variance"].axes
    for axes in panels_drawn:
        sampled = [bars for bars in axes.containers if "sampled" in bars.get_label()]
        marks = {id(bars.lines[0]) for bars in sampled}
        for line in axes.get_lines():
            if len(line.get_xdata()) > 1 and id(line) in marks:
                assert line.get_linestyle() == "None"
    assert any(axes.containers for axes in panels_drawn)


def test_rows_alone_are_read(drawn):
    rows = together(FIGURES["accuracy"], study_frames())
    before = pd.util.hash_pandas_object(rows.astype(str)).sum()
    FIGURES["accuracy"].draw(rows, layout_of("double"))
    assert pd.util.hash_pandas_object(rows.astype(str)).sum() == before
