"""Guessing a label from one outcome: one copy of the state, one observable, measured once."""

from dataclasses import dataclass

import cirq
import numpy as np

from qnnbench.circuits.ansatze import Network
from qnnbench.circuits.observables import Projector, SiteObservable, on_sites
from qnnbench.tasks.losses import readout_observables


def outcome_ranges(network: Network) -> np.ndarray:
    """Return the lower and upper outcome of each readout observable, (n_observables, 2).

    A Pauli string gives ±its coefficient, a projector 0 or its coefficient. Of a sum of
    Pauli strings c_0 + Σ c_k P_k one shot measures one string, drawn with probability
    |c_k| / Σ|c_k|, and gives c_0 ± Σ|c_k|: two outcomes whose mean is the sum's.
    """
    sites: dict[cirq.Qid, int] = {
        q: i for i, q in enumerate(cirq.LineQubit.range(network.n_qubits))
    }
    reads = [on_sites(observable, sites) for observable in readout_observables(network)]
    return np.array([_range(read) for read in reads])


def _range(observable: SiteObservable) -> tuple[float, float]:
    if isinstance(observable, Projector):
        return min(observable.coefficient, 0.0), max(observable.coefficient, 0.0)
    terms = list(zip(observable.coefficients, observable.strings, strict=True))
    centre = sum(coefficient for coefficient, string in terms if not string)
    reach = sum(abs(coefficient) for coefficient, string in terms if string)
    return centre - reach, centre + reach


@dataclass(frozen=True)
class OneShot:
    """The guess: class 1 on one outcome of one observable, class 0 on the other.

    Attributes:
        column: The observable, the one whose outcome tells the training classes apart best.
            One copy allows one: the Paulis of one qubit do not commute.
        lower, upper: Its two outcomes.
        rises: Whether the upper outcome means class 1.
    """

    column: int
    lower: float
    upper: float
    rises: bool

    @classmethod
    def fit(cls, features: np.ndarray, labels: np.ndarray, ranges: np.ndarray) -> "OneShot":
        """Return the guess of training means (n_states, n_features) of observables."""
        difference = features[labels == 1].mean(axis=0) - features[labels == 0].mean(axis=0)
        lift = difference / (ranges[:, 1] - ranges[:, 0])
        column = int(np.argmax(np.abs(lift)))
        lower, upper = ranges[column].tolist()
        return cls(column, lower, upper, rises=bool(lift[column] > 0))

    def probability(self, features: np.ndarray) -> np.ndarray:
        """Return how likely each state is guessed to be of class 1, (n_states,)."""
        upper = (features[:, self.column] - self.lower) / (self.upper - self.lower)
        upper = np.clip(upper, 0.0, 1.0)  # truncated means may lie outside
        return upper if self.rises else 1 - upper

    def success(self, features: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return the probability that the guess is right for each state, (n_states,)."""
        probability = self.probability(features)
        return np.where(labels == 1, probability, 1 - probability)

    def correct(self, features: np.ndarray, labels: np.ndarray, draws: np.ndarray) -> np.ndarray:
        """Return whether one shot's guess is right, bool (n_states,).

        Args:
            features: Means of the observables, (n_states, n_features).
            labels: 0 or 1, (n_states,).
            draws: Uniform on [0, 1), one per state: they settle the outcomes.
        """
        return (draws < self.probability(features)) == (labels == 1)
