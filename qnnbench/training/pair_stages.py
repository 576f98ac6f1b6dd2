"""The stages in which the two-copy network is trained, and the pairs that they use up."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from qnnbench.states.families.lu_orbit import BASES
from qnnbench.states.mps import State
from qnnbench.states.quantities.pair_shots import singlet_patterns
from qnnbench.tasks.pair_losses import (
    contrasts,
    covariances,
    low_count,
    parity_error,
    rate,
)
from qnnbench.tasks.pair_samples import PairSamples
from qnnbench.tasks.two_copies import block_unitary, singlet_overlaps, symbols_of

ENGINES = ("fast", "unitaries")
_LOT = 64  # batches whose patterns are drawn at once


@dataclass(frozen=True)
class Pretext:
    """What trains the block before the head.

    Attributes:
        losses: Names of what is minimised, one per stage.
        on_products: Whether it is shown pairs of identical random product states instead of
            the two states that are to be told apart.
        signals: Maps symbols to one number per symbol, largest for the most singlet-like:
            the first stage minimises minus their sum. None: the one stage is the error
            of the parity, with labels.
        sharpened: What the second stage minimises, of the symbol with the largest signal.
    """

    losses: tuple[str, ...]
    on_products: bool
    signals: Callable[[np.ndarray], np.ndarray] | None
    sharpened: Callable[[np.ndarray, int], float] = low_count


PRETEXTS = {
    "covariance": Pretext(("covariance", "low_count"), False, covariances, low_count),
    "product": Pretext(("product_contrast", "product_rate"), True, contrasts, rate),
    "none": Pretext(("parity",), False, None),
}


class Batches:
    """Symbols of fresh pairs of copies, half of each class, and how many were used up.

    Attributes:
        n_used: Pairs so far.
    """

    def __init__(
        self,
        states: tuple[State, State],
        size: int,
        rng: np.random.Generator,
        ensemble: str | None = None,
    ) -> None:
        """Draw from the law of singlet patterns, or turn and measure real copies.

        Args:
            states: States of classes 0 and 1.
            size: Pairs per batch.
            rng: Source of the randomness.
            ensemble: A key of ``UNITARIES`` that turns the copies; None: the fast sampler,
                whose law is the same.
        """
        self._states, self._half, self._rng = states, size // 2, rng
        self._ensemble = ensemble
        self._patterns = self._drawn()
        self.n_used = 0

    def symbols(self, angles: np.ndarray) -> np.ndarray:
        """Return what the block at these angles reads of the next batch, class 0 first.

        Returns:
            Uint8 (2 · (size // 2), n_qubits).
        """
        self.n_used += 2 * self._half
        block = block_unitary(angles)
        if self._ensemble is None:
            return symbols_of(next(self._patterns), singlet_overlaps(block), self._rng)
        samples = PairSamples.drawn(self._half, 1, self._rng)
        return samples.measured(self._states, [block], self._ensemble)[0][:, 0]

    @property
    def labels(self) -> np.ndarray:
        """Classes of the pairs of any batch."""
        return np.repeat([0, 1], self._half)

    def parity_error(self, angles: np.ndarray) -> float:
        """Return ``parity_error`` of the next batch."""
        return parity_error(self.symbols(angles), self.labels)

    def _drawn(self) -> Iterator[np.ndarray]:
        """Yield singlet patterns of batches, drawn in larger lots."""
        half = self._half
        while True:
            lots = [singlet_patterns(state, _LOT * half, self._rng) for state in self._states]
            for start in range(0, _LOT * half, half):
                yield np.concatenate([lot[start : start + half] for lot in lots])


def shown(pretext: Pretext, states: tuple[State, State]) -> tuple[State, State]:
    """Return the states that a pretext is shown: these two, or a product state twice."""
    product = BASES["prod"](states[0].n_qubits)
    return (product, product) if pretext.on_products else states
