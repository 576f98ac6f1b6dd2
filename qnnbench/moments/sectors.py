"""Whether the cross terms of different strings average to zero.

Two copies P⊗Q of the operator are sorted by their product D = PQ. Where no D but the
identity reaches the input state, and none comes back to the identity on the way, second
moments live on pairs of equal strings: the diagonal chain is exact. The products that
survive form a group, followed by its generators as in a stabilizer measurement.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import product

import numpy as np

from qnnbench.moments.channels import GRAY, Alphabet, Factor, block_channel
from qnnbench.moments.schedule import Block


def cross_terms_vanish(blocks: Iterable[Block], letters: np.ndarray) -> bool:
    """Return whether the diagonal chain is exact; False may be for want of a proof.

    Args:
        blocks: In Heisenberg order.
        letters: Generators of a group that contains every product of two strings of the
            observable, shape (n_sites, n).
    """
    bits = GRAY[letters[:, letters.any(axis=0)]]
    for block in blocks:
        moved = _moved(bits, list(block.sites), _relation(len(block.sites), tuple(block.factors)))
        if moved is None:
            return False
        bits = moved
    return bits.shape[1] == 0


def _moved(bits: np.ndarray, sites: list[int], relation: np.ndarray) -> np.ndarray | None:
    """Return the generators after a block; None if a product may become the identity.

    Args:
        bits: Symplectic bits of the generators, shape (n_sites, n).
        sites: Of the block.
        relation: Which products on these sites become which, bool [out, in].
    """
    if not bits[sites].any() and np.flatnonzero(relation[:, 0]).tolist() == [0]:
        return bits
    powers = 4 ** np.arange(len(sites))[::-1]
    here = _span(powers @ bits[sites])
    alive = [d for d in here if relation[:, d].any()]
    if any(relation[0, d] for d in alive if d):
        return None
    for witness in _commutant(_span(alive), len(sites)):
        hit = np.flatnonzero(_anticommutes(witness, powers @ bits[sites]))
        if hit.size:
            pivot, others = hit[0], hit[1:]
            bits = bits.copy()
            bits[:, others] ^= bits[:, [pivot]]
            bits = np.delete(bits, pivot, axis=1)
    image, defects = _images(alive, relation)
    local = np.array([image[d] for d in powers @ bits[sites]], dtype=int)
    bits = bits.copy()
    bits[sites] = (local // powers[:, None]) % 4
    fresh = np.zeros((len(bits), len(defects)), dtype=bits.dtype)
    fresh[sites] = (np.array(defects, dtype=int).reshape(-1) // powers[:, None]) % 4
    bits = np.concatenate([bits, fresh], axis=1)
    return bits[:, bits.any(axis=0)]


def _images(alive: list[int], relation: np.ndarray) -> tuple[dict[int, int], list[int]]:
    """Return a linear map of the products that survive, and by what they may differ from it."""
    image = {0: 0}
    for d in alive:
        if d not in image:
            target = int(np.flatnonzero(relation[:, d])[0])
            image |= {d ^ known: target ^ value for known, value in image.items()}
    differences = {
        int(out) ^ image[d] for d in alive for out in np.flatnonzero(relation[:, d])
    } - {0}
    defects: list[int] = []
    for difference in sorted(differences):
        if difference not in _span(defects):
            defects.append(difference)
    return image, defects


def _span(elements: Iterable[int]) -> list[int]:
    """Return the group of products, by symplectic bits: products add them."""
    group = {0}
    for element in elements:
        if int(element) not in group:
            group |= {int(element) ^ other for other in group}
    return sorted(group)


def _commutant(group: list[int], n_sites: int) -> list[int]:
    """Return all strings that commute with the group and tell it from larger ones."""
    strings = np.arange(1, 4**n_sites)
    elements = np.array(group)
    return [int(s) for s in strings if not _anticommutes(int(s), elements).any()]


def _anticommutes(string: int, others: np.ndarray) -> np.ndarray:
    """Return which of ``others`` anticommute with ``string``; both as symplectic bits."""
    odd = np.zeros(np.shape(others), dtype=int)
    for shift in (0, 2):
        a, b = (string >> shift) & 3, (np.asarray(others) >> shift) & 3
        odd ^= ((a >> 1) & b & 1) ^ (a & (b >> 1) & 1)
    return odd.astype(bool)


@lru_cache(maxsize=4096)
def _relation(n_sites: int, factors: tuple[Factor, ...]) -> np.ndarray:
    """Return which products a block, or a derivative of it, turns into which, bool [out, in]."""
    channel = block_channel(n_sites, factors, Alphabet.PAIRS)
    size = 4**n_sites
    found = np.zeros((size, size), dtype=bool)
    products = _products(n_sites)
    for matrix in (channel.total, *channel.derivatives):
        out, into = np.nonzero(matrix)
        found[products[out], products[into]] = True
    return found


@lru_cache(maxsize=2)
def _products(n_sites: int) -> np.ndarray:
    """Return the symplectic bits of the product of each pair of strings."""
    one = np.array([GRAY[p] ^ GRAY[q] for p, q in product(range(4), repeat=2)])
    return one if n_sites == 1 else (4 * one[:, None] + one).ravel()
