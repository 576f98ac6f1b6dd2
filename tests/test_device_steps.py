"""Rows of training by shots: starts are what they say, runs do not lean on each other."""

import cirq
import numpy as np
import pandas as pd
import pytest

from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.hardware import device_steps
from qnnbench.hardware.device_steps import device_step_rows, first_angles, start_name
from qnnbench.hardware.devices import DEVICES
from qnnbench.results import to_table
from qnnbench.states.datasets import build_dataset
from qnnbench.training.arms import Arm

ARM = {
    "arm": "tree",
    "task": "classification",
    "dataset": "spt_path",
    "ansatz": "tree",
    "options": {"sharing": "layer"},
    "angles": {"law": "uniform"},
    "repeats": 2,
    "n_steps": 1,
    "learning_rate": 0.05,
    "batch_size": 8,
    "max_bond_dim": 16,
}
ASKED = {
    "starts": ["cold", "trained", {"perturbed": 0.5}],
    "devices": ["Torino"],
    "noise_scales": [0],
    "optimiser": "spsa",
    "n_steps": 1,
    "repeats": 2,
    "n_states": 1,
    "n_shots": 10,
    "n_measured": 1,
    "measure_shots": 400,
}
SEED = 3


@pytest.fixture(scope="module")
def data():
    return build_dataset("spt_path", 4, {"train": 4, "validation": 2, "test": 2}, seed=1)


@pytest.fixture(scope="module")
def trained():
    network = build_ansatz("tree", 4, sharing="layer")
    return np.random.default_rng(9).uniform(0, 6, (2, len(network.symbols)))


@pytest.fixture(scope="module")
def runs(trained):
    told = {"arm": "tree", "dataset": "spt_path", "ansatz": "tree", "sharing": "layer"}
    told |= {"n_qubits": 4, "status": "ok", "reason": ""}
    return pd.DataFrame(
        [told | {"repeat": i, "params": params.tolist()} for i, params in enumerate(trained)]
    )


@pytest.fixture(scope="module")
def rows(runs, data):
    return device_step_rows(ARM, runs, data, ASKED, SEED)


def cirq_contrast(params, data):
    """Return <Z> of the root, class 0 minus class 1, by Cirq's simulator."""
    network = build_ansatz("tree", 4, sharing="layer")
    resolver = dict(zip(network.symbols, params, strict=True))
    circuit = cirq.resolve_parameters(network.circuit, resolver)
    held = data.select("validation")
    means = [
        cirq.Simulator(dtype=np.complex128)
        .simulate_expectation_values(
            circuit,
            [network.observables[-1]],
            initial_state=state.state_vector(),
            qubit_order=cirq.LineQubit.range(4),
        )[0]
        .real
        for state in held.states
    ]
    return sum(mean * (-1) ** label for mean, label in zip(means, held.labels, strict=True))


def test_every_run_starts_where_it_says(rows, data, trained):
    to_table("device_steps", rows)
    for repeat in (0, 1):
        law = Arm.resolve(ARM, {4: data})
        cold = law.initial(SEED, repeat)
        by_start = {
            row["start"]: row for row in rows if (row["repeat"], row["step"]) == (repeat, 0)
        }
        assert list(by_start) == ["cold", "trained", "perturbed(0.5)"]
        for start, angles in (("cold", cold), ("trained", trained[repeat])):
            row, truth = by_start[start], cirq_contrast(angles, data)
            assert row["exact_loss"] == pytest.approx(truth, abs=1e-9)
            assert abs(row["loss"] - truth) < 5 * (row["upper"] - row["loss"]) / 1.96
        assert by_start["perturbed(0.5)"]["exact_loss"] != by_start["trained"]["exact_loss"]


def test_rows_count_the_shots_and_name_the_machine(rows):
    assert len(rows) == 2 * 3 * 2  # repeats, starts, steps 0 and 1
    for row in rows:
        # measured: 2 states of 400 shots; a step: two losses of 2 states of 10 shots
        assert row["n_shots"] == 800 + row["step"] * (40 + 800)
        assert (row["device"], row["noise_scale"], row["backend"]) == ("Torino", 0, "error model")
        assert (row["status"], row["n_qubits"], row["n_physical"] <= 4) == ("ok", 4, True)
        assert row["seed_path"] == f"{SEED}/4/{row['repeat']}"


def test_a_run_does_not_depend_on_which_others_there_are(rows, runs, data):
    alone = device_step_rows(ARM, runs, data, ASKED | {"repeats": 1, "starts": ["trained"]}, SEED)
    own = [row for row in rows if row["start"] == "trained" and row["repeat"] == 0]
    assert alone == own


def test_perturbed_angles_scatter_as_they_say(data):
    arm, many = Arm.resolve(ARM, {4: data}), np.zeros(4000)
    angles = first_angles({"perturbed": 0.3}, arm, many, SEED, 0)
    assert angles.std() == pytest.approx(0.3, abs=5 * 0.3 / np.sqrt(2 * 4000))
    twice = first_angles({"perturbed": 0.6}, arm, many, SEED, 0)
    np.testing.assert_allclose(twice, 2 * angles)
    assert start_name({"perturbed": 0.3}) == "perturbed(0.3)"


def test_errors_of_the_machine_shrink_what_is_measured_not_what_is_exact(runs, data):
    asked = ASKED | {"repeats": 1, "starts": ["trained"], "noise_scales": [0, 1e4]}
    ideal, drowned = (
        row for row in device_step_rows(ARM, runs, data, asked, SEED) if row["step"] == 0
    )
    assert ideal["exact_loss"] == drowned["exact_loss"]
    assert abs(drowned["loss"]) < 5 * (drowned["upper"] - drowned["loss"]) / 1.96  # nothing left


def test_what_was_not_trained_and_what_does_not_fit_is_skipped(runs, data, monkeypatch):
    asked = ASKED | {"repeats": 1, "starts": ["cold"]}
    stopped = runs.assign(status="over_budget", reason="too long")
    (row,) = device_step_rows(ARM, stopped, data, asked, SEED)
    assert (row["status"], row["start"]) == ("skipped", "cold")
    assert row["reason"] == "its training is over_budget: too long"
    small = {**DEVICES, "Torino": type("Small", (), {"n_qubits": 1})()}
    monkeypatch.setattr(device_steps, "DEVICES", small)
    (row,) = device_step_rows(ARM, runs, data, asked, SEED)
    assert row["status"] == "skipped"
    assert row["reason"].endswith("qubits, the device has 1")
