"""Judging a preparation: how near the circuit, run from |0…0>, comes to its target."""

from typing import Any

import cirq
import numpy as np

from qnnbench.circuits.ansatze import Network
from qnnbench.circuits.program import compile_circuit
from qnnbench.states.mps import MPS
from qnnbench.states.samples import Dataset
from qnnbench.tasks.preparation import (
    Prepared,
    log2_ranks,
    prepared,
    product_fidelity,
    rank_ceiling,
)
from qnnbench.training.settings import Settings

Rows = list[dict[str, Any]]

STATE_BOND_DIM = 64


class Preparer:
    """Judges the fidelity with one target of what the inverse network makes of |0…0>.

    Args:
        network: What takes the target to |0…0>.
        dataset: The target, as ``target_of`` gives it.
        settings: Not asked: the fidelity has a bond of its own.

    Raises:
        ValueError: More states than one, or a target that is no MPS.
    """

    def __init__(self, network: Network, dataset: Dataset, settings: Settings) -> None:
        target = dataset.states[0]
        if not isinstance(target, MPS) or any(state is not target for state in dataset.states):
            raise ValueError(
                f"preparation has one target, a matrix product state; got {dataset!r}: "
                "tasks.preparation.target_of takes one of its states"
            )
        self._target = target
        self._program = compile_circuit(cirq.inverse(network.circuit), network.symbols)

    def validate(self, params: np.ndarray, bond_dim: int) -> tuple[float, float]:
        """Return the fidelity, twice: nothing finer breaks ties."""
        fidelity = self._prepared(params).fidelity
        return fidelity, fidelity

    def test(
        self, params: np.ndarray, untrained: np.ndarray, rng: np.random.Generator, bond_dim: int
    ) -> tuple[Rows, float]:
        """Return one row of metric "fidelity" and its error; nothing is drawn.

        Chance is the best product state that sweeps find, the ceiling what the Schmidt ranks
        of the circuit allow. The interval is the truncation. No operator bond is asked: the
        state has a bond of its own.
        """
        made = self._prepared(params)
        error = float(np.sqrt(made.truncation_error))
        finer = self._prepared(params, 2 * STATE_BOND_DIM) if error else made
        ranks = log2_ranks(self._program)
        row = {
            "record": "whole state",
            "metric": "fidelity",
            "value": made.fidelity,
            "lower": max(made.fidelity - error, 0.0),
            "upper": min(made.fidelity + error, 1.0),
            "n_samples": 1,
            "chance": product_fidelity(self._target),
            "ceiling": rank_ceiling(self._target, ranks),
            "untrained_value": self._prepared(untrained).fidelity,
            "value_at_double_bond": finer.fidelity,
            "error_estimate": error,
        }
        return [row], error

    def _prepared(self, params: np.ndarray, bond: int = STATE_BOND_DIM) -> Prepared:
        return prepared(self._program, params, self._target, bond)
