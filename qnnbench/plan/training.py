"""What the optimiser's steps of every arm will cost, by operation count."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from json import dumps, loads
from typing import Any

from qnnbench import study
from qnnbench.backends import Limits
from qnnbench.states.datasets import DATASETS, build_dataset, has_width
from qnnbench.states.own import dataset_of
from qnnbench.states.samples import Dataset
from qnnbench.study import Cell
from qnnbench.training.costs import Planned, planned

_NARROW = 12  # qubits: states of this width tell the bonds of wide ones


def training_cells(config: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    """Yield (arm, cell) of every arm and width of a study, in its order."""
    for arm, batch in study.jobs(config, "training"):
        for cell in study.cells(config, "training", arm, batch):
            yield arm, cell


def steps_planned(cell: Cell) -> Planned | None:
    """Return what the steps of a training cell cost; None for an arm with a trainer of its own.

    Such an arm (two copies, decoding) has no operation count.
    """
    entry, states = cell["arm"], cell["states"]
    if "ansatz" not in entry or entry["task"] == "decoding":
        return None
    return planned(entry, _narrow(states), cell["n_qubits"], Limits(**cell["budget"]))


def _narrow(states: Cell) -> Dataset:
    """Return states of the family at the least width from 12, or its own, that it has.

    Of a file of the user's: its states.
    """
    if "source" in states:
        return dataset_of(states)
    family, n_qubits = states["family"], states["n_qubits"]
    possible = (*range(min(n_qubits, _NARROW), n_qubits), n_qubits)
    width = next(n for n in possible if has_width(DATASETS[family], n))
    return _made(family, dumps(states["options"]), width)


@lru_cache(maxsize=64)
def _made(family: str, options: str, n_qubits: int) -> Dataset:
    return build_dataset(family, n_qubits, seed=0, **loads(options))
