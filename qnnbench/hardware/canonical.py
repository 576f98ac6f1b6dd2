"""Two-qubit unitaries as local ones around exp(i(x XX + y YY + z ZZ))."""

from typing import NamedTuple

import cirq
import numpy as np

MAGIC = np.array([[1, 0, 0, 1j], [0, 1j, 1, 0], [0, 1j, -1, 0], [1, 0, 0, -1j]]) / np.sqrt(2)
_MEAN_OF = (  # x, y, z from the phases of exp(i(x XX + y YY + z ZZ)), diagonal in MAGIC
    np.array([[1, 1, -1, -1], [-1, 1, -1, 1], [1, -1, -1, 1]]) / 4
)


class Canonical(NamedTuple):
    """(after[0] ⊗ after[1]) exp(i Σ angles[P] PP) (before[0] ⊗ before[1]), up to a phase.

    ``angles`` are those of XX, YY and ZZ in radians, π/4 ≥ x ≥ y ≥ |z|.
    """

    before: tuple[np.ndarray, np.ndarray]
    angles: tuple[float, float, float]
    after: tuple[np.ndarray, np.ndarray]


def canonical(matrix: np.ndarray) -> Canonical:
    """Return the canonical form of a unitary (4, 4), to rounding also where angles nearly agree.

    In the magic basis local gates are real and the middle is diagonal: m = O D Pᵀ, so that
    P diagonalises mᵀm = P D² Pᵀ. Its real and imaginary part commute; a combination of both
    that tells their common eigenvectors apart is diagonalised, and those that it does not tell
    apart, no rounding can mix by more than rounding.

    Source:
        Kraus and Cirac, Phys. Rev. A 63, 062309 (2001), App. A; the ranges of the angles by
        ``cirq.kak_canonicalize_vector``.
    """
    local = MAGIC.conj().T @ (matrix / np.linalg.det(matrix) ** 0.25) @ MAGIC
    square = local.T @ local
    _, right = np.linalg.eigh(np.cos(1) * square.real + np.sin(1) * square.imag)
    right[:, 0] *= np.linalg.det(right)
    phases = np.angle(np.diag(right.T @ square @ right)) / 2
    phases[0] += np.pi * (np.exp(1j * phases.sum()).real < 0)  # so that both sides rotate
    left = (local @ right * np.exp(-1j * phases)).real
    middle = cirq.kak_canonicalize_vector(*(_MEAN_OF @ phases))
    after = _pair(left) @ np.array(middle.single_qubit_operations_after)
    before = np.array(middle.single_qubit_operations_before) @ _pair(right.T)
    x, y, z = map(float, middle.interaction_coefficients)
    return Canonical((before[0], before[1]), (x, y, z), (after[0], after[1]))


def _pair(rotation: np.ndarray) -> np.ndarray:
    """Return the two one-qubit matrices, (2, 2, 2), that rotate the magic basis so."""
    return np.array(cirq.so4_to_magic_su2s(rotation, check_preconditions=False))
