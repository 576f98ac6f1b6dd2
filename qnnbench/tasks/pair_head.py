"""The head of the two-copy network: logistic regression on what the symbols of a pair show."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_REGULARISATION = 100.0  # scikit-learn's C: the features' weights are nearly free
_REACH = 6  # qubits on either side of the seam between last and first that intervals may cover


@dataclass(frozen=True)
class Alphabet:
    """What stands in the symbols of a pair.

    Attributes:
        n_symbols: How many there are: 4, or 2 for bits.
        singlet: The one that is most likely on a singlet.
    """

    n_symbols: int
    singlet: int


def statistics(symbols: np.ndarray, alphabet: Alphabet) -> np.ndarray:
    """Return seven numbers per symbol that the head reads of one pair of copies.

    Count and its square, whether there is none, how often it stands on two and on three
    neighbours, and the parity of the count: of all qubits and of the left half.

    Args:
        symbols: Shape (..., n_qubits).
        alphabet: What they are.

    Returns:
        Float64 (..., 7 n_symbols).
    """
    parts = []
    for symbol in range(alphabet.n_symbols):
        seen = symbols == symbol
        count, left = seen.sum(-1), seen[..., : seen.shape[-1] // 2].sum(-1)
        twos = seen[..., 1:] & seen[..., :-1]
        threes = twos[..., 1:] & seen[..., :-2]
        parity = [1 - 2 * (number % 2) for number in (count, left)]
        parts += [count, count**2, count == 0, twos.sum(-1), threes.sum(-1), *parity]
    return np.stack(parts, axis=-1).astype(float)


def seam_parities(symbols: np.ndarray, alphabet: Alphabet) -> np.ndarray:
    """Return the parity of singlets in every interval near the ends, as on a ring.

    The last six qubits and then the first six are read as a line (all qubits of 12 or
    fewer), and each of its intervals gives 1 or -1. Where the symbol is the singlet, the
    mean is the purity of that interval: a path and a ring, which differ in the bond between
    the last qubit and the first, differ here alone.

    Returns:
        Float64 (..., k (k + 1)/2), of k = min(12, n_qubits) or one fewer.
    """
    reach = min(_REACH, symbols.shape[-1] // 2)
    line = np.concatenate([symbols[..., -reach:], symbols[..., :reach]], axis=-1)
    signs = np.where(line == alphabet.singlet, -1.0, 1.0)
    parts = [np.cumprod(signs[..., start:], axis=-1) for start in range(2 * reach)]
    return np.concatenate(parts, axis=-1)


def statistics_and_seam(symbols: np.ndarray, alphabet: Alphabet) -> np.ndarray:
    """Return ``statistics`` and ``seam_parities``."""
    return np.concatenate(
        [statistics(symbols, alphabet), seam_parities(symbols, alphabet)], axis=-1
    )


READINGS: dict[str, Callable[[np.ndarray, Alphabet], np.ndarray]] = {
    "statistics": statistics,
    "statistics and seam": statistics_and_seam,
}


@dataclass(frozen=True)
class Head:
    """Logistic regression on one pair; what the pairs of a sample say adds up.

    Attributes:
        reading: What is read of a pair, a key of ``READINGS``.
        alphabet: What the symbols are.
        weights: One per feature.
        bias: Added per pair.
    """

    reading: str
    alphabet: Alphabet
    weights: np.ndarray
    bias: float

    @classmethod
    def fit(
        cls, symbols: np.ndarray, labels: np.ndarray, reading: str, alphabet: Alphabet
    ) -> "Head":
        """Return the head of pairs' symbols (n_pairs, n_qubits) and labels."""
        from sklearn.linear_model import LogisticRegression

        features = READINGS[reading](symbols, alphabet)
        centre, scale = features.mean(axis=0), features.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        model = LogisticRegression(C=_REGULARISATION, max_iter=2000)
        model.fit((features - centre) / scale, labels)
        weights = model.coef_[0] / scale
        bias = float(model.intercept_[0] - weights @ centre)
        return cls(reading, alphabet, weights, bias)

    def correct(self, symbols: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return whether samples are told right, from symbols (n_samples, n_pairs, n_qubits)."""
        features = READINGS[self.reading](symbols, self.alphabet)
        evidence = (features @ self.weights + self.bias).sum(axis=1)
        return np.asarray((evidence > 0) == (labels == 1))


def chosen_head(
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    alphabet: Alphabet,
) -> tuple[Head, float]:
    """Return the head of the reading that does best on validation pairs, and how it does.

    Args:
        train: Symbols (n_pairs, n_qubits) and labels that heads are fitted to.
        validation: Others, that choose between the readings.
        alphabet: What the symbols are.
    """
    heads = [Head.fit(*train, reading, alphabet) for reading in READINGS]
    symbols, labels = validation
    shares = [float(head.correct(symbols[:, None], labels).mean()) for head in heads]
    best = int(np.argmax(shares))
    return heads[best], shares[best]
