"""Monte Carlo moments of losses and gradients, with bootstrap intervals."""

from collections.abc import Sequence
from typing import Any

import cirq
import numpy as np
import sympy

from qnnbench.circuits.angles import AngleLaw
from qnnbench.moments.evaluated import evaluated_losses
from qnnbench.moments.inputs import Inputs
from qnnbench.moments.record import QUANTILES, VISIBLE, Moments

N_RESAMPLES = 1000
INTERVAL = (0.025, 0.975)
RESAMPLE_ENTRIES = 10_000_000  # counts held at once: 80 MB
NEGLIGIBLE = 1e-26  # a variance below this part of the largest square is rounding


def sampled_moments(
    circuit: cirq.AbstractCircuit,
    observable: Any,
    symbols: Sequence[sympy.Symbol],
    laws: Sequence[AngleLaw],
    inputs: Inputs,
    n_samples: int,
    rng: np.random.Generator,
    gradients: bool = True,
) -> Moments:
    """Return moments over ``n_samples`` random draws of all angles.

    Every value and gradient is exact; only the angles are sampled. Intervals are
    percentiles of 1000 bootstrap resamples of the draws: they are too narrow where few
    draws carry the variance, as on a plateau, so read them beside quantiles and
    ``visible_share``.

    Args:
        circuit: Any circuit that the backends evaluate; symbols may be shared.
        observable: Pauli string or sum, projector string or sum.
        symbols: Order of the gradient.
        laws: Law of the angle of each symbol.
        inputs: A state, or several: the result is then the average over them of the mean
            and of each variance, all from the same draws; or a contrast.
        n_samples: Draws, at least 2.
        rng: Draws the angles, then the resamples.
        gradients: Whether to sample gradients.

    Returns:
        Relative errors are standard errors of the variances.

    Raises:
        CannotCompute: No exact backend evaluates this.
        UnsupportedCircuit: A gate or an observable that no backend evaluates.

    Source:
        Efron and Tibshirani, An Introduction to the Bootstrap (1993), Sec. 13.3.
    """
    losses = evaluated_losses(circuit, observable, symbols, inputs, gradients)
    params = np.empty((n_samples, len(symbols)))
    for column, law in zip(params.T, laws, strict=True):
        column[:] = law.sample(n_samples, rng)
    if gradients:
        values, slopes = losses.values_and_gradients(params)
    else:
        values = losses.values(params)
        slopes = np.empty((*values.shape, 0))
    log_variances, errors, intervals = spreads(
        np.concatenate([values[:, :, None], slopes], axis=2), rng
    )
    sizes = np.abs(slopes)
    quantiles = (
        dict(zip(QUANTILES, np.quantile(sizes, QUANTILES), strict=True)) if sizes.size else {}
    )
    return Moments(
        mean=float(values.mean()),
        log10_variance=float(log_variances[0]),
        log10_gradient_variance=log_variances[1:],
        relative_error=float(errors[0]),
        gradient_relative_error=errors[1:],
        method="monte-carlo",
        chain="samples",
        bond_dim=0,
        symbols=tuple(symbols),
        n_samples=n_samples,
        interval=(float(intervals[0, 0]), float(intervals[0, 1])),
        gradient_interval=intervals[1:],
        quantiles={level: float(quantile) for level, quantile in quantiles.items()},
        visible_share=float(np.mean(sizes > VISIBLE)) if sizes.size else float("nan"),
    )


def spreads(
    draws: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return log10 of the variances, their relative standard errors and log10 intervals.

    Args:
        draws: Float64 (n_draws, n_losses, m), the loss first among the m.
        rng: Draws the resamples.

    Returns:
        Shapes (m,), (m,) and (m, 2). Variances are unbiased, averaged over losses, and zero
        where rounding alone could have made them.
    """
    n_draws = len(draws)
    deviations = draws - draws.mean(axis=0)
    squares = (deviations**2).mean(axis=1)
    variances = squares.sum(axis=0) / (n_draws - 1)
    is_zero = variances <= NEGLIGIBLE * np.max(draws**2, axis=0).max(initial=0.0)
    standard_errors = squares.std(axis=0, ddof=1) / np.sqrt(n_draws)
    bounds = np.quantile(_resampled_variances(deviations, rng), INTERVAL, axis=0).T
    with np.errstate(divide="ignore", invalid="ignore"):
        return (
            np.log10(np.where(is_zero, 0.0, variances)),
            np.where(is_zero, 0.0, standard_errors / variances),
            np.log10(np.where(is_zero[:, None], 0.0, bounds)),
        )


def _resampled_variances(deviations: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the variances of bootstrap resamples, float64 (N_RESAMPLES, m).

    Args:
        deviations: From the mean over draws, (n_draws, n_losses, m).
        rng: Draws the resamples; all losses and derivatives share them.
    """
    n_draws = len(deviations)
    squares = deviations**2
    chunk = min(N_RESAMPLES, max(1, RESAMPLE_ENTRIES // n_draws))
    found = []
    for start in range(0, N_RESAMPLES, chunk):
        size = min(chunk, N_RESAMPLES - start)
        rows = rng.integers(n_draws, size=(size, n_draws)) + n_draws * np.arange(size)[:, None]
        counts = np.bincount(rows.ravel(), minlength=size * n_draws).reshape(size, n_draws)
        shares = counts / n_draws
        means = np.tensordot(shares, deviations, 1)
        spread = np.tensordot(shares, squares, 1) - means**2
        found.append(np.maximum(spread, 0.0).mean(axis=1) * n_draws / (n_draws - 1))
    return np.concatenate(found)
