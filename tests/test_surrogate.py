"""The network without long Pauli words, against the dense operator with them left out."""

import itertools
from dataclasses import replace

import cirq
import numpy as np
import pytest

import qnnbench
from qnnbench.backends import BackendCannot
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.results import read_rows, to_table, write_rows
from qnnbench.rivals.surrogate import (
    TruncatedNetwork,
    surrogate_rows,
    surrogates_of,
    weight_truncated,
)
from qnnbench.states.datasets import build_dataset
from qnnbench.states.mps import PAULIS
from qnnbench.tasks.losses import readout_observables
from tests.small_states import kron, small_states


def test_truncated_chain_holds_the_short_words_alone():
    rng = np.random.default_rng(1)
    tensors = rng.normal(size=(4, 3, 4, 3))

    def coefficients(chain):
        total = chain[0, 0]  # from bond index 0 to bond index 0
        for tensor in chain[1:]:
            total = np.tensordot(total, tensor, 1)
        return total[..., 0]

    full = coefficients(tensors)
    weights = np.sum(np.array(list(itertools.product(range(4), repeat=4))) > 0, axis=1)
    for most in range(5):
        kept = np.where(weights.reshape((4,) * 4) <= most, full, 0)
        found = coefficients(weight_truncated(tensors, most))
        np.testing.assert_allclose(found, kept, atol=1e-12)


@pytest.mark.parametrize("name", ["qcnn", "brickwork"])
def test_values_are_those_of_the_dense_operator_without_long_words(name):
    n_qubits = 4
    network = build_ansatz(name, n_qubits)
    params = np.random.default_rng(2).uniform(0, 2 * np.pi, len(network.symbols))
    states = [s for kind, s in small_states(n_qubits).items() if kind != "stabilizer"]
    qubits = cirq.LineQubit.range(n_qubits)
    bound = cirq.resolve_parameters(
        network.circuit, dict(zip(network.symbols, params, strict=True))
    )
    unitary = bound.unitary(qubit_order=qubits)
    truncated = TruncatedNetwork(network, params, max_bond_dim=64)
    strings = [
        (sum(p != "I" for p in word), kron([PAULIS[p] for p in word]))
        for word in itertools.product("IXYZ", repeat=n_qubits)
    ]
    operators = [
        unitary.conj().T @ cirq.PauliSum.wrap(o).matrix(qubits) @ unitary
        for o in readout_observables(network)
    ]
    densities = [
        sum(w * np.outer(m.state_vector(), m.state_vector().conj()) for w, m in state.members)
        for state in states
    ]
    for most in (0, 1, 2, n_qubits, None):
        kept = [m for weight, m in strings if most is None or weight <= most]
        expected = [
            [
                sum(np.sum(o.T * p).real * np.sum(rho.T * p).real for p in kept) / 2**n_qubits
                for o in operators
            ]
            for rho in densities
        ]
        found, error = truncated.values(states, most)
        np.testing.assert_allclose(found, expected, atol=1e-12)
        assert error == 0
    full = qnnbench.expectations(
        network.circuit, readout_observables(network), params, states, network.symbols
    )
    np.testing.assert_allclose(found, full.values, atol=1e-12)
    short, _ = truncated.values(states, 1)
    assert np.abs(short - found).max() > 0.01


def test_rows_run_from_no_information_to_the_whole_network():
    n_qubits = 6
    network = build_ansatz("qcnn", n_qubits)
    dataset = build_dataset("spt_path", n_qubits, seed=1, n_samples=64)
    params = np.random.default_rng(3).uniform(0, 2 * np.pi, len(network.symbols))
    rows = list(surrogate_rows(network, params, dataset, [0, 1, n_qubits]))
    assert [row["arm"] for row in rows] == ["surrogate"] * 3 + ["network"]
    assert to_table("scores", rows).num_rows == 4
    assert rows[0]["value"] == 0.5  # only the constant is left
    assert rows[2]["value"] == rows[3]["value"]  # nothing was left out
    assert all(row["cpu_time_s"] > 0 for row in rows)
    with pytest.raises(BackendCannot, match="StabilizerState has no low-bond tensors"):
        TruncatedNetwork(network, params).values([small_states(6)["stabilizer"]], 1)


def test_rows_of_a_run_say_which_also_where_there_is_no_surrogate(tmp_path):
    arm = {"arm": "a", "ansatz": "qcnn", "max_bond_dim": 16}  # its sharing is the default
    network = build_ansatz("qcnn", 6)
    run = {
        "task": "classification",
        "arm": "a",
        "loss_name": "contrast",
        "observable": "readout",
        "dataset": "spt_path",
        "n_qubits": 6,
        "ansatz": "qcnn",
        "n_layers": network.n_layers,
        "sharing": "layer",
        "repeat": 1,
        "seed_path": "7/6/1",
    }
    params = np.random.default_rng(4).uniform(0, 2 * np.pi, len(network.symbols)).tolist()
    stopped = {**run, "repeat": 2, "status": "over_budget"}
    write_rows(tmp_path / "runs", "runs", [{**run, "params": params, "status": "ok"}, stopped])
    runs = read_rows("runs", [tmp_path / "runs"]).to_dict("records")
    dataset = build_dataset("spt_path", 6, seed=1, n_samples=16)
    stabilizers = replace(dataset, states=[small_states(6)["stabilizer"]] * 16)
    for data, names, status in (
        (dataset, ["surrogate of a"] * 3 + ["network of a"], "ok"),
        (stabilizers, ["surrogate of a"], "skipped"),
    ):
        rows = to_table("rivals", surrogates_of([arm], runs, data)).to_pylist()
        assert [row["arm"] for row in rows] == names
        for row in rows:
            assert row["status"] == status
            assert row["cpu_time_s"] > 0
            assert {key: row[key] for key in run} == {**run, "arm": row["arm"]}
