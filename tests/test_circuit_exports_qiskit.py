"""Networks as QPY files, read by Qiskit."""

import io

import cirq
import numpy as np
import pytest
import sympy

qiskit = pytest.importorskip("qiskit")

from qiskit import qpy  # noqa: E402
from qiskit.quantum_info import Operator  # noqa: E402

from qnnbench.circuits.ansatze import ANSATZE, Network, build_ansatz  # noqa: E402
from qnnbench.circuits.exports import to_qpy  # noqa: E402
from qnnbench.circuits.gates import UnsupportedCircuit  # noqa: E402
from qnnbench.released import trained  # noqa: E402

pytestmark = pytest.mark.vendor


def read(content):
    (circuit,) = qpy.load(io.BytesIO(content))
    return circuit


def unitary(circuit):
    """Return the matrix with qubit 0 most significant, which Qiskit has least significant."""
    return Operator(circuit.reverse_bits()).data


def expected(network, params):
    circuit = cirq.resolve_parameters(
        network.circuit, dict(zip(network.symbols, params, strict=True))
    )
    order = cirq.LineQubit.range(network.n_qubits)
    return circuit.unitary(qubit_order=order, dtype=np.complex128)


@pytest.mark.parametrize("name", ANSATZE)
def test_qiskit_reads_every_ansatz_as_its_unitary(name):
    network = build_ansatz(name, 4)
    params = np.random.default_rng(0).uniform(-7, 7, len(network.symbols))
    np.testing.assert_allclose(
        unitary(read(to_qpy(network, params))), expected(network, params), atol=1e-12
    )


ANGLE = sympy.Symbol("t")
KINDS = [cirq.XPowGate, cirq.YPowGate, cirq.ZPowGate]
KINDS += [cirq.XXPowGate, cirq.YYPowGate, cirq.ZZPowGate]
GATES = [*(kind(exponent=ANGLE / sympy.pi, global_shift=-0.5) for kind in KINDS), cirq.H]
OPERATIONS = [gate(*cirq.LineQubit.range(2)[: cirq.num_qubits(gate)]) for gate in GATES]
OPERATIONS = [
    *OPERATIONS,
    *(op.with_qubits(*(q + 1 for q in op.qubits)).controlled_by(cirq.q(0)) for op in OPERATIONS),
    cirq.CZ(cirq.q(1), cirq.q(0)),
    cirq.CNOT(cirq.q(1), cirq.q(0)),
]


@pytest.mark.parametrize("op", OPERATIONS, ids=str)
def test_every_gate_is_read_with_its_phase(op):
    network, params = Network(cirq.Circuit(op), (ANGLE,), ()), np.array([0.7])
    np.testing.assert_allclose(
        unitary(read(to_qpy(network, params))), expected(network, params), atol=1e-12
    )


def test_the_released_flagship_keeps_every_gate():
    flagship = trained("rg_tree", n_qubits=100)
    circuit = read(to_qpy(flagship.network, flagship.params))
    assert dict(circuit.count_ops()) == {
        "rz": 99 * 8,
        "ry": 99 * 4,
        "rxx": 99,
        "ryy": 99,
        "rzz": 99,
    }
    assert not circuit.parameters


def test_what_is_not_written_says_so():
    network = Network(cirq.Circuit(cirq.T(cirq.LineQubit(0))), (), ())
    with pytest.raises(UnsupportedCircuit, match=r"found T\(q\(0\)\)"):
        to_qpy(network, np.zeros(0))
    with pytest.raises(ValueError, match=r"shape \(45,\), one angle per symbol, got \(3,\)"):
        to_qpy(build_ansatz("rg_tree", 6), np.zeros(3))
