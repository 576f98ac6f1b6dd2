"""Exact distances between two states as seen by restricted observers."""

from itertools import accumulate, product

import numpy as np

from qnnbench.states.contraction import transfer
from qnnbench.states.mps import MPS, State


def _leave_one_out(a: MPS, b: MPS) -> np.ndarray:
    """Return Tr(Tr_j|a><a| Tr_j|b><b|) for every traced-out site j, shape (n,).

    It is Σ_st |<a_s|b_t>|², where a_s is <s| of site j applied to a.
    """
    sites = list(zip(a.tensors, b.tensors, strict=True))
    left = list(accumulate(sites, lambda e, t: transfer(e, t[1], t[0]), initial=np.ones((1, 1))))
    mirrored = [(x.transpose(2, 1, 0), y.transpose(2, 1, 0)) for x, y in reversed(sites)]
    right = list(
        accumulate(mirrored, lambda e, t: transfer(e, t[1], t[0]), initial=np.ones((1, 1)))
    )[::-1]
    overlaps = []
    for j, (x, y) in enumerate(sites):
        inner = np.einsum("asc,ab->bsc", x.conj(), left[j])
        inner = np.einsum("bsc,btd->stcd", inner, y)
        overlaps.append(np.einsum("stcd,cd->st", inner, right[j + 1]))
    return np.array([np.sum(np.abs(m) ** 2) for m in overlaps])


def _same_bit(joint: np.ndarray, x: np.ndarray, y: np.ndarray, bit: int) -> np.ndarray:
    """Carry the environment of both laws over one site where each reads ``bit``."""
    for matrix in (x[:, bit].conj(), x[:, bit], y[:, bit].conj(), y[:, bit]):
        joint = np.tensordot(joint, matrix, ([0], [0]))
    return joint


def _collision(a: MPS, b: MPS) -> float:
    """Return Σ_z p_a(z) p_b(z) over all bit strings, p the law of a Z measurement."""
    joint = np.ones((1, 1, 1, 1))
    for x, y in zip(a.tensors, b.tensors, strict=True):
        joint = _same_bit(joint, x, y, 0) + _same_bit(joint, x, y, 1)
    return float(joint[0, 0, 0, 0].real)


def _signed_members(a: State, b: State) -> list[tuple[float, MPS]]:
    return [*a.members, *((-weight, state) for weight, state in b.members)]


def marginal_distance_squared(a: State, b: State) -> float:
    """Return the largest squared Hilbert-Schmidt distance of the (n-1)-body marginals.

    Zero iff every observable that leaves out at least one qubit has equal means. Exact
    up to rounding, about 1e-15; cost n χ³ per pair of members.
    """
    members = _signed_members(a, b)
    distances = sum(v * w * _leave_one_out(x, y) for (v, x), (w, y) in product(members, repeat=2))
    return float(np.max(distances))


def histogram_distance_squared(a: State, b: State) -> float:
    """Return Σ_z (p_a(z) - p_b(z))² over all 2^n outcomes of measuring Z everywhere.

    Exact up to rounding, about 1e-15; cost n χ⁵ per pair of members.
    """
    members = _signed_members(a, b)
    return float(sum(v * w * _collision(x, y) for (v, x), (w, y) in product(members, repeat=2)))
