"""On a machine a network is trained by shots alone, within its budget."""

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.hardware.on_device import DeviceSettings, train_on_device
from qnnbench.hardware.shot_loss import ShotLoss, parity
from qnnbench.hardware.trajectories import run_locally
from qnnbench.states.mps import Mixture
from qnnbench.states.samples import samples

SHARES = np.array([1.0, -1.0])
PARAMS = np.array([0.7, 1.9])


def noiseless(machine, n_shots, seed):
    return run_locally(machine, n_shots, seed)


@pytest.fixture(scope="module")
def network():
    """Three gates, two of which share an angle and one of which is controlled."""
    a, b = sympy.symbols("a b")
    q0, q1 = cirq.LineQubit.range(2)
    turn = cirq.XPowGate(exponent=a / sympy.pi, global_shift=-0.5)
    controlled = cirq.YPowGate(exponent=b / sympy.pi, global_shift=-0.5).controlled()
    circuit = cirq.Circuit(turn(q0), turn(q1), controlled(q0, q1))
    return qnnbench.Network(circuit, (a, b), (cirq.PauliString(cirq.Z(q1)),))


@pytest.fixture(scope="module")
def data():
    """One state of each class to train on, and the same to measure: qubit 0 in |1> or |0>."""
    q0, q1 = cirq.LineQubit.range(2)
    circuits = [cirq.Circuit(gate(q0), cirq.I(q1)) for gate in (cirq.X, cirq.I)]
    states = [qnnbench.MPS.from_circuit(circuit, 2) for circuit in circuits]
    splits = ["train", "train", "validation", "validation"]
    return samples("own", 2, states * 2, [0, 1, 0, 1], splits)


def shot_loss(network, data, n_shots, seed):
    rng = np.random.default_rng(seed)
    observable = network.observables[0]
    return ShotLoss(network, observable, data.states[:2], SHARES, noiseless, n_shots, rng)


def exact(network, data, params):
    result = qnnbench.expectations(network.circuit, network.observables, params, data.states[:2])
    return float(SHARES @ result.values[:, 0]), result.gradient(SHARES[:, None])


def test_the_loss_is_right_within_its_own_interval(network, data):
    loss = shot_loss(network, data, n_shots=50, seed=1)
    truth, _ = exact(network, data, PARAMS)
    estimates = [loss.estimate(PARAMS) for _ in range(100)]
    errors = [(e.value - truth) / e.standard_error for e in estimates]
    assert abs(np.mean(errors)) < 5 / np.sqrt(100)
    assert 0.7 < np.std(errors) < 1.3
    assert loss.spent == 100 * 2 * 50


def test_the_gradient_is_right_in_the_mean(network, data):
    _, truth = exact(network, data, PARAMS)
    gradients = [
        shot_loss(network, data, n_shots=20, seed=seed).gradient(PARAMS) for seed in range(100)
    ]
    spread = np.std(gradients, axis=0) / np.sqrt(len(gradients))
    assert (abs(np.mean(gradients, axis=0) - truth) < 5 * spread).all()


def test_parity_counts_the_ones():
    assert parity({"00": 30, "11": 10, "01": 60}).value == pytest.approx(-0.2)
    certain = parity({"0": 100})
    assert certain.value == 1
    assert 0 < certain.standard_error < 0.03


def train(network, data, seed=4, run=noiseless, **settings):
    few = {"n_states": 1, "n_shots": 10, "n_measured": 1, "measure_shots": 10, "n_drawn": 2}
    asked = DeviceSettings(**(few | settings))
    return train_on_device(network, PARAMS, data, run, asked, np.random.default_rng(seed))


@pytest.mark.parametrize("optimiser", ["spsa", "parameter_shift"])
def test_training_stays_within_its_budget_and_gives_itself_again(network, data, optimiser):
    asked = {"optimiser": optimiser, "n_steps": 10, "max_shots": 400, "measure_every": 3}
    run = []

    def counted(machine, n_shots, seed):
        run.append(n_shots)
        return noiseless(machine, n_shots, seed)

    angles, rows = train(network, data, run=counted, **asked)
    assert rows[-1]["n_shots"] == sum(run) <= 400
    again, rows_again = train(network, data, **asked)
    assert rows == rows_again
    assert np.array_equal(angles, again)
    assert 1 < len(rows) <= 11
    assert [row["step"] for row in rows] == list(range(len(rows)))
    spent = [row["n_shots"] for row in rows]
    assert spent == sorted(spent)


def test_the_loss_is_measured_when_due_and_at_both_ends(network, data):
    _, rows = train(network, data, n_steps=4, measure_every=3)
    assert [row["step"] for row in rows if "loss" in row] == [0, 3, 4]
    # a measurement takes 2 states · 10 shots, a step of spsa two losses of as many
    assert [row["n_shots"] for row in rows] == [20, 60, 100, 160, 220]
    assert [row["gradient_norm"] is None for row in rows] == [True] + [False] * 4


def test_measuring_more_often_does_not_move_the_angles(network, data):
    often, rare = (train(network, data, n_steps=4, measure_every=k)[0] for k in (1, 4))
    assert np.array_equal(often, rare)


def test_measured_losses_scatter_about_the_exact_ones_as_their_intervals_say(network, data):
    angles, rows = train(network, data, n_steps=60, n_shots=50, measure_shots=50)
    assert rows[0]["exact_loss"] == pytest.approx(exact(network, data, PARAMS)[0], abs=1e-12)
    assert rows[-1]["exact_loss"] == pytest.approx(exact(network, data, angles)[0], abs=1e-12)
    half = [(row["upper"] - row["lower"]) / 2 / 1.96 for row in rows]
    errors = (np.array([row["loss"] - row["exact_loss"] for row in rows])) / half
    assert abs(errors.mean()) < 5 / np.sqrt(len(rows))
    assert 0.6 < errors.std() < 1.4


def test_of_a_mixture_all_members_are_measured(network, data):
    up, down = data.states[:2]
    mixed = Mixture((0.25, 0.75), (up, down))
    splits = ["train", "train", "validation", "validation"]
    blurred = samples("own", 2, [up, down, mixed, down], [0, 1, 0, 1], splits)
    _, rows = train(network, blurred, n_steps=1, measure_shots=4000)
    pure, _ = exact(network, data, PARAMS)
    assert rows[0]["exact_loss"] == pytest.approx(0.25 * pure, abs=1e-12)
    assert rows[0]["n_shots"] == 3 * 4000
    assert abs(rows[0]["loss"] - 0.25 * pure) < 5 * (rows[0]["upper"] - rows[0]["loss"]) / 1.96


def test_a_string_of_negative_sign_has_the_opposite_loss(network, data):
    minus = qnnbench.Network(network.circuit, network.symbols, (-network.observables[0],))
    _, (first, *_) = train(minus, data, n_steps=1, measure_shots=400)
    truth = -exact(network, data, PARAMS)[0]
    assert first["exact_loss"] == pytest.approx(truth, abs=1e-12)
    assert abs(first["loss"] - truth) < 5 * (first["upper"] - first["loss"]) / 1.96


def test_simultaneous_shifts_lower_the_loss(network, data):
    asked = {"n_steps": 25, "n_shots": 100, "learning_rate": 0.2}
    _, rows = train(network, data, seed=6, **asked)
    assert rows[-1]["exact_loss"] < -1.5 < rows[0]["exact_loss"]
    assert all(row["lower"] < row["loss"] < row["upper"] for row in rows)


def test_a_budget_below_one_step_is_refused():
    with pytest.raises(ValueError, match="a step of 'spsa' takes up to 3200 shots, a measurem"):
        DeviceSettings(max_shots=10)
    with pytest.raises(ValueError, match="a step of 'parameter_shift' takes up to 32 shots"):
        DeviceSettings(
            "parameter_shift", n_states=1, n_shots=1, max_shots=34, n_measured=1, measure_shots=1
        )
    with pytest.raises(ValueError, match="Did you mean 'spsa'"):
        DeviceSettings("spas")
