"""Accuracy on machines: right without errors, at chance with too many, decided without looking."""

from dataclasses import replace
from math import comb

import cirq
import numpy as np
import pytest

from qnnbench.circuits.ansatze import Network, build_ansatz
from qnnbench.hardware import accuracy
from qnnbench.hardware.accuracy import Decision, machine_rows
from qnnbench.hardware.devices import DEVICES
from qnnbench.released import trained
from qnnbench.states.datasets import build_dataset
from qnnbench.states.mps import MPS
from qnnbench.states.samples import samples

SIZES = {"train": 8, "validation": 2, "test": 6}
N_SHOTS = 200


@pytest.fixture(scope="module")
def tree():
    return trained("rg_tree", 8)


@pytest.fixture(scope="module")
def ghz():
    return build_dataset("ghz_dephased", 8, SIZES, seed=5)


@pytest.fixture(scope="module")
def rows(tree, ghz):
    rng = np.random.default_rng(1)
    return machine_rows(
        tree.network, tree.params, ghz, ["Helios", "Torino"], [0.0, 1.0, 1e4], N_SHOTS, rng
    )


def row(rows, device, scale, metric="one_shot_accuracy"):
    (found,) = (
        r for r in rows if (r["device"], r["noise_scale"], r["metric"]) == (device, scale, metric)
    )
    return found


def spin(letters, reads=(cirq.X, cirq.Y, cirq.Z)):
    """Return a circuit of one turned qubit beside another, and a readout of its letters."""
    a, b = cirq.LineQubit.range(2)
    circuit = cirq.Circuit(cirq.rx(0.4)(a), cirq.rz(1.1)(a), cirq.ry(0.7)(b))
    observables = tuple(cirq.PauliString(gate(a)) for gate in reads) + letters
    return Network(circuit, (), observables)


def product_states(n_states=12):
    """Return random product states of two qubits, the first ones of class 0."""
    rng = np.random.default_rng(4)
    vectors = rng.normal(size=(n_states, 2, 2, 2)) @ np.array([1, 1j])
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    labels = [i % 2 for i in range(n_states)]
    splits = ["train"] * 4 + ["validation"] * 2 + ["test"] * (n_states - 6)
    return samples("own", 2, [MPS.product(list(v)) for v in vectors], labels, splits)


def test_without_errors_it_is_the_exact_accuracy(rows):
    for device in ("Helios", "Torino"):
        found = row(rows, device, 0.0)
        total = N_SHOTS * SIZES["test"]
        # GHZ states are told for sure and dephased ones half of the time, but for local noise
        assert found["noiseless"] == pytest.approx(0.75, abs=0.005)
        assert abs(found["value"] - found["noiseless"]) < 5 * np.sqrt(0.25 / total)
        assert found["no_error_probability"] == 1
        assert row(rows, device, 0.0, "accuracy")["value"] == 1


def test_feed_forward_without_errors_is_exact_too():
    network = build_ansatz("qcnn", 6)
    params = np.random.default_rng(3).normal(0, 0.5, len(network.symbols))
    data = build_dataset("spt_path", 6, {"train": 8, "validation": 2, "test": 4}, seed=2)
    rng = np.random.default_rng(4)
    found = machine_rows(network, params, data, ["H2-2"], [0.0], 1000, rng)
    once = row(found, "H2-2", 0.0)
    assert once["n_measurements"] > 1  # bits that control gates
    assert abs(once["value"] - once["noiseless"]) < 5 * np.sqrt(0.25 / 4000)
    means = np.array(
        [
            np.real(
                cirq.Simulator(dtype=np.complex128).simulate_expectation_values(
                    cirq.resolve_parameters(
                        network.circuit, dict(zip(network.symbols, params, strict=True))
                    ),
                    list(network.observables),
                    initial_state=state.state_vector(),
                )
            )
            for state in data.states
        ]
    )[:, 0]
    train, test = data.splits == "train", data.splits == "test"
    rises = means[train & (data.labels == 1)].mean() > means[train & (data.labels == 0)].mean()
    told_one = (1 + (1 if rises else -1) * means[test]) / 2
    right = np.where(data.labels[test] == 1, told_one, 1 - told_one)
    assert once["noiseless"] == pytest.approx(right.mean(), abs=1e-9)


def test_errors_lower_it_and_too_many_leave_chance(rows):
    total = N_SHOTS * SIZES["test"]
    ideal, real, drowned = (row(rows, "Torino", scale)["value"] for scale in (0.0, 1.0, 1e4))
    assert ideal - real > 0.02
    assert abs(drowned - 0.5) < 5 * np.sqrt(0.25 / total)
    helios = row(rows, "Helios", 1.0)
    assert helios["value"] > real
    assert 1 > helios["no_error_probability"] > row(rows, "Torino", 1.0)["no_error_probability"]


def test_rows_say_what_was_run(rows):
    assert len(rows) == 2 * 3 * 2
    for found in rows:
        assert found["n_qubits"] == 8
        assert found["n_physical"] < 8  # of which a tree holds few at a time
        assert found["device_qubits"] == DEVICES[found["device"]].n_qubits
        assert found["lower"] <= found["value"] <= found["upper"]
        assert found["n_two_qubit"] <= 3 * 7 + 7  # three per block, one per bond of the input
        assert (found["status"], found["n_samples"]) == ("ok", SIZES["test"])


def test_the_interval_is_wilsons(rows):
    # Wilson (1927): the p for which |p̂ - p| = z √(p(1-p)/n).
    for found in rows:
        n = SIZES["test"] * (N_SHOTS if found["metric"] == "one_shot_accuracy" else 1)
        for end in (found["lower"], found["upper"]):
            spread = 1.959964 * np.sqrt(end * (1 - end) / n)
            assert abs(found["value"] - end) == pytest.approx(spread, abs=1e-6)


@pytest.mark.parametrize(
    "network",
    [
        spin(()),
        spin((), reads=(cirq.X,)),
        spin((-cirq.X(cirq.q(0)) * cirq.Y(cirq.q(1)),), reads=()),
    ],
    ids=["spin", "letter", "string"],
)
def test_bits_have_the_mean_of_the_observable(network):
    # Cirq gives the means of the observables in a product state; the shots must have the
    # probability that OneShot says, whichever observable it took.
    data = product_states()
    vectors = [state.state_vector() for state in data.states]
    order = cirq.LineQubit.range(2)
    simulator = cirq.Simulator(dtype=np.complex128)
    means = np.array(
        [
            np.real(
                simulator.simulate_expectation_values(
                    network.circuit,
                    list(network.observables),
                    qubit_order=order,
                    initial_state=vector,
                )
            )
            for vector in vectors
        ]
    )
    decision = Decision.fit(network, np.empty(0), means[:4], data.labels[:4])
    for vector, probability in zip(vectors, decision.shot.probability(means), strict=True):
        final = simulator.simulate(decision.circuit, qubit_order=order, initial_state=vector)
        chances = np.abs(final.final_state_vector) ** 2
        odd = [bin(k & sum(2 >> p for p in decision.places)).count("1") % 2 for k in range(4)]
        assert chances[np.equal(odd, 0)].sum() == pytest.approx(probability, abs=1e-9)


def test_a_threshold_splits_the_training_classes():
    features = np.array([[0.2], [0.4], [-0.6], [-0.8]])
    network = build_ansatz("qcnn", 4)
    labels = np.array([1, 1, 0, 0])
    decision = Decision.fit(network, np.zeros(len(network.symbols)), features, labels)
    assert decision.threshold == pytest.approx((1 + (0.2 - 0.6) / 2) / 2)  # as a share of +1
    # 0.4 of ten shots: class 1 from five upper outcomes on, of probability 0.6 and 0.2
    told = decision.noiseless(np.array([[0.2], [-0.6]]), np.array([1, 0]), 10)
    chances = [
        sum(comb(10, k) * p**k * (1 - p) ** (10 - k) for k in range(5, 11)) for p in (0.6, 0.2)
    ]
    assert told == pytest.approx((chances[0] + 1 - chances[1]) / 2, rel=1e-12)


def test_test_states_and_noise_have_no_say_in_the_decision(tree, ghz, monkeypatch):
    seen = []
    fit = Decision.fit.__func__

    def watched(cls, network, params, features, labels):
        seen.append((features, labels))
        return fit(cls, network, params, features, labels)

    monkeypatch.setattr(Decision, "fit", classmethod(watched))
    for scale in (0.0, 50.0):
        machine_rows(
            tree.network, tree.params, ghz, ["Boston"], [scale], 1, np.random.default_rng(0)
        )
    assert [len(labels) for _, labels in seen] == [SIZES["train"]] * 2
    np.testing.assert_array_equal(seen[0][0], seen[1][0])


def test_a_device_that_is_too_small_is_skipped(tree, ghz, monkeypatch):
    small = replace(DEVICES["Helios"], n_qubits=2)
    monkeypatch.setitem(accuracy.DEVICES, "Helios", small)
    monkeypatch.setattr(accuracy, "sample_noisy", trajectories_must_not_run)
    rows = machine_rows(
        tree.network, tree.params, ghz, ["Helios"], [1.0], 2, np.random.default_rng(0)
    )
    assert {r["status"] for r in rows} == {"skipped"}
    assert "the device has 2" in rows[0]["reason"]
    assert "value" not in rows[0]


def trajectories_must_not_run(*_):
    raise AssertionError("a circuit that does not fit was run")


def test_bad_requests_say_what_is_wrong(tree, ghz):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="n_shots"):
        machine_rows(tree.network, tree.params, ghz, ["Helios"], [1.0], 0, rng)
    with pytest.raises(ValueError, match="Known"):
        machine_rows(tree.network, tree.params, ghz, ["Eagle"], [1.0], 1, rng)
    both = cirq.Z(cirq.q(0)) + cirq.X(cirq.q(0))
    with pytest.raises(ValueError, match="a spin of one qubit or for a Pauli string"):
        Decision.fit(
            spin((both,), reads=()), np.empty(0), np.array([[0.0], [1.0]]), np.array([0, 1])
        )
