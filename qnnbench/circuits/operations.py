"""Read Cirq operations as elements: constant unitaries, and spectral gates with an angle."""

from collections.abc import Iterable, Mapping
from itertools import product
from typing import NamedTuple

import cirq
import numpy as np

from qnnbench.circuits.affine import Affine, affine, phase_turns
from qnnbench.circuits.gates import (
    GLOBAL_PHASE,
    Fixed,
    SpectralGate,
    UnsupportedCircuit,
    controlled_matrix,
    spectral,
)


class Element(NamedTuple):
    """A constant unitary, or a spectral gate with its angle, on some of several qubits.

    Attributes:
        gate: Unitary (2^k, 2^k), or a spectral gate on k qubits.
        slots: Which qubits it acts on, k places in the gate's own order.
        angle: Of a spectral gate; None for a constant.
    """

    gate: SpectralGate | Fixed
    slots: tuple[int, ...]
    angle: Affine | None = None

    def on(self, slots: tuple[int, ...]) -> "Element":
        """Return the element on other qubits."""
        return self if slots == self.slots else self._replace(slots=slots)


class Reader:
    """Reads operations; a gate object met again is not read again.

    Equal constants, and equal spectral gates, are one object.

    Args:
        index: Place of each symbol, by name, among the parameters.
    """

    def __init__(self, index: Mapping[str, int]) -> None:
        self._index = index
        self._known: dict[int, tuple[object, tuple[Element, ...]]] = {}
        self._constants: dict[bytes, Fixed] = {}

    def __call__(self, op: cirq.Operation) -> tuple[Element, ...]:
        """Return ``op`` as elements in time order, slots among the qubits of ``op``.

        A global phase is an element on no qubits, an identity is none.

        Raises:
            UnsupportedCircuit: What no backend evaluates, and the way out.
        """
        op = op.untagged
        if isinstance(op, cirq.ControlledOperation):
            return self._controlled(op)
        key = op if op.gate is None else op.gate
        known = self._known.get(id(key))
        if known is None:  # the key is kept, so that no other object gets its id
            known = self._known[id(key)] = (key, tuple(self._read(op)))
        return known[1]

    def _read(self, op: cirq.Operation) -> Iterable[Element]:
        gate, slots = op.gate, tuple(range(len(op.qubits)))
        if isinstance(op, cirq.ClassicallyControlledOperation) or _is_open_loop(op):
            raise _refused(op)
        if isinstance(gate, cirq.ControlledGate):
            return self(gate.on(*op.qubits))
        if len(slots) > 2:
            return self._decomposed(op)
        if not cirq.is_parameterized(op):
            unitary = cirq.unitary(op, None)
            if unitary is None:
                return self._decomposed(op)
            if not np.isfinite(unitary).all():
                raise UnsupportedCircuit(f"The matrix of {op} is not finite. Check its angle.")
            return self._constant(unitary, slots)
        if isinstance(gate, cirq.GlobalPhaseGate):
            angle = affine(phase_turns(gate.coefficient), self._index)
            return (Element(GLOBAL_PHASE, (), angle),)
        if isinstance(gate, cirq.EigenGate) and not cirq.is_parameterized(gate._with_exponent(1)):
            return (Element(spectral(gate), slots, affine(gate.exponent, self._index)),)
        return self._decomposed(op)

    def _constant(self, unitary: np.ndarray, slots: tuple[int, ...]) -> tuple[Element, ...]:
        if np.array_equal(unitary, np.eye(len(unitary))):
            return ()
        unitary = unitary.astype(complex)
        return (Element(self._constants.setdefault(unitary.tobytes(), unitary), slots),)

    def _controlled(self, op: cirq.ControlledOperation) -> tuple[Element, ...]:
        if len(op.qubits) > 2:
            raise _refused(op)
        n_controls = len(op.controls)
        allowed = set(op.control_values.expand())
        is_active = tuple(v in allowed for v in product((0, 1), repeat=n_controls))
        elements: list[Element] = []
        for gate, slots, angle in self(op.sub_operation):
            places = (*range(n_controls), *(n_controls + slot for slot in slots))
            if isinstance(gate, SpectralGate):
                elements.append(Element(gate.controlled(is_active), places, angle))
            else:
                elements += self._constant(controlled_matrix(gate, is_active), places)
        return tuple(elements)

    def _decomposed(self, op: cirq.Operation) -> Iterable[Element]:
        """Return the elements of one step of Cirq's decomposition.

        An operation on more than two qubits must be a circuit, or fall apart into
        operations on disjoint qubits (identities, layers, Pauli strings).
        """
        parts = cirq.decompose_once(op, None)
        if parts is None or not _fits(op, parts):
            raise _refused(op)
        place = {q: slot for slot, q in enumerate(op.qubits)}
        return [
            element.on(tuple(place[part.qubits[slot]] for slot in element.slots))
            for part in parts
            for element in self(part)
        ]


def _fits(op: cirq.Operation, parts: list[cirq.Operation]) -> bool:
    met = [q for part in parts for q in part.qubits]
    may_overlap = len(op.qubits) <= 2 or isinstance(op, cirq.CircuitOperation)
    return set(met) <= set(op.qubits) and (may_overlap or len(met) == len(set(met)))


def _is_open_loop(op: cirq.Operation) -> bool:
    return isinstance(op, cirq.CircuitOperation) and (
        op.repeat_until is not None or cirq.is_parameterized(op.repetitions)
    )


def _refused(op: cirq.Operation) -> UnsupportedCircuit:
    if isinstance(op, cirq.ClassicallyControlledOperation):
        reason = (
            "is classically controlled. Rewrite the circuit with cirq.defer_measurements and "
            "drop the measurements."
        )
    elif _is_open_loop(op):
        reason = "repeats an unknown number of times. Give the number."
    elif cirq.is_measurement(op) or len(op.qubits) > 2:
        reason = (
            "is not a unitary gate on one or two qubits. Decompose it (cirq.decompose), or "
            "drop it."
        )
    elif cirq.is_parameterized(op):
        reason = (
            "has free angles but neither an eigen-decomposition nor a Cirq decomposition. "
            "Write it with rotation gates (rx, ry, rz, XX, YY, ZZ, CZ powers)."
        )
    else:
        reason = "is not unitary; noise and resets are not supported. Drop it."
    return UnsupportedCircuit(f"{op} {reason}")
