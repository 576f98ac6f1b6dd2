"""Translated sums of Pauli words, and their mean and variance straight from the words."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from qnnbench.states.mps import MPS, PAULIS

PauliWords = Mapping[str, float | Sequence[float] | np.ndarray]

_Steps = dict[str, list[tuple[str, np.ndarray, str]]]
_Pairs = defaultdict[tuple[str, str], np.ndarray | float]

_BEFORE = "before"  # no letter of the word yet; "" once all are placed


def _steps(words: PauliWords, n: int) -> _Steps:
    """Return, per state of the word automaton, its (letter, factor by site, next state)."""
    ones = np.ones(n)
    steps = {_BEFORE: [("I", ones, _BEFORE)], "": [("I", ones, "")]}
    for word, coefficient in words.items():
        by_start = np.ones(n - len(word) + 1) * coefficient
        factor = np.append(by_start, ones[1 : len(word)])  # a word begun later never ends
        steps[_BEFORE].append((word[0], factor, word[1:]))
        for start in range(1, len(word)):
            steps[word[start:]] = [(word[start], ones, word[start + 1 :])]
    return steps


def energy_moments(state: MPS, words: PauliWords) -> tuple[float, float]:
    """Return <H> and <H²> - <H>² of H = Σ_words Σ_i coefficient_i word at sites i, i+1, ….

    The mean is taken from each site before squaring, so that nothing large cancels: rounding
    leaves about 1e-14 n on the variance. What DMRG makes of the words, coefficients included,
    is not used here.

    Args:
        state: The state.
        words: Pauli words such as "ZXZ" to real coefficients: one for all places i, or one
            for each of the n - len(word) + 1 that the word fits.

    Raises:
        ValueError: Coefficients for another number of places.
    """
    n = state.n_qubits
    energy = _mean(state, _steps({}, n), _BEFORE, _steps(words, n))
    level = {"I": words.get("I", 0) - energy / n * np.ones(n)}
    centred = _steps({**words, **level}, n)
    return energy, _mean(state, centred, "", centred)


def _mean(state: MPS, bra_steps: _Steps, bra_end: str, ket_steps: _Steps) -> float:
    """Return <A B> of two sums of words; ``bra_end`` before any word stands for A = 1.

    Two automata, one for each factor, walk along the chain; every pair of their states
    carries one environment.
    """
    pairs = {(_BEFORE, _BEFORE): np.ones((1, 1))}  # (bra word, ket word) to [bra, ket] bonds
    for site, tensor in enumerate(state.tensors):
        acted = {p: np.einsum("st,atb->asb", matrix, tensor) for p, matrix in PAULIS.items()}
        halfway: _Pairs = defaultdict(float)
        for (below, above), environment in pairs.items():
            for letter, factor, following in ket_steps[above]:
                carried = np.tensordot(environment, acted[letter], 1)
                seen = halfway[below, following]
                halfway[below, following] = seen + factor[site] * carried
        through: _Pairs = defaultdict(float)
        for (below, above), half in halfway.items():
            for letter, factor, following in bra_steps[below]:
                carried = np.tensordot(acted[letter].conj(), half, ([0, 1], [0, 1]))
                seen = through[following, above]
                through[following, above] = seen + factor[site] * carried
        pairs = {key: np.asarray(environment) for key, environment in through.items()}
    return float(pairs[bra_end, ""][0, 0].real)
