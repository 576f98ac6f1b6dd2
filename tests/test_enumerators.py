"""Sector lengths against all Pauli means, all stabilizers, known codes and an identity."""

import itertools
from fractions import Fraction
from math import comb

import numpy as np
import pytest

from qnnbench.states.mps import PAULIS
from qnnbench.states.quantities.enumerators import (
    generators,
    light_stabilizers,
    mean_purity,
    rank,
    sector_lengths,
)
from qnnbench.states.stabilizer import StabilizerState
from tests.test_stabilizer import clifford_circuit, partial_trace


def ring(n_qubits):
    return StabilizerState.graph(n_qubits, [(v, (v + 1) % n_qubits) for v in range(n_qubits)])


def path(n_qubits):
    return StabilizerState.graph(n_qubits, itertools.pairwise(range(n_qubits)))


def lengths_by_means(vector, n_qubits):
    """Return Σ <P>² by weight, from the amplitudes and all 4^n strings."""
    found = np.zeros(n_qubits + 1)
    for letters in itertools.product("IXYZ", repeat=n_qubits):
        moved = vector.reshape((2,) * n_qubits)
        for site, letter in enumerate(letters):
            moved = np.moveaxis(np.tensordot(PAULIS[letter], moved, (1, site)), 0, site)
        weight = n_qubits - letters.count("I")
        found[weight] += np.vdot(vector, moved.reshape(-1)).real ** 2
    return found


def lengths_by_products(state):
    """Return how many of all 2^n products of generators have each weight."""
    products = np.zeros((1, state.n_qubits), dtype=np.uint8)
    for x, z in (state.tableau.z_output(k).to_numpy() for k in range(state.n_qubits)):
        products = np.concatenate([products, products ^ (x + 2 * z).astype(np.uint8)])
    weights = np.count_nonzero(products, axis=1)
    return np.bincount(weights, minlength=state.n_qubits + 1).tolist()


def random_state(n_qubits, n_gates, seed):
    rng = np.random.default_rng(seed)
    return StabilizerState.from_circuit(clifford_circuit(n_qubits, n_gates, rng), n_qubits)


@pytest.mark.parametrize(("n_gates", "seed"), [(2, 0), (4, 1), (8, 2), (20, 3)])
def test_sector_lengths_are_squared_pauli_means(n_gates, seed):
    state = random_state(5, n_gates, seed)
    group = generators(state)
    found = sector_lengths(group)
    np.testing.assert_allclose(found, lengths_by_means(state.state_vector(), 5), atol=1e-9)
    assert light_stabilizers(group) == (found[1], found[2])
    vector = state.state_vector()
    subsets = itertools.chain(*(itertools.combinations(range(5), k) for k in range(1, 6)))
    purities = [np.sum(np.abs(partial_trace(vector, list(s), 5)) ** 2) for s in subsets]
    assert float(mean_purity(found)) == pytest.approx((1 + sum(purities)) / 32, abs=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_sector_lengths_count_products_in_any_order(seed):
    state = random_state(11, 25 + 10 * seed, seed)
    order = np.random.default_rng(seed).permutation(11).tolist()
    expected = lengths_by_products(state)
    assert sector_lengths(generators(state)) == expected
    assert sector_lengths(generators(state), order) == expected
    assert sector_lengths(generators(state), order, max_weight=4) == expected[:5]
    assert light_stabilizers(generators(state)) == tuple(expected[1:3])


def test_pairs_of_one_qubit_strings_are_counted():
    zeros = StabilizerState.product([np.eye(2)[0]] * 4)
    assert light_stabilizers(generators(zeros)) == (4, 6)
    pairs = StabilizerState.graph(4, [(0, 1), (2, 3)])
    assert light_stabilizers(generators(pairs)) == (0, 6)


def test_known_codes():
    # The five-qubit code's logical states and the hexacode: Rains, quant-ph/9612015, Sec. IV.
    assert sector_lengths(generators(ring(5))) == [1, 0, 0, 10, 15, 6]
    hexacode = StabilizerState.graph(
        6, [*[(v, (v + 1) % 5) for v in range(5)], *[(v, 5) for v in range(5)]]
    )
    assert sector_lengths(generators(hexacode)) == [1, 0, 0, 0, 45, 0, 18]


def test_an_ungenerated_group_may_be_smaller():
    group = generators(ring(6))[1:]
    products = np.zeros((1, 12), dtype=bool)
    for row in group.reshape(5, 12):
        products = np.concatenate([products, products ^ row])
    weights = products.reshape(-1, 6, 2).any(axis=2).sum(axis=1)
    assert sector_lengths(group) == np.bincount(weights, minlength=7).tolist()
    assert rank(group.reshape(5, 12)) == 5
    assert rank(np.concatenate([group, group[:2] ^ group[2:4]]).reshape(7, 12)) == 5


def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def test_closed_forms_of_concentratable_entanglement():
    star = StabilizerState.graph(9, [(0, v) for v in range(1, 9)])
    complete = StabilizerState.graph(9, itertools.combinations(range(9), 2))
    for ghz in (star, complete):
        expected = Fraction(1, 2) + Fraction(1, 2**9)
        assert mean_purity(sector_lengths(generators(ghz))) == expected
    bell = StabilizerState.graph(12, [(v, v + 1) for v in range(0, 12, 2)])
    assert mean_purity(sector_lengths(generators(bell))) == Fraction(3, 4) ** 6
    for n in (5, 8, 100):
        cluster = mean_purity(sector_lengths(generators(path(n))))
        assert cluster == Fraction(fibonacci(n + 2), 2**n)
        closed = Fraction(fibonacci(n - 1) + fibonacci(n + 1) + 1, 2**n)
        assert mean_purity(sector_lengths(generators(ring(n)))) == closed


def test_a_hundred_qubits_meet_the_macwilliams_identity():
    # A pure state is its own shadow: 2^n A_j = Σ_k K_j(k) A_k, Krawtchouk polynomials of
    # base 4; Shor and Laflamme, Phys. Rev. Lett. 78, 1600 (1997), Eq. (9) with A = B.
    n = 100
    found = sector_lengths(generators(ring(n)))
    assert sum(found) == 2**n
    for j in (0, 1, 2, 3, 26, 50, 99, 100):
        shadow = sum(
            count * (-1) ** s * 3 ** (j - s) * comb(k, s) * comb(n - k, j - s)
            for k, count in enumerate(found)
            for s in range(max(0, j + k - n), min(j, k) + 1)
        )
        assert shadow == 2**n * found[j]


def test_too_wide_an_order_is_refused():
    order = [*range(0, 40, 2), *range(1, 40, 2)]  # every other vertex: 20 ebits half way
    with pytest.raises(ValueError, match=r"tails are open .* order whose cuts"):
        sector_lengths(generators(ring(40)), order)
