"""The table of classical rivals, and their scores on a dataset."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np

from qnnbench.registry import lookup
from qnnbench.results import Meter
from qnnbench.rivals.learners import LEARNERS, predictions
from qnnbench.rivals.records import (
    RECORDS,
    NoRecord,
    as_recorded,
    shadow_columns,
    shadow_kernel,
    z_columns,
)
from qnnbench.states.samples import Dataset

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Rival:
    """A classical learner on a measurement record.

    Attributes:
        name: Key in configs and the ``arm`` column.
        record: Key of ``RECORDS``: what it is given of every state, test states included.
        columns: Maps (record, is_train) to the columns that the learner reads.
        learner: Key of ``LEARNERS``.
        source: DOI or arXiv id of the method, with the place in the text.
        bibtex: Key of that source in ``qnnbench/report/references.bib``.
    """

    name: str
    record: str
    columns: Callable[[Any, np.ndarray], np.ndarray]
    learner: str
    source: str
    bibtex: str


_SKLEARN = ("Pedregosa et al., J. Mach. Learn. Res. 12, 2825 (2011)", "pedregosa2011")
_HUANG = ("doi:10.1126/science.abk3333, arXiv:2106.12627", "huang2022")
_FIDELITY = ("doi:10.1038/s41586-019-0980-2, the kernel |<x|z>|²", "havlicek2019")

RIVALS: dict[str, Rival] = {
    rival.name: rival
    for rival in (
        Rival("z_logistic", "z shots", z_columns, "logistic", *_SKLEARN),
        Rival("z_boosting", "z shots", z_columns, "boosting", *_SKLEARN),
        Rival("z_mlp", "z shots", z_columns, "mlp", *_SKLEARN),
        Rival("pauli_logistic", "pauli expectations", as_recorded, "logistic", *_SKLEARN),
        Rival("pauli_boosting", "pauli expectations", as_recorded, "boosting", *_SKLEARN),
        Rival("pauli_mlp", "pauli expectations", as_recorded, "mlp", *_SKLEARN),
        Rival("shadow_logistic", "shadows", shadow_columns, "logistic", *_HUANG),
        Rival("shadow_svm", "shadows", shadow_kernel, "svm", *_HUANG),
        Rival("overlap_svm", "overlaps", as_recorded, "svm", *_FIDELITY),
        Rival("overlap_nearest", "overlaps", as_recorded, "nearest", *_FIDELITY),
    )
}


def rival_rows(entry: Mapping[str, Any], dataset: Dataset, *, seed: int) -> Rows:
    """Return rows of table "scores": the test accuracy of classical rivals on a dataset.

    All rivals of one record read the same measurements, of equally many copies of every
    state. Exact records use up no copies and are scored once per repeat. A row's CPU time is
    what its rival alone would take: measuring and learning.

    Args:
        entry: "rivals": their names; "n_copies": numbers of copies of each state, for records
            that use up copies; "repeats".
        dataset: All splits at one width.
        seed: Root of all randomness.

    Raises:
        ValueError: Unknown rival, no ``n_copies`` where a record uses up copies, or a dataset
            whose family serves no classification.
    """
    from qnnbench.tasks import check_served  # loads Cirq: configs read RIVALS alone

    check_served("classification", dataset.name)
    rivals = [lookup(RIVALS, name, "rival") for name in entry["rivals"]]
    copies = entry.get("n_copies", [])
    rows: Rows = []
    for record in dict.fromkeys(rival.record for rival in rivals):
        some = [rival for rival in rivals if rival.record == record]
        if RECORDS[record].takes_copies and not copies:
            raise ValueError(f"record {record!r} uses up copies: give rivals a list n_copies")
        for n_copies in copies if RECORDS[record].takes_copies else [None]:
            for repeat in range(entry.get("repeats", 1)):
                rows += _rows(some, dataset, n_copies, repeat, seed)
    return rows


def _rows(
    rivals: list[Rival], dataset: Dataset, n_copies: int | None, repeat: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Yield one row per rival of one record, measured once."""
    from qnnbench.tasks.ceilings import accuracy_ceiling
    from qnnbench.tasks.scores import accuracy_score

    record = RECORDS[rivals[0].record]
    common = {
        "task": "classification",
        "dataset": dataset.name,
        "n_qubits": dataset.n_qubits,
        "repeat": repeat,
        "record": record.name,
        "n_copies": n_copies,
        "seed_path": f"{seed}/{dataset.n_qubits}/{repeat}",
    }
    key = (dataset.n_qubits, repeat, crc32(dataset.name.encode()), n_copies or 0)

    def generator(purpose: str) -> np.random.Generator:
        path = (*key, crc32(purpose.encode()))
        return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=path))

    found, obstacle = None, ""
    with Meter() as measuring:
        try:
            found = record.measure(dataset, n_copies, generator(record.name))
        except NoRecord as missing:
            obstacle = str(missing)
        measuring_s = measuring.columns()["cpu_time_s"]
    for rival in rivals:
        row = {**common, "arm": rival.name}
        if obstacle:
            yield {**row, "status": "skipped", "reason": obstacle, "cpu_time_s": measuring_s}
            continue
        with Meter() as learning:
            candidates = LEARNERS[rival.learner](int(generator(rival.name).integers(1 << 31)))
            columns = rival.columns(found, dataset.splits == "train")
            predicted = predictions(candidates, columns, dataset.labels, dataset.splits)
        truth = dataset.labels[dataset.splits == "test"]
        yield {
            **row,
            **accuracy_score(predicted == truth),
            "chance": 1 / len(np.unique(dataset.labels)),
            "ceiling": accuracy_ceiling(dataset, n_copies) if n_copies else 1.0,
            "n_samples": len(truth),
            "error_estimate": 0.0,
            "status": "ok",
            "reason": "",
            "cpu_time_s": measuring_s + learning.columns()["cpu_time_s"],
        }
