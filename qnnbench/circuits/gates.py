"""Gates in spectral form: U(t) = V diag(exp(iωt)) V†, with t affine in the symbols."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cirq
import numpy as np
import scipy.linalg


class UnsupportedCircuit(ValueError):  # noqa: N818 - says what is wrong, not that something is
    """A circuit holds something that no backend evaluates; the message says what."""


Fixed = np.ndarray  # the unitary of a gate without a free angle


@dataclass(frozen=True, eq=False)
class SpectralGate:
    """A gate on at most two qubits whose angle is free.

    Attributes:
        vectors: Complex (d, d), eigenvectors as columns.
        frequencies: Float (d,), ω in units of 1 per radian of the angle t.
    """

    vectors: np.ndarray
    frequencies: np.ndarray

    @cache  # noqa: B019 - gates live as long as the module
    def controlled(self, is_active: tuple[bool, ...]) -> "SpectralGate":
        """Return the gate under controls; ``is_active`` for each value of theirs."""
        return SpectralGate(
            controlled_matrix(self.vectors, is_active),
            np.concatenate([self.frequencies * on for on in is_active]),
        )


def controlled_matrix(matrix: np.ndarray, is_active: Sequence[bool]) -> np.ndarray:
    """Return a matrix under controls; ``is_active`` for each value of theirs."""
    idle = np.eye(len(matrix))
    return scipy.linalg.block_diag(*(matrix if on else idle for on in is_active))


def matrix_on_pair(matrix: np.ndarray, slots: tuple[int, ...]) -> np.ndarray:
    """Return a one- or two-qubit matrix as a (4, 4) one acting on ``slots`` of a pair."""
    if slots == (0,):
        return np.kron(matrix, np.eye(2))
    if slots == (1,):
        return np.kron(np.eye(2), matrix)
    if slots == (0, 1):
        return matrix
    return matrix.reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)


GLOBAL_PHASE = SpectralGate(np.ones((1, 1), dtype=complex), np.ones(1))


def spectral(gate: cirq.EigenGate) -> SpectralGate:
    """Return the spectral form of powers of ``gate``, with t = π exponent.

    Gates with equal eigenspaces and frequencies give the same object. Equality of
    Cirq gates is coarser: shifts by 2 agree at exponent 1 but not at others.
    """
    components = gate._eigen_components()  # Cirq's own (half turns, projector) pairs
    return _spectrum(
        tuple(
            (turns + gate.global_shift, np.asarray(projector, dtype=complex).tobytes())
            for turns, projector in components
        )
    )


@cache
def _spectrum(components: tuple[tuple[float, bytes], ...]) -> SpectralGate:
    size = round((len(components[0][1]) / 16) ** 0.5)  # 16 bytes a complex number
    generator = np.zeros((size, size), dtype=complex)
    for turns, projector in components:
        generator += turns * np.frombuffer(projector, dtype=complex).reshape(size, size)
    frequencies, vectors = np.linalg.eigh(generator)
    return SpectralGate(vectors, frequencies)
