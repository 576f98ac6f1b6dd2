"""Counts against an exact law: chi-square, and total variation within perfect sampling."""

import numpy as np
from scipy import stats


def frequencies(counts, n_bits):
    """Return counts of all 2^n_bits outcomes, the first bit most significant."""
    assert all(len(outcome) == n_bits for outcome in counts)
    return np.array([counts.get(f"{k:0{n_bits}b}", 0) for k in range(2**n_bits)])


def chi_square_p(observed, law):
    """Return the p value; outcomes that are expected less than five times count as one."""
    expected = law * observed.sum()
    rare = expected < 5
    pairs = [
        np.append(values[~rare], values[rare].sum() if rare.any() else [])
        for values in (observed, expected)
    ]
    return stats.chisquare(*pairs).pvalue


def total_variation(observed, law):
    return np.abs(observed / observed.sum() - law).sum() / 2


def band(law, n_shots, level=0.99):
    """Return the total variation that perfect sampling exceeds with probability 1 - level."""
    draws = np.random.default_rng(0).multinomial(n_shots, law, size=4000)
    return np.quantile([total_variation(draw, law) for draw in draws], level)
