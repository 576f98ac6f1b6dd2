"""Circuits of other packages as files that a config can name as an ansatz."""

from pathlib import Path

import cirq

from qnnbench.circuits.ansatze import own_ansatz
from qnnbench.circuits.ansatze.contract import contract_problems
from qnnbench.circuits.imports.qasm3 import Imported, read_qasm3
from qnnbench.circuits.imports.source import python_source
from qnnbench.circuits.program import compile_circuit
from qnnbench.own import checked_name

__all__ = ["Imported", "import_circuit", "python_source", "read_qasm3"]

_EXTRAS = {".qasm": "qasm", ".qpy": "ibm", ".py": "ibm"}


def import_circuit(
    file: str | Path, out: str | Path | None = None, circuit: str = "circuit"
) -> Path:
    """Write the circuit of another package's file as a Python file that builds an ansatz.

    Bit order: ``q[i]`` of OpenQASM and ``circuit.qubits[i]`` of Qiskit are ``LineQubit(i)``.
    Qiskit writes its qubit 0 as the least significant bit of a state's index, Cirq and this
    package qubit 0 as the most significant one.

    Args:
        file: ``.qasm`` (OpenQASM 3, its free angles declared as input), ``.qpy``, or a ``.py``
            that holds a ``qiskit.QuantumCircuit``.
        out: The file to write; None: beside ``file``, by its name and ``.py``.
        circuit: What a ``.py`` calls its circuit.

    Returns:
        The file written.

    Raises:
        ValueError: Another kind of file, or a circuit that is not understood or not affine.
        FileNotFoundError: No such file.
        FileExistsError: ``out`` exists.
        ImportError: A package that reads it is missing; the message says which extra has it.
    """
    file = Path(file)
    if file.suffix not in _EXTRAS:
        raise ValueError(f"{file} ends in none of {sorted(_EXTRAS)}: these are read")
    if not file.is_file():
        raise FileNotFoundError(f"No file at {file.resolve()}")
    target = Path(out) if out else file.with_name(f"{file.stem}_ansatz.py".lower())
    name = checked_name(target.stem, str(target))
    if target.exists():
        raise FileExistsError(
            f"{target} exists: nothing was written. Name another file with --out"
        )
    try:
        found = read_qasm3(_program(file, circuit))
    except ModuleNotFoundError as missing:
        extra = _EXTRAS[file.suffix]
        extras = "qasm" if missing.name == "openqasm3" else f"qasm,{extra}"
        raise ImportError(f"{missing}. Run pip install 'qnnbench[{extras}]'.") from missing
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    compile_circuit(cirq.Circuit(found.operations), found.symbols)
    target.write_text(python_source(found, name, file.name), encoding="utf-8")
    if odd := contract_problems(own_ansatz(target), found.n_qubits):
        target.unlink()
        raise ValueError(f"{file}: {'; '.join(odd)}")
    return target


def _program(file: Path, circuit: str) -> str:
    from qnnbench.circuits.imports.qiskit_circuits import qasm3_of_python, qasm3_of_qpy

    if file.suffix == ".qasm":
        return file.read_text(encoding="utf-8")
    return qasm3_of_qpy(file) if file.suffix == ".qpy" else qasm3_of_python(file, circuit)
