"""A dry run says what a circuit takes, what it costs and whether its gradient would be seen."""

from dataclasses import replace

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.hardware.devices import DEVICES
from qnnbench.hardware.dry_run import dry_run, untied
from tests.file_vendor import file_vendor


def told(tmp_path, network, n_shots=100, model=DEVICES["Helios"], **options):
    params = np.random.default_rng(1).normal(0, 0.3, len(network.symbols))
    vendor = file_vendor(tmp_path / "room")
    return dry_run(network, params, vendor, "drawer", model, n_shots, **options)


@pytest.fixture
def qcnn():
    return qnnbench.ansatz("qcnn", 8, sharing="layer")


def test_every_gate_gets_a_symbol_of_its_own(qcnn):
    alone = untied(qcnn)
    n_gates = sum(cirq.is_parameterized(op) for op in qcnn.circuit.all_operations())
    assert len(set(alone.symbols)) == len(alone.symbols) == n_gates > len(qcnn.symbols)
    assert cirq.parameter_names(alone.circuit) == {symbol.name for symbol in alone.symbols}


def test_an_untied_network_at_equal_angles_is_the_network(qcnn):
    alone = untied(qcnn)
    angles = {symbol.name: 0.1 * i for i, symbol in enumerate(qcnn.symbols)}
    spread = {symbol.name: angles[symbol.name.rpartition("_at_")[0]] for symbol in alone.symbols}
    assert cirq.approx_eq(
        cirq.resolve_parameters(alone.circuit, spread),
        cirq.resolve_parameters(qcnn.circuit, angles),
    )


def test_one_rotation_is_seen_with_two_shots(tmp_path):
    a = sympy.Symbol("a")
    qubit = cirq.LineQubit(0)
    circuit = cirq.Circuit(cirq.XPowGate(exponent=a / sympy.pi, global_shift=-0.5)(qubit))
    network = qnnbench.Network(circuit, (a,), (cirq.PauliString(cirq.Z(qubit)),))
    row = told(tmp_path, network, n_shots=1)
    assert row["log10_gradient_variance"] == pytest.approx(np.log10(0.5))  # E sin² = 1/2
    assert row["is_visible"]
    assert (row["cost"], row["cost_spsa_step"], row["cost_gradient"]) == (10, 20, 20)
    model = DEVICES["Helios"]
    errors = (1 - 1.5 * model.one_qubit) * (1 - (model.reads_one + model.reads_zero) / 2)
    assert row["no_error_probability"] == pytest.approx(errors)


def test_a_plateau_is_not_seen_with_the_shots_a_machine_gives(tmp_path):
    network = qnnbench.ansatz("hea", 6, n_layers=12, readout="middle")
    row = told(tmp_path, network, n_shots=20)
    assert not row["is_visible"]
    assert row["log10_shots"] == pytest.approx(-row["log10_gradient_variance"])


def test_a_network_that_is_too_wide_does_not_fit(tmp_path, qcnn):
    small = replace(DEVICES["Helios"], n_qubits=2)
    assert told(tmp_path, qcnn)["fits"]
    assert not told(tmp_path, qcnn, model=small)["fits"]
