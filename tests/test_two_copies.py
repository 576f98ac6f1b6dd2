"""Two copies against dense tensor products, purities and the law of singlet patterns."""

import itertools

import cirq
import numpy as np
import pytest

import qnnbench
from qnnbench.circuits.ansatze import SymbolTable, block
from qnnbench.states.mps import MPS, Mixture
from qnnbench.states.stabilizer import StabilizerState
from qnnbench.states.two_copies import two_copies
from tests.circuits import random_mps


def interleaved(first, second, n_qubits):
    """Return the tensor product of two vectors with the qubits of the copies alternating."""
    both = np.kron(first, second).reshape((2,) * (2 * n_qubits))
    order = [i for k in range(n_qubits) for i in (k, n_qubits + k)]
    return both.transpose(order).reshape(-1)


def ghz(n_qubits):
    q = cirq.LineQubit.range(n_qubits)
    return cirq.Circuit(cirq.H(q[0]), [cirq.CNOT(a, b) for a, b in itertools.pairwise(q)])


def pair_sum(sign, pairs):
    """Return Π over ``pairs`` of (1 ± SWAP)/2 if sign is ±1, or of SWAP if it is 0."""
    product = cirq.PauliSum.from_pauli_strings([cirq.PauliString()])
    for k in pairs:
        a, b = cirq.LineQubit.range(2 * k, 2 * k + 2)
        swap = 0.5 + 0.5 * (cirq.X(a) * cirq.X(b) + cirq.Y(a) * cirq.Y(b) + cirq.Z(a) * cirq.Z(b))
        product = product * (0.5 + 0.5 * sign * swap if sign else swap)
    return product


def idle(n_sites):
    return cirq.Circuit(cirq.I(q) for q in cirq.LineQubit.range(n_sites))


def purity(density):
    return np.trace(density @ density).real


@pytest.mark.parametrize("is_complex", [True, False])
@pytest.mark.parametrize("n_qubits", [1, 2, 4])
def test_chain_is_the_interleaved_tensor_product(n_qubits, is_complex):
    rng = np.random.default_rng(n_qubits)
    state = random_mps(n_qubits, 3, rng, is_complex)
    copies = two_copies(state)
    assert copies.n_qubits == 2 * n_qubits
    assert copies.max_bond_dim <= state.max_bond_dim**2
    assert np.iscomplexobj(copies.tensors[0]) == is_complex
    vector = state.state_vector()
    np.testing.assert_allclose(
        copies.state_vector(), interleaved(vector, vector, n_qubits), atol=1e-14
    )


def test_mixture_keeps_both_orders_of_its_members():
    rng = np.random.default_rng(3)
    members = [random_mps(3, 2, rng), random_mps(3, 3, rng)]
    copies = two_copies(Mixture((0.3, 0.7), tuple(members)))
    expected = sum(
        v * w * np.outer(both := interleaved(a.state_vector(), b.state_vector(), 3), both.conj())
        for (v, a), (w, b) in itertools.product(zip((0.3, 0.7), members, strict=True), repeat=2)
    )
    density = sum(
        w * np.outer(m.state_vector(), m.state_vector().conj()) for w, m in copies.members
    )
    np.testing.assert_allclose(density, expected, atol=1e-13)


def test_stabilizer_copies_are_the_interleaved_tensor_product():
    state = StabilizerState.from_circuit(ghz(3) + cirq.S(cirq.LineQubit(1)), 3)
    vector = state.state_vector()
    overlap = np.vdot(two_copies(state).state_vector(), interleaved(vector, vector, 3))
    assert abs(overlap) == pytest.approx(1, abs=1e-12)


def test_swap_of_the_copies_measures_purity():
    # <SWAP_S> = Tr ρ_S² for every set S of qubits.
    rng = np.random.default_rng(5)
    state = Mixture((0.4, 0.6), (random_mps(4, 2, rng), random_mps(4, 3, rng)))
    sets = [s for size in range(1, 5) for s in itertools.combinations(range(4), size)]
    swaps = [pair_sum(0, s) for s in sets]
    result = qnnbench.expectations(idle(8), swaps, [], two_copies(state))
    expected = [purity(state.reduced_density_matrix(s)) for s in sets]
    np.testing.assert_allclose(result.values[0], expected, atol=1e-12)
    pure = qnnbench.expectations(idle(8), swaps[-1], [], two_copies(random_mps(4, 3, rng)))
    assert pure.values[0, 0] == pytest.approx(1, abs=1e-12)


def test_singlet_patterns_follow_the_purity_formula():
    # p(α) = 2^-n Σ_S (-1)^|α∩S| Tr ρ_S²: singlet = (1 - SWAP)/2.
    state = random_mps(4, 3, np.random.default_rng(6))
    sets = [s for size in range(5) for s in itertools.combinations(range(4), size)]
    purities = {s: purity(state.reduced_density_matrix(s)) if s else 1.0 for s in sets}
    chances = {a: sum((-1) ** len(set(a) & set(s)) * purities[s] for s in sets) / 16 for a in sets}
    patterns = [pair_sum(-1, a) * pair_sum(1, set(range(4)) - set(a)) for a in sets]
    result = qnnbench.expectations(idle(8), patterns, [], two_copies(state))
    np.testing.assert_allclose(result.values[0], list(chances.values()), atol=1e-12)
    assert result.values.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("backend", ["statevector", "stabilizer"])
def test_ghz_has_a_singlet_on_every_fourth_pair(backend):
    n_qubits = 5
    kind = MPS if backend == "statevector" else StabilizerState
    copies = two_copies(kind.from_circuit(ghz(n_qubits), n_qubits))
    singlets = [pair_sum(-1, [k]) for k in range(n_qubits)]
    result = qnnbench.expectations(idle(2 * n_qubits), singlets, [], copies, None, backend)
    np.testing.assert_allclose(result.values[0], 0.25, atol=1e-12)


def test_blocks_shared_across_the_copies_agree_in_every_backend():
    rng = np.random.default_rng(8)
    n_qubits, symbol = 4, SymbolTable()
    q = cirq.LineQubit.range(2 * n_qubits)
    circuit = cirq.Circuit(block(symbol, "b", q[2 * k], q[2 * k + 1]) for k in range(n_qubits))
    reads = [cirq.Z(q[k]) + 0.5 * cirq.X(q[k]) for k in range(2 * n_qubits)]
    params = rng.uniform(0, 2 * np.pi, 15)
    mixture = Mixture((0.25, 0.75), (random_mps(n_qubits, 2, rng), random_mps(n_qubits, 2, rng)))
    states = [two_copies(mixture), two_copies(random_mps(n_qubits, 3, rng))]
    call = (circuit, reads, params, states, symbol.all())
    exact = qnnbench.expectations(*call, "statevector")
    cotangent = rng.normal(size=exact.values.shape)
    vectors = [m.state_vector() for m in mixture.states]
    dense = [
        v * w * _dense_values(circuit, reads, symbol.all(), params, interleaved(a, b, n_qubits))
        for (v, a), (w, b) in itertools.product(zip((0.25, 0.75), vectors, strict=True), repeat=2)
    ]
    np.testing.assert_allclose(exact.values[0], sum(dense), atol=1e-12)
    for backend in ("heisenberg", "tree"):
        other = qnnbench.expectations(*call, backend, tolerance=0)
        np.testing.assert_allclose(other.values, exact.values, atol=1e-11)
        np.testing.assert_allclose(
            other.gradient(cotangent), exact.gradient(cotangent), atol=1e-10
        )


def _dense_values(circuit, reads, symbols, params, vector):
    q = cirq.LineQubit.range(8)
    final = cirq.Simulator(dtype=np.complex128).simulate(
        circuit, dict(zip(symbols, params, strict=True)), qubit_order=q, initial_state=vector
    )
    place = {qubit: i for i, qubit in enumerate(q)}
    state = final.final_state_vector
    return np.array([r.expectation_from_state_vector(state, place).real for r in reads])


def test_what_is_no_state_is_named():
    with pytest.raises(ValueError, match="got list"):
        two_copies([])
