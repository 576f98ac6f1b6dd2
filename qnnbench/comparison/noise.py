"""What chance alone does: tests of two proportions, of paired repeats, of many at once."""

from collections.abc import Sequence
from itertools import product

import numpy as np
from scipy.stats import fisher_exact, norm

from qnnbench.figures.repeats import share

LEVEL = 0.05
NORMAL_QUANTILE = 1.959963984540054  # of 0.975
FEWEST_FLIPPED = 6  # repeats whose signs can give p below LEVEL: 2^(1-6)
_ENUMERATED = 14
_N_DRAWS = 20_000


def holm(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return p values, (n,), adjusted so that the chance of any false alarm stays below a level.

    Source: Holm, Scand. J. Statist. 6, 65 (1979).
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def two_proportions(before: float, after: float, n_before: int, n_after: int) -> float:
    """Return the two-sided p of Fisher's exact test that two proportions are one.

    On the same test states, of which rows hold the number right but not which, the exact test
    of McNemar cannot be made. Outcomes on equal states go together, so that a test for
    independent ones finds too little rather than too much.

    Args:
        before: The one fraction; counts are rounded.
        after: The other.
        n_before: Test states of the one.
        n_after: Of the other.

    Source: Fisher, J. R. Stat. Soc. 85, 87 (1922).
    """
    counts = [[round(v * n), n - round(v * n)] for v, n in ((before, n_before), (after, n_after))]
    return float(fisher_exact(counts)[1])


def difference_of_proportions(
    before: float, after: float, n_before: int, n_after: int
) -> tuple[float, float]:
    """Return the 95 % interval of after - before, from the Wilson interval of each.

    Source: Newcombe, Stat. Med. 17, 873 (1998), method 10.
    """
    _, low_a, high_a = share(round(before * n_before), n_before)
    _, low_b, high_b = share(round(after * n_after), n_after)
    down = np.hypot(after - low_b, high_a - before)
    up = np.hypot(high_b - after, before - low_a)
    return float(after - before - down), float(after - before + up)


def two_means(difference: float, error_before: float, error_after: float) -> float:
    """Return the two-sided p of a difference of independent normal means by standard errors."""
    spread = float(np.hypot(error_before, error_after))
    if spread == 0:
        return 1.0 if difference == 0 else 0.0
    return float(2 * norm.sf(abs(difference) / spread))


def sign_flips(differences: Sequence[float] | np.ndarray) -> float:
    """Return the two-sided p of the paired permutation test on the mean of differences, (n,).

    If repeats are equally likely to go up or down, each pattern of signs is equally likely.
    All are tried up to 14 repeats, above that 20,000 drawn ones with a fixed seed.

    Source: Fisher, The Design of Experiments (1935), Sec. 21.
    """
    values = np.asarray(differences, float)
    if len(values) <= _ENUMERATED:
        signs = np.array(list(product((1, -1), repeat=len(values))))
    else:
        drawn = np.random.default_rng(0).choice((1, -1), size=(_N_DRAWS, len(values)))
        signs = np.concatenate([np.ones((1, len(values)), int), drawn])
    sums = np.abs(signs @ values)
    return float(np.mean(sums >= sums[0] * (1 - 1e-12)))
