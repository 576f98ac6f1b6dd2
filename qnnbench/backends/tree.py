"""Exact values and gradients of trees: each block merges two neighbours and drops a qubit.

The data's Pauli tensors are carried up the tree (ascending superoperators). In a
Hermitian basis of the bond pairs they are real, so nothing here is complex or truncated.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qnnbench.backends.pauli_tensors import pauli_tensors
from qnnbench.backends.protocol import BackendCannot, Cost, Evaluation, Query
from qnnbench.circuits.observables import PauliTerms, SiteObservable
from qnnbench.circuits.pauli_transfer import transfer, transfer_pull_back
from qnnbench.circuits.program import Program

_LETTERS = np.arange(4)


@dataclass(frozen=True)
class Level:
    """Blocks on disjoint pairs of active neighbours.

    Attributes:
        left: Place of each block's left qubit among the active ones, shape (k,).
        gates: Distinct gate of each block.
        keeps: Whether the left (0) or the right (1) qubit of the pair stays.
        dropped: Site of the qubit that is dropped.
        start, end: Original sites that the pair stands for: start ≤ site < end.
        active: Places (after removing dropped qubits) that stay, shape (m',).
    """

    left: np.ndarray
    gates: np.ndarray
    keeps: np.ndarray
    dropped: tuple[int, ...]
    start: np.ndarray
    end: np.ndarray
    active: np.ndarray


def _decline(reason: str) -> BackendCannot:
    return BackendCannot(
        f"tree: {reason}. Supported are two-qubit blocks on active neighbours, each of which "
        "leaves one qubit for good. Use 'heisenberg' or 'statevector'."
    )


def _time_levels(program: Program) -> list[list[int]]:
    depth: dict[int, int] = {}
    levels: list[list[int]] = []
    for block, sites in enumerate(program.sites):
        level = max(depth.get(site, 0) for site in sites)
        depth.update(dict.fromkeys(sites, level + 1))
        if level == len(levels):
            levels.append([])
        levels[level].append(block)
    return levels


@lru_cache(maxsize=64)
def plan(program: Program) -> tuple[tuple[Level, ...], tuple[int, ...]]:
    """Return the levels of a tree-shaped program and the sites that stay to the end.

    Raises:
        BackendCannot: The program is not a tree.
    """
    last_block = {site: block for block, sites in enumerate(program.sites) for site in sites}
    active = list(range(program.n_qubits))
    spans = {site: (site, site + 1) for site in active}
    levels = []
    for blocks in _time_levels(program):
        rows = []
        for block in sorted(blocks, key=lambda b: program.sites[b]):
            if len(program.sites[block]) != 2:
                raise _decline(f"qubit {program.sites[block][0]} meets one-qubit gates only")
            a, b = program.sites[block]
            done = [site for site in (b, a) if last_block[site] == block]
            place = active.index(a)
            if not done or active[place + 1] != b:
                raise _decline(f"the gates on qubits {(a, b)} do not merge two neighbours")
            rows.append(
                (place, block, 0 if done[0] == b else 1, done[0], spans[a][0], spans[b][1])
            )
        left, ids, keeps, dropped, start, end = map(np.array, zip(*rows, strict=True))
        stay = [place for place, site in enumerate(active) if site not in set(dropped.tolist())]
        active = [active[place] for place in stay]
        for row in rows:
            a, b = program.sites[row[1]]
            spans[b if row[2] else a] = (row[4], row[5])
        gates = program.gate_of_block[ids]
        sites = tuple(int(d) for d in dropped)
        levels.append(Level(left, gates, keeps, sites, start, end, np.array(stay)))
    return tuple(levels), tuple(active)


def _reads(observable: SiteObservable) -> list[tuple[float, int, int]]:
    """Return (coefficient, site, letter) of each string; site -1 for the identity."""
    if not isinstance(observable, PauliTerms) or any(len(s) > 1 for s in observable.strings):
        raise _decline("an observable is not a sum of one-qubit Paulis")
    pairs = zip(observable.coefficients, observable.strings, strict=True)
    return [(c, *(s[0] if s else (-1, 0))) for c, s in pairs]


@dataclass(frozen=True)
class _Rise:
    """One level after the forward pass."""

    before: np.ndarray
    pairs: np.ndarray


def _outer(bond: int) -> np.ndarray:
    return np.eye(1, bond)[0]


def _idle_environments(tensors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return products of identity transfers from the left and right, (n+1, batch, X)."""
    batch, n, bond = tensors.shape[:3]
    left, right = np.empty((2, n + 1, batch, bond))
    left[0], right[n] = _outer(bond), _outer(bond)
    for i in range(n):
        left[i + 1] = np.einsum("bx,bxy->by", left[i], tensors[:, i, :, 0])
        j = n - 1 - i
        right[j] = np.einsum("bxy,by->bx", tensors[:, j, :, 0], right[j + 1])
    return left, right


def _columns(keeps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pair letters (k, 4) of (kept letter, 1) and of (1, dropped letter)."""
    first, second = 4 * _LETTERS, _LETTERS
    kept = np.where(keeps[:, None] == 0, first, second)
    return kept, np.where(keeps[:, None] == 0, second, first)


class _Ascent:
    """A forward pass: reads of every dropped and remaining qubit, and the way back."""

    def __init__(self, query: Query, matrices: np.ndarray) -> None:
        self._levels, self._remaining = plan(query.program)
        self._matrices = matrices
        tensors = pauli_tensors(query.tensors)
        self._left, self._right = _idle_environments(tensors)
        self._rises: list[_Rise] = []
        self.reads: dict[int, np.ndarray] = {}  # site -> <P> (batch, 4)
        for level in self._levels:
            tensors = self._rise(level, tensors)
        self._top = tensors
        ends = self._remaining_spans()
        for place, site in enumerate(self._remaining):
            outer = (self._left[ends[place]], self._right[ends[place + 1]])
            self.reads[site] = np.einsum("bx,bxpy,by->bp", outer[0], tensors[:, place], outer[1])

    def _remaining_spans(self) -> list[int]:
        starts = {site: site for site in range(self._left.shape[0] - 1)}
        active = list(starts)
        for level in self._levels:
            for place, start, keeps in zip(level.left, level.start, level.keeps, strict=True):
                starts[active[place + keeps]] = int(start)
            active = [active[place] for place in level.active]
        return [starts[site] for site in active] + [self._left.shape[0] - 1]

    def _rise(self, level: Level, tensors: np.ndarray) -> np.ndarray:
        b, _, bond = tensors.shape[:3]
        k = len(level.left)
        a, c = tensors[:, level.left], tensors[:, level.left + 1]
        pairs = a.reshape(b, k, bond * 4, bond) @ c.reshape(b, k, bond, 4 * bond)
        pairs = pairs.reshape(b, k, bond, 16, bond)
        kept, dropped = _columns(level.keeps)
        g = self._matrices[level.gates]
        rows = np.arange(k)[:, None]
        up = g.transpose(0, 2, 1)[rows, kept]  # (k, 4, 16)
        grown = up[:, None] @ pairs
        idle = np.einsum(
            "kbx,bkxsy,kby->bks",
            self._left[level.start],
            pairs,
            self._right[level.end],
            optimize=True,
        )
        down = g.transpose(0, 2, 1)[rows, dropped]
        values = np.einsum("kps,bks->bkp", down, idle)
        for place, site in enumerate(level.dropped):
            self.reads[site] = values[:, place]
        self._rises.append(_Rise(tensors, pairs))
        new = tensors.copy()
        new[:, level.left + level.keeps] = grown
        return new[:, level.active]

    def pull_back(self, read_bars: dict[int, np.ndarray], out: np.ndarray) -> None:
        """Add to ``out`` (n_gates, 16, 16) the cotangents of the transfer matrices."""
        bar = np.zeros_like(self._top)
        ends = self._remaining_spans()
        for place, site in enumerate(self._remaining):
            if site in read_bars:
                bar[:, place] = np.einsum(
                    "bx,bp,by->bxpy",
                    self._left[ends[place]],
                    read_bars[site],
                    self._right[ends[place + 1]],
                )
        for level, rise in zip(reversed(self._levels), reversed(self._rises), strict=True):
            bar = self._descend(level, rise, bar, read_bars, out)

    def _descend(
        self, level: Level, rise: _Rise, bar: np.ndarray, read_bars: dict, out: np.ndarray
    ) -> np.ndarray:
        b, _, bond = rise.before.shape[:3]
        k = len(level.left)
        wide = np.zeros_like(rise.before)
        wide[:, level.active] = bar
        grown_bar = wide[:, level.left + level.keeps]  # (b, k, X, 4, X)
        zero = np.zeros((b, 4))
        value_bar = np.stack([read_bars.get(site, zero) for site in level.dropped], axis=1)
        outer = (self._left[level.start], self._right[level.end])
        idle = np.einsum("kbx,bkxsy,kby->bks", outer[0], rise.pairs, outer[1], optimize=True)
        kept, dropped = _columns(level.keeps)
        g, rows = self._matrices[level.gates].transpose(0, 2, 1), np.arange(k)[:, None]
        g_bar = np.zeros((k, 16, 16))  # [out letter, in letter]
        flat = (b, k, bond, -1, bond)
        g_bar[rows, kept] = np.einsum(
            "bkxpy,bkxsy->kps", grown_bar.reshape(flat), rise.pairs, optimize=True
        )
        g_bar[rows, dropped] += np.einsum("bkp,bks->kps", value_bar, idle)
        np.add.at(out, level.gates, g_bar.transpose(0, 2, 1))
        pair_bar = np.swapaxes(g[rows, kept], 1, 2)[:, None] @ grown_bar
        idle_bar = np.einsum("kps,bkp->bks", g[rows, dropped], value_bar)
        pair_bar += np.einsum("kbx,bks,kby->bkxsy", outer[0], idle_bar, outer[1], optimize=True)
        pair_bar = pair_bar.reshape(b, k, 4 * bond, 4 * bond)
        left, right = rise.before[:, level.left], rise.before[:, level.left + 1]
        right_flat = np.swapaxes(right.reshape(b, k, bond, 4 * bond), 2, 3)
        left_flat = np.swapaxes(left.reshape(b, k, 4 * bond, bond), 2, 3)
        wide[:, level.left] = (pair_bar @ right_flat).reshape(left.shape)
        wide[:, level.left + 1] = (left_flat @ pair_bar).reshape(right.shape)
        return wide


def cost(query: Query) -> Cost:
    """Return the static cost of one value and gradient.

    Raises:
        BackendCannot: The circuit is not a tree, or an observable is not a sum of
            one-qubit Paulis.
    """
    levels, _ = plan(query.program)
    for observable in query.observables:
        _reads(observable)
    bond, n_states, n_qubits = query.max_bond_dim**2, len(query.states), query.program.n_qubits
    seconds = 5e-3 * len(levels) + 1e-7 * n_states * n_qubits * bond**3
    return Cost(seconds, 400.0 * n_states * n_qubits * bond**2)


def evaluate(query: Query, params: np.ndarray) -> Evaluation:
    """Return exact values and gradients of one-qubit Paulis on a tree.

    Source: Vidal, Phys. Rev. Lett. 101, 110501 (2008), ascending superoperators, with a
    matrix product state as input.
    """
    unitaries = query.program.unitaries(params)
    matrices = transfer(unitaries)
    ascent = _Ascent(query, matrices)
    columns = [_reads(observable) for observable in query.observables]
    values = np.zeros((len(query.states), len(columns)))
    for column, reads in enumerate(columns):
        for coefficient, site, letter in reads:
            values[:, column] += coefficient * (ascent.reads[site][:, letter] if site >= 0 else 1)

    def pull_back(cotangent: np.ndarray) -> np.ndarray:
        bars: dict[int, np.ndarray] = {}
        for column, reads in enumerate(columns):
            for coefficient, site, letter in reads:
                if site >= 0:
                    bar = bars.setdefault(site, np.zeros((len(query.states), 4)))
                    bar[:, letter] += coefficient * cotangent[:, column]
        out = np.zeros_like(matrices)
        ascent.pull_back(bars, out)
        return query.program.pull_back(params, transfer_pull_back(unitaries, out))

    return Evaluation(values, np.zeros_like(values), True, pull_back)
