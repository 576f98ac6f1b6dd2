"""Moment channels: how random gates move Pauli strings, squares of them, or pairs.

A channel is a float64 matrix [out, in] over the letters on one site or two, in the
Heisenberg picture. What the letters are is the alphabet: one string (first moments), two
equal strings (second moments on the diagonal chain) or a pair of strings.
"""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import product

import numpy as np

from qnnbench.circuits.angles import AngleLaw
from qnnbench.moments.pauli_circuit import Clifford, Gate, Harmonics, OtherGate

GRAY = np.array([0, 1, 3, 2])  # letter <-> two symplectic bits, its own inverse
# Letters multiply, up to phase, as their bits add.
PRODUCT = GRAY[GRAY[:, None] ^ GRAY[None, :]]
ANTICOMMUTES = (PRODUCT != 0) & (np.arange(4)[:, None] != 0) & (np.arange(4)[None, :] != 0)
ROUNDING = 1e-15


class Alphabet(Enum):
    """What the letters of a chain stand for; the value is their number."""

    MEAN = "P"
    STRINGS = "P⊗P"
    PAIRS = "P⊗Q"

    @property
    def size(self) -> int:
        """Letters on one site; letter 0 is the identity."""
        return 16 if self is Alphabet.PAIRS else 4


@dataclass(frozen=True, eq=False)
class Factor:
    """One gate of a block, as its channel sees it; made by :func:`factor`, equal only to itself.

    Attributes:
        offsets: Its positions inside the block: (0,), (1,) or (0, 1).
        harmonics: How it moves strings; None for a Haar-random gate.
        law: Of its angle; None for a gate without one.
        is_simple: Whether two equal strings stay a classical chain gate by gate.
    """

    offsets: tuple[int, ...]
    harmonics: Harmonics | None
    law: AngleLaw | None
    is_simple: bool


@dataclass(frozen=True)
class BlockChannel:
    """The channel of a block of gates and, per angle, of its derivative.

    Attributes:
        total: Shape (d, d), [out, in].
        derivatives: Shape (n_angles, d, d), in Heisenberg order: ``total`` with one gate
            replaced by its derivative with respect to its symbol.
    """

    total: np.ndarray
    derivatives: np.ndarray


def factor(gate: Gate, offsets: tuple[int, ...], law: AngleLaw | None) -> Factor:
    """Return what the channel of ``gate`` depends on; ``law`` of its angle, if any."""
    if isinstance(gate, Clifford):
        return _factor(offsets, gate.harmonics, None, True)
    return _factor(offsets, gate.harmonics, law, not isinstance(gate, OtherGate))


def haar_factor(n_sites: int) -> Factor:
    """Return a Haar-random gate on all sites of a block."""
    return _factor(tuple(range(n_sites)), None, None, True)


def moved_factor(f: Factor, offsets: tuple[int, ...]) -> Factor:
    """Return a factor at other positions of its block."""
    return _factor(offsets, f.harmonics, f.law, f.is_simple)


_factor = lru_cache(maxsize=None)(Factor)  # equal factors are one: quick keys


@lru_cache(maxsize=4096)
def gate_channel(
    harmonics: Harmonics, law: AngleLaw | None, alphabet: Alphabet
) -> tuple[np.ndarray, np.ndarray]:
    """Return the average of a gate over its angle, and of its derivative.

    With U†PU = Σ_f e^{ifθ} M_f P the averages of one and of two copies are
    Σ_f φ(f) M_f and Σ_fg φ(f+g) M_f ⊗ M_g, φ the characteristic function of the law; a
    derivative brings a factor if for each copy.

    Returns:
        Two float64 arrays of shape (d^k, d^k), [out, in], for k sites and d letters.

    Source:
        Derived above.
    """
    frequencies, matrices = harmonics.frequencies, harmonics.matrices
    slopes = 1j * frequencies
    shape = matrices.shape[1] if alphabet is not Alphabet.PAIRS else matrices.shape[1] ** 2
    total, derivative = np.zeros((2, shape, shape), dtype=complex)
    if alphabet is Alphabet.MEAN:
        for f, slope, m in zip(frequencies, slopes, matrices, strict=True):
            weight = _characteristic(law, f)
            total += weight * m
            derivative += weight * slope * m
    else:
        join = np.multiply if alphabet is Alphabet.STRINGS else _paired
        for (f, s, m), (g, t, n) in product(
            zip(frequencies, slopes, matrices, strict=True), repeat=2
        ):
            weight = _characteristic(law, f + g)
            if weight:
                both = join(m, n)
                total += weight * both
                derivative += weight * s * t * both
    return _snapped(total.real), _snapped(derivative.real)


def _characteristic(law: AngleLaw | None, frequency: float) -> complex:
    return 1.0 if law is None else law.characteristic(float(frequency))


def _paired(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the product of two copies over letters 4p + q on each site."""
    both = np.kron(first, second)
    if len(first) == 4:
        return both
    return both.reshape((4,) * 8).transpose(0, 2, 1, 3, 4, 6, 5, 7).reshape(256, 256)


def _snapped(matrix: np.ndarray) -> np.ndarray:
    """Return the matrix with whole numbers where they are met up to rounding."""
    whole = np.round(matrix)
    return np.where(np.abs(matrix - whole) < ROUNDING, whole, matrix) + 0.0


@lru_cache(maxsize=8)
def _haar_channel(n_sites: int, alphabet: Alphabet) -> np.ndarray:
    """Return the average over the unitary group: E[U†PU ⊗ U†QU] = δ_PQ Σ R⊗R/(4^k - 1)."""
    strings = 4**n_sites
    if alphabet is Alphabet.MEAN:
        return np.diag(np.eye(strings)[0])
    channel = np.zeros((strings, strings))
    channel[1:, 1:] = 1 / (strings - 1)
    channel[0, 0] = 1
    if alphabet is Alphabet.STRINGS:
        return channel
    pairs = np.zeros((strings**2, strings**2))
    equal = equal_pairs(n_sites)
    pairs[np.ix_(equal, equal)] = channel
    return pairs


def equal_pairs(n_sites: int) -> np.ndarray:
    """Return the indices, among pairs, of two equal strings, in the order of strings."""
    one = 5 * np.arange(4)
    return one if n_sites == 1 else (16 * one[:, None] + one).ravel()


@lru_cache(maxsize=4096)
def block_channel(n_sites: int, factors: tuple[Factor, ...], alphabet: Alphabet) -> BlockChannel:
    """Return the channel of ``factors`` applied first to last, and its derivatives.

    Prefix and suffix products give all derivatives in a number of matrix products
    linear in the number of factors. Inside a block two equal strings may part and meet
    again: unless all factors are simple, the diagonal chain takes the block's pairs.

    Args:
        n_sites: 1 or 2.
        factors: In Heisenberg order.
        alphabet: What the letters stand for.
    """
    if alphabet is Alphabet.STRINGS and not all(f.is_simple for f in factors):
        whole = block_channel(n_sites, factors, Alphabet.PAIRS)
        equal = np.ix_(equal_pairs(n_sites), equal_pairs(n_sites))
        rest = whole.derivatives[:, equal[0], equal[1]]
        return BlockChannel(whole.total[equal], rest)
    dim = alphabet.size**n_sites
    channels = [_embedded(f, n_sites, alphabet) for f in factors]
    before = [np.eye(dim)]
    for channel, _ in channels:
        before.append(channel @ before[-1])
    after = np.eye(dim)
    derivatives = []
    for k, (channel, derivative) in reversed(list(enumerate(channels))):
        if derivative is not None:
            derivatives.append(after @ derivative @ before[k])
        after = after @ channel
    return BlockChannel(before[-1], np.array(derivatives[::-1]).reshape(-1, dim, dim))


def _embedded(f: Factor, n_sites: int, alphabet: Alphabet) -> tuple[np.ndarray, np.ndarray | None]:
    """Return channel and derivative of one factor on all sites of its block."""
    if f.harmonics is None:
        return _on_block(_haar_channel(len(f.offsets), alphabet), f.offsets, n_sites), None
    channel, derivative = gate_channel(f.harmonics, f.law, alphabet)
    channel = _on_block(channel, f.offsets, n_sites)
    return channel, None if f.law is None else _on_block(derivative, f.offsets, n_sites)


def _on_block(matrix: np.ndarray, offsets: tuple[int, ...], n_sites: int) -> np.ndarray:
    if len(offsets) == n_sites:
        return matrix
    idle = np.eye(len(matrix))
    return np.kron(matrix, idle) if offsets == (0,) else np.kron(idle, matrix)
