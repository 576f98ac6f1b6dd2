"""Figures of devices: whole, sourced, and turned into the channels that have them."""

import cirq
import numpy as np
import pytest

from qnnbench.hardware.devices import DEVICES, MOST_RANDOM, depolarizing
from qnnbench.hardware.noise import DeviceNoise, noisy_circuit


def average_fidelity(channel, n_states=20_000):
    """Return the mean of <ψ|E(|ψ><ψ|)|ψ> over Haar-random states, by sampling them."""
    rng = np.random.default_rng(1)
    size = 2 ** cirq.num_qubits(channel)
    states = rng.normal(size=(n_states, size, 2)) @ np.array([1, 1j])
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    overlaps = [np.einsum("ki,ij,kj->k", states.conj(), k, states) for k in cirq.kraus(channel)]
    fidelities = (np.abs(overlaps) ** 2).sum(axis=0)
    return fidelities.mean(), fidelities.std() / np.sqrt(n_states)


@pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)
def test_channels_have_the_published_infidelity(device):
    rates, scale = depolarizing(device, 20), 20
    for channel, infidelity in (
        (cirq.depolarize(rates.one_qubit), device.one_qubit),
        (cirq.depolarize(rates.two_qubit, 2), device.two_qubit),
        (cirq.phase_flip(rates.memory), device.memory or 0.0),
    ):
        mean, error = average_fidelity(channel)
        assert abs(1 - mean - scale * infidelity) < 5 * error + 1e-12


@pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)
def test_every_figure_has_a_source(device):
    figures = ["n_qubits", "one_qubit", "two_qubit", "reads_one", "reads_zero"]
    figures += [f for f in ("memory", "max_shots") if getattr(device, f) is not None]
    assert set(device.sources) == set(figures)
    assert all(source.strip() for source in device.sources.values())
    assert 0 < device.one_qubit < device.two_qubit < 0.01
    assert device.any_pair == (device.vendor == "quantinuum")


def test_rates_grow_with_the_scale_up_to_noise_that_leaves_nothing():
    once, twice, all_of_it = (depolarizing("Torino", s) for s in (1, 2, 1e6))
    assert twice.two_qubit == 2 * once.two_qubit == pytest.approx(2 * 1.25 * 4.1e-3)
    assert (all_of_it.one_qubit, all_of_it.two_qubit) == MOST_RANDOM[:2]
    for rate, n_qubits in ((all_of_it.one_qubit, 1), (all_of_it.two_qubit, 2)):
        noise = cirq.depolarize(rate, n_qubits).on(*cirq.LineQubit.range(n_qubits))
        rho = cirq.DensityMatrixSimulator().simulate(cirq.Circuit(noise)).final_density_matrix
        np.testing.assert_allclose(rho, np.eye(2**n_qubits) / 2**n_qubits, atol=1e-7)


def test_no_scale_no_channels():
    circuit = cirq.Circuit(cirq.X(cirq.q(0)) ** 0.3, cirq.measure(cirq.q(0), key="m"))
    assert noisy_circuit(circuit, depolarizing("H2-1", 0)) == circuit


def test_errors_fall_where_they_should():
    a, b, c = cirq.LineQubit.range(3)
    pulse = cirq.PhasedXPowGate(phase_exponent=0.1, exponent=0.5)
    ops = [pulse(a), cirq.Z(a) ** 0.2, cirq.ZZ(a, b), cirq.ZZ(b, c), cirq.ZZ(a, c)]
    noisy = noisy_circuit(cirq.Circuit(ops), depolarizing("H2-2"))
    kinds = [(type(op.gate), op.qubits) for op in noisy.all_operations()]
    pair = [cirq.ZZPowGate, cirq.DepolarizingChannel]
    assert [kind for kind, qubits in kinds if a in qubits] == [
        cirq.PhasedXPowGate,
        cirq.DepolarizingChannel,
        cirq.ZPowGate,  # free
        *pair,
        cirq.PhaseFlipChannel,  # waits one layer
        *pair,
    ]
    assert [kind for kind, qubits in kinds if c in qubits] == 2 * pair  # in |0> until then
    assert [kind for kind, qubits in kinds if b in qubits] == 2 * pair


@pytest.mark.parametrize(
    ("device", "scale", "message"),
    [
        ("Helius", 1, "Did you mean 'Helios'"),
        ("Helios", -1, "noise_scale"),
        ("Helios", float("nan"), "noise_scale"),
    ],
)
def test_bad_requests_say_what_is_wrong(device, scale, message):
    with pytest.raises(ValueError, match=message):
        depolarizing(device, scale)


def test_gates_on_three_qubits_have_no_figure():
    circuit = cirq.Circuit(cirq.CCZ(*cirq.LineQubit.range(3)))
    with pytest.raises(ValueError, match="decompose"):
        circuit.with_noise(DeviceNoise("Helios"))
