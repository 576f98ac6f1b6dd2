"""Machine circuits as pytket circuits: gate by gate, by way of no other language."""

from typing import TYPE_CHECKING, Any

import cirq

from qnnbench.hardware.packages import vendor_module
from qnnbench.hardware.quantinuum.bits import bit_names
from qnnbench.hardware.quantinuum.machines import machine_of

if TYPE_CHECKING:
    from pytket.circuit import Circuit

    from qnnbench.hardware.machine import MachineCircuit


def to_pytket(machine: "MachineCircuit") -> "Circuit":
    """Return the same circuit in pytket's PhasedX, Rz, ZZPhase, Measure and Reset.

    One gate becomes one gate, up to a global phase: PhasedX^t with phase exponent p is
    PhasedX(t, p), Z^t is Rz(t), ZZ^t is ZZPhase(t), all in half turns. A classical control is
    a condition on one bit.

    Returns:
        Qubit k is ``q[k]``; the bits are named by :mod:`qnnbench.hardware.quantinuum.bits`.

    Raises:
        ValueError: See ``bit_names``.
    """
    tk = vendor_module("pytket.circuit")
    names = bit_names(machine)
    index = {qubit: k for k, qubit in enumerate(sorted(machine.circuit.all_qubits()))}
    circuit = tk.Circuit(len(index))
    bits = {key: circuit.add_c_register(name, 1)[0] for key, name in names.items()}
    for op in machine.circuit.all_operations():
        qubits = [tk.Qubit(index[qubit]) for qubit in op.qubits]
        if cirq.is_measurement(op):
            circuit.Measure(qubits[0], bits[cirq.measurement_key_name(op)])
            continue
        controls = [bits[str(key)] for key in cirq.control_keys(op)]
        condition = {"condition_bits": controls, "condition_value": 1} if controls else {}
        kind, angles = _gate(op.without_classical_controls().gate)
        circuit.add_gate(getattr(tk.OpType, kind), angles, qubits, **condition)
    return circuit


def _gate(gate: cirq.Gate | None) -> tuple[str, list[float]]:
    """Return the name in pytket of a native gate, and its angles in half turns."""
    match gate:
        case cirq.PhasedXPowGate():
            return "PhasedX", [float(gate.exponent), float(gate.phase_exponent)]
        case cirq.ZPowGate():
            return "Rz", [float(gate.exponent)]
        case cirq.ZZPowGate():
            return "ZZPhase", [float(gate.exponent)]
        case _:
            return "Reset", []


def compiled(machine: "MachineCircuit", device: str) -> "Circuit":
    """Return the circuit that an H2 machine is sent, accepted by its compiler offline.

    Nothing is optimised, since a machine circuit is native: the compiler of pytket-quantinuum
    at level 0 keeps every gate.

    Raises:
        ValueError: The device takes no such circuit.
    """
    vendor = vendor_module("pytket.extensions.quantinuum")
    api: Any = vendor_module("pytket.extensions.quantinuum.backends.api_wrappers")
    backend = vendor.QuantinuumBackend(machine_of(device), api_handler=api.QuantinuumAPIOffline())
    circuit: Circuit = backend.get_compiled_circuit(to_pytket(machine), optimisation_level=0)
    if not backend.valid_circuit(circuit):
        failed = [p for p in backend.required_predicates if not p.verify(circuit)]
        raise ValueError(f"{device} takes no such circuit; it breaks {failed}")
    return circuit
