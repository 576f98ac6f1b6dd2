"""What a study will cost before it runs: every arm at every width, by operation count."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from json import dumps, loads
from typing import Any

from qnnbench import study
from qnnbench.backends import Limits
from qnnbench.states.datasets import DATASETS, build_dataset, has_width
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
            narrow = _narrow(states["family"], dumps(states["options"]), cell["n_qubits"])
            cost = planned(entry, narrow, cell["n_qubits"], Limits(**cell["budget"]))
            yield {**row, **vars(cost)}


def device_plan(config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield one row per entry of ``device_training`` and width, like those of arms.

    Its cost is ``n_shots`` of all runs together, at most and on pure states: the circuits
    have no operation count here.
    """
    from qnnbench.hardware.on_device import DeviceSettings

    for name, entry in study.entries(config, "device_training").items():
        settings = DeviceSettings.of(entry)
        n_runs = entry["repeats"]
        for crossed in ("starts", "devices", "noise_scales"):
            n_runs *= len(entry[crossed])
        for n_qubits in sorted(entry["widths"]):
            yield {
                "arm": name,
                "n_qubits": n_qubits,
                "n_runs": n_runs,
                "n_steps": n_runs * settings.n_steps,
                "backend": "error models",
                "seconds": None,
                "status": "ok",
                "n_shots": n_runs * settings.most_shots,
            }


@lru_cache(maxsize=64)
def _narrow(family: str, options: str, n_qubits: int) -> Dataset:
    known = DATASETS[family]
    width = next(
        n for n in (*range(min(n_qubits, _NARROW), n_qubits), n_qubits) if has_width(known, n)
    )
    return build_dataset(family, width, seed=0, **loads(options))
