"""What the state-vector backend decides before it sees a number: order and bit layout.

The vector of a light cone grows from one end of the chain to the other: a block is applied
as soon as its sites are in and no smaller vector is still to come, so that nearly all
blocks act on short vectors. Sites that late blocks touch least get the fastest bits,
because neighbouring amplitudes then go through a gate together.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

RUN_S = 4e-6  # one state in one cone
STEP_S, GATE_S = 6e-7, 2.5e-9  # one gate, and per amplitude; forwards and backwards
SLOW_BITS, SLOW = 5, 1.6  # a gate on one of the fastest bits takes this much longer
CACHED, FAR = 2**18, 1.8  # so many amplitudes stay in the caches; a gate on more: this factor
PAIR_S, STRING_S = 2e-9, 2.5e-9  # per amplitude: a density matrix, a string, and their images
BOND_S, GROW_S = 6e-8, 5e-10  # per pair of bonds; per amplitude and bond, plus one


class Layout(NamedTuple):
    """What a light cone asks for, sites counted within it; equal layouts run together.

    Attributes:
        width: Number of qubits, at least two.
        blocks: Pairs of sites in time order; the gate on each is filled in later.
        pairs: Pairs of sites whose density matrices are read.
        strings: What is read on more than two sites: ((site, letter), …) or, where the
            flag is set, ((site, bit), …) of a projector.
    """

    width: int
    blocks: tuple[tuple[int, int], ...]
    pairs: tuple[tuple[int, int], ...]
    strings: tuple[tuple[tuple[tuple[int, int], ...], bool], ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """The steps of one layout on matrix product states of given bonds.

    Attributes:
        is_mirrored: Whether the last site enters first.
        steps: Int64 (m, 3): (slot, first, second) puts the gate of a slot on two bit
            positions; (-1, position, 0) lets the next site enter.
        bonds: Int64 (w + 1,): bond after k sites.
        starts: Int64 (w + 2,): where the vector on k sites begins, in float64 numbers.
        pairs: Int64 (p, 2): bit positions whose density matrices are read.
        strings: Int64 (s, 5): (flipped bits, signed bits, number of Y, fixed bits, their
            value); |j> goes to i^Y (-1)^|j & signed| |j ^ flipped> where j agrees with the
            fixed bits, to 0 elsewhere.
        seconds: Static estimate of one value and gradient on one state.
    """

    is_mirrored: bool
    steps: np.ndarray
    bonds: np.ndarray
    starts: np.ndarray
    pairs: np.ndarray
    strings: np.ndarray
    seconds: float

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """Steps, bonds, starts, pairs and strings, as the kernel takes them."""
        return self.steps, self.bonds, self.starts, self.pairs, self.strings


@lru_cache(maxsize=256)
def plan(layout: Layout, bonds: tuple[int, ...]) -> Plan:
    """Return the cheaper of growing from the left and from the right.

    Args:
        layout: Blocks and readings.
        bonds: Bond left of each site and right of the last, (width + 1,).
    """
    forth, back = _planned(layout, bonds, False), _planned(layout, bonds[::-1], True)
    return min(forth, back, key=lambda p: p.seconds)


def _planned(layout: Layout, bonds: tuple[int, ...], is_mirrored: bool) -> Plan:
    order = range(layout.width)[::-1] if is_mirrored else range(layout.width)
    sizes = [bond * 2**k for k, bond in enumerate(bonds)]
    rounds = _rounds(layout, order, sizes)
    ranked = _ranked(layout, order, rounds, sizes)
    steps: list[tuple[int, int, int]] = []
    seconds, bit = RUN_S, {}
    for k, new in enumerate(order, start=1):
        inside = [site for site in ranked if site in bit or site == new]
        bit = {site: position for position, site in enumerate(inside)}
        steps.append((-1, bit[new], 0))
        seconds += BOND_S * bonds[k - 1] * bonds[k] + GROW_S * (1 + bonds[k - 1]) * sizes[k]
        for slot in rounds[k]:
            first, second = (bit[site] for site in layout.blocks[slot])
            steps.append((slot, first, second))
            factor = SLOW if min(first, second) < SLOW_BITS else 1.0
            factor = max(factor, FAR) if sizes[k] > CACHED else factor
            seconds += STEP_S + GATE_S * factor * sizes[k]
    seconds += sizes[-1] * (PAIR_S * len(layout.pairs) + STRING_S * len(layout.strings))
    pairs = [(bit[first], bit[second]) for first, second in layout.pairs]
    strings = [_masks(letters, is_bits, bit) for letters, is_bits in layout.strings]
    return Plan(
        is_mirrored,
        np.array(steps, dtype=np.int64),
        np.array(bonds, dtype=np.int64),
        2 * np.cumsum([0, *sizes], dtype=np.int64),
        np.array(pairs, dtype=np.int64).reshape(-1, 2),
        np.array(strings, dtype=np.int64).reshape(-1, 5),
        seconds,
    )


def _rounds(layout: Layout, order: range, sizes: list[int]) -> list[list[int]]:
    """Return the slots to apply when k sites are in, for each k.

    A block waits while a vector still to come is shorter: the bond may close faster than
    qubits enter.
    """
    good = [k for k in range(2, len(sizes)) if sizes[k] <= min(sizes[k:])]
    rounds: list[list[int]] = [[] for _ in sizes]
    done = {site: k for k, site in enumerate(order, start=1)}
    for slot, (first, second) in enumerate(layout.blocks):
        k = next(k for k in good if k >= max(done[first], done[second]))
        done[first] = done[second] = k
        rounds[k].append(slot)
    return rounds


def _ranked(layout: Layout, order: range, rounds: list[list[int]], sizes: list[int]) -> list[int]:
    """Return the sites, fewest amplitudes touched first: the order of the bits."""
    touched = dict.fromkeys(order, 0)
    for k, slots in enumerate(rounds):
        for site in (site for slot in slots for site in layout.blocks[slot]):
            touched[site] += sizes[k]
    for site in (site for pair in layout.pairs for site in pair):
        touched[site] += sizes[-1]
    return sorted(order, key=lambda site: touched[site])


def _masks(
    letters: tuple[tuple[int, int], ...], is_projector: bool, bit: dict[int, int]
) -> tuple[int, int, int, int, int]:
    """Return flipped bits, signed bits, number of Y, fixed bits and their value."""
    if is_projector:
        return 0, 0, 0, sum(1 << bit[s] for s, _ in letters), sum(x << bit[s] for s, x in letters)
    flipped = sum(1 << bit[site] for site, letter in letters if letter in (1, 2))
    signed = sum(1 << bit[site] for site, letter in letters if letter in (2, 3))
    return flipped, signed, sum(letter == 2 for _, letter in letters), 0, 0
