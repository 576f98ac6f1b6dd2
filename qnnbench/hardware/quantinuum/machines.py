"""The machines and emulators of Quantinuum: names, limits and prices."""

from typing import TYPE_CHECKING

from qnnbench.hardware.devices import DEVICES as PUBLISHED
from qnnbench.hardware.devices import Device

if TYPE_CHECKING:
    from qnnbench.hardware.machine import MachineCircuit

_MODELS = {"H2-1": "H2-1", "H2-2": "H2-2", "Helios-1": "Helios"}  # machine -> published figures
_KINDS = ("", "E", "SC")  # the machine, its emulator with noise, its syntax checker
DEVICES = tuple(f"{machine}{kind}" for machine in _MODELS for kind in _KINDS)
MAX_SHOTS = 10_000  # max_n_shots of H2 in pytket-quantinuum 0.59; none is published for Helios


def machine_of(device: str) -> str:
    """Return the machine that a device is, emulates or checks for: "H2-1", "Helios-1", ….

    Raises:
        ValueError: Quantinuum has no such device.
    """
    if device not in DEVICES:
        raise ValueError(f"Quantinuum has no device {device!r}; it has {list(DEVICES)}")
    return device.removesuffix("SC").removesuffix("E")


def published(device: str) -> Device:
    """Return the published figures of the machine behind a device.

    Raises:
        ValueError: Quantinuum has no such device.
    """
    return PUBLISHED[_MODELS[machine_of(device)]]


def is_helios(device: str) -> bool:
    """Whether a device runs Guppy programs, where others run pytket circuits.

    Raises:
        ValueError: Quantinuum has no such device.
    """
    return machine_of(device).startswith("Helios")


def check_fits(machine: "MachineCircuit", n_shots: int, device: str) -> None:
    """Raise ValueError unless a device takes this circuit and so many shots in one job."""
    n_qubits = published(device).n_qubits
    if machine.n_physical > n_qubits:
        raise ValueError(
            f"the circuit uses {machine.n_physical} qubits, {device} has {n_qubits}: build it "
            "with reuse of measured qubits, or narrower."
        )
    if not 1 <= n_shots <= MAX_SHOTS:
        raise ValueError(
            f"{device} takes 1 to {MAX_SHOTS} shots in one job, asked for {n_shots}: split them "
            "into repeats, each a job of its own."
        )


def hqc(machine: "MachineCircuit", n_shots: int, device: str) -> float:
    """Return the price of a job in hardware quantum credits, computed offline.

    HQC = 5 + C (N_1q + 10 N_2q + 5 N_m) / 5000 with C shots; N_m counts preparations,
    measurements and resets, and a rotation about Z is free. It is the formula of the H
    series. Helios prices each shot by it, for the branch that ran: the whole circuit, every
    controlled gate counted as if it acts, bounds that price from above. Emulators charge as
    many credits of their own kind (eHQC); syntax checkers run nothing and are free.

    Raises:
        ValueError: Quantinuum has no such device.

    Source:
        docs.quantinuum.com/systems, hardware user guide and "Job Costing" of Helios.
    """
    if machine_of(device) + "SC" == device:
        return 0.0
    n_spam = machine.n_physical + machine.n_measurements + machine.n_resets
    weight = machine.n_one_qubit + 10 * machine.n_two_qubit + 5 * n_spam
    return 5 + n_shots * weight / 5000
