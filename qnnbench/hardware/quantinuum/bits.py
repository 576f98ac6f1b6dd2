"""Names of measured bits at Quantinuum: the place in an outcome string is in the name.

Emulators and services return bits register by register in an order of their own (PECOS sorts
registers by name), and a job is fetched by processes that hold no circuit. So the bit that
stands k-th in an outcome is called ``r`` and k, and a bit that only controls gates ``c`` and
its place in time. Registers are one bit wide: wide ones are limited to 63 bits.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qnnbench.hardware.machine import MachineCircuit

MAX_BITS = 4000  # classical registers of an H2 machine


def bit_names(machine: "MachineCircuit") -> dict[str, str]:
    """Return the name of the bit that each measurement key writes, in order of time.

    Raises:
        ValueError: A key is read twice, or there are more than 4,000 measurements.
    """
    import cirq

    if len(set(machine.read)) < len(machine.read):
        raise ValueError(f"each key is read once; read is {machine.read}")
    measurements = filter(cirq.is_measurement, machine.circuit.all_operations())
    keys = [cirq.measurement_key_name(op) for op in measurements]
    if len(keys) > MAX_BITS:
        raise ValueError(
            f"{len(keys)} measurements are more than the {MAX_BITS} bits of a machine: measure "
            "fewer qubits, or reset those that are not read without measuring them."
        )
    place = {key: k for k, key in enumerate(machine.read)}
    return {
        key: f"r{place[key]:04d}" if key in place else f"c{time:04d}"
        for time, key in enumerate(keys)
    }


def is_read(name: str) -> bool:
    """Whether a bit of this name stands in outcomes."""
    return name.startswith("r")


def counts_by_name(shots: Iterable[Mapping[str, int | bool]]) -> dict[str, int]:
    """Return how often each outcome occurs among shots that give bits by name.

    Args:
        shots: One mapping per shot; bits that are not read are ignored.

    Returns:
        Shots by outcome, outcomes in ascending order.
    """
    counts = Counter(
        "".join(str(int(shot[name])) for name in sorted(filter(is_read, shot))) for shot in shots
    )
    return dict(sorted(counts.items()))
