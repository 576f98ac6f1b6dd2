"""Exact second moments against stored references, closed forms and what is declared."""

from itertools import pairwise
from pathlib import Path

import cirq
import numpy as np
import pandas as pd
import pytest
import sympy

from qnnbench.circuits.angles import Gaussian
from qnnbench.circuits.ansatze import build_ansatz, pauli_rotation
from qnnbench.columns import TABLES
from qnnbench.moments import moments, trainability_row

REFERENCES = pd.read_csv(Path(__file__).parent / "moments.csv")
IN_SCOPE = REFERENCES[
    (REFERENCES.n_qubits <= 16)
    & ((REFERENCES.angles == "uniform") | (REFERENCES.observable == "Z_mid"))
]
CASES = list(IN_SCOPE.groupby(["circuit", "n_qubits", "n_layers", "observable", "angles"]))
LINE = cirq.LineQubit.range(100)


def reference_network(circuit, n_qubits, n_layers):
    builders = {
        "hea": lambda: build_ansatz("hea", n_qubits, n_layers=n_layers),
        "brickwork": lambda: build_ansatz("brickwork", n_qubits, n_layers=n_layers),
        "qcnn_discard": lambda: build_ansatz("qcnn", n_qubits, sharing="none", pooling="discard"),
        "tree": lambda: build_ansatz("tree", n_qubits),
    }
    return builders[circuit]()


def reference_observable(name, network):
    qubits = LINE[: network.n_qubits]
    fixed = {
        "global": cirq.ProjectorString(dict.fromkeys(qubits, 0)),
        "local": sum(cirq.Z(q) for q in qubits) / (2 * len(qubits)),
        "Z_mid": cirq.Z(qubits[len(qubits) // 2]),
        "zz0": cirq.Z(qubits[0]) * cirq.Z(qubits[1]),
        "Z_out": network.observables[0],
    }
    return fixed[name] if name in fixed else cirq.Z(qubits[int(name[1:])])


def reference_angles(name, n_qubits, n_layers):
    variances = {"1/L": 1 / n_layers, "1/(nL)": 1 / (n_layers * n_qubits)}
    return "uniform" if name == "uniform" else Gaussian(variances[name.split("_")[-1]] ** 0.5)


@pytest.mark.parametrize(("case", "rows"), CASES, ids=["-".join(map(str, c)) for c, _ in CASES])
def test_moments_match_stored_references(case, rows):
    circuit, n_qubits, n_layers, observable, angles = case
    network = reference_network(circuit, n_qubits, n_layers)
    found = moments(
        network.circuit,
        reference_observable(observable, network),
        network.symbols,
        angles=reference_angles(angles, n_qubits, n_layers),
        tolerance=1e-12 if n_qubits <= 6 else 3e-4,
    )
    for row in rows.itertuples():
        measured = {
            "variance": found.log10_variance,
            "second_moment": np.log10(10**found.log10_variance + found.mean**2),
            "mean_observable": np.log10(found.mean) if found.mean > 0 else -np.inf,
        }
        if row.quantity == "gradient_variance":
            log10_value = found.log10_gradient_variance[int(row.symbol_index)]
        else:
            log10_value = measured[row.quantity]
        # The means and, for n <= 6, all rows are exact; the oracle states its own error.
        rel = max(1e-10, 3 * row.relative_error) if n_qubits <= 6 else 1e-3
        assert 10**log10_value == pytest.approx(10**row.log10_value, rel=rel, abs=0), row


def layered(n_qubits, n_layers, axes, entangle=True):
    ops = []
    for layer in range(n_layers):
        for axis in axes:
            for i, q in enumerate(LINE[:n_qubits]):
                ops.append(pauli_rotation(axis, sympy.Symbol(f"{axis}{layer}_{i}"), q))
        if entangle:
            ops += [cirq.CZ(a, b) for a, b in pairwise(LINE[:n_qubits])]
    return cirq.Circuit(ops)


@pytest.mark.parametrize("n_qubits", [1, 2, 10, 100])
def test_product_circuit_has_its_closed_form(n_qubits):
    # C = prod_j cos²(θ_j / 2): Cerezo et al., Nat. Commun. 12, 1791 (2021).
    projector = cirq.ProjectorString(dict.fromkeys(LINE[:n_qubits], 0))
    found = moments(layered(n_qubits, 1, "X", entangle=False), projector)
    gradient = np.log10(1 / 8) + (n_qubits - 1) * np.log10(3 / 8)
    variance = n_qubits * np.log10(3 / 8) + np.log10(1 - (2 / 3) ** n_qubits)
    assert found.log10_gradient_variance == pytest.approx(gradient, abs=1e-11)
    assert found.log10_variance == pytest.approx(variance, abs=1e-11)
    assert found.mean == pytest.approx(2.0**-n_qubits)
    assert found.method == "exact"


def test_two_rotations_per_qubit_have_their_closed_form():
    projector = cirq.ProjectorString(dict.fromkeys(LINE[:7], 0))
    found = moments(layered(7, 1, "XY", entangle=False), projector)
    last = found.log10_gradient_variance[-7:]  # RY acts last
    np.testing.assert_allclose(10**last, (1 / 16) * (5 / 16) ** 6, rtol=1e-12)


@pytest.mark.parametrize(
    ("n_layers", "variance"), [(1, 1 / 2), (2, 5 / 16), (3, 109 / 512), (4, 9993 / 65536)]
)
def test_interior_qubit_of_ry_cz_lines(n_layers, variance):
    found = moments(layered(13, n_layers, "Y"), cirq.Z(LINE[6]))
    assert 10**found.log10_variance == pytest.approx(variance, rel=1e-12)


@pytest.mark.parametrize(
    ("n_qubits", "variance", "gradient"), [(4, 0.2005, 0.1103), (8, 0.1153, 0.0475)]
)
def test_end_qubit_of_deep_ry_cz_lines(n_qubits, variance, gradient):
    depth = 4 * n_qubits
    found = moments(layered(n_qubits, depth, "Y"), cirq.Z(LINE[0]))
    middle = found.symbols.index(sympy.Symbol(f"Y{depth // 2}_0"))
    assert 10**found.log10_variance == pytest.approx(variance, abs=6e-5)
    assert 10 ** found.log10_gradient_variance[middle] == pytest.approx(gradient, abs=6e-5)


@pytest.mark.parametrize("factor", [3.0, -10.0])
def test_variance_scales_with_the_square_of_the_observable(factor):
    circuit = layered(3, 2, "YZ")
    observable = cirq.Z(LINE[1]) + 0.5 * cirq.Z(LINE[0]) * cirq.X(LINE[2]) + 0.25
    once, scaled = moments(circuit, observable), moments(circuit, factor * observable)
    shift = 2 * np.log10(abs(factor))
    assert scaled.log10_variance == pytest.approx(once.log10_variance + shift)
    assert scaled.mean == pytest.approx(factor * 0.25)
    np.testing.assert_allclose(
        scaled.log10_gradient_variance, once.log10_gradient_variance + shift
    )


def test_gradient_variance_scales_with_the_square_of_the_frequency():
    theta = sympy.Symbol("θ")
    for frequency in (1, 2, -3):
        circuit = cirq.Circuit(pauli_rotation("Y", frequency * theta + 1, LINE[0]))
        found = moments(circuit, cirq.Z(LINE[0]))
        assert 10 ** found.log10_gradient_variance[0] == pytest.approx(frequency**2 / 2)


def test_row_has_the_columns_of_its_table():
    network = build_ansatz("hea", 3, n_layers=2)
    row = trainability_row(network)
    logs = np.array(row["log10_gradient_variance"])
    assert set(row) <= set(TABLES["trainability"])
    assert row["n_symbols"] == len(logs) == 12
    assert row["log10_gradient_variance_mean"] == pytest.approx(np.log10(np.mean(10**logs)))
    assert np.isneginf(logs[-3:]).all()  # the last RZ is idle
    with pytest.raises(ValueError, match="observable_index"):
        trainability_row(network, observable_index=1)


def test_truncation_is_reported():
    network = build_ansatz("hea", 8, n_layers=8, readout="local")
    exact = moments(network.circuit, network.observables[0], network.symbols, tolerance=1e-12)
    capped = moments(network.circuit, network.observables[0], network.symbols, max_bond_dim=4)
    assert (exact.method, capped.method) == ("exact", "truncated")
    assert capped.bond_dim == 4
    assert capped.relative_error > 1e-3 > 1e-9 > exact.relative_error
