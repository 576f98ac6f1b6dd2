"""Columns of a step that every trainer writes."""

import numpy as np


def gradient_sizes(gradient: np.ndarray | None) -> dict[str, float]:
    """Return the columns of a gradient's size, (n_symbols,); none where there is no gradient.

    Median and 5 % and 95 % quantiles are of the absolute derivatives over the angles.
    """
    if gradient is None:
        return {}
    low, median, high = np.quantile(np.abs(gradient), [0.05, 0.5, 0.95])
    return {
        "gradient_norm": float(np.linalg.norm(gradient)),
        "gradient_median": float(median),
        "gradient_q05": float(low),
        "gradient_q95": float(high),
    }
