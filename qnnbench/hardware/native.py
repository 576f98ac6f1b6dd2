"""Steps as native gates: ZZ to any power, PhasedX, and Z, which is free."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import cirq
import numpy as np

from qnnbench.circuits.gates import matrix_on_pair
from qnnbench.hardware.canonical import canonical
from qnnbench.hardware.steps import SAME, Step, is_diagonal

_H = np.array([[1, 1], [1, -1]], dtype=complex) / np.sqrt(2)
TO_Z = {  # C with P = C† Z C: reading P is reading Z after C
    "X": _H,
    "Y": _H @ np.diag([1, -1j]),
    "Z": np.eye(2, dtype=complex),
}


@dataclass(frozen=True)
class NativeStep:
    """A native gate on wires; ``gate`` None measures the wire, ``control`` as in ``Step``."""

    gate: cirq.Gate | None
    wires: tuple[int, ...]
    control: int | None = None


def native_steps(steps: Sequence[Step]) -> list[NativeStep]:
    """Return the native gates of steps that begin in |0…0>, in time order.

    A two-qubit matrix takes one ZZ power for each number that is not 0 of the three that
    classify it up to one-qubit gates, after Kraus and Cirac; between two of them each wire
    takes one PhasedX at most. Z and X move through ZZ; a Z before a measurement is dropped.

    Source:
        Kraus and Cirac, Phys. Rev. A 63, 062309 (2001), Eq. (1); virtual Z: McKay et al.,
        Phys. Rev. A 96, 022330 (2017), arXiv:1612.00858.
    """
    lowering = _Lowering()
    for step in _from_zeros(steps):
        lowering.add(step)
    return _without_last_z(lowering.done)


class _Lowering:
    """Native steps so far, and the matrix that is still to act on each wire."""

    def __init__(self) -> None:
        self.done: list[NativeStep] = []
        self._pending: dict[int, np.ndarray] = {}

    def add(self, step: Step) -> None:
        """Append a step."""
        if step.is_measurement:
            self._flush(step.wires[0])
            self.done.append(NativeStep(None, step.wires))
        elif step.control is not None:
            self._add_controlled(step.wires[0], step.matrix, step.control)
        elif len(step.wires) == 1:
            self._turn(step.wires[0], step.matrix)
        else:
            self._add_pair(step.wires, step.matrix)

    def _turn(self, wire: int, matrix: np.ndarray) -> None:
        self._pending[wire] = matrix @ self._pending.get(wire, np.eye(2))

    def _flush(self, wire: int) -> None:
        """Emit the PhasedX of what is pending; its Z stays pending."""
        axis, turns, phase = _phased_x_then_z(self._pending.get(wire, np.eye(2)))
        self.done += _phased_x(axis, turns, wire)
        self._pending[wire] = np.diag([1, np.exp(1j * np.pi * phase)])

    def _add_controlled(self, wire: int, matrix: np.ndarray, control: int) -> None:
        """Add a controlled gate: a Z power after what is pending, any other one before it."""
        if is_diagonal(matrix):
            self._flush(wire)
        else:
            pending = self._pending.get(wire, np.eye(2))
            matrix = pending.conj().T @ matrix @ pending
        axis, turns, phase = _phased_x_then_z(matrix)
        self.done += _phased_x(axis, turns, wire, control)
        if abs(phase) > SAME:
            gate = cirq.ZPowGate(exponent=phase)
            self.done.append(NativeStep(gate, (wire,), control))

    def _add_pair(self, wires: tuple[int, ...], matrix: np.ndarray) -> None:
        form = canonical(matrix)
        for wire, before in zip(wires, form.before, strict=True):
            self._turn(wire, before)
        for axis, angle in zip("XYZ", form.angles, strict=True):
            if abs(angle) > SAME:
                self._add_rotation(wires, axis, angle)
        for wire, after in zip(wires, form.after, strict=True):
            self._turn(wire, after)

    def _add_rotation(self, wires: tuple[int, ...], axis: str, angle: float) -> None:
        """Add exp(i angle PP) for the letter P = ``axis``."""
        for wire in wires:
            self._turn(wire, TO_Z[axis])
            if np.abs(np.diag(self._pending[wire])).max() < SAME:  # X passes: ZZ X = -X ZZ
                angle = -angle
            else:
                self._flush(wire)
        gate = cirq.ZZPowGate(exponent=-2 * angle / np.pi, global_shift=-0.5)
        self.done.append(NativeStep(gate, wires))
        for wire in wires:
            self._turn(wire, TO_Z[axis].conj().T)


def _phased_x(
    axis: float, turns: float, wire: int, control: int | None = None
) -> Iterator[NativeStep]:
    if abs(turns) > SAME:
        gate = cirq.PhasedXPowGate(phase_exponent=axis, exponent=turns)
        yield NativeStep(gate, (wire,), control)


def _phased_x_then_z(matrix: np.ndarray) -> tuple[float, float, float]:
    """Return (p, t, s) with ``matrix`` = Z^s Z^p X^t Z^-p up to a phase, t in [0, 1].

    With c, d the cosine and sine of πt/2, the matrix is a phase times
    [[c, -i d e^-iπp], [-i d e^iπ(p + s), c e^iπs]].
    """
    (a, b), (c, d) = matrix
    turns = 2 / np.pi * np.arctan2(abs(c), abs(a))
    if abs(a) < SAME:  # p + s/2 is all there is: no Z
        return float(np.angle(c / b) / (2 * np.pi)), 1.0, 0.0
    phase = float(np.angle(d / a) / np.pi)
    if abs(c) < SAME:
        return 0.0, 0.0, phase
    axis = -np.angle(1j * b / a) / np.pi
    rest = np.angle(c / b * np.exp(-1j * np.pi * (2 * axis + phase)))  # 0, but if a is small
    return float(axis + rest / (2 * np.pi)), float(turns), phase


def _without_last_z(steps: Sequence[NativeStep]) -> list[NativeStep]:
    """Drop controlled Z powers that nothing but a measurement follows."""
    kept: list[NativeStep] = []
    matters: set[int] = set()
    for step in reversed(steps):
        if not isinstance(step.gate, cirq.ZPowGate) or step.wires[0] in matters:
            kept.append(step)
            matters |= set(step.wires) if step.gate is not None else set()
    return kept[::-1]


def diagonal_last(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (D, C) with ``matrix`` = D C, D diagonal, C of two ZZ powers at most.

    D is the identity where ``matrix`` itself takes two at most. Else D = exp(iψ ZZ): a matrix
    C of determinant 1 takes two iff tr(C YY Cᵀ YY) is real, and with W = U YY Uᵀ, U being
    ``matrix`` of determinant 1, this trace is 2 (W[1, 2] e^2iψ - W[0, 3] e^-2iψ).

    Source:
        Shende, Bullock and Markov, Phys. Rev. A 70, 012310 (2004), Prop. III.2; the trace
        derived above.
    """
    if abs(canonical(matrix).angles[2]) < SAME:
        return np.eye(4, dtype=complex), matrix
    yy = np.diag([-1.0, 1, 1, -1])[::-1]
    w = matrix @ yy @ matrix.T / np.linalg.det(matrix) ** 0.5
    inner, outer = w[1, 2], -w[0, 3]
    turn = np.arctan2((inner + outer).imag, (outer - inner).real) / 2
    diagonal = np.exp(1j * turn * np.array([1, -1, -1, 1]))
    return np.diag(diagonal), diagonal.conj()[:, None] * matrix


def _from_zeros(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield steps that do the same to |0…0> with fewer ZZ powers.

    A two-qubit matrix on |00> takes one, for two Schmidt numbers; on |0> and another wire a
    diagonal factor that comes first is one gate on the other.
    """
    met: set[int] = set()
    for step in steps:
        fresh = [slot for slot, wire in enumerate(step.wires) if wire not in met]
        met |= set(step.wires)
        if len(step.wires) == 2 and len(fresh) == 2:
            yield Step(step.wires, _from_two_zeros(step.matrix))
        elif len(step.wires) == 2 and len(fresh) == 1:
            yield Step(step.wires, _from_one_zero(step.matrix, fresh[0]))
        else:
            yield step


def _from_two_zeros(matrix: np.ndarray) -> np.ndarray:
    """Return a matrix with the same first column: locals after exp(-ix XY), one ZZ power.

    exp(-ix XY)|00> = cos x |00> + sin x |11>.
    """
    left, schmidt, right = np.linalg.svd(matrix[:, 0].reshape(2, 2))
    cosine, sine = schmidt
    rotation = cosine * np.eye(4, dtype=complex)
    rotation[[3, 0], [0, 3]] = sine, -sine
    rotation[[2, 1], [1, 2]] = -sine, sine
    return np.kron(left, right.T) @ rotation


def _from_one_zero(matrix: np.ndarray, slot: int) -> np.ndarray:
    """Return a matrix of two ZZ powers that acts alike where qubit ``slot`` is |0>."""
    diagonal, gates = diagonal_last(matrix.conj().T)
    first = np.diag(diagonal.conj())[[0, 1] if slot == 0 else [0, 2]]
    return gates.conj().T @ matrix_on_pair(np.diag(first), (1 - slot,))
