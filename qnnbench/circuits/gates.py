"""Gates in spectral form: U(t) = V diag(exp(iωt)) V†, with t affine in the symbols."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import pi

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

    @cache  # noqa: B019 - gates live as long as the module
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
    """Return the spectral form of a gate with one free angle and that angle in units of π.

    Equal gates give the same object. None when the gate is neither a Cirq
    ``EigenGate`` on at most two qubits nor a one-qubit one under one ordinary control.
    """
    gate = op.gate
    if isinstance(gate, cirq.EigenGate):
        unit = gate._with_exponent(1)
        return None if cirq.is_parameterized(unit) else (_spectrum(unit), gate.exponent)
    if isinstance(gate, cirq.ControlledGate) and isinstance(gate.sub_gate, cirq.EigenGate):
        inner = gate.sub_gate
        if len(op.qubits) == 2 and gate.control_values == cirq.ProductOfSums([(1,)]):
            return _controlled_spectrum(inner._with_exponent(1)), inner.exponent
    return None


Affine = tuple[float, tuple[tuple[int, float], ...]]


def affine(turns: sympy.Expr, index: Mapping[str, int]) -> Affine:
    """Return (offset, ((symbol index, coefficient), …)) in radians of an angle in units of π.

    Raises:
        UnsupportedCircuit: The angle is not affine in its symbols, or holds a symbol
            that is not in ``index``.
    """
    symbols = turns.free_symbols
    unknown = sorted(s.name for s in symbols if s.name not in index)
    if unknown:
        raise UnsupportedCircuit(f"Angle {turns}·π holds symbols that are not listed: {unknown}.")
    offset = 0.0
    slopes: dict[int, float] = {}
    is_product = turns.is_Mul and not any(factor.is_Add for factor in turns.args)
    for term in sympy.Add.make_args(turns if is_product else sympy.expand(turns)):
        factor, rest = term.as_independent(*symbols, as_Add=False)
        if not factor.is_real or not (rest == 1 or rest.is_Symbol):
            raise UnsupportedCircuit(f"Angle {turns}·π is not affine in its symbols.")
        if rest == 1:
            offset += pi * float(factor)
        else:
            place = index[rest.name]
            slopes[place] = slopes.get(place, 0.0) + pi * float(factor)
    return offset, tuple(sorted(slopes.items()))
