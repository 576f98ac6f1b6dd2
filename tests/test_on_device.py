"""On a machine a network is trained by shots alone, within its budget."""

from types import SimpleNamespace

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.hardware.on_device import ShotLoss, parity, train_on_device
from qnnbench.hardware.trajectories import run_locally

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
    """One state of each class: qubit 0 in |1> or |0>."""
    q0, q1 = cirq.LineQubit.range(2)
    circuits = [cirq.Circuit(gate(q0), cirq.I(q1)) for gate in (cirq.X, cirq.I)]
    states = tuple(qnnbench.MPS.from_circuit(circuit, 2) for circuit in circuits)
    return SimpleNamespace(states=states, labels=np.array([0, 1]))


def shot_loss(network, data, n_shots, seed):
    rng = np.random.default_rng(seed)
    observable = network.observables[0]
    return ShotLoss(network, observable, data.states, SHARES, noiseless, n_shots, rng, n_drawn=1)


def exact(network, data, params):
    result = qnnbench.expectations(network.circuit, network.observables, params, data.states)
    return float(SHARES @ result.values[:, 0]), result.gradient(SHARES[:, None])


def test_the_loss_is_right_within_its_own_interval(network, data):
    loss = shot_loss(network, data, n_shots=50, seed=1)
    truth, _ = exact(network, data, PARAMS)
    for _ in range(100):
        loss.value(PARAMS)
    errors = [(e.value - truth) / e.standard_error for e in loss.estimates]
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


@pytest.mark.parametrize("optimiser", ["spsa", "parameter_shift"])
def test_training_stays_within_its_budget_and_gives_itself_again(network, data, optimiser):
    def train():
        return train_on_device(
            network,
            PARAMS,
            data,
            noiseless,
            optimiser=optimiser,
            n_steps=10,
            n_shots=10,
            n_states=1,
            n_drawn=2,
            max_shots=400,
            rng=np.random.default_rng(4),
        )

    (angles, rows), (again, rows_again) = train(), train()
    assert rows == rows_again
    assert np.array_equal(angles, again)
    assert 0 < len(rows) <= 10
    assert rows[-1]["n_shots"] <= 400
    assert [row["step"] for row in rows] == list(range(1, len(rows) + 1))


def test_simultaneous_shifts_lower_the_loss(network, data):
    trained, rows = train_on_device(
        network,
        PARAMS,
        data,
        noiseless,
        n_steps=25,
        n_shots=100,
        n_states=1,
        learning_rate=0.2,
        rng=np.random.default_rng(6),
    )
    assert exact(network, data, trained)[0] < -1.5 < exact(network, data, PARAMS)[0]
    assert all(row["lower"] < row["loss"] < row["upper"] for row in rows)


def test_a_budget_below_one_step_is_refused(network, data):
    with pytest.raises(ValueError, match="a step of 'spsa' takes up to 3200 shots"):
        train_on_device(
            network,
            PARAMS,
            data,
            noiseless,
            max_shots=10,
            rng=np.random.default_rng(1),
        )
