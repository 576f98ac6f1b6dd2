"""What the optimiser's steps of every arm will cost, by operation count.

Counting builds the circuit and asks every backend, a second or more for a wide arm. Counts are
therefore kept in the user's cache (``$XDG_CACHE_HOME/qnnbench/counts``), one file for each arm
and width, by all that they depend on: code, states, circuit, losses and budget.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from qnnbench import study
from qnnbench.backends import Limits
from qnnbench.own import without_paths
from qnnbench.results import digest, write_atomically
from qnnbench.states.datasets import DATASETS, build_dataset, has_width
from qnnbench.states.own import dataset_of
from qnnbench.states.samples import Dataset
from qnnbench.study import Cell
from qnnbench.training.costs import Planned, planned
from qnnbench.training.settings import rates_of

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
    entry = cell["arm"]
    if "ansatz" not in entry or entry["task"] == "decoding":
        return None
    file = _cache_folder() / f"{_key(cell)}.json"
    try:
        counted = Planned(**json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):
        budget = Limits(**cell["budget"])
        counted = planned(
            {**entry, "repeats": 1}, _narrow(cell["states"]), cell["n_qubits"], budget
        )
        _store(file, counted)
    times = entry["repeats"]
    return replace(
        counted, n_runs=times, n_steps=times * counted.n_steps, seconds=times * counted.seconds
    )


def _key(cell: Cell) -> str:
    """Return the digest of all that the count of one repeat depends on."""
    told_apart = ("arm", "dataset", "repeats", "angles", "learning_rate")
    entry = {key: value for key, value in cell["arm"].items() if key not in told_apart}
    states = {
        key: value for key, value in cell["states"].items() if key not in ("dataset", "seed")
    }
    counted = {**cell, "arm": entry, "states": states, "n_rates": len(rates_of(cell["arm"]))}
    del counted["seed"]
    return digest({"cell": without_paths(counted), "source": _source()})


@cache
def _source() -> str:
    return study.source("training")


def _cache_folder() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "qnnbench" / "counts"


def _store(file: Path, counted: Planned) -> None:
    """Keep a count; a cache that cannot be written costs counting again."""

    def write(path: Path) -> None:
        path.write_text(json.dumps(asdict(counted)))

    with suppress(OSError):
        write_atomically(file, write)


def _narrow(states: Cell) -> Dataset:
    """Return states of the family at the least width from 12, or its own, that it has.

    Of a file of the user's: its states.
    """
    if "source" in states:
        return dataset_of(states)
    family, n_qubits = states["family"], states["n_qubits"]
    possible = (*range(min(n_qubits, _NARROW), n_qubits), n_qubits)
    width = next(n for n in possible if has_width(DATASETS[family], n))
    return _made(family, json.dumps(states["options"]), width)


@lru_cache(maxsize=64)
def _made(family: str, options: str, n_qubits: int) -> Dataset:
    return build_dataset(family, n_qubits, seed=0, **json.loads(options))
