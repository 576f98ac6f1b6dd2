"""Shares of repeats are counts, held against a stated bar."""

import numpy as np
import pytest

from qnnbench.figures import FIGURES, WIDE
from qnnbench.figures.success import CONTRAST_REACHED, REACHED, judged, shares
from qnnbench.results import to_table


def rows_of(values, metric="accuracy", before=0.5, **other):
    cell = {"dataset": "spt_path", "task": "classification", "arm": "a", "ansatz": "tree"}
    ends = {"chance": 0.5, "ceiling": 1.0, "untrained_value": before, "n_qubits": 8}
    return [
        {"status": "ok", "metric": metric, "repeat": i, "value": value} | cell | ends | other
        for i, value in enumerate(values)
    ]


def frame(rows):
    return to_table("scores", rows).to_pandas()


STUDY = {"dataset": "ghz_dephased", "chance": 0.0, "ceiling": 1.0}


def test_a_repeat_succeeds_most_of_the_way_from_chance_to_its_ceiling():
    bar = 0.5 + REACHED * 0.5
    found = judged(frame(rows_of([bar + 1e-9, bar - 1e-9, 1.0, 0.5])))
    assert list(found["success"]) == [True, False, True, False]
    low = judged(frame(rows_of([0.61, 0.62], ceiling=0.625)))  # bar at 0.6125
    assert list(low["success"]) == [False, True]


def test_a_contrast_has_a_bar_of_its_own_and_the_study_comes_first():
    contrasts = rows_of([CONTRAST_REACHED, 0.94, 1e-28], "contrast", 0.0, **STUDY)
    accuracies = rows_of([1.0, 1.0, 1.0], **STUDY | {"ceiling": 1.0})  # exact means tell 1e-28
    found = judged(frame(rows_of([1.0]) + accuracies + contrasts))
    assert list(found["dataset"]) == ["ghz_dephased"] * 3 + ["spt_path"]
    assert list(found["metric"]) == ["contrast"] * 3 + ["accuracy"]
    assert list(found["success"]) == [True, False, False, True]


def test_what_did_not_end_well_or_was_not_trained_counts_in_no_share():
    rows = rows_of([1.0, 1.0]) + rows_of([1.0], arm="xor", ansatz=None)
    rows[0] |= {"status": "failed"}
    (found,) = shares(judged(frame(rows))).to_dict("records")
    assert (found["arm"], found["n_true"], found["n_repeats"]) == ("a", 1, 1)


def test_shares_are_counted_by_width_and_before_training():
    rows = rows_of([1, 1, 1, 0.5, 0.5]) + rows_of([0.5] * 5, n_qubits=100, before=1.0)
    rows += rows_of([1.0], arm="b", before=None)
    found = judged(frame(rows))
    trained = shares(found).set_index(["arm", "n_qubits"])
    assert dict(trained["share"]) == {("a", 8): 0.6, ("a", 100): 0.0, ("b", 8): 1.0}
    assert trained.loc[("a", 100), "high"] == pytest.approx(1.96**2 / (5 + 1.96**2), abs=1e-3)
    before = shares(found, "untrained_success").set_index(["arm", "n_qubits"])
    assert dict(before["share"]) == {("a", 8): 0.0, ("a", 100): 1.0}


def test_the_figure_draws_shares_with_their_intervals():
    rows = []
    for n_qubits, good in ((8, 5), (100, 5)):
        for arm, n_true in (("free", good), ("only", good if n_qubits == 8 else 0)):
            values = [0.96] * n_true + [1e-28] * (5 - n_true)
            own = {"arm": arm, "n_qubits": n_qubits, "ansatz": "rg_tree"}
            rows += rows_of(values, "contrast", 0.0, **STUDY | own)
    figure = FIGURES["success"]
    (axes,) = figure.draw(frame(rows), WIDE).axes
    bars = {bar.get_label(): bar.lines for bar in axes.containers}
    assert set(bars) == {"free", "only"}
    np.testing.assert_array_equal(bars["free"][0].get_ydata(), [1, 1])
    np.testing.assert_array_equal(bars["only"][0].get_ydata(), [1, 0])
    low, high = bars["only"][2][0].get_segments()[1][:, 1]
    assert (low, high) == (pytest.approx(0, abs=1e-9), pytest.approx(0.434, abs=1e-3))
    hollow = {line.get_label(): line for line in axes.get_lines()}
    np.testing.assert_array_equal(hollow["free untrained"].get_ydata(), [0, 0])
    assert axes.get_title(loc="left") == "ghz_dephased, contrast"
    told = figure.headline(figure.select(frame(rows)))
    assert "5 of 5 [0.57, 1.00] (free), 0 of 5 [0.00, 0.43] (only)" in told


def test_tasks_on_one_dataset_have_a_panel_each_and_say_so():
    rows = rows_of([0.99]) + rows_of([0.6], task="two_copy_classification", arm="b")
    titles = [
        axes.get_title(loc="left") for axes in FIGURES["success"].draw(frame(rows), WIDE).axes
    ]
    assert titles == [
        "spt_path, accuracy, classification",
        "spt_path, accuracy, two copy classification",
    ]
