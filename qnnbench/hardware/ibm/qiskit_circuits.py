"""Machine circuits as Qiskit circuits, gate by gate, and compiled for one of IBM's machines."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import cirq
import numpy as np

from qnnbench.hardware.machine import MachineCircuit
from qnnbench.hardware.packages import vendor_module

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Clbit
    from qiskit.providers import BackendV2

READ, STEPS = "read", "steps"  # names of classical registers


def to_qiskit(machine: MachineCircuit) -> "QuantumCircuit":
    """Return a machine circuit in Qiskit's gates, one for one, up to a global phase.

    PhasedX is ``r``, Z ``rz``, ZZ ``rzz``; an operation that a bit controls stands in an
    ``if_test`` on that bit, shared by all that can run at once. Bit k of the register
    "read" is that of key ``machine.read[k]``; the bits that only control gates are in
    "steps", in the order in which they are written.
    """
    vendor_module("qiskit")
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

    qubits = QuantumRegister(1 + max(q.x for q in _line_qubits(machine)), "q")
    operations = list(machine.circuit.all_operations())
    keys = [cirq.measurement_key_name(op) for op in operations if cirq.is_measurement(op)]
    steps = [key for key in keys if key not in machine.read]
    registers = [ClassicalRegister(len(machine.read), READ)]
    registers += [ClassicalRegister(len(steps), STEPS)] if steps else []
    circuit = QuantumCircuit(qubits, *registers)
    bits = dict(zip([*machine.read, *steps], circuit.clbits, strict=True))
    for control, group in _grouped(operations):
        if control is None:
            _append(circuit, group, bits)
        else:
            with circuit.if_test((bits[control], 1)):
                _append(circuit, group, bits)
    return circuit


def compiled(circuit: "QuantumCircuit", backend: "BackendV2", seed: int) -> "QuantumCircuit":
    """Return ``circuit`` on the qubits, couplings and gates of ``backend``.

    Placed and routed at optimisation level 3. Where the backend takes fractional gates each
    ``rzz`` stays one gate, its angle folded into [0, π/2] as the machines want it; elsewhere it
    becomes up to two CZ. Routing adds gates: what a machine runs is what this returns.

    Args:
        circuit: Of ``to_qiskit``.
        backend: One of IBM's, or a stand-in for one.
        seed: Of placement and routing, which search at random.

    Raises:
        ValueError: The backend has too few qubits, or no classical control where the circuit
            needs it.
    """
    from qiskit.transpiler import generate_preset_pass_manager

    if circuit.num_qubits > backend.num_qubits:
        raise ValueError(
            f"the circuit uses {circuit.num_qubits} qubits and {backend.name} has "
            f"{backend.num_qubits}. Compile the network with reuse=True, or take a larger machine."
        )
    if circuit.has_control_flow_op() and "if_else" not in backend.operation_names:
        raise ValueError(
            f"the circuit has gates controlled by measured bits and {backend.name} takes none. "
            "Compile the network with pooling='coherent', or take a machine with if_else."
        )
    manager = generate_preset_pass_manager(
        optimization_level=3, backend=backend, seed_transpiler=seed
    )
    return manager.run(circuit)


def gate_counts(circuit: "QuantumCircuit") -> dict[str, int]:
    """Return how often each operation stands in a circuit, those under a bit's control too."""
    counts: dict[str, int] = {}
    for instruction in circuit.data:
        name = instruction.operation.name
        if name == "if_else":
            for inner, number in gate_counts(instruction.operation.blocks[0]).items():
                counts[inner] = counts.get(inner, 0) + number
        counts[name] = counts.get(name, 0) + 1
    return counts


def _grouped(
    operations: Iterable[cirq.Operation],
) -> list[tuple[str | None, list[cirq.Operation]]]:
    """Return operations by the key that controls them, None where none does.

    Each joins the last group of its key unless what stands between touches its qubits or
    bits, so that their order changes nothing.
    """
    groups: list[tuple[str | None, list[cirq.Operation]]] = []
    wires: list[set[cirq.Qid | str]] = []
    for op in operations:
        control = next((str(key) for key in cirq.control_keys(op)), None)
        touched: set[cirq.Qid | str] = set(op.qubits)
        touched |= {control} if control else set()
        touched |= {cirq.measurement_key_name(op)} if cirq.is_measurement(op) else set()
        place = len(groups)
        for k in reversed(range(len(groups))):
            if groups[k][0] == control:
                place = k
                break
            if wires[k] & touched:
                break
        if place == len(groups):
            groups.append((control, []))
            wires.append(set())
        groups[place][1].append(op)
        wires[place] |= touched
    return groups


def _line_qubits(machine: MachineCircuit) -> list[cirq.LineQubit]:
    return [q for q in machine.circuit.all_qubits() if isinstance(q, cirq.LineQubit)]


def _append(
    circuit: "QuantumCircuit", operations: Iterable[cirq.Operation], bits: "dict[str, Clbit]"
) -> None:
    """Append operations to a circuit, what controls them left out."""
    for op in operations:
        gate = op.without_classical_controls().gate
        places = [q.x for q in op.qubits if isinstance(q, cirq.LineQubit)]
        if isinstance(gate, cirq.PhasedXPowGate):
            circuit.r(gate.exponent * np.pi, gate.phase_exponent * np.pi, *places)
        elif isinstance(gate, cirq.ZPowGate):
            circuit.rz(gate.exponent * np.pi, *places)
        elif isinstance(gate, cirq.ZZPowGate):
            circuit.rzz(gate.exponent * np.pi, *places)
        elif isinstance(gate, cirq.ResetChannel):
            circuit.reset(*places)
        else:
            circuit.measure(*places, bits[cirq.measurement_key_name(op)])
