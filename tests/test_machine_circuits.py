"""Machine circuits: their law is the network's, in as many two-qubit gates as it needs."""

import cirq
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qnnbench.circuits.ansatze import Network, build_ansatz
from qnnbench.circuits.gates import UnsupportedCircuit
from qnnbench.hardware.machine import MachineCircuit, machine_circuit
from qnnbench.states.families.ghz import dephased_ghz, ghz_circuit, ghz_state
from qnnbench.states.mps import MPS
from qnnbench.states.stabilizer import StabilizerState
from tests.circuits import random_mps
from tests.outcome_laws import distance, machine_law, network_law
from tests.random_circuits import FAMILIES, random_network
from tests.strategies import MAX_SYMBOLS, SYMBOLS, circuits, seeds

NETWORKS = [
    ("qcnn", 8, {}),
    ("qcnn", 5, {"sharing": "none", "pooling": "discard"}),
    ("tree", 6, {}),
    ("rg_tree", 6, {"n_kept": 2}),
    ("mera", 4, {}),
    ("hea", 4, {}),
    ("hva", 4, {}),
    ("matchgate", 4, {}),
]
VERSIONS = [("feed_forward", True), ("feed_forward", False), ("coherent", True)]


def drawn(name, n_qubits, options, seed=0):
    """Return a network, angles for it and its circuit with these."""
    network = build_ansatz(name, n_qubits, **options)
    params = np.random.default_rng(seed).normal(size=len(network.symbols))
    assignment = dict(zip(network.symbols, params, strict=True))
    return network, params, cirq.resolve_parameters(network.circuit, assignment)


@pytest.mark.parametrize(("pooling", "reuse"), VERSIONS)
@pytest.mark.parametrize(("name", "n_qubits", "options"), NETWORKS)
def test_every_version_has_the_law_of_the_network(name, n_qubits, options, pooling, reuse):
    network, params, circuit = drawn(name, n_qubits, options)
    for places in ([0], [n_qubits - 1, 0, 1]):
        machine = machine_circuit(network, params, places, pooling=pooling, reuse=reuse)
        exact = network_law(circuit, dict.fromkeys(places, "Z"), n_qubits)
        assert distance(machine_law(machine), exact) < 1e-10
        assert machine.n_logical == n_qubits


@given(data=st.data(), seed=seeds)
@settings(max_examples=30, deadline=None)
def test_any_circuit_keeps_its_law(data, seed):
    rng = np.random.default_rng(seed)
    angles = dict(zip(SYMBOLS, rng.normal(size=MAX_SYMBOLS), strict=True))
    circuit = cirq.resolve_parameters(data.draw(circuits(4)), angles)
    places = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True))
    letters = {place: data.draw(st.sampled_from("XYZ")) for place in sorted(places)}
    state = random_mps(4, data.draw(st.integers(1, 2)), rng)
    string = cirq.PauliString({cirq.LineQubit(k): v for k, v in letters.items()})
    exact = network_law(circuit, letters, 4, state.state_vector())
    for pooling, reuse in VERSIONS:
        machine = machine_circuit(circuit, None, string, state, pooling=pooling, reuse=reuse)
        assert distance(machine_law(machine), exact) < 1e-10


@pytest.mark.parametrize("family", FAMILIES)
def test_every_kind_of_gate_keeps_its_law(family):
    rng = np.random.default_rng(3)
    circuit, symbols, _ = random_network(FAMILIES[family], 5, 14, rng)
    params = rng.normal(size=len(symbols))
    bound = cirq.resolve_parameters(circuit, dict(zip(symbols, params, strict=True)))
    exact = network_law(bound, {2: "Z", 4: "Z"}, 5)
    for pooling, reuse in VERSIONS:
        network = Network(circuit, symbols, ())
        machine = machine_circuit(network, params, [2, 4], pooling=pooling, reuse=reuse)
        assert distance(machine_law(machine), exact) < 1e-10


STATES = {
    "product": lambda: random_mps(6, 1, np.random.default_rng(1)),
    "bond 2": lambda: random_mps(6, 2, np.random.default_rng(2)),
    "bond 4": lambda: random_mps(6, 4, np.random.default_rng(2)),
    "GHZ": lambda: ghz_state(6, 0.3),
    "GHZ stabilizers": lambda: StabilizerState.from_circuit(ghz_circuit(6), 6),
    "grid": lambda: StabilizerState.graph(
        6, [(0, 1), (1, 2), (3, 4), (4, 5), (0, 3), (1, 4), (2, 5)]
    ),
}


@pytest.mark.parametrize("kind", STATES)
def test_input_states_are_prepared(kind):
    state = STATES[kind]()
    network, params, circuit = drawn("qcnn", 6, {})
    exact = network_law(circuit, {0: "Z"}, 6, state.state_vector().astype(complex))
    for pooling, reuse in VERSIONS:
        machine = machine_circuit(network, params, [0], state, pooling=pooling, reuse=reuse)
        assert distance(machine_law(machine), exact) < 1e-10


def test_a_circuit_may_prepare_the_input():
    network, params, circuit = drawn("tree", 4, {})
    made = machine_circuit(network, params, [0], ghz_circuit(4))
    exact = network_law(ghz_circuit(4) + circuit, {0: "Z"}, 4)
    assert distance(machine_law(made), exact) < 1e-10


def test_a_string_is_read_by_the_parity_of_its_bits():
    network, params, circuit = drawn("brickwork", 4, {"n_layers": 2})
    q = cirq.LineQubit.range(4)
    string = cirq.X(q[2]) * cirq.Y(q[1]) * cirq.Z(q[3])
    law = machine_law(machine_circuit(network, params, 2.5 * string))
    mean = sum(p * (-1) ** bits.count("1") for bits, p in law.items())
    vector = cirq.Simulator(dtype=np.complex128).simulate(circuit).final_state_vector
    expected = string.expectation_from_state_vector(vector, {q: i for i, q in enumerate(q)})
    assert mean == pytest.approx(expected.real, abs=1e-10)


def test_feed_forward_takes_fewer_two_qubit_gates():
    # 8 qubits, 11 blocks and 7 pools. Four blocks act on |00>, one power each. Coherent: the
    # other 7 take 3, the pools (RZ and RX under one control) 1 each, but the last joins the
    # block before it, and a diagonal factor of that is not seen: 4 + 21 + 6 - 1. Feed-forward:
    # pools are free, and so is a diagonal factor of each block before a measurement, all but
    # (0, 2) and (4, 6), of which the second is the last on 6: 4 + 3 + 6 · 2.
    network, params, _ = drawn("qcnn", 8, {})
    coherent = machine_circuit(network, params, [0], pooling="coherent")
    fed = machine_circuit(network, params, [0])
    assert (coherent.n_two_qubit, fed.n_two_qubit) == (30, 19)
    assert (coherent.n_measurements, fed.n_measurements) == (1, 8)


def test_a_cz_joins_the_block_after_it():
    # A cluster state, then a tree: CZ on (1, 2), (3, 4), (5, 6) take one power each, the other
    # four pass them into blocks. The 7 blocks take 2 each: a qubit of each is measured after.
    network, params, _ = drawn("tree", 8, {})
    line = StabilizerState.graph(8, [(k, k + 1) for k in range(7)])
    assert machine_circuit(network, params, [0], line).n_two_qubit == 3 + 7 * 2


def test_only_the_light_cone_of_the_readout_is_run():
    network, params, _ = drawn("hea", 12, {"n_layers": 1})
    machine = machine_circuit(network, params, [5], pooling="coherent", reuse=False)
    assert machine.n_physical == 1  # CZ after the rotations: diagonal, and 5 is read in Z
    assert (machine.n_two_qubit, machine.n_measurements) == (0, 1)


def test_what_nothing_acts_on_reads_zero():
    machine = machine_circuit(cirq.Circuit(cirq.X(cirq.LineQubit(0))), None, [3, 0])
    assert machine_law(machine) == {"01": pytest.approx(1)}


def test_depth_counts_two_qubit_gates_through_bits():
    a, b, c = cirq.LineQubit.range(3)
    turn = cirq.PhasedXPowGate(phase_exponent=0.1, exponent=0.3)
    circuit = cirq.Circuit(
        (cirq.ZZ**0.1)(a, b),
        (cirq.ZZ**0.2)(a, b),
        cirq.measure(a, key="m0"),
        turn(c).with_classical_controls("m0"),
        cirq.ResetChannel()(a),
        (cirq.ZZ**0.3)(a, c),
        cirq.measure(c, key="m1"),
    )
    machine = MachineCircuit(circuit, ("m1",), 4)
    assert (machine.depth, machine.n_two_qubit, machine.n_one_qubit) == (3, 3, 1)
    assert (machine.n_physical, machine.n_measurements, machine.n_resets) == (3, 2, 1)


a, b = cirq.LineQubit.range(2)


@pytest.mark.parametrize(
    ("ops", "message"),
    [
        ([cirq.H(a)], "powers of PhasedX"),
        ([cirq.measure(a, b, key="m0")], "one qubit"),
        ([cirq.measure(a, key="m0"), cirq.measure(b, key="m0")], "new key"),
        ([(cirq.Z**0.3)(a).with_classical_controls("m0")], "measured later or never"),
        ([cirq.measure(a, key="m0"), (cirq.ZZ**0.3)(a, b)], "reset them"),
        ([cirq.measure(a, key="m1")], r"no measurement of \['m0'\]"),
    ],
)
def test_a_machine_circuit_of_another_form_is_refused(ops, message):
    with pytest.raises(ValueError, match=message):
        MachineCircuit(cirq.Circuit(ops), ("m0",), 2)


def test_arguments_that_do_not_fit_are_refused():
    network, params, _ = drawn("tree", 4, {})
    refused = [
        ((network, params[:-1], [0]), "one angle per symbol"),
        ((network, None, [0]), "one angle per symbol"),
        ((network.circuit, None, [0]), "without symbols"),
        ((network, params, []), "nothing to read"),
        ((network, params, [0, 0]), "once each"),
        ((network, params, [4]), "has 4 qubits"),
        ((network, params, ["Z"]), "Pauli strings"),
        ((network, params, [cirq.X(a), cirq.Z(a)]), "one letter on each qubit"),
        ((network, params, [0], MPS.product([np.eye(2)[0]] * 5)), "one width"),
        ((network, params, [0], dephased_ghz(4)), "pure states"),
        ((cirq.Circuit(cirq.H(cirq.NamedQubit("a"))), None, [0]), "LineQubit"),
    ]
    for arguments, message in refused:
        with pytest.raises(ValueError, match=message):
            machine_circuit(*arguments)
    with pytest.raises(ValueError, match="pooling"):
        machine_circuit(network, params, [0], pooling="none")
    with pytest.raises(UnsupportedCircuit, match="drop measurements"):
        machine_circuit(cirq.Circuit(cirq.measure(a)), None, [0])
