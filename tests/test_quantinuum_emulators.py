"""Quantinuum's emulators: laws of Cirq, with noise and without."""

import tempfile
from functools import cache
from pathlib import Path

import cirq
import numpy as np
import pytest

pytest.importorskip("pytket_pecos")
pytest.importorskip("selene_sim")
pytest.importorskip("guppylang")

import qnnbench
from qnnbench.hardware.machine import MachineCircuit, machine_circuit
from qnnbench.hardware.quantinuum import run_locally
from tests.sampled_counts import band, chi_square_p, frequencies, total_variation

# selene leaves its own logs open
unclosed = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
pytestmark = [pytest.mark.vendor, unclosed]
DEVICES = ("H2-1", "Helios-1")
N_SHOTS = 2000
READ = [1, 3, 5, 7]


@pytest.fixture(autouse=True, scope="module")
def _warm_linker():
    """Keep what the linker of selene compiles for itself, half a minute of CPU, between runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZIG_GLOBAL_CACHE_DIR", str(Path(tempfile.gettempdir()) / "qnnbench_zig"))
        yield


@cache
def qcnn():
    """Return an 8-qubit network at small angles as a machine circuit, and its exact law."""
    network = qnnbench.ansatz("qcnn", 8)
    params = np.random.default_rng(11).uniform(-0.6, 0.6, len(network.symbols))
    plus = cirq.Circuit(cirq.ry(0.9).on_each(*cirq.LineQubit.range(8)))
    machine = machine_circuit(network, params, READ, plus)
    resolved = plus + cirq.resolve_parameters(
        network.circuit, dict(zip(network.symbols, params, strict=True))
    )
    vector = cirq.Simulator(dtype=np.complex128).simulate(
        resolved, qubit_order=cirq.LineQubit.range(8)
    )
    law = np.abs(vector.final_state_vector.reshape([2] * 8)) ** 2
    return machine, law.sum(axis=tuple(set(range(8)) - set(READ))).ravel()


@cache
def sampled(device, seed, noise_scale):
    machine, _ = qcnn()
    return frequencies(run_locally(machine, N_SHOTS, seed, noise_scale, device), len(READ))


@pytest.mark.parametrize("device", DEVICES)
def test_the_network_has_its_exact_law(device):
    machine, law = qcnn()
    assert any(cirq.control_keys(op) for op in machine.circuit.all_operations())
    observed = sampled(device, 3, 0.0)
    assert observed.sum() == N_SHOTS
    assert total_variation(observed, law) < band(law, N_SHOTS)
    assert chi_square_p(observed, law) > 1e-3


@pytest.mark.parametrize("device", DEVICES)
def test_thirty_times_the_noise_is_seen(device):
    _, law = qcnn()
    assert chi_square_p(sampled(device, 3, 30.0), law) < 1e-6


@pytest.mark.parametrize("device", DEVICES)
def test_equal_seeds_agree_and_neighbouring_seeds_are_independent(device):
    machine, law = qcnn()
    again = run_locally(machine, N_SHOTS, 3, 0.0, device)
    np.testing.assert_array_equal(frequencies(again, len(READ)), sampled(device, 3, 0.0))
    first, second = sampled(device, 3, 0.0), sampled(device, 4, 0.0)
    # of independent samples; runs that share their shots would differ by far less
    spread = np.sum((first - second) ** 2 / (2 * N_SHOTS * law))
    assert 2 < spread < 50  # chi-square of 15 degrees of freedom: 1e-4 outside


def noisy(device):
    """Return a circuit with free Z rotations, and its law at 100 times the published rates.

    The rates are written out: p = 3r/2 and 5r/4 of Paulis after PhasedX and ZZ, and the mean
    readout error before a measurement.
    """
    infidelities = {"H2-1": (1.9e-5, 1.05e-3, 1.0e-3), "Helios-1": (2.5e-5, 7.9e-4, 3.3e-4)}
    one, two, flip = (100 * r for r in infidelities[device])
    after_one = cirq.DepolarizingChannel(1.5 * one)
    after_two = cirq.DepolarizingChannel(1.25 * two, n_qubits=2)
    q = cirq.LineQubit.range(2)
    turn = cirq.PhasedXPowGate(phase_exponent=0.2, exponent=0.5)
    free = [cirq.Z(qubit) ** 0.05 for qubit in q for _ in range(20)]
    layers = [[turn.on_each(*q), *free, cirq.ZZ(*q) ** 0.15] for _ in range(3)]
    measured = [cirq.measure(q[0], key="a"), cirq.measure(q[1], key="b")]
    machine = MachineCircuit(cirq.Circuit(layers, turn.on_each(*q), measured), ("b", "a"), 2)
    noise = {cirq.PhasedXPowGate: after_one, cirq.ZZPowGate: after_two}
    circuit = cirq.Circuit()
    for op in machine.circuit.all_operations():
        if cirq.is_measurement(op):
            circuit.append(cirq.bit_flip(flip).on(*op.qubits))
            continue
        channel = noise.get(type(op.gate))
        reached = op.qubits if channel is after_two else [op.qubits[0]]
        circuit.append([op, channel.on(*reached)] if channel else op)
    simulator = cirq.DensityMatrixSimulator(dtype=np.complex128)
    rho = simulator.simulate(circuit, qubit_order=q[::-1]).final_density_matrix
    return machine, np.diag(rho).real


@pytest.mark.parametrize("device", DEVICES)
def test_noise_has_the_law_of_depolarizing_channels(device):
    machine, law = noisy(device)
    counts = run_locally(machine, 3000, 8, 100.0, device)
    assert chi_square_p(frequencies(counts, 2), law) > 1e-3
    # and the test would see noise on the free rotations, or none after two-qubit gates
    ideal = run_locally(machine, 3000, 8, 0.0, device)
    assert chi_square_p(frequencies(ideal, 2), law) < 1e-6


@pytest.mark.parametrize("device", DEVICES)
def test_a_readout_error_reaches_what_its_bit_controls(device):
    # |0> is read as 1 with probability 1/2 (the cap of the rate); the flip that this bit
    # controls then acts, and the second bit is read at random too: all four outcomes.
    q = cirq.LineQubit.range(2)
    flip = cirq.PhasedXPowGate(phase_exponent=0.0, exponent=1.0)
    circuit = cirq.Circuit(
        cirq.measure(q[0], key="a"),
        flip(q[1]).with_classical_controls("a"),
        cirq.measure(q[1], key="b"),
    )
    machine = MachineCircuit(circuit, ("a", "b"), 2)
    scale = {"H2-1": 100.0, "Helios-1": 300.0}[device]
    flipped = scale * {"H2-1": 1.0e-3, "Helios-1": 3.3e-4}[device]
    observed = frequencies(run_locally(machine, 4000, 5, scale, device), 2)
    # "11" and "10" follow a flipped first bit; the pulse errs by 2/3 of its Pauli rate
    pulse = scale * 1.5 * {"H2-1": 1.9e-5, "Helios-1": 2.5e-5}[device] * 2 / 3
    odd = pulse + flipped - 2 * pulse * flipped
    law = np.array(
        [(1 - flipped) ** 2, (1 - flipped) * flipped, flipped * odd, flipped * (1 - odd)]
    )
    assert chi_square_p(observed, law) > 1e-3


def test_wide_circuits_and_wrong_factors_are_refused():
    machine, _ = qcnn()
    wide = MachineCircuit(
        cirq.Circuit(cirq.measure(q, key=str(q)) for q in cirq.LineQubit.range(25)), (), 25
    )
    with pytest.raises(ValueError, match=r"24 qubits at most, the circuit uses 25.*reuse"):
        run_locally(wide, 1, 1)
    with pytest.raises(ValueError, match="noise_scale"):
        run_locally(machine, 1, 1, -1.0)
    with pytest.raises(ValueError, match="no device 'H9'"):
        run_locally(machine, 1, 1, device="H9")
