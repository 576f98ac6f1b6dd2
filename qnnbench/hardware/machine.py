"""The circuit that a machine runs: native gates, measurements, resets and classical control."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import cirq

NATIVE = (cirq.PhasedXPowGate, cirq.ZPowGate, cirq.ZZPowGate)


@dataclass(frozen=True)
class MachineCircuit:
    """A network, its input and its readout as one circuit on physical qubits.

    Its gates are ``cirq.PhasedXPowGate``, ``cirq.ZPowGate`` (free: a shift of phase in what
    follows) and ``cirq.ZZPowGate``, with numbers as exponents and any global phase; each may be
    controlled by one bit measured before, and then acts where that bit is 1. A measurement
    takes one qubit and writes a key of its own. After it the qubit is reset before it is used
    again. All qubits start in |0>.

    Attributes:
        circuit: On ``cirq.LineQubit.range(n_physical)``.
        read: Keys that are read out: bit k of an outcome string is that of key ``read[k]``,
            0 the eigenvalue +1. Keys that are not read only control gates.
        n_logical: Width of the network and its input.

    Raises:
        ValueError: An operation that is none of these, a key that is written twice or used
            before it is written, or a qubit that is used between measurement and reset.
    """

    circuit: cirq.Circuit
    read: tuple[str, ...]
    n_logical: int

    def __post_init__(self) -> None:
        """Check the circuit once: everything behind it relies on its form."""
        written: set[str] = set()
        measured: set[cirq.Qid] = set()
        for op in self.circuit.all_operations():
            _check_operation(op, written, measured)
            if cirq.is_measurement(op):
                written.add(cirq.measurement_key_name(op))
                measured |= set(op.qubits)
            measured -= set(op.qubits) if isinstance(op.gate, cirq.ResetChannel) else set()
        if missing := [key for key in self.read if key not in written]:
            raise ValueError(
                f"a machine circuit measures what it reads: no measurement of {missing}, "
                f"there are {sorted(written)}"
            )

    @cached_property
    def n_physical(self) -> int:
        """Qubits of the machine that are used."""
        return len(self.circuit.all_qubits())

    @cached_property
    def n_measurements(self) -> int:
        """Measurements, those that only control gates included."""
        return sum(cirq.is_measurement(op) for op in self.circuit.all_operations())

    @cached_property
    def n_resets(self) -> int:
        """Resets of qubits that are used again."""
        gates = (op.gate for op in self.circuit.all_operations())
        return sum(isinstance(gate, cirq.ResetChannel) for gate in gates)

    @cached_property
    def n_one_qubit(self) -> int:
        """One-qubit gates that take time, controlled ones included: Z is free."""
        gates = (op.without_classical_controls().gate for op in self.circuit.all_operations())
        return sum(isinstance(gate, cirq.PhasedXPowGate) for gate in gates)

    @cached_property
    def n_two_qubit(self) -> int:
        """Two-qubit gates."""
        return sum(len(op.qubits) == 2 for op in self.circuit.all_operations())

    @cached_property
    def depth(self) -> int:
        """Two-qubit gates on the longest chain through qubits and classical bits."""
        reached: dict[cirq.Qid | str, int] = defaultdict(int)
        for op in self.circuit.all_operations():
            controls = [str(key) for key in cirq.control_keys(op)]
            step = max(reached[wire] for wire in (*op.qubits, *controls))
            step += len(op.qubits) == 2
            reached.update(dict.fromkeys(op.qubits, step))
            if cirq.is_measurement(op):
                reached[cirq.measurement_key_name(op)] = step
        return max(reached.values(), default=0)


def _check_operation(op: cirq.Operation, written: set[str], measured: set[cirq.Qid]) -> None:
    """Raise ValueError unless ``op`` may stand after these keys and measured qubits."""
    gate = op.without_classical_controls().gate
    controls = [str(key) for key in cirq.control_keys(op)]
    if isinstance(gate, cirq.MeasurementGate):
        is_native = len(op.qubits) == 1 and not any(gate.full_invert_mask()) and not controls
        is_native &= cirq.measurement_key_name(gate) not in written
    elif isinstance(gate, cirq.ResetChannel):
        is_native = not controls
    else:
        is_native = isinstance(gate, NATIVE) and not cirq.is_parameterized(gate)
        is_native &= len(controls) <= 1
    if not is_native:
        raise ValueError(
            f"a machine circuit holds powers of PhasedX, Z and ZZ, plain or controlled by one "
            f"measured bit, resets, and measurements of one qubit with a new key; found {op}. "
            "machine_circuit lowers networks to these."
        )
    if early := [key for key in controls if key not in written]:
        raise ValueError(f"{op} is controlled by {early}, measured later or never")
    again = [str(q) for q in op.qubits if q in measured]
    if again and not isinstance(gate, cirq.ResetChannel):
        raise ValueError(f"{op} uses {again} after their measurement: reset them before")
