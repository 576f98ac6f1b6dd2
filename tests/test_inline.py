"""Panels on the page: their marks, what stands at each, and what is cut to keep it small."""

import json
import re

import numpy as np

from qnnbench.figures import WIDE, render
from qnnbench.figures.panels import panels
from qnnbench.figures.points import tell
from qnnbench.report.inline import Shared, inline, relative


def test_a_panel_holds_its_own_colour_bar_and_not_that_of_its_neighbour():
    figure, axes = panels([["a"], ["b"], ["c"]], WIDE, 2.0)
    for own, name in zip(axes, "abc", strict=True):
        own.set_title(f"panel {name}")
        own.inset_axes((1.1, 0, 0.1, 1)).set_title(f"bar {name}")
    shown = inline(figure, render(figure, "png"), "bars", {}, Shared())
    for (_, markup), name in zip(shown.panels, "abc", strict=True):
        assert set(re.findall(">((?:panel|bar) .)<", markup)) == {f"panel {name}", f"bar {name}"}


def three_panels(n_marks=3):
    """Return a figure of three panels that say what their marks are, and its PNG."""
    figure, axes = panels([["a"]] * 3, WIDE, height_in=2)
    x = np.arange(n_marks)
    for i, panel in enumerate(axes):
        panel.set_title(f"panel {i}", loc="left")
        panel.plot(x, x % 7, "o")
        tell(panel, "a", x, x % 7, ["run"] * n_marks)
    return figure, render(figure, "png")


def test_a_heavy_panel_is_a_picture_that_still_says_what_its_points_are():
    figure, png = three_panels(20_000)
    shown = inline(figure, png, "a", {"run": 0}, Shared())
    for _, markup in shown.panels:
        assert '<image class="pixels"' in markup
        assert "<use" not in markup
        assert '["a",[[' in markup
    light, png = three_panels()
    for _, markup in inline(light, png, "a", {"run": 0}, Shared()).panels:
        assert "<image" not in markup


def test_panels_beyond_the_room_of_a_figure_are_counted(monkeypatch):
    figure, png = three_panels()
    whole = inline(figure, png, "a", {}, Shared())
    assert ([title for title, _ in whole.panels], whole.n_left_out) == (
        ["panel 0", "panel 1", "panel 2"],
        0,
    )
    two = len(whole.panels[0][1]) + len(whole.panels[1][1])
    monkeypatch.setattr("qnnbench.report.inline.FIGURE_BYTES", two)
    assert inline(figure, png, "a", {}, Shared()).n_left_out == 1
    monkeypatch.setattr("qnnbench.report.inline.FIGURE_BYTES", 0)
    assert inline(figure, png, "a", {}, Shared()).n_left_out == 2  # one is always there


def outline(markup):
    """Return the points of the longest path of a panel, absolute, in points."""
    path = max(re.findall(r'd="M([^"]*)"', markup), key=len)
    steps = [float(n) for n in re.findall(r"-?\d*\.?\d+", path)]
    return np.cumsum(np.reshape(steps, (-1, 2)), axis=0)


def test_points_lie_where_the_marks_are_drawn():
    figure, axes = panels([["a"]] * 4, WIDE, height_in=2)
    x, y = np.arange(40.0), np.sin(np.arange(40.0))
    for panel in axes:
        panel.plot(x, y)
        tell(panel, "a", x, y, ["run"] * 40)
    shown = inline(figure, render(figure, "png"), "a", {"run": 0}, Shared())
    for _, markup in shown.panels:
        told = json.loads(re.search(r"json\">(.*)</script>", markup)[1])
        places = np.array([mark[:2] for mark in told[2][0][1]])
        np.testing.assert_allclose(outline(markup), places, atol=0.11)


def test_steps_of_a_path_do_not_drift():
    rng = np.random.default_rng(0)
    places = rng.normal(size=(4000, 2)).cumsum(axis=0)
    said = "".join(f"{'L' if i else 'M'} {x} {y} \n" for i, (x, y) in enumerate(places))
    written = relative(said)
    steps = [float(n) for n in re.findall(r"-?\d*\.?\d+", written)]
    ends = np.cumsum(np.reshape(steps, (-1, 2)), axis=0)
    np.testing.assert_allclose(ends[-1], places[-1], atol=0.051)
    is_still = (np.diff(np.round(places, 1), axis=0) == 0).all(axis=1)  # such steps are left out
    assert len(ends) == len(places) - is_still.sum()
