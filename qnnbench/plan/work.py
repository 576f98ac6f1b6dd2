"""What a cell of each stage consists of, in units that were measured."""

from collections.abc import Iterator
from dataclasses import dataclass

from qnnbench.config import listed
from qnnbench.own import name_of
from qnnbench.rivals.records import RECORDS
from qnnbench.rivals.rows import RIVALS
from qnnbench.states.samples import DEFAULT_SIZES
from qnnbench.study import Cell


@dataclass(frozen=True)
class Work:
    """So many units of one kind of work at one width.

    Attributes:
        kind: What decides the cost most: a family, "exact" moments, a rival.
        detail: What decides it next: an ansatz, a family; "" for nothing.
        amount: Units: samples, draws, records, shots.
        n_layers: Depth that is asked for; None: the kind's own at this width.
    """

    kind: str
    detail: str = ""
    amount: float = 1.0
    n_layers: int | None = None


def work_of(cell: Cell, stage: str) -> list[Work]:
    """Return the work in a cell of any stage but those counted otherwise.

    Training by an ansatz is counted by operations, jobs of vendors have prices, the report a
    budget: they have none here.
    """
    return list(_PARTS[stage](cell)) if stage in _PARTS else []


def _states(cell: Cell) -> Iterator[Work]:
    asked = cell["options"].get("n_samples") or DEFAULT_SIZES
    yield Work(cell["family"], amount=sum(asked.values()) if isinstance(asked, dict) else asked)


def _certificate(cell: Cell) -> Iterator[Work]:
    yield Work(cell["family"])


def _moments(cell: Cell) -> Iterator[Work]:
    if "closed_form" in cell:
        yield Work("closed form")
        return
    kind = "contrast" if "contrast" in cell else "sampled" if "n_samples" in cell else "exact"
    amount = cell["n_samples"] if kind == "sampled" else 1
    yield Work(kind, name_of(cell["ansatz"]), amount, cell["options"].get("n_layers"))


def _own_trainer(cell: Cell) -> Iterator[Work]:
    arm = cell["arm"]
    if "ansatz" not in arm or arm["task"] == "decoding":
        yield Work(arm["task"], amount=arm["repeats"])


def _rivals(cell: Cell) -> Iterator[Work]:
    asked = cell["rivals"]
    repeats = asked.get("repeats", 1)
    for name in asked["rivals"]:
        takes_copies = RECORDS[RIVALS[name].record].takes_copies
        times = len(listed(asked.get("n_copies", [1]))) if takes_copies else 1
        yield Work(name, cell["states"]["family"], repeats * times)
    for trained in cell["trained"].values():
        yield Work("surrogate", trained["states"]["family"], trained["arm"]["repeats"])


def _error_models(cell: Cell) -> Iterator[Work]:
    asked = cell["hardware"]
    shots = 2 * asked["n_states"] * asked["n_shots"]
    amount = shots * len(asked["devices"]) * len(asked["noise_scales"])
    yield Work("error model", name_of(cell["trained"]["arm"]["ansatz"]), amount)


def _by_shots(cell: Cell) -> Iterator[Work]:
    """Yield the shots of all runs, at most and on pure states."""
    from qnnbench.hardware.on_device import DeviceSettings  # loads Cirq

    asked = cell["device_training"]
    n_runs = asked["repeats"]
    for crossed in ("starts", "devices", "noise_scales"):
        n_runs *= len(asked[crossed])
    amount = n_runs * DeviceSettings.of(asked).most_shots
    yield Work("error model", name_of(cell["trained"]["arm"]["ansatz"]), amount)


MEASURED_AS = {"device_training": "hardware"}  # shots on the same error models
_PARTS = {
    "datasets": _states,
    "certificates": _certificate,
    "trainability": _moments,
    "training": _own_trainer,
    "rivals": _rivals,
    "hardware": _error_models,
    "device_training": _by_shots,
}
