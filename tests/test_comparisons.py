"""Pairs are of one dataset, width and repeat, and say what can be read off by hand."""

import numpy as np
import pytest

from qnnbench.report.comparisons import COLUMNS, UNTRAINED, comparisons
from qnnbench.report.tables import comparisons as shown
from qnnbench.results import to_table

CELL = {"dataset": "d", "task": "classification", "n_qubits": 8, "metric": "accuracy"}
MEANS = {"record": "expectation values"}


def scored(arm, values, **other):
    """Return one row per repeat; a null value did not end well."""
    return [
        {"status": "ok" if value is not None else "failed", "repeat": repeat, "value": value}
        | CELL
        | MEANS
        | {"arm": arm, "ansatz": "tree", "untrained_value": 0.5}
        | other
        for repeat, value in enumerate(values)
    ]


def learner(arm, values, **other):
    known = {"ansatz": None, "untrained_value": None, "record": "shadows", "n_copies": 64}
    return scored(arm, values, **(known | other))


def compare(scores, rivals=()):
    frames = (
        to_table(t, r).to_pandas() for t, r in (("scores", scores), ("rivals", list(rivals)))
    )
    return {(row["arm"], row["against"]): row for row in comparisons(*frames).to_dict("records")}


def test_differences_are_taken_repeat_by_repeat():
    good, poor = [0.9, 0.8, 0.7, 0.95, 0.6], [0.5, 0.6, 0.65, 0.45, 0.7]
    pairs = compare(scored("good", good) + scored("poor", poor))
    assert set(pairs) == {("good", "poor"), ("good", UNTRAINED), ("poor", UNTRAINED)}
    row = pairs["good", "poor"]  # differences 0.4, 0.2, 0.05, 0.5, -0.1
    ends = [row[name] for name in ("median_difference", "low", "high")]
    assert ends == pytest.approx([0.2, -0.1, 0.5])
    assert (row["n_pairs"], row["n_above"], row["n_below"]) == (5, 4, 1)
    assert row["p_value"] == pytest.approx(2 * (5 + 1) / 32)
    assert pairs["good", UNTRAINED]["median_difference"] == pytest.approx(0.3)
    assert pairs["good", UNTRAINED]["p_value"] == 0.0625


def test_a_repeat_that_did_not_end_well_has_no_pair():
    good, poor = scored("good", [0.9, 0.8, 0.7]), scored("poor", [0.5, None, 0.6])
    row = compare(good + poor)["good", "poor"]
    assert row["n_pairs"] == 2
    assert (row["low"], row["high"]) == pytest.approx((0.1, 0.4))


def test_an_arm_with_one_repeat_left_is_not_compared_with_others_seeds():
    good, poor = scored("good", [0.9, 0.8, 0.7]), scored("poor", [None, 0.5, None])
    assert compare(good + poor)["good", "poor"]["n_pairs"] == 1


def test_a_learner_with_one_repeat_is_compared_with_every_repeat():
    row = compare(scored("good", [0.9, 0.8, 0.7]), learner("svm", [0.75]))["good", "svm"]
    assert (row["n_pairs"], row["n_above"], row["n_below"]) == (3, 2, 1)
    assert row["median_difference"] == pytest.approx(0.05)
    assert (row["record"], row["n_copies"]) == ("shadows", 64)


@pytest.mark.parametrize(
    "other", [{"dataset": "e"}, {"n_qubits": 16}, {"task": "reading"}, {"n_kept": 2}]
)
def test_only_one_dataset_width_task_and_rate_is_compared(other):
    pairs = compare(scored("good", [0.9]) + scored("poor", [0.5], **other))
    assert {against for _, against in pairs} == {UNTRAINED}


def test_learners_of_another_width_and_surrogates_of_networks_are_no_baselines():
    others = learner("svm", [0.7], n_qubits=16) + learner("surrogate", [0.9], ansatz="tree")
    assert set(compare(scored("good", [0.9]), others)) == {("good", UNTRAINED)}


def test_two_copies_are_compared_with_the_bits_of_both_but_not_with_other_test_states():
    pair = {"task": "two_copy_classification", "n_copies": 2}
    joint = scored("pairs", [0.62, 0.63], **pair, ansatz="pair_block")
    joint += scored("pairs", [0.9, 0.9], **pair | {"n_copies": 32}, ansatz="pair_block")
    xor = learner("xor", [0.5, 0.49], **pair, record="separate shots of two copies")
    pairs = compare(joint + xor, learner("svm", [0.5]))
    assert set(pairs) == {("pairs", UNTRAINED), ("pairs", "xor")}
    assert pairs["pairs", "xor"]["median_difference"] == pytest.approx(0.12)  # of one pair


def test_rows_without_a_score_before_training_have_no_such_baseline():
    assert compare(scored("good", [0.9], untrained_value=None)) == {}


def test_nothing_to_compare_is_an_empty_table():
    nothing = (to_table(table, []).to_pandas() for table in ("scores", "rivals"))
    found = comparisons(*nothing)
    assert found.empty
    assert list(found) == list(COLUMNS)


def test_the_table_says_what_few_repeats_cannot_show():
    frames = [
        to_table("scores", scored("good", np.full(5, 0.9))).to_pandas(),
        to_table("rivals", []).to_pandas(),
    ]
    table = shown(*frames)
    assert "Five pairs cannot give p below 0.0625" in table.caption
    (row,) = table.rows
    told = dict(zip(table.columns, [cell.text for cell in row], strict=True))
    assert told["against"] == UNTRAINED
    assert told["median difference"] == "0.400"
    assert told["p (sign test)"] == "0.062"
