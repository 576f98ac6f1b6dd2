"""What the ansätze are made of: ordered symbols, Pauli rotations, the SU(4) block, bonds."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

import cirq
import sympy

from qnnbench.registry import lookup


class SymbolTable:
    """Hands out symbols in order of first use; a key met again is a shared parameter."""

    def __init__(self) -> None:
        self._known: dict[str, sympy.Symbol] = {}

    def __call__(self, key: str) -> sympy.Symbol:
        """Return the symbol named ``key``."""
        if key not in self._known:
            self._known[key] = sympy.Symbol(key)
        return self._known[key]

    def all(self) -> tuple[sympy.Symbol, ...]:
        """Return every symbol handed out, in order of first use."""
        return tuple(self._known.values())


ROTATIONS: dict[str, type[cirq.EigenGate]] = {
    "X": cirq.XPowGate,
    "Y": cirq.YPowGate,
    "Z": cirq.ZPowGate,
    "XX": cirq.XXPowGate,
    "YY": cirq.YYPowGate,
    "ZZ": cirq.ZZPowGate,
}


@lru_cache(maxsize=4096)
def _rotation_gate(pauli: str, angle: sympy.Expr) -> cirq.EigenGate:
    gate = lookup(ROTATIONS, pauli, "rotation axis")
    return gate(exponent=angle / sympy.pi, global_shift=-0.5)


def pauli_rotation(pauli: str, angle: sympy.Expr, *qubits: cirq.Qid) -> cirq.Operation:
    """Return exp(-i angle P/2) for P = "X", "Y", "Z", "XX", "YY" or "ZZ".

    Equal gates are one object, so that a shared angle is built and compiled once.
    """
    return _rotation_gate(pauli, angle).on(*qubits)


def block(symbol: SymbolTable, key: str, a: cirq.Qid, b: cirq.Qid) -> Iterator[cirq.Operation]:
    """Yield the 15-angle two-qubit block: Euler angles, XX, YY, ZZ, Euler angles.

    Symbols ``{key}_0`` … ``{key}_14``: RZ RY RZ on ``a`` (0-2) and ``b`` (3-5), the
    three two-qubit rotations (6-8), RZ RY RZ on ``a`` (9-11) and ``b`` (12-14).
    Universal on SU(4): Kraus and Cirac, Phys. Rev. A 63, 062309 (2001), Eq. (1).
    """
    angles = [symbol(f"{key}_{k}") for k in range(15)]
    for first, qubit in ((0, a), (3, b)):
        for k, axis in enumerate("ZYZ"):
            yield pauli_rotation(axis, angles[first + k], qubit)
    for k, axis in enumerate(("XX", "YY", "ZZ")):
        yield pauli_rotation(axis, angles[6 + k], a, b)
    for first, qubit in ((9, a), (12, b)):
        for k, axis in enumerate("ZYZ"):
            yield pauli_rotation(axis, angles[first + k], qubit)


def check_sharing(sharing: str, allowed: tuple[str, ...]) -> None:
    """Raise ValueError unless ``sharing`` is among the ways in which an ansatz ties angles."""
    lookup(dict.fromkeys(allowed), sharing, "parameter sharing")


def bonds(
    qubits: Sequence[cirq.LineQubit], connectivity: str
) -> list[tuple[cirq.LineQubit, cirq.LineQubit]]:
    """Return pairs of neighbours in order; a "ring" of three or more closes a "line"."""
    line = list(pairwise(qubits))
    closing = [(qubits[-1], qubits[0])] if len(qubits) > 2 else []
    return lookup({"line": line, "ring": line + closing}, connectivity, "connectivity")
