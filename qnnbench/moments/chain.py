"""Vectors over Pauli strings as matrix product states times the exponential of a log."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import scipy.linalg

NEGLIGIBLE = 1e-14  # singular values below this part of the norm are rounding errors


class Chain:
    """A real vector over strings, exp(log) * A[0] A[1] … A[n-1], changed in place.

    Local bases are orthonormal, so that a truncation is optimal in the norm. Arrays are
    replaced, never written to: copies share them.

    Attributes:
        tensors: A[j] of shape (left, d_j, right), float64.
        log: Natural log of the prefactor.
        truncated: Whether ``max_bond_dim`` ever cut off more than rounding errors.
    """

    def __init__(self, tensors: Sequence[np.ndarray], log: float = 0.0) -> None:
        self.tensors = list(tensors)
        self.log = log
        self.truncated = False
        self._center: int | None = None  # the only tensor that is not an isometry

    def __len__(self) -> int:
        return len(self.tensors)

    @property
    def bond_dim(self) -> int:
        """Largest bond dimension."""
        return max((tensor.shape[2] for tensor in self.tensors), default=1)

    def copy(self) -> "Chain":
        """Return a chain that changes independently."""
        chain = Chain(self.tensors, self.log)
        chain.truncated, chain._center = self.truncated, self._center
        return chain

    def apply_local(self, matrices: Mapping[int, np.ndarray]) -> None:
        """Apply matrices [out, in] to single sites."""
        for j, matrix in matrices.items():
            self.tensors[j] = np.matmul(matrix, self.tensors[j])
            if self._center != j:
                self._center = None

    def apply_pairs(
        self, matrices: Mapping[int, np.ndarray], max_bond_dim: int, rightward: bool | None = None
    ) -> None:
        """Apply matrices to neighbouring sites in one sweep, truncating as it goes.

        Args:
            matrices: Left site to matrix [out, in] over the product basis of two sites.
            max_bond_dim: Singular values kept at most.
            rightward: Whether the leftmost matrix acts first; None if that is all the same.
        """
        if rightward is None:
            rightward = self._center is None or 2 * self._center < len(self)
        for j in sorted(matrices, reverse=not rightward):
            self._move_center(j if rightward else j + 1)
            self._apply_pair(j, matrices[j], max_bond_dim, rightward)

    def compress(self, max_bond_dim: int) -> None:
        """Truncate every bond to ``max_bond_dim``, and to what is above rounding."""
        self._move_center(0)
        for j in range(len(self) - 1):
            a, d, b = self.tensors[j].shape
            u, s, v = self._truncated_svd(self.tensors[j].reshape(a * d, b), max_bond_dim)
            self.tensors[j] = u.reshape(a, d, -1)
            self.tensors[j + 1] = np.tensordot(s[:, None] * v, self.tensors[j + 1], (1, 0))
            self._center = j + 1

    def insert(self, position: int, letter: np.ndarray) -> None:
        """Insert a site in the local state ``letter`` before ``position``."""
        dim = self.tensors[position].shape[0] if position < len(self) else 1
        self.tensors.insert(position, np.eye(dim)[:, None, :] * letter[None, :, None])
        if self._center is not None and self._center >= position:
            self._center += 1

    def remove(self, position: int, letter: np.ndarray) -> None:
        """Contract the site at ``position`` with ``letter``: the adjoint of ``insert``."""
        matrix = np.einsum("ldr,d->lr", self.tensors.pop(position), letter)
        if position < len(self):
            self.tensors[position] = np.tensordot(matrix, self.tensors[position], (1, 0))
        elif self.tensors:
            self.tensors[-1] = np.tensordot(self.tensors[-1], matrix, (2, 0))
        else:
            self.log += float(log_of(matrix.item()))
        self._center = None

    def project(self, bases: Sequence[np.ndarray]) -> None:
        """Express site j in the orthonormal rows of ``bases[j]``."""
        self.apply_local(dict(enumerate(bases)))

    def _apply_pair(self, j: int, matrix: np.ndarray, max_bond_dim: int, rightward: bool) -> None:
        left, right = self.tensors[j], self.tensors[j + 1]
        (a, d, _), (_, e, b) = left.shape, right.shape
        pair = np.tensordot(left, right, (2, 0)).reshape(a, d * e, b)
        pair = np.matmul(matrix, pair).reshape(a * d, e * b)
        u, s, v = self._truncated_svd(pair, max_bond_dim)
        u, v = (u, s[:, None] * v) if rightward else (u * s, v)
        self.tensors[j], self.tensors[j + 1] = u.reshape(a, d, -1), v.reshape(-1, e, b)
        self._center = j + 1 if rightward else j

    def _truncated_svd(
        self, matrix: np.ndarray, max_bond_dim: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the singular vectors and values kept; the norm moves into ``log``."""
        u, s, v = _svd(matrix)
        kept = max(1, int(np.count_nonzero(s > NEGLIGIBLE * np.linalg.norm(s))))
        if kept > max_bond_dim:
            kept, self.truncated = max_bond_dim, True
        s, norm = normalised(s[:kept])
        self.log += norm
        return u[:, :kept].copy(), s, v[:kept].copy()  # free the part cut off

    def _move_center(self, target: int) -> None:
        """Make every tensor but ``target`` an isometry, by QR."""
        left, right = (0, len(self) - 1) if self._center is None else (self._center,) * 2
        for j in range(left, target):
            a, d, b = self.tensors[j].shape
            q, r = np.linalg.qr(self.tensors[j].reshape(a * d, b))
            self.tensors[j] = q.reshape(a, d, -1)
            self._absorb(j + 1, np.tensordot(r, self.tensors[j + 1], (1, 0)))
        for j in range(right, target, -1):
            a, d, b = self.tensors[j].shape
            q, r = np.linalg.qr(self.tensors[j].reshape(a, d * b).T)
            self.tensors[j] = q.T.reshape(-1, d, b)
            self._absorb(j - 1, np.tensordot(self.tensors[j - 1], r.T, (2, 0)))
        self._center = target

    def _absorb(self, j: int, tensor: np.ndarray) -> None:
        self.tensors[j], norm = normalised(tensor)
        self.log += norm


def normalised(array: np.ndarray) -> tuple[np.ndarray, float]:
    """Return ``array`` of norm one and the log of its norm; zero stays zero."""
    norm = float(np.linalg.norm(array))
    return (array / norm, float(np.log(norm))) if norm > 0 else (array, 0.0)


def log_of(number: np.ndarray | float) -> np.ndarray:
    """Return the natural log; -inf at zero."""
    with np.errstate(divide="ignore"):
        return np.log(number)


def _svd(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the thin singular value decomposition; the slow driver if the fast one fails."""
    try:
        return scipy.linalg.svd(matrix, full_matrices=False, check_finite=False)
    except np.linalg.LinAlgError:
        return scipy.linalg.svd(
            matrix, full_matrices=False, check_finite=False, lapack_driver="gesvd"
        )


def combined(chains: Sequence[Chain], weights: Sequence[float]) -> Chain:
    """Return the weighted sum of chains of one length; their bonds add up."""
    if len(chains) == 1 and weights[0] == 1:
        return chains[0].copy()
    largest = max(chain.log for chain in chains)
    tensors = []
    for j, parts in enumerate(zip(*(chain.tensors for chain in chains), strict=True)):
        if j == 0:
            scales = [w * np.exp(c.log - largest) for c, w in zip(chains, weights, strict=True)]
            parts = tuple(scale * part for scale, part in zip(scales, parts, strict=True))
        is_last = j == len(chains[0]) - 1
        rows = [0] * len(parts) if j == 0 else np.cumsum([0, *(p.shape[0] for p in parts[:-1])])
        ends = [0] * len(parts) if is_last else np.cumsum([0, *(p.shape[2] for p in parts[:-1])])
        shape = (
            1 if j == 0 else sum(p.shape[0] for p in parts),
            parts[0].shape[1],
            1 if is_last else sum(p.shape[2] for p in parts),
        )
        tensor = np.zeros(shape)
        for part, row, end in zip(parts, rows, ends, strict=True):
            tensor[row : row + part.shape[0], :, end : end + part.shape[2]] += part
        tensors.append(tensor)
    return Chain(tensors, largest)


def squared(chain: Chain) -> Chain:
    """Return the vector of all squared entries; bond b becomes b(b + 1)/2, by symmetry."""
    tensors = []
    for tensor in chain.tensors:
        a, d, b = tensor.shape
        square = np.einsum("apb,cpd->acpbd", tensor, tensor).reshape(a * a, d, b * b)
        square = np.tensordot(_symmetric(a), square, (1, 0))
        tensors.append(np.tensordot(square, _symmetric(b), (2, 1)))
    return Chain(tensors, 2 * chain.log)


@lru_cache(maxsize=64)
def _symmetric(dim: int) -> np.ndarray:
    """Return orthonormal rows that span the symmetric part of two bonds."""
    rows = []
    for a in range(dim):
        for b in range(a + 1):
            row = np.zeros((dim, dim))
            row[a, b] = row[b, a] = 1 if a == b else np.sqrt(0.5)
            rows.append(row.ravel())
    return np.array(rows)


def two_copies(chain: Chain) -> Chain:
    """Return the vector of two equal copies, pair letters 4p + q on each site."""
    tensors = []
    for tensor in chain.tensors:
        a, d, b = tensor.shape
        both = np.einsum("apb,cqd->acpqbd", tensor, tensor)
        tensors.append(both.reshape(a * a, d * d, b * b))
    return Chain(tensors, 2 * chain.log)


def without_identity(chain: Chain) -> Chain:
    """Return ``chain`` with the weight of the all-identity string removed.

    Exact and free of cancellation: an automaton carries "all I so far" beside "some
    letter that is not I", and only the second is accepted. Bonds double.
    """
    tensors = []
    for j, tensor in enumerate(chain.tensors):
        identity, rest = np.zeros_like(tensor), tensor.copy()
        identity[:, 0], rest[:, 0] = tensor[:, 0], 0
        top = np.concatenate([identity, rest], axis=2)
        bottom = np.concatenate([np.zeros_like(tensor), tensor], axis=2)
        both = np.concatenate([top, bottom], axis=0)
        rows = slice(0, tensor.shape[0]) if j == 0 else slice(None)
        columns = slice(tensor.shape[2], None) if j == len(chain) - 1 else slice(None)
        tensors.append(both[rows, :, columns])
    return Chain(tensors, chain.log)


def overlap(left: Chain, right: Chain) -> tuple[float, float]:
    """Return sign and natural log of the inner product of two chains."""
    edge, log = np.ones((1, 1)), left.log + right.log
    for a, b in zip(left.tensors, right.tensors, strict=True):
        edge, norm = normalised(np.tensordot(a, np.tensordot(edge, b, (1, 0)), ([0, 1], [0, 1])))
        log += norm
    value = edge.item()
    return float(np.sign(value)), log + float(log_of(abs(value)))
