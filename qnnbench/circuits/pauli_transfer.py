"""Two-qubit gates on Pauli coefficients: O = Σ o_s P_s becomes U†OU = Σ (G o)_s P_s."""

import numpy as np

PAULIS = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=complex
)
PAIRS = np.einsum("aij,bkl->abikjl", PAULIS, PAULIS).reshape(16, 4, 4)
_FLAT = PAIRS.reshape(16, 16)


def transfer(unitaries: np.ndarray) -> np.ndarray:
    """Return G[a, b] = Tr[P_a U† P_b U] / 4 of each gate.

    Args:
        unitaries: Complex (k, 4, 4).

    Returns:
        Float64 (k, 16, 16), orthogonal; pairs in the order II, IX, IY, …, ZZ.
    """
    adjoint = np.conj(np.swapaxes(unitaries, 1, 2))
    moved = adjoint[:, None] @ PAIRS @ unitaries[:, None]
    flat = np.swapaxes(moved, 2, 3).reshape(len(unitaries), 16, 16)
    return np.real(_FLAT @ np.swapaxes(flat, 1, 2)) / 4


def transfer_pull_back(unitaries: np.ndarray, cotangents: np.ndarray) -> np.ndarray:
    """Return W with Re Tr(W† dU) = Σ cotangent dG for each gate.

    From dG[a, b] = Re Tr[P_a U† P_b dU] / 2.

    Args:
        unitaries: Complex (k, 4, 4).
        cotangents: Float64 (k, 16, 16).
    """
    adjoint = np.conj(np.swapaxes(unitaries, 1, 2))
    left = (np.swapaxes(cotangents, 1, 2) @ _FLAT).reshape(-1, 16, 4, 4)
    daggered = 0.5 * (left @ adjoint[:, None] @ PAIRS).sum(axis=1)
    return np.conj(np.swapaxes(daggered, 1, 2))
