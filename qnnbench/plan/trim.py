"""Which widths of a study are left out, so that it stays within ``max_cpu_hours``.

Of the widest width that each curve, arm and rival still has, the costliest goes first, again
and again; so every entry keeps its narrow widths, and at least one. What runs on machines goes
with its arm. States and their certificates are always made. Estimates are those of the plan,
whatever of the study is done: the same config and code leave out the same.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qnnbench import study
from qnnbench.config import MACHINE_SECTIONS
from qnnbench.own import name_of
from qnnbench.results import digest, write_atomically
from qnnbench.source import code
from qnnbench.study import Cell

if TYPE_CHECKING:
    from qnnbench.plan import PlannedCell

KEY = "max_cpu_hours"
TRIMMED = ("trainability", "training", "rivals")
Place = tuple[str, str, int]  # stage, name, width


@dataclass(frozen=True)
class Dropped:
    """A width of an entry that is not run.

    Attributes:
        stage, name, n_qubits: Which one.
        reason: What its rows say.
    """

    stage: str
    name: str
    n_qubits: int
    reason: str

    @property
    def place(self) -> Place:
        """Stage, name and width."""
        return self.stage, self.name, self.n_qubits


def dropped(
    config: Mapping[str, Any], cells: Iterable["PlannedCell"], max_cpu_hours: float
) -> list[Dropped]:
    """Return what to leave out, in the order in which it goes.

    Args:
        config: Of the study, checked.
        cells: Its plan, ``cpu_s`` as if nothing of it were done.
        max_cpu_hours: What the rest may take by estimate.

    Raises:
        ValueError: The narrowest widths alone, with states and certificates, take more.
    """
    seconds: dict[Place, float] = {}
    for cell in cells:
        place = (cell.stage, cell.name, cell.n_qubits)
        seconds[place] = seconds.get(place, 0.0) + (cell.cpu_s or 0.0)
    total, gone = sum(seconds.values()), []
    groups = {
        place: sum(seconds.get(part, 0.0) for part in (place, *_on_machines(config, place)))
        for place, own in seconds.items()
        if place[0] in TRIMMED and own > 0  # what will not run anyway tells its own reason
    }
    left = total
    while left > 3600 * max_cpu_hours:
        ends = _ends(groups)
        if not ends:
            raise ValueError(
                f"{KEY} is {max_cpu_hours:g}, and the narrowest width of every entry, with all "
                f"states, is estimated at {left / 3600:.2g} CPU hours. Raise it, or ask for less: "
                "qnnbench plan CONFIG lists what each stage costs."
            )
        place = max(ends, key=lambda end: groups[end])
        cost = groups.pop(place)
        left -= cost
        why = f"{KEY} is {max_cpu_hours:g}, the study is estimated at {total / 3600:.2g} CPU hours"
        gone.append(Dropped(*place, f"{why}, this at {cost / 3600:.2g}"))
        gone += [
            Dropped(*part, f"its arm {place[1]} is dropped: {why}")
            for part in _on_machines(config, place)
        ]
    return gone


def _ends(groups: Iterable[Place]) -> list[Place]:
    """Return the widest width of each entry that has several."""
    widths: dict[tuple[str, str], list[int]] = {}
    for stage, name, n_qubits in groups:
        widths.setdefault((stage, name), []).append(n_qubits)
    return [(*entry, max(found)) for entry, found in widths.items() if len(found) > 1]


def _on_machines(config: Mapping[str, Any], place: Place) -> list[Place]:
    """Return what runs an arm of this width on machines."""
    stage, name, n_qubits = place
    return [
        (section, run, n_qubits)
        for section in (MACHINE_SECTIONS if stage == "training" else ())
        for run, entry in study.entries(config, section).items()
        if entry["arm"] == name and n_qubits in entry["widths"]
    ]


def without(config: Mapping[str, Any], gone: Iterable[Dropped]) -> dict[str, Any]:
    """Return a config without some widths, and without entries that have none left."""
    places = {one.place for one in gone}

    def kept(stage: str, name: str, entry: Cell) -> Cell:
        return {**entry, "widths": [n for n in entry["widths"] if (stage, name, n) not in places]}

    trimmed = dict(config)
    for stage in ("trainability", "training", "rivals", *MACHINE_SECTIONS):
        entries = {
            name: kept(stage, name, entry) for name, entry in study.entries(config, stage).items()
        }
        left = {name: entry for name, entry in entries.items() if entry["widths"]}
        if stage in config:
            is_list = isinstance(config[stage], list)
            trimmed[stage] = [*left.values()] if is_list else left
    return trimmed


def settled(config: Mapping[str, Any], note: Path) -> list[Dropped]:
    """Return what the config's ``max_cpu_hours`` leaves out; nothing where it has none.

    It is kept in ``note``, so that the other processes of the same study need not plan again.

    Raises:
        ValueError: See :func:`dropped`.
    """
    if KEY not in config["budgets"]:
        return []
    key = digest({"config": dict(config), "source": _package()})
    if note.is_file() and (told := json.loads(note.read_text()))["key"] == key:
        return [Dropped(**one) for one in told["dropped"]]
    from qnnbench.plan import study_plan  # loads Cirq

    gone = dropped(config, study_plan(config), config["budgets"][KEY])
    text = json.dumps({"key": key, "dropped": [asdict(one) for one in gone]}, indent=1)

    def write(path: Path) -> None:
        path.write_text(text)

    write_atomically(note, write)
    return gone


def _package() -> str:
    """Return a hash of all code: of the plan, and of all that it counts."""
    root = Path(__file__).parents[1]
    return digest({file.relative_to(root).as_posix(): code(file) for file in root.rglob("*.py")})


def dropped_rows(config: Mapping[str, Any], gone: Iterable[Dropped]) -> list[dict[str, Any]]:
    """Return the rows that say of one table's entries that they were not run, and why.

    Args:
        config: Before widths were taken out of it.
        gone: Of one stage.
    """
    rows = []
    for one in gone:
        told = {"status": "over_budget", "reason": one.reason, "n_qubits": one.n_qubits}
        for cell in _cells(config, one):
            found = [{**row, **told} for row in _ROWS[one.stage](one.name, cell)]
            told_apart = {**cell, KEY: config["budgets"][KEY]}
            rows += study.identified(found, told_apart, config, study.source(one.stage))
    return rows


def _cells(config: Mapping[str, Any], one: Dropped) -> list[Cell]:
    """Return the cells of one width of an entry."""
    entry = {**study.entries(config, one.stage)[one.name], "widths": [one.n_qubits]}
    alone = [entry] if isinstance(config[one.stage], list) else {one.name: entry}
    return study.cells({**config, one.stage: alone}, one.stage, one.name, f"n{one.n_qubits}")


def _curve(name: str, cell: Cell) -> Iterator[Cell]:
    yield study.curve_columns(name, cell)


def _arm(name: str, cell: Cell) -> Iterator[Cell]:
    arm = cell["arm"]
    columns = {key: arm.get(key) for key in ("task", "arm", "dataset", "target", "error_rate")}
    columns["ansatz"] = name_of(arm["ansatz"]) if "ansatz" in arm else None
    columns["sharing"] = arm.get("options", {}).get("sharing")
    for repeat in range(arm["repeats"]):
        yield {**columns, "repeat": repeat}


def _rival(name: str, cell: Cell) -> Iterator[Cell]:
    columns = {"task": "classification", "dataset": name, "repeat": 0}
    for rival in cell["rivals"]["rivals"]:
        yield {**columns, "arm": rival}


def _machine(name: str, cell: Cell) -> Iterator[Cell]:
    (asked,) = (cell[section] for section in MACHINE_SECTIONS if section in cell)
    columns = {key: cell["trained"]["arm"].get(key) for key in ("arm", "dataset")}
    columns["ansatz"] = name_of(cell["trained"]["arm"]["ansatz"])
    columns["repeat"] = asked.get("repeat", 0)
    for device in asked["devices"]:
        yield {**columns, "device": device}


def _by_shots(name: str, cell: Cell) -> Iterator[Cell]:
    from qnnbench.hardware.device_steps import start_name  # loads Cirq

    asked = cell["device_training"]
    for row in _machine(name, cell):
        for start, scale in product(asked["starts"], asked["noise_scales"]):
            yield {**row, "start": start_name(start), "noise_scale": float(scale)}


_ROWS = {
    "trainability": _curve,
    "training": _arm,
    "rivals": _rival,
    "hardware": _machine,
    "jobs": _machine,
    "device_training": _by_shots,
}
