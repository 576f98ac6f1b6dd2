"""Aer runs machine circuits with the right law, and with noise where noise is asked for."""

from statistics import median

import cirq
import numpy as np
import pytest
from scipy import stats

pytest.importorskip("qiskit_aer")
pytest.importorskip("qiskit_ibm_runtime")

from qiskit_aer import AerSimulator
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.hardware.devices import DEVICES
from qnnbench.hardware.ibm import emulators, run_locally
from qnnbench.hardware.ibm.machines import MACHINES
from qnnbench.hardware.machine import MachineCircuit, machine_circuit

pytestmark = pytest.mark.vendor

N_SHOTS = 4000
READ = [0, 4, 2]  # the qubit that the eight are pooled into, and two beside it
FLIP = cirq.PhasedXPowGate(exponent=1, phase_exponent=0.3)


def network_and_law():
    """Return an 8-qubit QCNN, its angles and Cirq's exact law of the bits in READ."""
    network = build_ansatz("qcnn", 8)
    params = np.random.default_rng(5).uniform(-3, 3, len(network.symbols))
    values = dict(zip(network.symbols, params, strict=True))
    qubits = cirq.LineQubit.range(8)
    state = cirq.Simulator(dtype=np.complex128).simulate(
        cirq.resolve_parameters(network.circuit, values), qubit_order=qubits
    )
    law = (abs(state.final_state_vector) ** 2).reshape((2,) * 8)
    law = law.transpose([*READ, *(q for q in range(8) if q not in READ)]).reshape(8, -1).sum(1)
    return network, params, law


def observed(counts, n_bits):
    return np.array([counts.get(format(k, f"0{n_bits}b"), 0) for k in range(2**n_bits)])


def total_variation(counts, law):
    return abs(counts / counts.sum() - law).sum() / 2


@pytest.mark.parametrize("pooling", ["feed_forward", "coherent"])
def test_counts_of_a_qcnn_are_those_of_perfect_sampling(pooling):
    network, params, law = network_and_law()
    machine = machine_circuit(network, params, READ, pooling=pooling)
    counts = observed(run_locally(machine, N_SHOTS, seed=11), 3)
    assert counts.sum() == N_SHOTS
    perfect = np.random.default_rng(0).multinomial(N_SHOTS, law, 20_000)
    band = np.quantile([total_variation(one, law) for one in perfect], 0.99)
    assert total_variation(counts, law) < band
    assert stats.chisquare(counts, N_SHOTS * law).pvalue > 0.001


def test_neighbouring_seeds_give_shots_of_their_own():
    network, params, _ = network_and_law()
    machine = machine_circuit(network, params, READ)  # measures on the way: shot by shot
    counts = [observed(run_locally(machine, 1000, seed), 3) for seed in range(6)]
    # 5 · 7 degrees of freedom; shared shots would bring the sum near 0
    assert stats.chi2_contingency(counts).statistic > stats.chi2.ppf(1e-4, 35)
    again = observed(run_locally(machine, 1000, 0), 3)
    np.testing.assert_array_equal(again, counts[0])


def test_noise_scaled_by_thirty_shows():
    network, params, law = network_and_law()
    machine = machine_circuit(network, params, READ)
    noisy = observed(run_locally(machine, N_SHOTS, seed=11, noise_scale=30), 3)
    assert stats.chisquare(noisy, N_SHOTS * law).pvalue < 1e-6
    once = observed(run_locally(machine, N_SHOTS, seed=11, noise_scale=1), 3)
    assert total_variation(once, law) < total_variation(noisy, law)


def within_five_sigma(count, probability, n_shots):
    sigma = np.sqrt(n_shots * probability * (1 - probability))
    return abs(count - n_shots * probability) < 5 * sigma


@pytest.mark.parametrize("device", MACHINES)
def test_a_chain_of_pulses_decays_as_its_infidelity_says(device):
    figures, scale, n_pulses, n_shots = DEVICES[MACHINES[device].figures], 10, 40, 20_000
    qubit = cirq.q(0)
    circuit = cirq.Circuit([FLIP(qubit)] * n_pulses, cirq.measure(qubit, key="m0"))
    counts = run_locally(MachineCircuit(circuit, ("m0",), 1), n_shots, 3, scale, device)
    # infidelity r shrinks <Z> by 1 - 2r; a flipped reading by 1 - 2e
    z = (1 - 2 * scale * figures.one_qubit) ** n_pulses * (1 - 2 * scale * figures.reads_one)
    assert within_five_sigma(counts["1"], (1 - z) / 2, n_shots)


def test_a_zz_shrinks_each_qubit_by_its_share():
    figures, scale, n_gates, n_shots = DEVICES["Kingston"], 10, 20, 20_000
    a, b = cirq.LineQubit.range(2)
    circuit = cirq.Circuit([cirq.ZZ(a, b) ** 0.3] * n_gates, cirq.measure(a, key="m0"))
    counts = run_locally(MachineCircuit(circuit, ("m0",), 2), n_shots, 4, scale)
    # infidelity r of a depolarized pair: the state survives with 1 - 4r/3
    z = (1 - 4 / 3 * scale * figures.two_qubit) ** n_gates * (1 - 2 * scale * figures.reads_one)
    assert within_five_sigma(counts["1"], (1 - z) / 2, n_shots)


def test_feed_forward_acts_on_the_bit_as_it_was_read_and_with_noise():
    figures, scale, n_shots = DEVICES["Torino"], 10, 20_000
    a, b = cirq.LineQubit.range(2)
    circuit = cirq.Circuit(
        cirq.measure(a, key="m0"),
        (FLIP(b) if k % 2 else FLIP(b).with_classical_controls("m0") for k in range(9)),
        cirq.measure(b, key="m1"),
    )
    counts = run_locally(MachineCircuit(circuit, ("m1",), 2), n_shots, 5, scale, "ibm_torino")
    shrink, flip = 1 - 2 * scale * figures.one_qubit, scale * figures.reads_one
    # bit 0: four pulses leave |0>; bit 1, a false reading: nine leave |1>
    one_given = [(1 - shrink**4 * (1 - 2 * flip)) / 2, (1 + shrink**9 * (1 - 2 * flip)) / 2]
    expected = (1 - flip) * one_given[0] + flip * one_given[1]
    assert within_five_sigma(counts["1"], expected, n_shots)


def test_the_noise_of_the_used_qubits_is_that_of_the_whole_snapshot(monkeypatch):
    monkeypatch.setattr(emulators, "snapshot", lambda device: FakeManilaV2())
    a, b, c = cirq.LineQubit.range(3)
    circuit = cirq.Circuit(
        cirq.PhasedXPowGate(exponent=0.4, phase_exponent=0.2).on_each(a, b, c),
        [cirq.ZZ(a, b) ** 0.3, cirq.ZZ(b, c) ** 0.4] * 5,
        cirq.PhasedXPowGate(exponent=0.3, phase_exponent=0.7).on_each(a, b, c),
        (cirq.measure(q, key=f"m{q.x}") for q in (a, b, c)),
    )
    machine = MachineCircuit(circuit, ("m0", "m1", "m2"), 3)
    native, backend = emulators.on_snapshot(machine, "fake_kingston", 1)
    whole = AerSimulator.from_backend(FakeManilaV2(), method="statevector")
    small, large, ideal = (
        observed(one.run(native, shots=3000, seed_simulator=6).result().get_counts(), 3)
        for one in (backend, whole, AerSimulator(method="statevector"))
    )
    np.testing.assert_array_equal(small, large)
    assert stats.chi2_contingency([small, ideal]).pvalue < 1e-3  # so it is noise that agrees


def test_a_snapshot_runs_dynamic_circuits_with_its_errors():
    network, params, law = network_and_law()
    machine, n_shots = machine_circuit(network, params, READ), 10 * N_SHOTS
    counts = observed(run_locally(machine, n_shots, 11, 1.0, "fake_torino"), 3)
    assert counts.sum() == n_shots
    perfect = np.random.default_rng(0).multinomial(n_shots, law, 2000)
    band = np.quantile([total_variation(one, law) for one in perfect], 0.99)
    assert band < total_variation(counts, law) < 0.2
    with pytest.raises(ValueError, match=r"asked for 30. Use 'ibm_torino'"):
        run_locally(machine, 10, 1, 30.0, "fake_torino")


@pytest.mark.parametrize("device", MACHINES)
def test_durations_are_the_medians_of_the_snapshot(device):
    machine, found = MACHINES[device], emulators.snapshot(device)
    assert found.num_qubits == DEVICES[machine.figures].n_qubits
    properties = found.properties()

    def median_ns(gate):
        lengths = [
            entry.value
            for one in properties.gates
            if one.gate == gate
            for entry in one.parameters
            if entry.name == "gate_length"
        ]
        return median(lengths)

    assert machine.one_qubit_ns == median_ns("sx")
    assert machine.two_qubit_ns == median_ns("cz") == median_ns("rzz")
    assert machine.reset_ns == median_ns("reset")
    readout = [properties.readout_length(q) for q in range(found.num_qubits)]
    assert machine.measure_ns == pytest.approx(median(readout) * 1e9)
