"""Fuse a Cirq circuit: consecutive gates on one pair of qubits become one block."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cirq
import numpy as np
import sympy

from qnnbench.circuits.gates import (
    Affine,
    SpectralGate,
    UnsupportedCircuit,
    affine,
    matrix_on_pair,
    spectral,
)


@dataclass(frozen=True)
class Element:
    """A gate inside a block: a constant unitary, or a spectral gate with its angle.

    Attributes:
        gate: Unitary (2, 2) or (4, 4), or a spectral gate.
        slots: Which qubits of the block it acts on, in the gate's own order.
        angle: Of a spectral gate; None for a constant.
    """

    gate: SpectralGate | np.ndarray
    slots: tuple[int, ...]
    angle: Affine | None = None


@dataclass
class Block:
    """Gates on one pair of sites (ascending), or on one site, in time order."""

    sites: tuple[int, ...]
    elements: list[Element] = field(default_factory=list)

    @property
    def key(self) -> tuple[object, ...]:
        """Blocks with equal keys differ in their angles only."""
        return tuple(
            (e.slots, id(e.gate) if isinstance(e.gate, SpectralGate) else e.gate.tobytes())
            for e in self.elements
        )

    @property
    def angles(self) -> tuple[Affine, ...]:
        """Angles of the spectral gates, in time order."""
        return tuple(e.angle for e in self.elements if e.angle is not None)

    def on_pair(self) -> tuple[SpectralGate | np.ndarray, ...]:
        """Return the gates as gates on a pair of qubits."""
        return tuple(
            e.gate.on_pair(e.slots)
            if isinstance(e.gate, SpectralGate)
            else matrix_on_pair(e.gate, e.slots)
            for e in self.elements
        )

    def sort_one_qubit_runs(self) -> None:
        """Order neighbouring one-qubit gates by site, so that equal blocks look equal."""
        start = 0
        for end in range(len(self.elements) + 1):
            if end == len(self.elements) or len(self.elements[end].slots) == 2:
                run = sorted(self.elements[start:end], key=lambda e: e.slots)
                self.elements[start:end] = run
                start = end + 1


def _unsupported(op: cirq.Operation) -> str | None:
    if cirq.is_measurement(op) or len(op.qubits) > 2:
        return f"{op} is not a unitary gate on one or two qubits. Decompose it, or drop it."
    if not cirq.is_parameterized(op) and cirq.unitary(op, None) is None:
        return f"{op} is not unitary; noise and resets are not supported."
    return None


Form = tuple[SpectralGate, sympy.Expr]


def _primitives(op: cirq.Operation) -> list[tuple[cirq.Operation, Form | None]]:
    """Return ``op`` as operations with their spectral form; None for constant ones."""
    if not op.qubits:
        return []  # a global phase
    reason = _unsupported(op)
    if reason is not None:
        raise UnsupportedCircuit(reason)
    form = spectral(op) if cirq.is_parameterized(op) else None
    if form is not None or not cirq.is_parameterized(op):
        return [(op, form)]
    parts = cirq.decompose_once(op, None)
    if parts is None:
        raise UnsupportedCircuit(
            f"{op} has free angles but neither an eigen-decomposition nor a Cirq decomposition. "
            "Write it with rotation gates (rx, ry, rz, XX, YY, ZZ, CZ powers)."
        )
    return [primitive for part in parts for primitive in _primitives(part)]


def _element(
    op: cirq.Operation,
    form: Form | None,
    slots: tuple[int, ...],
    index: Mapping[str, int],
) -> Element:
    if form is None:
        return Element(cirq.unitary(op), slots)
    return Element(form[0], slots, affine(form[1], index))


def fuse(
    circuit: cirq.Circuit, sites: Mapping[cirq.Qid, int], index: Mapping[str, int]
) -> list[Block]:
    """Return the blocks of a circuit in time order.

    One-qubit gates join the block before them, or the first one after; a site that meets
    one-qubit gates only gets a block of its own at the end.

    Args:
        circuit: Unitary gates on one or two qubits.
        sites: Site of each qubit.
        index: Place of each symbol, by name, among the parameters.

    Raises:
        UnsupportedCircuit: A gate that no backend evaluates.
    """
    blocks: list[Block] = []
    last: dict[int, Block] = {}  # the latest block on a site
    waiting: dict[int, list[Element]] = {}  # one-qubit gates before the first block on a site
    parts = (part for op in circuit.all_operations() for part in _primitives(op))
    for op, form in parts:
        at = tuple(sites[q] for q in op.qubits)
        block = last.get(at[0])
        if len(at) == 1 and block is None:
            waiting.setdefault(at[0], []).append(_element(op, form, (0,), index))
            continue
        if block is None or block is not last.get(at[-1]):
            block = Block(tuple(sorted(at)))
            for slot, site in enumerate(block.sites):
                early = waiting.pop(site, ())
                block.elements += [Element(e.gate, (slot,), e.angle) for e in early]
                last[site] = block
            blocks.append(block)
        slots = tuple(block.sites.index(site) for site in at)
        block.elements.append(_element(op, form, slots, index))
    blocks += [Block((site,), elements) for site, elements in sorted(waiting.items())]
    for block in blocks:
        block.sort_one_qubit_runs()
    return blocks
