"""Exported states against the states themselves, in the other package's own arithmetic."""

import io
import re
from itertools import pairwise

import cirq
import numpy as np
import pytest
import quimb.tensor as qtn
import stim

from qnnbench.states.datasets import DATASETS, build_dataset
from qnnbench.states.exports import (
    FORMATS,
    exported,
    to_cirq,
    to_qasm3,
    to_quimb,
    to_statevector,
)
from qnnbench.states.families.ghz import dephased_ghz, ghz_state
from qnnbench.states.families.spt_path import path_state
from qnnbench.states.mps import MPS, Mixture
from qnnbench.states.noise import pauli_noise, rotation_noise
from qnnbench.states.preparation import MAX_CIRCUIT_BOND
from qnnbench.states.stabilizer import StabilizerState
from qnnbench.states.stabilizer_mps import stabilizer_mps
from tests.small_datasets import small

RNG = np.random.default_rng(7)
QASM_GATES = {  # of stdgates.inc, OpenQASM 3.0, as matrices, up to a global phase
    "id": lambda: np.eye(2),
    "x": lambda: np.array([[0, 1], [1, 0]]),
    "y": lambda: np.array([[0, -1j], [1j, 0]]),
    "z": lambda: np.diag([1, -1]),
    "h": lambda: np.array([[1, 1], [1, -1]]) / np.sqrt(2),
    "s": lambda: np.diag([1, 1j]),
    "cz": lambda: np.diag([1, 1, 1, -1]),
    "u3": lambda theta, phi, lam: np.array(
        [
            [np.cos(theta / 2), -np.exp(1j * lam) * np.sin(theta / 2)],
            [np.exp(1j * phi) * np.sin(theta / 2), np.exp(1j * (phi + lam)) * np.cos(theta / 2)],
        ]
    ),
}


def random_mps(n_qubits, bond, is_complex=True):
    dims = [1, *(min(bond, 2 ** min(i, n_qubits - i)) for i in range(1, n_qubits)), 1]
    shapes = [(a, 2, b) for a, b in pairwise(dims)]
    parts = [RNG.normal(size=shape) for shape in shapes]
    if is_complex:
        parts = [part + 1j * RNG.normal(size=part.shape) for part in parts]
    return MPS.from_tensors(parts)


def w_state(n_qubits):
    """Return the equal sum of all strings with one 1."""
    middle = np.zeros((2, 2, 2))
    middle[0, 0, 0] = middle[0, 1, 1] = middle[1, 0, 1] = 1
    return MPS.from_tensors([middle[:1], *[middle] * (n_qubits - 2), middle[:, :, 1:]])


def doubled(state):
    """Return the same state with every inner bond twice as large as it needs to be."""
    first, *middle, last = state.tensors
    pad = [np.einsum("ab,lsr->alsbr", np.eye(2), t) for t in middle]
    shaped = [t.reshape(2 * t.shape[1], 2, 2 * t.shape[4]) for t in pad]
    return MPS.from_tensors(
        [np.concatenate([first, first], 2), *shaped, np.concatenate([last, last], 0)]
    )


def random_stabilizer(n_qubits):
    circuit = stim.Circuit()
    for _ in range(20 * n_qubits):
        circuit.append(RNG.choice(["H", "S", "X", "Z"]), [RNG.integers(n_qubits)])
        if n_qubits > 1:
            circuit.append("CX", RNG.choice(n_qubits, 2, replace=False))
    return StabilizerState(stim.Tableau.from_circuit(circuit))


def made_by(circuit, n_qubits):
    """Return the amplitudes that Cirq's simulator gives."""
    qubits = cirq.LineQubit.range(n_qubits)
    simulator = cirq.Simulator(dtype=np.complex128)
    return simulator.simulate(circuit, qubit_order=qubits).final_state_vector


def evaluated(program):
    """Return the amplitudes of an OpenQASM 3 program of gates in ``QASM_GATES``."""
    lines = [line for line in program.splitlines() if line and not line.startswith("//")]
    assert lines[:2] == ["OPENQASM 3.0;", 'include "stdgates.inc";']
    (n_qubits,) = map(int, re.fullmatch(r"qubit\[(\d+)\] q;", lines[2]).groups())
    vector = np.zeros((2,) * n_qubits, complex)
    vector[(0,) * n_qubits] = 1
    for line in lines[3:]:
        name, angles, places = re.fullmatch(r"(\w+)(?:\(([^)]*)\))? (.+);", line).groups()
        values = [
            float(angle.removeprefix("pi*")) * (np.pi if angle.startswith("pi*") else 1)
            for angle in (angles.split(",") if angles else [])
        ]
        axes = [int(re.fullmatch(r"q\[(\d+)\]", place)[1]) for place in places.split(",")]
        gate = QASM_GATES[name](*values).reshape((2,) * (2 * len(axes)))
        turned = np.tensordot(gate, vector, (range(len(axes), 2 * len(axes)), axes))
        vector = np.moveaxis(turned, range(len(axes)), axes)
    return vector.ravel()


def assert_equal_up_to_phase(first, second):
    assert abs(np.vdot(first, second)) ** 2 == pytest.approx(1, abs=1e-12)


STATES = {
    "one qubit": random_mps(1, 1),
    "product": random_mps(6, 1),
    "two qubits": random_mps(2, 2),
    "bond 2, complex": random_mps(7, 2),
    "bond 2, real": random_mps(7, 2, is_complex=False),
    "bond 3": random_mps(5, 3),
    "bond 4": random_mps(5, 4),
    "GHZ": ghz_state(8),
    "W": w_state(8),
    "cluster": path_state(8, -1.0),
    "|+…+>": path_state(8, 1.0),
    "more bond than rank": doubled(w_state(6)),
    "stabilizer, one qubit": random_stabilizer(1),
    "stabilizer": random_stabilizer(6),
    "stabilizer, |0…0>": StabilizerState(stim.Tableau(3)),
}


@pytest.fixture(params=STATES)
def state(request):
    return STATES[request.param]


def test_the_circuit_makes_the_state(state):
    assert_equal_up_to_phase(made_by(to_cirq(state), state.n_qubits), state.state_vector())


def test_the_largest_bond_is_reached():
    state = random_mps(6, MAX_CIRCUIT_BOND)  # 2 s: in one form only
    assert_equal_up_to_phase(made_by(to_cirq(state), 6), state.state_vector())


def test_the_program_makes_the_state(state):
    assert_equal_up_to_phase(evaluated(to_qasm3(state)), state.state_vector())


def test_quimb_has_the_amplitudes(state):
    dense = to_quimb(state).to_dense().ravel()
    if isinstance(state, MPS):
        np.testing.assert_allclose(dense, state.state_vector(), atol=1e-14)
    else:
        assert_equal_up_to_phase(dense, state.state_vector())


def test_the_statevector_is_that_of_the_state(state):
    np.testing.assert_array_equal(to_statevector(state), state.state_vector())


@pytest.mark.parametrize("state", [random_mps(9, 2), w_state(9), doubled(w_state(9))])
def test_bond_two_costs_two_cz_a_bond(state):
    gates = list(to_cirq(state).all_operations())
    pairs = [gate for gate in gates if len(gate.qubits) == 2]
    assert len(pairs) <= 2 * 8
    assert all(gate.gate == cirq.CZ for gate in pairs)
    assert all(abs(a.x - b.x) == 1 for a, b in (gate.qubits for gate in pairs))


def test_product_states_need_no_pairs():
    assert all(
        len(gate.qubits) == 1 for gate in to_cirq(doubled(random_mps(9, 1))).all_operations()
    )


def test_noisy_path_states_come_back_at_a_hundred_qubits():
    state = path_state(100, -0.4).rotated(rotation_noise(100, 0.3, np.random.default_rng(1)))
    again = MPS.from_circuit(to_cirq(state), 100)
    assert abs(again.overlap(state)) ** 2 == pytest.approx(1, abs=1e-12)


def test_quimb_agrees_at_a_hundred_qubits():
    state = path_state(100, -0.4).rotated(rotation_noise(100, 0.3, np.random.default_rng(1)))
    found, other = to_quimb(state), to_quimb(path_state(100, -0.5))
    assert abs(found.H @ found) == pytest.approx(1, abs=1e-10)
    overlap = complex(other.H @ found)
    assert overlap == pytest.approx(path_state(100, -0.5).overlap(state), abs=1e-12)
    assert abs(overlap) > 1e-6  # or the line above says nothing


def test_signs_of_stabilizers_survive_pauli_noise():
    edges = [(k, (7 * k + 3) % 100) for k in range(100) if k != (7 * k + 3) % 100]
    plain = StabilizerState.graph(100, {tuple(sorted(edge)) for edge in edges})
    noisy = plain.rotated(pauli_noise(100, 0.3, np.random.default_rng(1)))
    again = StabilizerState.from_circuit(to_cirq(noisy), 100)
    strings = [noisy.tableau.z_output(k) for k in range(100)]
    assert all(again.mean(string) == 1 for string in strings)
    assert any(plain.mean(string) == -1 for string in strings)  # the noise turned some


@pytest.mark.parametrize("distance", [1, 2, 3])
def test_degenerate_tensors_have_circuits_too(distance):
    state = StabilizerState.graph(6, [(k, k + distance) for k in range(6 - distance)])
    tensors = stabilizer_mps(state)
    assert tensors.max_bond_dim == 2**distance
    assert_equal_up_to_phase(made_by(to_cirq(tensors), 6), state.state_vector())


def test_stabilizer_tensors_have_the_least_bond():
    state = random_stabilizer(9)
    entropies = [state.entropy(range(cut)) for cut in range(1, 9)]
    assert stabilizer_mps(state).bond_dims == tuple(2 ** int(bits) for bits in entropies)


def test_stabilizer_tensors_keep_every_sign_at_a_hundred_qubits():
    state = build_dataset("surface_code", 100, 6, seed=1, noise=0.3).states[0]
    tensors = stabilizer_mps(state)
    assert tensors.max_bond_dim == 32  # |0_L> in the order of rows
    strings = [state.stabilizers[k] for k in range(0, 100, 12)]
    assert {string[0] for string in strings} == {"+", "-"}
    for string in strings:
        letters = {k: p for k, p in enumerate(string[1:]) if p != "_"}
        expected = -1 if string[0] == "-" else 1
        assert tensors.expectation(letters) == pytest.approx(expected, abs=1e-10)


def test_mixtures_come_member_by_member_with_their_weights():
    state = Mixture((0.25, 0.75), (ghz_state(4), random_mps(4, 2)))
    vectors = [(w, made_by(circuit, 4)) for w, circuit in exported(state, "cirq")]
    found = sum(w * np.outer(v, v.conj()) for w, v in vectors)
    members = [(w, member.state_vector()) for w, member in state.members]
    expected = sum(w * np.outer(v, v.conj()) for w, v in members)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert [w for w, _ in exported(dephased_ghz(4), "qasm3")] == [0.5, 0.5]


@pytest.mark.parametrize("form", FORMATS)
def test_files_give_back_what_was_exported(form):
    state = random_mps(5, 2)
    ((_, made),) = exported(state, form)
    content = FORMATS[form].encode(made)
    if form == "cirq":
        assert cirq.read_json(json_text=content.decode()) == made
    elif form == "qasm3":
        assert content.decode() == made
    elif form == "quimb":
        with np.load(io.BytesIO(content)) as arrays:
            again = qtn.MatrixProductState(list(arrays.values()), shape="lpr")
        np.testing.assert_allclose(again.to_dense().ravel(), state.state_vector(), atol=1e-14)
    else:
        np.testing.assert_array_equal(np.load(io.BytesIO(content)), state.state_vector())


@pytest.mark.parametrize("name", DATASETS)
def test_samples_of_every_family_are_exported(name):
    data = small(name)
    forms = ["quimb", "cirq"] if data.max_bond_dim <= 4 else ["quimb"]  # 8 takes seconds
    for label in np.unique(data.labels):
        state = data.states[int(np.argmax(data.labels == label))]
        expected = exported(state, "statevector")
        for form in forms:
            for (weight, made), (same, vector) in zip(
                exported(state, form), expected, strict=True
            ):
                assert weight == same
                found = made_by(made, data.n_qubits) if form == "cirq" else made.to_dense().ravel()
                assert_equal_up_to_phase(found, vector)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: exported(ghz_state(4), "qasm"), "Did you mean 'qasm3'"),
        (lambda: to_cirq(random_mps(8, 16)), f"up to {MAX_CIRCUIT_BOND}, this state has 16"),
        (lambda: to_cirq(random_mps(8, 16)), r"datasets\.preparation_circuit"),
        (lambda: to_statevector(ghz_state(21)), "at most 20 qubits"),
        (
            lambda: to_quimb(StabilizerState.graph(40, [(k, k + 20) for k in range(20)])),
            "needs a bond above 64 .* cirq or qasm3",
        ),
    ],
)
def test_what_has_no_such_form_says_so(call, message):
    with pytest.raises(ValueError, match=message):
        call()
