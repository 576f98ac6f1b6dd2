"""Circuits as lists of small matrices and measurements on numbered wires, in time order."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import cirq
import numpy as np

from qnnbench.circuits.gates import UnsupportedCircuit, matrix_on_pair

SAME = 1e-10  # entries of unitary matrices that are closer are equal


@dataclass(frozen=True, eq=False)
class Step:
    """A unitary on one or two wires, or the Z measurement of one wire.

    Attributes:
        wires: What it acts on.
        matrix: complex128 (2, 2) or (4, 4), first wire most significant; (0, 0) for a
            measurement, which writes the bit of its wire.
        control: Wire whose bit controls a (2, 2) matrix, measured before; None: always acts.
    """

    wires: tuple[int, ...]
    matrix: np.ndarray
    control: int | None = None

    @property
    def is_measurement(self) -> bool:
        """Whether it measures its wire."""
        return self.matrix.size == 0


def measurement(wire: int) -> Step:
    """Return the measurement of a wire."""
    return Step((wire,), np.zeros((0, 0)))


def steps_of(circuit: cirq.Circuit, wires: Mapping[cirq.Qid, int]) -> Iterator[Step]:
    """Yield the gates of a circuit without symbols; global phases and identities are dropped.

    Raises:
        UnsupportedCircuit: An operation that is not, and does not decompose into, unitary gates
            on one or two qubits.
    """
    known: dict[cirq.Gate | None, np.ndarray] = {}
    for op in cirq.decompose(circuit, keep=_is_small, on_stuck_raise=None):
        if not op.qubits:
            continue
        if not _is_small(op):
            raise UnsupportedCircuit(
                f"machines take unitary gates on one or two qubits, found {op}. Bind symbols, "
                "decompose larger gates, drop measurements and channels: what is read is "
                "measured anyway."
            )
        matrix = cirq.unitary(op) if op.gate is None else known.get(op.gate)
        if matrix is None:
            matrix = known[op.gate] = cirq.unitary(op).astype(complex)
        if not is_phase(matrix):
            yield Step(tuple(wires[q] for q in op.qubits), matrix)


def _is_small(op: cirq.Operation) -> bool:
    return len(op.qubits) <= 2 and cirq.has_unitary(op)


def is_phase(matrix: np.ndarray) -> bool:
    """Return whether a unitary is a phase times the identity."""
    return bool(np.abs(matrix - matrix[0, 0] * np.eye(len(matrix))).max() < SAME)


def is_diagonal(matrix: np.ndarray) -> bool:
    """Return whether a matrix is diagonal."""
    return bool(np.abs(matrix - np.diag(np.diag(matrix))).max() < SAME)


def on_wires(step: Step, wires: tuple[int, ...]) -> np.ndarray:
    """Return the matrix of ``step`` as one on these wires, one or two, in this order."""
    slots = tuple(wires.index(wire) for wire in step.wires)
    return step.matrix if len(wires) == 1 else matrix_on_pair(step.matrix, slots)


def fused(steps: Iterable[Step]) -> list[Step]:
    """Return the same in fewer steps.

    What follows on the same two wires joins one matrix, diagonal ones past each other, and so
    do the one-qubit matrices around. One that follows a controlled one moves ahead of it,
    W controlled(V) = controlled(W V W†) W, so that equal controls meet and join.
    """
    fusion = _Fusion()
    for step in steps:
        fusion.add(step)
    fusion.absorb_singles()
    kept = (fusion.placed[place] for place in sorted(fusion.placed))
    return [step for step in kept if step.is_measurement or not is_phase(step.matrix)]


class _Fusion:
    """Steps by place, a number that ascends in time, and the places on each wire."""

    def __init__(self) -> None:
        self.placed: dict[int, Step] = {}
        self._on_wire: dict[int, list[int]] = defaultdict(list)

    def add(self, step: Step) -> None:
        """Append a step, or join it to what stands last on its wires."""
        if len(step.wires) == 2:
            self._add_pair(step)
        elif step.is_measurement:
            self._append(step)
        else:
            self._add_single(step, len(self._on_wire[step.wires[0]]) - 1)

    def _append(self, step: Step) -> None:
        place = max(self.placed, default=0) + 1
        self.placed[place] = step
        for wire in step.wires:
            self._on_wire[wire].append(place)

    def _add_pair(self, step: Step) -> None:
        """Append a two-qubit step, or join it to one on the same wires that may come last.

        That one, and what stands between but for one-qubit steps at the end, is diagonal.
        """
        ends = [place for wire in step.wires for place in self._on_wire[wire][-1:]]
        singles = [place for place in ends if self._is_single(place)]
        shared = set(self._on_wire[step.wires[0]]) & set(self._on_wire[step.wires[1]])
        last = max(shared, default=0)
        between = {
            place
            for wire in step.wires
            for place in self._on_wire[wire]
            if place > last and place not in singles
        }
        if not shared or (between and not all(map(self._is_diagonal, (last, *between)))):
            self._append(step)
            return
        matrix = np.eye(4, dtype=complex)
        for place in (last, *singles):
            joined = self.placed.pop(place)
            matrix = on_wires(joined, step.wires) @ matrix
            for wire in joined.wires:
                self._on_wire[wire].remove(place)
        self._append(Step(step.wires, step.matrix @ matrix))

    def _is_diagonal(self, place: int) -> bool:
        step = self.placed[place]
        return not step.is_measurement and is_diagonal(step.matrix)

    def _is_single(self, place: int) -> bool:
        step = self.placed[place]
        return len(step.wires) == 1 and not step.is_measurement and step.control is None

    def absorb_singles(self) -> None:
        """Join one-qubit steps to the two-qubit step before, or else right after them."""
        for places in self._on_wire.values():
            for k, place in reversed(list(enumerate(places))):
                if not self._is_single(place):
                    continue
                near = (*places[max(k - 1, 0) : k], *places[k + 1 : k + 2])
                pair = next((p for p in near if len(self.placed[p].wires) == 2), None)
                if pair is not None:
                    wires = self.placed[pair].wires
                    early, late = sorted((place, pair))
                    matrix = on_wires(self.placed[late], wires) @ on_wires(
                        self.placed[early], wires
                    )
                    self.placed[pair] = Step(wires, matrix)
                    del self.placed[place]
                    places.remove(place)

    def _add_single(self, step: Step, index: int) -> None:
        """Put a one-qubit step behind number ``index`` of its wire, or join it to that."""
        places = self._on_wire[step.wires[0]]
        if index < 0 and len(places) > 0:  # ahead of all that stands there
            place = min(self.placed) - 1
            self.placed[place] = step
            places.insert(0, place)
            return
        before = self.placed[places[index]] if places else None
        is_last = index == len(places) - 1
        if before is not None and len(before.wires) == 2 and is_last:
            self._append(step)  # joined when all is there: diagonal steps may still pass
        elif before is not None and before.control == step.control:
            matrix = on_wires(step, before.wires) @ before.matrix
            self.placed[places[index]] = Step(before.wires, matrix, step.control)
        elif before is not None and step.control is None:
            moved = step.matrix @ before.matrix @ step.matrix.conj().T
            self.placed[places[index]] = Step(before.wires, moved, before.control)
            self._add_single(step, index - 1)
        else:
            self._append(step)
