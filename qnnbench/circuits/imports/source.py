"""An imported circuit as a Python file that a config can name."""

from collections.abc import Mapping

import cirq
import numpy as np

from qnnbench.circuits.affine import affine
from qnnbench.circuits.ansatze import ROTATIONS
from qnnbench.circuits.imports.qasm3 import Imported

_FIXED = {
    gate: f"cirq.{name}"
    for name in ("X", "Y", "Z", "H", "S", "T", "CNOT", "CZ", "SWAP", "I")
    for gate in (getattr(cirq, name),)
}
_ONE = cirq.ProductOfSums([1])
_HEAD = '''"""The circuit {name}, imported from {origin}.

Qubit i there is cirq.LineQubit(i) here, qubit 0 the most significant bit; a global phase is left
out. A study names this file {{file: {name}.py, function: build}}.
"""

import cirq
import sympy

import qnnbench
from qnnbench.circuits.ansatze import layered_readout, pauli_rotation

SYMBOLS = tuple(
    sympy.Symbol(name)
    for name in (
{names}
    )
)


def build(n_qubits: int, readout: str = "{readout}") -> qnnbench.Network:
    """Return the circuit; ``readout`` is {choices}."""
    if n_qubits != {n_qubits}:
        raise ValueError(f"this circuit has {n_qubits} qubits, got n_qubits={{n_qubits}}")
    q, a = cirq.LineQubit.range({n_qubits}), SYMBOLS
    operations = [
{lines}
    ]
'''
_READ = "    reads = layered_readout(q, readout)\n"
_READ_MEASURED = """    if readout == "measured":
        reads = tuple(cirq.PauliString(cirq.Z(q[i])) for i in {measured})
    else:
        reads = layered_readout(q, readout)
"""
_FOOT = "    return qnnbench.Network(cirq.Circuit(operations), SYMBOLS, reads, n_layers=1)\n"
_LAYERED = "local, middle, bond, parity or global"


def python_source(circuit: Imported, name: str, origin: str) -> str:
    """Return the text of a Python file whose ``build`` makes an imported circuit.

    It reads Z of each measured qubit, or the mean of |0><0| where nothing is measured.

    Args:
        circuit: What was read.
        name: What the file is called, without its ending.
        origin: Where it came from, for the docstring.

    Raises:
        UnsupportedCircuit: An angle that is not affine in the symbols.
    """
    index = {symbol.name: i for i, symbol in enumerate(circuit.symbols)}
    lines = [f"        {_operation(op, index)}," for op in circuit.operations]
    head = _HEAD.format(
        name=name,
        origin=origin,
        names="\n".join(f"        {_quoted(symbol.name)}," for symbol in circuit.symbols),
        readout="measured" if circuit.measured else "local",
        choices=f"measured, {_LAYERED}" if circuit.measured else _LAYERED,
        n_qubits=circuit.n_qubits,
        lines="\n".join(lines),
    )
    measured = _READ_MEASURED.format(measured=circuit.measured) if circuit.measured else _READ
    return head + measured + _FOOT


def _operation(operation: cirq.Operation, index: Mapping[str, int]) -> str:
    qubits = ", ".join(f"q[{q.x}]" for q in operation.qubits if isinstance(q, cirq.LineQubit))
    gate = operation.gate
    if isinstance(gate, cirq.ControlledGate) and gate.control_values == _ONE:
        control, target = qubits.split(", ")
        return f"{_gate(gate.sub_gate, index, target)}.controlled_by({control})"
    return _gate(gate, index, qubits)


def _gate(gate: cirq.Gate | None, index: Mapping[str, int], qubits: str) -> str:
    if gate in _FIXED:
        return f"{_FIXED[gate]}({qubits})"
    if isinstance(gate, cirq.EigenGate):
        axis = next((name for name, kind in ROTATIONS.items() if isinstance(gate, kind)), "")
        if axis and gate.global_shift == -0.5:
            return f'pauli_rotation("{axis}", {_angle(gate.exponent, index)}, {qubits})'
        if cirq.is_parameterized(gate) and gate.global_shift == 0:
            kind = type(gate).__name__
            turns = f"({_angle(gate.exponent, index)}) / sympy.pi"
            return f"cirq.{kind}(exponent={turns})({qubits})"
    return f"({gate!r})({qubits})"


def _angle(turns: object, index: Mapping[str, int]) -> str:
    """Return the Python of an angle in radians whose half turns are given."""
    if isinstance(turns, int | float | np.number):
        return repr(float(turns) * np.pi)
    offset, slopes = affine(turns, index)
    terms = [f"a[{i}]" if slope == 1 else f"{slope!r} * a[{i}]" for i, slope in slopes]
    return " + ".join(terms if offset == 0 else [*terms, repr(offset)])


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
