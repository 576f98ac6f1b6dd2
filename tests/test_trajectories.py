"""Trajectories against exact density matrices, closed forms and the circuits' own limits."""

from dataclasses import replace
from itertools import pairwise

import cirq
import numpy as np
import pytest
from scipy.stats import chisquare

from qnnbench.hardware.devices import DEVICES, depolarizing
from qnnbench.hardware.machine import MachineCircuit
from qnnbench.hardware.noise import DeviceNoise, no_error_probability, noisy_circuit
from qnnbench.hardware.trajectories import counts, live_width, run_locally, sample_machine

N_SHOTS = 20_000
LEAST_P = 1e-3  # seeds are fixed: a right sampler fails one seed in a thousand


def line(n_qubits):
    return cirq.LineQubit.range(n_qubits)


def turn(qubit, rng):
    angles = rng.uniform(-1, 1, 2)
    return cirq.PhasedXPowGate(phase_exponent=angles[0], exponent=angles[1]).on(qubit)


def random_machine(seed, n_qubits=3, n_steps=40, n_keys=3):
    """Return native gates, feed-forward and reuse in random order, all qubits read last."""
    rng, qubits = np.random.default_rng(seed), line(n_qubits)
    ops, keys = [], []
    for kind in rng.permutation(np.arange(n_steps) % 8):
        a, b = (qubits[i] for i in rng.choice(n_qubits, 2, replace=False))
        if kind < 2:
            ops.append(turn(a, rng))
        elif kind == 2:
            ops.append(cirq.Z(a) ** rng.uniform(-1, 1))
        elif kind < 6 or not keys:
            ops.append(cirq.ZZ(a, b) ** rng.uniform(-1, 1))
        elif kind == 6:
            gate = turn(a, rng) if rng.random() < 0.7 else cirq.ZZ(a, b) ** rng.uniform(-1, 1)
            ops.append(gate.with_classical_controls(str(rng.choice(keys))))
        else:
            ops.append(cirq.reset(a))
        if len(keys) < n_keys and rng.random() < 0.15:
            keys.append(f"m{len(keys)}")
            ops += [cirq.measure(b, key=keys[-1]), cirq.reset(b)]
    last = [f"m{len(keys) + i}" for i in range(n_qubits)]
    ops += [cirq.measure(q, key=key) for q, key in zip(qubits, last, strict=True)]
    read = tuple(rng.permutation(keys + last)[:4].tolist())
    return MachineCircuit(cirq.Circuit(ops), read, n_qubits)


def exact_law(circuit, read):
    """Return P of all outcomes (2,) * len(read): Cirq's deferred measurements, density matrix."""
    deferred = cirq.defer_measurements(circuit)
    ends = {
        cirq.measurement_key_name(op): op
        for op in deferred.all_operations()
        if cirq.is_measurement(op)
    }
    gates = [op for op in deferred.all_operations() if not cirq.is_measurement(op)]
    order = sorted(deferred.all_qubits())
    simulator = cirq.DensityMatrixSimulator(dtype=np.complex128)
    start = simulator.simulate(cirq.Circuit(gates), qubit_order=order)
    chances = np.diag(start.final_density_matrix).real.reshape((2,) * len(order))
    places = [order.index(ends[key].qubits[0]) for key in read]
    chances = np.einsum(chances, list(range(len(order))), places)
    for axis, key in enumerate(read):
        confusion = ends[key].gate.confusion_map.get((0,), np.eye(2))
        chances = np.moveaxis(np.tensordot(chances, confusion, (axis, 0)), -1, axis)
    return chances


def p_value(bits, law):
    """Return the chi-square p of shots under a law; outcomes of less than 5 shots pooled."""
    found = np.zeros(law.shape)
    np.add.at(found, tuple(bits.T), 1)
    expected = law.ravel() * len(bits)
    rare = expected < 5
    pooled = [np.append(x.ravel()[~rare], x.ravel()[rare].sum()) for x in (found, expected)]
    kept = pooled[1] > 1e-6
    if pooled[0][~kept].any():  # what cannot happen did
        return 0.0
    return chisquare(pooled[0][kept], pooled[1][kept]).pvalue if kept.sum() > 1 else 1.0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("device", "scale"), [(None, 1), ("H2-1", 60), ("Torino", 20)])
def test_shots_have_the_law_of_the_density_matrix(seed, device, scale):
    machine = random_machine(seed)
    model = None if device is None else DeviceNoise(device, scale)
    law = exact_law(machine.circuit.with_noise(model), machine.read)
    bits = sample_machine(machine, N_SHOTS, np.random.default_rng(seed), device, scale)
    assert bits.shape == (N_SHOTS, len(machine.read))
    assert p_value(bits, law) > LEAST_P


@pytest.mark.parametrize("seed", range(3))
def test_the_comparison_sees_errors(seed):
    machine = random_machine(seed)
    law = exact_law(machine.circuit, machine.read)
    bits = sample_machine(machine, N_SHOTS, np.random.default_rng(seed), "H2-1", 30)
    assert p_value(bits, law) < 1e-9


def test_no_errors_at_scale_zero():
    machine = random_machine(5)
    rng = [np.random.default_rng(7) for _ in range(2)]
    noiseless = sample_machine(machine, 300, rng[0])
    np.testing.assert_array_equal(sample_machine(machine, 300, rng[1], "Torino", 0.0), noiseless)


@pytest.mark.parametrize(("device", "scale"), [("Torino", 10), ("H2-1", 100), ("Helios", 40)])
def test_a_chain_of_pairs_decays_as_depolarizing_noise_says(device, scale):
    # Each ZZ comes with a two-qubit channel, which multiplies <Z_0> by 1 - 16p/15; the first
    # X and the chance to misread bring the rest: <Z> = -(1 - 4p_1/3)(1 - 16 p_2/15)^k before.
    n_pairs, (a, b) = 6, line(2)
    gates = [cirq.ZZ(a, b) ** 0.37] * n_pairs
    circuit = cirq.Circuit(
        cirq.PhasedXPowGate(phase_exponent=0.0)(a), gates, cirq.measure(a, key="m")
    )
    rates = depolarizing(device, scale)
    mean = -(1 - 4 * rates.one_qubit / 3) * (1 - 16 * rates.two_qubit / 15) ** n_pairs
    one = (1 - mean) / 2
    expected = one * (1 - rates.reads_zero) + (1 - one) * rates.reads_one
    machine = MachineCircuit(circuit, ("m",), 2)
    bits = sample_machine(machine, N_SHOTS, np.random.default_rng(3), device, scale)
    assert abs(bits.mean() - expected) < 5 * np.sqrt(expected * (1 - expected) / N_SHOTS)


def test_a_waiting_qubit_loses_its_phase():
    # Qubit 0 stands in |+> for k layers of the other two: <X> = (1 - 2 p_m)^k times the noise
    # of its two ZZ and two turns.
    rates, k = depolarizing("H2-1", 50), 8
    a, b, c = line(3)
    half = cirq.PhasedXPowGate(phase_exponent=0.5, exponent=0.5)
    back = cirq.PhasedXPowGate(phase_exponent=0.5, exponent=-0.5)
    long = [cirq.ZZ(b, c) ** 0.2] * k
    ops = [half(a), cirq.ZZ(a, b) ** 0.0, *long, cirq.ZZ(a, b) ** 0.0, back(a)]
    machine = MachineCircuit(cirq.Circuit(ops, cirq.measure(a, key="m")), ("m",), 3)
    mean = (1 - 2 * rates.memory) ** k
    mean *= (1 - 16 * rates.two_qubit / 15) ** 2 * (1 - 4 * rates.one_qubit / 3) ** 2
    one = (1 - mean) / 2
    expected = one * (1 - rates.reads_zero) + (1 - one) * rates.reads_one
    bits = sample_machine(machine, N_SHOTS, np.random.default_rng(4), "H2-1", 50)
    assert abs(bits.mean() - expected) < 5 * np.sqrt(expected * (1 - expected) / N_SHOTS)


def test_what_is_controlled_acts_on_what_was_read():
    # |1> is read as 1 - r of the time; the second qubit follows the reading, not the qubit.
    a, b = line(2)
    flip = cirq.PhasedXPowGate(phase_exponent=0.0)
    ops = [flip(a), cirq.measure(a, key="m0"), flip(b).with_classical_controls("m0")]
    machine = MachineCircuit(cirq.Circuit(ops, cirq.measure(b, key="m1")), ("m0", "m1"), 2)
    device = replace(DEVICES["Helios"], one_qubit=0, two_qubit=0, reads_one=0, reads_zero=0.3)
    found = counts(sample_machine(machine, N_SHOTS, np.random.default_rng(1), device))
    law = {"00": 0.3, "10": 0.7 * 0.3, "11": 0.7 * 0.7}  # "01" never: 0 is read right
    assert set(found) == set(law)
    for outcome, chance in law.items():
        assert abs(found[outcome] / N_SHOTS - chance) < 5 * np.sqrt(chance / N_SHOTS)


def test_the_chance_of_no_error_is_a_product_over_gates():
    machine = random_machine(2)
    rates = depolarizing("Kingston", 3)
    expected = (1 - rates.one_qubit) ** machine.n_one_qubit
    expected *= (1 - rates.two_qubit) ** machine.n_two_qubit
    expected *= (1 - (rates.reads_one + rates.reads_zero) / 2) ** machine.n_measurements
    noisy = noisy_circuit(machine.circuit, rates)  # no memory error is published for it
    assert no_error_probability(noisy) == pytest.approx(expected, rel=1e-12)


def test_a_qubit_takes_room_only_while_something_acts_on_it():
    a, b = line(2)
    half = cirq.PhasedXPowGate(phase_exponent=0.5, exponent=0.5)
    ops = [half(a)]
    for k in range(30):  # a GHZ state of 31 measured one by one, on two qubits
        ops += [half(b), cirq.ZZ(a, b) ** 0.5]
        ops += [cirq.measure(b, key=f"m{k}"), cirq.reset(b)]
    machine = MachineCircuit(cirq.Circuit(ops), ("m0", "m29"), 31)
    assert live_width(machine) == 2
    assert sample_machine(machine, 10, np.random.default_rng(0)).shape == (10, 2)


def test_runs_repeat_by_seed_and_too_wide_ones_say_so():
    machine = random_machine(1)
    first = run_locally(machine, 500, seed=3, noise_scale=2.0, device="Boston")
    assert first == run_locally(machine, 500, seed=3, noise_scale=2.0, device="Boston")
    assert sum(first.values()) == 500
    assert first != run_locally(machine, 500, seed=4, noise_scale=2.0, device="Boston")
    qubits = line(26)
    pairs = [cirq.ZZ(a, b) for a, b in pairwise(qubits)]
    everything = [cirq.measure(q, key=f"m{q.x}") for q in qubits]
    wide = MachineCircuit(cirq.Circuit(pairs, pairs[::-1], everything), ("m0",), 26)
    with pytest.raises(ValueError, match="holds 26 qubits at once, trajectories take up to 24"):
        sample_machine(wide, 1, np.random.default_rng(0))
    with pytest.raises(ValueError, match="n_shots"):
        sample_machine(machine, 0, np.random.default_rng(0))


@pytest.mark.parametrize("name", DEVICES)
def test_qsim_takes_the_noise_of_every_device(name):
    # Bell state: the share of unequal bits, from qsim's trajectories, against Cirq's exact one.
    from qnnbench.backends.sampling import sample

    a, b = line(2)
    circuit = cirq.Circuit(cirq.H(a), cirq.CNOT(a, b))
    noise = DeviceNoise(name, 30)
    law = exact_law(circuit.with_noise(noise) + cirq.measure_each(a, b), ("q(0)", "q(1)"))
    n_shots = 400
    bits = sample(circuit, np.empty(0), None, n_shots, np.random.default_rng(2), noise=noise)
    unequal = law[0, 1] + law[1, 0]
    found = (bits[:, 0] != bits[:, 1]).mean()
    assert abs(found - unequal) < 5 * np.sqrt(unequal / n_shots)
