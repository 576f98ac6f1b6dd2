"""Rows of verdicts: how the curves of trainability rows scale."""

import numpy as np
import pandas as pd
import pytest

from qnnbench.moments.verdict_rows import verdict_rows
from qnnbench.results import to_table
from tests import synthetic_rows


def frame(rows):
    return to_table("trainability", rows).to_pandas()


def verdicts(curve):
    rows = frame(synthetic_rows.trainability())
    return verdict_rows(rows[rows["curve"] == curve])


def test_a_curve_has_a_verdict_on_its_loss_and_on_its_gradients():
    loss, gradient = verdicts("hea_global_uniform")
    assert (loss["quantity"], gradient["quantity"]) == ("loss variance", "mean gradient variance")
    assert loss["verdict"] == gradient["verdict"] == "exponential"
    assert gradient["log10_rate"] == pytest.approx(0.592)
    assert gradient["log10_rate_lower"] <= 0.592 <= gradient["log10_rate_upper"] + 1e-12
    assert (gradient["n_qubits"], gradient["n_widths"]) == (100, 4)
    assert gradient["log10_shots"] == pytest.approx(60.2)
    to_table("verdicts", [{"status": "ok", **row} for row in (loss, gradient)])


def test_a_contrast_has_verdicts_of_its_own_name():
    quantities = [row["quantity"] for row in verdicts("tree_ghz_dephased")]
    assert quantities == ["contrast variance", "mean gradient variance of the contrast"]


def test_each_depth_of_a_scan_is_judged_alone():
    assert verdicts("hea_local_depths") == []  # one width
    rows = [
        synthetic_rows.moment("hea", "local", "uniform", n, depth, -0.1 * depth * n, 0.1)
        | {"curve": "c"}
        for n in (16, 32, 64, 100)
        for depth in (2, 4)
    ]
    found = verdict_rows(frame(rows))
    assert [row["n_layers"] for row in found] == [2, 2, 4, 4]
    assert [row["log10_rate"] for row in found] == pytest.approx([0.2, 0.2, 0.4, 0.4])
    to_table("verdicts", [{"status": "ok", **row} for row in found])


def test_each_law_and_contrast_of_a_curve_is_judged_alone():
    rows = frame(synthetic_rows.trainability())
    rows = rows[rows["ansatz"].eq("hea") & rows["observable"].eq("global")]
    rows = rows[rows["n_samples"].eq(0)].assign(curve="all")
    found = verdict_rows(rows)
    laws = {row["angles"]: row["verdict"] for row in found if row["quantity"] == "loss variance"}
    assert laws == dict.fromkeys(
        ("uniform", "gaussian_1_over_l", "small", "identity_blocks"), "exponential"
    )


def test_a_sampled_curve_needs_the_median_too():
    widths = (16, 32, 64, 100)
    rows = []
    for n in widths:
        own = synthetic_rows.moment("qcnn", "parity", "uniform", n, None, -2 * np.log10(n), 0.1)
        own |= synthetic_rows.sampled(own)
        rows.append(own | {"curve": "c", "tied": True, "gradient_size_median": 10.0 ** (-0.7 * n)})
    for row in verdict_rows(frame(rows)):
        assert row["verdict"] == "exponential in the median"
        assert row["median_verdict"] == "exponential"
        assert row["tied"] is True


def test_exact_and_sampled_widths_of_one_curve_are_judged_apart():
    def row(n):
        return synthetic_rows.moment("tree", "z_root", "uniform", n, None, -0.3 * n, 0.1)

    exact = [row(n) | {"curve": "c", "method": "exact"} for n in (16, 24, 32, 48, 64)]
    drawn = row(100)
    drawn |= synthetic_rows.sampled(drawn) | {"curve": "c"}
    rows = frame([drawn, *exact])
    skipped = rows.tail(1).assign(status="skipped", n_qubits=128, n_samples=None)
    loss, gradient, *of_draws = verdict_rows(pd.concat([rows, skipped]))
    for found in (loss, gradient):
        assert (found["verdict"], found["n_widths"], found["n_qubits"]) == ("exponential", 5, 64)
        assert (found["method"], found["median_verdict"]) == ("exact", None)
    assert [found["method"] for found in of_draws] == ["monte-carlo"] * 2
    assert [found["verdict"] for found in of_draws] == ["undecided"] * 2


def test_a_skipped_curve_is_undecided_and_says_how_many_widths_it_has():
    rows = frame(synthetic_rows.trainability()).assign(status="skipped")
    found = verdict_rows(rows[rows["curve"] == "hea_global_uniform"])
    assert {row["verdict"] for row in found} == {"undecided"}
    assert {row["n_widths"] for row in found} == {0}
