"""The operator backend: routing, several observables at once, truncation and its error."""

import itertools

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.backends import BackendCannot
from qnnbench.backends.heisenberg.plan import plan
from qnnbench.backends.heisenberg.start import start_chain
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.circuits.observables import on_sites
from qnnbench.circuits.program import compile_circuit
from qnnbench.states.mps import MPS
from tests.circuits import cirq_gradient, cirq_values, random_circuit, random_mps


def zs(n_qubits: int) -> list[cirq.PauliString]:
    return [cirq.PauliString(cirq.Z(q)) for q in cirq.LineQubit.range(n_qubits)]


def ring(n_qubits: int, n_layers: int) -> tuple[cirq.Circuit, tuple[sympy.Symbol, ...]]:
    """Rotations on all qubits, then ZZ and XX rotations at distances 1 to 3 on a ring."""
    qubits, ops = cirq.LineQubit.range(n_qubits), []
    symbols = iter(sympy.symbols(f"r0:{8 * n_layers * n_qubits}"))
    for layer in range(n_layers):
        ops += [cirq.ry(next(symbols))(q) for q in qubits]
        for i in range(n_qubits):
            far = qubits[(i + 1 + (layer + i) % 3) % n_qubits]
            ops.append(cirq.ZZPowGate(exponent=next(symbols) / sympy.pi)(qubits[i], far))
            ops.append(cirq.XXPowGate(exponent=next(symbols) / sympy.pi)(qubits[i], far))
    circuit = cirq.Circuit(ops)
    return circuit, compile_circuit(circuit).symbols


MORE = [pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3)]


@pytest.mark.parametrize("seed", [0, 1, *MORE])
@pytest.mark.parametrize("is_complex", [True, False])
def test_untruncated_gates_of_any_reach_agree_with_cirq(seed, is_complex):
    rng = np.random.default_rng(seed)
    n_qubits = int(rng.integers(3, 7))
    circuit, symbols = random_circuit(n_qubits, 3 * n_qubits, rng)
    q = cirq.LineQubit.range(n_qubits)
    observables = [
        cirq.X(q[0]) * cirq.Y(q[-1]),
        0.5 * cirq.Z(q[1]) - 2 * cirq.X(q[0]) * cirq.Z(q[2]) + 0.25,
        cirq.ProjectorString({q[0]: 0, q[2]: 1}, coefficient=3),
        cirq.PauliString(coefficient=0.7),
        cirq.X(q[0]) * cirq.Y(q[-1]),
        *zs(n_qubits),
    ]
    params = rng.normal(size=len(symbols))
    states = [random_mps(n_qubits, 3, rng, is_complex), random_mps(n_qubits, 2, rng, is_complex)]
    result = qnnbench.expectations(
        circuit, observables, params, states, symbols, "heisenberg", tolerance=0
    )
    assignment = dict(zip(symbols, params, strict=True))
    vectors = [state.state_vector() for state in states]
    expected = [cirq_values(circuit, observables, assignment, v, n_qubits) for v in vectors]
    np.testing.assert_allclose(result.values, expected, atol=1e-9)
    cotangent = rng.normal(size=result.values.shape)
    slopes = [
        cirq_gradient(circuit, observables, symbols, params, v, n_qubits) @ row
        for v, row in zip(vectors, cotangent, strict=True)
    ]
    np.testing.assert_allclose(result.gradient(cotangent), np.sum(slopes, axis=0), atol=1e-9)


def test_truncated_gates_of_any_reach_state_their_error():
    rng = np.random.default_rng(0)
    circuit, symbols = ring(10, 2)
    params = rng.normal(0, 0.3, len(symbols))
    states = [random_mps(10, 4, rng) for _ in range(4)]
    call = (circuit, zs(10), params, states, symbols)
    exact = qnnbench.expectations(*call, backend="statevector")
    ones = np.ones_like(exact.values)
    slope = exact.gradient(ones)
    off = []
    for bond in (16, 32):
        cut = qnnbench.expectations(*call, backend="heisenberg", tolerance=0, max_bond_dim=bond)
        assert not cut.is_exact
        rms = np.sqrt(np.mean((cut.values - exact.values) ** 2))
        estimate = np.sqrt(np.mean(cut.error**2))
        assert estimate / 5 < rms < 3 * estimate
        off.append(np.linalg.norm(cut.gradient(ones) - slope) / np.linalg.norm(slope))
    assert off[1] < off[0] < 0.1


def test_columns_at_once_are_the_columns_one_by_one():
    rng = np.random.default_rng(1)
    network = build_ansatz("brickwork", 12, n_layers=5)
    params = rng.normal(0, 0.4, len(network.symbols))
    states = [random_mps(12, 3, rng, is_complex=False) for _ in range(3)]
    columns = [*zs(12), *network.observables, cirq.ProjectorString({cirq.LineQubit(4): 1})]
    call = {"params": params, "states": states, "symbols": network.symbols, "tolerance": 1}
    call |= {"backend": "heisenberg", "max_bond_dim": 16}
    together = qnnbench.expectations(network.circuit, columns, **call)
    assert together.relative_error > 0
    cotangent = rng.normal(size=together.values.shape)
    gradient = np.zeros(len(params))
    for j, column in enumerate(columns):
        alone = qnnbench.expectations(network.circuit, column, **call)
        np.testing.assert_allclose(together.values[:, j], alone.values[:, 0], atol=1e-10)
        np.testing.assert_allclose(together.error[:, j], alone.error[:, 0], rtol=1e-6, atol=1e-9)
        gradient += alone.gradient(cotangent[:, [j]])
    np.testing.assert_allclose(together.gradient(cotangent), gradient, atol=1e-8)


def test_equal_cones_are_computed_once():
    # Blocks shared within a layer: away from the ends, two columns per brick differ.
    network = build_ansatz("brickwork", 40, n_layers=3, sharing="layer")
    program = compile_circuit(network.circuit, network.symbols)
    sites = {q: q.x for q in cirq.LineQubit.range(40)}
    way = plan(program, tuple(on_sites(z, sites) for z in zs(40)), 16)
    assert len(set(way.chain_of[8:32])) == 2
    assert way.n_chains < 12
    rng = np.random.default_rng(2)
    params = rng.normal(size=len(network.symbols))
    state = random_mps(40, 2, rng)
    call = (network.circuit, zs(40), params, state, network.symbols)
    found = qnnbench.expectations(*call, backend="heisenberg")
    expected = qnnbench.expectations(*call, backend="statevector")
    np.testing.assert_allclose(found.values, expected.values, atol=1e-12)
    cotangent = rng.normal(size=found.values.shape)
    np.testing.assert_allclose(found.gradient(cotangent), expected.gradient(cotangent), atol=1e-11)


def test_a_zero_observable_leaves_the_others_alone():
    network = build_ansatz("qcnn", 10)
    params = np.random.default_rng(3).normal(0, 0.2, len(network.symbols))
    q = cirq.LineQubit.range(10)
    columns = [cirq.PauliString(cirq.X(q[0]), coefficient=0.0), network.observables[0]]
    call = (params, None, network.symbols, "heisenberg", 1, 16)
    both = qnnbench.expectations(network.circuit, columns, *call)
    alone = qnnbench.expectations(network.circuit, columns[1], *call)
    np.testing.assert_allclose(both.values[0], [0, alone.values[0, 0]], atol=1e-12)
    np.testing.assert_allclose(
        both.gradient(np.ones((1, 2))), alone.gradient(np.ones((1, 1))), atol=1e-12
    )


def test_a_thousand_qubits_have_their_closed_form():
    # A CNOT ladder pulls Z of the last qubit back to Z on all; RY(t) on |0> gives cos t.
    qubits = cirq.LineQubit.range(1024)
    angles = sympy.symbols("t0:1024")
    circuit = cirq.Circuit(cirq.ry(t)(q) for t, q in zip(angles, qubits, strict=True))
    circuit += [cirq.CX(a, b) for a, b in itertools.pairwise(qubits)]
    params = np.linspace(0.001, 0.05, 1024)
    result = qnnbench.expectations(
        circuit, cirq.Z(qubits[-1]), params, None, angles, "heisenberg", max_bond_dim=4
    )
    value = np.cos(params).prod()
    assert result.values[0, 0] == pytest.approx(value, rel=1e-10)
    np.testing.assert_allclose(
        result.gradient(np.ones((1, 1))), -np.tan(params) * value, atol=1e-10
    )


def test_a_string_on_every_qubit_keeps_its_value_on_basis_states():
    # Typical product states give it 3^-150: a cut that is best for them loses this value.
    network = build_ansatz("brickwork", 300, n_layers=2)
    params = np.random.default_rng(1).normal(0, 0.1, len(network.symbols))
    parity = cirq.PauliString(dict.fromkeys(cirq.LineQubit.range(300), cirq.Z))
    zero = MPS.product([np.array([1.0, 0.0])] * 300)
    evolved, cut = zero.evolve(network.circuit, params, 16, network.symbols)
    assert cut < 1e-12
    expected = evolved.expectation(dict.fromkeys(range(300), "Z"))
    result = qnnbench.expectations(
        network.circuit, parity, params, zero, network.symbols, "heisenberg", 1, 8
    )
    assert not result.is_exact
    assert abs(result.values[0, 0] - expected) < result.error[0, 0] < 0.05 * abs(expected)


def test_all_pairs_of_equal_weight_need_three_bond_states():
    qubits = cirq.LineQubit.range(30)
    strings = [
        cirq.PauliString({a: cirq.X, b: cirq.Z}) for a, b in itertools.combinations(qubits, 2)
    ]
    terms = on_sites(cirq.PauliSum.from_pauli_strings(strings), {q: q.x for q in qubits})
    _, ranks, constant = start_chain(terms, 3)
    assert ranks == [1, 2, *[3] * 27, 2, 1]
    assert constant == 0
    with pytest.raises(BackendCannot, match="needs a bond of 3, the cap is 2"):
        start_chain(terms, 2)


def test_numbers_beyond_double_precision_are_refused():
    network = build_ansatz("qcnn", 12)
    params = np.random.default_rng(0).normal(0, 0.3, len(network.symbols))
    huge = 1e200 * network.observables[0]
    with pytest.raises(BackendCannot, match="Rescale the observable"):
        qnnbench.expectations(
            network.circuit, huge, params, None, network.symbols, "heisenberg", 1, 16
        )
