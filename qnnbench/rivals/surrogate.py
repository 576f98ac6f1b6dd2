"""The network without its long Pauli words: what local information alone would give.

The observable of a trained network in the Heisenberg picture is a chain in the Pauli basis.
Dropping every word of more than k letters leaves what k-body marginals can tell; where the
accuracy stays, a classical learner with these marginals does as well as the network.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from qnnbench.backends import BackendCannot, Evaluator
from qnnbench.backends.heisenberg.contraction import Contraction
from qnnbench.backends.heisenberg.flow import OperatorFlow
from qnnbench.backends.heisenberg.plan import plan
from qnnbench.circuits.ansatze import Network, build_ansatz
from qnnbench.circuits.pauli_transfer import transfer
from qnnbench.results import Meter
from qnnbench.rivals.records import ROUNDING_DIGITS
from qnnbench.states.mps import InputState
from qnnbench.states.samples import Dataset
from qnnbench.states.stacking import stack_states
from qnnbench.tasks.losses import readout_observables
from qnnbench.tasks.readout import Readout
from qnnbench.tasks.scores import accuracy_score

METRIC = "surrogate_accuracy"
MAX_WEIGHTS = (1, 2, 3)
_OF_THE_RUN = (
    *("task", "loss_name", "observable", "dataset", "n_qubits"),
    *("ansatz", "n_layers", "sharing", "repeat", "seed_path"),
)


def weight_truncated(tensors: np.ndarray, max_weight: int) -> np.ndarray:
    """Return an operator without its Pauli words of more than ``max_weight`` letters.

    The bond also counts the letters so far; the last site forgets the count.

    Args:
        tensors: Chain in the Pauli basis (m, D, 4, D); it begins and ends at bond index 0.
        max_weight: Most letters other than I that a word keeps.

    Returns:
        Float64 (m, D (max_weight + 1), 4, D (max_weight + 1)), of the same kind; exact.

    Source:
        Derived above; the truncation is that of Bermejo et al., arXiv:2408.12739.
    """
    m, bond = tensors.shape[:2]
    counted = np.zeros((m, max_weight + 1, bond, 4, max_weight + 1, bond))
    for weight in range(max_weight + 1):
        counted[:, weight, :, 0, weight] = tensors[:, :, 0]
    for weight in range(max_weight):
        counted[:, weight, :, 1:, weight + 1] = tensors[:, :, 1:]
    counted[-1, ..., 0, :] = counted[-1].sum(axis=3)
    counted[-1, ..., 1:, :] = 0
    return counted.reshape(m, (max_weight + 1) * bond, 4, -1)


class TruncatedNetwork:
    """A network at fixed angles whose observables may lose their long words.

    Args:
        network: The network; its readout observables are Pauli strings or sums.
        params: Trained angles in radians, (n_symbols,).
        max_bond_dim: Operator bond, as in training.
    """

    def __init__(self, network: Network, params: np.ndarray, max_bond_dim: int = 16) -> None:
        self._evaluator = Evaluator(network.circuit, readout_observables(network), network.symbols)
        self._params = self._evaluator.checked_params(params)
        self._bond = max_bond_dim

    def values(
        self, states: Sequence[InputState], max_weight: int | None
    ) -> tuple[np.ndarray, float]:
        """Return expectation values and the estimated error of the operators behind them.

        Args:
            states: States that have tensors.
            max_weight: Most letters of a word that counts; None: all words.

        Returns:
            Float64 (n_states, n_observables), and the largest error that the cap of the
            bond makes, estimated as by the Heisenberg backend; it has nothing to do with
            the words dropped.

        Raises:
            BackendCannot: The Heisenberg backend cannot, or a state has no tensors.
        """
        query, mixing = self._evaluator.query(states)
        way = plan(query.program, query.observables, self._bond)
        values = np.tile(way.constants, (len(query.states), 1))
        if not way.rows:
            return mixing @ values, 0.0
        flow = OperatorFlow(way, transfer(query.program.unitaries(self._params)))
        stack, error = stack_states(query.tensors), 0.0
        for column, chain in enumerate(way.chain_of):
            if chain < 0:
                continue
            tensors = flow.tensors[flow.heads[chain] : flow.heads[chain + 1]]
            if max_weight is not None:
                tensors = weight_truncated(tensors, max_weight)
            window = (np.arange(len(tensors)), way.sites[column])
            found = Contraction(tensors, [window], stack).values[:, 0]
            values[:, column] += found
            spread = flow.relative_error[chain] * np.sqrt(np.mean(found**2))
            error = max(error, float(flow.error[chain]), float(spread))
        return mixing @ values, error


def surrogate_rows(
    network: Network,
    params: np.ndarray,
    dataset: Dataset,
    max_weights: Sequence[int],
    max_bond_dim: int = 16,
) -> Iterator[dict[str, Any]]:
    """Yield rows of table "scores": the network's test accuracy with and without long words.

    The closed-form readout is fitted anew to the training split for each row, as for the
    network itself.

    Args:
        network: The trained network.
        params: Its trained angles in radians, (n_symbols,): ``params`` of table "runs".
        dataset: All splits.
        max_weights: Most letters of the words that are kept, one row of arm "surrogate" each;
            a row of arm "network", which keeps all, comes last.
        max_bond_dim: Operator bond.

    Raises:
        BackendCannot: The Heisenberg backend cannot, or a state has no tensors.

    Source:
        Bermejo et al., arXiv:2408.12739: such networks act on words of few letters.
    """
    truncated = TruncatedNetwork(network, params, max_bond_dim)
    train, test = dataset.select("train"), dataset.select("test")
    for weight in (*max_weights, None):
        with Meter() as meter:
            features, error = truncated.values((*train.states, *test.states), weight)
            features = features.round(ROUNDING_DIGITS)
            n_train = len(train.states)
            readout = Readout.fit(features[:n_train], train.labels)
            correct = readout.correct(features[n_train:], test.labels)
        kept = "all" if weight is None else f"<= {weight}"
        yield {
            "task": "classification",
            "arm": "network" if weight is None else "surrogate",
            "dataset": dataset.name,
            "n_qubits": dataset.n_qubits,
            "record": f"pauli words of {kept} letters",
            "backend": "heisenberg",
            **accuracy_score(correct, METRIC),
            "n_samples": len(test.labels),
            "error_estimate": error,
            "status": "ok",
            "reason": "",
            "cpu_time_s": meter.columns()["cpu_time_s"],
        }


def surrogates_of(
    arms: Iterable[Mapping[str, Any]], runs: Iterable[Mapping[Any, Any]], dataset: Dataset
) -> Iterator[dict[str, Any]]:
    """Yield the surrogate rows of every trained run of some arms, or why there are none.

    Args:
        arms: Entries of a config.
        runs: Rows of table "runs"; those of other arms, widths and statuses are left out.
        dataset: All splits.
    """
    for arm in arms:
        network = build_ansatz(arm["ansatz"], dataset.n_qubits, **arm.get("options", {}))
        for run in runs:
            found = (run["arm"], run["n_qubits"], run["status"])
            if found != (arm["arm"], dataset.n_qubits, "ok"):
                continue
            named = {column: run[column] for column in _OF_THE_RUN}
            params, bond = np.asarray(run["params"]), arm["max_bond_dim"]
            with Meter() as meter:
                try:
                    for row in surrogate_rows(network, params, dataset, MAX_WEIGHTS, bond):
                        yield {**row, **named, "arm": f"{row['arm']} of {arm['arm']}"}
                except BackendCannot as declined:
                    yield {
                        **named,
                        "arm": f"surrogate of {arm['arm']}",
                        "status": "skipped",
                        "reason": str(declined),
                        "cpu_time_s": meter.columns()["cpu_time_s"],
                    }
