"""Decoding the surface code: did the errors flip the logical Z, given what the checks saw?

Every data qubit is flipped (X) with the same probability, the checks are read without error:
the setting in which minimum-weight matching is at its best. Phase flips are its mirror image
and are left out. Qubits and checks are those of ``states.families.surface_code``.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qnnbench.states.families.surface_code import checks, logical

MAX_CHECKS = 14  # of which every syndrome is enumerated: distance 5 has 12, distance 7 has 24


class NoMatching(ImportError):  # noqa: N818 - says what is missing
    """The optional package that matches is not installed."""


@dataclass(frozen=True)
class Shots:
    """What a decoder is given, and what it has to say.

    Attributes:
        syndromes: The checks, 1 where violated, uint8 (n_shots, n_checks).
        flips: Whether the errors flip the logical Z, uint8 (n_shots,).
    """

    syndromes: np.ndarray
    flips: np.ndarray


@dataclass(frozen=True)
class BitFlips:
    """Independent bit flips on a surface code.

    Attributes:
        distance: d; the code has d² qubits.
        error_rate: Probability p of a flip of each of them.

    Raises:
        ValueError: A distance below 3 or a rate outside (0, 1/2).
    """

    distance: int
    error_rate: float

    def __post_init__(self) -> None:
        if self.distance < 3 or not 0 < self.error_rate < 0.5:
            raise ValueError(
                f"needs a distance >= 3 and an error rate in (0, 1/2), got {self.distance} and "
                f"{self.error_rate!r}"
            )

    @cached_property
    def checks(self) -> np.ndarray:
        """The Z checks, which see flips: 1 where they act, uint8 (n_checks, n_qubits)."""
        return np.array([self._row(qubits) for qubits in checks(self.distance, "Z")])

    @cached_property
    def logical(self) -> np.ndarray:
        """The logical Z, the first row of the square, uint8 (n_qubits,)."""
        return self._row(logical(self.distance, "Z"))

    def _row(self, qubits: list[int]) -> np.ndarray:
        return np.isin(np.arange(self.distance**2), qubits).astype(np.uint8)

    def shots(self, n_shots: int, rng: np.random.Generator) -> Shots:
        """Return so many independent shots."""
        errors = (rng.random((n_shots, self.distance**2)) < self.error_rate).astype(np.uint8)
        return Shots(errors @ self.checks.T % 2, errors @ self.logical % 2)

    @property
    def uncorrected_accuracy(self) -> float:
        """P(no flip) = (1 + (1 - 2p)^d)/2: the logical Z read as it is, checks not looked at."""
        return 0.5 + 0.5 * (1 - 2 * self.error_rate) ** self.distance

    @property
    def is_enumerable(self) -> bool:
        """Whether ``law`` can be had."""
        return len(self.checks) <= MAX_CHECKS

    @cached_property
    def law(self) -> np.ndarray:
        """P(flip, syndrome), exact, float64 (2, 2^n_checks); check 0 is the highest bit.

        Its Fourier transform over bits is the mean of the parity of any set of rows, logical
        and checks, which is (1 - 2p)^w, w the number of qubits in oddly many of them.

        Raises:
            ValueError: More than 14 checks.
        """
        if not self.is_enumerable:
            raise ValueError(
                f"distance {self.distance} has {len(self.checks)} checks; every syndrome is "
                f"enumerated up to {MAX_CHECKS}"
            )
        sums = np.zeros((1, self.distance**2), dtype=np.uint8)
        for row in (self.logical, *self.checks):
            sums = np.stack([sums, sums ^ row], axis=1).reshape(-1, len(row))
        law = (1 - 2 * self.error_rate) ** sums.sum(axis=1).astype(float)
        law = law.reshape((2,) * (len(self.checks) + 1))
        for axis in range(law.ndim):
            even, odd = np.split(law, 2, axis=axis)
            law = np.concatenate([even + odd, even - odd], axis=axis) / 2
        return law.reshape(2, -1)

    @property
    def best_accuracy(self) -> float:
        """Accuracy of the likelier answer to every syndrome: no decoder does better."""
        return float(self.law.max(axis=0).sum())

    def likelier(self, syndromes: np.ndarray) -> np.ndarray:
        """Return the likelier answer to each syndrome, uint8 (n_shots,).

        Args:
            syndromes: Uint8 (n_shots, n_checks).
        """
        places = 1 << np.arange(len(self.checks))[::-1]
        return np.argmax(self.law, axis=0).astype(np.uint8)[syndromes @ places]

    def matched(self, syndromes: np.ndarray) -> np.ndarray:
        """Return the answers of minimum-weight perfect matching, uint8 (n_shots,).

        Args:
            syndromes: Uint8 (n_shots, n_checks).

        Raises:
            NoMatching: PyMatching is not installed.

        Source:
            Dennis, Kitaev, Landahl and Preskill, J. Math. Phys. 43, 4452 (2002);
            Higgott and Gidney, Quantum 9, 1600 (2025).
        """
        try:
            import pymatching
        except ImportError as missing:
            raise NoMatching("pip install qnnbench[qec]") from missing
        weight = np.log((1 - self.error_rate) / self.error_rate)
        matching = pymatching.Matching(self.checks, weights=weight)
        return np.asarray(matching.decode_batch(syndromes) @ self.logical % 2, dtype=np.uint8)
