"""Validation and test scores of trained angles, beside the untrained network's."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from qnnbench.backends import Evaluator, Expectations
from qnnbench.circuits.ansatze import Network
from qnnbench.circuits.program import compile_circuit
from qnnbench.registry import lookup
from qnnbench.states.mps import MPS, InputState
from qnnbench.states.samples import Dataset
from qnnbench.tasks.batch import Batch, batch
from qnnbench.tasks.compression import reconstruction, spectrum_ceiling
from qnnbench.tasks.losses import readout_observables
from qnnbench.tasks.readout import Readout
from qnnbench.tasks.scores import accuracy_score, contrast_score, paired_difference
from qnnbench.training.loop import Settings

Rows = list[dict[str, Any]]

LARGEST_ERROR = 0.05  # relative: a run with more is not ok
LARGEST_SHIFT = 0.02  # of a test score when the bond is doubled
DECODING_BOND_DIM = 64


class Scorer(Protocol):
    """Judges angles of one network on one dataset."""

    def validate(self, params: np.ndarray) -> tuple[float, float]:
        """Return the validation score and a finer one that breaks ties; larger is better."""

    def test(self, params: np.ndarray, untrained: np.ndarray) -> tuple[Rows, float]:
        """Return score rows on the test split and the relative error of what they rest on.

        Called once, after training: nothing else reads the test split.
        """


class Classifier:
    """Fits the closed-form readout on the training split and judges the other splits.

    Args:
        network: The network whose readout is judged.
        dataset: All splits.
        settings: Operator bond and static limits of the run.
    """

    def __init__(self, network: Network, dataset: Dataset, settings: Settings) -> None:
        self._evaluator = Evaluator(network.circuit, readout_observables(network), network.symbols)
        self._splits = {split: dataset.select(split) for split in ("train", "validation", "test")}
        self._settings = settings

    def validate(self, params: np.ndarray) -> tuple[float, float]:
        """Return accuracy and class contrast on the validation split."""
        readout, states = self._fit(params), self._splits["validation"]
        features = self._features(params, states.states).values
        correct = readout.correct(features, states.labels)
        return float(correct.mean()), readout.contrast(features, states.labels)

    def test(self, params: np.ndarray, untrained: np.ndarray) -> tuple[Rows, float]:
        """Return rows of metrics "accuracy" and "contrast", and the relative error."""
        states = self._splits["test"]
        labels = states.labels
        readout, before = self._fit(params), self._fit(untrained)
        result = self._features(params, states.states)
        idle = self._features(untrained, states.states).values
        finer = result.values
        if not result.is_exact:
            finer = self._features(params, states.states, double=True).values
        correct = readout.correct(result.values, labels)
        idle_correct = before.correct(idle, labels)
        difference, lower = paired_difference(correct, idle_correct)
        common = {"n_samples": len(labels), "error_estimate": float(result.error.max())}
        accuracy = {
            **accuracy_score(correct),
            "untrained_value": float(idle_correct.mean()),
            "paired_difference": difference,
            "paired_lower": lower,
            "value_at_double_bond": float(readout.correct(finer, labels).mean()),
        }
        contrast = {
            **contrast_score(result.values @ readout.axis, labels),
            "untrained_value": before.contrast(idle, labels),
            "value_at_double_bond": readout.contrast(finer, labels),
        }
        return [{**common, **accuracy}, {**common, **contrast}], result.relative_error

    def _fit(self, params: np.ndarray) -> Readout:
        train = self._splits["train"]
        return Readout.fit(self._features(params, train.states).values, train.labels)

    def _features(
        self, params: np.ndarray, states: Sequence[InputState], double: bool = False
    ) -> Expectations:
        bond = self._settings.max_bond_dim * (2 if double else 1)
        return self._evaluator(
            params,
            states,
            self._settings.backend,
            first_bond_dim=bond,
            max_bond_dim=bond,
            limits=self._settings.limits,
        )


class Compressor:
    """Judges reconstruction fidelity; the ensemble is its own validation and test set."""

    def __init__(self, network: Network, dataset: Dataset, settings: Settings) -> None:
        self._encoder = compile_circuit(network.circuit, network.symbols)
        self._splits = {split: batch(dataset.select(split)) for split in ("validation", "test")}

    def validate(self, params: np.ndarray) -> tuple[float, float]:
        """Return the mean fidelity, twice: nothing finer breaks ties."""
        fidelity, _ = self._fidelity(params, self._splits["validation"], DECODING_BOND_DIM)
        return fidelity, fidelity

    def test(self, params: np.ndarray, untrained: np.ndarray) -> tuple[Rows, float]:
        """Return one row of metric "fidelity" and its error; the ensemble is complete."""
        states = self._splits["test"]
        fidelity, lost = self._fidelity(params, states, DECODING_BOND_DIM)
        finer, _ = self._fidelity(params, states, 2 * DECODING_BOND_DIM)
        identity, _ = self._fidelity(np.zeros_like(params), states, DECODING_BOND_DIM)
        row = {
            "metric": "fidelity",
            "value": fidelity,
            "lower": fidelity - lost,
            "upper": min(fidelity + lost, 1.0),
            "n_samples": len(states.states),
            "chance": identity,
            "ceiling": spectrum_ceiling(_pure(states), states.weights),
            "untrained_value": self._fidelity(untrained, states, DECODING_BOND_DIM)[0],
            "value_at_double_bond": finer,
            "error_estimate": lost,
        }
        return [row], lost

    def _fidelity(self, params: np.ndarray, states: Batch, bond: int) -> tuple[float, float]:
        """Return the ensemble's mean fidelity and its truncation error."""
        parts = [reconstruction(self._encoder, params, s, bond) for s in _pure(states)]
        fidelities = np.array([part.fidelity for part in parts])
        lost = max(part.truncation_error for part in parts)
        return float(fidelities @ states.shares), float(np.sqrt(lost))


def _pure(states: Batch) -> list[MPS]:
    pure = [state for state in states.states if isinstance(state, MPS)]
    if len(pure) < len(states.states):
        raise ValueError("compression is scored on pure states; this dataset holds mixtures")
    return pure


SCORERS: dict[str, Callable[[Network, Dataset, Settings], Scorer]] = {
    "classification": Classifier,
    "compression": Compressor,
}


def scorer(task: str, network: Network, dataset: Dataset, settings: Settings) -> Scorer:
    """Return the scorer of a task."""
    return lookup(SCORERS, task, "task")(network, dataset, settings)


def verdict(score: Mapping[str, Any], relative_error: float) -> dict[str, str]:
    """Return status and reason of a score: "failed" where truncation could have made it."""
    shift = abs(score["value"] - score["value_at_double_bond"])
    if relative_error <= LARGEST_ERROR and shift <= LARGEST_SHIFT:
        return {"status": "ok", "reason": ""}
    reason = (
        f"the relative error is {relative_error:.2g} (limit {LARGEST_ERROR}) and doubling the "
        f"bond moves the {score['metric']} by {shift:.2g} (limit {LARGEST_SHIFT})"
    )
    return {"status": "failed", "reason": reason}
