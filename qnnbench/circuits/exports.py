"""Networks as OpenQASM 3 programs, one line per gate."""

from collections.abc import Mapping, Sequence

import cirq
import numpy as np

from qnnbench.circuits.affine import affine
from qnnbench.circuits.ansatze import ROTATIONS, Network
from qnnbench.circuits.gates import UnsupportedCircuit

_ROTATIONS = {gate: f"r{axis.lower()}" for axis, gate in ROTATIONS.items()}
_FIXED: Mapping[cirq.Gate, str] = {cirq.H: "h", cirq.CZ: "cz", cirq.CNOT: "cx"}
_DEFINED = (  # what "stdgates.inc" lacks
    "gate rzz(theta) a, b { cx a, b; rz(theta) b; cx a, b; }",
    "gate rxx(theta) a, b { h a; h b; rzz(theta) a, b; h a; h b; }",
    "gate ryy(theta) a, b { rx(pi/2) a; rx(pi/2) b; rzz(theta) a, b; rx(-pi/2) a; rx(-pi/2) b; }",
)


def to_qasm3(network: Network, params: np.ndarray | None = None) -> str:
    """Return an OpenQASM 3.0 program of a network's circuit, global phase included.

    Register ``q``, qubit k at ``q[k]``; it includes "stdgates.inc" and defines the rotations
    exp(-iθPP/2) that are missing there.

    Args:
        network: Its circuit is written; nothing is measured.
        params: Angles in radians, (n_symbols,); None leaves them open: every symbol is an
            input of its name, so that gates that share an angle show it.

    Raises:
        UnsupportedCircuit: A gate other than Pauli rotations, plain or controlled, H, CZ and
            CNOT.
        ValueError: ``params`` of another shape.
    """
    if params is not None and np.shape(params) != (len(network.symbols),):
        raise ValueError(
            f"params must have shape ({len(network.symbols)},), one angle per symbol, "
            f"got {np.shape(params)}"
        )
    names = [symbol.name for symbol in network.symbols]
    index = {name: i for i, name in enumerate(names)}
    angles = names if params is None else [float(angle) for angle in params]
    gates = [_line(op, index, angles) for op in network.circuit.all_operations()]
    inputs = [f"input float[64] {name};" for name in (names if params is None else ())]
    lines = ["OPENQASM 3.0;", 'include "stdgates.inc";', *_DEFINED, *inputs]
    return "\n".join([*lines, f"qubit[{network.n_qubits}] q;", *gates, ""])


def _line(
    op: cirq.Operation, index: Mapping[str, int], angles: Sequence[str] | Sequence[float]
) -> str:
    """Return the line of one gate.

    Raises:
        UnsupportedCircuit: It is none of the gates that are written.
    """
    gate, modifier = op.gate, ""
    if isinstance(gate, cirq.ControlledGate) and gate.control_values == cirq.ProductOfSums([1]):
        gate, modifier = gate.sub_gate, "ctrl @ "
    places = ", ".join(f"q[{qubit.x}]" for qubit in op.qubits if isinstance(qubit, cirq.LineQubit))
    if gate is not None and gate in _FIXED:
        return f"{modifier}{_FIXED[gate]} {places};"
    kind = next((kind for kind in _ROTATIONS if isinstance(gate, kind)), None)
    if kind is None or not isinstance(gate, cirq.EigenGate) or gate.global_shift != -0.5:
        raise UnsupportedCircuit(
            f"OpenQASM is written for Pauli rotations, plain or controlled by one qubit, H, CZ "
            f"and CNOT; found {op}. Use cirq.Circuit.to_qasm on the resolved circuit."
        )
    return f"{modifier}{_ROTATIONS[kind]}({_angle(gate, index, angles)}) {places};"


def _angle(
    gate: cirq.EigenGate, index: Mapping[str, int], angles: Sequence[str] | Sequence[float]
) -> str:
    """Return the angle of a rotation in radians: a number, or an expression in the symbols."""
    if not cirq.is_parameterized(gate):
        return repr(float(gate.exponent) * np.pi)
    offset, slopes = affine(gate.exponent, index)
    chosen = [(slope, angles[i]) for i, slope in slopes]
    numbers = [slope * angle for slope, angle in chosen if isinstance(angle, float)]
    if len(numbers) == len(chosen):
        return repr(sum(numbers, offset))
    terms = [f"{angle}" if slope == 1 else f"{slope!r} * {angle}" for slope, angle in chosen]
    return " + ".join(terms if offset == 0 else [*terms, repr(offset)])
