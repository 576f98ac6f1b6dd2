"""Machine circuits as Guppy programs, the language of Helios.

The program is traced, not written: Guppy runs a Python function once and records the
operations it calls. No text becomes code, and no name of a user's is in it.
"""

from typing import TYPE_CHECKING, Any, NamedTuple, no_type_check

import cirq

from qnnbench.hardware.packages import vendor_module
from qnnbench.hardware.quantinuum.bits import bit_names, is_read

if TYPE_CHECKING:
    from hugr.package import Package

    from qnnbench.hardware.machine import MachineCircuit


class _Gates(NamedTuple):
    """Guppy functions of the native gates; the second of each pair acts where a bit is 1."""

    phased_x: tuple[Any, Any]
    rz: tuple[Any, Any]
    zz_phase: tuple[Any, Any]


def helios_program(machine: "MachineCircuit") -> "Package":
    """Return the circuit as a compiled Guppy program.

    Each qubit is allocated once and freed by its last operation: Guppy orders operations by
    what they share, and could take a new qubit before the old one is free. Each bit that is
    read is reported under the name of :mod:`qnnbench.hardware.quantinuum.bits`.

    Raises:
        ValueError: See ``bit_names``.
    """
    guppy = vendor_module("guppylang").guppy
    gates = _gates()

    @guppy.comptime
    def main() -> None:
        _trace(machine, gates)

    return main.compile()


def _gates() -> _Gates:
    """Return the native gates, plain and controlled by a bit."""
    guppy = vendor_module("guppylang").guppy
    angle = vendor_module("guppylang.std.angles").angle
    qubit = vendor_module("guppylang.std.quantum").qubit
    system = vendor_module("guppylang.std.qsystem")
    phased_x, rz, zz_phase = system.phased_x, system.rz, system.zz_phase

    @guppy
    @no_type_check
    def phased_x_if(bit: bool, q: qubit, turn: float, axis: float) -> None:
        if bit:
            phased_x(q, angle(turn), angle(axis))

    @guppy
    @no_type_check
    def rz_if(bit: bool, q: qubit, turn: float) -> None:
        if bit:
            rz(q, angle(turn))

    @guppy
    @no_type_check
    def zz_phase_if(bit: bool, first: qubit, second: qubit, turn: float) -> None:
        if bit:
            zz_phase(first, second, angle(turn))

    @guppy
    @no_type_check
    def phased_x_always(q: qubit, turn: float, axis: float) -> None:
        phased_x(q, angle(turn), angle(axis))

    @guppy
    @no_type_check
    def rz_always(q: qubit, turn: float) -> None:
        rz(q, angle(turn))

    @guppy
    @no_type_check
    def zz_phase_always(first: qubit, second: qubit, turn: float) -> None:
        zz_phase(first, second, angle(turn))

    return _Gates(
        (phased_x_always, phased_x_if), (rz_always, rz_if), (zz_phase_always, zz_phase_if)
    )


def _trace(machine: "MachineCircuit", gates: _Gates) -> None:
    """Call the operations of the circuit, in order; Guppy records them."""
    system = vendor_module("guppylang.std.qsystem")
    std = vendor_module("guppylang.std.quantum")
    result = vendor_module("guppylang.std.builtins").result
    names = bit_names(machine)
    ops = list(machine.circuit.all_operations())
    last = {qubit: op for op in ops for qubit in op.qubits}
    bits: dict[str, Any] = {}
    held: dict[cirq.Qid, Any] = {}
    for op in ops:
        for qubit in op.qubits:
            if qubit not in held:
                held[qubit] = std.qubit()
        qubits = [held[qubit] for qubit in op.qubits]
        gate = op.without_classical_controls().gate
        if cirq.is_measurement(op):
            key = cirq.measurement_key_name(op)
            (qubit,) = op.qubits
            is_last = last[qubit] is op
            bits[key] = system.measure(held.pop(qubit)) if is_last else std.project_z(*qubits)
            if is_read(names[key]):
                result(names[key], bits[key])
        elif isinstance(gate, cirq.ResetChannel):
            system.reset(*qubits)
        else:
            control = [bits[str(key)] for key in cirq.control_keys(op)]
            call, angles = _call(gate, gates)
            call[len(control)](*control, *qubits, *angles)
    for qubit in held.values():
        std.discard(qubit)


def _call(gate: cirq.Gate | None, gates: _Gates) -> tuple[tuple[Any, Any], list[float]]:
    """Return the pair of functions of a native gate, and its angles in half turns."""
    match gate:
        case cirq.PhasedXPowGate():
            return gates.phased_x, [float(gate.exponent), float(gate.phase_exponent)]
        case cirq.ZZPowGate():
            return gates.zz_phase, [float(gate.exponent)]
        case cirq.ZPowGate():
            return gates.rz, [float(gate.exponent)]
        case _:
            raise ValueError(f"no native gate: {gate}")
