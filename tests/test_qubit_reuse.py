"""Qubit reuse: the same gates on fewer qubits, each reset before it is used again."""

from collections import Counter

import cirq
import numpy as np
import pytest

from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.hardware.machine import machine_circuit
from qnnbench.states.stabilizer import StabilizerState
from tests.circuits import random_mps
from tests.outcome_laws import distance, machine_law


def drawn(name, n_qubits, **options):
    network = build_ansatz(name, n_qubits, **options)
    return network, np.random.default_rng(n_qubits).normal(size=len(network.symbols))


def line(n_qubits):
    return StabilizerState.graph(n_qubits, [(i, i + 1) for i in range(n_qubits - 1)])


WIDE = {  # network, input, qubits that 100 logical ones fit in
    "tree": ("tree", None, 7),
    "tree on bond 2": ("tree", random_mps(100, 2, np.random.default_rng(0)), 9),
    "qcnn": ("qcnn", None, 13),
    "qcnn on a cluster": ("qcnn", line(100), 20),
}


@pytest.mark.parametrize("case", WIDE)
def test_a_hundred_logical_qubits_fit_in_few(case):
    name, state, width = WIDE[case]
    machine = machine_circuit(*drawn(name, 100), [0], state)
    assert machine.n_logical == 100
    assert machine.n_physical <= width
    assert machine.n_measurements == 100  # each is a control, the root is read
    assert machine.n_resets == 100 - machine.n_physical
    check_order(machine)


def check_order(machine):
    """Fail if a key is written twice or late, or a measured qubit is used before its reset."""
    written, closed = [], set()
    for op in machine.circuit.all_operations():
        assert {str(key) for key in cirq.control_keys(op)} <= set(written)
        is_reset = isinstance(op.gate, cirq.ResetChannel)
        assert is_reset or not closed & set(op.qubits)
        closed -= set(op.qubits) if is_reset else set()
        if cirq.is_measurement(op):
            written.append(cirq.measurement_key_name(op))
            closed |= set(op.qubits)
    assert Counter(written) == Counter(f"m{k}" for k in range(len(written)))


@pytest.mark.parametrize("n_levels", [1, 2, 3, 4, 5])
def test_a_binary_tree_takes_one_qubit_per_level_and_one(n_levels):
    # Pebbles: while one subtree is worked out, the roots of those before it wait.
    machine = machine_circuit(*drawn("tree", 2**n_levels), [0])
    assert machine.n_physical == n_levels + 1


@pytest.mark.parametrize("pooling", ["feed_forward", "coherent"])
def test_reuse_changes_no_gate(pooling):
    network, params = drawn("qcnn", 12)
    wide = machine_circuit(network, params, [0], pooling=pooling, reuse=False)
    few = machine_circuit(network, params, [0], pooling=pooling)
    assert wide.n_physical == 12 > few.n_physical
    assert gates(wide) == gates(few)
    assert wide.n_resets == 0


def gates(machine):
    """Return how often each gate, measurements included, occurs, controlled or not."""
    counted = Counter()
    for op in machine.circuit.all_operations():
        gate = op.without_classical_controls().gate
        if isinstance(gate, cirq.EigenGate | cirq.PhasedXPowGate):
            axis = getattr(gate, "phase_exponent", 0.0)
            kind = (round(gate.exponent, 9), round(axis, 9))
        else:
            kind = ()
        counted[type(gate), kind, bool(cirq.control_keys(op))] += 1
    del counted[cirq.ResetChannel, (), False]
    return counted


def test_what_is_discarded_is_reset_without_measurement():
    network, params = drawn("tree", 8)
    machine = machine_circuit(network, params, [0], pooling="coherent")
    assert machine.n_physical == 4
    assert (machine.n_measurements, machine.n_resets) == (1, 4)
    wide = machine_circuit(network, params, [0], pooling="coherent", reuse=False)
    assert distance(machine_law(machine), machine_law(wide)) < 1e-10


def test_more_qubits_make_a_shorter_circuit_of_the_same_law():
    network, params = drawn("qcnn", 8)
    few, all_ = (machine_circuit(network, params, [0], n_physical=n) for n in (4, 8))
    assert (few.n_physical, all_.n_physical) == (4, 8)
    assert (few.n_resets, all_.n_resets) == (4, 0)
    assert len(all_.circuit) < len(few.circuit)
    assert distance(machine_law(few), machine_law(all_)) < 1e-10


def test_a_machine_that_is_too_small_is_told_the_width():
    network, params = drawn("qcnn", 8)
    with pytest.raises(ValueError, match=r"n_physical=3 .* needs 4"):
        machine_circuit(network, params, [0], n_physical=3)
    with pytest.raises(ValueError, match=r"needs 8.*reuse=True"):
        machine_circuit(network, params, [0], n_physical=7, reuse=False)


def test_a_graph_state_is_made_along_the_line_where_that_is_narrower():
    # All CZ of a star meet in its centre: as a graph state, no block on the centre can begin
    # before every leaf stands. Its bond is 2, so it is also made qubit by qubit.
    star = StabilizerState.graph(40, [(0, i) for i in range(1, 40)])
    assert machine_circuit(*drawn("tree", 40), [0], star).n_physical <= 8
