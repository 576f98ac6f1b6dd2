"""What repeats say together: each has a seed of its own, and none is preferred.

The median is the middle value, of an even number the lower of the middle two: always the
value of some repeat. Its interval is the percentile bootstrap over repeats, taken in the
limit of infinitely many resamples, where it is exact and needs no random numbers.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

LEVEL = 0.95
STATISTICS = ("n_repeats", "median", "minimum", "low", "high")


@cache
def median_ranks(n_repeats: int) -> tuple[int, int, int]:
    """Return the ranks, from 0, of lower end, median and upper end among sorted values.

    With m the rank of the median counted from 1, the median of a resample is at most the k-th
    value with probability P(B ≥ m), B binomial of ``n_repeats`` trials at k / n_repeats. The
    ends are where that passes 2.5 % and 97.5 %. Up to five repeats they are the extremes.

    Raises:
        ValueError: No repeats.

    Source: Efron, Ann. Statist. 7, 1 (1979), doi:10.1214/aos/1176344552, Sec. 3.
    """
    from scipy.stats import binom  # loads half a second that no import pays

    if n_repeats < 1:
        raise ValueError(f"a median needs at least one repeat, got {n_repeats}")
    middle = (n_repeats - 1) // 2
    reached = binom.sf(middle, n_repeats, np.arange(1, n_repeats + 1) / n_repeats)
    tail = (1 - LEVEL) / 2
    return int(np.argmax(reached > tail)), middle, int(np.argmax(reached >= 1 - tail))


def median_interval(values: Sequence[float] | np.ndarray) -> tuple[float, float, float]:
    """Return median and ends of its 95 % bootstrap interval of values without NaN, (n,)."""
    ordered = np.sort(np.asarray(values, float))
    lower, middle, upper = ordered[list(median_ranks(len(ordered)))].tolist()
    return middle, lower, upper


def over_repeats(rows: pd.DataFrame, key: Sequence[str], column: str = "value") -> pd.DataFrame:
    """Return one row per ``key`` from one row per repeat.

    Columns besides the key: "n_repeats", "median", "minimum", and "low" and "high", the ends
    of the median's 95 % bootstrap interval. Rows without a value are left out.
    """
    seen = rows.loc[rows[column].notna(), [*key, column]]
    found: list[dict[str, Any]] = []
    for place, values in seen.groupby(list(key), dropna=False, sort=True)[column]:
        median, low, high = median_interval(values.to_numpy())
        own = {"n_repeats": len(values), "median": median, "minimum": float(values.min())}
        found.append({**dict(zip(key, place, strict=True)), **own, "low": low, "high": high})
    kinds = {name: rows[name].dtype for name in key}  # of no rows, too
    return pd.DataFrame(found, columns=[*key, *STATISTICS]).astype(kinds)


def share(n_true: int, n_repeats: int) -> tuple[float, float, float]:
    """Return a fraction of repeats and the ends of its 95 % Wilson interval.

    Source: Wilson, J. Am. Stat. Assoc. 22, 209 (1927), doi:10.1080/01621459.1927.10502953.
    """
    from scipy.stats import binomtest

    interval = binomtest(n_true, n_repeats).proportion_ci(LEVEL, method="wilson")
    return n_true / n_repeats, float(interval.low), float(interval.high)


def sign_test(differences: Sequence[float] | np.ndarray) -> float:
    """Return the exact two-sided p that differences are as often above as below zero.

    Zeros say nothing and are left out; with none left p is 1. No outcome of n repeats has a
    smaller p than 2^(1-n): 0.0625 of five.
    """
    from scipy.stats import binomtest

    signs = np.sign(np.asarray(differences, float))
    n_above, n_told = int((signs > 0).sum()), int((signs != 0).sum())
    return float(binomtest(n_above, n_told).pvalue) if n_told else 1.0
