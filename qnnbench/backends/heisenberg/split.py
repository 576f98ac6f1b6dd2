"""Truncate the bonds of operators in the Pauli basis, in the metric of product states.

An operator is a chain of real tensors A[m] of shape (D, 4, D). With weights
w = (1, g, g, g) its squared norm is, for g² = 1/3, the mean of <O>² over Haar-random
product states, and for g = 1 the Hilbert-Schmidt norm. The split keeps the D largest
singular values in that metric; its gradient keeps the metric live on one side, so that
no spectral gap is divided by.
"""

from dataclasses import dataclass

import numpy as np

from qnnbench.backends.arrays import on_host
from qnnbench.backends.protocol import BackendCannot

_RANK_TOLERANCE = 1e-7  # singular values come from a Gram matrix: below this is rounding
_OVERSAMPLING = 8


def finite(numbers: np.ndarray) -> np.ndarray:
    """Return ``numbers``.

    Raises:
        BackendCannot: One of them is NaN or infinite.
    """
    if not np.isfinite(numbers).all():
        raise BackendCannot(
            "heisenberg: the operator left the range of double precision. Rescale the "
            "observable, or use 'statevector' where the light cone allows."
        )
    return numbers


@dataclass(frozen=True)
class Environments:
    """Gram matrices of weighted chains at their bonds, each normalised by its trace.

    Attributes:
        tensors: Weighted tensors of chains in a row, shape (m, D, 4, D).
        heads: First site of each chain.
        left, right: Shape (m, D, D): ``left[i]`` covers the chain's sites before site i,
            ``right[i]`` those after it.
        left_traces, right_traces: The factors divided out per site, shape (m,).
    """

    tensors: np.ndarray
    heads: np.ndarray
    left: np.ndarray
    right: np.ndarray
    left_traces: np.ndarray
    right_traces: np.ndarray

    @property
    def log_norm2(self) -> np.ndarray:
        """Logarithm of each chain's squared norm."""
        return np.add.reduceat(np.log(on_host(self.left_traces)), self.heads)


def environments(tensors: np.ndarray, heads: np.ndarray) -> Environments:
    """Return the Gram matrices of weighted chains in a row, (m, D, 4, D)."""
    m, bond = tensors.shape[:2]
    tall, wide = tensors.reshape(m, 4 * bond, bond), tensors.reshape(m, bond, 4 * bond)
    left, right = np.zeros((2, m, bond, bond), like=tensors)
    left[heads, 0, 0] = right[np.append(heads[1:], m) - 1, 0, 0] = 1.0
    left_traces, right_traces = np.ones((2, m), like=tensors)
    is_head = np.zeros(m + 1, dtype=bool)
    is_head[heads] = is_head[m] = True
    for i in range(m):
        gram = tall[i].T @ (left[i] @ wide[i]).reshape(4 * bond, bond)
        left_traces[i] = np.trace(gram) or 1.0
        if not is_head[i + 1]:
            np.divide(gram, left_traces[i], out=left[i + 1])
    for i in range(m - 1, 0, -1):
        if not is_head[i]:
            gram = (tall[i] @ right[i]).reshape(bond, 4 * bond) @ wide[i].T
            right_traces[i] = np.trace(gram) or 1.0
            np.divide(gram, right_traces[i], out=right[i - 1])
    return Environments(tensors, heads, left, right, left_traces, right_traces)


def environments_pull_back(
    env: Environments, left_bar: np.ndarray, right_bar: np.ndarray
) -> np.ndarray:
    """Return the cotangent of the weighted tensors for cotangents of their Gram matrices.

    Only the ket factor of each Gram matrix is differentiated. ``left_bar`` is indexed
    [bra, ket], ``right_bar`` [ket, bra]; both are used up.
    """
    m, bond = env.tensors.shape[:2]
    tall, wide = env.tensors.reshape(m, 4 * bond, bond), env.tensors.reshape(m, bond, 4 * bond)
    out = np.zeros((m, bond, 4 * bond), like=left_bar)
    is_head = np.zeros(m + 1, dtype=bool)
    is_head[env.heads] = is_head[m] = True
    for i in range(m - 2, -1, -1):
        if not is_head[i + 1]:
            moved = (tall[i] @ (left_bar[i + 1] / env.left_traces[i])).reshape(bond, 4 * bond)
            out[i] += env.left[i] @ moved
            left_bar[i] += moved @ wide[i].T
    for i in range(1, m):
        if not is_head[i]:
            bar = right_bar[i - 1] / env.right_traces[i]
            moved = (bar @ wide[i]).reshape(4 * bond, bond)
            out[i] += (moved @ env.right[i]).reshape(bond, 4 * bond)
            right_bar[i] += tall[i].T @ moved
    return out.reshape(env.tensors.shape)


def _root(gram: np.ndarray) -> np.ndarray:
    """Return X with X Xᵀ = ``gram`` (…, D, D), positive semidefinite up to rounding."""
    bond = gram.shape[-1]
    diagonal = np.einsum("...ii->...i", gram)
    shift = 8 * bond * np.finfo(float).eps * diagonal + np.finfo(float).tiny ** 0.25
    try:
        return np.linalg.cholesky(gram + shift[..., None] * np.eye(bond, like=gram))
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(gram)
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
        pair_bar = self._left_map @ (right_bar - np.swapaxes(self.left, 1, 2) @ through)
        pair_bar += through
        rest = self.left @ self.right
        np.subtract(self._pair, rest, out=rest)
        left_part = (self.left * self._inverse[:, None, :]) @ right_bar
        right_part = left_bar @ (self.right * self._inverse[:, :, None])
        wide, tall = (k, bond, 16 * bond), (k, 16 * bond, bond)
        gram_left = left_part.reshape(wide) @ np.swapaxes(rest.reshape(wide), 1, 2)
        gram_right = np.swapaxes(rest.reshape(tall), 1, 2) @ right_part.reshape(tall)
        return pair_bar, gram_left, gram_right


def _leading(m: np.ndarray, bond: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the ``bond`` largest singular values of ``m`` (k, n, n) and left vectors.

    Subspace iteration with a Rayleigh-Ritz step (Halko, Martinsson and Tropp, SIAM Rev.
    53, 217 (2011), Algorithm 4.4 with one power step): what it misses of the best
    subspace is counted as discarded.
    """
    size = min(bond + _OVERSAMPLING, m.shape[1])
    gram = m @ np.swapaxes(m, 1, 2)
    start = np.random.default_rng(0).normal(size=(m.shape[1], size))
    basis = gram @ np.asarray(start, like=m)
    basis = np.linalg.qr(gram @ np.linalg.qr(basis)[0])[0]
    inside = np.swapaxes(basis, 1, 2) @ m
    squares, vectors = np.linalg.eigh(inside @ np.swapaxes(inside, 1, 2))
    s = np.sqrt(np.maximum(squares[:, : -bond - 1 : -1], 0))
    return s, basis @ vectors[:, :, : -bond - 1 : -1]


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
    s, u = _leading(finite(m), bond)
    kept = s > _RANK_TOLERANCE * s[:, :1]
    total = np.einsum("kij,kij->k", m, m)
    rest = np.maximum(total - (s * s * kept).sum(axis=1), 4 * bond * np.finfo(float).eps * total)
    discarded = rest / np.where(total > 0, total, 1)
    inverse = np.where(kept, 1 / np.where(kept, s, 1), 0)
    vt = inverse[:, :, None] * (np.swapaxes(u, 1, 2) @ m)
    half = np.sqrt(inverse)
    left_map = (x @ (u * half[:, None, :]).reshape(k, bond, 4 * bond)).reshape(k, 4 * bond, bond)
    right_map = (vt * half[:, :, None]).reshape(k, 4 * bond, bond) @ np.swapaxes(y, 1, 2)
    right_map = np.swapaxes(right_map.reshape(k, bond, 4 * bond), 1, 2)
    left, right = pair @ right_map, np.swapaxes(left_map, 1, 2) @ pair
    return Split(left, right, discarded, pair, left_map, right_map, inverse)
