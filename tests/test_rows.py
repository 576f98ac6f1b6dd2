"""Rows of trainability: what was measured, said in columns."""

import numpy as np
import pytest

from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.moments.rows import (
    class_representatives,
    closed_form_row,
    is_tied,
    log10_mean,
    measured_row,
    trainability_row,
)
from qnnbench.results import to_table
from qnnbench.states.datasets import build_dataset

CELL = {"observable_index": 0, "tolerance": 1e-3, "max_bond_dim": 64}
SAMPLED = {**CELL, "n_samples": 60, "sampled": True, "seed": 3}


def frame(rows):
    return to_table("trainability", rows).to_pandas()


@pytest.mark.parametrize(
    ("ansatz", "options", "tied"),
    [
        ("hea", {}, False),
        ("tree", {"sharing": "none"}, False),
        ("tree", {"sharing": "layer"}, True),
        ("qcnn", {"sharing": "layer"}, True),
        ("qcnn", {"sharing": "none"}, False),
        ("brickwork", {"sharing": "layer", "n_layers": 1}, True),
    ],
)
def test_tied_is_measured_from_the_circuit(ansatz, options, tied):
    assert is_tied(build_ansatz(ansatz, 4, **options)) is tied


def test_sharing_that_shares_nothing_ties_nothing():
    assert not is_tied(build_ansatz("tree", 2, sharing="layer"))  # one block


def test_mean_median_and_maximum_are_over_all_symbols():
    row = trainability_row(build_ansatz("hea", 4, n_layers=2))
    variances = 10 ** np.array(row["log10_gradient_variance"])
    assert (variances == 0).any()  # the last RZ are idle, and count
    expected = {
        "mean": variances.mean(),
        "median": np.median(variances),
        "max": variances.max(),
    }
    for name, value in expected.items():
        assert 10 ** row[f"log10_gradient_variance_{name}"] == pytest.approx(value, rel=1e-9)
    assert row["log10_shots"] == pytest.approx(-np.log10(variances.mean()))
    assert (row["tied"], row["n_samples"], row["chain"]) == (False, 0, "strings")


def test_a_mean_of_tiny_numbers_does_not_underflow():
    assert log10_mean(np.array([-400.0, -400.0, -np.inf])) == pytest.approx(-400 + np.log10(2 / 3))
    assert log10_mean(np.array([-np.inf])) == -np.inf


def test_a_sampled_row_has_intervals_quantiles_and_its_number_of_draws():
    network = build_ansatz("hea", 3, n_layers=1)
    row = measured_row(SAMPLED, network, "uniform")
    frame([{"status": "ok", **row}])  # every column is known
    assert (row["method"], row["n_samples"]) == ("monte-carlo", 60)
    for name in ("log10_variance", "log10_gradient_variance_mean"):
        assert row[f"{name}_lower"] < row[name] < row[f"{name}_upper"]
    assert row["gradient_size_q05"] <= row["gradient_size_median"] <= row["gradient_size_q95"]
    assert 0 <= row["visible_share"] <= 1
    assert measured_row(SAMPLED, network, "uniform") == row  # the seed is in the cell
    other = measured_row({**SAMPLED, "seed": 4}, network, "uniform")
    assert other["log10_variance"] != row["log10_variance"]


def test_blocks_without_angles_have_no_gradients():
    row = measured_row(CELL, build_ansatz("tree", 4, sharing="none"), "haar_blocks")
    assert not [name for name in row if "gradient" in name]
    assert "log10_shots" not in row


def test_what_cannot_be_computed_is_a_row_with_a_reason():
    network = build_ansatz("qcnn", 8, sharing="layer", pooling="discard")
    row = measured_row(CELL, network, "uniform")
    assert (row["status"], row["tied"]) == ("skipped", True)
    assert row["reason"]
    wide = build_dataset("cluster_ising", 8, {"train": 2, "validation": 2, "test": 2}, seed=1)
    row = measured_row(CELL, build_ansatz("tree", 8, sharing="none"), "uniform", wide)
    assert row["status"] == "skipped"
    assert "bond" in row["reason"]


def test_a_contrast_is_between_the_first_clean_state_of_each_class():
    data = build_dataset("ghz_dephased", 4, seed=1)
    a, b = class_representatives(data)
    assert a is data.noiseless.states[0]
    assert b is data.noiseless.states[1]
    clean = build_dataset("spt_path", 4, seed=1)
    assert clean.noiseless is None
    a, b = class_representatives(clean)
    chosen = [next(i for i, s in enumerate(clean.states) if s is state) for state in (a, b)]
    assert clean.labels[chosen].tolist() == [0, 1]


def test_a_closed_form_brings_its_network_along():
    row = closed_form_row("product_global", 6)
    frame([{"status": "ok", **row}])
    assert (row["ansatz"], row["observable"], row["n_layers"]) == ("hea", "global", 1)
    assert row["method"] == "closed-form"
    with pytest.raises(ValueError, match="Did you mean 'haar_tree'"):
        closed_form_row("haar_tre", 6)
