"""What the benchmark harness does to a circuit and to its rows; no peer is imported."""

from functools import partial

import cirq
import numpy as np
import pytest

from benchmarks import table
from benchmarks.cases import CASES, CHECKS, Case
from benchmarks.contenders import CONTENDERS
from benchmarks.race import Row, errors
from benchmarks.rotations import Gate, Part, constant, fused, parts, pauli_rotations
from qnnbench.circuits.ansatze import build_ansatz

PAULIS = {"X": cirq.X, "Y": cirq.Y, "Z": cirq.Z}


def matrix(gate: Gate, angle: float | None) -> cirq.Gate:
    """Return exp(-iθP/2) from Cirq's own exponential of Pauli strings."""
    if gate.angle is None:
        return {"H": cirq.H, "CZ": cirq.CZ}[gate.name]
    letters = gate.name.lstrip("CR")
    qubits = cirq.LineQubit.range(len(letters))
    string = cirq.PauliString({q: PAULIS[p] for q, p in zip(qubits, letters, strict=True)})
    rotation = cirq.PauliStringPhasor(
        string, exponent_neg=angle / np.pi / 2, exponent_pos=-angle / np.pi / 2
    )
    unitary = cirq.MatrixGate(cirq.unitary(rotation))
    return cirq.ControlledGate(unitary) if gate.name.startswith("C") else unitary


def value(part: Part, params: np.ndarray) -> float:
    """Return the part's expectation by Cirq's simulator."""
    qubits, angles = cirq.LineQubit.range(part.n_qubits), part.angles(params)
    ops = [
        matrix(g, None if g.angle is None else angles[g.angle]).on(*(qubits[s] for s in g.sites))
        for g in part.gates
    ]
    observable = sum(
        c * cirq.PauliString({qubits[s]: " XYZ"[p] for s, p in string})
        for c, string in part.strings
    )
    circuit = cirq.Circuit(cirq.I.on_each(*qubits), ops)
    simulator = cirq.Simulator(dtype=np.complex128)
    return simulator.simulate_expectation_values(circuit, observable, qubit_order=qubits)[0].real


SHALLOW = Case("shallow", partial(build_ansatz, "brickwork", 12, n_layers=2), ())


@pytest.mark.parametrize("case", [*CHECKS.values(), SHALLOW], ids=lambda case: case.name)
def test_parts_are_the_circuit(case):
    params = case.params
    symbols = dict(zip(case.network.symbols, params, strict=True))
    expected = cirq.Simulator(dtype=np.complex128).simulate_expectation_values(
        case.prepared_circuit(), case.network.observables[0], param_resolver=symbols
    )
    found = constant(case) + sum(value(p, params) for p in parts(case))
    assert found == pytest.approx(expected[0].real, abs=1e-10)


def test_light_cones_of_a_shallow_wide_circuit_are_narrow():
    found = parts(CASES["brickwork100"])
    assert max(part.n_qubits for part in found) == 8  # 2 per layer of four
    assert sum(len(part.strings) for part in found) == 100
    assert len(parts(CHECKS["check_brickwork"])) == 1  # six deep qubits are not worth cutting


def test_fused_blocks_keep_every_gate_in_the_order_of_its_sites():
    (part,) = parts(CHECKS["check_qcnn"])
    blocks = fused(part)
    assert len(blocks) < len(part.gates) / 5
    for site in range(part.n_qubits):
        together = [g for block in blocks for g in block.gates if site in g.sites]
        assert together == [g for g in part.gates if site in g.sites]


def test_a_controlled_rotation_is_two_pauli_rotations():
    angle, product = 0.7, np.eye(4)
    for string, factor in pauli_rotations(Gate("CRX", (0, 1), 0)):
        letters = dict(string)
        pauli = np.kron(
            *(cirq.unitary((cirq.I, cirq.X, cirq.Y, cirq.Z)[letters.get(s, 0)]) for s in (0, 1))
        )
        half = factor * angle / 2
        product = (np.cos(half) * np.eye(4) - 1j * np.sin(half) * pauli) @ product
    np.testing.assert_allclose(product, cirq.unitary(cirq.rx(angle).controlled()), atol=1e-12)


def test_errors_are_absolute_for_values_and_relative_for_gradients():
    reference = {"values": [[1.0, 2.0]], "gradient": [3.0, 4.0]}
    answer = {"values": [[1.0, 2.5]], "gradient": [3.0, 4.5]}
    assert errors(answer, reference) == (0.5, pytest.approx(0.1))
    assert np.isnan(errors({"values": [[1.0, 2.0]], "gradient": None}, reference)[1])


@pytest.mark.parametrize("case", [*CASES.values(), *CHECKS.values()], ids=[*CASES, *CHECKS])
def test_cases_name_contenders_of_the_right_kind(case):
    assert all(CONTENDERS[name].is_own for name in case.own)
    assert all(not CONTENDERS[name].is_own for name in case.peers)
    assert case.reference in ("", *CONTENDERS)
    assert set(case.targets) <= set(case.own)


def test_a_kept_row_replaces_an_older_one_and_is_published(tmp_path):
    path, readme = tmp_path / "rows.parquet", tmp_path / "README.md"
    slow = Row("qcnn16", "qulacs", "gradient", "ok", ratio=9.0)
    table.keep(path, slow)
    table.keep(path, Row("qcnn16", "statevector", "gradient", "ok", cpu_s=0.25))
    table.keep(path, Row("qcnn16", "qulacs", "gradient", "over_budget", "no result"))
    rows = table.read(path)
    assert [row.contender for row in rows] == ["statevector", "qulacs"]
    assert rows[1].status == "over_budget"
    readme.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    table.publish(rows, readme)
    text = readme.read_text()
    assert "old" not in text
    assert text.startswith("before")
    assert text.endswith("after\n")
    assert "over_budget: no result" in text
    assert "| 0.25 |" in text
    readme.write_text("no marks")
    with pytest.raises(ValueError, match="needs the lines"):
        table.publish(rows, readme)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.nan, ""),
        (0.0, "0"),
        (12.34, "12"),
        (0.0123, "0.012"),
        (123.0, "120"),
        (1.2e-7, "1.2e-07"),
    ],
)
def test_numbers_have_two_digits(value, text):
    assert table.number(value) == text
