"""Fuse a Cirq circuit: consecutive gates on one pair of qubits become one block."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import cirq

from qnnbench.circuits.affine import Affine
from qnnbench.circuits.operations import Element, Reader


@dataclass
class Block:
    """Gates on one pair of sites (ascending), or on one site, in time order."""

    sites: tuple[int, ...]
    elements: list[Element] = field(default_factory=list)

    @property
    def key(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """Blocks with equal keys differ in their angles only."""
        return tuple((id(gate), slots) for gate, slots, _ in self.elements)

    @property
    def angles(self) -> tuple[Affine, ...]:
        """Angles of the spectral gates, in time order."""
        return tuple(angle for _, _, angle in self.elements if angle is not None)

    def sort_one_qubit_runs(self) -> None:
        """Order neighbouring one-qubit gates by site, so that equal blocks look equal."""
        start = 0
        for end in range(len(self.elements) + 1):
            if end == len(self.elements) or len(self.elements[end].slots) == 2:
                run = sorted(self.elements[start:end], key=lambda e: e.slots)
                self.elements[start:end] = run
                start = end + 1


def fuse(
    operations: Iterable[cirq.Operation], sites: Mapping[cirq.Qid, int], index: Mapping[str, int]
) -> list[Block]:
    """Return the blocks of a circuit in time order.

    One-qubit gates join the block before them, or the first one after; a site that meets
    one-qubit gates only gets a block of its own at the end.

    Args:
        operations: Unitary gates on one or two qubits, or what decomposes into such.
        sites: Site of each qubit.
        index: Place of each symbol, by name, among the parameters.

    Raises:
        UnsupportedCircuit: A gate that no backend evaluates.
    """
    blocks: list[Block] = []
    last: dict[int, Block] = {}  # the latest block on a site
    waiting: dict[int, list[Element]] = {}  # one-qubit gates before the first block on a site
    read = Reader(index)
    for op in operations:
        if not op.qubits:
            continue  # a global phase cannot be seen
        sites_of_op = [sites[q] for q in op.qubits]
        for element in read(op):
            at = [sites_of_op[slot] for slot in element.slots]
            if not at:
                continue
            block = last.get(at[0])
            if len(at) == 1 and block is None:
                waiting.setdefault(at[0], []).append(element.on((0,)))
                continue
            if block is None or block is not last.get(at[-1]):
                block = Block(tuple(sorted(at)))
                for slot, site in enumerate(block.sites):
                    block.elements += [early.on((slot,)) for early in waiting.pop(site, ())]
                    last[site] = block
                blocks.append(block)
            block.elements.append(element.on(tuple([block.sites.index(site) for site in at])))
    blocks += [Block((site,), elements) for site, elements in sorted(waiting.items())]
    for block in blocks:
        block.sort_one_qubit_runs()
    return blocks
