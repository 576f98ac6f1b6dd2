"""Light cones and feed-forward: measure a qubit as early as what is read allows."""

from collections.abc import Collection, Sequence

import numpy as np

from qnnbench.circuits.gates import matrix_on_pair
from qnnbench.hardware.native import diagonal_last
from qnnbench.hardware.steps import SAME, Step, is_diagonal, is_phase, measurement


def measured_early(
    steps: Sequence[Step], read: Collection[int], feed_forward: bool, split: bool = False
) -> list[Step]:
    """Return steps and measurements that write the same joint law of the bits of ``read``.

    Seen from the end backwards, a wire is first unread, or only its bit counts; gates on it
    make it quantum. A gate on unread wires is dropped, and so is a diagonal gate on wires of
    which only bits count. With ``feed_forward``, a gate that is a control on a wire whose bit
    at most counts becomes a matrix on the other wire that this bit controls, and the wire is
    measured before it: deferred measurement, read backwards.

    Args:
        steps: In time order; their measurements are made anew.
        read: Wires that are measured in the end.
        feed_forward: Whether bits may control gates.
        split: Whether a two-qubit gate before a measurement may leave its diagonal factor to
            the bits: it then takes two ZZ gates instead of three.

    Source:
        Nielsen and Chuang, Quantum Computation and Quantum Information, Sec. 4.4; two CNOTs up
        to a diagonal: Shende, Bullock and Markov, Phys. Rev. A 70, 012310 (2004).
    """
    backwards = _Backwards(read, feed_forward, split)
    for step in reversed(steps):
        if not step.is_measurement:
            backwards.add(step.wires, step.matrix, step.control)
    return backwards.finished()


class _Backwards:
    """Steps in reversed order, and which wires are quantum from here on.

    ``_is_quantum`` holds the wires that something depends on: True if gates follow, False if
    only the bit counts.
    """

    def __init__(self, read: Collection[int], feed_forward: bool, split: bool) -> None:
        self._read, self._feed_forward, self._split = read, feed_forward, split
        self._is_quantum = dict.fromkeys(read, False)
        self._steps: list[Step] = []

    def add(self, wires: tuple[int, ...], matrix: np.ndarray, control: int | None) -> None:
        """Put a matrix before everything there is, or what of it matters."""
        if len(wires) == 1:
            self._add_single(wires[0], matrix, control)
            return
        is_live = [wire in self._is_quantum for wire in wires]
        is_free = [not self._is_quantum.get(wire) for wire in wires]
        if not any(is_live) or (all(is_free) and is_diagonal(matrix)):
            return
        for slot, other in ((0, 1), (1, 0)):
            pair = _controlled(matrix, slot) if is_free[slot] else None
            if pair is not None and (self._feed_forward or not is_live[other]):
                off, on = pair
                self._add_single(wires[other], on @ off.conj().T, wires[slot])
                self._add_single(wires[other], off, None)
                return
        if self._split and (all(is_free) or (self._feed_forward and any(is_free))):
            diagonal, matrix = diagonal_last(matrix)
            self.add(wires, diagonal, None)
        for wire in wires:
            self._make_quantum(wire)
        self._steps.append(Step(wires, matrix))

    def _add_single(self, wire: int, matrix: np.ndarray, control: int | None) -> None:
        is_quantum = self._is_quantum.get(wire)
        if is_quantum is None or is_phase(matrix) or (not is_quantum and is_diagonal(matrix)):
            return
        self._make_quantum(wire)
        self._steps.append(Step((wire,), matrix, control))
        if control is not None:
            self._is_quantum.setdefault(control, False)

    def _make_quantum(self, wire: int) -> None:
        if self._is_quantum.get(wire) is False:
            self._steps.append(measurement(wire))
        self._is_quantum[wire] = True

    def finished(self) -> list[Step]:
        """Return the steps in time order; what a bit in |0> controls never acts."""
        idle = [wire for wire, is_quantum in self._is_quantum.items() if not is_quantum]
        zeros = [wire for wire in idle if wire not in self._read]
        first = [measurement(wire) for wire in idle if wire in self._read]
        return first + [step for step in reversed(self._steps) if step.control not in zeros]


def _controlled(matrix: np.ndarray, slot: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Return what acts on the other qubit where qubit ``slot`` is 0 and 1, None if it turns."""
    ordered = matrix if slot == 0 else matrix_on_pair(matrix, (1, 0))
    if max(np.abs(ordered[:2, 2:]).max(), np.abs(ordered[2:, :2]).max()) > SAME:
        return None
    return ordered[:2, :2], ordered[2:, 2:]
