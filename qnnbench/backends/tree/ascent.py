"""The forward pass of a tree on matrix product states, and the way back to its gates.

Few qubits are amplitudes between their outer bonds (a patch). Above that, a stretch of the
chain is a real map between bond pairs for each Pauli string of the qubits that go on
(ascending superoperators). Nothing is truncated. What is read of a qubit is read where it
finishes, with the idle chain on both sides.
"""

from collections.abc import Iterable
from math import log2

import numpy as np

from qnnbench.backends.tree.cells import Cells, Key, applied, strings, unapplied
from qnnbench.backends.tree.plan import Sites, Stretch, finishing
from qnnbench.backends.tree.superoperators import (
    idle_environments,
    merged,
    merged_pull_back,
    real_left,
    real_right,
    superoperator,
    superoperator_pull_back,
)

MIN_PATCH = 4  # qubits: below, calls cost more than numbers


def patches_and_merges(tops: Iterable[Stretch], bond: int) -> tuple[list[Stretch], list[Stretch]]:
    """Return the largest stretches kept as amplitudes, and those above, children first.

    Up to m qubits, 2^m ≤ 2 bond² 4^(kept - 1), amplitudes cost less than maps.
    """
    patches, merges, waiting = [], [], list(tops)
    while waiting:
        stretch = waiting.pop()
        widest = max((len(child.kept) for child in stretch.children), default=1)
        if stretch.size <= max(MIN_PATCH, int(2 * widest - 1 + 2 * log2(bond))):
            patches.append(stretch)
        else:
            merges.append(stretch)
            waiting += stretch.children
    return patches, merges[::-1]


class Ascent:
    """A forward pass: means of Pauli strings where their qubits finish, and the way back.

    Args:
        tops: The tree.
        cells: Its cells at given gates.
        unitaries: The distinct gates, complex (n_gates, 4, 4).
        tensors: Per site the states' tensors, (batch, left, 2, right).
        wanted: Which sites are read together; those of one entry finish in one stretch.

    Attributes:
        reads: For each entry of ``wanted`` on m sites the means of all strings on it,
            float64 (batch, 4^m), the first site the high digit.
    """

    def __init__(
        self,
        tops: tuple[Stretch, ...],
        cells: Cells,
        unitaries: np.ndarray,
        tensors: list[np.ndarray],
        wanted: Iterable[Sites],
    ) -> None:
        self._cells, self._unitaries, self._tensors = cells, unitaries, tensors
        bond = max(tensor.shape[3] for tensor in tensors)
        self._patches, self._merges = patches_and_merges(tops, bond)
        self._left, self._right = idle_environments(tensors)
        self._amplitudes: dict[Stretch, np.ndarray] = {}  # of patches
        self._maps: dict[Stretch, np.ndarray] = {}
        self._wanted: dict[Stretch, list[Sites]] = {}  # by the stretch where they are read
        place = finishing(tops)
        for patch in self._patches:
            place.update(
                {site: patch for site in range(patch.start, patch.end) if site not in patch.kept}
            )
        for sites in wanted:
            self._wanted.setdefault(place[sites[0]], []).append(sites)
        self.reads: dict[Sites, np.ndarray] = {}
        for patch in self._patches:
            self._rise_patch(patch)
        for stretch in self._merges:
            self._rise(stretch)

    def _outer(self, stretch: Stretch) -> tuple[np.ndarray, np.ndarray]:
        return real_left(self._left[stretch.start]), real_right(self._right[stretch.end])

    def _children(self, stretch: Stretch) -> tuple[np.ndarray, np.ndarray]:
        first, second = stretch.children
        return self._maps[first], self._maps[second]

    def _halves(self, stretch: Stretch) -> tuple[np.ndarray, np.ndarray]:
        """Return both children closed by the idle chain outside, (batch, 4^m, bond²) each."""
        left, right = self._outer(stretch)
        first, second = self._children(stretch)
        return (left[:, None, None] @ first)[:, :, 0], (second @ right[:, None, :, None])[..., 0]

    def _rise(self, stretch: Stretch) -> None:
        if stretch.kept:
            gate = self._cells.letters(stretch, stretch.kept)[1:]
            self._maps[stretch] = merged(*self._children(stretch), gate)
        wanted = self._wanted.get(stretch, [])
        if wanted:
            first, second = self._halves(stretch)
            pairs = (first @ second.swapaxes(1, 2)).reshape(len(first), -1)
            for sites in wanted:
                gate = self._cells.letters(stretch, sites)
                self.reads[sites] = pairs @ gate.reshape(len(gate), -1).T

    def _rise_patch(self, patch: Stretch) -> None:
        grown = self._tensors[patch.start].astype(complex)
        batch, left = grown.shape[:2]
        for tensor in self._tensors[patch.start + 1 : patch.end]:
            flat = tensor.reshape(batch, tensor.shape[1], -1)
            grown = grown.reshape(batch, -1, tensor.shape[1]) @ flat
        grown = grown.reshape(batch, left, *(2,) * patch.size, -1)
        for gate, pair in patch.gates():
            grown = applied(grown, self._unitaries[gate], _axes(patch, pair))
        self._amplitudes[patch] = grown
        if patch.kept:
            kept = tuple(site - patch.start for site in patch.kept)
            self._maps[patch] = superoperator(grown, kept)
        if patch in self._wanted:
            closed = self._closed(patch)
            for sites in self._wanted[patch]:
                bra, ket = (_opened(v, _axes(patch, sites)) for v in (grown, closed))
                pairs = (bra.conj() @ ket.swapaxes(1, 2)).reshape(batch, -1)
                letters = strings(len(sites))
                self.reads[sites] = (pairs @ letters.reshape(len(letters), -1).T).real

    def _closed(self, patch: Stretch) -> np.ndarray:
        """Return the amplitudes of a patch times the idle chain on both sides."""
        amplitudes = self._amplitudes[patch]
        batch, left, *_, right = amplitudes.shape
        ket = self._left[patch.start] @ amplitudes.reshape(batch, left, -1)
        ket = ket.reshape(batch, -1, right) @ self._right[patch.end].swapaxes(1, 2)
        return ket.reshape(amplitudes.shape)

    def pull_back(self, read_bars: dict[Sites, np.ndarray]) -> np.ndarray:
        """Return W (n_gates, 4, 4) with Re Tr(W† dU) = Σ read_bars d reads.

        Args:
            read_bars: Cotangents of some of ``reads``.
        """
        out = np.zeros_like(self._unitaries)
        cells: dict[Key, np.ndarray] = {}
        map_bars: dict[Stretch, np.ndarray] = {}  # without the string of ones
        for stretch in reversed(self._merges):
            self._fall(stretch, read_bars, map_bars, cells)
        for patch in self._patches:
            self._fall_patch(patch, map_bars.get(patch), read_bars, out)
        return out + self._cells.pull_back(cells)

    def _fall(
        self,
        stretch: Stretch,
        read_bars: dict[Sites, np.ndarray],
        map_bars: dict[Stretch, np.ndarray],
        cells: dict[Key, np.ndarray],
    ) -> None:
        """Carry the cotangents of a stretch's map and reads to its children and its cell."""
        wanted = [sites for sites in self._wanted.get(stretch, []) if sites in read_bars]
        if not wanted and stretch not in map_bars:
            return
        first, second = self._children(stretch)
        bars = [np.zeros_like(first[:, 1:]), np.zeros_like(second[:, 1:])]
        if stretch in map_bars:
            gate = self._cells.letters(stretch, stretch.kept)[1:]
            *bars, gate_bar = merged_pull_back(map_bars.pop(stretch), first, second, gate)
            self._add(cells, stretch, stretch.kept, gate_bar)
        if wanted:
            halves, (left, right) = self._halves(stretch), self._outer(stretch)
            mixed = np.zeros((len(first), first.shape[1], second.shape[1]))
            for sites in wanted:
                gate, bar = self._cells.letters(stretch, sites), read_bars[sites]
                mixed += (bar @ gate.reshape(len(gate), -1)).reshape(mixed.shape)
                gate_bar = np.einsum("bp,bsz,btz->pst", bar[:, 1:], *halves, optimize=True)
                self._add(cells, stretch, sites, gate_bar)
            down = mixed[:, 1:] @ halves[1], mixed[:, :, 1:].swapaxes(1, 2) @ halves[0]
            bars[0] += left[:, None, :, None] * down[0][:, :, None]
            bars[1] += down[1][..., None] * right[:, None, None]
        map_bars.update(zip(stretch.children, bars, strict=True))

    def _add(
        self, cells: dict[Key, np.ndarray], stretch: Stretch, sites: Sites, bar: np.ndarray
    ) -> None:
        """Add to the cotangent of a cell's unitary that of its letters but the ones."""
        padded = np.concatenate([np.zeros_like(bar[:1]), bar])
        self._cells.add(cells, stretch, self._cells.letters_pull_back(stretch, sites, padded))

    def _fall_patch(
        self,
        patch: Stretch,
        bar: np.ndarray | None,
        read_bars: dict[Sites, np.ndarray],
        out: np.ndarray,
    ) -> None:
        ket = self._amplitudes[patch]
        ket_bar = np.zeros_like(ket)
        if bar is not None:
            kept = tuple(site - patch.start for site in patch.kept)
            ket_bar = superoperator_pull_back(bar, ket, kept)
        wanted = [sites for sites in self._wanted.get(patch, []) if sites in read_bars]
        closed = self._closed(patch) if wanted else ket
        for sites in wanted:
            letters, axes = strings(len(sites)), _axes(patch, sites)
            operator = 2 * np.tensordot(read_bars[sites], letters, 1)
            acted = operator @ _opened(closed, axes)
            shape = np.moveaxis(closed, axes, range(1, 1 + len(axes))).shape
            ket_bar = ket_bar + np.moveaxis(acted.reshape(shape), range(1, 1 + len(axes)), axes)
        for gate, pair in reversed([*patch.gates()]):
            axes = _axes(patch, pair)
            ket, ket_bar, both = unapplied(ket, ket_bar, self._unitaries[gate], axes)
            out[gate] += both


def _axes(patch: Stretch, sites: Sites) -> Sites:
    """Return the axes of qubits in the amplitudes of a patch."""
    return tuple(site - patch.start + 2 for site in sites)


def _opened(amplitudes: np.ndarray, axes: Sites) -> np.ndarray:
    """Return A[b, s, k]: s the qubits on ``axes``, k everything else."""
    moved = np.moveaxis(amplitudes, axes, range(1, 1 + len(axes)))
    return moved.reshape(len(amplitudes), 2 ** len(axes), -1)
