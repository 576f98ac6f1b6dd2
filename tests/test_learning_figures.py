"""Learning curves compare what can be compared, with bands over repeats."""

import numpy as np
import pandas as pd
import pytest

from qnnbench.figures import FIGURES, WIDE
from qnnbench.figures.learning import LEAST, compared
from qnnbench.figures.panels import width_words
from tests.drawn_rows import frame, lines

CURVES, GRADIENTS = FIGURES["learning_curves"], FIGURES["gradient_curves"]


def steps_of(arm, n_qubits, n_repeats=1, losses=(1.0, 0.5, 0.2), **other):
    """Return steps whose loss is shifted by a tenth from repeat to repeat."""
    cell = {"dataset": "d", "task": "classification", "arm": arm, "ansatz": arm}
    return [
        {"status": "ok", "n_qubits": n_qubits, "repeat": repeat, "step": step}
        | cell
        | {"loss": loss + repeat / 10, "gradient_norm": 0.1}
        | other
        for repeat in range(n_repeats)
        for step, loss in enumerate(losses, 1)
    ]


def steps(*parts):
    return frame("steps", [row for part in parts for row in part])


def both(steps, runs):
    """Return the rows as the report joins them."""
    return pd.concat([steps, frame("runs", runs)], ignore_index=True)


def test_arms_are_shown_where_most_of_them_ran_and_at_the_largest_width():
    found = compared(
        steps(
            *(steps_of("qcnn", n) for n in (8, 32, 100)),
            *(steps_of("hea", n) for n in (8, 32)),
            steps_of("tree", 64, task="regression"),
        )
    )
    assert sorted(set(zip(found["arm"], found["n_qubits"], strict=True))) == [
        *(("hea", 32), ("qcnn", 32), ("qcnn", 100), ("tree", 64))
    ]


def test_steps_that_did_not_end_well_are_not_drawn():
    rows = steps(steps_of("qcnn", 8), steps_of("hea", 16, status="failed"))
    assert set(compared(rows)["arm"]) == {"qcnn"}


def test_of_a_grid_of_rates_the_chosen_one_is_drawn_repeat_by_repeat():
    grid = [steps_of("qcnn", 8, 2, learning_rate=rate) for rate in (0.01, 0.1)]
    cell = {"dataset": "d", "task": "classification", "arm": "qcnn", "n_qubits": 8}
    runs = [
        cell | {"status": "ok", "repeat": repeat, "learning_rate": rate}
        for repeat, rate in enumerate((0.1, 0.01))
    ]
    found = compared(both(steps(*grid), runs))
    chosen = found.groupby("repeat")["learning_rate"].unique().map(list).to_dict()
    assert chosen == {0: [0.1], 1: [0.01]}
    assert len(found) == 6  # three steps of each repeat


def test_the_band_is_the_range_of_five_repeats_about_their_median():
    rows = steps(steps_of("qcnn", 8, 5))
    loss = CURVES.draw(rows, WIDE).axes[0]
    np.testing.assert_allclose(lines(loss)["qcnn median"].get_ydata(), [1.2, 0.7, 0.4])
    (band,) = loss.collections
    ends = {(round(x, 9), round(y, 9)) for x, y in band.get_paths()[0].vertices}
    expected = {
        (k, low + reach) for k, low in ((1, 1.0), (2, 0.5), (3, 0.2)) for reach in (0, 0.4)
    }
    assert ends == {(x, round(y, 9)) for x, y in expected}


def test_panels_of_several_tasks_say_which():
    rows = steps(steps_of("qcnn", 8), steps_of("qcnn", 8, task="regression"))
    titles = [axes.get_title(loc="left") for axes in CURVES.draw(rows, WIDE).axes]
    assert titles == ["d, 8 qubits"] * 2 + ["d, 8 qubits, regression"] * 2


def test_gradients_show_the_norm_and_what_a_typical_angle_has():
    sizes = {"gradient_median": 1e-3, "gradient_q05": 0.0, "gradient_q95": 1e-2}
    rows = steps(steps_of("qcnn", 8, **sizes))
    (axes,) = GRADIENTS.draw(rows, WIDE).axes
    drawn = lines(axes)
    np.testing.assert_allclose(drawn["qcnn norm"].get_ydata(), -1)
    assert drawn["qcnn norm"].get_linestyle() == ":"
    np.testing.assert_allclose(drawn["qcnn median"].get_ydata(), -3)
    (band,) = axes.collections
    low, high = band.get_paths()[0].vertices[:, 1].min(), band.get_paths()[0].vertices[:, 1].max()
    assert (low, high) == pytest.approx((np.log10(LEAST), -2))


def test_an_optimiser_without_gradients_has_no_panel():
    rows = steps(steps_of("qcnn", 8), steps_of("pairs", 16, dataset="e", gradient_norm=None))
    assert len(GRADIENTS.draw(rows, WIDE).axes) == 1
    assert GRADIENTS.select(rows[rows["arm"] == "pairs"]).empty


def test_the_headline_names_the_gradient_of_a_plateau():
    rows = steps(steps_of("qcnn", 8), steps_of("hea", 8, gradient_norm=1e-12))
    told = GRADIENTS.headline(GRADIENTS.select(rows))
    assert "from 10^-12.0 (hea on d, 8 qubits) to 10^-1.0 (qcnn on d, 8 qubits)" in told


@pytest.mark.parametrize(
    ("widths", "words"),
    [
        ([8, 8.0], "8 qubits"),
        ([1024, 8], "8 and 1,024 qubits"),
        ([32, 8, 9, 8], "8, 9 and 32 qubits"),
        ([4, 8, 16, 32, 1024], "5 widths from 4 to 1,024 qubits"),
    ],
)
def test_widths_read_as_english(widths, words):
    assert width_words(widths) == words
