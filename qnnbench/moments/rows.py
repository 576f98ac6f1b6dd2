"""The rows of table ``trainability``."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import cirq
import numpy as np

from qnnbench.circuits.angles import AngleLaw, IdentityBlocks
from qnnbench.circuits.ansatze import Network
from qnnbench.moments.closed_forms import CLOSED_FORMS
from qnnbench.moments.compute import moments
from qnnbench.moments.pauli_circuit import CannotCompute
from qnnbench.moments.record import Moments
from qnnbench.moments.verdict import shots_to_resolve
from qnnbench.own import without_paths
from qnnbench.registry import lookup
from qnnbench.results import digest
from qnnbench.states.samples import Dataset

CLEAR = 1e-3  # of the largest gradient variance: errors of smaller ones are not reported


def trainability_row(
    network: Network,
    *,
    observable_index: int = 0,
    angles: str | AngleLaw | IdentityBlocks | Mapping = "uniform",
    state: Any = None,
    contrast: tuple[Any, Any] | None = None,
    tolerance: float = 1e-3,
    max_bond_dim: int = 256,
    n_samples: int = 0,
    sampled: bool = False,
    rng: np.random.Generator | None = None,
) -> dict[str, Any]:
    """Return the measured columns of table ``trainability`` for one observable.

    Args:
        network: Circuit, symbols and observables.
        observable_index: Which observable is read.
        angles: Law of the angles, as :func:`qnnbench.moments` takes it.
        state: Input state or states; None for |0…0>.
        contrast: Two states: moments of C(A) - C(B) instead.
        tolerance: Wanted relative error of the variance of the loss.
        max_bond_dim: Cap of the bond dimension.
        n_samples: Draws of all angles where no exact method applies.
        sampled: Draw angles even where one does.
        rng: Randomness of the draws; None for a generator seeded with 0.

    Returns:
        Columns of ``columns.TABLES["trainability"]``; logarithms base 10. Mean, median
        and maximum of the gradient variance are over all symbols, those with zero
        included, and null where there are no gradients.

    Raises:
        CannotCompute: No method covers this network.
        ValueError: No observable of this index, or what ``moments`` refuses.
    """
    if not 0 <= observable_index < len(network.observables):
        raise ValueError(
            f"observable_index must be in 0..{len(network.observables) - 1}, "
            f"got {observable_index!r}"
        )
    observable = network.observables[observable_index]
    found = moments(
        network.circuit,
        observable,
        network.symbols,
        angles=angles,
        state=state,
        contrast=contrast,
        tolerance=tolerance,
        max_bond_dim=max_bond_dim,
        n_samples=n_samples,
        rng=rng,
        sampled=sampled,
    )
    return {
        "n_layers": network.n_layers,
        "tied": is_tied(network),
        "n_symbols": len(network.symbols),
        **_moment_columns(found),
    }


def is_tied(network: Network) -> bool:
    """Say whether some symbol stands in several gates of the circuit."""
    uses = Counter(
        name
        for operation in network.circuit.all_operations()
        for name in cirq.parameter_names(operation)
    )
    return max(uses.values(), default=0) > 1


def _moment_columns(found: Moments) -> dict[str, Any]:
    columns = {
        "mean": found.mean,
        "log10_variance": found.log10_variance,
        "relative_error": found.relative_error,
        "n_samples": found.n_samples,
        "method": found.method,
        "chain": found.chain,
    }
    logs = found.log10_gradient_variance
    if len(logs):
        columns |= _over_symbols(logs)
        clear = logs > np.max(logs) + np.log10(CLEAR)
        errors = np.asarray(found.gradient_relative_error)[clear]
        columns["gradient_relative_error"] = float(np.max(errors, initial=0.0))
    if found.interval is not None:
        columns["log10_variance_lower"], columns["log10_variance_upper"] = found.interval
    if len(found.gradient_interval):
        # The mean of the ends is the interval of a mean whose terms err together: the widest.
        lower, upper = (log10_mean(ends) for ends in found.gradient_interval.T)
        columns["log10_gradient_variance_mean_lower"] = lower
        columns["log10_gradient_variance_mean_upper"] = upper
    if found.quantiles:
        columns["gradient_size_median"] = found.quantiles[0.5]
        columns["gradient_size_q05"] = found.quantiles[0.05]
        columns["gradient_size_q95"] = found.quantiles[0.95]
        columns["visible_share"] = found.visible_share
    return columns


def _over_symbols(logs: np.ndarray) -> dict[str, Any]:
    mean = log10_mean(logs)
    middle = np.sort(logs)[[(len(logs) - 1) // 2, len(logs) // 2]]
    return {
        "log10_gradient_variance_mean": mean,
        "log10_gradient_variance_median": log10_mean(middle),
        "log10_gradient_variance_max": float(np.max(logs)),
        "log10_gradient_variance": logs.tolist(),
        "log10_shots": shots_to_resolve(mean),
    }


def log10_mean(logs: np.ndarray) -> float:
    """Return log10 of the mean of 10**logs without underflow; -inf where all are zero."""
    largest = float(np.max(logs, initial=-np.inf))
    if np.isneginf(largest):
        return largest
    return largest + float(np.log10(np.mean(10 ** (logs - largest))))


def measured_row(
    cell: Mapping[str, Any],
    network: Network,
    angles: str | AngleLaw | IdentityBlocks,
    dataset: Dataset | None = None,
) -> dict[str, Any]:
    """Return the measured columns of one cell of a study, or why there are none.

    Args:
        cell: Observable, tolerances, samples and seed, as ``study.cells`` gives them.
        network: Its network.
        angles: Its law of angles.
        dataset: The states whose class contrast is asked for; None: C on |0…0>.
    """
    known = ("observable_index", "tolerance", "max_bond_dim", "n_samples", "sampled")
    chosen = {name: cell[name] for name in known if name in cell}
    if "seed" in cell:
        code = int(digest(without_paths(cell)), 16)
        chosen["rng"] = np.random.default_rng([cell["seed"], code])
    try:
        contrast = None if dataset is None else class_representatives(dataset)
        return trainability_row(network, angles=angles, contrast=contrast, **chosen)
    except CannotCompute as reason:
        return {
            "n_layers": network.n_layers,
            "tied": is_tied(network),
            "status": "skipped",
            "reason": str(reason),
        }


def class_representatives(dataset: Dataset) -> tuple[Any, Any]:
    """Return the first state of each class, before the noise of the samples.

    Raises:
        CannotCompute: The dataset has not two classes.
    """
    clean = dataset.noiseless or dataset
    firsts = {label: i for i, label in reversed(list(enumerate(clean.labels.tolist())))}
    if len(firsts) != 2:
        raise CannotCompute(
            f"A contrast is between two classes; {dataset.name!r} has {len(firsts)}."
        )
    a, b = (clean.states[firsts[label]] for label in sorted(firsts))
    return a, b


def closed_form_row(name: str, n_qubits: int) -> dict[str, Any]:
    """Return the columns of a variance known in closed form, its network's included.

    Raises:
        ValueError: No closed form of this name.
    """
    form = lookup(CLOSED_FORMS, name, "closed form")
    row = {
        "ansatz": form.ansatz,
        "n_layers": form.options.get("n_layers"),
        "sharing": form.options.get("sharing"),
        "observable": form.observable,
        "angles": form.angles,
        "contrast": form.contrast,
        "tied": False,
        "log10_variance": form.log10_variance(n_qubits),
        "relative_error": 0.0,
        "n_samples": 0,
        "method": "closed-form",
    }
    if form.log10_gradient_variance is not None:
        mean, largest = form.log10_gradient_variance(n_qubits)
        row["log10_gradient_variance_mean"] = mean
        row["log10_gradient_variance_max"] = largest
        row["log10_shots"] = shots_to_resolve(mean)
    return row
