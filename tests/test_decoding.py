"""Decoding: every error of small codes, lightest errors, dense networks, matching left out."""

import itertools
import sys

import cirq
import numpy as np
import pytest

from qnnbench.backends import Limits
from qnnbench.results import to_table
from qnnbench.states.datasets import build_dataset
from qnnbench.states.families.surface_code import code_state, logical
from qnnbench.tasks.ceilings import above_ceiling
from qnnbench.tasks.decoding import BitFlips, Shots
from qnnbench.training.decoder import Decoder, DecoderSettings, batch_of, train_decoder

ENTRY = {
    "arm": "tree_decoder",
    "dataset": "surface_code",
    "ansatz": "tree",
    "angles": {"law": "gaussian", "std": 0.3},
    "repeats": 1,
    "error_rate": 0.08,
    "n_steps": 60,
    "n_test": 2000,
}


def all_errors(code):
    """Return every error's weight and its place in the law, by going through them all."""
    errors = np.array(list(itertools.product((0, 1), repeat=code.distance**2)))
    rows = np.vstack([code.logical, code.checks]).astype(int)
    return errors.sum(axis=1), errors @ rows.T % 2 @ (2 ** np.arange(len(rows))[::-1])


def rows_of(entry=ENTRY, seed=7, seconds=1000.0):
    states = build_dataset("surface_code", 9, {"train": 2, "validation": 2, "test": 2}, seed=0)
    return train_decoder(entry, states, n_qubits=9, seed=seed, budget=Limits(seconds=seconds))


@pytest.mark.parametrize(("distance", "rate"), [(3, 0.05), (3, 0.3), (4, 0.1)])
def test_law_is_that_of_all_errors(distance, rate):
    code = BitFlips(distance, rate)
    weights, places = all_errors(code)
    likelihoods = rate**weights * (1 - rate) ** (distance**2 - weights)
    law = np.bincount(places, likelihoods).reshape(2, -1)
    np.testing.assert_allclose(code.law, law, rtol=1e-9)
    assert code.best_accuracy == pytest.approx(np.maximum(*law).sum(), rel=1e-12)


@pytest.mark.parametrize("distance", [3, 4, 5])
def test_reading_the_logical_as_it_is_has_its_closed_form(distance):
    code = BitFlips(distance, 0.07)
    assert code.law.sum() == pytest.approx(1, abs=1e-12)
    assert code.law[0].sum() == pytest.approx(code.uncorrected_accuracy, abs=1e-12)
    assert code.uncorrected_accuracy < code.best_accuracy < 1


@pytest.mark.parametrize("distance", [3, 5, 7])
def test_flips_and_syndromes_are_what_stabilizers_of_the_code_state_say(distance):
    code = BitFlips(distance, 0.2)
    state = code_state(distance, "Z")
    for row in (code.logical, *code.checks):
        assert state.expectation(dict.fromkeys(np.flatnonzero(row), "Z")) == 1
    column = np.isin(np.arange(distance**2), logical(distance, "X")).astype(np.uint8)
    assert not (code.checks @ column % 2).any()  # the logical X is not seen
    assert code.logical @ column % 2 == 1  # and flips


def test_shots_follow_the_law():
    code = BitFlips(3, 0.1)
    shots = code.shots(20000, np.random.default_rng(0))
    places = shots.flips * 16 + shots.syndromes @ np.array([8, 4, 2, 1])
    found = np.bincount(places, minlength=32) / 20000
    law = code.law.reshape(-1)
    assert (np.abs(found - law) <= 5 * np.sqrt(law * (1 - law) / 20000)).all()  # 5 σ each
    accuracy = (code.likelier(shots.syndromes) == shots.flips).mean()
    assert accuracy == pytest.approx(code.best_accuracy, abs=5 * 0.5 / np.sqrt(20000))


@pytest.mark.parametrize("distance", [3, 4])
def test_matching_answers_as_a_lightest_error_of_the_syndrome(distance):
    pytest.importorskip("pymatching", reason="of the extra [qec]")
    code = BitFlips(distance, 0.05)
    n_checks = len(code.checks)
    weights, places = all_errors(code)
    lightest = np.full(2 ** (n_checks + 1), distance**2)
    np.minimum.at(lightest, places, weights)
    syndromes = np.array(list(itertools.product((0, 1), repeat=n_checks)), dtype=np.uint8)
    answers = code.matched(syndromes)
    chosen = np.take_along_axis(lightest.reshape(2, -1), answers[None].astype(int), axis=0)[0]
    np.testing.assert_array_equal(chosen, np.minimum(*lightest.reshape(2, -1)))


def test_answers_are_those_of_the_dense_network():
    code = BitFlips(3, 0.1)
    decoder = Decoder.of({"ansatz": "qcnn"}, code)
    params = np.random.default_rng(1).normal(size=len(decoder.network.symbols))
    assignment = dict(zip(decoder.network.symbols, params, strict=True))
    matrix = cirq.unitary(cirq.resolve_parameters(decoder.network.circuit, assignment))
    syndromes = np.array(list(itertools.product((0, 1), repeat=4)), dtype=np.uint8)
    populations = np.abs(matrix[:, ::2].reshape((2,) * 5 + (16,))) ** 2  # the spare one in |0>
    (qubit,) = decoder.loss.observables[0].qubits
    zero, one = np.moveaxis(populations, qubit.x, 0).reshape(2, 16, 16).sum(axis=1)
    expected = (zero > one).astype(int)
    repeated = np.array([3, 0, 15, 3, *range(16)])
    np.testing.assert_array_equal(decoder.answers(params, syndromes[repeated]), expected[repeated])
    assert 0 < expected.sum() < 16


def test_what_is_met_often_weighs_as_much_as_single_shots():
    code = BitFlips(3, 0.2)
    decoder = Decoder.of({"ansatz": "tree"}, code)
    shots = code.shots(50, np.random.default_rng(2))
    params = np.random.default_rng(3).normal(size=len(decoder.network.symbols))
    parts = [Shots(shots.syndromes[i : i + 1], shots.flips[i : i + 1]) for i in range(50)]

    def loss(some):
        states = batch_of(some)
        return decoder.loss.evaluate(decoder.evaluator(params, states.states).values, states)[0]

    assert loss(shots) == pytest.approx(np.mean([loss(part) for part in parts]), rel=1e-10)
    assert len(batch_of(shots).states) < 50


def test_a_trained_network_corrects_and_stays_below_the_best_decoder():
    tables = rows_of()
    by_arm = {row["arm"]: row for row in tables["scores"]}
    network, best = by_arm["tree_decoder"], by_arm["maximum_likelihood"]
    code = BitFlips(3, 0.08)
    assert network["lower"] > network["chance"] == code.uncorrected_accuracy
    assert network["paired_lower"] > 0
    assert network["value"] <= best["value"] + 1e-12 or best["value"] < code.best_accuracy
    assert {row["ceiling"] for row in (network, best)} == {code.best_accuracy}
    assert abs(best["value"] - code.best_accuracy) < 5 * 0.5 / np.sqrt(2000)  # 5 σ at most
    assert not above_ceiling(tables["scores"])
    for table, rows in tables.items():
        assert to_table(table, rows).num_rows == len(rows)
    (run,), steps = tables["runs"], tables["steps"]
    assert (run["status"], run["n_qubits"], run["n_steps"]) == ("ok", 9, len(steps))
    assert np.mean([s["loss"] for s in steps[-10:]]) < np.mean([s["loss"] for s in steps[:10]])


def test_equal_seeds_give_equal_rows_and_arms_share_their_test_shots():
    short = {**ENTRY, "n_steps": 2, "n_test": 300}
    first, again = rows_of(short)["scores"], rows_of(short)["scores"]
    assert first == again
    other = rows_of({**short, "arm": "qcnn_decoder", "ansatz": "qcnn"})["scores"]
    assert other[-1] == first[-1]  # maximum likelihood
    assert rows_of(short, seed=8)["scores"][-1] != first[-1]


def test_rows_without_the_matcher_say_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymatching", None)
    scores = rows_of({**ENTRY, "n_steps": 1, "n_test": 50})["scores"]
    (row,) = [row for row in scores if row["arm"] == "matching"]
    assert (row["status"], row["reason"]) == ("skipped", "pip install qnnbench[qec]")


def test_what_costs_too_much_is_not_run():
    tables = rows_of(seconds=1e-9)
    assert [row["status"] for row in tables["runs"]] == ["over_budget"]
    assert "60 steps of a repeat within 1e-09 s" in tables["runs"][0]["reason"]
    assert not tables["scores"]


def test_bad_arms_say_what_is_wrong():
    with pytest.raises(ValueError, match=r"error_rate must lie in \(0, 1/2\), got 0.5"):
        DecoderSettings.of({"error_rate": 0.5})
    with pytest.raises(ValueError, match="distance 7 has 24 checks"):
        _ = BitFlips(7, 0.1).law
    with pytest.raises(ValueError, match=r"sign of a Pauli string; 'brickwork'.*another readout"):
        rows_of({**ENTRY, "ansatz": "brickwork"})
    states = build_dataset("ghz_phase", 9, {"train": 2, "validation": 2, "test": 2}, seed=0)
    with pytest.raises(ValueError, match="not 'decoding'; these serve it: "):
        train_decoder(ENTRY, states, n_qubits=9, seed=0, budget=Limits())
