"""Monte Carlo moments: against grids, single evaluations, and known distributions."""

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.circuits.angles import Fixed, Gaussian, Uniform
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.moments import CannotCompute
from qnnbench.moments.record import QUANTILES
from qnnbench.moments.sampled import spreads
from qnnbench.states.stabilizer import StabilizerState
from tests.circuits import random_mps
from tests.shared_angles import LINE, tied_case


def drawn(circuit, observable, n_samples, seed, **options):
    """Return sampled moments, of uniform angles unless told otherwise."""
    rng = np.random.default_rng(seed)
    return qnnbench.moments(
        circuit, observable, n_samples=n_samples, sampled=True, rng=rng, **options
    )


def test_samples_agree_with_the_grid_within_their_errors():
    circuit, observable, symbols = tied_case()
    laws = [Uniform(), Gaussian(0.8), Uniform()]
    angles = dict(zip(symbols, laws, strict=True))
    exact = qnnbench.moments(circuit, observable, angles=angles)
    found = drawn(circuit, observable, 1500, 11, angles=angles)
    assert exact.chain == "grid"
    assert (found.method, found.chain, found.n_samples) == ("monte-carlo", "samples", 1500)

    def z(sampled, truth, error):
        return (10 ** (np.asarray(sampled) - truth) - 1) / error

    assert abs(z(found.log10_variance, exact.log10_variance, found.relative_error)) < 5
    scores = z(
        found.log10_gradient_variance,
        exact.log10_gradient_variance,
        found.gradient_relative_error,
    )
    assert np.abs(scores).max() < 5
    error = 10 ** (exact.log10_variance / 2) / 1500**0.5
    assert abs(found.mean - exact.mean) < 5 * error
    for low, high, middle in (
        (*found.interval, found.log10_variance),
        (*found.gradient_interval.T, found.log10_gradient_variance),
    ):
        assert np.all((low < middle) & (middle < high))


def test_samples_are_those_of_the_backends():
    circuit, observable, symbols = tied_case()
    rng = np.random.default_rng(5)
    states = [random_mps(3, 2, rng), random_mps(3, 2, rng)]
    laws, params = [Uniform(), Gaussian(0.8), Fixed(1.0)], np.random.default_rng(1)
    draws = np.stack([law.sample(20, params) for law in laws], axis=1)
    results = [qnnbench.expectations(circuit, observable, d, states, symbols) for d in draws]
    values = np.array([result.values[:, 0] for result in results])
    slopes = np.array([[r.gradient(row[:, None]) for row in np.eye(2)] for r in results])

    angles = dict(zip(symbols, laws, strict=True))
    average = drawn(circuit, observable, 20, 1, angles=angles, state=states)
    contrast = drawn(circuit, observable, 20, 1, angles=angles, contrast=states)
    assert average.mean == pytest.approx(values.mean())
    assert 10**average.log10_variance == pytest.approx(values.var(axis=0, ddof=1).mean())
    np.testing.assert_allclose(
        10**average.log10_gradient_variance, slopes.var(axis=0, ddof=1).mean(axis=0)
    )
    difference = slopes[:, 0] - slopes[:, 1]
    assert 10**contrast.log10_variance == pytest.approx((values @ [1, -1]).var(ddof=1))
    np.testing.assert_allclose(
        10**contrast.log10_gradient_variance, difference.var(axis=0, ddof=1)
    )
    for found, sizes in ((average, np.abs(slopes)), (contrast, np.abs(difference))):
        assert tuple(found.quantiles) == QUANTILES
        np.testing.assert_allclose(
            list(found.quantiles.values()), np.quantile(sizes, QUANTILES), atol=1e-14
        )
        assert found.visible_share == pytest.approx(np.mean(sizes > 0.01))


def test_equal_seeds_give_equal_samples():
    circuit, observable, _ = tied_case()
    first, second, other = (drawn(circuit, observable, 30, seed) for seed in (0, 0, 1))
    assert first.interval == second.interval != other.interval
    assert first.log10_variance == second.log10_variance != other.log10_variance


def test_intervals_and_standard_errors_cover_the_truth_as_often_as_they_say():
    # Losses cos θ of uniform θ have variance 1/2; a second column has kurtosis 3.
    rng = np.random.default_rng(8)
    truth, hits, scores = np.array([0.5, 1.0]), np.zeros(2), []
    n_trials, n_draws = 200, 200
    for _ in range(n_trials):
        draws = np.stack(
            [np.cos(rng.uniform(0, 7 * 2 * np.pi, n_draws)), rng.normal(size=n_draws)], axis=1
        )
        log_variances, errors, intervals = spreads(draws[:, None], rng)
        hits += (intervals[:, 0] < np.log10(truth)) & (np.log10(truth) < intervals[:, 1])
        scores.append((10**log_variances / truth - 1) / errors)
    # 95 % less up to 3 % for percentile intervals of 200 draws; 200 trials give 1.6 % (1σ).
    assert np.all(np.abs(hits / n_trials - 0.94) < 0.05), hits / n_trials
    assert np.std(scores, axis=0) == pytest.approx(1, abs=0.25)


def test_average_over_losses_uses_their_correlation():
    # Two equal losses know no more than one.
    draws = np.random.default_rng(0).normal(size=(50, 1, 3))
    once = spreads(draws, np.random.default_rng(1))
    twice = spreads(np.repeat(draws, 2, axis=1), np.random.default_rng(1))
    for one, two in zip(once, twice, strict=True):
        np.testing.assert_allclose(one, two)


def test_truncating_backends_are_not_used():
    network = build_ansatz("hea", 40, n_layers=20)
    with pytest.raises(CannotCompute, match="exact"):
        drawn(network.circuit, cirq.Z(cirq.LineQubit(20)), 10, 0)


@pytest.mark.parametrize("gradients", [True, False])
def test_states_without_values_at_all_angles_are_declined(gradients):
    state = StabilizerState.from_circuit(cirq.Circuit(cirq.H(LINE[0])), 1)
    circuit = cirq.Circuit(cirq.ry(sympy.Symbol("a"))(LINE[0]))
    with pytest.raises(CannotCompute):  # Clifford angles only
        drawn(circuit, cirq.Z(LINE[0]), 10, 0, state=state, gradients=gradients)
