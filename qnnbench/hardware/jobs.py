"""Jobs on machines: priced, confirmed, recorded before and after they are sent, fetched later.

A job is what it asks: circuit, shots, device and which repeat of them. Its key names the
record on disk and the job at the vendor, so that whoever asks again gets the same job: a
rerun, a second process, a process killed between sending and writing.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from filelock import FileLock

from qnnbench.results import write_atomically

if TYPE_CHECKING:  # importing Cirq costs seconds: records are read without it
    from collections.abc import Iterator

    from qnnbench.hardware.machine import MachineCircuit

State = Literal[
    "intended", "queued", "running", "done", "partial", "error", "cancelled", "depleted"
]
WAITING = ("intended", "queued", "running")
FREE = 0.0  # what an emulator costs: nothing to confirm
DEAREST = 1.2  # a job may cost so many times its estimate before the vendor stops it


class NotConfirmed(ValueError):  # noqa: N818 - asking first is no error
    """Nothing was sent: the job has a price, and nobody has agreed to it."""


@dataclass(frozen=True)
class JobStatus:
    """What a vendor says of a job.

    Attributes:
        state: "queued", "running", "done", "error", "cancelled" or "depleted" (no credit).
        message: The vendor's words, if any.
    """

    state: State
    message: str = ""


def _no_calibration(device: str) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Vendor:
    """How to send circuits to the machines of one vendor, or to emulators of them.

    Attributes:
        name: Key in configs and the ``vendor`` column.
        devices: Names of its machines.
        unit: Of cost: "HQC", "QPU s".
        cost: Maps (machine circuit, n_shots, device) to the price; offline.
        submit: Maps (machine circuit, n_shots, device, max_cost, key) to the vendor's id of a
            job that is named ``key``.
        find: Maps (key, device) to the id of the job of that name, None where there is none.
        poll: Maps an id to a :class:`JobStatus`.
        fetch: Maps an id to counts by outcome, one character per bit read.
        calibration: Maps a device to its figures of the day.
    """

    name: str
    devices: tuple[str, ...]
    unit: str
    cost: "Callable[[MachineCircuit, int, str], float]"
    submit: "Callable[[MachineCircuit, int, str, float, str], str]"
    find: Callable[[str, str], str | None]
    poll: Callable[[str], JobStatus]
    fetch: Callable[[str], dict[str, int]]
    calibration: Callable[[str], dict[str, Any]] = _no_calibration


@dataclass(frozen=True)
class JobRecord:
    """One job, as it stands on disk; it holds no credentials.

    Attributes:
        key: SHA-256 of what was asked, 32 hex digits.
        vendor, device: Where it runs.
        circuit_hash: SHA-256 of the machine circuit and its read bits, 16 hex digits.
        n_shots: Shots asked for.
        repeat: Tells equal requests apart that want shots of their own.
        cost, unit: Price, estimated when it was sent.
        state: "intended" until the vendor's id is known.
        job_id: The vendor's.
        submitted_at: UTC, ISO 8601.
        calibration: The device's figures when it was sent.
        counts: Shots by outcome, once fetched; fewer than asked where the state is "partial".
        message: The vendor's words, if any.
    """

    key: str
    vendor: str
    device: str
    circuit_hash: str
    n_shots: int
    repeat: int
    cost: float
    unit: str
    state: State = "intended"
    job_id: str | None = None
    submitted_at: str | None = None
    calibration: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, int] | None = None
    message: str = ""

    @property
    def is_waiting(self) -> bool:
        """Whether its result is still to come."""
        return self.state in WAITING


def circuit_hash(machine: "MachineCircuit") -> str:
    """Return 16 hex digits over the operations and read bits of a machine circuit."""
    import cirq

    content = json.dumps([cirq.to_json(machine.circuit), list(machine.read)])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def job_key(machine: "MachineCircuit", n_shots: int, device: str, repeat: int = 0) -> str:
    """Return the key of a job: 32 hex digits of SHA-256 over what it asks."""
    content = json.dumps([circuit_hash(machine), n_shots, device, repeat])
    return hashlib.sha256(content.encode()).hexdigest()[:32]


class Ledger:
    """The records of all jobs, one JSON file each, written atomically.

    Args:
        folder: Where they are; outside declared workflow outputs, which a rerun deletes.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def get(self, key: str) -> JobRecord | None:
        """Return the record of a key, None where nothing was ever asked.

        Raises:
            ValueError: The file is no record.
        """
        path = self._path(key)
        if not path.exists():
            return None
        try:
            return JobRecord(**json.loads(path.read_text()))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{path} is no job record ({error}). Restore it from a backup; without it the "
                "job would be sent, and paid, again."
            ) from error

    def put(self, record: JobRecord) -> None:
        """Store a record in place of the last one of its key."""
        text = json.dumps(asdict(record), indent=1)
        write_atomically(self._path(record.key), lambda path: _write(path, text))

    def records(self) -> list[JobRecord]:
        """Return every record, oldest first."""
        found = [self.get(path.stem) for path in self.folder.glob("*.json")]
        return sorted(filter(None, found), key=lambda r: (r.submitted_at or "", r.key))

    def spent(self, unit: str) -> float:
        """Return what all recorded jobs of a unit cost; jobs that failed count too."""
        return sum(record.cost for record in self.records() if record.unit == unit)

    @contextmanager
    def locked(self) -> "Iterator[None]":
        """Hold the ledger: one process at a time sends jobs."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / ".lock", timeout=600):
            yield

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"


def _write(path: Path, text: str) -> None:
    path.write_text(text)


def submit(
    ledger: Ledger,
    vendor: Vendor,
    device: str,
    machine: "MachineCircuit",
    n_shots: int,
    *,
    repeat: int = 0,
    max_cost: float | None = None,
    confirm: bool = False,
) -> JobRecord:
    """Return the record of a job, sent now unless it was sent before.

    The record is written before the job is sent and again with its id. A record without an
    id is a process that died in between: the vendor is asked for a job of that name first.

    Args:
        ledger: Where records are.
        vendor: Who runs it.
        device: One of the vendor's.
        machine: What is run.
        n_shots: How often.
        repeat: Another number is another job.
        max_cost: What all jobs of this ledger in the vendor's unit may cost together.
        confirm: That the price is agreed to.

    Raises:
        ValueError: No such device, n_shots < 1, or what the vendor does not take.
        NotConfirmed: It has a price, and ``max_cost`` or ``confirm`` is missing or too small.
    """
    if device not in vendor.devices:
        raise ValueError(f"{vendor.name} has no device {device!r}; it has {list(vendor.devices)}")
    if n_shots < 1:
        raise ValueError(f"n_shots must be >= 1, got {n_shots}")
    key = job_key(machine, n_shots, device, repeat)
    with ledger.locked():
        known = ledger.get(key)
        if known is not None and known.job_id is not None:
            return known
        job_id = None if known is None else vendor.find(key, device)
        if known is not None and job_id is not None:
            record = known
        else:
            cost = vendor.cost(machine, n_shots, device)
            others = ledger.spent(vendor.unit) - (0.0 if known is None else known.cost)
            allowed = _allowed(others, cost, vendor.unit, device, max_cost, confirm)
            record = JobRecord(
                key,
                vendor.name,
                device,
                circuit_hash(machine),
                n_shots,
                repeat,
                cost,
                vendor.unit,
                submitted_at=datetime.now(UTC).isoformat(timespec="seconds"),
                calibration=vendor.calibration(device),
            )
            ledger.put(record)
            job_id = vendor.submit(machine, n_shots, device, allowed, key)
        record = replace(record, job_id=job_id, state="queued")
        ledger.put(record)
    return record


def _allowed(
    spent: float, cost: float, unit: str, device: str, max_cost: float | None, confirm: bool
) -> float:
    """Return what one job may cost.

    Raises:
        NotConfirmed: More than is left, or nobody has agreed to it.
    """
    if cost == FREE:
        return FREE
    price = f"the job costs {cost:.4g} {unit} on {device}"
    if max_cost is None:
        raise NotConfirmed(f"Nothing was sent: {price}; give max_cost, and confirm.")
    if spent + cost > max_cost:
        raise NotConfirmed(
            f"Nothing was sent: {price}, {spent:.4g} are spent, and max_cost is {max_cost:.4g}. "
            "Raise max_cost, or ask for fewer shots or circuits."
        )
    if not confirm:
        raise NotConfirmed(f"Nothing was sent: {price} and nobody has confirmed it.")
    return min(max_cost - spent, DEAREST * cost)


def collect(ledger: Ledger, vendor: Vendor, key: str) -> JobRecord:
    """Return the record of a job after asking the vendor how it stands.

    A finished job is fetched once; a record that has ended is returned as it is.

    Raises:
        ValueError: No job of that key was sent.
    """
    record = ledger.get(key)
    if record is None or record.job_id is None:
        raise ValueError(
            f"No job {key} was sent from {ledger.folder}. Submit it first: a rerun of the "
            "submission finds a job that was sent and not recorded."
        )
    job_id = record.job_id
    if not record.is_waiting:
        return record
    status = vendor.poll(job_id)
    record = replace(record, state=status.state, message=status.message)
    if status.state == "done":
        counts = vendor.fetch(job_id)
        n_back = sum(counts.values())
        record = replace(record, counts=counts)
        if n_back < record.n_shots:
            message = f"{n_back} of {record.n_shots} shots came back. {status.message}".strip()
            record = replace(record, state="partial", message=message)
    ledger.put(record)
    return record
