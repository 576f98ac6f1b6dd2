"""The table of dataset families, and how a dataset is made of an entry."""

from collections.abc import Mapping
from dataclasses import replace
from inspect import signature
from typing import TYPE_CHECKING, Any

from qnnbench.registry import lookup
from qnnbench.states.families import (
    bond_alternating_xxz,
    cluster_ising,
    concentratable,
    ghz,
    graphs,
    low_bond,
    lu_orbit,
    spt_path,
    subspace,
    surface_code,
    tfim,
    two_state,
)
from qnnbench.states.family import DatasetFamily
from qnnbench.states.samples import Dataset

if TYPE_CHECKING:  # importing Cirq costs seconds: only preparation circuits need it
    import cirq


def has_width(family: DatasetFamily, n_qubits: int) -> bool:
    """Say whether a family exists at a width."""
    if isinstance(n_qubits, bool) or not isinstance(n_qubits, int):
        return False
    return n_qubits >= family.min_qubits and (not family.is_width or family.is_width(n_qubits))


def build_dataset(
    name: str,
    n_qubits: int,
    n_samples: int | Mapping[str, int] | None = None,
    *,
    seed: int,
    **options: Any,
) -> Dataset:
    """Return the dataset of family ``name`` at width ``n_qubits``.

    Args:
        name: A key of ``DATASETS``; "lu_orbit/ghz-deph" sets the family's main option too.
        n_qubits: Width, one that the family has.
        n_samples: In all, or per split; None: 32 train, 32 validation, 200 test.
        seed: Root of all randomness: equal arguments give equal states.
        **options: Of the family, by keyword; ``details["options"]`` records all of them.

    Raises:
        ValueError: Unknown family or option, or a value out of range.
    """
    name, _, variant = name.partition("/")
    family = lookup(DATASETS, name, "dataset")
    if not has_width(family, n_qubits):
        raise ValueError(
            f"n_qubits of dataset {name!r} must be {family.widths} >= {family.min_qubits}, "
            f"got {n_qubits!r}"
        )
    if variant and not family.variant:
        raise ValueError(f"dataset {name!r} has no variants, got {name}/{variant}")
    if variant:
        options[family.variant] = variant
    defaults = {
        key: parameter.default
        for key, parameter in signature(family.generate).parameters.items()
        if key not in ("n_qubits", "seed", "n_samples")
    }
    for option in options:
        lookup(defaults, option, f"option of dataset {name!r}")
    dataset = family.generate(n_qubits, seed=seed, n_samples=n_samples, **options)
    chosen = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in {**defaults, **options}.items()
    }
    details = {**dataset.details, "seed": seed, "options": chosen}
    noiseless = dataset.noiseless and replace(dataset.noiseless, details=details)
    return replace(dataset, details=details, noiseless=noiseless)


def preparation_circuit(dataset: Dataset, index: int) -> "cirq.Circuit":
    """Return the circuit that makes state ``index`` of |0…0>, before noise.

    Args:
        dataset: Of a family whose entry has ``prepare``.
        index: Of a state that ``dataset`` holds before noise.

    Raises:
        ValueError: The family has no circuit of its own; ``qnnbench.states.exports`` may
            make one of the stored state.
    """
    prepare = DATASETS[dataset.name].prepare
    if prepare is None:
        known = sorted(f.name for f in DATASETS.values() if f.prepare)
        raise ValueError(
            f"dataset {dataset.name!r} has no preparation circuits of its own; these have: {known}"
        )
    return prepare(dataset, index)


DATASETS = {
    family.name: family
    for family in (
        spt_path.FAMILY,
        cluster_ising.FAMILY,
        tfim.FAMILY,
        bond_alternating_xxz.FAMILY,
        ghz.FAMILY,
        ghz.PHASE,
        graphs.GRAPH_STATES,
        graphs.RING_PAIR,
        surface_code.FAMILY,
        lu_orbit.FAMILY,
        concentratable.FAMILY,
        low_bond.FAMILY,
        subspace.FAMILY,
        two_state.FAMILY,
    )
}
