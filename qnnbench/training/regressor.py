"""Judging a regression: how much of the targets' spread a linear head explains."""

from typing import Any

import numpy as np

from qnnbench.circuits.ansatze import Network
from qnnbench.states.datasets import DATASETS
from qnnbench.states.samples import SPLITS, Dataset
from qnnbench.tasks.regression import LinearHead, explained, r_squared
from qnnbench.tasks.scores import paired_difference, r_squared_score
from qnnbench.training.features import Features
from qnnbench.training.settings import Settings

Rows = list[dict[str, Any]]


class Regressor:
    """Fits a linear head on the training split and judges it by R² on the other splits.

    Args:
        network: The network whose readout is judged.
        dataset: All splits, with targets.
        settings: Backend and static limits of the run.

    Raises:
        ValueError: States without targets, or a split in which all are equal.
    """

    def __init__(self, network: Network, dataset: Dataset, settings: Settings) -> None:
        if not np.isfinite(dataset.targets).all():
            known = sorted(f.name for f in DATASETS.values() if "regression" in f.tasks)
            raise ValueError(
                f"regression predicts the targets of a dataset; {dataset.name!r} has states "
                f"without one. Families with targets: {known}"
            )
        for split in SPLITS:
            if not np.ptp(dataset.targets[dataset.splits == split]):
                raise ValueError(
                    f"all {split} targets of {dataset.name!r} are equal: nothing to predict"
                )
        self._features = Features(network, dataset, settings)

    def validate(self, params: np.ndarray, bond_dim: int) -> tuple[float, float]:
        """Return R² on the validation split, twice: nothing finer breaks ties."""
        features = self._features(params, "validation", bond_dim).values
        targets = self._features.splits["validation"].targets
        score = r_squared(targets, self._fit(params, bond_dim).predict(features))
        return score, score

    def test(
        self, params: np.ndarray, untrained: np.ndarray, rng: np.random.Generator, bond_dim: int
    ) -> tuple[Rows, float]:
        """Return one row of metric "r_squared" and the relative error; ``rng`` resamples.

        Chance is the constant answer: the mean of the training targets. Intervals are over
        couplings where states have one.
        """
        targets, groups = self._features.splits["test"].targets, self._groups()
        head, result = self._fit(params, bond_dim), self._features(params, "test", bond_dim)
        predictions = head.predict(result.values)
        finer = head.predict(self._features.refined(params, "test", result))
        before = self._features(untrained, "test", bond_dim).values
        idle = self._fit(untrained, bond_dim).predict(before)
        difference, lower = paired_difference(
            explained(targets, predictions), explained(targets, idle), groups
        )
        constant = float(self._features.splits["train"].targets.mean())
        row = {
            "record": "expectation values",
            "n_samples": len(targets),
            "error_estimate": float(result.error.max()),
            **r_squared_score(targets, predictions, groups, constant, rng),
            "untrained_value": r_squared(targets, idle),
            "paired_difference": difference,
            "paired_lower": lower,
            "value_at_double_bond": r_squared(targets, finer),
        }
        return [row], result.relative_error

    def _groups(self) -> np.ndarray:
        """Return what tells independent test states apart: their couplings, if they have any.

        States of one coupling are one ground state up to noise and symmetry.
        """
        couplings = self._features.splits["test"].couplings
        return couplings if np.isfinite(couplings).all() else np.arange(len(couplings))

    def _fit(self, params: np.ndarray, bond_dim: int) -> LinearHead:
        features = self._features(params, "train", bond_dim).values
        return LinearHead.fit(features, self._features.splits["train"].targets)
