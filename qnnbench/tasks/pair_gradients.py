"""Gradients of the two-copy network on GHZ states and dephased ones, over random blocks.

The parity of symbol k's count tells the two apart by the contrast D = η^n/2 with
η = (4 q - 1)/3, q = |<k|V|singlet>|². Let V be Haar random and let the angle θ turn the first
qubit of the pair before it, exp(-iθ X⊗I/2). X⊗I takes the singlet to a triplet, so
a = <k|V|singlet> and b = <k|V|triplet> are two entries of a Haar random row, and at θ = 0

    dq/dθ = Im(a* b),   D' = (2 n/3) η^(n-1) Im(a* b).

q follows the law 3 (1 - q)² dq, and Im(a* b)² has the mean q (1 - q)/6 at given q.
"""

import numpy as np

_LN_10 = np.log(10)


def shared_parity_variance(n_qubits: int) -> float:
    """Return Var D' where all pairs share one block: it falls as n^-2 for large n.

    (2 n²/9) ∫ q (1 - q)³ η^(2n-2) dq, by Gauss-Legendre quadrature that is exact for it.
    Few blocks carry all of it: see ``shared_parity_sizes``.
    """
    nodes, weights = np.polynomial.legendre.leggauss(n_qubits + 2)
    q = (nodes + 1) / 2
    contrast = (4 * q - 1) / 3
    integrand = q * (1 - q) ** 3 * contrast ** (2 * n_qubits - 2)
    return float(2 * n_qubits**2 / 9 * (weights @ integrand) / 2)


def separate_parity_log10_variance(n_qubits: int) -> float:
    """Return log10 Var D' where every pair has a block of its own: E η² = 1/15 for each.

    D = Π η_j / 2, and only the block of one pair has the angle: (1/90) 15^-(n-1).
    """
    return float(-np.log10(90) - (n_qubits - 1) * np.log10(15))


def shared_parity_sizes(n_qubits: int, n_blocks: int, rng: np.random.Generator) -> np.ndarray:
    """Return log10 |D'| of so many Haar random blocks that all pairs share.

    Logarithms, since most of these are below the smallest float at a hundred qubits or so.

    Returns:
        Float64 (n_blocks,).
    """
    rows = rng.normal(size=(n_blocks, 4)) + 1j * rng.normal(size=(n_blocks, 4))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    contrast = (4 * np.abs(rows[:, 0]) ** 2 - 1) / 3
    turned = np.abs((rows[:, 0].conj() * rows[:, 1]).imag)
    logs = np.log(2 * n_qubits / 3 * turned) + (n_qubits - 1) * np.log(np.abs(contrast))
    return np.asarray(logs / _LN_10)
