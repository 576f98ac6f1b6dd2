"""Observables as letters on sites: sums of Pauli strings, and basis-state projectors."""

from collections.abc import Mapping
from dataclasses import dataclass

import cirq
import numpy as np
import sympy

from qnnbench.circuits.gates import UnsupportedCircuit

LETTERS = {cirq.X: 1, cirq.Y: 2, cirq.Z: 3}


@dataclass(frozen=True)
class PauliTerms:
    """Σ coefficient x Pauli string; a string is ((site, letter), …), letters 1-3 = X, Y, Z."""

    coefficients: tuple[float, ...]
    strings: tuple[tuple[tuple[int, int], ...], ...]

    @property
    def sites(self) -> tuple[int, ...]:
        """Sites where some string is not the identity, ascending."""
        return tuple(sorted({site for string in self.strings for site, _ in string}))

    @property
    def bound(self) -> float:
        """Largest absolute expectation value that the coefficients allow."""
        return float(np.abs(self.coefficients).sum())

    def apply(self, vectors: np.ndarray) -> np.ndarray:
        """Return O|ψ> for ``vectors`` of shape (k, 2, …, 2), axis 1 + i for site i."""
        out = np.zeros_like(vectors)
        for coefficient, string in zip(self.coefficients, self.strings, strict=True):
            moved = coefficient * vectors
            for site, letter in string:
                moved = _apply_letter(moved, site + 1, letter)
            out += moved
        return out


@dataclass(frozen=True)
class Projector:
    """coefficient x |bits><bits| on some sites, identity elsewhere."""

    coefficient: float
    bits: tuple[tuple[int, int], ...]

    @property
    def sites(self) -> tuple[int, ...]:
        """Sites that are projected, ascending."""
        return tuple(site for site, _ in self.bits)

    @property
    def bound(self) -> float:
        """Largest absolute expectation value."""
        return abs(self.coefficient)

    def apply(self, vectors: np.ndarray) -> np.ndarray:
        """Return O|ψ> for ``vectors`` of shape (k, 2, …, 2), axis 1 + i for site i."""
        chosen: list[slice | int] = [slice(None)] * vectors.ndim
        for site, bit in self.bits:
            chosen[site + 1] = bit
        out = np.zeros_like(vectors)
        out[tuple(chosen)] = self.coefficient * vectors[tuple(chosen)]
        return out


SiteObservable = PauliTerms | Projector


def _apply_letter(vectors: np.ndarray, axis: int, letter: int) -> np.ndarray:
    sign = np.array([1.0, -1.0]).reshape([2] + [1] * (vectors.ndim - axis - 1))
    if letter == 3:
        return vectors * sign
    flipped = np.flip(vectors, axis)
    return flipped if letter == 1 else flipped * (-1j * sign)


def on_sites(
    observable: cirq.PauliString | cirq.PauliSum | cirq.ProjectorString,
    sites: Mapping[cirq.Qid, int],
) -> SiteObservable:
    """Return a Cirq observable on sites.

    Raises:
        UnsupportedCircuit: Not a Pauli string, Pauli sum or projector string, or one
            with a coefficient that is not real.
    """
    if isinstance(observable, cirq.ProjectorString):
        bits = sorted((sites[q], int(bit)) for q, bit in observable.projector_dict.items())
        return Projector(_real(observable.coefficient), tuple(bits))
    if isinstance(observable, cirq.GateOperation) and observable.gate in LETTERS:
        return PauliTerms((1.0,), (((sites[observable.qubits[0]], LETTERS[observable.gate]),),))
    if not isinstance(observable, cirq.PauliString | cirq.PauliSum):
        raise UnsupportedCircuit(
            f"Observable {observable!r} is a {type(observable).__name__}; supported are "
            "cirq.PauliString, cirq.PauliSum, cirq.ProjectorString and cirq.ProjectorSum."
        )
    strings = [observable] if isinstance(observable, cirq.PauliString) else list(observable)
    return PauliTerms(
        tuple(_real(string.coefficient) for string in strings),
        tuple(tuple(sorted((sites[q], LETTERS[p]) for q, p in s.items())) for s in strings),
    )


def _real(coefficient: complex | sympy.Expr) -> float:
    if isinstance(coefficient, sympy.Expr) and coefficient.free_symbols:
        raise UnsupportedCircuit(f"Observables have numbers as coefficients, found {coefficient}.")
    number = complex(coefficient)
    if abs(number.imag) > 1e-12 or not np.isfinite(number.real):
        raise UnsupportedCircuit(
            f"Observables are Hermitian: coefficient {coefficient} is not a real finite number."
        )
    return number.real
