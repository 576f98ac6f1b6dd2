"""Exact values and gradients of trees: each block merges two neighbours and drops a qubit.

Few qubits are kept as amplitudes between their outer bonds (a patch). Above that, a
stretch of the chain is a real map between bond pairs for each letter of its last qubit
(ascending superoperators). Nothing is truncated.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import log2

import numpy as np

from qnnbench.backends.protocol import BackendCannot, Cost, Evaluation, Query
from qnnbench.backends.tree.superoperators import (
    idle_environments,
    merged,
    merged_pull_back,
    real_left,
    real_right,
    site_tensors,
    superoperator,
    superoperator_pull_back,
)
from qnnbench.circuits.observables import PauliTerms, SiteObservable
from qnnbench.circuits.pauli_transfer import PAULIS, transfer, transfer_pull_back
from qnnbench.circuits.program import Program

MIN_PATCH = 4  # qubits: below, calls cost more than numbers


@dataclass(frozen=True)
class Stretch:
    """Neighbouring sites after all blocks among them, one qubit of which is kept.

    Attributes:
        start, end: The sites, start ≤ site < end.
        kept: Site of the qubit that stays.
        gate: Distinct gate of the block that completes it; -1 for a single site.
        children: The left and right stretch that the block merges; empty for a single site.
        dropped: Site of the qubit that the block leaves for good; -1 for a single site.
    """

    start: int
    end: int
    kept: int
    gate: int = -1
    children: tuple["Stretch", ...] = ()
    dropped: int = -1

    def blocks(self) -> list["Stretch"]:
        """Return this stretch and those inside that a block completes, in time order."""
        inside = [block for child in self.children for block in child.blocks()]
        return [*inside, self] if self.children else inside


def _decline(reason: str) -> BackendCannot:
    return BackendCannot(
        f"tree: {reason}. Supported are two-qubit blocks on active neighbours, each of which "
        "leaves one qubit for good. Use 'heisenberg' or 'statevector'."
    )


@lru_cache(maxsize=64)
def plan(program: Program) -> tuple[Stretch, ...]:
    """Return the stretches that no block merges any more, from left to right.

    Raises:
        BackendCannot: The program is not a tree.
    """
    last_block = {site: block for block, sites in enumerate(program.sites) for site in sites}
    active = {site: Stretch(site, site + 1, site) for site in range(program.n_qubits)}
    for block, sites in enumerate(program.sites):
        if len(sites) != 2:
            raise _decline(f"qubit {sites[0]} meets one-qubit gates only")
        a, b = sites
        done = [site for site in (b, a) if last_block[site] == block]
        if not done or active[a].end != active[b].start:
            raise _decline(f"the gates on qubits {(a, b)} do not merge two neighbours")
        pair, kept = (active[a], active[b]), a if done[0] == b else b
        gate = int(program.gate_of_block[block])
        active[kept] = Stretch(pair[0].start, pair[1].end, kept, gate, pair, done[0])
        del active[done[0]]
    return tuple(sorted(active.values(), key=lambda stretch: stretch.start))


def _reads(observable: SiteObservable) -> list[tuple[float, int, int]]:
    """Return (coefficient, site, letter) of each string; site -1 for the identity."""
    if not isinstance(observable, PauliTerms) or any(len(s) > 1 for s in observable.strings):
        raise _decline("an observable is not a sum of one-qubit Paulis")
    pairs = zip(observable.coefficients, observable.strings, strict=True)
    return [(c, *(s[0] if s else (-1, 0))) for c, s in pairs]


def _largest_patch(bond: int) -> int:
    """Return up to how many qubits amplitudes cost less than maps: 2^m ≤ 2 bond²."""
    return max(MIN_PATCH, int(1 + 2 * log2(bond)))


def _applied(amplitudes: np.ndarray, unitary: np.ndarray, axes: tuple[int, int]) -> np.ndarray:
    moved = np.tensordot(unitary.reshape(2, 2, 2, 2), amplitudes, ((2, 3), axes))
    return np.moveaxis(moved, (0, 1), axes)


class _Ascent:
    """A forward pass: the Pauli means of every qubit when it is left, and the way back.

    Attributes:
        reads: Site to the means of 1, X, Y, Z, float64 (batch, 4).
    """

    def __init__(self, query: Query, unitaries: np.ndarray, wanted: set[int]) -> None:
        self._tops = plan(query.program)
        self._unitaries, self._wanted = unitaries, wanted
        self._letters = transfer(unitaries).reshape(-1, 4, 4, 4, 4)  # [gate, s, t, out, out]
        self._largest = _largest_patch(query.max_bond_dim)
        self._tensors = site_tensors(query.tensors)
        self._left, self._right = idle_environments(self._tensors)
        self._amplitudes: dict[int, np.ndarray] = {}  # by start of a patch
        self._maps: dict[tuple[int, int], np.ndarray] = {}  # by start and end
        self.reads: dict[int, np.ndarray] = {}
        for top in self._tops:
            self._rise(top)
            if top.kept in wanted:
                left, right = self._outer(top)
                grown = np.einsum("bx,bpxy->bpy", left, self._map(top), optimize=True)
                self.reads[top.kept] = np.einsum("bpy,by->bp", grown, right)

    def _map(self, stretch: Stretch) -> np.ndarray:
        return self._maps[stretch.start, stretch.end]

    def _outer(self, stretch: Stretch) -> tuple[np.ndarray, np.ndarray]:
        return real_left(self._left[stretch.start]), real_right(self._right[stretch.end])

    def _is_patch(self, stretch: Stretch) -> bool:
        return stretch.end - stretch.start <= self._largest

    def _gate(self, stretch: Stretch, site: int) -> np.ndarray:
        """Return the letters of ``site`` after the block, [out, s, t] (4, 4, 4)."""
        letters = self._letters[stretch.gate]
        is_left = site == min(stretch.kept, stretch.dropped)
        return np.moveaxis(letters[..., :, 0] if is_left else letters[..., 0, :], 2, 0)

    def _rise(self, stretch: Stretch) -> None:
        if self._is_patch(stretch):
            self._rise_patch(stretch)
            return
        for child in stretch.children:
            self._rise(child)
        first, second = (self._map(child) for child in stretch.children)
        gate = self._gate(stretch, stretch.kept)[1:]
        self._maps[stretch.start, stretch.end] = merged(first, second, gate)
        if stretch.dropped in self._wanted:
            pairs = np.einsum("bsz,btz->bst", *self._halves(stretch))
            gate = self._gate(stretch, stretch.dropped)
            self.reads[stretch.dropped] = np.einsum("pst,bst->bp", gate, pairs)

    def _halves(self, stretch: Stretch) -> tuple[np.ndarray, np.ndarray]:
        """Return both children closed by the idle chain outside, (batch, 4, bond²) each."""
        left, right = self._outer(stretch)
        first, second = (self._map(child) for child in stretch.children)
        return (left[:, None, None] @ first)[:, :, 0], (second @ right[:, None, :, None])[..., 0]

    def _rise_patch(self, patch: Stretch) -> None:
        grown = self._tensors[patch.start].astype(complex)
        batch, left = grown.shape[:2]
        for tensor in self._tensors[patch.start + 1 : patch.end]:
            flat = tensor.reshape(batch, tensor.shape[1], -1)
            grown = grown.reshape(batch, -1, tensor.shape[1]) @ flat
        grown = grown.reshape(batch, left, *(2,) * (patch.end - patch.start), -1)
        for block in patch.blocks():
            grown = _applied(grown, self._unitaries[block.gate], _axes(patch, block))
        self._amplitudes[patch.start] = grown
        self._maps[patch.start, patch.end] = superoperator(grown, patch.kept - patch.start)
        left_sites = {block.dropped for block in patch.blocks()} & self._wanted
        if left_sites:
            closed = self._closed(patch)
            for site in left_sites:
                axis = site - patch.start + 2
                bra, ket = (np.moveaxis(v, axis, 1).reshape(batch, 2, -1) for v in (grown, closed))
                pairs = bra.conj() @ ket.swapaxes(1, 2)
                self.reads[site] = np.einsum("pst,bst->bp", PAULIS, pairs).real

    def _closed(self, patch: Stretch) -> np.ndarray:
        """Return the amplitudes of a patch times the idle chain on both sides."""
        amplitudes = self._amplitudes[patch.start]
        batch, left, *_, right = amplitudes.shape
        ket = self._left[patch.start] @ amplitudes.reshape(batch, left, -1)
        ket = ket.reshape(batch, -1, right) @ self._right[patch.end].swapaxes(1, 2)
        return ket.reshape(amplitudes.shape)

    def pull_back(self, read_bars: dict[int, np.ndarray]) -> np.ndarray:
        """Return W (n_gates, 4, 4) with Re Tr(W† dU) = Σ read_bars d reads."""
        letters_bar = np.zeros_like(self._letters)
        out = np.zeros_like(self._unitaries)
        for top in self._tops:
            left, right = self._outer(top)
            bar = read_bars.get(top.kept, np.zeros((len(left), 4)))[:, 1:]
            outer = left[:, :, None] * right[:, None]
            self._fall(top, bar[:, :, None, None] * outer[:, None], read_bars, letters_bar, out)
        flat = letters_bar.reshape(-1, 16, 16)
        return out + transfer_pull_back(self._unitaries, flat)

    def _fall(
        self,
        stretch: Stretch,
        bar: np.ndarray,
        read_bars: dict[int, np.ndarray],
        letters_bar: np.ndarray,
        out: np.ndarray,
    ) -> None:
        """Carry the cotangent ``bar`` (batch, 3, x, y) of a map down to its gates."""
        if self._is_patch(stretch):
            self._fall_patch(stretch, bar, read_bars, out)
            return
        first, second = (self._map(child) for child in stretch.children)
        gate = self._gate(stretch, stretch.kept)[1:]
        first_bar, second_bar, gate_bar = merged_pull_back(bar, first, second, gate)
        _add_letters(letters_bar[stretch.gate], stretch, stretch.kept, gate_bar)
        if stretch.dropped in read_bars:
            read_bar = read_bars[stretch.dropped]
            halves = self._halves(stretch)
            gate_bar = np.einsum("bp,bsz,btz->pst", read_bar[:, 1:], *halves, optimize=True)
            _add_letters(letters_bar[stretch.gate], stretch, stretch.dropped, gate_bar)
            mixed = np.einsum("pst,bp->bst", self._gate(stretch, stretch.dropped), read_bar)
            left, right = self._outer(stretch)
            down = mixed[:, 1:] @ halves[1], mixed[:, :, 1:].swapaxes(1, 2) @ halves[0]
            first_bar = first_bar + left[:, None, :, None] * down[0][:, :, None]
            second_bar = second_bar + down[1][..., None] * right[:, None, None]
        self._fall(stretch.children[0], first_bar, read_bars, letters_bar, out)
        self._fall(stretch.children[1], second_bar, read_bars, letters_bar, out)

    def _fall_patch(
        self, patch: Stretch, bar: np.ndarray, read_bars: dict[int, np.ndarray], out: np.ndarray
    ) -> None:
        ket = self._amplitudes[patch.start]
        ket_bar = superoperator_pull_back(bar, ket, patch.kept - patch.start)
        read = [block.dropped for block in patch.blocks() if block.dropped in read_bars]
        closed = self._closed(patch) if read else ket
        for site in read:
            axis = site - patch.start + 2
            operator = 2 * np.einsum("bp,pst->bst", read_bars[site], PAULIS)
            moved = np.moveaxis(closed, axis, 1)
            acted = operator @ moved.reshape(len(ket), 2, -1)
            ket_bar = ket_bar + np.moveaxis(acted.reshape(moved.shape), 1, axis)
        for block in reversed(patch.blocks()):
            axes = _axes(patch, block)
            dagger = self._unitaries[block.gate].conj().T
            ket = _applied(ket, dagger, axes)
            rest = tuple(axis for axis in range(ket.ndim) if axis not in axes)
            both = np.tensordot(ket_bar, ket.conj(), (rest, rest))
            out[block.gate] += both.reshape(4, 4)
            ket_bar = _applied(ket_bar, dagger, axes)


def _axes(patch: Stretch, block: Stretch) -> tuple[int, int]:
    """Return the axes of a block's two qubits in the amplitudes of a patch."""
    a, b = sorted((block.kept, block.dropped))
    return a - patch.start + 2, b - patch.start + 2


def _add_letters(bars: np.ndarray, stretch: Stretch, site: int, gate_bar: np.ndarray) -> None:
    """Add the cotangent [out, s, t] of the letters X, Y, Z of one qubit of a block."""
    moved = np.moveaxis(gate_bar, 0, 2)
    if site == min(stretch.kept, stretch.dropped):
        bars[:, :, 1:, 0] += moved
    else:
        bars[:, :, 0, 1:] += moved


def _price(stretch: Stretch, bonds: list[int], largest: int) -> np.ndarray:
    """Return seconds and bytes per state of a stretch and all inside it."""
    x, y = bonds[stretch.start] ** 2, bonds[stretch.end] ** 2
    size = stretch.end - stretch.start
    if size <= largest:
        held = 16 * 2**size * bonds[stretch.start] * bonds[stretch.end]
        return np.array([x * y * (1.5e-9 * 2**size + 1e-7), 32 * x * y + held])
    z = bonds[stretch.children[1].start] ** 2
    inside = [_price(child, bonds, largest) for child in stretch.children]
    own = np.array([3.5e-9 * (x + 12) * z * y, 32 * x * y])
    return np.sum([*inside, own], axis=0)


def cost(query: Query) -> Cost:
    """Return the static cost of one value and gradient.

    Raises:
        BackendCannot: The circuit is not a tree, or an observable is not a sum of
            one-qubit Paulis.
    """
    tops = plan(query.program)
    for observable in query.observables:
        _reads(observable)
    largest = _largest_patch(query.max_bond_dim)
    bonds = [1, *(max(t.shape[2] for t in site) for site in zip(*query.tensors, strict=True))]
    prices = np.sum([_price(top, bonds, largest) for top in tops], axis=0)
    seconds, held = prices * len(query.states)
    return Cost(3.5e-4 * len(query.program.sites) + seconds, held)


def evaluate(query: Query, params: np.ndarray) -> Evaluation:
    """Return exact values and gradients of one-qubit Paulis on a tree.

    Per state, a patch of m qubits costs bond⁴ 2^m with 2^m ≤ 2 bond², and each merge of
    two stretches above bond⁶; patches leave few of these.

    Source:
        Vidal, Phys. Rev. Lett. 101, 110501 (2008), ascending superoperators, with a matrix
        product state as input.
    """
    unitaries = query.program.unitaries(params)
    columns = [_reads(observable) for observable in query.observables]
    wanted = {site for reads in columns for _, site, _ in reads}
    ascent = _Ascent(query, unitaries, wanted)
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
        return query.program.pull_back(params, ascent.pull_back(bars))

    return Evaluation(values, np.zeros_like(values), True, pull_back)
