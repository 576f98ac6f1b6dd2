"""Gates in spectral form: U(t) = V diag(exp(iωt)) V†, with t affine in the symbols."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import cirq
import numpy as np
import sympy


class UnsupportedCircuit(ValueError):  # noqa: N818 - says what is wrong, not that something is
    """A circuit holds something that no backend evaluates; the message says what."""


@dataclass(frozen=True, eq=False)
class SpectralGate:
    """A gate on one or two qubits whose angle is free.

    Attributes:
        vectors: Complex (d, d), eigenvectors as columns.
        frequencies: Float (d,), ω in units of 1 per radian of the angle t.
    """

    vectors: np.ndarray
    frequencies: np.ndarray

    def on_pair(self, slots: tuple[int, ...]) -> "SpectralGate":
        """Return the gate as one on a pair of qubits, acting on ``slots`` of it."""
        identity = np.ones(2)
        if slots == (0,):
            return SpectralGate(
                np.kron(self.vectors, np.eye(2)), np.kron(self.frequencies, identity)
            )
        if slots == (1,):
            return SpectralGate(
                np.kron(np.eye(2), self.vectors), np.kron(identity, self.frequencies)
            )
        if slots == (0, 1):
            return self
        swapped = self.vectors.reshape(2, 2, 4).transpose(1, 0, 2).reshape(4, 4)
        return SpectralGate(swapped, self.frequencies)


def matrix_on_pair(matrix: np.ndarray, slots: tuple[int, ...]) -> np.ndarray:
    """Return a one- or two-qubit unitary as a (4, 4) one acting on ``slots`` of a pair."""
    if slots == (0,):
        return np.kron(matrix, np.eye(2))
    if slots == (1,):
        return np.kron(np.eye(2), matrix)
    if slots == (0, 1):
        return matrix
    return matrix.reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)


@cache
def _spectrum(gate: cirq.EigenGate) -> SpectralGate:
    """Diagonalise the generator of a gate of exponent 1, so that t = π exponent."""
    components = gate._eigen_components()  # Cirq's own (half turns, projector) pairs
    generator = sum((turns + gate.global_shift) * np.asarray(p) for turns, p in components)
    frequencies, vectors = np.linalg.eigh(generator)
    return SpectralGate(vectors, frequencies)


@cache
def _controlled_spectrum(gate: cirq.EigenGate) -> SpectralGate:
    inner = _spectrum(gate)
    vectors = np.eye(4, dtype=complex)
    vectors[2:, 2:] = inner.vectors
    return SpectralGate(vectors, np.concatenate([np.zeros(2), inner.frequencies]))


def spectral(op: cirq.Operation) -> tuple[SpectralGate, sympy.Expr] | None:
    """Return the spectral form of a gate with one free angle and that angle in radians.

    Equal gates give the same object. None when the gate is neither a Cirq
    ``EigenGate`` on at most two qubits nor a one-qubit one under one ordinary control.
    """
    gate = op.gate
    if isinstance(gate, cirq.EigenGate):
        return _spectrum(gate._with_exponent(1)), gate.exponent * sympy.pi
    if isinstance(gate, cirq.ControlledGate) and isinstance(gate.sub_gate, cirq.EigenGate):
        inner = gate.sub_gate
        if len(op.qubits) == 2 and gate.control_values == cirq.ProductOfSums([(1,)]):
            return _controlled_spectrum(inner._with_exponent(1)), inner.exponent * sympy.pi
    return None


Affine = tuple[float, tuple[tuple[int, float], ...]]


def affine(angle: sympy.Expr, index: Mapping[sympy.Symbol, int]) -> Affine:
    """Return (offset, ((symbol index, coefficient), …)) of an angle in radians.

    Raises:
        UnsupportedCircuit: The angle is not affine in its symbols, or holds a symbol
            that is not in ``index``.
    """
    symbols = angle.free_symbols
    unknown = sorted(str(s) for s in symbols if s not in index)
    if unknown:
        raise UnsupportedCircuit(f"Angle {angle} holds symbols that are not listed: {unknown}.")
    offset = 0.0
    slopes: dict[int, float] = {}
    for term in sympy.Add.make_args(sympy.expand(angle)):
        factor, rest = term.as_independent(*symbols, as_Add=False)
        if rest == 1:
            offset += float(factor)
        elif rest in index:
            slopes[index[rest]] = slopes.get(index[rest], 0.0) + float(factor)
        else:
            raise UnsupportedCircuit(f"Angle {angle} is not affine in its symbols.")
    return offset, tuple(sorted(slopes.items()))
