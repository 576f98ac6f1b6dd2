"""Truncate the bonds of an operator in the Pauli basis, in the metric of product states.

An operator is a chain of real tensors A[m] of shape (D, 4, D). With weights
w = (1, g, g, g) its squared norm is, for g² = 1/3, the mean of <O>² over Haar-random
product states, and for g = 1 the Hilbert-Schmidt norm. The split keeps the D largest
singular values in that metric; its gradient keeps the metric live on one side, so that
no spectral gap is divided by.
"""

from dataclasses import dataclass

import numpy as np

_RANK_TOLERANCE = 1e-7  # singular values come from a Gram matrix: below this is rounding


def weights(g: float) -> np.ndarray:
    """Return (1, g, g, g)."""
    return np.array([1.0, g, g, g])


@dataclass(frozen=True)
class Environments:
    """Gram matrices of a weighted chain at its bonds, each normalised by its trace.

    Attributes:
        tensors: Weighted tensors, shape (m, D, 4, D).
        left, right: Shape (m + 1, D, D); ``left[i]`` covers sites before bond i.
        left_traces, right_traces: The factors divided out per site, shape (m,).
    """

    tensors: np.ndarray
    left: np.ndarray
    right: np.ndarray
    left_traces: np.ndarray
    right_traces: np.ndarray

    @property
    def log_norm2(self) -> float:
        """Logarithm of the chain's squared norm."""
        return float(np.log(self.left_traces).sum())


def environments(chain: np.ndarray, g: float) -> Environments:
    """Return the Gram matrices of ``chain`` (m, D, 4, D) in the metric of ``g``."""
    m, bond = chain.shape[:2]
    tensors = chain * weights(g)[:, None]
    left, right = np.zeros((2, m + 1, bond, bond))
    left[0, 0, 0] = right[m, 0, 0] = 1.0
    left_traces, right_traces = np.empty((2, m))
    for i in range(m):
        a = tensors[i]
        gram = a.reshape(-1, bond).T @ (left[i] @ a.reshape(bond, -1)).reshape(-1, bond)
        left_traces[i] = np.trace(gram) or 1.0
        left[i + 1] = gram / left_traces[i]
    for i in range(m - 1, -1, -1):
        a = tensors[i]
        gram = (a.reshape(-1, bond) @ right[i + 1].T).reshape(bond, -1) @ a.reshape(bond, -1).T
        right_traces[i] = np.trace(gram) or 1.0
        right[i] = gram.T / right_traces[i]
    return Environments(tensors, left, right, left_traces, right_traces)


def environments_pull_back(
    env: Environments, left_bar: np.ndarray, right_bar: np.ndarray, g: float
) -> np.ndarray:
    """Return the cotangent of the chain for cotangents of its Gram matrices.

    Only the ket factor of each Gram matrix is differentiated. ``left_bar`` is indexed
    [bra, ket], ``right_bar`` [ket, bra]; both are used up.
    """
    m, bond = env.tensors.shape[:2]
    out = np.zeros_like(env.tensors)
    for i in range(m - 1, -1, -1):
        a, bar = env.tensors[i], left_bar[i + 1] / env.left_traces[i]
        moved = (a.reshape(-1, bond) @ bar).reshape(bond, -1)
        out[i] += (env.left[i].T @ moved).reshape(a.shape)
        left_bar[i] += moved @ a.reshape(bond, -1).T
    for i in range(m):
        a, bar = env.tensors[i], right_bar[i] / env.right_traces[i]
        moved = (bar @ a.reshape(bond, -1)).reshape(-1, bond)
        out[i] += (moved @ env.right[i + 1].T).reshape(a.shape)
        right_bar[i + 1] += a.reshape(-1, bond).T @ moved
    return out * weights(g)[:, None]


def _root(gram: np.ndarray) -> np.ndarray:
    """Return X with X Xᵀ = ``gram`` (…, D, D), positive semidefinite up to rounding."""
    values, vectors = np.linalg.eigh(0.5 * (gram + np.swapaxes(gram, -1, -2)))
    return vectors * np.sqrt(np.maximum(values, 0))[..., None, :]


@dataclass(frozen=True)
class Split:
    """A truncated split of k pair tensors, and what its gradient needs.

    Attributes:
        left, right: Weighted halves, (k, 4D, D) and (k, D, 4D).
        discarded: Squared weight cut off, relative to the squared norm, shape (k,).
    """

    left: np.ndarray
    right: np.ndarray
    discarded: np.ndarray
    _pair: np.ndarray
    _left_map: np.ndarray
    _right_map: np.ndarray
    _inverse: np.ndarray

    def pull_back(
        self, left_bar: np.ndarray, right_bar: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return cotangents of the pair (k, 4D, 4D) and of its two Gram matrices.

        With B = L̄ Wᵀ and Q = T - L R: T̄ = B + Z (R̄ - Lᵀ B); the Gram matrices get
        Σ (L S⁻¹ R̄) Q and Σ Q (L̄ S⁻¹ R). Derived by perturbing the metric with the
        kept subspace fixed; checked against untruncated gradients.
        """
        k, _, bond = self.left.shape
        through = left_bar @ np.swapaxes(self._right_map, 1, 2)
        pair_bar = through + self._left_map @ (right_bar - np.swapaxes(self.left, 1, 2) @ through)
        rest = self._pair - self.left @ self.right
        left_part = (self.left * self._inverse[:, None, :]) @ right_bar
        right_part = left_bar @ (self.right * self._inverse[:, :, None])
        wide, tall = (k, bond, 16 * bond), (k, 16 * bond, bond)
        gram_left = left_part.reshape(wide) @ np.swapaxes(rest.reshape(wide), 1, 2)
        gram_right = np.swapaxes(rest.reshape(tall), 1, 2) @ right_part.reshape(tall)
        return pair_bar, gram_left, gram_right


def split(pair: np.ndarray, left_gram: np.ndarray, right_gram: np.ndarray) -> Split:
    """Split weighted pair tensors at their middle bond, keeping D values in the metric.

    Args:
        pair: Weighted pair tensors, (k, 4D, 4D), indexed [(left, p), (q, right)].
        left_gram: Gram matrices at the left outer bonds, (k, D, D).
        right_gram: The same at the right outer bonds.
    """
    k, bond = left_gram.shape[:2]
    x, y = _root(left_gram), _root(right_gram)
    m = np.swapaxes(x, 1, 2) @ pair.reshape(k, bond, 16 * bond)
    m = (m.reshape(k, 16 * bond, bond) @ y).reshape(k, 4 * bond, 4 * bond)
    squares, u = np.linalg.eigh(m @ np.swapaxes(m, 1, 2))
    squares, u = np.maximum(squares[:, ::-1], 0), u[:, :, ::-1][:, :, :bond]
    total = squares.sum(axis=1)
    discarded = squares[:, bond:].sum(axis=1) / np.where(total > 0, total, 1)
    s = np.sqrt(squares[:, :bond])
    kept = s > _RANK_TOLERANCE * s[:, :1]
    inverse = np.where(kept, 1 / np.where(kept, s, 1), 0)
    vt = inverse[:, :, None] * (np.swapaxes(u, 1, 2) @ m)
    half = np.sqrt(inverse)
    left_map = (x @ (u * half[:, None, :]).reshape(k, bond, 4 * bond)).reshape(k, 4 * bond, bond)
    right_map = (vt * half[:, :, None]).reshape(k, 4 * bond, bond) @ np.swapaxes(y, 1, 2)
    right_map = np.swapaxes(right_map.reshape(k, bond, 4 * bond), 1, 2)
    left, right = pair @ right_map, np.swapaxes(left_map, 1, 2) @ pair
    return Split(left, right, discarded, pair, left_map, right_map, inverse)
