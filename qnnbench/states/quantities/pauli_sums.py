"""Translated sums of Pauli words, and their mean and variance straight from the words."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from qnnbench.states.mps import MPS, PAULIS

PauliWords = Mapping[str, float | Sequence[float] | np.ndarray]

_Pairs = defaultdict[tuple[str, str], np.ndarray | float]

_BEFORE = "before"  # no letter of the word yet; "" once all are placed


def placed(word: str, coefficient: float | Sequence[float] | np.ndarray, n: int) -> np.ndarray:
    """Return the coefficient of ``word`` starting at each of ``n`` sites, float64 (n,).

    Args:
        word: Pauli letters of neighbours, such as "ZXZ".
        coefficient: One for all places, or one per place, of which there are
            n - len(word) + 1: words that would stick out at the end do not occur.
        n: Number of qubits.

    Raises:
        ValueError: A letter other than I, X, Y, Z, or coefficients for other places.
    """
    if not word or set(word) - set(PAULIS):
        raise ValueError(f"a Pauli word consists of the letters I, X, Y and Z, got {word!r}")
    found, n_places = np.asarray(coefficient, dtype=float), max(n - len(word) + 1, 0)
    if found.shape not in ((), (n_places,)):
        raise ValueError(
            f"{word!r} has {n_places} places on {n} qubits; give one coefficient or one for "
            f"each place, got shape {found.shape}"
        )
    return np.append(np.broadcast_to(found, n_places), np.zeros(n - n_places))


def _steps(words: PauliWords, n: int) -> dict[str, list[tuple[str, np.ndarray, str]]]:
    """Return, per state of the word automaton, its (letter, factor by site, next state)."""
    ones = np.ones(n)
    steps = {_BEFORE: [("I", ones, _BEFORE)], "": [("I", ones, "")]}
    for word, coefficient in words.items():
        steps[_BEFORE].append((word[0], placed(word, coefficient, n), word[1:]))
        for start in range(1, len(word)):
            steps[word[start:]] = [(word[start], ones, word[start + 1 :])]
    return steps


def energy_moments(state: MPS, words: PauliWords) -> tuple[float, float]:
    """Return <H> and <H²> - <H>² of H = Σ_words Σ_i coefficient_i word at sites i, i+1, ….

    Two automata, one for each factor of H², walk along the chain; every pair of their
    states carries one environment. Rounding leaves about 1e-15 <H>² on the variance.

    Args:
        state: The state.
        words: Pauli words such as "ZXZ" to real coefficients, see ``placed``.

    Raises:
        ValueError: See ``placed``.
    """
    steps = _steps(words, state.n_qubits)
    pairs = {(_BEFORE, _BEFORE): np.ones((1, 1))}  # (bra word, ket word) to [bra, ket] bonds
    for site, tensor in enumerate(state.tensors):
        acted = {p: np.einsum("st,atb->asb", matrix, tensor) for p, matrix in PAULIS.items()}
        halfway: _Pairs = defaultdict(float)
        for (below, above), environment in pairs.items():
            for letter, factor, following in steps[above]:
                carried = np.tensordot(environment, acted[letter], 1)
                seen = halfway[below, following]
                halfway[below, following] = seen + factor[site] * carried
        through: _Pairs = defaultdict(float)
        for (below, above), half in halfway.items():
            for letter, factor, following in steps[below]:
                carried = np.tensordot(acted[letter].conj(), half, ([0, 1], [0, 1]))
                seen = through[following, above]
                through[following, above] = seen + factor[site] * carried
        pairs = {key: np.asarray(environment) for key, environment in through.items()}
    energy = float(pairs[_BEFORE, ""][0, 0].real)
    return energy, float(pairs["", ""][0, 0].real) - energy**2
