"""The two-copy network: one shared block per pair of qubits, and the symbols read from it.

Qubit k of copy 1 and qubit k of copy 2 meet in a two-qubit block V of 15 angles, the same
for every k, and both are read: a symbol 0 … 3 per pair. Under random local unitaries
symbol k has probability q_k = |<k|V|singlet>|² on a singlet and (1 - q_k)/3 on a triplet.
"""

from functools import cache

import numpy as np

from qnnbench.circuits.program import Program
from qnnbench.states.mps import State
from qnnbench.states.quantities.pair_shots import BELL, SINGLET
from qnnbench.states.quantities.singlet_weights import shuffled_optimum
from qnnbench.states.quantities.singlets import pair_optimum

N_SYMBOLS = 4
N_ANGLES = 15
SEPARATE = np.eye(4)  # the block of copies that are measured separately


@cache
def _pair_block() -> Program:
    import cirq

    from qnnbench.circuits.ansatze import SymbolTable, block
    from qnnbench.circuits.program import compile_circuit

    symbol = SymbolTable()
    circuit = cirq.Circuit(block(symbol, "v", *cirq.LineQubit.range(2)))
    return compile_circuit(circuit, symbol.all())


def block_unitary(angles: np.ndarray) -> np.ndarray:
    """Return the shared block V at 15 angles in radians, complex128 (4, 4).

    The 15-angle block of ``qnnbench.circuits.ansatze``, compiled from Cirq.
    """
    return np.asarray(_pair_block().unitaries(np.asarray(angles, dtype=float))[0])


def singlet_overlaps(block: np.ndarray) -> np.ndarray:
    """Return q_k = |<k|V|singlet>|², float64 (4,), of a block V of shape (4, 4)."""
    return np.abs(block @ BELL[SINGLET]) ** 2


def symbols_of(patterns: np.ndarray, overlaps: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the symbols of pairs whose singlet patterns are known.

    Exactly the law of one pair under fresh local unitaries. It is not that of several
    pairs under the same ones, whose triplets are correlated;
    ``PairSamples`` have theirs.

    Args:
        patterns: 1 for a singlet, any shape.
        overlaps: q_k, see ``singlet_overlaps``.
        rng: Source of the randomness.

    Returns:
        Uint8 array of that shape.
    """
    below = np.cumsum([(1 - overlaps) / 3, overlaps], axis=1)[:, :-1]
    levels = rng.random(patterns.shape)
    thresholds = below[patterns.astype(int)]
    return (levels[..., None] >= thresholds).sum(axis=-1).astype(np.uint8)


def pair_accuracy(
    states: tuple[State, State], singlet: float, triplet: float, shuffled: bool = False
) -> float | None:
    """Return the best accuracy on one pair whose bits tell singlets from triplets so well.

    Exact: no shot, no head.

    Args:
        states: States of classes 0 and 1.
        singlet: Chance that a singlet is read as 1.
        triplet: Chance that a triplet is read as 1.
        shuffled: Whether the qubits of every sample stand in a hidden order.

    Returns:
        None where the sum has too many terms, see ``pair_optimum``; never if shuffled.
    """
    best = shuffled_optimum if shuffled else pair_optimum
    return best(*states, singlet=singlet, triplet=triplet)


def block_optimum(
    states: tuple[State, State], block: np.ndarray, shuffled: bool = False
) -> float | None:
    """Return ``pair_accuracy`` of "most singlet-like symbol here or not".

    It is the optimum of two copies iff that symbol is the singlet.
    """
    overlap = float(singlet_overlaps(block).max())
    return pair_accuracy(states, overlap, (1 - overlap) / 3, shuffled)


def xor_optimum(states: tuple[State, State], shuffled: bool = False) -> float | None:
    """Return ``pair_accuracy`` of copies that give bits separately, XORed.

    1/2 + (2/3)^n/8 for GHZ against its dephased mixture, in hidden order too.
    """
    return pair_accuracy(states, 1.0, 1 / 3, shuffled)


def xor_bits(symbols: np.ndarray) -> np.ndarray:
    """Return the XOR of the two bits of each symbol, as ``SEPARATE`` gives them.

    Args:
        symbols: 2 · (bit of copy 1) + bit of copy 2, any shape.
    """
    return np.asarray((symbols >> 1) ^ (symbols & 1))
