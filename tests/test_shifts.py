"""Shifted gates give the derivative, shared angles included."""

from itertools import combinations

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.circuits.gates import UnsupportedCircuit
from qnnbench.hardware.shifts import drawn, occurrences, shifted


def value(circuit, network, params):
    names = [symbol.name for symbol in network.symbols]
    bound = cirq.resolve_parameters(circuit, dict(zip(names, params, strict=True)))
    qubits = cirq.LineQubit.range(network.n_qubits)
    vector = cirq.Simulator(dtype=np.complex128).simulate(bound, qubit_order=qubits)
    observable = cirq.PauliSum.wrap(network.observables[-1])
    return observable.expectation_from_state_vector(
        vector.final_state_vector, {q: i for i, q in enumerate(qubits)}
    ).real


def gradient(network, params, chosen):
    total = np.zeros(len(params))
    for occurrence, factor in chosen:
        total[occurrence.symbol] += factor * sum(
            occurrence.slope
            * share
            * value(shifted(network.circuit, occurrence, r), network, params)
            for r, share in occurrence.shifts
        )
    return total


def differences(network, params, step=1e-5):
    moves = step * np.eye(len(params))
    plain = [
        value(network.circuit, network, params + m) - value(network.circuit, network, params - m)
        for m in moves
    ]
    return np.array(plain) / (2 * step)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("qcnn", {"sharing": "layer"}),
        ("rg_tree", {"sharing": "shape"}),
        ("hea", {"n_layers": 1, "readout": "local"}),
    ],
)
def test_all_shifts_together_are_the_gradient(name, options):
    network = qnnbench.ansatz(name, 3, **options)
    params = np.random.default_rng(5).uniform(0, 2 * np.pi, len(network.symbols))
    exact = gradient(network, params, [(o, 1.0) for o in occurrences(network)])
    assert np.allclose(exact, differences(network, params), atol=1e-8)


def test_a_slope_of_the_angle_enters_the_derivative():
    a, b = sympy.symbols("a b")
    qubits = cirq.LineQubit.range(2)
    rotation = cirq.XPowGate(exponent=(2 * a - b) / sympy.pi + 0.3, global_shift=-0.5)
    circuit = cirq.Circuit(
        rotation(qubits[0]), rotation.controlled()(*qubits), cirq.ZZ(*qubits) ** 0.3
    )
    network = qnnbench.Network(circuit, (a, b), (cirq.PauliString(cirq.Z(qubits[1])),))
    params = np.array([0.7, -0.4])
    exact = gradient(network, params, [(o, 1.0) for o in occurrences(network)])
    assert np.allclose(exact, differences(network, params), atol=1e-8)


def test_drawn_gates_are_right_in_the_mean():
    found = occurrences(qnnbench.ansatz("qcnn", 4, sharing="layer"))[:6]
    weights = dict(zip(found, range(6), strict=True))
    means = []
    rng = np.random.default_rng(3)
    for _ in range(4000):
        means.append(sum(factor * weights[o] for o, factor in drawn(found, 2, rng)))
    pairs = [3 * (a + b) for a, b in combinations(range(6), 2)]
    assert abs(np.mean(means) - 15) < 5 * np.std(pairs) / np.sqrt(4000)
    assert set(means) <= set(map(float, pairs))


def test_a_gate_of_other_frequencies_is_refused():
    a = sympy.Symbol("a")
    circuit = cirq.Circuit(cirq.ISwapPowGate(exponent=a)(*cirq.LineQubit.range(2)))
    network = qnnbench.Network(circuit, (a,), (cirq.PauliString(cirq.Z(cirq.LineQubit(0))),))
    with pytest.raises(UnsupportedCircuit, match="two eigenvalues"):
        occurrences(network)
