"""Singlet patterns: what two copies of a state show under any local unitaries.

Qubit k of copy 1 and qubit k of copy 2 are in the singlet, (1 - SWAP)/2, or in a triplet,
(1 + SWAP)/2. The pattern says which, qubit by qubit. Unitaries U ⊗ U on a pair leave it
alone, and it is all that averages over them leave: within the triplets the averaged state
is maximally mixed. So the law of patterns holds whatever two copies tell of an orbit.
"""

from itertools import product
from math import comb, prod

import numpy as np

from qnnbench.states.chain import Chain
from qnnbench.states.mps import MPS, InputState, State
from qnnbench.states.quantities.pair_shots import singlet_patterns
from qnnbench.states.stabilizer import StabilizerState

MAX_LAW_QUBITS = 12  # 2^n patterns are written down up to here
MAX_ORBITS = 1 << 13  # patterns, up to symmetry, that an exact optimum sums over
SWAPPED_ALIKE = 1e-10  # norm of the change when two neighbours are exchanged

_CHUNK_NUMBERS = 1 << 20  # of two copies' environments held at once


def swap_means(state: State, ones: np.ndarray, swaps: np.ndarray) -> np.ndarray:
    """Return the means of Π_k (a_k + b_k SWAP_k) in two copies of a state.

    Args:
        state: The state of one copy.
        ones: Every a_k, shape (n_means, n_qubits).
        swaps: Every b_k, of the same shape.

    Returns:
        Float64 (n_means,), complex128 if a number is complex. Time n χ⁵ each, memory χ⁴;
        exact up to rounding, relative to the largest mean of the first qubits alone.
    """
    size = max(_CHUNK_NUMBERS // (4 * state.max_bond_dim**4), 1)
    means = np.zeros(len(ones), dtype=np.result_type(ones, swaps, float))
    for start in range(0, len(ones), size):
        part = slice(start, start + size)
        for (v, a), (w, b) in product(state.members, repeat=2):
            means[part] += v * w * _swap_means(a, b, ones[part], swaps[part])
    return means


def _swap_means(a: MPS, b: MPS, ones: np.ndarray, swaps: np.ndarray) -> np.ndarray:
    copies = np.ones((len(ones), 1, 1, 1, 1))  # [mean, ket 1, ket 2, bra 1, bra 2]
    for site, (first, second) in enumerate(zip(a.tensors, b.tensors, strict=True)):
        one = np.tensordot(copies, first, ([1], [0]))  # [z, ket2, bra1, bra2, s, ket1']
        kets = np.tensordot(one, second, ([1], [0]))  # [z, bra1, bra2, s, ket1', t, ket2']
        weights = (len(ones),) + (1,) * 6
        kept, swapped = ones[:, site].reshape(weights), swaps[:, site].reshape(weights)
        kets = kept * kets + swapped * kets.swapaxes(3, 5)
        bra = np.tensordot(kets, first.conj(), ([1, 3], [0, 1]))  # [z, bra2, k1', t, k2', b1']
        copies = np.tensordot(bra, second.conj(), ([1, 3], [0, 1]))
    means = copies[:, 0, 0, 0, 0]
    is_real = np.isrealobj(ones) and np.isrealobj(swaps)
    return np.asarray(means.real if is_real else means)


def purities(state: InputState, subsets: np.ndarray) -> np.ndarray:
    """Return Tr ρ_S² of sets S of qubits: the mean of SWAP on S in two copies.

    Args:
        state: Of any kind; a stabilizer state gives 2 to the minus its entropy.
        subsets: 1 for qubits in the set, 0 for others, shape (n_sets, n_qubits).

    Returns:
        Float64 (n_sets,).
    """
    inside = np.asarray(subsets, dtype=float)
    if isinstance(state, StabilizerState):
        sets = [np.flatnonzero(row).tolist() for row in inside]
        return np.array([2.0 ** -state.entropy(s) if s else 1.0 for s in sets])
    return swap_means(state, 1 - inside, inside)


def pattern_chances(
    state: State, patterns: np.ndarray, singlet: float = 1.0, triplet: float = 0.0
) -> np.ndarray:
    """Return the probability of patterns of bits read from two copies of a state.

    Args:
        state: The state of one copy.
        patterns: Bits (n_patterns, n_qubits).
        singlet: Chance that a singlet is read as 1; by default always.
        triplet: Chance that a triplet is read as 1; by default never, so that bits are
            singlets. 1/3 is the XOR of bits that the copies give separately.

    Returns:
        Float64 (n_patterns,); exact up to rounding, see ``swap_means``.
    """
    ones = np.asarray(patterns, dtype=bool)
    of_singlet = np.where(ones, singlet, 1 - singlet)
    of_triplet = np.where(ones, triplet, 1 - triplet)
    return swap_means(state, (of_triplet + of_singlet) / 2, (of_triplet - of_singlet) / 2)


def every_pattern(n_qubits: int) -> np.ndarray:
    """Return all 2^n patterns in counting order, qubit 0 the most significant bit.

    Returns:
        Uint8 (2^n_qubits, n_qubits).

    Raises:
        ValueError: More than 12 qubits.
    """
    if n_qubits > MAX_LAW_QUBITS:
        raise ValueError(
            f"2^{n_qubits} patterns are too many to write down; the limit is {MAX_LAW_QUBITS} "
            "qubits, pattern_chances takes patterns of any width"
        )
    return np.array(list(np.ndindex((2,) * n_qubits)), dtype=np.uint8)


def pattern_law(state: InputState) -> np.ndarray:
    """Return the probability of every singlet pattern, from the purities.

    p(α) = 2^-n Σ_S (-1)^|α∩S| Tr ρ_S²: expand Π (1 ± SWAP)/2. The sum over S is a
    Walsh-Hadamard transform.

    Returns:
        Float64 (2^n_qubits,), in the order of ``every_pattern``.

    Raises:
        ValueError: More than 12 qubits.

    Source:
        Derived above; the mean of SWAP is the purity: Ekert et al., Phys. Rev. Lett. 88,
        217901 (2002).
    """
    law = purities(state, every_pattern(state.n_qubits)).reshape((2,) * state.n_qubits)
    for axis in range(state.n_qubits):
        zero, one = np.take(law, 0, axis), np.take(law, 1, axis)
        law = np.stack([zero + one, zero - one], axis) / 2
    return law.reshape(-1)


def symmetric_blocks(*states: State) -> list[int]:
    """Return lengths of runs of qubits that may be exchanged in all states, left to right.

    Two neighbours may be exchanged iff no member has any weight on their singlet. This is
    sufficient for a mixture, whose members could also trade places.
    """
    alike = np.ones(states[0].n_qubits - 1, dtype=bool)
    for _, member in (pair for state in states for pair in state.members):
        chain = Chain(member.tensors, member.max_bond_dim)
        for site in range(len(alike)):
            chain.move(site)
            pair = np.tensordot(chain.tensors[site], chain.tensors[site + 1], 1)
            alike[site] &= np.linalg.norm(pair - pair.swapaxes(1, 2)) < SWAPPED_ALIKE
    ends = np.flatnonzero(~alike) + 1
    return np.diff([0, *ends, len(alike) + 1]).tolist()


def pair_optimum(a: State, b: State, singlet: float = 1.0, triplet: float = 0.0) -> float | None:
    """Return the best accuracy between two states from one pattern, exactly.

    It is 1/2 + TV/2, TV the total variation of the two laws, summed over patterns up to
    exchanges of qubits that change neither state. For singlet patterns it is the most that
    any measurement of two copies achieves where every sample is under fresh local
    unitaries.

    Args:
        a: State of class 0.
        b: State of class 1, as frequent.
        singlet: See ``pattern_chances``.
        triplet: See ``pattern_chances``.

    Returns:
        None where more than 8192 patterns differ by more than an exchange.
    """
    lengths = symmetric_blocks(a, b)
    if prod(length + 1 for length in lengths) > MAX_ORBITS:
        return None
    weights = list(product(*(range(length + 1) for length in lengths)))
    patterns = np.array([_first_ones(row, lengths) for row in weights])
    sizes = np.array([prod(map(comb, lengths, row)) for row in weights], dtype=float)
    chances = [pattern_chances(state, patterns, singlet, triplet) for state in (a, b)]
    return 0.5 + 0.25 * float(sizes @ np.abs(chances[0] - chances[1]))


def _first_ones(weights: tuple[int, ...], lengths: list[int]) -> list[int]:
    """Return a pattern with so many ones at the start of each block."""
    pairs = zip(weights, lengths, strict=True)
    return [int(place < weight) for weight, length in pairs for place in range(length)]


def estimated_optimum(
    a: State, b: State, n_shots: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the best accuracy from one pattern, estimated, and its standard error.

    TV = E|p - q|/(p + q) over patterns drawn from both laws in turn, each with its exact
    probabilities p and q: a bounded quantity, whatever the width.

    Args:
        a: State of class 0.
        b: State of class 1.
        n_shots: Patterns drawn from each law.
        rng: Source of the randomness.
    """
    shares = []
    for state in (a, b):
        patterns = singlet_patterns(state, n_shots, rng)
        p, q = pattern_chances(a, patterns), pattern_chances(b, patterns)
        shares.append(np.abs(p - q) / (p + q))
    error = np.hypot(*(share.std(ddof=1) for share in shares)) / np.sqrt(n_shots)
    return 0.5 + 0.25 * float(sum(share.mean() for share in shares)), 0.25 * float(error)
