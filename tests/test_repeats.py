"""Statistics over repeats agree with enumeration and with their closed forms."""

from itertools import product
from math import comb, sqrt

import numpy as np
import pandas as pd
import pytest

from qnnbench.figures.repeats import median_interval, over_repeats, share, sign_test


def bootstrap_medians(values):
    """Return the lower median of every possible resample, sorted."""
    n = len(values)
    resamples = np.sort(np.array(list(product(np.sort(values), repeat=n))), axis=1)
    return np.sort(resamples[:, (n - 1) // 2])


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7])
def test_the_interval_is_the_bootstrap_over_every_resample(n):
    values = np.random.default_rng(n).normal(size=n)
    every = bootstrap_medians(values)
    ends = np.quantile(every, [0.025, 0.975], method="inverted_cdf")
    median, low, high = median_interval(values)
    assert (low, high) == tuple(ends)
    assert median == np.sort(values)[(n - 1) // 2]


def test_the_interval_of_many_repeats_is_near_the_normal_one():
    values = np.random.default_rng(3).normal(size=2001)
    median, low, high = median_interval(values)
    half = 1.96 * sqrt(np.pi / 2 / 2001)  # of the median of a normal sample
    assert low < median < high
    assert (high - low) / 2 == pytest.approx(half, rel=0.25)  # its density is estimated


@pytest.mark.parametrize("n", [2, 3, 5])
def test_up_to_five_repeats_the_interval_is_their_range(n):
    values = np.arange(n)[::-1] / 7
    assert median_interval(values)[1:] == (values.min(), values.max())


def test_no_repeats_have_no_median():
    with pytest.raises(ValueError, match="at least one repeat"):
        median_interval([])


def test_repeats_are_summarised_by_key_and_missing_values_left_out():
    rows = pd.DataFrame(
        [
            {"arm": "a", "n_copies": np.nan, "value": value}
            for value in (0.9, 0.2, 0.7, np.nan, 0.8, 0.6)
        ]
        + [{"arm": "b", "n_copies": 2.0, "value": value} for value in (0.3, 0.1)]
    )
    first, second = over_repeats(rows, ["arm", "n_copies"]).to_dict("records")
    told = {"n_repeats": 5, "median": 0.7, "minimum": 0.2, "low": 0.2, "high": 0.9}
    assert {name: first[name] for name in told} == told
    assert np.isnan(first["n_copies"])
    told = {"arm": "b", "n_copies": 2.0, "n_repeats": 2, "median": 0.1, "minimum": 0.1}
    assert {name: second[name] for name in told} == told


def test_nothing_summarised_has_the_same_columns():
    empty = over_repeats(pd.DataFrame({"n_qubits": np.zeros(0, int), "value": []}), ["n_qubits"])
    assert list(empty) == ["n_qubits", "n_repeats", "median", "minimum", "low", "high"]
    assert empty.empty
    assert empty["n_qubits"].dtype == int  # so that it joins others


@pytest.mark.parametrize(("n_true", "n"), [(0, 5), (3, 5), (5, 5), (1, 3)])
def test_the_share_has_its_wilson_interval(n_true, n):
    z, p = 1.959963984540054, n_true / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    expected = (p, max(0, centre - half), min(1, centre + half))
    assert share(n_true, n) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("n_above", "n_below"), [(5, 0), (4, 1), (0, 5), (3, 3), (7, 2)])
def test_the_sign_test_counts_every_outcome_as_extreme(n_above, n_below):
    differences = [0.1] * n_above + [-0.3] * n_below + [0.0]  # the zero does not count
    n, k = n_above + n_below, max(n_above, n_below)
    tail = sum(comb(n, i) for i in range(k, n + 1)) / 2**n
    assert sign_test(differences) == pytest.approx(min(1, 2 * tail))


def test_five_repeats_cannot_be_below_a_sixteenth():
    assert sign_test(np.ones(5)) == 0.0625
    assert sign_test(np.zeros(5)) == 1
