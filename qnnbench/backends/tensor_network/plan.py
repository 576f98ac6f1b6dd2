"""In which order a tensor network is contracted: searched once per structure, then on disk.

The structure leaves the bond of the states open: an order found at Pauli bond 16 costs up
to twice that of the best one found for any bond up to 64 (measured, QCNN of 32 to 100
qubits). Orders of the standard circuits come with the package; others go to the user's
cache (``$XDG_CACHE_HOME/qnnbench/plans``), one file per structure. No clock limits the
search: the same structure gives the same order anywhere.
"""

import json
import os
import tempfile
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import accumulate
from math import prod
from pathlib import Path

from cotengra import ContractionTree
from cotengra.pathfinders.path_basic import optimize_greedy

MEMORY_BYTES = 8e9  # of one value and gradient; segments keep it below where they can
SHIPPED = Path(__file__).parent / "plans"

_USUAL_BOND, _MAX_USUAL_BOND = 16, 64
_WORTH_ANNEALING, _WORTH_SEARCHING = 1e6, 1e7  # multiplications (milliseconds)
_MAX_SEGMENTS = 32

Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Structure:
    """Which tensors share which legs.

    Attributes:
        terms: Legs of each tensor, numbered by first use; each leg joins two tensors.
        dims: Dimension of each leg but the last ``n_bonds``, at least 2.
        n_bonds: How many legs, the last ones, are bonds of the states.
    """

    terms: tuple[tuple[int, ...], ...]
    dims: tuple[int, ...]
    n_bonds: int

    @classmethod
    def of(cls, terms: Sequence[Sequence[int]], dims: Sequence[int]) -> "Structure":
        """Return the structure of terms that end with the bonds.

        Args:
            terms: Legs of each tensor; -1 is none, legs from ``len(dims)`` on are bonds.
            dims: Dimensions; legs of dimension one are left out.
        """
        number: dict[int, int] = {}
        open_legs = range(len(dims), 1 + max(leg for term in terms for leg in term))
        kept = {leg for leg, dim in enumerate(dims) if dim > 1}.union(open_legs)
        named = tuple(
            tuple(number.setdefault(leg, len(number)) for leg in term if leg in kept)
            for term in terms
        )
        fixed = tuple(dims[leg] for leg in number if leg < len(dims))
        return cls(named, fixed, len(open_legs))

    def sizes(self, bond: int) -> dict[int, int]:
        """Return the dimension of each leg on states of Pauli bond ``bond``."""
        return dict(enumerate(self.dims + (bond,) * self.n_bonds))

    def tree(self, pairs: Pairs, bond: int) -> ContractionTree:
        """Return Cotengra's view of an order of contraction."""
        return ContractionTree.from_path(self.terms, (), self.sizes(bond), ssa_path=pairs)


@dataclass(frozen=True)
class Segment:
    """Consecutive steps whose inner results are computed again on the way back.

    Attributes:
        steps: The steps.
        inner: Results that no step outside the segment needs.
    """

    steps: range
    inner: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """An order of contraction and what it costs.

    Attributes:
        pairs: Tensors contracted in turn; results are numbered after the inputs.
        segments: All steps, in as few segments as fit the memory.
        multiplications: Of the value.
        largest: Numbers in the largest result.
        elements: Numbers in all that is kept at any one time.
    """

    pairs: Pairs
    segments: tuple[Segment, ...]
    multiplications: float
    largest: float
    elements: float

    @property
    def memory_bytes(self) -> float:
        """Peak of value and gradient: what is kept, and cotangents and copies of the largest."""
        return 8 * (self.elements + 4 * self.largest)


@lru_cache(maxsize=1024)
def quick_plan(structure: Structure, bond: int) -> Plan:
    """Return an order within tenths of a second, the same whatever is on disk.

    It mostly takes two to six times as long as that of :func:`plan`, for wide shallow circuits
    up to fifty times (measured).
    """
    pairs = _read(SHIPPED, structure, bond) or _annealed(structure, bond)
    return _priced(structure, pairs, bond)


@lru_cache(maxsize=1024)
def plan(structure: Structure, bond: int) -> Plan:
    """Return a good order: shipped, on disk, or searched for (seconds) and put there."""
    pairs = _read(SHIPPED, structure, bond) or _read(_cache_folder(), structure, bond)
    return _priced(structure, pairs or _searched(structure, bond), bond)


def _usual(bond: int) -> int:
    """Return the bond at which orders are searched."""
    return _USUAL_BOND if bond <= _MAX_USUAL_BOND else bond


def _priced(structure: Structure, pairs: Pairs, bond: int) -> Plan:
    """Return the plan of an order, in as few segments as fit the memory."""
    sizes = structure.sizes(bond)
    held = [set(term) for term in structure.terms]
    multiplications = 0
    for left, right in pairs:
        multiplications += prod(sizes[leg] for leg in held[left] | held[right])
        held.append(held[left] ^ held[right])
    results = [prod(sizes[leg] for leg in legs) for legs in held[len(structure.terms) :]]
    n_segments = 1
    while True:
        segments, elements = _segments(pairs, results, n_segments)
        priced = Plan(pairs, segments, multiplications, max(results, default=1), elements)
        if priced.memory_bytes <= MEMORY_BYTES or n_segments >= _MAX_SEGMENTS:
            return priced
        n_segments *= 2


def _segments(
    pairs: Pairs, results: Sequence[int], n_segments: int
) -> tuple[tuple[Segment, ...], int]:
    """Return segments of about equal memory, and the numbers kept at the peak.

    Those are what segments hand on, and everything inside the largest segment.
    """
    total, reached = sum(results), list(accumulate(results))
    segment_of = [(n_segments * (at - 1)) // total for at in reached]
    n_inputs = len(pairs) + 1
    inner: dict[int, list[int]] = {}
    for step, pair in enumerate(pairs):
        for tensor in pair:
            if tensor >= n_inputs and segment_of[tensor - n_inputs] == segment_of[step]:
                inner.setdefault(segment_of[step], []).append(tensor)
    inside = [sum(results[tensor - n_inputs] for tensor in own) for own in inner.values()]
    segments = tuple(
        Segment(
            range(bisect_left(segment_of, k), bisect_right(segment_of, k)),
            tuple(inner.get(k, ())),
        )
        for k in range(n_segments)
    )
    return segments, total - sum(inside) + max(inside, default=0)


@lru_cache(maxsize=1024)
def _annealed(structure: Structure, bond: int) -> Pairs:
    """Return the greedy order, annealed for a moment where that pays."""
    sizes = structure.sizes(_usual(bond))
    tree = structure.tree(optimize_greedy(structure.terms, (), sizes, use_ssa=True), _usual(bond))
    if _priced(structure, _as_pairs(tree), bond).multiplications > _WORTH_ANNEALING:
        tree.simulated_anneal_(tsteps=10, numiter=10, minimize="combo", seed=0)
    return _as_pairs(tree)


def _searched(structure: Structure, bond: int) -> Pairs:
    """Return the order after more annealing, with optimal subtrees of 8 tensors."""
    pairs = _annealed(structure, bond)
    if _priced(structure, pairs, bond).multiplications > _WORTH_SEARCHING:
        tree = structure.tree(pairs, _usual(bond))
        for seed in range(2):
            tree.simulated_anneal_(tsteps=20, numiter=20, minimize="combo", seed=seed)
            tree.subtree_reconfigure_(subtree_size=8, minimize="combo")
        pairs = _as_pairs(tree)
        _store(structure, bond, pairs)
    return pairs


def _as_pairs(tree: ContractionTree) -> Pairs:
    return tuple((int(a), int(b)) for a, b in tree.get_ssa_path())


def _cache_folder() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "qnnbench" / "plans"


def _file_name(structure: Structure, bond: int) -> str:
    contents = repr((structure.terms, structure.dims, structure.n_bonds, _usual(bond)))
    return f"{sha256(contents.encode()).hexdigest()[:24]}.json"


def _read(folder: Path, structure: Structure, bond: int) -> Pairs | None:
    """Return the order in a file; None if there is none or it does not fit the structure."""
    try:
        text = (folder / _file_name(structure, bond)).read_text()
        flat = [int(tensor) for tensor in json.loads(text)]
        pairs = tuple(zip(flat[::2], flat[1::2], strict=True))
    except (OSError, ValueError, TypeError):
        return None
    n_tensors = len(structure.terms)
    in_time = all(max(pair) < n_tensors + step for step, pair in enumerate(pairs))
    return pairs if in_time and sorted(flat) == list(range(2 * n_tensors - 2)) else None


def _store(structure: Structure, bond: int, pairs: Pairs) -> None:
    """Write an order in one step; a cache that cannot be written costs a search next time."""
    folder = _cache_folder()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "w") as file:
            json.dump([tensor for pair in pairs for tensor in pair], file)
        os.replace(name, folder / _file_name(structure, bond))
