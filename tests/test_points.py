"""What marks say: numbers in words, where they lie, whose runs are behind them."""

import re
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from qnnbench.figures import WIDE
from qnnbench.figures.panels import cells, panels
from qnnbench.figures.points import plain, power, runs_by, tell

DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def read(said):
    """Return the number that a text says, exactly."""
    digits, _, exponent = said.replace("−", "-").replace(",", "").partition(" × 10")
    return Decimal(digits) * Decimal(10) ** int(exponent.translate(DIGITS) or 0)


@pytest.mark.parametrize("exponent", [-310.27, -60.5, -4, -3.001, -0.5, 0, 0.004, 1.9999, 5.3])
def test_powers_say_the_number_to_two_digits(exponent):
    exact = Decimal(10) ** Decimal(exponent)
    assert abs(read(power(exponent)) / exact - 1) < Decimal("0.051")
    assert re.fullmatch(r"[\d.]+( × 10[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)?", power(exponent))


@pytest.mark.parametrize("value", [0, 1, 0.98, -0.25, 1234.5, -2.04e-28, 9.99e-4])
def test_plain_numbers_say_the_number_to_three_decimals_or_two_digits(value):
    bound = max(5.1e-4, 0) if abs(value) >= 1e-3 else 0.051 * abs(value)
    assert abs(float(read(plain(value))) - value) <= bound


def test_marks_that_are_not_drawn_say_nothing():
    _, (panel,) = panels([["a"]], WIDE, height_in=2)
    ends = pd.DataFrame({"low": [0.1, 0.2, np.nan], "high": [0.3, 0.4, np.nan]})
    tell(panel, "a", [4, 8, 100], [0.2, np.nan, 0.5], ["r1", "r2", np.nan], ends=ends)
    (curve,) = panel.told
    said = [(point.at, point.value, point.runs) for point in curve.points]
    assert said == [("4", "0.200 [0.100, 0.300]", ("r1",)), ("100", "0.500", ())]


def test_axes_that_are_no_panels_keep_silent():
    axes = Figure().add_subplot()
    tell(axes, "a", [1], [1], ["run"])
    assert not hasattr(axes, "told")


def test_runs_stand_at_the_place_of_their_rows():
    rows = pd.DataFrame({"step": [1, 1, 2], "run_id": ["a", "b", "a"]})
    assert runs_by(rows, "step", [2, 1]) == [("a",), ("a", "b")]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_cells_cover_the_figure_and_hold_their_axes(count):
    figure, axes = panels([["label"]] * count, WIDE, height_in=2)
    width, height = 72 * figure.get_size_inches()
    found = cells(figure)
    assert [panel for panel, _ in found] == axes
    boxes = np.array([box for _, box in found])
    n_lines = -(-count // 2)
    np.testing.assert_allclose(boxes[:, 2], width / min(count, 2))
    np.testing.assert_allclose(boxes[:, 3], height / n_lines)
    assert len({tuple(np.round(box[:2], 6)) for box in boxes}) == count
    assert (boxes[:, :2] > -1e-9).all()
    assert (boxes[:, 0] + boxes[:, 2] < width + 1e-6).all()
    assert (boxes[:, 1] + boxes[:, 3] < height + 1e-6).all()
