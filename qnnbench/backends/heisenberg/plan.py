"""How several observables move back through a circuit at once: their chains stand in a row.

Outer bonds are 1, so that no chain feels its neighbours. Equal chains are kept once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qnnbench.backends.heisenberg.way import Layer, Way, move_back
from qnnbench.circuits.observables import SiteObservable
from qnnbench.circuits.program import Program

_PLACES = ("kept", "pairs", "singles")  # what shifts with the head of its chain


@dataclass(frozen=True)
class Row:
    """A layer of several chains in a row.

    Attributes:
        layer: The blocks of all chains.
        heads: First place of each chain.
        weights: (1, g, g, g) of each site, (n_sites, 4).
        log_scales: Logarithm of the squared norm of the identity on each chain.
        chains: Number of each chain in the plan.
        entering: Places of the sites of chains that start here.
        start: Their tensors, (len(entering), bond, 4, bond).
    """

    layer: Layer
    heads: np.ndarray
    weights: np.ndarray
    log_scales: np.ndarray
    chains: np.ndarray
    entering: np.ndarray
    start: np.ndarray


@dataclass(frozen=True)
class Plan:
    """How several observables move back through a circuit.

    Attributes:
        rows: The layers; chains start late so that all end together.
        n_chains: Number of distinct chains.
        chain_of: Chain of each observable, -1 for a constant.
        sites: Sites of each observable at the end, ascending.
        constants: What to add to each value.
        truncates: Whether some bond may have to be cut.
    """

    rows: tuple[Row, ...]
    n_chains: int
    chain_of: tuple[int, ...]
    sites: tuple[tuple[int, ...], ...]
    constants: np.ndarray
    truncates: bool


def _row(ways: list[Way], left: int, bond: int) -> Row:
    """Return the layer ``left`` layers before the end of all ``ways`` that have started."""
    chains = [w for w, way in enumerate(ways) if len(way.layers) >= left]
    layers = [ways[w].layers[-left] for w in chains]
    is_new = [len(ways[w].layers) == left for w in chains]
    bond = max(bond, *(layer.bond for layer in layers))
    lengths = [layer.n_sites for layer in layers]
    heads = np.cumsum([0, *lengths[:-1]])

    def joined(name: str, only: Sequence[bool] = (True,) * len(layers)) -> np.ndarray:
        shifts = heads if name in _PLACES else np.zeros_like(heads)
        parts = zip(layers, shifts, only, strict=True)
        some = [getattr(layer, name) + shift for layer, shift, taken in parts if taken]
        return np.concatenate([np.zeros(0, dtype=int), *some])

    layer = Layer(
        sum(lengths),
        bond,
        joined("kept", [not new for new in is_new]),
        joined("pairs"),
        joined("gates"),
        joined("grows_left").astype(bool),
        joined("grows_right").astype(bool),
        joined("singles"),
        joined("single_gates"),
    )
    entering = joined("kept", is_new)
    start, at = np.zeros((len(entering), bond, 4, bond)), 0
    for tensors in (ways[w].start for w, new in zip(chains, is_new, strict=True) if new):
        m, r = tensors.shape[:2]
        start[at : at + m, :r, :, :r] = tensors
        at += m
    metrics = [ways[w].metric for w in chains]
    weights = np.repeat([(1.0, *[metric.g] * 3) for metric in metrics], lengths, axis=0)
    log_scales = np.array(lengths) * [metric.log_scale for metric in metrics]
    return Row(layer, heads, weights, log_scales, np.array(chains), entering, start)


@lru_cache(maxsize=64)
def plan(program: Program, observables: tuple[SiteObservable, ...], bond: int) -> Plan:
    """Return how ``observables`` move back through ``program`` at operator bond ``bond``.

    Raises:
        BackendCannot: A sum of strings that needs a larger bond.
    """
    ways = [move_back(program, observable, bond) for observable in observables]
    distinct: dict[tuple[object, ...], int] = {}
    chain_of = tuple(
        distinct.setdefault(way.key, len(distinct)) if way.sites else -1 for way in ways
    )
    chains = [ways[chain_of.index(c)] for c in range(len(distinct))]
    rows: list[Row] = []
    for left in range(max((len(way.layers) for way in chains), default=0), 0, -1):
        rows.append(_row(chains, left, rows[-1].layer.bond if rows else 1))
    return Plan(
        tuple(rows),
        len(chains),
        chain_of,
        tuple(way.sites for way in ways),
        np.array([way.constant for way in ways]),
        any(row.layer.truncates for row in rows),
    )
