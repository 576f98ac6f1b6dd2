"""Tensors of a state with a moving orthogonality centre: the place where bonds are cut.

Also what every kind of state checks of its sites, and how large dense results may grow.
"""

from collections.abc import Sequence

import numpy as np
from scipy.linalg import svd

MAX_DENSE_QUBITS = 20
MAX_MARGINAL_SITES = 6
ROUNDING = 1e-13  # Schmidt values below this share of the largest are rounding noise

_SWAP = np.eye(4)[[0, 2, 1, 3]]


def checked_tensors(tensors: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Return read-only copies of one dtype, float64 or complex128.

    Raises:
        ValueError: Shapes that do not chain from bond 1 to bond 1, or numbers that are
            not finite.
    """
    arrays = [np.asarray(t) for t in tensors]
    if not arrays:
        raise ValueError("a state has at least one tensor")
    dtype = np.complex128 if any(np.iscomplexobj(a) for a in arrays) else np.float64
    bond = 1
    for site, array in enumerate(arrays):
        if array.ndim != 3 or array.shape[:2] != (bond, 2) or array.shape[2] < 1:
            raise ValueError(
                f"tensor {site} must have shape ({bond}, 2, right), got {array.shape}"
            )
        if not np.all(np.isfinite(array)):
            raise ValueError(f"tensor {site} holds numbers that are not finite")
        bond = array.shape[2]
    if bond != 1:
        raise ValueError(f"the last bond must be 1, got {bond}")
    copies = tuple(np.array(a, dtype=dtype, order="C") for a in arrays)
    for copy in copies:
        copy.setflags(write=False)
    return copies


def check_dense(n_qubits: int) -> None:
    """Say so where a state has too many amplitudes to write down.

    Raises:
        ValueError: More than 20 qubits.
    """
    if n_qubits > MAX_DENSE_QUBITS:
        raise ValueError(
            f"2^{n_qubits} amplitudes do not fit; state_vector takes at most "
            f"{MAX_DENSE_QUBITS} qubits, expectation and reduced_density_matrix any number"
        )


def checked_sites(sites: Sequence[int], n_qubits: int) -> list[int]:
    """Return sites as a list after checking that they exist and differ.

    Raises:
        ValueError: A site that is no whole number from 0 to n_qubits - 1, or one given twice.
    """
    for site in sites:
        if not isinstance(site, int | np.integer) or not 0 <= site < n_qubits:
            raise ValueError(f"sites are whole numbers from 0 to {n_qubits - 1}, got {site!r}")
    if len(set(sites)) != len(sites):
        raise ValueError(f"sites must differ, got {list(sites)}")
    return [int(site) for site in sites]


def _split(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    try:
        return np.linalg.svd(matrix, full_matrices=False)
    except np.linalg.LinAlgError:  # LAPACK's divide and conquer gave up; plain QR does not
        return svd(matrix, full_matrices=False, lapack_driver="gesvd")


class Chain:
    """A normalised matrix product state being changed in place.

    Tensors left of ``center`` are left isometries and those right of it right
    isometries, so the singular values met there are Schmidt values and cutting them is
    optimal. Schollwöck, Ann. Phys. 326, 96 (2011), Sec. 4.

    Attributes:
        tensors: Arrays of shape (left, 2, right), float64 or complex128.
        center: Site of the orthogonality centre.
        max_bond_dim: Bonds are cut to this.
        truncation_error: Sum of the squared Schmidt weights cut so far.
    """

    def __init__(self, tensors: Sequence[np.ndarray], max_bond_dim: int) -> None:
        """Bring ``tensors``, of any gauge and norm, to norm one with the centre on site 0."""
        self.tensors = list(tensors)
        self.max_bond_dim = max_bond_dim
        self.truncation_error = 0.0
        self.center = len(self.tensors) - 1
        self._scale()
        while self.center > 0:
            self._step_left()
            self._scale()

    def _scale(self) -> None:
        norm = np.linalg.norm(self.tensors[self.center])
        if not (np.isfinite(norm) and norm > 0):
            raise ValueError(f"the tensors hold no state: norm {norm} at site {self.center}")
        self.tensors[self.center] = self.tensors[self.center] / norm

    def _step_left(self) -> None:
        tensor, site = self.tensors[self.center], self.center
        q, r = np.linalg.qr(tensor.reshape(tensor.shape[0], -1).T)
        self.tensors[site] = q.T.reshape(-1, 2, tensor.shape[2])
        self.tensors[site - 1] = np.tensordot(self.tensors[site - 1], r.T, 1)
        self.center -= 1

    def _step_right(self) -> None:
        tensor, site = self.tensors[self.center], self.center
        q, r = np.linalg.qr(tensor.reshape(-1, tensor.shape[2]))
        self.tensors[site] = q.reshape(tensor.shape[0], 2, -1)
        self.tensors[site + 1] = np.tensordot(r, self.tensors[site + 1], 1)
        self.center += 1

    def move(self, site: int) -> None:
        """Bring the orthogonality centre to ``site``; the state stays the same."""
        while self.center > site:
            self._step_left()
        while self.center < site:
            self._step_right()

    def apply(self, matrix: np.ndarray, sites: tuple[int, ...]) -> None:
        """Apply a unitary to one or two sites; a distant pair is swapped together and back.

        Args:
            matrix: Shape (2, 2) or (4, 4); the first of ``sites`` is the high bit.
            sites: One site, or two in ascending order.
        """
        if len(sites) == 1:
            (site,) = sites
            self.tensors[site] = np.einsum("st,atb->asb", matrix, self.tensors[site])
            return
        first, second = sites
        for site in range(second - 1, first, -1):
            self._apply_neighbours(_SWAP, site)
        self._apply_neighbours(matrix, first)
        for site in range(first + 1, second):
            self._apply_neighbours(_SWAP, site)

    def _apply_neighbours(self, matrix: np.ndarray, site: int) -> None:
        self.move(site if self.center <= site else site + 1)
        pair = np.tensordot(self.tensors[site], self.tensors[site + 1], 1)
        left, right = pair.shape[0], pair.shape[3]
        pair = np.einsum("st,atb->asb", matrix, pair.reshape(left, 4, right))
        self._cut(pair.reshape(left * 2, 2 * right), site)

    def _cut(self, matrix: np.ndarray, site: int) -> None:
        """Store a two-site block as sites ``site`` and ``site + 1``, centre on the second."""
        u, values, v = _split(matrix)
        rank = max(int(np.sum(values > ROUNDING * values[0])), 1)
        kept = min(rank, self.max_bond_dim)
        weights = values**2 / np.sum(values**2)
        self.truncation_error += float(np.sum(weights[kept:rank]))
        values = values[:kept] / np.linalg.norm(values[:kept])
        self.tensors[site] = u[:, :kept].reshape(-1, 2, kept)
        self.tensors[site + 1] = (values[:, None] * v[:kept]).reshape(kept, 2, -1)
        self.center = site + 1

    def truncate(self) -> None:
        """Cut every bond to ``max_bond_dim`` in one sweep from left to right."""
        for site in range(len(self.tensors) - 1):
            self.move(site)
            tensor, neighbour = self.tensors[site], self.tensors[site + 1]
            if tensor.shape[2] > self.max_bond_dim:
                pair = np.tensordot(tensor, neighbour, 1)
                self._cut(pair.reshape(-1, 2 * neighbour.shape[2]), site)
