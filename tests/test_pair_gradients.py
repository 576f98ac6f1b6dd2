"""Gradients of the two-copy parity: closed forms, sampled blocks and differences of the loss."""

import numpy as np
import pytest
from scipy.stats import unitary_group

from qnnbench.states.families.ghz import dephased_ghz, ghz_state
from qnnbench.states.quantities.pair_shots import BELL
from qnnbench.states.quantities.singlet_weights import weight_law
from qnnbench.tasks.pair_gradients import (
    separate_parity_log10_variance,
    shared_parity_sizes,
    shared_parity_variance,
)

X = np.kron([[0, 1], [1, 0]], np.eye(2))


def contrast(n_qubits, block):
    """Return how much the parity of symbol 3 differs, from the laws of its count."""
    q = np.abs(block[3] @ BELL[3]) ** 2
    signs = (-1.0) ** np.arange(n_qubits + 1)
    pair = ghz_state(n_qubits), dephased_ghz(n_qubits)
    laws = [weight_law(state, q, (1 - q) / 3) for state in pair]
    return signs @ (laws[0] - laws[1])


def test_derivatives_of_drawn_blocks_have_the_sampled_sizes():
    # Central differences of the contrast over blocks of SciPy against the formula's own.
    n, step, blocks = 2, 1e-4, unitary_group.rvs(4, size=200, random_state=1)
    turn = [np.cos(s / 2) * np.eye(4) - 1j * np.sin(s / 2) * X for s in (step, -step)]
    found = [(contrast(n, v @ turn[0]) - contrast(n, v @ turn[1])) / (2 * step) for v in blocks]
    sizes = 10 ** shared_parity_sizes(n, 40000, np.random.default_rng(1))
    for share in (0.25, 0.5, 0.75):
        below = np.mean(np.abs(found) < np.quantile(sizes, share))
        assert below == pytest.approx(share, abs=5 * np.sqrt(share * (1 - share) / 200))


@pytest.mark.parametrize("n_qubits", [2, 8, 16])
def test_variance_of_a_shared_block_is_that_of_drawn_ones(n_qubits):
    squares = 100 ** shared_parity_sizes(n_qubits, 400000, np.random.default_rng(2))
    error = squares.std() / np.sqrt(len(squares))
    assert shared_parity_variance(n_qubits) == pytest.approx(squares.mean(), abs=5 * error)


def test_variances_are_those_derived_elsewhere():
    assert shared_parity_variance(16) == pytest.approx(8.9e-5, rel=0.01)
    assert shared_parity_variance(100) == pytest.approx(2.6e-6, rel=0.02)
    assert 10 ** (118 + separate_parity_log10_variance(100)) == pytest.approx(0.41, rel=0.01)


def test_a_shared_block_is_a_trap_its_variance_tells_nothing_of_its_median():
    sizes = shared_parity_sizes(100, 100000, np.random.default_rng(3))
    assert np.median(sizes) == pytest.approx(np.log10(3e-70), abs=0.5)
    falls = [shared_parity_variance(n) * n**2 for n in (400, 800)]
    assert falls[0] == pytest.approx(falls[1], rel=0.02)  # polynomial: n^-2
    squares = np.sort(100**sizes)[::-1]
    carried = squares[:100].sum() / squares.sum()  # one block in a thousand
    assert carried > 0.99


def test_one_pair_of_qubits_has_both_variances_alike():
    # No other pair: shared or not is the same block. E (2/3 Im a* b)² = 4/9 · 0.15/6.
    assert shared_parity_variance(1) == pytest.approx(1 / 90, rel=1e-12)
    assert 10 ** separate_parity_log10_variance(1) == pytest.approx(1 / 90, rel=1e-12)
