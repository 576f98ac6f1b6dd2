"""Networks as OpenQASM 3, read by the few lines of the language they use, and as Cirq's JSON."""

import re
from collections import Counter

import cirq
import numpy as np
import pytest
import sympy

from qnnbench.circuits.ansatze import ANSATZE, Network, build_ansatz
from qnnbench.circuits.exports import FORMATS, to_cirq_json, to_qasm3
from qnnbench.circuits.gates import UnsupportedCircuit
from qnnbench.released import trained


def rotation(letter):
    def matrix(theta):
        pauli = {"x": [[0, 1], [1, 0]], "y": [[0, -1j], [1j, 0]], "z": [[1, 0], [0, -1]]}[letter]
        return np.cos(theta / 2) * np.eye(2) - 1j * np.sin(theta / 2) * np.array(pauli)

    return matrix


STANDARD = {  # of stdgates.inc, OpenQASM 3.0, global phase included
    **{f"r{letter}": rotation(letter) for letter in "xyz"},
    "h": lambda: np.array([[1, 1], [1, -1]]) / np.sqrt(2),
    "cz": lambda: np.diag([1, 1, 1, -1]),
    "cx": lambda: np.eye(4)[[0, 1, 3, 2]],
}
CALL = r"(ctrl @ )?(\w+)(?:\(([^)]*)\))? ([^;]+);"


def number(text, names):
    """Return the value of an angle: sums and products of numbers and names."""
    total = 0.0
    for term in text.split(" + "):
        total += np.prod([names[f] if f in names else over(f) for f in term.split(" * ")])
    return total


def over(text):
    sign = -1 if text.startswith("-pi") else 1
    return sign * np.pi / 2 if text.lstrip("-") == "pi/2" else float(text)


def unitary(program, inputs=()):
    """Return the unitary of a program, qubit 0 most significant."""
    defined = {
        name: (argument, qubits.split(", "), body)
        for name, argument, qubits, body in re.findall(
            r"^gate (\w+)\((\w+)\) ([\w, ]+) \{ (.*) \}$", program, re.MULTILINE
        )
    }
    lines = [line for line in program.splitlines() if not line.startswith("gate ")]
    assert lines[:2] == ["OPENQASM 3.0;", 'include "stdgates.inc";']
    declared = [m[1] for line in lines if (m := re.fullmatch(r"input float\[64\] (\w+);", line))]
    (start,) = [k for k, line in enumerate(lines) if line.startswith("qubit[")]
    assert start == 2 + len(declared)
    n_qubits = int(re.fullmatch(r"qubit\[(\d+)\] q;", lines[start])[1])
    names = dict(zip(declared, inputs, strict=True))
    out = np.eye(2**n_qubits, dtype=complex).reshape(*(2,) * n_qubits, -1)

    def applied(out, calls, names, place):
        for control, name, angle, qubits in calls:
            axes = [place[qubit] for qubit in qubits.split(", ")]
            values = [number(angle, names)] if angle else []
            if name in defined:
                argument, inner, body = defined[name]
                assert not control
                scope = dict(zip(inner, axes, strict=True))
                out = applied(out, re.findall(CALL, body), {argument: values[0]}, scope)
                continue
            gate = STANDARD[name](*values)
            if control:
                gate = np.block([[np.eye(2), np.zeros((2, 2))], [np.zeros((2, 2)), gate]])
            front = range(len(axes))
            gate = gate.reshape((2,) * (2 * len(axes)))
            turned = np.tensordot(gate, out, ([k + len(axes) for k in front], axes))
            out = np.moveaxis(turned, front, axes)
        return out

    calls = [re.fullmatch(CALL, line).groups() for line in lines[start + 1 :]]
    place = {f"q[{k}]": k for k in range(n_qubits)}
    return applied(out, calls, names, place).reshape(2**n_qubits, -1)


@pytest.mark.parametrize("name", ANSATZE)
def test_the_program_of_every_ansatz_is_its_circuit(name):
    network = build_ansatz(name, 4)
    params = np.random.default_rng(0).uniform(-7, 7, len(network.symbols))
    circuit = cirq.resolve_parameters(
        network.circuit, dict(zip(network.symbols, params, strict=True))
    )
    expected = circuit.unitary(qubit_order=cirq.LineQubit.range(4), dtype=np.complex128)
    np.testing.assert_allclose(unitary(to_qasm3(network, params)), expected, atol=1e-12)
    np.testing.assert_allclose(unitary(to_qasm3(network), params), expected, atol=1e-12)


def test_angles_are_affine_in_the_inputs():
    a, b = sympy.symbols("a b")
    gate = cirq.rz(2 * a - 0.5 * b + 0.25)
    network = Network(cirq.Circuit(gate(cirq.LineQubit(0))), (a, b), ())
    expected = cirq.unitary(cirq.rz(2 * 0.3 - 0.5 * 0.8 + 0.25))
    np.testing.assert_allclose(unitary(to_qasm3(network), (0.3, 0.8)), expected, atol=1e-12)
    np.testing.assert_allclose(
        unitary(to_qasm3(network, np.array([0.3, 0.8]))), expected, atol=1e-12
    )


def test_the_released_flagship_is_written_gate_by_gate():
    flagship = trained("rg_tree", n_qubits=100)
    program = to_qasm3(flagship.network, flagship.params)
    gates = Counter(re.findall(r"^(\w+)\([^)]*\) q\[", program, re.MULTILINE))
    assert gates == {"rz": 99 * 8, "ry": 99 * 4, "rxx": 99, "ryy": 99, "rzz": 99}
    told = re.findall(r"^(?:rz|ry|rxx|ryy|rzz)\(([^)]*)\)", program, re.MULTILINE)
    assert {float(angle) for angle in told} == set(flagship.params.tolist())
    shared = re.findall(r"^\w+\((\w+)\) q", to_qasm3(flagship.network), re.MULTILINE)
    assert Counter(shared).most_common(1)[0][1] == 50  # the block that merges two sites


def test_what_is_not_written_says_so():
    network = Network(cirq.Circuit(cirq.T(cirq.LineQubit(0))), (), ())
    with pytest.raises(UnsupportedCircuit, match=r"found T\(q\(0\)\)"):
        to_qasm3(network)
    with pytest.raises(ValueError, match=r"shape \(45,\), one angle per symbol, got \(3,\)"):
        to_qasm3(build_ansatz("rg_tree", 6), np.zeros(3))


@pytest.mark.parametrize("pooling", ["discard", "controlled"])
def test_cirq_reads_its_json_as_the_same_circuit(pooling):
    network = build_ansatz("qcnn", 4, pooling=pooling)
    params = np.random.default_rng(1).uniform(-7, 7, len(network.symbols))
    assert cirq.read_json(json_text=to_cirq_json(network)) == network.circuit
    read = cirq.read_json(json_text=to_cirq_json(network, params))
    assert not cirq.is_parameterized(read)
    expected = cirq.resolve_parameters(
        network.circuit, dict(zip(network.symbols, params, strict=True))
    )
    order = {"qubit_order": cirq.LineQubit.range(4), "dtype": np.complex128}
    np.testing.assert_allclose(read.unitary(**order), expected.unitary(**order), atol=1e-12)


def test_every_format_wants_one_angle_per_symbol():
    network = build_ansatz("rg_tree", 6)
    for form in FORMATS.values():
        if not form.extra:
            with pytest.raises(ValueError, match=r"shape \(45,\), one angle per symbol"):
                form.make(network, np.zeros(3))
