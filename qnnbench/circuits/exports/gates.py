"""Gates of a network by the names that other packages know them by."""

from collections.abc import Iterator
from dataclasses import dataclass

import cirq
import numpy as np

from qnnbench.circuits.ansatze import ROTATIONS, Network
from qnnbench.circuits.gates import UnsupportedCircuit

_ROTATIONS = {gate: f"r{axis.lower()}" for axis, gate in ROTATIONS.items()}
_FIXED: dict[cirq.Gate, str] = {cirq.H: "h", cirq.CZ: "cz", cirq.CNOT: "cx"}
_ONE_ON = cirq.ProductOfSums([1])  # one control, active on |1>


@dataclass(frozen=True)
class NamedGate:
    """One gate of a network.

    Attributes:
        name: "rx", "ry", "rz", "rxx", "ryy", "rzz", "h", "cz" or "cx".
        rotation: The Cirq gate of a rotation exp(-iθP/2), exponent θ/π; None of the others.
        qubits: Indices; the control comes first where there is one.
        is_controlled: Whether the first qubit controls it.
    """

    name: str
    rotation: cirq.EigenGate | None
    qubits: tuple[int, ...]
    is_controlled: bool

    @property
    def angle(self) -> float:
        """θ of a rotation in radians, once its symbols have values."""
        if self.rotation is None:
            raise ValueError(f"{self.name} has no angle")
        return float(self.rotation.exponent) * np.pi


def named_gates(circuit: cirq.Circuit) -> Iterator[NamedGate]:
    """Yield the gates of a circuit in order.

    Raises:
        UnsupportedCircuit: A gate other than Pauli rotations, plain or controlled by one
            qubit, H, CZ and CNOT.
    """
    for op in circuit.all_operations():
        gate, is_controlled = op.gate, False
        if isinstance(gate, cirq.ControlledGate) and gate.control_values == _ONE_ON:
            gate, is_controlled = gate.sub_gate, True
        qubits = tuple(qubit.x for qubit in op.qubits if isinstance(qubit, cirq.LineQubit))
        if gate is not None and gate in _FIXED:
            yield NamedGate(_FIXED[gate], None, qubits, is_controlled)
            continue
        kind = next((kind for kind in _ROTATIONS if isinstance(gate, kind)), None)
        if kind is None or not isinstance(gate, cirq.EigenGate) or gate.global_shift != -0.5:
            raise UnsupportedCircuit(
                f"Circuits are exported that hold Pauli rotations, plain or controlled by one "
                f"qubit, H, CZ and CNOT; found {op}. Use Cirq's own exports on the resolved "
                "circuit."
            )
        yield NamedGate(_ROTATIONS[kind], gate, qubits, is_controlled)


def check_params(network: Network, params: np.ndarray) -> None:
    """Raise ValueError unless there is one angle per symbol."""
    if np.shape(params) != (len(network.symbols),):
        raise ValueError(
            f"params must have shape ({len(network.symbols)},), one angle per symbol, "
            f"got {np.shape(params)}"
        )


def bound(network: Network, params: np.ndarray) -> cirq.Circuit:
    """Return the circuit of a network with ``params`` (n_symbols,), radians, for its symbols.

    Raises:
        ValueError: ``params`` of another shape.
    """
    check_params(network, params)
    values = {symbol: float(angle) for symbol, angle in zip(network.symbols, params, strict=True)}
    return cirq.resolve_parameters(network.circuit, values)
