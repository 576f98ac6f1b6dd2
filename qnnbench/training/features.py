"""What a network's readout says of the states of a dataset, split by split."""

import numpy as np

from qnnbench.backends import Evaluator, Expectations, Limits
from qnnbench.circuits.ansatze import Network
from qnnbench.states.samples import SPLITS, Dataset
from qnnbench.tasks.losses import readout_observables
from qnnbench.training.settings import Settings


class Features:
    """Means of a network's readout observables at any angles.

    Args:
        network: The network.
        dataset: All splits.
        settings: Backend and static limits of the run.
    """

    def __init__(self, network: Network, dataset: Dataset, settings: Settings) -> None:
        self._evaluator = Evaluator(network.circuit, readout_observables(network), network.symbols)
        self._settings = settings
        self.bond_dim = settings.max_bond_dim
        self.splits = {split: dataset.select(split) for split in SPLITS}

    def __call__(self, params: np.ndarray, split: str, bond_dim: int) -> Expectations:
        """Return the means of one split's states, values (n_states, n_observables)."""
        return self._evaluator(
            params,
            self.splits[split].states,
            self._settings.backend,
            first_bond_dim=bond_dim,
            max_bond_dim=bond_dim,
            limits=Limits(exact_s=self._settings.limits.exact_s),
        )

    def refined(self, params: np.ndarray, split: str, result: Expectations) -> np.ndarray:
        """Return the values at twice the operator bond; those of ``result`` where exact."""
        if result.is_exact:
            return result.values
        return self(params, split, 2 * result.bond_dim).values
