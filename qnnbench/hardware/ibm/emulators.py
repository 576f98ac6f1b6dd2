"""Machine circuits on this computer: Qiskit Aer, with the noise of IBM's machines or without."""

from typing import TYPE_CHECKING, Any

import numpy as np

from qnnbench.hardware.devices import depolarizing
from qnnbench.hardware.ibm.machines import LOCAL, machine_named
from qnnbench.hardware.ibm.qiskit_circuits import READ, compiled, to_qiskit
from qnnbench.hardware.machine import MachineCircuit
from qnnbench.hardware.packages import vendor_module

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.transpiler import Target
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel


def run_locally(
    machine: MachineCircuit,
    n_shots: int,
    seed: int,
    noise_scale: float = 0.0,
    device: str = "ibm_kingston",
) -> dict[str, int]:
    """Return shots by outcome, bit k of an outcome that of key ``machine.read[k]``.

    On "ibm_kingston" and its like the circuit runs as it stands, on any pair of qubits, with
    the noise of :func:`noise_model`. On "fake_kingston" and its like it is placed and routed
    and has the errors of each qubit and coupling on the day of the snapshot, relaxation
    during gates among them; idle qubits keep their state, so both are optimistic.

    Args:
        machine: What runs.
        n_shots: How often.
        seed: Of all outcomes and errors, and of routing.
        noise_scale: Factor of all error rates, 0 for none; a snapshot has 1 and no other.
        device: Whose errors.

    Raises:
        ValueError: Unknown device, a negative factor, or one that a snapshot does not have.
        ImportError: Qiskit is not installed.
    """
    if device in LOCAL:
        if noise_scale != 1:
            raise ValueError(
                f"{device} has the errors of one day, noise_scale=1, asked for {noise_scale:g}. "
                f"Use {LOCAL[device]!r}, whose published errors scale."
            )
        circuit, backend = on_snapshot(machine, device, seed)
    else:
        backend = _simulator(noise_model(device, noise_scale) if noise_scale else None)
        circuit = to_qiskit(machine)
    counts = (
        backend.run(circuit, shots=n_shots, seed_simulator=aer_seed(seed)).result().get_counts()
    )
    return read_counts(counts, [register.name for register in circuit.cregs])


def noise_model(device: str, noise_scale: float) -> "NoiseModel":
    """Return the published errors of a device: depolarizing gates, readout that flips bits.

    A gate controlled by a bit acts on the bit as it was read. Aer's parameter λ replaces the
    state by a random one: a Pauli error of probability p is λ = 4p/3 on one qubit, 16p/15 on
    two. Resets and rotations about Z have no errors.

    Args:
        device: "ibm_torino", "ibm_kingston" or "ibm_boston".
        noise_scale: Factor of all rates; see ``depolarizing`` in ``devices``.

    Raises:
        ValueError: Unknown device or a negative factor.
    """
    vendor_module("qiskit_aer")
    from qiskit_aer.noise import NoiseModel, ReadoutError, depolarizing_error

    rates = depolarizing(machine_named(device).figures, noise_scale)
    model = NoiseModel(basis_gates=["r", "rz", "rzz", "if_else", "reset", "measure"])
    model.add_all_qubit_quantum_error(depolarizing_error(rates.one_qubit * 4 / 3, 1), "r")
    model.add_all_qubit_quantum_error(depolarizing_error(rates.two_qubit * 16 / 15, 2), "rzz")
    flips = [[1 - rates.reads_one, rates.reads_one], [rates.reads_zero, 1 - rates.reads_zero]]
    model.add_all_qubit_readout_error(ReadoutError(flips))
    return model


def on_snapshot(
    machine: MachineCircuit, device: str, seed: int
) -> "tuple[QuantumCircuit, AerSimulator]":
    """Return a circuit compiled for a snapshot and Aer with the noise of the qubits it uses.

    Gates have the snapshot's errors and relax for as long as they take, readout flips bits.
    The noise of a whole machine takes Qiskit half a minute to build and to send; that of a
    dozen qubits takes none.

    Args:
        machine: What runs.
        device: "fake_kingston" or its like.
        seed: Of placement and routing.

    Raises:
        ValueError: Unknown device, or too small for the circuit.
    """
    vendor_module("qiskit_aer")
    from qiskit_aer.noise import NoiseModel
    from qiskit_aer.noise.device import basic_device_gate_errors, basic_device_readout_errors

    backend = snapshot(device)
    circuit = compiled(to_qiskit(machine), backend, seed)
    used = {circuit.find_bit(qubit).index for one in circuit.data for qubit in one.qubits}
    target = _restricted(backend.target, used)
    model = NoiseModel(basis_gates=list(backend.operation_names))
    for qubits, flips in basic_device_readout_errors(target=target):
        model.add_readout_error(flips, qubits)
    for name, qubits, error in basic_device_gate_errors(target=target):
        model.add_quantum_error(error, name, qubits)
    return circuit, _simulator(model)


def _restricted(target: "Target", used: set[int]) -> "Target":
    """Return a target with the operations whose qubits are all in ``used``."""
    from qiskit.transpiler import Target

    small = Target(
        num_qubits=target.num_qubits, qubit_properties=target.qubit_properties, dt=target.dt
    )
    for name in target.operation_names:
        places = {
            qubits: properties
            for qubits, properties in target[name].items()
            if qubits and used.issuperset(qubits)
        }
        if places:
            small.add_instruction(target.operation_from_name(name), places, name=name)
    return small


def snapshot(device: str) -> Any:
    """Return Qiskit's record of a machine's couplings and calibration on one day.

    Raises:
        ValueError: Unknown device.
    """
    vendor_module("qiskit_ibm_runtime")
    from qiskit_ibm_runtime import fake_provider

    return getattr(fake_provider, machine_named(device).stand_in)()


def aer_seed(seed: int) -> int:
    """Return a seed for Aer, far from those of other seeds, below 2^31.

    Aer gives shot k of a circuit with feed-forward the seed ``seed + k``: of two runs with
    neighbouring seeds nearly all shots are the same.
    """
    return int(np.random.SeedSequence(seed).generate_state(1)[0]) >> 1


def read_counts(counts: dict[str, int], registers: list[str]) -> dict[str, int]:
    """Return Qiskit's counts as shots by outcome over the bits that are read.

    Args:
        counts: By registers, the last first, one space between, and by bits, the last first.
        registers: Their names, in order.
    """
    place = len(registers) - 1 - registers.index(READ)
    read: dict[str, int] = {}
    for outcome, number in counts.items():
        bits = outcome.split(" ")[place][::-1]
        read[bits] = read.get(bits, 0) + int(number)
    return read


def _simulator(model: "NoiseModel | None") -> "AerSimulator":
    vendor_module("qiskit_aer")
    from qiskit_aer import AerSimulator

    return AerSimulator(method="statevector", noise_model=model)
