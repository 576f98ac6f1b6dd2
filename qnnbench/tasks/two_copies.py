"""The two-copy network: one shared block per pair of qubits, and what is read and minimised.

Qubit k of copy 1 and qubit k of copy 2 meet in a two-qubit block V of 15 angles, the same
for every k, and both are read: a symbol 0 … 3 per pair. Under random local unitaries
symbol k has probability q_k = |<k|V|singlet>|² on a singlet and (1 - q_k)/3 on a triplet.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from qnnbench.circuits.program import Program
from qnnbench.states.mps import State
from qnnbench.states.quantities.singlets import BELL, SINGLET, measured_pairs, pair_optimum

N_SYMBOLS = 4
N_ANGLES = 15
SEPARATE = np.eye(4)  # the block of copies that are measured separately

_CHUNK_SAMPLES = 1024  # whose unitaries are held at once
_REGULARISATION = 100.0  # scikit-learn's C: the features' weights are nearly free

Unitaries = Callable[[tuple[int, ...], np.random.Generator], np.ndarray]


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
    pairs under the same ones, whose triplets are correlated: ``turned_symbols`` is.

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


def turned_symbols(
    states: tuple[State, State],
    unitaries: Unitaries,
    block: np.ndarray,
    shape: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the symbols of samples of both classes, each under unitaries of its own.

    Unitaries are drawn, the copies are turned by them, meet in the block and are read.
    Equal ``rng`` and shape give the same samples to any block.

    Args:
        states: States of classes 0 and 1.
        unitaries: Maps (shape, rng) to so many unitaries; an entry of ``UNITARIES``.
        block: V, shape (4, 4).
        shape: Samples of each class, and pairs of copies of each sample.
        rng: Source of the randomness.

    Returns:
        Symbols, uint8 (2 · n_samples, n_pairs, n_qubits), and labels, int64; class 0 first.
    """
    n_samples, n_pairs = shape
    found = []
    for state in states:
        for start in range(0, n_samples, _CHUNK_SAMPLES):
            size = min(_CHUNK_SAMPLES, n_samples - start)
            turns = unitaries((size, state.n_qubits), rng)
            twice = np.einsum("zqac,zqbd->zqabcd", turns, turns).reshape(*turns.shape[:2], 4, 4)
            found.append(measured_pairs(state, block @ twice, n_pairs, rng))
    return np.concatenate(found), np.repeat([0, 1], n_samples)


def covariances(symbols: np.ndarray) -> np.ndarray:
    """Return 12 times the mean covariance of "symbol k here" between two qubits, per k.

    Needs no labels. For GHZ states and dephased ones its mean is 3/4 η_k², with
    η_k = (4 q_k - 1)/3; the sum over k is at most 1, reached where one symbol is the
    singlet.

    Args:
        symbols: Of n_shots >= 2 pairs, shape (n_shots, n_qubits).

    Returns:
        Float64 (4,), unbiased.
    """
    n_shots, n_qubits = symbols.shape
    seen = [symbols == k for k in range(N_SYMBOLS)]
    together = np.array([hits.sum(axis=1).var(ddof=1) for hits in seen])
    rates = np.array([hits.mean(axis=0) for hits in seen])
    alone = np.sum(rates * (1 - rates), axis=1) * n_shots / (n_shots - 1)
    return 12 * (together - alone) / (n_qubits * (n_qubits - 1))


def low_count(symbols: np.ndarray, symbol: int) -> float:
    """Return how often a symbol is seen, per qubit, in shots that have it on n/8 or fewer.

    Half of all pairs of GHZ states and of dephased ones show no singlet, the others about
    n/4. So this is the rate (1 - q)/3 at which triplets pass for a singlet, up to the few
    patterns between: least where the symbol is the singlet. It does not depend on how many
    shots showed none, which would be noise.
    """
    counts = (symbols == symbol).sum(axis=1)
    most = max(symbols.shape[1] // 8, 1)
    low = counts[counts <= most]
    return float(low.mean() if len(low) else most) / symbols.shape[1]


def statistics(symbols: np.ndarray, n_symbols: int = N_SYMBOLS) -> np.ndarray:
    """Return seven numbers per symbol that the head reads of one pair of copies.

    Count and its square, whether there is none, how often it stands on two and on three
    neighbours, and the parity of the count: of all qubits and of the left half.

    Args:
        symbols: Shape (..., n_qubits).
        n_symbols: How many there are: 4, or 2 for bits.

    Returns:
        Float64 (..., 7 n_symbols).
    """
    parts = []
    for symbol in range(n_symbols):
        seen = symbols == symbol
        count, left = seen.sum(-1), seen[..., : seen.shape[-1] // 2].sum(-1)
        twos = seen[..., 1:] & seen[..., :-1]
        threes = twos[..., 1:] & seen[..., :-2]
        parity = [1 - 2 * (number % 2) for number in (count, left)]
        parts += [count, count**2, count == 0, twos.sum(-1), threes.sum(-1), *parity]
    return np.stack(parts, axis=-1).astype(float)


@dataclass(frozen=True)
class Head:
    """Logistic regression on the statistics of one pair; pairs of a sample add up.

    Attributes:
        weights: One per statistic.
        bias: Added per pair.
    """

    weights: np.ndarray
    bias: float

    @classmethod
    def fit(cls, features: np.ndarray, labels: np.ndarray) -> "Head":
        """Return the head of pairs' features (n_pairs, n_features) and labels."""
        from sklearn.linear_model import LogisticRegression

        centre, scale = features.mean(axis=0), features.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        model = LogisticRegression(C=_REGULARISATION, max_iter=2000)
        model.fit((features - centre) / scale, labels)
        weights = model.coef_[0] / scale
        return cls(weights, float(model.intercept_[0] - weights @ centre))

    def correct(self, features: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return whether samples are told right, from features (n_samples, n_pairs, …)."""
        evidence = (features @ self.weights + self.bias).sum(axis=1)
        return np.asarray((evidence > 0) == (labels == 1))


def block_optimum(states: tuple[State, State], block: np.ndarray) -> float | None:
    """Return the best accuracy on one pair from "most singlet-like symbol here or not".

    Exact: no shot, no head. It is the optimum of two copies iff that symbol is the singlet.

    Returns:
        None where the sum has too many terms, see ``pair_optimum``.
    """
    overlap = float(singlet_overlaps(block).max())
    return pair_optimum(*states, singlet=overlap, triplet=(1 - overlap) / 3)


def xor_optimum(states: tuple[State, State]) -> float | None:
    """Return the best accuracy on one pair whose copies give bits separately, XORed.

    1/2 + (2/3)^n/8 for GHZ against its dephased mixture.

    Returns:
        None where the sum has too many terms, see ``pair_optimum``.
    """
    return pair_optimum(*states, singlet=1.0, triplet=1 / 3)


def xor_statistics(symbols: np.ndarray) -> np.ndarray:
    """Return ``statistics`` of the XOR of the bits that ``SEPARATE`` copies give per qubit.

    Args:
        symbols: Shape (..., n_qubits), as ``SEPARATE`` gives them: 2 · (bit of copy 1) + bit
            of copy 2.

    Returns:
        Float64 (..., 14).
    """
    return statistics((symbols >> 1) ^ (symbols & 1), n_symbols=2)
