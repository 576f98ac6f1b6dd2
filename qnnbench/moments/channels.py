"""Second-moment channels: how random gates move squared Pauli coefficients.

A channel is a float64 matrix [out, in] over the strings on one site (4) or two (16), in
the Heisenberg picture. Two copies P⊗P of one string stay a pair of equal strings under
every gate, so the squared coefficients move as a classical Markov chain.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from qnnbench.moments.pauli_circuit import Clifford, Gate

GRAY = np.array([0, 1, 3, 2])  # letter <-> two symplectic bits, its own inverse
# Letters multiply, up to phase, as their bits add.
PRODUCT = GRAY[GRAY[:, None] ^ GRAY[None, :]]
ANTICOMMUTES = (PRODUCT != 0) & (np.arange(4)[:, None] != 0) & (np.arange(4)[None, :] != 0)


@dataclass(frozen=True)
class Factor:
    """One gate of a block, as its channel sees it.

    Attributes:
        offsets: Its positions inside the block: (0,), (1,) or (0, 1).
        generator: Letters of a rotation; empty for a Clifford gate.
        cos_squared: E[cos²φ] of the rotation angle; 1 for a Clifford gate.
        image: Images of strings under a Clifford gate; empty for a rotation.
    """

    offsets: tuple[int, ...]
    generator: tuple[int, ...] = ()
    cos_squared: float = 1.0
    image: tuple[int, ...] = ()


@dataclass(frozen=True)
class BlockChannel:
    """The channel of a block of gates and, per rotation, of its derivative.

    Attributes:
        total: Shape (d, d), [out, in].
        derivatives: Shape (n_rotations, d, d), in Heisenberg order: ``total`` with one
            rotation replaced by its derivative with respect to its angle.
    """

    total: np.ndarray
    derivatives: np.ndarray


def factor(gate: Gate, offsets: tuple[int, ...], cos_squared: float) -> Factor:
    """Return what the channel of ``gate`` depends on; ``cos_squared`` if it rotates."""
    if isinstance(gate, Clifford):
        return Factor(offsets, image=gate.image)
    return Factor(offsets, gate.generator, cos_squared)


def rotation_channel(
    generator: tuple[int, ...], cos_squared: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the channel of exp(-iφG/2) and that of its derivative.

    A string that anticommutes with G becomes P cos φ + iGP sin φ, one that commutes
    stays. With E[sin φ cos φ] = 0 the squares move by E[cos²φ] and E[sin²φ]. The
    derivative -P sin φ + iGP cos φ swaps the two and kills strings that commute.

    Args:
        generator: Letters of G, one or two.
        cos_squared: E[cos²φ]; 1/2 for a uniform angle.

    Returns:
        Two float64 arrays of shape (4^k, 4^k), [out, in], k the number of letters.

    Source:
        Derived above; the diagonal of the t = 2 moment operator.
    """
    channel = np.eye(4 ** len(generator))
    derivative = np.zeros_like(channel)
    for letters in product(range(4), repeat=len(generator)):
        if np.logical_xor.reduce(ANTICOMMUTES[generator, letters]):
            here, there = string_index(letters), string_index(PRODUCT[generator, letters])
            channel[[here, there], here] = cos_squared, 1 - cos_squared
            derivative[[here, there], here] = 1 - cos_squared, cos_squared
    return channel, derivative


def clifford_channel(image: tuple[int, ...]) -> np.ndarray:
    """Return the permutation matrix [out, in] of a Clifford gate; signs square away."""
    channel = np.zeros((len(image), len(image)))
    channel[list(image), range(len(image))] = 1
    return channel


def string_index(letters: tuple[int, ...] | np.ndarray) -> int:
    """Return the index of a string on one or two sites: a, or 4a + b."""
    return int(np.dot(letters, 4 ** np.arange(len(letters))[::-1]))


@lru_cache(maxsize=4096)
def block_channel(n_sites: int, factors: tuple[Factor, ...]) -> BlockChannel:
    """Return the channel of ``factors`` applied first to last, and its derivatives.

    Prefix and suffix products give all derivatives in a number of matrix products
    linear in the number of factors.

    Args:
        n_sites: 1 or 2.
        factors: In Heisenberg order.
    """
    dim = 4**n_sites
    channels = [_embedded(f, n_sites) for f in factors]
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


def _embedded(f: Factor, n_sites: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Return channel and derivative of one factor on all sites of its block."""
    if f.image:
        return _on_block(clifford_channel(f.image), f.offsets, n_sites), None
    channel, derivative = rotation_channel(f.generator, f.cos_squared)
    return (
        _on_block(channel, f.offsets, n_sites),
        _on_block(derivative, f.offsets, n_sites),
    )


def _on_block(matrix: np.ndarray, offsets: tuple[int, ...], n_sites: int) -> np.ndarray:
    if len(offsets) == n_sites:
        return matrix
    return np.kron(matrix, np.eye(4)) if offsets == (0,) else np.kron(np.eye(4), matrix)
