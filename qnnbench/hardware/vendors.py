"""Who runs machine circuits: the vendors, and their emulators on this computer."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from qnnbench.hardware.devices import DEVICES, Device
from qnnbench.hardware.jobs import FREE, JobStatus, Vendor
from qnnbench.registry import lookup
from qnnbench.results import write_atomically

if TYPE_CHECKING:
    from qnnbench.hardware.machine import MachineCircuit

PUBLISHED = {  # device: whose published figures it has
    "H2-1": "H2-1",
    "H2-2": "H2-2",
    "Helios-1": "Helios",
    "ibm_torino": "Torino",
    "ibm_kingston": "Kingston",
    "ibm_boston": "Boston",
}
EMULATED = {  # device: extra that brings its emulator
    "H2-1": "quantinuum",
    "H2-2": "quantinuum",
    "Helios-1": "quantinuum",
    "ibm_torino": "ibm",
    "ibm_kingston": "ibm",
    "ibm_boston": "ibm",
}


def _quantinuum(folder: Path) -> Vendor:
    from qnnbench.hardware.quantinuum import VENDOR

    return VENDOR


def _ibm(folder: Path) -> Vendor:
    from qnnbench.hardware.ibm import VENDOR

    return VENDOR


def emulator(folder: Path) -> Vendor:
    """Return the vendors' own emulators with published errors as one free vendor.

    A job runs while it is submitted and is kept as a file, named by its key, which seeds it.

    Args:
        folder: Where counts are kept.
    """

    def path(key: str) -> Path:
        return folder / "emulated" / f"{key}.json"

    def submit(
        machine: "MachineCircuit", n_shots: int, device: str, max_cost: float, key: str
    ) -> str:
        counts = _run(device)(machine, n_shots, int(key[:8], 16), 1.0, device)
        write_atomically(path(key), lambda p: _write(p, json.dumps(dict(counts))))
        return key

    return Vendor(
        name="emulator",
        devices=tuple(EMULATED),
        unit="none",
        cost=lambda machine, n_shots, device: FREE,
        submit=submit,
        find=lambda key, device: key if path(key).exists() else None,
        poll=lambda job_id: JobStatus("done" if path(job_id).exists() else "error"),
        fetch=lambda job_id: json.loads(path(job_id).read_text()),
    )


def _run(device: str) -> Callable[..., Mapping[str, int]]:
    if EMULATED[device] == "ibm":
        from qnnbench.hardware.ibm import run_locally as on_aer

        return on_aer
    from qnnbench.hardware.quantinuum import run_locally as on_pecos_or_selene

    return on_pecos_or_selene


def _write(path: Path, text: str) -> None:
    path.write_text(text)


def published(device: str) -> Device:
    """Return the published figures of a vendor's device.

    Raises:
        ValueError: None are known for that name.
    """
    return DEVICES[lookup(PUBLISHED, device, "device with published figures")]


VENDORS: Mapping[str, Callable[[Path], Vendor]] = {
    "emulator": emulator,
    "ibm": _ibm,
    "quantinuum": _quantinuum,
}


def vendor_named(name: str, folder: Path) -> Vendor:
    """Return a vendor; ``folder`` is that of the ledger.

    Raises:
        ValueError: No such vendor.
    """
    return lookup(VENDORS, name, "vendor")(folder)
