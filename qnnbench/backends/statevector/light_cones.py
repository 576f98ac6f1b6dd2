"""Split observables by light cone, and say what each cone asks of a state vector.

A Pauli string or projector sees only the qubits in its backward light cone. Parts whose
cones nearly coincide are evaluated together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from qnnbench.backends.statevector.plan import Layout
from qnnbench.circuits.observables import Projector, SiteObservable
from qnnbench.circuits.pauli_transfer import PAULIS
from qnnbench.circuits.program import Program

MERGE_WIDTH = 2  # a cone joins one that holds it and is at most this much wider

Pair = tuple[int, int]


@dataclass(frozen=True)
class Part:
    """One Pauli string, or one projector, of the observable in a column."""

    column: int
    coefficient: float
    letters: tuple[tuple[int, int], ...]
    is_projector: bool

    @property
    def sites(self) -> tuple[int, ...]:
        """Sites it acts on, ascending."""
        return tuple(site for site, _ in self.letters)

    def on(self, place: dict[int, int]) -> "Part":
        """Return the part with its sites renamed."""
        letters = tuple((place[site], letter) for site, letter in self.letters)
        return Part(self.column, self.coefficient, letters, self.is_projector)

    def matrix(self, pair: Pair) -> np.ndarray:
        """Return the operator (4, 4) on two sites that hold its own."""
        factors = [PAULIS[0], PAULIS[0]]
        for site, letter in self.letters:
            bit = np.diag([1.0 - letter, letter]).astype(complex)
            factors[pair.index(site)] = bit if self.is_projector else PAULIS[letter]
        return np.asarray(self.coefficient * np.kron(*factors))


class Readings(NamedTuple):
    """How the parts of a cone follow from the pairs, or from the strings, of its layout.

    Attributes:
        columns: The observable's column of each part, (m,).
        places: Index of its pair or string, (m,).
        weights: Its operator on the pair, complex (m, 4, 4), or the string's factor, (m,).
    """

    columns: np.ndarray
    places: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, eq=False)
class Cone:
    """A light cone: its sites, what runs on them, and how values follow from it.

    Attributes:
        sites: Ascending.
        layout: Blocks and readings, sites counted within the cone.
        slots: Gate of each block of the layout, shape (n_blocks,).
        last: Gate that comes before each pair is read, shape (n_pairs,); -1 for none.
        pairs, strings: How the parts on one or two sites, and the others, are read.
    """

    sites: tuple[int, ...]
    layout: Layout
    slots: np.ndarray
    last: np.ndarray
    pairs: Readings
    strings: Readings


def parts(observables: Sequence[SiteObservable]) -> list[Part]:
    """Return the Pauli strings and projectors of all observables."""
    found = []
    for column, observable in enumerate(observables):
        if isinstance(observable, Projector):
            found.append(Part(column, observable.coefficient, observable.bits, True))
        else:
            terms = zip(observable.coefficients, observable.strings, strict=True)
            found += [Part(column, c, string, False) for c, string in terms]
    return found


@lru_cache(maxsize=64)
def light_cones(program: Program, observables: tuple[SiteObservable, ...]) -> tuple[Cone, ...]:
    """Return the cones of all parts but the identity, which has none."""
    proper = [part for part in parts(observables) if part.sites]
    reach = {sites: program.light_cone(sites) for sites in {part.sites for part in proper}}
    groups: list[tuple[frozenset[int], set[int], list[Part]]] = []
    for part in sorted(proper, key=lambda p: -len(reach[p.sites][1])):
        blocks, support = reach[part.sites]
        near = (g for g in groups if support <= g[0] and len(g[0]) <= len(support) + MERGE_WIDTH)
        _, its_blocks, members = home = next(near, (support, set(), []))
        if not members:
            groups.append(home)
        its_blocks.update(blocks)
        members.append(part)
    return tuple(_cone(program, sorted(s), sorted(b), members) for s, b, members in groups)


def _cone(program: Program, sites: list[int], blocks: list[int], members: list[Part]) -> Cone:
    """Return a cone with its last blocks absorbed into what is read.

    <O> after a last block U is <U†OU> before it, on the same pair: U never meets the vector.
    """
    place = {site: i for i, site in enumerate(sites)}
    width = max(2, len(sites))
    on_pairs = [_pair([place[site] for site in program.sites[b]], width) for b in blocks]
    gates = program.gate_of_block[blocks]
    last = {site: i for i, pair in enumerate(on_pairs) for site in pair}
    ends = {pair: i for i, pair in enumerate(on_pairs) if last[pair[0]] == last[pair[1]] == i}
    small, large = [], []
    for part in (part.on(place) for part in members):
        home = on_pairs[last[part.sites[0]]] if part.sites[0] in last else None
        if home in ends and {*part.sites} <= {*home}:
            small.append((part, home))
        elif len(part.sites) <= 2:
            small.append((part, _pair(part.sites, width)))
        else:
            large.append(part)
    busy = {site for part in large for site in part.sites}
    busy |= {site for _, pair in small if pair not in ends for site in pair}
    pairs = {pair: i for i, pair in enumerate(dict.fromkeys(pair for _, pair in small))}
    absorbed = {ends[pair] for pair in pairs if pair in ends and busy.isdisjoint(pair)}
    kept = [i for i in range(len(blocks)) if i not in absorbed]
    strings = [(part.letters, part.is_projector) for part in large]
    index = {string: i for i, string in enumerate(dict.fromkeys(strings))}
    before = [gates[ends[p]] if ends.get(p) in absorbed else -1 for p in pairs]
    return Cone(
        tuple(sites),
        Layout(width, tuple(on_pairs[i] for i in kept), tuple(pairs), tuple(index)),
        gates[kept].astype(np.int64),
        np.array(before, dtype=np.int64),
        Readings(
            np.array([part.column for part, _ in small], dtype=int),
            np.array([pairs[pair] for _, pair in small], dtype=int),
            np.array([part.matrix(pair) for part, pair in small], complex).reshape(-1, 4, 4),
        ),
        Readings(
            np.array([part.column for part in large], dtype=int),
            np.array([index[string] for string in strings], dtype=int),
            np.array([part.coefficient for part in large], dtype=float),
        ),
    )


def _pair(sites: Sequence[int], width: int) -> Pair:
    """Return two sites: a lone one is joined by the last of the others."""
    if len(sites) == 2:
        return sites[0], sites[1]
    return sites[0], width - 1 if sites[0] != width - 1 else width - 2
