"""Guessing a label from one outcome: one copy of the state, one observable, measured once."""

from dataclasses import dataclass

import cirq
import numpy as np

from qnnbench.circuits.ansatze import Network
from qnnbench.circuits.observables import PauliTerms, Projector, SiteObservable, on_sites
from qnnbench.tasks.losses import readout_observables


@dataclass(frozen=True)
class Measurable:
    """What one shot of a network's readout can measure.

    Attributes:
        ranges: Lower and upper outcome of each readout observable, (n_observables, 2). A
            Pauli string gives ±its coefficient, a projector 0 or its coefficient. Of a sum of
            Pauli strings c_0 + Σ c_k P_k one shot measures one string, drawn with probability
            |c_k| / Σ|c_k|, and gives c_0 ± Σ|c_k|: two outcomes whose mean is the sum's.
        groups: Columns that one setting measures at will. Of a qubit whose X, Y and Z are
            read any combination of length 1 is a spin along some direction, with outcomes
            ±1; any other observable stands alone.
    """

    ranges: np.ndarray
    groups: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, network: Network) -> "Measurable":
        """Return what one shot of the network's readout can measure."""
        sites: dict[cirq.Qid, int] = {
            q: i for i, q in enumerate(cirq.LineQubit.range(network.n_qubits))
        }
        reads = [on_sites(observable, sites) for observable in readout_observables(network)]
        groups: dict[int, tuple[int, ...]] = {}
        for column, read in enumerate(reads):
            key = _spin_site(read, column)
            groups[key] = (*groups.get(key, ()), column)
        return cls(np.array([_range(read) for read in reads]), tuple(groups.values()))


def _spin_site(read: SiteObservable, column: int) -> int:
    """Return the site of a plain Pauli letter; a key of its own, below 0, for all else."""
    if isinstance(read, PauliTerms) and read.coefficients == (1.0,) and len(read.strings[0]) == 1:
        return read.sites[0]
    return -1 - column


def _range(observable: SiteObservable) -> tuple[float, float]:
    if isinstance(observable, Projector):
        return min(observable.coefficient, 0.0), max(observable.coefficient, 0.0)
    terms = list(zip(observable.coefficients, observable.strings, strict=True))
    centre = sum(coefficient for coefficient, string in terms if not string)
    reach = sum(abs(coefficient) for coefficient, string in terms if string)
    return centre - reach, centre + reach


@dataclass(frozen=True)
class OneShot:
    """The guess: class 1 on the upper outcome of one observable, class 0 on the lower one.

    Attributes:
        axis: The observable among the readout's columns, (n_features,): the one whose outcome
            tells the training classes apart best. One copy allows one: the Paulis of one
            qubit do not commute, but a spin along any direction is one of them.
        lower, upper: Its two outcomes.
    """

    axis: np.ndarray
    lower: float
    upper: float

    @classmethod
    def fit(cls, features: np.ndarray, labels: np.ndarray, allowed: Measurable) -> "OneShot":
        """Return the guess of training means (n_states, n_features) of observables."""
        difference = features[labels == 1].mean(axis=0) - features[labels == 0].mean(axis=0)
        width = allowed.ranges[:, 1] - allowed.ranges[:, 0]
        lifts = [np.linalg.norm(difference[[*g]]) / width[g[0]] for g in allowed.groups]
        group = [*allowed.groups[int(np.argmax(lifts))]]
        size = np.linalg.norm(difference[group])
        axis = np.zeros(len(difference))
        axis[group] = difference[group] / size if size > 0 else np.eye(1, len(group))[0]
        sign = axis[group[0]] if len(group) == 1 else 1.0
        lower, upper = sorted((sign * allowed.ranges[group[0]]).tolist())
        return cls(axis, lower, upper)

    def probability(self, features: np.ndarray) -> np.ndarray:
        """Return how likely each state is guessed to be of class 1, (n_states,)."""
        upper = (features @ self.axis - self.lower) / (self.upper - self.lower)
        return np.clip(upper, 0.0, 1.0)  # truncated means may lie outside

    def signal(self, features: np.ndarray) -> np.ndarray:
        """Return the mean of the observable in each state, its outcomes moved to -1 and 1."""
        centre = (self.upper + self.lower) / 2
        return (features @ self.axis - centre) / (self.upper - centre)

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
