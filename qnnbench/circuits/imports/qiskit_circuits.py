"""Qiskit circuits with free parameters, as OpenQASM 3 programs; Qiskit is imported on use."""

from pathlib import Path
from typing import TYPE_CHECKING

from qnnbench.own import attribute_of

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def qasm3_of_qpy(path: Path) -> str:
    """Return the OpenQASM 3 program of the one circuit in a QPY file.

    Raises:
        ImportError: Qiskit is not installed.
        ValueError: Not one circuit.
    """
    from qiskit import qpy

    with path.open("rb") as file:
        circuits = qpy.load(file)
    if len(circuits) != 1:
        raise ValueError(f"{path} holds {len(circuits)} circuits: store one")
    return _program(circuits[0])


def qasm3_of_python(path: Path, name: str) -> str:
    """Return the OpenQASM 3 program of the ``QuantumCircuit`` that a Python file calls ``name``.

    Raises:
        ImportError: Qiskit is not installed.
        ValueError: No such circuit.
    """
    from qiskit import QuantumCircuit

    made = attribute_of({"file": str(path)}, name)
    if not isinstance(made, QuantumCircuit):
        raise ValueError(
            f"{name!r} of {path} is a {type(made).__name__}, no QuantumCircuit: say which name"
        )
    return _program(made)


def _program(circuit: "QuantumCircuit") -> str:
    from qiskit import qasm3

    return qasm3.dumps(circuit)
