"""Networks with their angles in the file formats of Cirq, Qiskit and pytket.

Qiskit and pytket are imported on first use: ``pip install 'qnnbench[ibm]'`` or
``'qnnbench[quantinuum]'``.
"""

import io
import json
from typing import TYPE_CHECKING

import cirq
import numpy as np

from qnnbench.circuits.ansatze import Network
from qnnbench.circuits.exports.gates import NamedGate, bound, named_gates

if TYPE_CHECKING:
    from pytket.circuit import Circuit
    from qiskit.circuit import Gate


def to_cirq_json(network: Network, params: np.ndarray | None = None) -> str:
    """Return Cirq's JSON of a network's circuit; ``cirq.read_json`` reads it.

    Args:
        network: Its circuit is written; nothing is measured.
        params: Angles in radians, (n_symbols,); None keeps the symbols.

    Raises:
        ValueError: ``params`` of another shape.
    """
    return cirq.to_json(network.circuit if params is None else bound(network, params))


def to_qpy(network: Network, params: np.ndarray) -> bytes:
    """Return a Qiskit QPY file of one circuit; ``qiskit.qpy.load`` reads it.

    Qubit k is ``circuit.qubits[k]`` (Qiskit writes it as the least significant), gate by gate,
    global phase included.

    Args:
        network: Its circuit is written; nothing is measured.
        params: Angles in radians, (n_symbols,).

    Raises:
        UnsupportedCircuit: See ``to_qasm3``.
        ValueError: ``params`` of another shape.
        ImportError: Qiskit is not installed.
    """
    from qiskit import QuantumCircuit, qpy

    circuit = QuantumCircuit(network.n_qubits)
    for gate in named_gates(bound(network, params)):
        circuit.append(_qiskit_gate(gate), gate.qubits)
    file = io.BytesIO()
    qpy.dump(circuit, file)
    return file.getvalue()


def to_pytket_json(network: Network, params: np.ndarray) -> str:
    """Return pytket's JSON of a circuit; ``pytket.Circuit.from_dict(json.loads(…))`` reads it.

    Qubit k is ``q[k]``, gate by gate, global phase included; angles are in half turns there.

    Args:
        network: Its circuit is written; nothing is measured.
        params: Angles in radians, (n_symbols,).

    Raises:
        UnsupportedCircuit: See ``to_qasm3``.
        ValueError: ``params`` of another shape.
        ImportError: pytket is not installed.
    """
    from pytket.circuit import Circuit

    circuit = Circuit(network.n_qubits)
    for gate in named_gates(bound(network, params)):
        _add_to_pytket(circuit, gate)
    return json.dumps(circuit.to_dict())


def _qiskit_gate(gate: NamedGate) -> "Gate":
    from qiskit.circuit import library

    kind = getattr(library, f"{gate.name.upper()}Gate")
    made = kind() if gate.rotation is None else kind(gate.angle)
    return made.control(1) if gate.is_controlled else made


def _add_to_pytket(circuit: "Circuit", gate: NamedGate) -> None:
    from pytket.circuit import Op, OpType, QControlBox

    kinds = {
        "rx": OpType.Rx,
        "ry": OpType.Ry,
        "rz": OpType.Rz,
        "rxx": OpType.XXPhase,
        "ryy": OpType.YYPhase,
        "rzz": OpType.ZZPhase,
        "h": OpType.H,
        "cz": OpType.CZ,
        "cx": OpType.CX,
    }
    controlled = {"rx": OpType.CRx, "ry": OpType.CRy, "rz": OpType.CRz, "h": OpType.CH}
    angles = [] if gate.rotation is None else [gate.angle / np.pi]
    if not gate.is_controlled:
        circuit.add_gate(kinds[gate.name], angles, gate.qubits)
    elif gate.name in controlled:
        circuit.add_gate(controlled[gate.name], angles, gate.qubits)
    else:
        box = QControlBox(Op.create(kinds[gate.name], angles), 1)
        circuit.add_qcontrolbox(box, gate.qubits)
