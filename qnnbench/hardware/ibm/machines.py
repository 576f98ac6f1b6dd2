"""IBM's machines: their size and the durations that price a job, readable without Qiskit."""

from collections import defaultdict
from dataclasses import dataclass

import cirq

from qnnbench.hardware.devices import DEVICES
from qnnbench.hardware.machine import MachineCircuit
from qnnbench.registry import lookup

JOB_S = 2.0  # of a job, whatever it runs
SHOT_S = 350e-6  # of a shot with the default delay and a short circuit
DELAY_S = 250e-6  # between shots, by default
FEED_FORWARD_NS = 1000  # assumed: IBM publishes none


@dataclass(frozen=True)
class Machine:
    """A machine: where its figures and its stand-in are, and how long its operations take.

    Attributes:
        figures: Key of ``DEVICES``: qubits, errors, most shots of a job.
        stand_in: Class of ``qiskit_ibm_runtime.fake_provider``: couplings and calibration of
            one day.
        one_qubit_ns: Duration of an X rotation.
        two_qubit_ns: Of a CZ or a fractional ZZ rotation.
        measure_ns: Of a measurement.
        reset_ns: Of a reset.

    Source:
        Durations are medians over the machine in the calibration that qiskit-ibm-runtime 0.51
        holds, ``fake_provider/backends``.
    """

    figures: str
    stand_in: str
    one_qubit_ns: float
    two_qubit_ns: float
    measure_ns: float
    reset_ns: float


MACHINES = {
    "ibm_torino": Machine("Torino", "FakeTorino", 32, 68, 1560, 1708),
    "ibm_kingston": Machine("Kingston", "FakeKingston", 32, 68, 2280, 2312),
    "ibm_boston": Machine("Boston", "FakeBoston", 32, 68, 2200, 2232),
}
LOCAL = {f"fake_{name.removeprefix('ibm_')}": name for name in MACHINES}  # stand-in: machine


def machine_named(device: str) -> Machine:
    """Return a machine by its name or that of its stand-in, "ibm_boston" or "fake_boston".

    Raises:
        ValueError: Unknown name.
    """
    known = MACHINES | {local: MACHINES[name] for local, name in LOCAL.items()}
    return lookup(known, device, "IBM machine")


def duration(machine: MachineCircuit, device: str) -> float:
    """Return the seconds of one shot: the longest chain through qubits and classical bits.

    Gates that routing adds are not in it: a swap is three two-qubit gates.
    """
    on = machine_named(device)
    ends: dict[cirq.Qid | str, float] = defaultdict(float)
    for op in machine.circuit.all_operations():
        keys = [str(key) for key in cirq.control_keys(op)]
        starts = [ends[q] for q in op.qubits] + [ends[key] + FEED_FORWARD_NS for key in keys]
        end = max(starts) + _nanoseconds(op.without_classical_controls().gate, on)
        ends.update(dict.fromkeys(op.qubits, end))
        if cirq.is_measurement(op):
            ends[cirq.measurement_key_name(op)] = end
    return max(ends.values(), default=0.0) * 1e-9


def quantum_seconds(machine: MachineCircuit, n_shots: int, device: str) -> float:
    """Return the price of a job in seconds of the machine; 0 on a stand-in.

    2 s + n_shots · max(350 µs, 250 µs + duration of a shot): IBM's base formula, overhead of
    a job + (delay + circuit) · executions, and never below its short form. Neither error
    mitigation nor another delay between shots is used.

    Raises:
        ValueError: Unknown device.

    Source:
        quantum.cloud.ibm.com/docs/guides/estimate-job-run-time, "Workload usage".
    """
    shot = max(SHOT_S, DELAY_S + duration(machine, device))
    return 0.0 if device in LOCAL else JOB_S + n_shots * shot


def check_fits(machine: MachineCircuit, n_shots: int, device: str) -> None:
    """Raise ValueError unless a device takes so many qubits and shots."""
    figures = DEVICES[machine_named(device).figures]
    if machine.n_physical > figures.n_qubits:
        raise ValueError(
            f"{device} has {figures.n_qubits} qubits and the circuit uses {machine.n_physical}. "
            "Compile the network with reuse=True, or take a larger machine."
        )
    most = figures.max_shots or n_shots
    if not 1 <= n_shots <= most:
        raise ValueError(
            f"a job on {device} takes 1 to {most} shots, asked for {n_shots}. Split more shots "
            "into several repeats."
        )


def _nanoseconds(gate: cirq.Gate | None, on: Machine) -> float:
    if isinstance(gate, cirq.MeasurementGate):
        return on.measure_ns
    if isinstance(gate, cirq.ResetChannel):
        return on.reset_ns
    if isinstance(gate, cirq.ZZPowGate):
        return on.two_qubit_ns
    return on.one_qubit_ns if isinstance(gate, cirq.PhasedXPowGate) else 0.0
