"""The trainability columns of one network."""

from typing import Any

import numpy as np

from qnnbench.circuits.angles import AngleLaw
from qnnbench.circuits.ansatze import Network
from qnnbench.moments.exact import moments


def trainability_row(
    network: Network,
    *,
    observable_index: int = 0,
    angles: str | AngleLaw = "uniform",
    state: Any = None,
    tolerance: float = 1e-3,
    max_bond_dim: int = 256,
) -> dict[str, Any]:
    """Return the measured columns of table ``trainability`` for one observable.

    Args:
        network: Circuit, symbols and observables.
        observable_index: Which observable is read.
        angles: Law of every angle.
        state: Input state; None for |0…0>.
        tolerance: Wanted relative error of the variance.
        max_bond_dim: Cap of the bond dimension.

    Returns:
        Columns of ``results.TABLES["trainability"]``; logarithms base 10. The mean of
        the gradient variance is over all symbols, those with zero included.

    Raises:
        CannotCompute: The exact method does not cover this network.
        ValueError: No observable of this index.
    """
    if not 0 <= observable_index < len(network.observables):
        raise ValueError(
            f"observable_index must be in 0..{len(network.observables) - 1}, "
            f"got {observable_index!r}"
        )
    found = moments(
        network.circuit,
        network.observables[observable_index],
        network.symbols,
        angles=angles,
        state=state,
        tolerance=tolerance,
        max_bond_dim=max_bond_dim,
    )
    logs = found.log10_gradient_variance
    return {
        "n_layers": network.n_layers,
        "n_symbols": len(network.symbols),
        "mean": found.mean,
        "log10_variance": found.log10_variance,
        "log10_gradient_variance_mean": log10_mean(logs),
        "log10_gradient_variance_max": float(np.max(logs, initial=-np.inf)),
        "log10_gradient_variance": logs.tolist(),
        "relative_error": found.relative_error,
        "method": found.method,
    }


def log10_mean(logs: np.ndarray) -> float:
    """Return log10 of the mean of 10**logs without underflow; -inf where all are zero."""
    largest = float(np.max(logs, initial=-np.inf))
    if np.isneginf(largest):
        return largest
    return largest + float(np.log10(np.mean(10 ** (logs - largest))))
