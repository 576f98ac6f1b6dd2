"""Regression: the head is scikit-learn's, R² and its interval are what they say."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.states.datasets import build_dataset
from qnnbench.tasks.losses import readout_observables
from qnnbench.tasks.regression import LinearHead, r_squared
from qnnbench.tasks.scores import paired_difference, r_squared_score
from qnnbench.training.scoring import scorer
from qnnbench.training.settings import Settings
from tests.circuits import cirq_values

SIZES = {"train": 12, "validation": 8, "test": 20}


def dense_features(network, params, states):
    assignment = dict(zip(network.symbols, params, strict=True))
    reads = list(readout_observables(network))
    return np.array(
        [
            cirq_values(network.circuit, reads, assignment, s.state_vector(), network.n_qubits)
            for s in states
        ]
    )


@pytest.mark.parametrize("n_features", [1, 3, 20])  # 20 > 12: the shortest of many fits
def test_head_is_least_squares(n_features):
    rng = np.random.default_rng(n_features)
    features, unseen = rng.normal(size=(2, 12, n_features)) + 3.0
    targets = rng.normal(size=12)
    expected = LinearRegression().fit(features, targets)
    head = LinearHead.fit(features, targets)
    np.testing.assert_allclose(head.predict(unseen), expected.predict(unseen), atol=1e-10)


def test_a_feature_that_does_not_vary_is_not_used():
    targets = np.array([1.0, 2.0, 4.0])
    head = LinearHead.fit(np.full((3, 2), 0.3), targets)
    np.testing.assert_allclose(head.predict(np.full((2, 2), 0.3)), targets.mean())


def test_test_row_is_that_of_dense_means_and_scikit_learn():
    dataset = build_dataset("spt_path", 5, SIZES, seed=0)
    network = build_ansatz("rg_tree", 5)
    trained, untrained = np.random.default_rng(2).uniform(0, 6, size=(2, len(network.symbols)))
    judge = scorer("regression", network, dataset, Settings())
    (row,), error = judge.test(trained, untrained, np.random.default_rng(0), 16)
    train, test = dataset.select("train"), dataset.select("test")
    values = []
    for params in (trained, untrained):
        head = LinearRegression().fit(dense_features(network, params, train.states), train.targets)
        unseen = dense_features(network, params, test.states)
        values.append(r2_score(test.targets, head.predict(unseen)))
    constant = np.full(20, train.targets.mean())
    assert (row["value"], row["untrained_value"]) == pytest.approx(tuple(values), abs=1e-8)
    assert row["paired_difference"] == pytest.approx(values[0] - values[1], abs=1e-8)
    assert row["chance"] == pytest.approx(r2_score(test.targets, constant))
    assert row["lower"] < row["value"] < row["upper"] <= row["ceiling"] == 1
    assert error == 0


def test_bootstrap_interval_holds_the_truth_nineteen_times_in_twenty():
    # Predictions are the targets plus noise of variance 1/2: R² is 1/2. The percentile
    # interval of 60 states covers somewhat less than 95 %; the binomial σ of 300 is 1.3 %.
    rng = np.random.default_rng(5)
    covered = []
    for _ in range(300):
        targets = rng.normal(size=60)
        predictions = targets + rng.normal(size=60) * np.sqrt(0.5)
        row = r_squared_score(targets, predictions, np.arange(60), 0.0, rng)
        covered.append(row["lower"] <= 0.5 <= row["upper"])
    assert 0.87 <= np.mean(covered) <= 0.99


def test_copies_of_a_state_narrow_no_interval():
    targets, predictions, groups = *np.random.default_rng(0).normal(size=(2, 12)), np.arange(12)
    few = r_squared_score(targets, predictions, groups, 0.0, np.random.default_rng(1))
    copied = (np.repeat(values, 50) for values in (targets, predictions, groups))
    many = r_squared_score(*copied, 0.0, np.random.default_rng(1))
    for end in ("value", "lower", "upper"):
        assert many[end] == pytest.approx(few[end], rel=1e-9)
    _, lower = paired_difference(targets, predictions)
    repeated = [np.repeat(values, 50) for values in (targets, predictions)]
    assert paired_difference(*repeated, np.repeat(groups, 50))[1] == pytest.approx(lower)
    assert paired_difference(*repeated)[1] > lower + 0.1


def test_intervals_are_over_couplings_where_states_share_them():
    # Samples of one coupling are one ground state up to noise: here 4 couplings stand for 20.
    found = build_dataset("spt_path", 5, SIZES, seed=0)
    dataset = replace(found, couplings=np.copysign(1 + (found.couplings > 0.5), found.couplings))
    network = build_ansatz("rg_tree", 5)
    angles, idle = np.random.default_rng(2).uniform(0, 6, size=(2, len(network.symbols)))
    judge = scorer("regression", network, dataset, Settings())
    (row,), _ = judge.test(angles, idle, np.random.default_rng(0), 16)
    train, test = dataset.select("train"), dataset.select("test")
    head = LinearHead.fit(dense_features(network, angles, train.states), train.targets)
    predictions = head.predict(dense_features(network, angles, test.states))
    for groups, agrees in ((test.couplings, True), (np.arange(20), False)):
        rng = np.random.default_rng(0)
        expected = r_squared_score(test.targets, predictions, groups, 0.0, rng)
        assert (row["lower"] == pytest.approx(expected["lower"], abs=1e-8)) is agrees


def test_equal_seeds_give_equal_intervals():
    targets, predictions = np.random.default_rng(0).normal(size=(2, 30))
    first, again, other = (
        r_squared_score(targets, predictions, np.arange(30), 0.0, np.random.default_rng(s))
        for s in (1, 1, 2)
    )
    assert first == again
    assert first["lower"] != other["lower"]
    assert first["value"] == other["value"] == pytest.approx(r2_score(targets, predictions))
    assert r_squared(targets, targets) == 1


@pytest.mark.parametrize("name", ["ghz_dephased", "two_state"])
def test_states_without_targets_are_declined_before_training(name):
    network, dataset = build_ansatz("qcnn", 4), build_dataset(name, 4, seed=0)
    with pytest.raises(ValueError, match=f"{name!r} has states without one.*'spt_path'"):
        scorer("regression", network, dataset, Settings())
