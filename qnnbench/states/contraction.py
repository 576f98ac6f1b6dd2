"""Exact contractions of matrix product states, one site at a time."""

from collections.abc import Mapping, Sequence

import numpy as np


def transfer(
    environment: np.ndarray, ket: np.ndarray, bra: np.ndarray, operator: np.ndarray | None = None
) -> np.ndarray:
    """Carry ``environment`` [bra bond, ket bond] over one site, ``operator`` on the ket."""
    if operator is not None:
        ket = np.einsum("st,atb->asb", operator, ket)
    return np.tensordot(bra.conj(), np.tensordot(environment, ket, 1), ([0, 1], [0, 1]))


def inner_product(
    bra: Sequence[np.ndarray],
    ket: Sequence[np.ndarray],
    operators: Mapping[int, np.ndarray] | None = None,
) -> complex:
    """Return <bra| Π_s O_s |ket> of one-site ``operators`` of shape (2, 2) by site."""
    environment = np.ones((1, 1))
    for site, (below, above) in enumerate(zip(bra, ket, strict=True)):
        operator = operators.get(site) if operators else None
        environment = transfer(environment, above, below, operator)
    return complex(environment[0, 0])


def marginal(tensors: Sequence[np.ndarray], sites: Sequence[int]) -> np.ndarray:
    """Return the reduced density matrix (2^k, 2^k) of k ``sites``, the first the high bit.

    Costs 4^k χ³ per site between the first and the last one and χ³ per site outside.
    """
    first, last = min(sites), max(sites)
    left = right = np.ones((1, 1))
    for tensor in tensors[:first]:
        left = transfer(left, tensor, tensor)
    for tensor in reversed(tensors[last + 1 :]):
        mirrored = tensor.transpose(2, 1, 0)
        right = transfer(right, mirrored, mirrored)
    opened = left[None]  # [open legs, bra bond, ket bond]
    for site in range(first, last + 1):
        ket = np.einsum("zab,bsc->zasc", opened, tensors[site])
        bra = tensors[site].conj()
        if site in sites:
            opened = np.einsum("zasc,atd->zstdc", ket, bra)
            opened = opened.reshape(-1, *opened.shape[3:])
        else:
            opened = np.einsum("zasc,asd->zdc", ket, bra)
    pairs = np.einsum("zab,ab->z", opened, right)  # (ket, bra) of each site, left to right
    rank = [sorted(sites).index(site) for site in sites]
    axes = [2 * r for r in rank] + [2 * r + 1 for r in rank]
    size = 2 ** len(sites)
    return pairs.reshape((2,) * (2 * len(sites))).transpose(axes).reshape(size, size)
