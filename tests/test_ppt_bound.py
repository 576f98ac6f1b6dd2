"""The bound without a gate between copies: dense transposes, known values, weak duality."""

import itertools
from fractions import Fraction
from functools import reduce
from math import comb

import numpy as np
import pytest
from scipy.optimize import linprog

from qnnbench.states.families.ghz import dephased_ghz, ghz_state
from qnnbench.states.quantities.singlets import pair_optimum
from qnnbench.tasks.ppt_bound import (
    certified_accuracy,
    dual_prices,
    ppt_bound,
    transposed_weights,
)

SWAP = np.eye(4)[[0, 2, 1, 3]]


def transposed(pair):
    """Return an operator on (copy 1, copy 2) of one qubit, copy 2 transposed."""
    return pair.reshape(2, 2, 2, 2).transpose(0, 3, 2, 1).reshape(4, 4)


@pytest.mark.parametrize("n_qubits", [1, 2, 3])
def test_weights_are_eigenvalues_of_the_dense_transpose(n_qubits):
    chances = np.random.default_rng(n_qubits).random(n_qubits + 1)
    triplet, singlet = transposed((np.eye(4) + SWAP) / 2), transposed((np.eye(4) - SWAP) / 2)
    dense = sum(
        chances[sum(pattern)] * reduce(np.kron, [(triplet, singlet)[bit] for bit in pattern])
        for pattern in itertools.product((0, 1), repeat=n_qubits)
    )
    means = np.array(transposed_weights(n_qubits)) @ chances / 2**n_qubits
    found = np.linalg.eigvalsh(dense)
    sizes = [round(3 ** (n_qubits - sum(b))) for b in itertools.product((0, 1), repeat=n_qubits)]
    bells = [sum(b) for b in itertools.product((0, 1), repeat=n_qubits)]
    np.testing.assert_allclose(found, np.sort(np.repeat(means[bells], sizes)), atol=1e-12)


@pytest.mark.parametrize(
    ("n_qubits", "bound", "digits"),
    [
        (2, 7 / 12, 1e-9),
        (8, 0.5386231, 1e-7),
        (16, 0.51662, 1e-5),
        (32, 0.503641, 1e-6),
        (50, 0.500653, 1e-6),
        (64, 0.500174, 1e-6),
        (80, 0.5000407, 1e-7),
    ],
)
def test_bounds_are_those_derived_elsewhere(n_qubits, bound, digits):
    assert ppt_bound(n_qubits) == pytest.approx(bound, abs=digits)


def exact_program(n):
    """Return gains c_w and means M_jw as fractions, from binomial sums of their own."""
    gains = [Fraction((-1) ** w * comb(n, w), 2**n) for w in range(n + 1)]
    means = [
        [
            sum(
                (-1) ** i * comb(j, i) * 3 ** (j - i) * Fraction(comb(n - j, w - i), 2**n)
                for i in range(max(0, w - n + j), min(j, w) + 1)
            )
            for w in range(n + 1)
        ]
        for j in range(n + 1)
    ]
    return gains, means


@pytest.mark.parametrize("n_qubits", [8, 16, 32, 50, 80])
def test_the_certificate_is_dual_feasible_in_exact_arithmetic(n_qubits):
    # Minimise Σ u + Σ v over u, v >= 0 with u_j >= y_j and Σ_j y_j M_jw + v_w >= c_w: any such
    # point is at least the maximum of Σ c_w e_w, by c e <= y M e + v e <= Σ u + Σ v.
    gains, means = exact_program(n_qubits)
    prices = dual_prices(n_qubits)
    positive = [max(price, Fraction(0)) for price in prices]
    paid = [
        sum(y * row[w] for y, row in zip(prices, means, strict=True)) for w in range(len(gains))
    ]
    slack = [max(c - p, Fraction(0)) for c, p in zip(gains, paid, strict=True)]
    assert all(p + v >= c for p, v, c in zip(paid, slack, gains, strict=True))
    proven = Fraction(1, 2) + (sum(positive) + sum(slack)) / 4
    assert certified_accuracy(n_qubits, prices) == proven
    assert float(proven) == ppt_bound(n_qubits)


@pytest.mark.parametrize(("n_qubits", "gap"), [(4, 1e-9), (8, 1e-9), (16, 1e-8), (24, 1e-6)])
def test_a_measurement_that_is_allowed_in_exact_arithmetic_attains_the_bound(n_qubits, gap):
    # A solver's e is drawn towards e = 1/2, whose transpose is 1/2 too, until all of it holds.
    gains, means = exact_program(n_qubits)
    rows = np.array([[float(m) for m in row] for row in means])
    found = linprog(
        [-float(c) for c in gains],
        A_ub=np.vstack([rows, -rows]),
        b_ub=np.repeat([1.0, 0.0], n_qubits + 1),
        bounds=(0, 1),
        options={"primal_feasibility_tolerance": 1e-10},
    )
    chances = [min(max(Fraction(e), Fraction(0)), Fraction(1)) for e in found.x.tolist()]
    half = Fraction(1, 2)
    numbers = [sum(m * e for m, e in zip(row, chances, strict=True)) for row in means]
    furthest = max(abs(number - half) for number in numbers)
    shrunk = min(Fraction(1), half / furthest)
    allowed = [half + shrunk * (e - half) for e in chances]
    for row in means:
        assert 0 <= sum(m * e for m, e in zip(row, allowed, strict=True)) <= 1
    attained = half + sum(c * e for c, e in zip(gains, allowed, strict=True)) / 4
    bound = certified_accuracy(n_qubits, dual_prices(n_qubits))
    assert 0 <= bound - attained < gap


def test_two_qubits_attain_their_bound():
    # e = (1/3, 0, 1): allowed, as its transpose has λ = (1/3, 0, 1) too, and it scores 7/12.
    chances = [Fraction(1, 3), Fraction(0), Fraction(1)]
    means = [
        sum(m * e for m, e in zip(row, chances, strict=True)) / 4 for row in transposed_weights(2)
    ]
    assert means == chances
    accuracy = Fraction(1, 2) + Fraction(1, 16) * (chances[0] - 2 * chances[1] + chances[2])
    assert accuracy == Fraction(7, 12)
    assert ppt_bound(2) == pytest.approx(7 / 12, abs=1e-12)


@pytest.mark.parametrize("n_qubits", [2, 4, 8, 16])
def test_the_bound_lies_between_xor_and_the_joint_optimum(n_qubits):
    pair = ghz_state(n_qubits), dephased_ghz(n_qubits)
    xor = pair_optimum(*pair, singlet=1.0, triplet=1 / 3)
    assert xor <= ppt_bound(n_qubits) + 1e-12
    assert ppt_bound(n_qubits) < pair_optimum(*pair)


def test_any_prices_prove_a_bound():
    best = certified_accuracy(8, dual_prices(8))
    rng = np.random.default_rng(1)
    for _ in range(20):
        moved = [price + Fraction(float(rng.normal(0, 0.1))) for price in dual_prices(8)]
        assert certified_accuracy(8, moved) >= best - Fraction(1, 10**9)
    assert certified_accuracy(8, [Fraction(0)] * 9) == Fraction(5, 8)  # without PPT


def test_a_hundred_qubits_are_near_chance():
    assert 0.5 < ppt_bound(100) < ppt_bound(80)


def test_too_many_qubits_are_refused():
    with pytest.raises(ValueError, match="1 to 100 qubits, got 101"):
        ppt_bound(101)
