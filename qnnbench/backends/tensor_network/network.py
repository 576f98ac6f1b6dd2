"""The mean of one product observable as a network of real tensors over Pauli letters.

Blocks are transfer matrices, legs run over Pauli letters. Letters that no angles can reach
from the observable are left out of a leg: what remains outside the light cone is the
identity, and so is a discarded qubit; the control of a pooling gate keeps I and Z alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qnnbench.backends.tensor_network.pauli_tensors import pauli_tensors
from qnnbench.backends.tensor_network.plan import Structure
from qnnbench.circuits.observables import Projector, SiteObservable
from qnnbench.circuits.pauli_transfer import transfer
from qnnbench.circuits.program import Program

Readout = tuple[tuple[int, tuple[float, ...]], ...]  # (site, weights of I, X, Y, Z), …

_ZERO = 1e-13  # above the rounding of an entry of an orthogonal matrix


def readouts(observable: SiteObservable) -> Iterator[tuple[float, Readout]]:
    """Yield the products of one-qubit operators that an observable is a sum of."""
    if isinstance(observable, Projector):
        halves = {0: (0.5, 0.0, 0.0, 0.5), 1: (0.5, 0.0, 0.0, -0.5)}
        yield observable.coefficient, tuple((site, halves[bit]) for site, bit in observable.bits)
        return
    for coefficient, string in zip(observable.coefficients, observable.strings, strict=True):
        yield (
            coefficient,
            tuple((site, tuple(np.eye(4)[letter].tolist())) for site, letter in string),
        )


@lru_cache(maxsize=32)
def _reachable(program: Program) -> np.ndarray:
    """Return which entries of the transfer matrices are not zero at all angles.

    Entries are trigonometric polynomials of the angles: one that vanishes at two random
    points vanishes everywhere (with probability one). Angles between 0.5 and 1 keep sines
    and cosines, and so their products, well above rounding.
    """
    draws = np.random.default_rng(0).uniform(0.5, 1.0, (2, len(program.symbols)))
    found = [np.abs(transfer(program.unitaries(params))) > _ZERO for params in draws]
    return np.logical_or(*found)


@dataclass(frozen=True, eq=False)
class PauliNetwork:
    """One product observable after one program; its tensors depend on angles and states.

    Attributes:
        structure: Legs of all tensors: blocks, then readout vectors, then sites.
        gates: Distinct gate of each block.
        entries: Index of each block's kept letters into its matrix, seen as one axis per
            leg: those towards the states, then those towards the observable.
        vectors: Readout vectors of sites that keep several letters.
        sites: Sites that the observable depends on, ascending, each with its letters.
    """

    structure: Structure
    gates: tuple[int, ...]
    entries: tuple[tuple[np.ndarray, ...], ...]
    vectors: tuple[np.ndarray, ...]
    sites: tuple[tuple[int, np.ndarray], ...]

    def block_tensors(self, matrices: np.ndarray) -> list[np.ndarray]:
        """Return the tensors of the blocks for ``matrices`` (n_gates, 16, 16)."""
        pairs = zip(self.gates, self.entries, strict=True)
        return [_squeezed(_legs(matrices[gate], entry)[entry]) for gate, entry in pairs]

    def pull_back(self, bars: Sequence[np.ndarray | None], out: np.ndarray) -> None:
        """Add to ``out`` (n_gates, 16, 16) the cotangents of the block tensors, given first."""
        for gate, entry, bar in zip(self.gates, self.entries, bars, strict=False):
            if bar is not None:
                _legs(out[gate], entry)[entry] += bar.reshape([axis.size for axis in entry])


def _legs(matrix: np.ndarray, entry: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return a view of a transfer matrix (16, 16) with one axis per leg."""
    return matrix.reshape(4, 4, 4, 4) if len(entry) == 4 else matrix[::4, ::4]


def _squeezed(tensor: np.ndarray) -> np.ndarray:
    return tensor.reshape([size for size in tensor.shape if size > 1])


@lru_cache(maxsize=2048)
def pauli_network(program: Program, readout: Readout) -> PauliNetwork:
    """Return the network of a readout after a program."""
    reachable = _reachable(program)
    letters: list[np.ndarray] = []  # of each leg
    current: dict[int, int] = {}  # site -> its leg towards the states, unless the identity
    terms: list[tuple[int, ...]] = []
    vectors, vector_terms = [], []
    for leg, (site, weights) in enumerate(readout):
        current[site] = leg
        letters.append(np.flatnonzero(weights))
        if len(letters[leg]) > 1:
            vectors.append(np.array(weights)[letters[leg]])
            vector_terms.append((leg,))
    gates, entries = [], []
    for block in reversed(program.light_cone(current)[0]):
        sites = program.sites[block]
        if current.keys().isdisjoint(sites):
            continue
        outer = [current.pop(site, -1) for site in sites]
        after = [letters[leg] if leg >= 0 else np.zeros(1, dtype=int) for leg in outer]
        gate = int(program.gate_of_block[block])
        before = _letters_before(reachable[gate], after)
        inner = range(len(letters), len(letters) + len(sites))
        letters += before
        gates.append(gate)
        entries.append(np.ix_(*before, *after))
        terms.append((*inner, *outer))
        current.update(
            (site, leg) for site, leg in zip(sites, inner, strict=True) if letters[leg].any()
        )
    order = sorted(current)
    ends = [-1, *range(len(letters), len(letters) + len(order) - 1), -1]
    site_terms = [(ends[i], current[site], ends[i + 1]) for i, site in enumerate(order)]
    return PauliNetwork(
        Structure.of([*terms, *vector_terms, *site_terms], [kept.size for kept in letters]),
        tuple(gates),
        tuple(entries),
        tuple(vectors),
        tuple((site, letters[current[site]]) for site in order),
    )


def _letters_before(reachable: np.ndarray, after: list[np.ndarray]) -> list[np.ndarray]:
    """Return the letters that a block can turn those ``after`` it into, per site."""
    if len(after) == 1:
        return [np.flatnonzero(np.any(reachable[::4, ::4][:, after[0]], axis=1))]
    kept = reachable.reshape(4, 4, 4, 4)[:, :, after[0]][:, :, :, after[1]]
    return [np.flatnonzero(np.any(kept, axis=axes)) for axes in ((1, 2, 3), (0, 2, 3))]


class SiteData:
    """Some states as tensors over Pauli letters, idle sites traced out.

    Args:
        states: Per state its tensors (left, 2, right), one per site.

    Attributes:
        bond: Pauli bond: the square of the largest bond dimension.
    """

    def __init__(self, states: Sequence[Sequence[np.ndarray]]) -> None:
        self._tensors = pauli_tensors(states)
        batch, n, bond = self._tensors.shape[:3]
        self.bond = bond
        self._left = np.zeros((n + 1, batch, 1, bond))
        self._right = np.zeros((n + 1, batch, bond, 1))
        self._left[0, :, 0, 0] = self._right[n, :, 0, 0] = 1
        for site in range(n):
            self._left[site + 1] = self._left[site] @ self._tensors[:, site, :, 0]
            mirror = n - 1 - site
            self._right[mirror] = self._tensors[:, mirror, :, 0] @ self._right[mirror + 1]

    def tensors(self, sites: Sequence[tuple[int, np.ndarray]]) -> list[np.ndarray]:
        """Return one tensor per site, idle sites before it (and after the last) included.

        Returns:
            Float64 arrays (n_states, left, letters, right); an outer bond, and a single
            letter, make no axis.
        """
        out = []
        last = len(sites) - 1
        for i, (site, letters) in enumerate(sites):
            before = self._left[site] if i == 0 else self._idle(sites[i - 1][0] + 1, site)
            grown = self._tensors[:, site][:, :, letters]
            if before is not None:
                flat = grown.reshape(*grown.shape[:2], -1)
                grown = (before @ flat).reshape(len(flat), -1, *grown.shape[2:])
            if i == last:
                grown = grown @ self._right[site + 1][:, None]
            single = (i == 0, len(letters) == 1, i == last)
            out.append(grown.squeeze(tuple(axis for axis in (1, 2, 3) if single[axis - 1])))
        return out

    def _idle(self, start: int, end: int) -> np.ndarray | None:
        """Return the product of the identity letters of sites start ≤ site < end."""
        product = None
        for site in range(start, end):
            matrix = self._tensors[:, site, :, 0]
            product = matrix if product is None else product @ matrix
        return product
