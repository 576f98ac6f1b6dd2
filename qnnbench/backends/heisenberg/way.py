"""How one observable moves back through a circuit: fixed by structure alone, not by angles.

Blocks of the light cone are taken last first and grouped into layers of disjoint ones. A
block that meets a new site inserts it into the chain. Blocks on sites that are no
neighbours are routed: swaps bring the sites together and back. A bond whose neighbour is
small enough is split exactly; the others are truncated by ``split``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from qnnbench.backends.heisenberg.start import start_chain
from qnnbench.circuits.observables import Projector, SiteObservable
from qnnbench.circuits.program import Program


class Metric(NamedTuple):
    """What the squared norm of an operator means: weights (1, g, g, g) of I, X, Y, Z.

    Attributes:
        g: Weight of X, Y and Z.
        log_scale: Logarithm of the squared norm of the identity on one site.
    """

    g: float
    log_scale: float


PRODUCT = Metric(3**-0.5, 0.0)  # mean of <O>² over Haar-random product states
LONG_STRING = Metric(1.0, 0.0)  # Tr O² / Tr 1: product states weigh long strings at 3^-length
LOW_RANK = Metric(1.0, float(np.log(2.0)))  # Tr O²: bounds the error, tight for projectors


@dataclass(frozen=True)
class Layer:
    """Disjoint blocks applied at once to one chain, or to several in a row.

    Attributes:
        n_sites: Length of the row once new sites are in.
        bond: Operator bond that holds everything before and after.
        kept: Places of the former sites in it.
        pairs: Left place of each block on two sites.
        gates: Distinct gate of each; the one past the last is a swap.
        grows_left, grows_right: Whether the bond fits beside its left or right bond.
        singles, single_gates: Place and distinct gate of blocks on one site.
    """

    n_sites: int
    bond: int
    kept: np.ndarray
    pairs: np.ndarray
    gates: np.ndarray
    grows_left: np.ndarray
    grows_right: np.ndarray
    singles: np.ndarray
    single_gates: np.ndarray

    @property
    def truncates(self) -> bool:
        """Whether some bond may have to be cut."""
        return not bool(np.all(self.grows_left | self.grows_right))


@dataclass(frozen=True)
class Way:
    """The way of one observable: its tensors at the start, its layers, its sites at the end."""

    start: np.ndarray
    constant: float
    metric: Metric
    layers: tuple[Layer, ...]
    sites: tuple[int, ...]

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for ways that give equal tensors."""
        parts = [getattr(layer, f.name) for layer in self.layers for f in fields(layer)]
        return (self.metric, self.start.tobytes(), *(np.asarray(p).tobytes() for p in parts))


def _levels(program: Program, sites: Sequence[int]) -> list[list[int]]:
    """Group the blocks of the light cone, last first, into sets of disjoint ones."""
    cone, _ = program.light_cone(sites)
    depth: dict[int, int] = {}
    levels: list[list[int]] = []
    for block in reversed(cone):
        level = max((depth.get(site, 0) for site in program.sites[block]), default=0)
        depth.update(dict.fromkeys(program.sites[block], level + 1))
        if level == len(levels):
            levels.append([])
        levels[level].append(block)
    return levels


def _layer(
    kept: np.ndarray,
    pairs: list[tuple[int, int]],
    singles: list[tuple[int, int]],
    ranks: list[int],
    cap: int,
) -> tuple[Layer, list[int]]:
    """Return the layer of blocks (left place, gate) and the bond ranks after it."""
    left, gates = np.array(sorted(pairs), dtype=int).reshape(-1, 2).T
    outer = np.array([(ranks[i], ranks[i + 2]) for i in left]).reshape(-1, 2)
    fits = 4 * outer.min(axis=1) <= cap
    grows_left = fits & (outer[:, 0] <= outer[:, 1])
    after = list(ranks)
    for i, smaller in zip(left, outer.min(axis=1), strict=True):
        after[i + 1] = min(4 * int(smaller), cap)
    single, single_gates = np.array(singles, dtype=int).reshape(-1, 2).T
    layer = Layer(
        len(ranks) - 1,
        max(ranks + after),
        kept,
        left,
        gates,
        grows_left,
        fits & ~grows_left,
        single,
        single_gates,
    )
    return layer, after


def _swap_rounds(pairs: list[tuple[int, int]], n_sites: int) -> tuple[list[list[int]], list[int]]:
    """Return rounds of disjoint swaps that make each pair of places neighbours, and the order.

    Each second place goes right of its first, all others keep their order: sorted by
    odd-even transposition. ``order[slot]`` is the place that ends there.
    """
    partner = {b: a for a, b in pairs}
    goal = {place: (partner.get(place, place), place) for place in range(n_sites)}
    order, idle = list(range(n_sites)), 0
    rounds: list[list[int]] = []
    while idle < 2:
        parity = len(rounds) % 2
        swaps = [i for i in range(parity, n_sites - 1, 2) if goal[order[i]] > goal[order[i + 1]]]
        for i in swaps:
            order[i], order[i + 1] = order[i + 1], order[i]
        rounds.append(swaps)
        idle = 0 if swaps else idle + 1
    return [swaps for swaps in rounds if swaps], order


def _level(
    program: Program, blocks: list[int], chain: list[int], ranks: list[int], cap: int
) -> tuple[list[Layer], list[int], list[int]]:
    """Return the layers of disjoint ``blocks`` and the chain's sites and bond ranks after."""
    wide = sorted({*chain, *(s for b in blocks for s in program.sites[b])})
    place = {site: i for i, site in enumerate(wide)}
    kept = np.array([place[site] for site in chain])
    spread = np.searchsorted(kept, np.arange(len(wide) + 1))  # old bond behind each new one
    ranks = [ranks[b] for b in spread]
    places = {b: tuple(place[s] for s in program.sites[b]) for b in blocks}
    pairs = {(p[0], p[1]): int(program.gate_of_block[b]) for b, p in places.items() if len(p) == 2}
    singles = [(p[0], int(program.gate_of_block[b])) for b, p in places.items() if len(p) == 1]
    rounds, order = _swap_rounds(list(pairs), len(wide))
    slot = {at: i for i, at in enumerate(order)}
    swaps = [[(i, program.n_gates) for i in swap] for swap in rounds]
    steps = [*swaps, [(slot[a], gate) for (a, _), gate in pairs.items()], *reversed(swaps)]
    singles = [(slot[i], gate) for i, gate in singles]
    layers = []
    for k, step in enumerate(steps):
        here = singles if k == len(swaps) else []
        layer, ranks = _layer(kept if k == 0 else np.arange(len(wide)), step, here, ranks, cap)
        layers.append(layer)
    return layers, wide, ranks


def _metric(observable: SiteObservable, n_sites: int) -> Metric:
    """Return the metric for an observable that grows to ``n_sites`` sites."""
    if isinstance(observable, Projector):
        return LOW_RANK if 2 * len(observable.bits) > n_sites else PRODUCT
    lengths = [len(string) for string in observable.strings]
    return LONG_STRING if 2 * sum(lengths) > n_sites * len(lengths) else PRODUCT


def move_back(program: Program, observable: SiteObservable, cap: int) -> Way:
    """Return how one observable moves back through ``program``, bonds at most ``cap``.

    Raises:
        BackendCannot: A sum of strings that needs a larger bond.
    """
    start, ranks, constant = start_chain(observable, cap)
    chain, layers = list(observable.sites), []
    for blocks in _levels(program, chain):
        some, chain, ranks = _level(program, blocks, chain, ranks, cap)
        layers += some
    if not layers and chain:
        layers = [_layer(np.arange(len(chain)), [], [], ranks, cap)[0]]
    metric = _metric(observable, len(chain))
    return Way(start, constant, metric, tuple(layers), tuple(chain))
