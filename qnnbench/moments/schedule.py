"""Gates merged into blocks and ordered into steps on the active chain.

In the Heisenberg picture only qubits in the support of the observable are sites of the
chain. A qubit enters, as a letter I, with the first block that joins it.
"""

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from qnnbench.circuits.angles import AngleLaw
from qnnbench.moments.channels import (
    Alphabet,
    BlockChannel,
    Factor,
    block_channel,
    factor,
    haar_factor,
    moved_factor,
)
from qnnbench.moments.pauli_circuit import STRINGS, Clifford, Gate, symbol_of


@dataclass(eq=False)
class Block:
    """Consecutive gates on one site or one pair, in Heisenberg order.

    Attributes:
        sites: One site, or two in increasing order.
        factors: One per gate.
        symbols: Positions of the symbols of its gates with an angle.
    """

    sites: tuple[int, ...]
    factors: list[Factor] = field(default_factory=list)
    symbols: list[int] = field(default_factory=list)

    @property
    def is_entangler(self) -> bool:
        """Whether it joins two sites and nothing in it is random."""
        return len(self.sites) == 2 and all(f.law is None and f.harmonics for f in self.factors)

    def append(self, gate: Gate, law: AngleLaw | None) -> None:
        """Add the next gate in Heisenberg order."""
        offsets = tuple(self.sites.index(site) for site in gate.sites)
        self.factors.append(factor(gate, offsets, law))
        symbol = symbol_of(gate)
        if symbol is not None:
            self.symbols.append(symbol)

    def absorb(self, single: "Block") -> None:
        """Take over the gates of a block on one of the two sites."""
        offsets = (self.sites.index(single.sites[0]),)
        self.factors += [moved_factor(f, offsets) for f in single.factors]
        self.symbols += single.symbols


@dataclass(frozen=True)
class Step:
    """Blocks applied together.

    Attributes:
        sites: The active chain while they act.
        blocks: Disjoint, or, in a ladder, overlapping entanglers in order of action.
        is_ladder: Whether the blocks are entanglers without angles.
        rightward: Whether the leftmost block acts first.
    """

    sites: tuple[int, ...]
    blocks: tuple[Block, ...]
    is_ladder: bool
    rightward: bool


def merged_blocks(gates: Iterable[Gate], laws: Sequence[AngleLaw]) -> list[Block]:
    """Return blocks in Heisenberg order.

    Gates that follow each other on one site, or on one pair, share a block; a pair
    block with an angle also takes over the single-site blocks that precede it.

    Args:
        gates: In Heisenberg order.
        laws: Of the angle of each symbol.
    """
    blocks: list[Block] = []
    latest: dict[int, Block] = {}
    for gate in gates:
        symbol = symbol_of(gate)
        before = [latest.get(site) for site in gate.sites]
        block = before[0]
        if block is None or not _accepts(block, gate, before):
            block = Block(gate.sites)
            blocks.append(block)
            if len(gate.sites) == 2 and symbol is not None:
                for single in before:
                    if single is not None and len(single.sites) == 1:
                        block.absorb(single)
                        single.factors.clear()
        block.append(gate, None if symbol is None else laws[symbol])
        latest.update(dict.fromkeys(gate.sites, block))
    return [block for block in blocks if block.factors]


def haar_blocks(blocks: Iterable[Block]) -> list[Block]:
    """Return the blocks, each one that has an angle made Haar random."""
    return [
        Block(block.sites, [haar_factor(len(block.sites))]) if block.symbols else block
        for block in blocks
    ]


def _accepts(block: Block, gate: Gate, before: list[Block | None]) -> bool:
    if len(gate.sites) == 1:
        return len(block.sites) == 1 or not block.is_entangler
    return before[0] is before[1]


def without_idle(blocks: Iterable[Block], letters: np.ndarray, alphabet: Alphabet) -> list[Block]:
    """Return the blocks that move some string.

    The letters a site can hold are followed block by block; a block that leaves all
    strings of such letters alone, at every angle, is idle: its gradient variances are zero.

    Args:
        blocks: In Heisenberg order.
        letters: Which letters a site can hold at first, bool (n_sites, d).
        alphabet: What the letters stand for.
    """
    possible = [frozenset(np.flatnonzero(row).tolist()) for row in letters]
    moved: dict = {}
    kept = []
    for block in blocks:
        here = tuple(possible[site] for site in block.sites)
        key = (tuple(block.factors), here)
        if key not in moved:
            channel = block_channel(len(block.sites), key[0], alphabet)
            moved[key] = _letters_out(channel, here, alphabet)
        if moved[key] is not None:
            kept.append(block)
            for site, out in zip(block.sites, moved[key], strict=True):
                possible[site] = out
    return kept


def _letters_out(
    channel: BlockChannel, here: tuple[frozenset, ...], alphabet: Alphabet
) -> list[frozenset] | None:
    """Return the letters each site can hold after a channel; None if it moves nothing.

    A derivative may lead to letters that the channel itself does not, as where an angle is 0.

    A site without letters holds no string at all: nothing is left to be moved.
    """
    if not all(here):
        return None
    shape = (alphabet.size,) * len(here)
    grids = np.meshgrid(*[sorted(letters) for letters in here], indexing="ij")
    strings = np.ravel_multi_index([g.ravel() for g in grids], shape)
    columns, slopes = channel.total[:, strings], channel.derivatives[:, :, strings]
    if not slopes.any() and np.array_equal(columns, np.eye(len(columns))[:, strings]):
        return None
    reached = columns.any(axis=1) | slopes.any(axis=(0, 2))
    out = np.unravel_index(np.flatnonzero(reached), shape)
    return [frozenset(letters.tolist()) for letters in out]


SWAP = Clifford(
    (0, 1), tuple(4 * b + a for a in range(4) for b in range(4)), (1,) * len(STRINGS[1])
)


class Schedule:
    """Orders blocks greedily: all ready blocks at once, entanglers in sweeps."""

    def __init__(self, blocks: Sequence[Block], sites: Iterable[int]) -> None:
        self._active = sorted(sites)
        self._queues: dict[int, deque[Block]] = defaultdict(deque)
        for block in blocks:
            for site in block.sites:
                self._queues[site].append(block)

    def steps(self) -> list[Step]:
        """Return the steps in Heisenberg order."""
        steps: list[Step] = []
        while any(self._queues.values()):
            step = self._layer() or self._ladder()
            steps += [step] if step else self._detour()
        return steps

    def _layer(self) -> Step | None:
        return self._commit(self._ready(is_ladder=False, rightward=True))

    def _ladder(self) -> Step | None:
        ladders = [self._ready(is_ladder=True, rightward=r) for r in (False, True)]
        return self._commit(max(ladders, key=lambda step: len(step.blocks)))

    def _ready(self, is_ladder: bool, rightward: bool) -> Step:
        """Return the blocks that can act now, from one end to the other."""
        active, blocks = list(self._active), list[Block]()
        joined: set[tuple[int, int]] = set()
        taken: dict[int, int] = defaultdict(int)
        for site in sorted(self._queues, reverse=not rightward):
            queue = self._queues[site]
            block = queue[taken[site]] if taken[site] < len(queue) else None
            if block is None or block.sites[0] != site or block.is_entangler != is_ladder:
                continue
            if any(taken[s] for s in block.sites) and not is_ladder:
                continue
            is_next = all(self._queues[s][taken[s]] is block for s in block.sites)
            if is_next and _joins(block.sites, active, joined):
                blocks.append(block)
                for s in block.sites:
                    taken[s] += 1
        return Step(tuple(active), tuple(blocks), is_ladder, rightward)

    def _commit(self, step: Step) -> Step | None:
        """Take the blocks of ``step`` off the queues; None if it has none."""
        if not step.blocks:
            return None
        self._active = list(step.sites)
        for block in step.blocks:
            for site in block.sites:
                self._queues[site].popleft()
        return step

    def _detour(self) -> list[Step]:
        """Return the steps of a block on distant sites: swaps there, the block, swaps back."""
        fronts = (queue[0] for queue in self._queues.values() if queue)
        block = next(b for b in fronts if all(self._queues[s][0] is b for s in b.sites))
        for site in block.sites:
            self._queues[site].popleft()
        self._active = sorted({*self._active, *block.sites})
        first, last = (self._active.index(site) for site in block.sites)
        active = tuple(self._active)
        swaps = tuple(
            Block(active[j : j + 2], [factor(SWAP, (0, 1), None)]) for j in range(first, last - 1)
        )
        moved = replace(block, sites=active[last - 1 : last + 1])
        return [
            Step(active, swaps, is_ladder=True, rightward=True),
            Step(active, (moved,), moved.is_entangler, rightward=True),
            Step(active, swaps[::-1], is_ladder=True, rightward=False),
        ]


def _joins(sites: tuple[int, ...], active: list[int], joined: set[tuple[int, int]]) -> bool:
    """Add ``sites`` to the active chain if they are neighbours and part no joined pair."""
    grown = list(active)
    for site in sites:
        position = bisect_left(grown, site)
        if position == len(grown) or grown[position] != site:
            if tuple(grown[max(position - 1, 0) : position + 1]) in joined:
                return False
            grown.insert(position, site)
    if len(sites) == 2:
        if bisect_left(grown, sites[1]) != bisect_left(grown, sites[0]) + 1:
            return False
        joined.add((sites[0], sites[1]))
    active[:] = grown
    return True
