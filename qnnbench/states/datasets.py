"""The dataset families: what their classes share, what tells them apart, who says so."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from inspect import signature
from typing import TYPE_CHECKING, Any

from qnnbench.registry import lookup
from qnnbench.states.cluster_ising import cluster_ising
from qnnbench.states.ghz import ghz_circuit, ghz_dephased
from qnnbench.states.samples import Dataset
from qnnbench.states.spt_path import path_circuit, spt_path
from qnnbench.states.two_state import two_state

if TYPE_CHECKING:  # importing Cirq costs seconds: only preparation circuits need it
    import cirq


@dataclass(frozen=True)
class DatasetFamily:
    """States with a label, and what their classes share and do not share.

    Attributes:
        name: Key in configs, file names and the ``dataset`` column.
        generate: Maps (n_qubits, *, seed, n_samples, **options) to a :class:`Dataset`.
        task: "classification" or "compression".
        n_classes: Number of labels.
        equal: The classical description that the classes share; its certificate tests it.
        differs: What tells them apart.
        limit: What a critic would say first; printed in the report.
        source: DOI or arXiv id, with the place in the text.
        bibtex: Key of that source in ``qnnbench/report/references.bib``.
        min_qubits: Smallest width at which the classes are what they claim.
        prepare: Maps (n_qubits, coupling) to the circuit that makes a state of |0…0>;
            None where no short one is known.
    """

    name: str
    generate: Callable[..., Dataset]
    task: str
    n_classes: int
    equal: str
    differs: str
    limit: str
    source: str
    bibtex: str
    min_qubits: int = 4
    prepare: "Callable[[int, float | None], cirq.Circuit] | None" = None


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
        name: A key of ``DATASETS``.
        n_qubits: Width, at least the family's ``min_qubits``.
        n_samples: In all, or per split; None: 32 train, 32 validation, 200 test.
        seed: Root of all randomness: equal arguments give equal states.
        **options: Of the family, by keyword; ``details["options"]`` records all of them.

    Raises:
        ValueError: Unknown family or option, or a value out of range.
    """
    family = lookup(DATASETS, name, "dataset")
    least = family.min_qubits
    if isinstance(n_qubits, bool) or not isinstance(n_qubits, int) or n_qubits < least:
        raise ValueError(
            f"n_qubits of dataset {name!r} must be a whole number >= {least}, got {n_qubits!r}"
        )
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


def preparation_circuit(name: str, n_qubits: int, coupling: float | None = None) -> "cirq.Circuit":
    """Return the circuit that makes a noiseless state of a family of |0…0>.

    Args:
        name: A key of ``DATASETS`` whose entry has ``prepare``.
        n_qubits: Width.
        coupling: Of the state; for families without couplings the circuit makes class 0.

    Raises:
        ValueError: The family is unknown or has no circuits, or the coupling is not one.
    """
    prepare = lookup(DATASETS, name, "dataset").prepare
    if prepare is None:
        known = sorted(f.name for f in DATASETS.values() if f.prepare)
        raise ValueError(f"dataset {name!r} has no preparation circuits; these have: {known}")
    return prepare(n_qubits, coupling)


def _path_circuit(n_qubits: int, coupling: float | None) -> "cirq.Circuit":
    if coupling is None:
        raise ValueError("spt_path states differ by coupling; give one in [-1, 1]")
    return path_circuit(n_qubits, coupling)


DATASETS = {
    f.name: f
    for f in (
        DatasetFamily(
            "spt_path",
            spt_path,
            task="classification",
            n_classes=2,
            equal="nothing exactly",
            differs="string order: cluster phase against trivial phase",
            limit="the three-body ZXZ separates the classes: the locally easy control",
            source="doi:10.1103/PhysRevLett.97.110403, the example with A⁰, A¹ of bond 2",
            bibtex="wolf2006",
            prepare=_path_circuit,
        ),
        DatasetFamily(
            "cluster_ising",
            cluster_ising,
            task="classification",
            n_classes=2,
            equal="nothing exactly",
            differs="string order: SPT phase against paramagnet",
            limit="the three-body ZXZ separates the classes: published QCNN benchmarks live here",
            source="doi:10.1038/s41567-019-0648-8, Fig. 2",
            bibtex="cong2019",
            min_qubits=8,  # below, the string of the middle half is the whole sublattice
        ),
        DatasetFamily(
            "ghz_dephased",
            ghz_dephased,
            task="classification",
            n_classes=2,
            equal="all (n-1)-body marginals and the Z histogram, before the local noise",
            differs="<X^n>: 1 against 0",
            limit="one global Pauli solves it; anything truncated below weight n sees nothing",
            source="derived: the difference of the classes is (|0…0><1…1| + h.c.)/2",
            bibtex="greenberger1989",
            prepare=lambda n_qubits, coupling: ghz_circuit(n_qubits),
        ),
        DatasetFamily(
            "two_state",
            two_state,
            task="compression",
            n_classes=2,
            equal="an ensemble, not a sample: train, validation and test are the same two states",
            differs="the first three bits",
            limit="product states; the identity already scores 2/3",
            source="doi:10.1038/s41467-021-21728-w, quantum autoencoder",
            bibtex="cerezo2021",
        ),
    )
}
