"""How an observable moves back through a circuit: fixed by structure alone, not by angles.

Blocks of the light cone are taken last first and grouped into layers of disjoint ones. A
block that meets a new site inserts it into the chain. A bond whose neighbour is small
enough is split exactly; the others are truncated by ``heisenberg``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qnnbench.backends.protocol import BackendCannot
from qnnbench.circuits.observables import PauliTerms, Projector, SiteObservable
from qnnbench.circuits.program import Program

PRODUCT_METRIC = 3**-0.5  # mean of <O>² over Haar-random product states
OPERATOR_METRIC = 1.0  # Hilbert-Schmidt norm: bounds the error for low-rank projectors


@dataclass(frozen=True)
class Layer:
    """Disjoint blocks applied at once.

    Attributes:
        n_sites: Length of the chain once new sites are in.
        kept: Places of the former sites in it.
        pairs: Left place of each block on two sites.
        gates: Distinct gate of each.
        grows_left, grows_right: Whether the bond fits beside its left or right bond.
        singles, single_gates: Place and distinct gate of blocks on one site.
    """

    n_sites: int
    kept: np.ndarray
    pairs: np.ndarray
    gates: np.ndarray
    grows_left: np.ndarray
    grows_right: np.ndarray
    singles: np.ndarray
    single_gates: np.ndarray


@dataclass(frozen=True)
class Plan:
    """How one observable moves back through a circuit: fixed by structure alone."""

    start: np.ndarray
    constant: float
    metric: float
    layers: tuple[Layer, ...]
    sites: tuple[int, ...]
    truncates: bool


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


def _term_chain(terms: PauliTerms, bond: int) -> tuple[np.ndarray, list[int], float]:
    """Return a sum of strings as a chain: bond states are "before", "after" and strings open.

    Returns the chain, its bond ranks and the coefficient of the identity.
    """
    sites, constant = terms.sites, 0.0
    chain = np.zeros((len(sites), bond, 4, bond))
    place = {site: i for i, site in enumerate(sites)}
    open_at: list[dict[int, int]] = [{} for _ in range(len(sites) + 1)]
    spans = [[place[site] for site, _ in string] for string in terms.strings]
    for t, span in enumerate(spans):
        for i in range(span[0] + 1, span[-1] + 1) if span else ():
            open_at[i][t] = 2 + len(open_at[i])
    ranks = [1] + [2 + len(o) for o in open_at[1:-1]] + [1]
    if max(ranks) > bond:
        raise BackendCannot(
            f"heisenberg: an observable of {len(terms.strings)} overlapping strings needs a bond "
            f"of {max(ranks)}, the cap is {bond}. Raise max_bond_dim or split the observable."
        )
    last = len(sites) - 1
    for i in range(len(sites)):
        if i < last:
            chain[i, 0, 0, 0] = 1.0  # nothing placed yet
        if i > 0:
            chain[i, 1, 0, 0 if i == last else 1] = 1.0  # all placed
    for t, (coefficient, string) in enumerate(zip(terms.coefficients, terms.strings, strict=True)):
        if not string:
            constant += coefficient
            continue
        letters = {place[site]: letter for site, letter in string}
        for i in range(spans[t][0], spans[t][-1] + 1):
            first, final = i == spans[t][0], i == spans[t][-1]
            row = 0 if first else open_at[i][t]
            column = (0 if i == last else 1) if final else open_at[i + 1][t]
            chain[i, row, letters.get(i, 0), column] += coefficient if first else 1.0
    return chain, ranks, constant


def _start(observable: SiteObservable, bond: int) -> tuple[np.ndarray, list[int], float]:
    if isinstance(observable, PauliTerms):
        return _term_chain(observable, bond)
    if not observable.bits:
        return np.zeros((0, bond, 4, bond)), [1], observable.coefficient
    chain = np.zeros((len(observable.bits), bond, 4, bond))
    for i, (_, bit) in enumerate(observable.bits):
        chain[i, 0, 0, 0], chain[i, 0, 3, 0] = 0.5, 0.5 - bit
    chain[:1] *= observable.coefficient
    return chain, [1] * (len(chain) + 1), 0.0


def _layer(
    program: Program, blocks: list[int], chain: list[int], ranks: list[int], bond: int
) -> tuple[Layer, list[int], list[int]]:
    """Return the layer of ``blocks`` and the chain's sites and bond ranks after it."""
    wide = sorted({*chain, *(s for b in blocks for s in program.sites[b])})
    place = {site: i for i, site in enumerate(wide)}
    kept = [place[site] for site in chain]
    spread = np.searchsorted(kept, np.arange(len(wide) + 1))  # old bond behind each new one
    wide_ranks = [ranks[b] for b in spread]
    ordered = sorted(blocks, key=lambda b: program.sites[b])
    pairs = [b for b in ordered if len(program.sites[b]) == 2]
    singles = [b for b in ordered if len(program.sites[b]) == 1]
    left = np.array([place[program.sites[b][0]] for b in pairs], dtype=int)
    for block, i in zip(pairs, left, strict=True):
        if place[program.sites[block][1]] != i + 1:
            raise BackendCannot(
                f"heisenberg: a gate acts on qubits {program.sites[block]}, between which other "
                f"qubits ({wide[i + 1]}, …) are active. Supported are neighbours among the active "
                "qubits. Reorder the qubits, or use 'statevector' where the light cone allows."
            )
    outer = np.array([(wide_ranks[i], wide_ranks[i + 2]) for i in left]).reshape(-1, 2)
    fits = 4 * outer.min(axis=1) <= bond
    grows_left = fits & (outer[:, 0] <= outer[:, 1])
    new_ranks = list(wide_ranks)
    for i, smaller in zip(left, outer.min(axis=1), strict=True):
        new_ranks[i + 1] = min(4 * int(smaller), bond)
    layer = Layer(
        len(wide),
        np.array(kept),
        left,
        program.gate_of_block[pairs],
        grows_left,
        fits & ~grows_left,
        np.array([place[program.sites[b][0]] for b in singles], dtype=int),
        program.gate_of_block[singles],
    )
    return layer, wide, new_ranks


@lru_cache(maxsize=256)
def plan(program: Program, observable: SiteObservable, bond: int) -> Plan:
    """Return how ``observable`` moves back through ``program`` at operator bond ``bond``.

    Raises:
        BackendCannot: A gate on qubits that are not neighbours among the active ones,
            or a sum of strings that needs a larger bond.
    """
    start, ranks, constant = _start(observable, bond)
    chain = list(observable.sites)
    layers, truncates = [], False
    for blocks in _levels(program, chain) if chain else ():
        layer, chain, ranks = _layer(program, blocks, chain, ranks, bond)
        layers.append(layer)
        truncates |= not bool(np.all(layer.grows_left | layer.grows_right))
    metric = OPERATOR_METRIC if isinstance(observable, Projector) else PRODUCT_METRIC
    return Plan(start, constant, metric, tuple(layers), tuple(chain), truncates)
