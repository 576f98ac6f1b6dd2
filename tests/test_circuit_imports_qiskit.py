"""Circuits of Qiskit keep their operator: its qubit i is LineQubit(i), the bit order turned."""

import cirq
import numpy as np
import pytest

import qnnbench
from qnnbench.circuits.imports import import_circuit

pytest.importorskip("openqasm3")
qiskit = pytest.importorskip("qiskit")

pytestmark = pytest.mark.vendor

MADE = """
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import RYYGate

a, b = Parameter("a"), ParameterVector("θ", 11)
circuit = QuantumCircuit(3)
circuit.h(0)
circuit.ry(2 * a + 0.5, 1)
circuit.u(a, 0.1, b[10], 2)
circuit.rzz(b[1], 0, 2)
circuit.append(RYYGate(b[2] - a), [2, 1])
circuit.cx(2, 0)
circuit.crx(b[0], 0, 1)
circuit.cp(b[3] / 2, 1, 2)
circuit.sx(1)
circuit.ccx(0, 1, 2)
circuit.global_phase = 0.3
"""


@pytest.fixture
def script(tmp_path):
    (tmp_path / "made.py").write_text(MADE, encoding="utf-8")
    return tmp_path / "made.py"


def stored(script):
    """Return the circuit as a QPY file."""
    from qiskit import qpy

    scope = {}
    exec(MADE, scope)
    with script.with_suffix(".qpy").open("wb") as file:
        qpy.dump(scope["circuit"], file)
    return script.with_suffix(".qpy"), scope["circuit"]


@pytest.mark.parametrize("kind", ["script", "stored"])
def test_operators_agree_once_the_bits_are_turned(script, kind):
    from qiskit.quantum_info import Operator

    file, circuit = stored(script)
    network = qnnbench.own_ansatz(import_circuit(script if kind == "script" else file)).build(3)
    params = np.random.default_rng(3).uniform(0, 2 * np.pi, len(network.symbols))
    # Qiskit orders parameters by name, θ[2] before θ[10]; so do the symbols.
    expected = Operator(circuit.reverse_bits().assign_parameters(params)).data
    values = dict(zip(network.symbols, params, strict=True))
    found = cirq.resolve_parameters(network.circuit, values).unitary(cirq.LineQubit.range(3))
    assert abs(np.trace(found.conj().T @ expected)) == pytest.approx(8, abs=1e-9)


def test_another_name_is_asked_for(script):
    with pytest.raises(ValueError, match=r"'a' of .* is a Parameter, no QuantumCircuit"):
        import_circuit(script, circuit="a")
