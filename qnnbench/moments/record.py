"""What is known of a loss and its gradient over random angles."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import sympy

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
VISIBLE = 0.01  # a derivative above this is seen with some 10^4 shots


@dataclass(frozen=True)
class Moments:
    """Moments of C(θ) = <O>, or of a difference of two of them, over random angles.

    Attributes:
        mean: E[C].
        log10_variance: log10 Var[C]; -inf where zero.
        log10_gradient_variance: log10 Var[∂C/∂θ_k], float64 (n_symbols,); -inf where zero,
            or below 1e-13 of E[C²]; empty if gradients were not asked for.
        relative_error: Estimated relative error of the variance; of a sampled one, its
            standard error.
        gradient_relative_error: Likewise of each gradient variance, float64 (n_symbols,);
            it can be far above that of the variance.
        method: "exact" if nothing but rounding errors was cut off, "truncated", or
            "monte-carlo".
        chain: What was followed: "strings" (the diagonal chain, where cross terms average
            to zero), "string pairs" (with cross terms), "grid" (shared angles on a product
            grid) or "samples".
        bond_dim: Largest bond dimension met; 0 where there is no chain.
        symbols: Order of the gradient.
        n_samples: Draws of all angles; 0 unless sampled.
        interval: 95 % bootstrap interval of ``log10_variance``; None unless sampled.
        gradient_interval: Likewise of each gradient variance, float64 (n_symbols, 2).
        quantiles: Of |∂C/∂θ_k| over all draws and symbols, by level; empty unless sampled.
        visible_share: P(|∂C/∂θ_k| > 0.01) over draws and symbols; NaN unless sampled.
    """

    mean: float
    log10_variance: float
    log10_gradient_variance: np.ndarray
    relative_error: float
    gradient_relative_error: np.ndarray
    method: str
    chain: str
    bond_dim: int
    symbols: tuple[sympy.Symbol, ...]
    n_samples: int = 0
    interval: tuple[float, float] | None = None
    gradient_interval: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    quantiles: Mapping[float, float] = field(default_factory=dict)
    visible_share: float = float("nan")
