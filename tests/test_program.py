"""Compilation: blocks reproduce Cirq's unitary, equal blocks are one gate, bad input is named."""

import itertools

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.backends import BackendCannot
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.circuits.gates import UnsupportedCircuit
from qnnbench.circuits.pauli_transfer import PAIRS, transfer, transfer_pull_back
from qnnbench.circuits.program import circuit_symbols, compile_circuit
from tests.circuits import random_circuit

A, B, C = cirq.LineQubit.range(3)
t, u = sympy.symbols("t u")


@pytest.mark.parametrize("seed", range(3))
def test_pull_back_is_the_adjoint_of_the_differential(seed):
    rng = np.random.default_rng(seed)
    circuit, symbols = random_circuit(4, 20, rng)
    program = compile_circuit(circuit, symbols)
    params, direction = rng.normal(size=(2, len(symbols)))
    shape = (program.n_gates, 4, 4)
    cotangents = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    step = 1e-5
    ahead, behind = (program.unitaries(params + s * step * direction) for s in (1, -1))
    expected = np.vdot(cotangents, ahead - behind).real / (2 * step)
    assert program.pull_back(params, cotangents) @ direction == pytest.approx(expected, rel=1e-7)


def test_a_circuit_without_angles_has_an_empty_gradient():
    program = compile_circuit(cirq.Circuit(cirq.H(A), cirq.CX(A, B)))
    assert program.pull_back(np.zeros(0), program.unitaries(np.zeros(0))).shape == (0,)


@pytest.mark.parametrize("seed", range(3))
def test_a_light_cone_is_what_scanning_every_block_finds(seed):
    rng = np.random.default_rng(seed)
    program = compile_circuit(*random_circuit(12, 20, rng, reach=3)).widened(14)
    for sites in ((0,), (3, 7), (11,), (13,), ()):
        support, blocks = set(sites), []
        for block in reversed(range(len(program.sites))):
            if support & set(program.sites[block]):
                support |= set(program.sites[block])
                blocks.insert(0, block)
        assert program.light_cone(sites) == (tuple(blocks), support)


def test_equal_blocks_are_one_gate():
    program = compile_circuit(build_ansatz("rg_tree", 100).circuit)
    assert len(program.sites) == 99
    assert program.n_gates <= 15  # 8 shapes, some with a neighbour's rotations fused in
    matrix = cirq.testing.random_unitary(4, random_state=0)
    twins = [cirq.MatrixGate(matrix)(a, b) for a, b in ((A, B), (C, cirq.LineQubit(3)))]
    turned = [cirq.XPowGate(exponent=t, global_shift=-0.5)(A), cirq.rx(sympy.pi * t)(C)]
    assert compile_circuit(cirq.Circuit(twins, turned)).n_gates == 1


def test_an_identity_ties_no_qubits_together():
    circuit = cirq.Circuit(cirq.IdentityGate(2)(A, B), cirq.CZ(A, B) ** 0, cirq.rx(t)(B))
    program = compile_circuit(circuit)
    assert program.sites == ((1,),)
    assert program.n_qubits == 2


def test_transfer_matrices_move_pauli_coefficients():
    rng = np.random.default_rng(0)
    unitary = cirq.testing.random_unitary(4, random_state=1)
    matrix = transfer(unitary[None])[0]
    coefficients = rng.normal(size=16)
    operator = np.tensordot(coefficients, PAIRS, 1)
    moved = np.tensordot(matrix @ coefficients, PAIRS, 1)
    np.testing.assert_allclose(moved, unitary.conj().T @ operator @ unitary, atol=1e-13)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(16), atol=1e-13)


def test_transfer_pull_back_is_the_adjoint_of_its_differential():
    rng = np.random.default_rng(1)
    unitary = cirq.testing.random_unitary(4, random_state=2)
    direction = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    cotangent = rng.normal(size=(1, 16, 16))
    step = 1e-6
    ahead, behind = (transfer((unitary + s * step * direction)[None]) for s in (1, -1))
    expected = (cotangent * (ahead - behind)).sum() / (2 * step)
    found = np.vdot(transfer_pull_back(unitary[None], cotangent)[0], direction).real
    assert found == pytest.approx(expected, rel=1e-7)


def test_symbols_sort_naturally():
    circuit = cirq.Circuit(cirq.rx(sympy.Symbol(f"a{i}"))(A) for i in (10, 2, 1))
    assert [s.name for s in circuit_symbols(circuit)] == ["a1", "a2", "a10"]


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        (cirq.CCX(A, B, C), "not a unitary gate on one or two qubits"),
        (cirq.measure(A), "not a unitary gate"),
        (cirq.depolarize(0.1)(A), "not unitary"),
        (cirq.rx(t**2)(A), "not affine"),
        (cirq.rx(t * u)(A), "not affine"),
        (cirq.IdentityGate(1, (3,))(cirq.LineQid(0, 3)), "Only qubits"),
    ],
)
def test_unsupported_gates_are_named_before_work_starts(gate, message):
    circuit = cirq.Circuit(gate)
    with pytest.raises(UnsupportedCircuit, match=message):
        qnnbench.expectations(circuit, cirq.Z(A), np.zeros(len(circuit_symbols(circuit))))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"params": [np.nan]}, "NaN or inf at .*t"),
        ({"params": [0.0, 1.0]}, r"shape \(1,\)"),
        ({"backend": "statvector"}, "Did you mean 'statevector'"),
        ({"symbols": [u]}, "not listed: .*t"),
        ({"symbols": ["t"]}, r"pass sympy.Symbol\('t'\)"),
        ({"params": {"t": 0.1}}, "1 real angles in an array, got dict"),
        ({"observables": []}, "observables is empty"),
        ({"observables": 1j * cirq.Z(A)}, "not a real finite"),
        ({"states": []}, "got an empty one"),
    ],
)
def test_bad_arguments_say_what_was_found(changes, message):
    call = {"circuit": cirq.Circuit(cirq.rx(t)(A)), "observables": cirq.Z(A), "params": [0.1]}
    with pytest.raises(ValueError, match=message):
        qnnbench.expectations(**{**call, **changes})


def test_a_backend_declines_with_the_reason_and_the_way_out():
    qubits = cirq.LineQubit.range(40)
    ghz = cirq.Circuit(cirq.rx(t)(qubits[0]))
    ghz += [cirq.CX(a, b) for a, b in itertools.pairwise(qubits)]
    reads = cirq.X(qubits[0]) * cirq.X(qubits[39])
    with pytest.raises(BackendCannot, match=r"40 qubits.*Use 'heisenberg'"):
        qnnbench.expectations(ghz, reads, [0.3], backend="statevector")
    woven = cirq.Circuit(
        cirq.ZZ(a, b) ** t
        for offset in (0, 1, 0, 1)
        for a, b in zip(qubits[offset::2], qubits[offset + 1 :: 2], strict=False)
    )
    with pytest.raises(BackendCannot, match=r"^tree: .*Use 'heisenberg'"):
        qnnbench.expectations(woven, cirq.X(qubits[0]), [0.3], backend="tree")


def test_symbols_are_known_by_name_and_only_once():
    real = sympy.Symbol("t", real=True)
    circuit = cirq.Circuit(cirq.rx(real)(A))
    value = qnnbench.expectations(circuit, cirq.Z(A), [0.3]).values[0, 0]
    assert value == pytest.approx(np.cos(0.3))
    with pytest.raises(UnsupportedCircuit, match=r"one name twice: \['t'\]\. List"):
        qnnbench.expectations(circuit, cirq.Z(A), [0.1, 0.9], symbols=[t, t])


@pytest.mark.parametrize("backend", ["statevector", "heisenberg"])
def test_edges_of_observables(backend):
    circuit = cirq.Circuit(cirq.CX(A, B), cirq.rx(t)(A))
    empty = cirq.ProjectorString({}, coefficient=2)
    far = cirq.Z(cirq.LineQubit(7))  # the circuit never touches it
    constant = cirq.PauliString(coefficient=-1.5)
    result = qnnbench.expectations(circuit, [empty, far, constant], [0.4], backend=backend)
    np.testing.assert_allclose(result.values, [[2, 1, -1.5]], atol=1e-14)
    assert result.is_exact


def test_an_observable_that_needs_a_wider_bond_gets_one():
    # Random weights on all pairs of 36 qubits: 18 at the middle bond, and "before" and "after".
    qubits = cirq.LineQubit.range(36)
    pairs = list(itertools.combinations(qubits, 2))
    weights = np.random.default_rng(0).normal(size=len(pairs))
    strings = [cirq.PauliString({a: cirq.Z, b: cirq.Z}) for a, b in pairs]
    weighted = cirq.PauliSum.from_pauli_strings(
        [w * string for w, string in zip(weights, strings, strict=True)]
    )
    circuit = cirq.Circuit(cirq.rx(t)(q) for q in qubits)
    result = qnnbench.expectations(circuit, weighted, [0.3], backend="heisenberg")
    assert result.bond_dim == 32
    assert result.values[0, 0] == pytest.approx(weights.sum() * np.cos(0.3) ** 2, abs=1e-10)
