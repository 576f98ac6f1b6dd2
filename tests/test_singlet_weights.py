"""Weights of singlet patterns: sums over patterns, sector lengths, the hidden two rings."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest

from qnnbench.states.families.graphs import ring
from qnnbench.states.families.lu_orbit import BASES
from qnnbench.states.mps import Mixture
from qnnbench.states.quantities.enumerators import generators, sector_lengths
from qnnbench.states.quantities.singlet_weights import shuffled_optimum, weight_law
from qnnbench.states.quantities.singlets import every_pattern, pair_optimum, pattern_chances
from qnnbench.states.stabilizer import StabilizerState
from tests.circuits import random_mps


@pytest.mark.parametrize("chances", [(1.0, 0.0), (0.9, 0.05), (1.0, 1 / 3)])
def test_the_law_sums_over_patterns_of_a_weight(chances):
    rng = np.random.default_rng(1)
    state = Mixture((0.3, 0.7), (random_mps(6, 2, rng), random_mps(6, 3, rng)))
    patterns = every_pattern(6)
    law = np.bincount(patterns.sum(axis=1), pattern_chances(state, patterns, *chances))
    np.testing.assert_allclose(weight_law(state, *chances), law, atol=1e-13)


def exact_weights(n_qubits, edges):
    """Return the law of weights as fractions, from counts of stabilizers.

    Σ_w p_w z^w = 4^-n Σ_k A_k (1 - z)^k (3 + z)^(n-k): SWAP = (1 + XX + YY + ZZ)/2.
    """
    lengths = sector_lengths(generators(StabilizerState.graph(n_qubits, edges)))
    law = [Fraction(0)] * (n_qubits + 1)
    for k, count in enumerate(lengths):
        for i in range(k + 1):
            for j in range(n_qubits - k + 1):
                ways = comb(k, i) * comb(n_qubits - k, j) * (-1) ** i * 3 ** (n_qubits - k - j)
                law[i + j] += Fraction(count * ways, 4**n_qubits)
    return law


@pytest.mark.parametrize("n_qubits", [8, 16, 32])
def test_laws_of_rings_are_those_of_their_stabilizers(n_qubits):
    half = n_qubits // 2
    two = ring(half) + ring(half, half)
    laws = [exact_weights(n_qubits, edges) for edges in (ring(n_qubits), two)]
    for name, law in zip(("ring", "ring2"), laws, strict=True):
        found = weight_law(BASES[name](n_qubits))
        np.testing.assert_allclose(found, [float(p) for p in law], atol=1e-14)
    distance = sum(abs(p - q) for p, q in zip(*laws, strict=True)) / 2
    found = shuffled_optimum(BASES["ring"](n_qubits), BASES["ring2"](n_qubits))
    assert found == pytest.approx(float(Fraction(1, 2) + distance / 2), abs=1e-14)


def test_two_rings_in_hidden_order_are_at_chance():
    best = {n: shuffled_optimum(BASES["ring"](n), BASES["ring2"](n)) for n in (8, 16, 32, 100)}
    assert best[8] == pytest.approx(0.5625, abs=1e-12)
    assert best[16] == pytest.approx(0.5078125, abs=1e-12)
    assert 0 < best[32] - 0.5 < 2e-4
    assert 2 * (best[100] - 0.5) == pytest.approx(5.7e-12, rel=0.02)


def test_states_that_any_exchange_leaves_alone_lose_nothing():
    pair = BASES["ghz"](10), BASES["w"](10)
    assert shuffled_optimum(*pair) == pytest.approx(pair_optimum(*pair), abs=1e-13)
