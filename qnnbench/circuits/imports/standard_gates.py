"""The gates of "stdgates.inc" in Cirq, phases included, and what modifiers make of gates.

U, u2 and u3 are exact up to a phase, on which packages disagree: OpenQASM 3 gives U(θ,φ,λ) a
phase exp(iθ/2) that Qiskit leaves out. Under a control it would be seen, so that is refused.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cirq
import numpy as np
import sympy

from qnnbench.circuits.ansatze import pauli_rotation

Angle: TypeAlias = sympy.Expr | float  # radians


@dataclass(frozen=True)
class Phase:
    """A global phase exp(i angle), which controls turn into a gate; None: not agreed upon."""

    angle: Angle | None


Piece = cirq.Operation | Phase
Build = Callable[[Sequence[Angle], Sequence[cirq.Qid]], Iterable[Piece]]


@dataclass(frozen=True)
class StandardGate:
    """A gate: how many angles (radians) and qubits it takes, and what it is made of."""

    n_angles: int
    n_qubits: int
    build: Build


def rotation(axis: str, angle: Angle, qubit: cirq.Qid) -> cirq.Operation:
    """Return exp(-i angle P/2)."""
    if isinstance(angle, sympy.Expr) and angle.free_symbols:
        return pauli_rotation(axis, angle, qubit)
    kind = {"X": cirq.XPowGate, "Y": cirq.YPowGate, "Z": cirq.ZPowGate}[axis]
    return kind(exponent=float(angle) / np.pi, global_shift=-0.5).on(qubit)


def phase_gate(angle: Angle, qubit: cirq.Qid) -> cirq.Operation:
    """Return diag(1, exp(i angle))."""
    return cirq.ZPowGate(exponent=turns(angle)).on(qubit)


def turns(angle: Angle) -> Angle:
    """Return an angle in radians as half turns, a number where it holds no symbol."""
    if isinstance(angle, sympy.Expr) and angle.free_symbols:
        return angle / sympy.pi
    return float(angle) / np.pi


def _fixed(gate: cirq.Gate) -> StandardGate:
    return StandardGate(0, cirq.num_qubits(gate), lambda _, qubits: [gate.on(*qubits)])


def _rotation(axis: str, n_controls: int) -> StandardGate:
    def build(angles: Sequence[Angle], qubits: Sequence[cirq.Qid]) -> list[Piece]:
        turned = rotation(axis, angles[0], qubits[-1])
        return [turned.controlled_by(qubits[0]) if n_controls else turned]

    return StandardGate(1, 1 + n_controls, build)


def _phase(angles: Sequence[Angle], qubits: Sequence[cirq.Qid]) -> list[Piece]:
    return [phase_gate(angles[0], qubits[0])]


def _controlled_phase(angles: Sequence[Angle], qubits: Sequence[cirq.Qid]) -> list[Piece]:
    return [cirq.CZPowGate(exponent=turns(angles[0])).on(*qubits)]


def _euler(angles: Sequence[Angle], qubits: Sequence[cirq.Qid]) -> list[Piece]:
    """Return U(θ, φ, λ) = RZ(φ) RY(θ) RZ(λ) up to a phase."""
    theta, phi, lam = angles
    steps = zip("ZYZ", (lam, theta, phi), strict=True)
    return [*(rotation(axis, angle, qubits[0]) for axis, angle in steps), Phase(None)]


def _u2(angles: Sequence[Angle], qubits: Sequence[cirq.Qid]) -> list[Piece]:
    return _euler([sympy.pi / 2, *angles], qubits)


def _cu(angles: Sequence[Angle], qubits: Sequence[cirq.Qid]) -> list[Piece]:
    """Return exp(iγ) RZ(φ) RY(θ) RZ(λ) exp(i(φ + λ)/2) under a control."""
    theta, phi, lam, gamma = angles
    control, target = qubits
    steps = zip("ZYZ", (lam, theta, phi), strict=True)
    turned = [rotation(axis, angle, target).controlled_by(control) for axis, angle in steps]
    return [*turned, phase_gate(gamma + (phi + lam) / 2, control)]


STANDARD = {
    **{name: StandardGate(1, 1, _phase) for name in ("p", "phase", "u1")},
    **{name: StandardGate(1, 2, _controlled_phase) for name in ("cp", "cphase")},
    "x": _fixed(cirq.X),
    "y": _fixed(cirq.Y),
    "z": _fixed(cirq.Z),
    "h": _fixed(cirq.H),
    "s": _fixed(cirq.S),
    "sdg": _fixed(cirq.S**-1),
    "t": _fixed(cirq.T),
    "tdg": _fixed(cirq.T**-1),
    "sx": _fixed(cirq.X**0.5),
    "id": _fixed(cirq.I),
    "rx": _rotation("X", 0),
    "ry": _rotation("Y", 0),
    "rz": _rotation("Z", 0),
    "cx": _fixed(cirq.CNOT),
    "CX": _fixed(cirq.CNOT),
    "cy": _fixed(cirq.ControlledGate(cirq.Y)),
    "cz": _fixed(cirq.CZ),
    "ch": _fixed(cirq.ControlledGate(cirq.H)),
    "crx": _rotation("X", 1),
    "cry": _rotation("Y", 1),
    "crz": _rotation("Z", 1),
    "swap": _fixed(cirq.SWAP),
    "ccx": _fixed(cirq.CCX),
    "cswap": _fixed(cirq.CSWAP),
    "cu": StandardGate(4, 2, _cu),
    "u2": StandardGate(2, 1, _u2),
    "u3": StandardGate(3, 1, _euler),
}
BUILT_IN = {"U": StandardGate(3, 1, _euler)}  # what needs no include


def controlled(piece: Piece, control: cirq.Qid, value: int) -> list[Piece]:
    """Return a piece under one control that is active on ``value``.

    Raises:
        ValueError: A phase on which packages disagree.
    """
    if isinstance(piece, cirq.Operation):
        return [piece.controlled_by(control, control_values=[value])]
    if piece.angle is None:
        raise ValueError(
            "packages disagree on the phase of U, u2 and u3, which a control makes visible: write "
            "the controlled gate as cu, crz, cry and cp"
        )
    if value:
        return [phase_gate(piece.angle, control)]
    return [cirq.X(control), phase_gate(piece.angle, control), cirq.X(control)]


def inverse(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the inverse of a sequence."""
    return [_inverse(piece) for piece in reversed(pieces)]


def _inverse(piece: Piece) -> Piece:
    if isinstance(piece, cirq.Operation):
        return piece**-1
    return Phase(None if piece.angle is None else -piece.angle)


def power(pieces: Sequence[Piece], exponent: float) -> list[Piece]:
    """Return a sequence to a power.

    Raises:
        ValueError: A power that is not whole, of several gates or of one without such powers.
    """
    if float(exponent).is_integer():
        base = pieces if exponent >= 0 else inverse(pieces)
        return list(base) * abs(int(exponent))
    if len(pieces) == 1 and isinstance(pieces[0], cirq.Operation):
        return [pieces[0] ** float(exponent)]
    raise ValueError(f"pow({exponent:g}) of several gates: write its gates out")
