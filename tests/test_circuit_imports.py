"""Imported circuits have the unitary that their own package, or a hand, gives them."""

import re

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.circuits.exports import to_qasm3
from qnnbench.circuits.imports import import_circuit

pytest.importorskip("openqasm3")

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
X, Y, Z = (cirq.unitary(gate) for gate in (cirq.X, cirq.Y, cirq.Z))
CX = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]])


def exp(pauli, angle):
    return np.cos(angle / 2) * np.eye(len(pauli)) - 1j * np.sin(angle / 2) * pauli


def imported(tmp_path, text, name="circuit"):
    file = tmp_path / f"{name}.qasm"
    file.write_text(text, encoding="utf-8")
    return qnnbench.own_ansatz(import_circuit(file))


def unitary(network, params):
    values = dict(zip(network.symbols, params, strict=True))
    bound = cirq.resolve_parameters(network.circuit, values)
    return bound.unitary(qubit_order=cirq.LineQubit.range(network.n_qubits))


def assert_equal_up_to_phase(found, expected):
    overlap = np.trace(found.conj().T @ expected)
    assert abs(overlap) == pytest.approx(len(found), abs=1e-9)


def check(tmp_path, body, n_qubits, expected, n_angles=1):
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, n_angles)
    ansatz = imported(tmp_path, HEAD + body)
    assert qnnbench.contract_problems(ansatz, n_qubits) == []
    network = ansatz.build(n_qubits)
    assert_equal_up_to_phase(unitary(network, angles), expected(*angles))


@pytest.mark.parametrize(
    ("body", "n_qubits", "expected"),
    [
        ("input float a; qubit[1] q; qubit r; rx(a) q; cx q[0], r;", 2,
         lambda a: CX @ np.kron(exp(X, a), np.eye(2))),
        ("input angle[32] a; qubit[2] q; ry(2*a - pi/2) q[1]; cx q[1], q[0];", 2,
         lambda a: np.eye(4)[[0, 3, 2, 1]] @ np.kron(np.eye(2), exp(Y, 2 * a - np.pi / 2))),
        ("input float a; qubit[2] q; U(0.3, a, 0.2) q[0]; id q[1];", 2,
         lambda a: np.kron(exp(Z, a) @ exp(Y, 0.3) @ exp(Z, 0.2), np.eye(2))),
        ("input float a; qubit[2] q; ctrl @ gphase(a) q[0]; h q[1];", 2,
         lambda a: np.kron(np.diag([1, np.exp(1j * a)]), (X + Z) / np.sqrt(2))),
        ("input float a; qubit[2] q; negctrl @ rx(a) q[0], q[1];", 2,
         lambda a: np.block([[exp(X, a), np.zeros((2, 2))], [np.zeros((2, 2)), np.eye(2)]])),
        ("input float a; qubit[2] q; negctrl @ gphase(a) q[1]; s q[0];", 2,
         lambda a: np.kron(np.diag([1, 1j]), np.diag([np.exp(1j * a), 1]))),
        ("input float a; qubit[2] q; cu(0.3, 0.1, 0.2, a) q[0], q[1];", 2,
         lambda a: np.block([[np.eye(2), np.zeros((2, 2))], [np.zeros((2, 2)), np.exp(
             1j * (a + 0.15)) * exp(Z, 0.1) @ exp(Y, 0.3) @ exp(Z, 0.2)]])),
        ("input float a; gate zz(t) c, d { cx c, d; rz(t) d; cx c, d; }\n"
         "qubit[2] q; inv @ zz(a) q[0], q[1]; pow(3) @ zz(0.1) q[0], q[1];", 2,
         lambda a: exp(np.kron(Z, Z), 0.3 - a)),
        ("input float a; gate zz(t) c, d { cx c, d; rz(t) d; cx c, d; }\n"
         "qubit[2] q; for int i in [0:1] { ry((i + 1) * a) q[i]; } zz(0.5) q[{1}], q[0];", 2,
         lambda a: exp(np.kron(Z, Z), 0.5) @ np.kron(exp(Y, a), exp(Y, 2 * a))),
        ("input float a; qubit[3] q; rx(a) q; ctrl(2) @ h q[0], q[1], q[2];", 3,
         lambda a: np.block([[np.eye(6), np.zeros((6, 2))],
                             [np.zeros((2, 6)), (X + Z) / np.sqrt(2)]])
         @ np.kron(exp(X, a), np.kron(exp(X, a), exp(X, a)))),
        ("input float a; const float b = 0.5; qubit[3] q; let r = q[1:2]; rx(a) r; "
         "ry(b * sqrt(4.0)) q[0]; barrier q; ccx q[0], q[1], q[2];", 3,
         lambda a: np.eye(8)[[0, 1, 2, 3, 4, 5, 7, 6]]
         @ np.kron(exp(Y, 1), np.kron(exp(X, a), exp(X, a)))),
    ],
)  # fmt: skip
def test_programs_have_the_unitary_written_by_hand(tmp_path, body, n_qubits, expected):
    check(tmp_path, body, n_qubits, expected)


def test_a_definition_sees_its_own_names_only(tmp_path):
    body = (
        "input float t; input float u; gate turn(u) a { rx(u) a; }\n"
        "qubit[2] q; turn(2*t) q[0]; ry(u) q[1];"
    )
    check(tmp_path, body, 2, lambda t, u: np.kron(exp(X, 2 * t), exp(Y, u)), 2)


@pytest.mark.parametrize(
    ("name", "options"),
    [("qcnn", {"sharing": "layer", "pooling": "controlled"}), ("hea", {"n_layers": 2}),
     ("permutation_equivariant", {"n_layers": 1})],
)  # fmt: skip
def test_what_is_exported_comes_back(tmp_path, name, options):
    network = build_ansatz(name, 4, **options)
    again = imported(tmp_path, to_qasm3(network)).build(4)
    assert again.symbols == network.symbols
    params = np.random.default_rng(1).uniform(0, 2 * np.pi, len(network.symbols))
    assert_equal_up_to_phase(unitary(again, params), unitary(network, params))


def test_measured_qubits_are_what_is_read(tmp_path):
    body = (
        HEAD + "input float a; bit[2] c; qubit[3] q; rx(a) q; c[0] = measure q[2]; measure q[0];"
    )
    ansatz = imported(tmp_path, body)
    q = cirq.LineQubit.range(3)
    assert ansatz.build(3).observables == (
        cirq.PauliString(cirq.Z(q[0])),
        cirq.PauliString(cirq.Z(q[2])),
    )
    assert ansatz.build(3, readout="parity").observables[0] == cirq.PauliString(map(cirq.Z, q))
    with pytest.raises(ValueError, match="this circuit has 3 qubits, got n_qubits=4"):
        ansatz.build(4)


def test_names_of_angles_survive(tmp_path):
    ansatz = imported(
        tmp_path, HEAD + "input float θ_1; input float b; qubit[2] q; ry(b) q; rx(θ_1) q[0];"
    )
    assert ansatz.build(2).symbols == tuple(sympy.symbols("θ_1 b"))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("input float a; qubit[2] q; rx(a q[0];", "no OpenQASM 3"),
        ("qubit[2] q; h q;", "declare what is trained, as in input float"),
        ("input float a;\nqubit[2] q;\nrxx(a) q[0], q[1];", "line 5: No gate of this program"),
        ("input float a; qubit[2] q; rx(a, a) q[0];", "rx takes 1 angles, got 2"),
        ("input float a; qubit[2] q; cx q[0], q[0]; rx(a) q;", "one qubit twice"),
        ("input float a; qubit[2] q; rx(a) q[2];", "index 2 of a register of 2 qubits"),
        ("input float a; qubit[2] q; rx(1/2*a) q[0];", "write 1.0/2"),
        ("input float a; qubit[2] q; rx(sin(a)) q[0];", "a number is needed"),
        ("input float a; qubit[2] q; rx(a*a) q[0];", "not affine"),
        ("input float a; qubit[2] q; ctrl @ U(a, 0, 0) q[0], q[1];", "packages disagree"),
        ("input float a; qubit[3] q; ctrl @ crx(a) q[0], q[1], q[2];", "a gate on 3 qubits"),
        ("input float a; qubit[4] q; rx(a) q[{1, 0}][0];", "one index after another"),
        ("input float a; qubit[2] q; rx(a) q; cx q, q[0];", "one qubit twice in one gate: [0, 0]"),
        ("input float a; qubit[2] q; rx(a) q; measure q[0]; x q[0];", "measurement of qubit 0"),
        ("input float a; qubit[2] q; rx(a) q; reset q[0];", "QuantumReset is not understood"),
        ("input int n; qubit[2] q; x q;", "must be a float or an angle"),
        ("input float a; qubit[2] q; rx(a) q; int n = 3;", "constants begin with const"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_told(tmp_path, body, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        imported(tmp_path, HEAD + body)
    assert not list(tmp_path.glob("*.py"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("OPENQASM 2.0; qreg q[2];", "OpenQASM 2.0 has no free angles"),
        ('OPENQASM 3.0; include "other.inc";', "is not read: put its gates into the file"),
        ("OPENQASM 3.0; input float a; qubit q; rx(a) q;", "No gate of this program named 'rx'"),
    ],
)
def test_programs_of_another_kind_are_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        imported(tmp_path, text)


def test_nothing_is_overwritten(tmp_path):
    text = HEAD + "input float a; qubit[2] q; rx(a) q;"
    imported(tmp_path, text)
    with pytest.raises(FileExistsError, match="nothing was written"):
        imported(tmp_path, text)
    with pytest.raises(ValueError, match=r"ends in none of \['.py', '.qasm', '.qpy'\]"):
        import_circuit(tmp_path / "circuit.json")
    with pytest.raises(FileNotFoundError, match="No file at"):
        import_circuit(tmp_path / "none.qasm")
