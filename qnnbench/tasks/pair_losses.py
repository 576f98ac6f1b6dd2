"""What the two-copy network minimises: functions of the symbols of a batch of pairs."""

import numpy as np

from qnnbench.tasks.two_copies import N_SYMBOLS


def covariances(symbols: np.ndarray) -> np.ndarray:
    """Return 12 times the mean covariance of "symbol k here" between two qubits, per k.

    Needs no labels. For GHZ states and dephased ones its mean is 3/4 η_k², with
    η_k = (4 q_k - 1)/3; the sum over k is at most 1, reached where one symbol is the
    singlet. For rings, paths and W states it nearly vanishes: most of their pairs of qubits
    are not correlated.

    Args:
        symbols: Of n_shots >= 2 pairs, shape (n_shots, n_qubits).

    Returns:
        Float64 (4,), unbiased.
    """
    n_shots, n_qubits = symbols.shape
    seen = [symbols == k for k in range(N_SYMBOLS)]
    together = np.array([hits.sum(axis=1).var(ddof=1) for hits in seen])
    rates = np.array([hits.mean(axis=0) for hits in seen])
    alone = np.sum(rates * (1 - rates), axis=1) * n_shots / (n_shots - 1)
    return 12 * (together - alone) / (n_qubits * (n_qubits - 1))


def low_count(symbols: np.ndarray, symbol: int) -> float:
    """Return how often a symbol is seen, per qubit, in shots that have it on n/8 or fewer.

    Half of all pairs of GHZ states and of dephased ones show no singlet, the others about
    n/4. So this is the rate (1 - q)/3 at which triplets pass for a singlet, up to the few
    patterns between: least where the symbol is the singlet. It does not depend on how many
    shots showed none, which would be noise.
    """
    counts = (symbols == symbol).sum(axis=1)
    most = max(symbols.shape[1] // 8, 1)
    low = counts[counts <= most]
    return float(low.mean() if len(low) else most) / symbols.shape[1]


def contrasts(symbols: np.ndarray) -> np.ndarray:
    """Return 3/4 η_k² per symbol, from pairs of identical product states.

    Two equal qubits are never in the singlet: symbol k has the rate (1 - q_k)/3, and
    η_k = 1 - 4 rate_k. The sum over k is at most 1, reached where one symbol is the
    singlet.

    Args:
        symbols: Of pairs of product states, shape (n_shots, n_qubits).

    Returns:
        Float64 (4,); too large by 12 rate (1 - rate)/(n_shots n_qubits) on average.
    """
    rates = np.bincount(symbols.reshape(-1), minlength=N_SYMBOLS) / symbols.size
    return np.asarray(0.75 * (1 - 4 * rates) ** 2)


def rate(symbols: np.ndarray, symbol: int) -> float:
    """Return how often a symbol is seen per qubit: (1 - q)/3 on pairs of product states."""
    return float(np.mean(symbols == symbol))


def parity_error(symbols: np.ndarray, labels: np.ndarray) -> float:
    """Return how often the parity of the last symbol's count is not the label.

    The loss of end-to-end training. It is 1/2 - η^n/8 on GHZ states (label 0) and dephased
    ones (label 1), so it is flat at large n except where η is near 1.

    Args:
        symbols: Shape (n_shots, n_qubits).
        labels: 0 or 1 of each shot.
    """
    odd = (symbols == N_SYMBOLS - 1).sum(axis=1) % 2
    return float(np.mean(odd != labels))
