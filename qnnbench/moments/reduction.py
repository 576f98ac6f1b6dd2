"""Smaller local bases: the subspace in which the backward vector stays.

The vector of squared means of the input state, carried backward through every channel,
stays in a product of local subspaces. With uniform RZ next to diagonal entanglers these
are spanned by I, (X+Y)/√2 and Z: three letters instead of four. Of pairs of strings, for
RY, RZ and CZ, at most eight of sixteen are left.
"""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence

import numpy as np

from qnnbench.moments.channels import Alphabet, BlockChannel, block_channel
from qnnbench.moments.schedule import Block

SMALL = 1e-13  # parts of vectors of about unit size that are rounding errors


class Reduction:
    """Orthonormal local bases, closed under the transposed channel of every block.

    Attributes:
        alphabet: What the letters stand for.
        bases: Site to rows, shape (k, d), for the vector of the observable; orthonormal but
            for a weight on all rows except the first, which is the letter I. Truncations
            then favour strings on many sites.
        duals: Likewise for the vector of the input, with the inverse weight.
    """

    def __init__(
        self,
        seeds: Mapping[int, np.ndarray],
        blocks: Sequence[Block],
        alphabet: Alphabet,
        weight: float,
    ) -> None:
        """Close the spans of ``seeds`` (rows of shape (k, d), one array per site)."""
        self.alphabet = alphabet
        one = np.eye(1, alphabet.size)
        self.bases = {site: extended(one, rows) for site, rows in seeds.items()}
        self._grown: dict[tuple, list[np.ndarray]] = {}
        self._close(blocks)
        scales = {site: np.array([1] + [weight] * (len(b) - 1)) for site, b in self.bases.items()}
        self.duals = {site: b / scales[site][:, None] for site, b in self.bases.items()}
        self.bases = {site: b * scales[site][:, None] for site, b in self.bases.items()}
        self._number: dict[bytes, int] = {}
        self._kinds = {
            site: self._number.setdefault(basis.tobytes(), len(self._number))
            for site, basis in self.bases.items()
        }
        self._channels: dict[tuple, BlockChannel] = {}

    def key(self, block: Block) -> tuple:
        """Return what the reduced channel of ``block`` depends on."""
        return tuple(block.factors), *(self._kinds[site] for site in block.sites)

    def channel(self, block: Block) -> BlockChannel:
        """Return the channel of ``block`` between reduced bases."""
        key = self.key(block)
        if key not in self._channels:
            full = self._full(block)
            basis, dual = (
                _product(tuple(bases[site] for site in block.sites))
                for bases in (self.bases, self.duals)
            )
            self._channels[key] = BlockChannel(
                basis @ full.total @ dual.T, basis @ full.derivatives @ dual.T
            )
        return self._channels[key]

    def _full(self, block: Block) -> BlockChannel:
        return block_channel(len(block.sites), tuple(block.factors), self.alphabet)

    def _close(self, blocks: Sequence[Block]) -> None:
        """Grow the bases until no transposed channel leads out of them."""
        distinct = {(tuple(b.factors), b.sites): b for b in blocks}
        users = defaultdict(list)
        for key, block in distinct.items():
            for site in block.sites:
                users[site].append(key)
        pending = deque(distinct)
        waiting = set(pending)
        while pending:
            key = pending.popleft()
            waiting.discard(key)
            for site in self._grow(distinct[key]):
                fresh = [k for k in users[site] if k not in waiting]
                pending.extend(fresh)
                waiting.update(fresh)

    def _grow(self, block: Block) -> list[int]:
        """Add the images under one block; return the sites that grew."""
        here = tuple(self.bases[site] for site in block.sites)
        key = (tuple(block.factors), *(basis.tobytes() for basis in here))
        if key not in self._grown:
            self._grown[key] = self._images(self._full(block), here)
        grown = []
        for site, basis in zip(block.sites, self._grown[key], strict=True):
            if len(basis) > len(self.bases[site]):
                self.bases[site] = basis
                grown.append(site)
        return grown

    def _images(self, channel: BlockChannel, here: tuple[np.ndarray, ...]) -> list[np.ndarray]:
        """Return the bases of a block's sites with the images of their product added."""
        size = self.alphabet.size
        rows = _product(here) @ np.concatenate([channel.total[None], channel.derivatives])
        images = rows.reshape(-1, *(size,) * len(here))
        return [
            extended(basis, np.moveaxis(images, 1 + axis, -1).reshape(-1, size))
            for axis, basis in enumerate(here)
        ]


def _product(bases: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return the product basis of one site or two."""
    return bases[0] if len(bases) == 1 else np.kron(*bases)


def extended(basis: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return orthonormal rows that span ``basis`` and ``vectors``, ``basis`` first."""
    rest = vectors - vectors @ basis.T @ basis
    _, s, v = np.linalg.svd(rest, full_matrices=False)
    fresh = v[s > SMALL]
    fresh = fresh - fresh @ basis.T @ basis  # rounding errors of the rest, over a small s
    fresh = np.linalg.qr(fresh.T)[0].T
    signs = np.sign(fresh[np.arange(len(fresh)), np.argmax(np.abs(fresh), axis=1)])
    fresh = np.round(signs[:, None] * fresh, 15)
    return np.concatenate([basis, fresh / np.linalg.norm(fresh, axis=1, keepdims=True)])
