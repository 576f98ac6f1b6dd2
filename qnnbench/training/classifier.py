"""Judging a classifier: told exact means, or one outcome of each state."""

from typing import Any

import numpy as np

from qnnbench.circuits.ansatze import Network
from qnnbench.states.samples import Dataset
from qnnbench.tasks.ceilings import accuracy_ceiling, contrast_ceiling
from qnnbench.tasks.one_shot import Measurable, OneShot
from qnnbench.tasks.readout import Readout
from qnnbench.tasks.scores import (
    accuracy_score,
    contrast_score,
    paired_difference,
    success_score,
)
from qnnbench.training.features import Features
from qnnbench.training.settings import Settings

Rows = list[dict[str, Any]]


class Classifier:
    """Fits the closed-form readouts on the training split and judges the other splits.

    Args:
        network: The network whose readout is judged.
        dataset: All splits.
        settings: Backend and static limits of the run.

    Raises:
        ValueError: The labels are not 0 and 1.
    """

    def __init__(self, network: Network, dataset: Dataset, settings: Settings) -> None:
        found = np.unique(dataset.labels).tolist()
        if found != [0, 1]:
            raise ValueError(
                f"classification tells label 0 from label 1; dataset {dataset.name!r} has "
                f"labels {found}"
            )
        self._features = Features(network, dataset, settings)
        self._measurable = Measurable.of(network)
        self._one_copy_ceiling = accuracy_ceiling(dataset, 1)
        self._contrast_ceiling = contrast_ceiling(dataset)

    def validate(self, params: np.ndarray, bond_dim: int) -> tuple[float, float]:
        """Return accuracy and class contrast on the validation split, from exact means."""
        readout, shot = self._fit(params, bond_dim)
        labels = self._features.splits["validation"].labels
        features = self._features(params, "validation", bond_dim).values
        contrast = contrast_score(shot.signal(features), labels)["value"]
        return float(readout.correct(features, labels).mean()), contrast

    def test(
        self, params: np.ndarray, untrained: np.ndarray, rng: np.random.Generator, bond_dim: int
    ) -> tuple[Rows, float]:
        """Return the rows of both settings and the relative error.

        From exact means: metric "accuracy" of the linear readout, and "contrast", the
        difference of the class means of the one-shot observable, its outcomes moved to -1
        and 1. From one copy of each state, measured once: "one_shot_accuracy" counts right
        guesses on outcomes drawn with ``rng``; "one_shot_success" is the exact probability
        behind that count.
        """
        result = self._features(params, "test", bond_dim)
        labels = self._features.splits["test"].labels
        means = (  # trained, untrained, trained at twice the bond
            result.values,
            self._features(untrained, "test", bond_dim).values,
            self._features.refined(params, "test", result),
        )
        readout, shot = self._fit(params, bond_dim)
        before, shot_before = self._fit(untrained, bond_dim)
        readouts, shots = (readout, before, readout), (shot, shot_before, shot)
        draws = rng.random(len(labels))
        correct = [r.correct(m, labels) for r, m in zip(readouts, means, strict=True)]
        signals = [s.signal(m) for s, m in zip(shots, means, strict=True)]
        contrast = [contrast_score(s, labels, self._contrast_ceiling) for s in signals]
        guessed = [s.correct(m, labels, draws) for s, m in zip(shots, means, strict=True)]
        success = [s.success(m, labels) for s, m in zip(shots, means, strict=True)]
        ceiling = self._one_copy_ceiling
        exact: dict[str, Any] = {"record": "expectation values"}
        once = {"record": "one shot", "n_copies": 1}
        rows = [
            {**exact, **accuracy_score(correct[0]), **_compared(*correct)},
            {
                **exact,
                **contrast[0],
                "untrained_value": contrast[1]["value"],
                "value_at_double_bond": contrast[2]["value"],
            },
            {
                **once,
                **accuracy_score(guessed[0], "one_shot_accuracy", ceiling),
                **_compared(*guessed),
            },
            {
                **once,
                **success_score(success[0], "one_shot_success", ceiling),
                **_compared(*success),
            },
        ]
        common = {"n_samples": len(labels), "error_estimate": float(result.error.max())}
        return [{**common, **row} for row in rows], result.relative_error

    def _fit(self, params: np.ndarray, bond_dim: int) -> tuple[Readout, OneShot]:
        features = self._features(params, "train", bond_dim).values
        labels = self._features.splits["train"].labels
        return Readout.fit(features, labels), OneShot.fit(features, labels, self._measurable)


def _compared(trained: np.ndarray, untrained: np.ndarray, finer: np.ndarray) -> dict[str, Any]:
    """Return what a mean over states is held against, from one number per state each."""
    difference, lower = paired_difference(trained, untrained)
    return {
        "untrained_value": float(untrained.mean()),
        "paired_difference": difference,
        "paired_lower": lower,
        "value_at_double_bond": float(finer.mean()),
    }
