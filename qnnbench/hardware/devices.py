"""Machines and their published error figures, each with its source."""

from collections.abc import Mapping
from dataclasses import dataclass

from qnnbench.registry import lookup


@dataclass(frozen=True)
class Device:
    """A machine as its maker describes it.

    Infidelities are averages over input states: 1 minus the average gate fidelity.

    Attributes:
        name: Key in configs and the ``device`` column.
        vendor: "quantinuum" or "ibm".
        unit: Of its price: "HQC", "QPU s".
        n_qubits: Physical qubits.
        any_pair: Two-qubit gates act on any pair. Elsewhere circuits need swaps, which a
            machine circuit does not have: what is computed with it is then optimistic.
        one_qubit: Infidelity of a one-qubit gate that takes a pulse.
        two_qubit: Infidelity of a two-qubit gate, between qubits that are coupled.
        reads_one: Probability to read 1 of |0>, errors of preparation included.
        reads_zero: Probability to read 0 of |1>, likewise.
        memory: Infidelity of a qubit that waits while others pass one layer of two-qubit
            gates; None where none is published, and then waiting is free.
        max_shots: Most shots of one job; None where none is published.
        sources: Where each figure stands, by attribute.
    """

    name: str
    vendor: str
    unit: str
    n_qubits: int
    any_pair: bool
    one_qubit: float
    two_qubit: float
    reads_one: float
    reads_zero: float
    memory: float | None
    max_shots: int | None
    sources: Mapping[str, str]


@dataclass(frozen=True)
class ErrorRates:
    """Probabilities of Pauli errors, the form in which noise is simulated.

    Attributes:
        one_qubit: That one of X, Y, Z, equally likely, follows a one-qubit gate.
        two_qubit: That one of the 15 Pauli pairs, equally likely, follows a two-qubit gate.
        memory: That Z follows one layer of waiting.
        reads_one, reads_zero: That 0 is read as 1, and 1 as 0.
    """

    one_qubit: float
    two_qubit: float
    memory: float
    reads_one: float
    reads_zero: float


MOST_RANDOM = (3 / 4, 15 / 16, 1 / 2, 1 / 2, 1 / 2)  # rates that leave nothing of the state


def depolarizing(device: Device | str, noise_scale: float = 1.0) -> ErrorRates:
    """Return the error rates of a device, multiplied by a factor.

    A channel that leaves a state of dimension d alone with probability 1 - p and applies one
    of the other Paulis with p has entanglement fidelity 1 - p, so its average fidelity is
    (d (1 - p) + 1)/(d + 1) and the infidelity r = p d/(d + 1): p = 3r/2 for one qubit and
    5r/4 for two. A waiting qubit loses its phase: p = 3r/2, all of it Z.

    Args:
        device: A device or its name.
        noise_scale: Factor of all rates, 0 for none. No rate exceeds that of noise that
            leaves nothing of the state: 3/4, 15/16, and 1/2 for phases and readout.

    Raises:
        ValueError: Unknown device, or a factor that is negative or not finite.

    Source:
        Horodecki, Horodecki and Horodecki, Phys. Rev. A 60, 1888 (1999), Eq. (41); Nielsen,
        Phys. Lett. A 303, 249 (2002), Eq. (3).
    """
    if isinstance(device, str):
        device = lookup(DEVICES, device, "device")
    if not 0 <= noise_scale < float("inf"):
        raise ValueError(f"noise_scale must be a finite number >= 0, got {noise_scale!r}")
    rates = (
        1.5 * device.one_qubit,
        1.25 * device.two_qubit,
        1.5 * (device.memory or 0.0),
        device.reads_one,
        device.reads_zero,
    )
    scaled = (min(noise_scale * r, most) for r, most in zip(rates, MOST_RANDOM, strict=True))
    return ErrorRates(*scaled)


def _sources(one_qubit: str, two_qubit: str, readout: str, **others: str) -> dict[str, str]:
    both = dict.fromkeys(("reads_one", "reads_zero"), readout)
    return {"one_qubit": one_qubit, "two_qubit": two_qubit, **both, **others}


def _ions(
    name: str,
    n_qubits: int,
    errors: tuple[float, float, float, float, float | None],
    sources: Mapping[str, str],
) -> Device:
    return Device(name, "quantinuum", "HQC", n_qubits, True, *errors, None, sources)


def _heron(name: str, n_qubits: int, date: str, errors: tuple[float, float, float]) -> Device:
    """Return a device whose calibration of a day comes with qiskit-ibm-runtime."""
    one_qubit, two_qubit, readout = errors
    place = f"fake_provider/backends/{name.lower()} of qiskit-ibm-runtime 0.51"
    median = f"median over the device, calibration of {date}: {place}, props"
    shape = dict.fromkeys(("n_qubits", "max_shots"), f"{place}, conf")
    sources = _sources(median, median, median, **shape)
    rates = (one_qubit, two_qubit, readout, readout, None)
    return Device(name, "ibm", "QPU s", n_qubits, False, *rates, 100_000, sources)


_H2_QUBITS = "Moses et al., Phys. Rev. X 13, 041052 (2023); 56 since 2024"
_H2_1 = "github.com/CQCL/quantinuum-hardware-specifications, data/H2-1/2025_04_30"
_H2_2 = (
    "August 2025, unconfirmed: the public github.com/CQCL/quantinuum-hardware-specifications "
    "ends at 2025-05-29, with SPAM errors 6.0e-4 and 1.77e-3"
)
_HELIOS = "arXiv:2511.05465, abstract"
_HELIOS_READOUT = "unconfirmed: the abstract of arXiv:2511.05465v1 has 4.8e-4"

DEVICES = {
    device.name: device
    for device in (
        _ions(
            "H2-1",
            56,
            (1.9e-5, 1.05e-3, 6.0e-4, 1.4e-3, 2.0e-4),
            _sources(
                f"{_H2_1}/SQ_RB.json",
                f"{_H2_1}/TQ_RB.json",
                f"{_H2_1}/SPAM.json",
                memory=f"{_H2_1}/Memory_RB.json",
                n_qubits=_H2_QUBITS,
            ),
        ),
        _ions(
            "H2-2",
            56,
            (2.8e-5, 8.3e-4, 6.7e-4, 1.2e-3, 1.2e-4),
            _sources(_H2_2, _H2_2, _H2_2, memory=_H2_2, n_qubits=_H2_QUBITS),
        ),
        _ions(
            "Helios",
            98,
            (2.5e-5, 7.9e-4, 3.3e-4, 3.3e-4, None),
            _sources(_HELIOS, _HELIOS, _HELIOS_READOUT, n_qubits=_HELIOS),
        ),
        _heron("Torino", 133, "2025-02-26", (2.7e-4, 4.1e-3, 2.3e-2)),
        _heron("Kingston", 156, "2026-04-15", (2.3e-4, 1.8e-3, 9.5e-3)),
        _heron("Boston", 156, "2026-04-17", (1.4e-4, 1.27e-3, 5.1e-3)),
    )
}
