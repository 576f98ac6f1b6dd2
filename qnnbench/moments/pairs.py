"""Second moments where cross terms survive: pairs of strings, one per copy.

Under a law whose mean cosine is not zero, products of two different strings of the
observable average to something. Two copies of the operator are then carried together:
16 pair letters per site, of which only those that the circuit reaches are kept.
"""

from collections.abc import Sequence

import numpy as np

from qnnbench.moments.chain import Chain, overlap
from qnnbench.moments.channels import ANTICOMMUTES, PRODUCT, string_index
from qnnbench.moments.pauli_circuit import CannotCompute, Clifford, Gate, pauli_string

FIRST_PAIR_BOND = 32


def branches(gate: Gate) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return K, A, S with P -> K P + cos φ A P + sin φ S P on signed strings.

    A Clifford gate is K alone. For a rotation K keeps strings that commute with its
    generator G, A those that do not, and S maps the latter to iGP.

    Returns:
        Three float64 matrices (4^k, 4^k), [out, in], k the number of sites.
    """
    size = 4 ** len(gate.sites)
    keep, anti, turn = np.zeros((3, size, size))
    if isinstance(gate, Clifford):
        keep[list(gate.image), range(size)] = gate.sign
        return keep, anti, turn
    generator = np.array(gate.generator)
    for index in range(size):
        letters = np.array(np.unravel_index(index, (4,) * len(generator)))
        if not np.logical_xor.reduce(ANTICOMMUTES[generator, letters]):
            keep[index, index] = 1
            continue
        anti[index, index] = 1
        image = PRODUCT[generator, letters]
        moved = 1j * pauli_string(generator) @ pauli_string(letters)
        sign = np.trace(pauli_string(image) @ moved).real / len(moved)
        turn[string_index(image), index] = round(sign)
    return keep, anti, turn


def mean_channel(gate: Gate, cosine: float) -> np.ndarray:
    """Return the average of a gate on one copy, for E[cos φ] and E[sin φ] = 0."""
    keep, anti, _ = branches(gate)
    return keep + cosine * anti


def pair_channel(gate: Gate, cosine: float, cos_squared: float) -> np.ndarray:
    """Return the average of a gate on two copies, letters (p1 q1)(p2 q2) per site.

    Uses E[sin φ] = E[sin φ cos φ] = 0.
    """
    keep, anti, turn = branches(gate)
    total = np.kron(keep, keep) + cosine * (np.kron(keep, anti) + np.kron(anti, keep))
    total += cos_squared * np.kron(anti, anti) + (1 - cos_squared) * np.kron(turn, turn)
    if len(gate.sites) == 1:
        return total
    return total.reshape((4,) * 8).transpose(0, 2, 1, 3, 4, 6, 5, 7).reshape(256, 256)


def two_copies(chain: Chain) -> Chain:
    """Return the vector of two equal copies, pair letters 4p + q on each site."""
    tensors = []
    for tensor in chain.tensors:
        a, d, b = tensor.shape
        both = np.einsum("apb,cqd->acpqbd", tensor, tensor)
        tensors.append(both.reshape(a * a, d * d, b * b))
    return Chain(tensors, 2 * chain.log)


def carried(
    gates: Sequence[Gate], channels: Sequence[np.ndarray], start: Chain, end: Chain, bond_dim: int
) -> tuple[float, float, Chain]:
    """Return sign and log of <end| channels |start>, and the carried chain.

    Raises:
        CannotCompute: A gate on sites that are not neighbours.
    """
    letters = _reached(gates, channels, start)
    start = _restricted(start, letters)
    last = -1
    for gate, channel in zip(gates, channels, strict=True):
        rows = letters[gate.sites[0]]
        if len(gate.sites) == 1:
            start.apply_local({gate.sites[0]: channel[np.ix_(rows, rows)]})
            continue
        left, right = gate.sites
        if right != left + 1:
            raise CannotCompute(
                f"A gate joins sites {gate.sites}. Under this law the pairs of strings of the "
                "observable are followed on neighbouring sites only. Sample instead."
            )
        size = int(np.sqrt(len(channel)))
        both = (rows[:, None] * size + letters[right]).ravel()
        start.apply_pairs({left: channel[np.ix_(both, both)]}, bond_dim, rightward=left > last)
        last = left
    return *overlap(_restricted(end, letters), start), start


def _restricted(chain: Chain, letters: Sequence[np.ndarray]) -> Chain:
    tensors = [t[:, rows] for t, rows in zip(chain.tensors, letters, strict=True)]
    return Chain(tensors, chain.log)


def _reached(
    gates: Sequence[Gate], channels: Sequence[np.ndarray], start: Chain
) -> list[np.ndarray]:
    """Return the letters that each site ever holds."""
    held = [np.any(tensor != 0, axis=(0, 2)) for tensor in start.tensors]
    for gate, channel in zip(gates, channels, strict=True):
        shape = tuple(len(held[site]) for site in gate.sites)
        here = held[gate.sites[0]]
        if len(gate.sites) == 2:
            here = np.kron(here, held[gate.sites[1]])
        out = (channel[:, here] != 0).any(axis=1).reshape(shape)
        for axis, site in enumerate(gate.sites):
            others = tuple(a for a in range(len(shape)) if a != axis)
            held[site] = held[site] | out.any(axis=others)
    return [np.flatnonzero(mask) for mask in held]


def pair_second_moment(
    gates: Sequence[Gate],
    channels: Sequence[np.ndarray],
    observable: Chain,
    means: Chain,
    tolerance: float,
    max_bond_dim: int,
) -> tuple[float, float, Chain]:
    """Return log E[C²], its relative error and the chain at the last bond.

    The bond doubles until the value changes by less than ``tolerance``, or to the cap;
    the last change is the error.
    """
    bond_dim = min(FIRST_PAIR_BOND, max_bond_dim)
    start, end = two_copies(observable), two_copies(means)
    _, log, chain = carried(gates, channels, start, end, bond_dim)
    error = 0.0
    while chain.truncated and bond_dim < max_bond_dim:
        bond_dim = min(2 * bond_dim, max_bond_dim)
        _, finer, chain = carried(gates, channels, start, end, bond_dim)
        error, log = abs(np.expm1(log - finer)), finer
        if error <= tolerance:
            break
    return log, error, chain
