"""A circuit as a tree: which neighbours merge where, by which blocks, and which qubits go on."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from qnnbench.backends.protocol import BackendCannot
from qnnbench.circuits.program import Program

MAX_KEPT = 3  # qubits that go on; a merge costs 16 to this power

Sites = tuple[int, ...]
Placed = tuple[int, tuple[int, int]]  # a distinct gate and the two qubits of a block


@dataclass(frozen=True, eq=False)
class Stretch:
    """Neighbouring sites after all blocks among them; some of their qubits go on.

    Attributes:
        start, end: The sites, start ≤ site < end.
        qubits: Sites of the qubits that are active here, ascending: those that the children
            keep, or the one site.
        kept: Those of ``qubits`` that later blocks act on.
        children: The left and right stretch that are merged; empty for a single site.
        blocks: Gates on ``qubits`` in time order, as (distinct gate, two places in
            ``qubits``): the cell that merges the children.
    """

    start: int
    end: int
    qubits: Sites
    kept: Sites
    children: tuple["Stretch", ...] = ()
    blocks: tuple[Placed, ...] = ()

    @property
    def finished(self) -> Sites:
        """Qubits that no later block acts on: what is read of them is read here."""
        return tuple(site for site in self.qubits if site not in self.kept)

    @property
    def size(self) -> int:
        """Number of sites."""
        return self.end - self.start

    def places(self, sites: Sites) -> Sites:
        """Return the places of ``sites`` in ``qubits``."""
        return tuple(self.qubits.index(site) for site in sites)

    @cached_property
    def inside(self) -> tuple["Stretch", ...]:
        """The stretches inside and this one, children before parents."""
        found, waiting = [], [self]
        while waiting:
            found.append(waiting.pop())
            waiting += found[-1].children
        return tuple(reversed(found))

    def gates(self) -> Iterator[Placed]:
        """Yield every block inside, in time order, as (distinct gate, its two sites)."""
        for stretch in self.inside:
            for gate, (a, b) in stretch.blocks:
                yield gate, (stretch.qubits[a], stretch.qubits[b])


@dataclass(eq=False)
class _Growing:
    start: int
    end: int
    qubits: Sites
    active: set[int]
    children: tuple[Stretch, ...] = ()
    blocks: list[Placed] = field(default_factory=list)

    def grown(self) -> Stretch:
        kept = tuple(sorted(self.active))
        if len(kept) > MAX_KEPT:
            raise declined(
                f"sites {self.start} to {self.end - 1} keep {len(kept)} qubits for later blocks, "
                f"above {MAX_KEPT}"
            )
        blocks = tuple(self.blocks)
        return Stretch(self.start, self.end, self.qubits, kept, self.children, blocks)


def declined(reason: str) -> BackendCannot:
    """Return the exception that says why, and what the tree backend takes."""
    return BackendCannot(
        f"tree: {reason}. Supported are two-qubit blocks that merge neighbouring stretches, of "
        f"which at most {MAX_KEPT} qubits go on. Use 'heisenberg' or 'statevector'."
    )


@lru_cache(maxsize=64)
def plan(program: Program) -> tuple[Stretch, ...]:
    """Return the stretches that no block merges any more, from left to right.

    Raises:
        BackendCannot: The program is not a tree.
    """
    last_block = {site: block for block, sites in enumerate(program.sites) for site in sites}
    holder = {
        site: _Growing(site, site + 1, (site,), {site} & last_block.keys())
        for site in range(program.n_qubits)
    }
    for block, sites in enumerate(program.sites):
        if len(sites) != 2:
            raise declined(f"qubit {sites[0]} meets one-qubit gates only")
        cell = _joined(holder, sites)
        places = cell.qubits.index(sites[0]), cell.qubits.index(sites[1])
        cell.blocks.append((int(program.gate_of_block[block]), places))
        cell.active -= {site for site in sites if last_block[site] == block}
    tops = sorted({id(cell): cell for cell in holder.values()}.values(), key=lambda c: c.start)
    return tuple(cell.grown() for cell in tops)


def _joined(holder: dict[int, _Growing], sites: Sites) -> _Growing:
    """Return the stretch that holds both ``sites``, after merging where there are two."""
    left, right = sorted((holder[site] for site in sites), key=lambda cell: cell.start)
    if left is right:
        return left
    if left.end != right.start:
        raise declined(f"the gates on qubits {sites} do not merge two neighbours")
    children = left.grown(), right.grown()
    qubits = children[0].kept + children[1].kept
    cell = _Growing(left.start, right.end, qubits, set(qubits), children)
    holder.update(dict.fromkeys(range(cell.start, cell.end), cell))
    return cell


def finishing(tops: tuple[Stretch, ...]) -> dict[int, Stretch]:
    """Return for each site the stretch in which its qubit finishes."""
    return {site: s for top in tops for s in top.inside for site in s.finished}
