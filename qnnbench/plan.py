"""What a study will cost before it runs: every arm at every width, by operation count."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from json import dumps, loads
from typing import Any

from qnnbench import study
from qnnbench.backends import Limits
from qnnbench.states.datasets import DATASETS, build_dataset, has_width
from qnnbench.states.own import dataset_of
from qnnbench.states.samples import Dataset
from qnnbench.training.costs import planned

_NARROW = 12  # qubits: states of this width tell the bonds of wide ones


def training_plan(config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield one row per arm and width: arm, n_qubits, and the fields of ``Planned``.

    Arms with a trainer of their own have no operation count: their seconds are None.
    """
    for arm, batch in study.jobs(config, "training"):
        for cell in study.cells(config, "training", arm, batch):
            row = {"arm": arm, "n_qubits": cell["n_qubits"]}
            entry = cell["arm"]
            if "ansatz" not in entry or entry["task"] == "decoding":
                own = {"n_runs": entry["repeats"], "n_steps": None, "backend": "its own"}
                yield {**row, **own, "seconds": None, "status": "ok"}
                continue
            states = cell["states"]
            narrow = _narrow(dumps(states))
            cost = planned(entry, narrow, cell["n_qubits"], Limits(**cell["budget"]))
            yield {**row, **vars(cost)}


@lru_cache(maxsize=64)
def _narrow(states: str) -> Dataset:
    """Return the states of a cell (JSON), at a small width where their family has one."""
    cell = loads(states)
    if "source" in cell:
        return dataset_of(cell)
    known, n_qubits = DATASETS[cell["family"]], cell["n_qubits"]
    width = next(
        n for n in (*range(min(n_qubits, _NARROW), n_qubits), n_qubits) if has_width(known, n)
    )
    return build_dataset(cell["family"], width, seed=0, **cell["options"])
