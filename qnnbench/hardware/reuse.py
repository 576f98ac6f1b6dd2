"""Order and place gates on few qubits: one that is measured or done with is used again."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence

import cirq

from qnnbench.hardware.native import NativeStep


def least_order(steps: Sequence[NativeStep]) -> list[NativeStep]:
    """Return the steps in an order in which few wires are alive at a time.

    A wire lives from its first step to its last. Orders that close one wire after another,
    always one whose past opens the fewest new ones, with ties broken in several ways, compete
    with depth-first readings of what comes before what, and with the order given.
    """
    past = _Past(steps)
    orders = [list(range(len(steps)))]
    orders += [past.closing(tie) for tie in (_first, _last, _most_closed)]
    orders += [past.depth_first(sign) for sign in (1, -1)]
    return min(([steps[i] for i in order] for order in orders), key=width)


def width(steps: Sequence[NativeStep]) -> int:
    """Return the largest number of wires that are alive at a time."""
    ends = {wire: i for i, step in enumerate(steps) for wire in step.wires}
    alive: set[int] = set()
    most = 0
    for i, step in enumerate(steps):
        alive |= set(step.wires)
        most = max(most, len(alive))
        alive -= {wire for wire in step.wires if ends[wire] == i}
    return most


def placed(
    steps: Sequence[NativeStep], n_physical: int | None
) -> tuple[list[cirq.Operation], dict[int, str]]:
    """Return the operations on physical qubits, and the key of each wire that is measured.

    A wire takes a qubit with its first step and gives it back with its last; qubits that have
    not been used come first, then those that have rested longest, reset before use.

    Args:
        steps: In time order.
        n_physical: Qubits there are, ``width(steps)`` at least; None: every wire has its own.
    """
    wires = sorted({wire for step in steps for wire in step.wires})
    own = {wire: place for place, wire in enumerate(wires)}
    ends = {wire: i for i, step in enumerate(steps) for wire in step.wires}
    free = deque((place, False) for place in range(n_physical or 0))
    places = own if n_physical is None else {}
    ops: list[cirq.Operation] = []
    keys: dict[int, str] = {}
    for i, step in enumerate(steps):
        for wire in step.wires:
            if wire not in places:
                places[wire], is_used = free.popleft()
                ops += [cirq.ResetChannel().on(cirq.LineQubit(places[wire]))] if is_used else []
        if step.gate is None:
            keys[step.wires[0]] = f"m{len(keys)}"
        ops.append(_operation(step, places, keys))
        free.extend((places[wire], True) for wire in step.wires if ends[wire] == i)
    return ops, keys


def _operation(step: NativeStep, places: dict[int, int], keys: dict[int, str]) -> cirq.Operation:
    qubits = [cirq.LineQubit(places[wire]) for wire in step.wires]
    if step.gate is None:
        return cirq.measure(*qubits, key=keys[step.wires[0]])
    op = step.gate.on(*qubits)
    return op if step.control is None else op.with_classical_controls(keys[step.control])


class _Past:
    """What must come before each step, as sets of steps and of wires in the bits of an int.

    Diagonal gates on a wire commute: only what is not diagonal keeps its place among them.
    """

    def __init__(self, steps: Sequence[NativeStep]) -> None:
        self._before = [sorted(before) for before in _before(steps)]
        self._steps_of: dict[int, int] = {}  # by wire: all that must be done to close it
        self._wires: list[int] = []  # by step: wires in its past
        pasts: list[int] = []
        for i, step in enumerate(steps):
            past, wires = 1 << i, sum(1 << wire for wire in step.wires)
            for j in self._before[i]:
                past |= pasts[j]
                wires |= self._wires[j]
            pasts.append(past)
            self._wires.append(wires)
            for wire in step.wires:
                self._steps_of[wire] = self._steps_of.get(wire, 0) | past
        self._wires_of = {
            wire: _union(self._wires[i] for i in _members(past))
            for wire, past in self._steps_of.items()
        }

    def closing(self, tie: "Callable[[_Past, list[int], int], int]") -> list[int]:
        """Return an order in which the next wire to be closed opens the fewest new ones."""
        order: list[int] = []
        done, opened = 0, 0
        left = sorted(self._steps_of)
        while left:
            new = {wire: (self._wires_of[wire] & ~opened).bit_count() for wire in left}
            least = min(new.values())
            wire = tie(self, [wire for wire in left if new[wire] == least], done)
            order += self._depth_first(_members(self._steps_of[wire] & ~done), done, 1)
            done |= self._steps_of[wire]
            opened |= self._wires_of[wire]
            left = [wire for wire in left if self._steps_of[wire] & ~done]
        return order

    def n_closed(self, wire: int, done: int) -> int:
        """Return how many wires are closed when ``wire`` is."""
        done |= self._steps_of[wire]
        return sum(not past & ~done for past in self._steps_of.values())

    def depth_first(self, sign: int) -> list[int]:
        """Return steps after their pasts, those of many (sign 1) or few (-1) wires first."""
        return self._depth_first(range(len(self._before) - 1, -1, -1), 0, sign)

    def _depth_first(self, ends: Sequence[int], done: int, sign: int) -> list[int]:
        order: list[int] = []
        for end in ends:
            stack = [end]
            while stack:
                step = stack[-1]
                waiting = [i for i in self._before[step] if not done >> i & 1]
                if waiting and not done >> step & 1:
                    stack += sorted(waiting, key=lambda i: sign * self._wires[i].bit_count())
                else:
                    stack.pop()
                    if not done >> step & 1:
                        done |= 1 << step
                        order.append(step)
        return order


def _first(past: _Past, wires: list[int], done: int) -> int:
    return wires[0]


def _last(past: _Past, wires: list[int], done: int) -> int:
    return wires[-1]


def _most_closed(past: _Past, wires: list[int], done: int) -> int:
    return max(wires, key=lambda wire: past.n_closed(wire, done))


def _before(steps: Sequence[NativeStep]) -> Iterator[set[int]]:
    """Yield, for each step, those right before it that it does not commute with."""
    turned: dict[int, int] = {}  # by wire: the last step that is not diagonal
    since: dict[int, list[int]] = {}  # and the diagonal ones since
    measured: dict[int, int] = {}
    for i, step in enumerate(steps):
        before = {measured[step.control]} if step.control is not None else set()
        is_diagonal = isinstance(step.gate, cirq.ZPowGate | cirq.ZZPowGate)
        for wire in step.wires:
            if is_diagonal or not since.get(wire):
                before |= {turned[wire]} if wire in turned else set()
            else:
                before |= set(since[wire])
            if is_diagonal:
                since.setdefault(wire, []).append(i)
            else:
                turned[wire], since[wire] = i, []
            if step.gate is None:
                measured[wire] = i
        yield before


def _members(bits: int) -> list[int]:
    """Return the places of the bits that are 1, ascending."""
    return [i for i in range(bits.bit_length()) if bits >> i & 1]


def _union(sets: Iterator[int]) -> int:
    total = 0
    for bits in sets:
        total |= bits
    return total
