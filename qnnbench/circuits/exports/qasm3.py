"""Networks as OpenQASM 3 programs, one line per gate."""

from collections.abc import Mapping, Sequence

import cirq
import numpy as np

from qnnbench.circuits.affine import affine
from qnnbench.circuits.ansatze import Network
from qnnbench.circuits.exports.gates import NamedGate, check_params, named_gates

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
    if params is not None:
        check_params(network, params)
    names = [symbol.name for symbol in network.symbols]
    index = {name: i for i, name in enumerate(names)}
    angles = names if params is None else [float(angle) for angle in params]
    gates = [_line(gate, index, angles) for gate in named_gates(network.circuit)]
    inputs = [f"input float[64] {name};" for name in (names if params is None else ())]
    lines = ["OPENQASM 3.0;", 'include "stdgates.inc";', *_DEFINED, *inputs]
    return "\n".join([*lines, f"qubit[{network.n_qubits}] q;", *gates, ""])


def _line(
    gate: NamedGate, index: Mapping[str, int], angles: Sequence[str] | Sequence[float]
) -> str:
    """Return the line of one gate."""
    modifier = "ctrl @ " if gate.is_controlled else ""
    angle = "" if gate.rotation is None else f"({_angle(gate.rotation, index, angles)})"
    return f"{modifier}{gate.name}{angle} {', '.join(f'q[{qubit}]' for qubit in gate.qubits)};"


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
