"""Scaling verdicts: known laws, scipy as the oracle of the fit, what sampling adds."""

import numpy as np
import pytest
from scipy.stats import linregress, t

from qnnbench.moments.verdict import scaling_verdict, shots_to_resolve

WIDTHS = np.array([4, 8, 16, 24, 32, 48, 64, 100])
WIDE = WIDTHS[WIDTHS >= 16]


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.592, np.log10(8 / 3)])
def test_an_exponential_law_is_found_with_its_rate(rate):
    found = scaling_verdict(WIDTHS, -1.3 - rate * WIDTHS)
    assert found.verdict == "exponential"
    assert found.rate == pytest.approx(rate, rel=1e-9)
    assert found.rate_lower <= found.rate <= found.rate_upper
    assert found.n_widths == 6


@pytest.mark.parametrize("exponent", [0.5, 1, 2, 4])
def test_a_polynomial_law_is_found_with_its_exponent(exponent):
    found = scaling_verdict(WIDTHS, 0.7 - exponent * np.log10(WIDTHS))
    assert found.verdict == "polynomial"
    assert found.exponent == pytest.approx(exponent, rel=1e-9)
    assert found.criterion_difference < 0


@pytest.mark.parametrize("value", [-0.3, -9.0])
def test_a_constant_is_polynomial_with_exponent_zero(value):
    found = scaling_verdict(WIDTHS, np.full(len(WIDTHS), value))
    assert found.verdict == "polynomial"
    assert found.exponent == pytest.approx(0, abs=1e-12)
    assert "constant" in found.reason


@pytest.mark.parametrize(
    ("name", "law", "verdict"),
    [  # closed forms of losses: products of rotations, and a circuit of Haar-random unitaries
        ("global loss", lambda n: n * np.log10(3 / 8) + np.log10(1 - (2 / 3) ** n), "exponential"),
        ("local gradient", lambda n: -np.log10(8 * n**2), "polynomial"),
        ("two-design", lambda n: -n * np.log10(2) - np.log10(1 + 2.0**-n), "exponential"),
        ("symmetric", lambda n: -np.log10(3 * n), "polynomial"),
        ("matchgates", lambda n: np.log10((n - 1) / (n * (2 * n - 1))), "polynomial"),
    ],
)
def test_closed_forms_are_judged_as_they_are_known(name, law, verdict):
    assert scaling_verdict(WIDTHS, law(WIDTHS.astype(float))).verdict == verdict


def test_narrow_widths_do_not_count():
    steep = np.where(WIDTHS < 16, -50.0, -2 * np.log10(WIDTHS))
    assert scaling_verdict(WIDTHS, steep).verdict == "polynomial"
    few = scaling_verdict(WIDTHS[:5], -0.5 * WIDTHS[:5])
    assert (few.verdict, few.n_widths) == ("undecided", 3)
    assert np.isnan(few.rate)


def test_exact_zeros_are_left_out_and_counted():
    logs = -0.4 * WIDTHS
    logs[[0, 3]] = -np.inf
    found = scaling_verdict(WIDTHS, logs)
    assert (found.verdict, found.n_widths, found.n_zero) == ("exponential", 5, 1)
    nothing = scaling_verdict(WIDTHS, np.full(len(WIDTHS), -np.inf))
    assert (nothing.verdict, nothing.n_zero) == ("undecided", 6)


def test_a_rate_that_may_be_zero_is_no_decay():
    growing = 0.02 * WIDTHS - 5
    assert scaling_verdict(WIDTHS, growing).verdict == "undecided"
    noise = np.array([0, 0, 1, -1, 1, -1, 1, -1]) * 0.8
    assert scaling_verdict(WIDTHS, -3 + noise).verdict == "undecided"


def test_fit_and_interval_are_those_of_scipy():
    rng = np.random.default_rng(5)
    logs = -0.05 * WIDTHS + rng.normal(0, 0.2, len(WIDTHS))
    found = scaling_verdict(WIDTHS, logs)
    wide = WIDTHS >= 16
    for x, value, lower, upper in (
        (WIDTHS[wide], found.rate, found.rate_lower, found.rate_upper),
        (np.log10(WIDTHS[wide]), found.exponent, found.exponent_lower, found.exponent_upper),
    ):
        line = linregress(x, logs[wide])
        reach = t.ppf(0.975, wide.sum() - 2) * line.stderr
        expected = [-line.slope, -line.slope - reach, -line.slope + reach]
        np.testing.assert_allclose([value, lower, upper], expected, rtol=1e-9)


def test_the_difference_is_that_of_any_information_criterion():
    rng = np.random.default_rng(6)
    logs = -0.03 * WIDE + rng.normal(0, 0.2, len(WIDE))
    criteria = []
    for x in (np.log10(WIDE), WIDE):  # polynomial, exponential
        design = np.stack([np.ones(len(x)), x], axis=1)
        square_sum = np.linalg.lstsq(design, logs, rcond=None)[1][0]
        count, k = len(x), 3  # two coefficients and the variance of the residuals
        deviance = count * np.log(square_sum / count)
        correction = 2 * k + 2 * k * (k + 1) / (count - k - 1)
        criteria.append([deviance + correction, deviance + k * np.log(count)])
    aicc, bic = np.subtract(*criteria)
    assert scaling_verdict(WIDE, logs).criterion_difference == pytest.approx(aicc)
    assert aicc == pytest.approx(bic)


def test_the_interval_of_the_rate_covers_the_truth_as_often_as_it_says():
    rng, draws, rate = np.random.default_rng(7), 800, 0.3
    held = 0
    for _ in range(draws):
        found = scaling_verdict(WIDE, -rate * WIDE + rng.normal(0, 0.3, len(WIDE)))
        held += found.rate_lower <= rate <= found.rate_upper
    # Binomial: five standard errors of 0.95 at 800 draws are 0.039.
    assert held / draws == pytest.approx(0.95, abs=0.039)


def test_noise_does_not_make_laws():
    rng, wrong = np.random.default_rng(8), 0
    for _ in range(200):
        found = scaling_verdict(WIDE, -2 * np.log10(WIDE) + rng.normal(0, 0.1, len(WIDE)))
        wrong += found.verdict == "exponential"
    assert wrong <= 4


SHARED_PARITY = -2 * np.log10(WIDTHS) - 1.6  # a shared block with a global parity


@pytest.mark.parametrize(
    ("variance", "median", "verdict"),
    [
        (SHARED_PARITY, -0.7 * WIDTHS, "exponential in the median"),
        (SHARED_PARITY, -1 * np.log10(WIDTHS), "polynomial"),
        (-0.5 * WIDTHS, -0.3 * WIDTHS, "exponential"),
        (-0.5 * WIDTHS, -1 * np.log10(WIDTHS), "undecided"),
        (SHARED_PARITY, np.full(len(WIDTHS), -np.inf), "undecided"),
    ],
)
def test_sampled_values_need_variance_and_median(variance, median, verdict):
    found = scaling_verdict(WIDTHS, variance, median)
    assert found.verdict == verdict
    assert "median:" in found.reason
    assert found.rate == scaling_verdict(WIDTHS, variance).rate


@pytest.mark.parametrize(
    ("widths", "logs", "message"),
    [
        ([16, 32], [-1.0], "one entry per width"),
        ([16, 16], [-1.0, -1.0], "given once"),
        ([16, 32], [-1.0, np.nan], "must not be NaN"),
    ],
)
def test_bad_curves_are_refused(widths, logs, message):
    with pytest.raises(ValueError, match=message):
        scaling_verdict(widths, logs)


def test_shots_resolve_a_component_at_one_sigma():
    # Parameter shift of C(θ) = cos θ with as many shots as said: its error is its size.
    rng, theta = np.random.default_rng(9), np.pi / 2 - 0.1
    size = abs(np.sin(theta) * 0.1)  # of the derivative of 0.1 cos θ
    shots = round(10 ** shots_to_resolve(np.log10(size**2)))
    values = 0.1 * np.cos(theta + np.array([[np.pi / 2], [-np.pi / 2]]))
    ups = rng.binomial(shots // 2, (1 + values) / 2, (2, 4000))
    plus, minus = 2 * ups / (shots // 2) - 1
    error = np.std((plus - minus) / 2)
    assert error == pytest.approx(size, rel=0.06)  # 5σ of a standard deviation of 4000 draws
    assert shots_to_resolve(-60.0) == 60
    assert shots_to_resolve(-np.inf) == np.inf
