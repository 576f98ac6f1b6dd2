"""Derivatives from values alone: gates shifted one at a time, shared angles gate by gate."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sqrt
from typing import NamedTuple

import cirq
import numpy as np

from qnnbench.circuits.affine import affine
from qnnbench.circuits.ansatze import Network
from qnnbench.circuits.gates import UnsupportedCircuit


class Shift(NamedTuple):
    """A term of a derivative: the value where one gate's angle is moved, times a factor."""

    radians: float
    factor: float


ROTATION: tuple[Shift, ...] = (Shift(pi / 2, 0.5), Shift(-pi / 2, -0.5))
CONTROLLED: tuple[Shift, ...] = (
    Shift(pi / 2, (sqrt(2) + 1) / (4 * sqrt(2))),
    Shift(-pi / 2, -(sqrt(2) + 1) / (4 * sqrt(2))),
    Shift(3 * pi / 2, -(sqrt(2) - 1) / (4 * sqrt(2))),
    Shift(-3 * pi / 2, (sqrt(2) - 1) / (4 * sqrt(2))),
)


@dataclass(frozen=True)
class Occurrence:
    """One gate that holds one symbol.

    Attributes:
        symbol: Place of the symbol among the parameters.
        moment, place: Where the gate stands in the circuit.
        slope: Derivative of the gate's angle by the symbol.
        shifts: Terms of the derivative by the gate's angle.
    """

    symbol: int
    moment: int
    place: int
    slope: float
    shifts: tuple[Shift, ...]


def occurrences(network: Network) -> list[Occurrence]:
    """Return every gate of every symbol: a shared angle is shifted in one gate at a time.

    A Pauli rotation has one frequency and takes two values. A controlled rotation has
    frequencies 1/2 and 1 and takes four.

    Raises:
        UnsupportedCircuit: A gate with free angles that is neither.

    Source:
        Mitarai, Negoro, Kitagawa and Fujii, Phys. Rev. A 98, 032309 (2018), Eq. (12);
        Anselmetti, Wierichs, Gogolin and Parrish, New J. Phys. 23, 113010 (2021), Eq. (9).
    """
    index = {symbol.name: i for i, symbol in enumerate(network.symbols)}
    found = []
    for moment, ops in enumerate(network.circuit):
        for place, op in enumerate(ops.operations):
            if cirq.is_parameterized(op):
                gate, shifts = _rotation(op)
                _, slopes = affine(gate.exponent, index)
                found += [Occurrence(s, moment, place, slope, shifts) for s, slope in slopes]
    return found


def _rotation(op: cirq.Operation) -> tuple[cirq.EigenGate, tuple[Shift, ...]]:
    """Return the rotation gate of an operation and the terms of its derivative."""
    gate = op.gate
    is_controlled = isinstance(gate, cirq.ControlledGate) and gate.num_controls() == 1
    inner = gate.sub_gate if isinstance(gate, cirq.ControlledGate) and is_controlled else gate
    if (
        isinstance(inner, cirq.EigenGate)
        and set(inner._eigen_shifts()) == {0, 1}
        and inner.global_shift in (0, -0.5)
    ):
        return inner, CONTROLLED if is_controlled else ROTATION
    raise UnsupportedCircuit(
        "Shifts are known for gates with two eigenvalues, as Pauli rotations, plain or "
        f"controlled by one qubit; found {op}. Write it as such rotations."
    )


def shifted(circuit: cirq.Circuit, occurrence: Occurrence, radians: float) -> cirq.Circuit:
    """Return the circuit with the angle of one gate moved."""
    moments = list(circuit)
    ops = list(moments[occurrence.moment].operations)
    op = ops[occurrence.place]
    gate = op.gate
    if isinstance(gate, cirq.ControlledGate):
        turned: cirq.Gate = cirq.ControlledGate(
            _turned(gate.sub_gate, radians), control_values=gate.control_values
        )
    else:
        turned = _turned(gate, radians)
    ops[occurrence.place] = turned.on(*op.qubits)
    moments[occurrence.moment] = cirq.Moment(ops)
    return cirq.Circuit(moments)


def _turned(gate: cirq.Gate | None, radians: float) -> cirq.EigenGate:
    assert isinstance(gate, cirq.EigenGate), "an occurrence is a rotation"
    return gate._with_exponent(gate.exponent + radians / pi)


def drawn(
    found: Sequence[Occurrence], n_drawn: int, rng: np.random.Generator
) -> list[tuple[Occurrence, float]]:
    """Return gates drawn without replacement and the factor that keeps the gradient unbiased."""
    n_drawn = min(n_drawn, len(found))
    chosen = rng.choice(len(found), n_drawn, replace=False)
    return [(found[i], len(found) / n_drawn) for i in chosen]
