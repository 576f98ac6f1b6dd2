"""Mean and variance of a translated sum of Pauli words, straight from the words."""

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from qnnbench.states.mps import MPS, PAULIS

_Pairs = defaultdict[tuple[str, str], np.ndarray | float]

_BEFORE = "before"  # no letter of the word yet; "" once all are placed


def _steps(words: Mapping[str, float]) -> dict[str, list[tuple[str, float, str]]]:
    """Return, per state of the word automaton, its (letter, factor, next state)."""
    steps: dict[str, list[tuple[str, float, str]]] = {
        _BEFORE: [("I", 1.0, _BEFORE)],
        "": [("I", 1.0, "")],
    }
    for word, coefficient in words.items():
        steps[_BEFORE].append((word[0], coefficient, word[1:]))
        for start in range(1, len(word)):
            steps[word[start:]] = [(word[start], 1.0, word[start + 1 :])]
    return steps


def energy_moments(state: MPS, words: Mapping[str, float]) -> tuple[float, float]:
    """Return <H> and <H²> - <H>² of H = Σ_words coefficient Σ_i word at sites i, i+1, ….

    Two automata, one for each factor of H², walk along the chain; every pair of their
    states carries one environment. Words that would stick out at the end do not occur.

    Args:
        state: The state.
        words: Pauli words such as "ZXZ" to real coefficients.
    """
    steps = _steps(words)
    pairs = {(_BEFORE, _BEFORE): np.ones((1, 1))}  # (bra word, ket word) to [bra, ket] bonds
    for tensor in state.tensors:
        acted = {p: np.einsum("st,atb->asb", matrix, tensor) for p, matrix in PAULIS.items()}
        halfway: _Pairs = defaultdict(float)
        for (below, above), environment in pairs.items():
            for letter, factor, following in steps[above]:
                carried = np.tensordot(environment, acted[letter], 1)
                halfway[below, following] += factor * carried
        through: _Pairs = defaultdict(float)
        for (below, above), half in halfway.items():
            for letter, factor, following in steps[below]:
                carried = np.tensordot(acted[letter].conj(), half, ([0, 1], [0, 1]))
                through[following, above] += factor * carried
        pairs = {key: np.asarray(environment) for key, environment in through.items()}
    energy = float(pairs[_BEFORE, ""][0, 0].real)
    return energy, float(pairs["", ""][0, 0].real) - energy**2
