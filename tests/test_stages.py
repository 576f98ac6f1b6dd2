"""How an arm is trained: sums of losses, grids, patience, shots, processes."""

import numpy as np
import pytest

from qnnbench.backends import Limits
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.states.datasets import build_dataset
from qnnbench.tasks import task_loss
from qnnbench.tasks.batch import batch
from qnnbench.training import train_arm
from qnnbench.training.objective import StepLoss, parts_of
from qnnbench.training.settings import Settings, Stage
from qnnbench.training.shots import sampled_values

ARM = {
    "arm": "test",
    "task": "classification",
    "dataset": "ghz_dephased",
    "ansatz": "rg_tree",
    "angles": {"law": "uniform"},
    "repeats": 1,
    "n_steps": 6,
    "learning_rate": 0.05,
    "batch_size": 4,
    "validate_every": 2,
}
CLOCKS = ("wall_time_s", "cpu_time_s", "peak_memory_mb")


@pytest.fixture(scope="module")
def small():
    return build_dataset("ghz_dephased", 4, {"train": 4, "validation": 4, "test": 4}, seed=0)


def run(dataset, folder, **changes):
    arm = {**ARM, **{k: v for k, v in changes.items() if k != "n_processes"}}
    return train_arm(
        arm,
        dataset,
        n_qubits=4,
        seed=3,
        checkpoint_dir=folder,
        budget=Limits(seconds=1e4),
        n_processes=changes.get("n_processes", 1),
    )


def step_loss(dataset, loss, settings, rng):
    network = build_ansatz("rg_tree", 4)
    stage = Stage({4: task_loss("classification", loss, network)}, 1)
    networks, datasets = {4: network}, {4: dataset}
    return StepLoss(parts_of(stage, networks, datasets, settings), settings, 16, rng)


def test_a_weighted_sum_is_the_sum_of_its_parts(small):
    rng, settings = np.random.default_rng(0), Settings(batch_size=100)
    weights = {"contrast": 1, "trash": 0.3}
    params = rng.uniform(0, 2 * np.pi, len(build_ansatz("rg_tree", 4).symbols))
    both, *parts = (step_loss(small, loss, settings, rng) for loss in (weights, *weights))
    told = [loss.gradient(params) for loss in parts]
    assert both.value(params) == pytest.approx(parts[0].values[0] + 0.3 * parts[1].values[0])
    np.testing.assert_allclose(both.gradient(params), told[0] + 0.3 * told[1], atol=1e-12)
    step = 1e-4 * rng.normal(size=len(params))
    slope = both.value(params + step) - both.value(params - step)
    assert slope == pytest.approx(2 * both.exact_gradient @ step, abs=1e-10)


def test_of_a_grid_what_validates_best_is_scored(small, tmp_path):
    rates = [1e-6, 0.1]
    tables = run(small, tmp_path, learning_rate=rates, loss="trash", n_steps=40)
    (found,) = tables["runs"]
    best = {
        rate: run(small, tmp_path / f"{rate}", learning_rate=rate, loss="trash", n_steps=40)
        for rate in rates
    }
    scores = [best[rate]["runs"][0]["validation_score"] for rate in rates]
    assert found["validation_score"] == max(scores)
    kept = best[found["learning_rate"]]
    assert found["params"] == kept["runs"][0]["params"]
    assert [row["value"] for row in tables["scores"]] == [row["value"] for row in kept["scores"]]
    assert {row["learning_rate"] for row in tables["steps"]} == set(rates)


def test_a_stage_ends_when_its_patience_does_and_the_next_goes_on(small, tmp_path):
    still = {"n_steps": 50, "learning_rate": 1e-12}
    stages = [still, {"n_steps": 4, "learning_rate": 0.05, "loss": "trash"}]
    tables = run(small, tmp_path, stages=stages, patience=2)
    by_stage = [row["stage"] for row in tables["steps"]]
    assert by_stage.count(1) < 50
    assert by_stage.count(2) == 4
    assert {row["loss_name"] for row in tables["steps"]} == {"contrast", "trash"}


def test_noise_of_shots_is_that_of_a_parameter_shift(small):
    rng = np.random.default_rng(1)
    params = rng.uniform(0, 2 * np.pi, len(build_ansatz("rg_tree", 4).symbols))
    settings = Settings(batch_size=100, n_shots=50)
    loss = step_loss(small, "contrast", settings, rng)
    told = np.array([loss.gradient(params) - loss.exact_gradient for _ in range(300)])
    states = batch(small.select("train"))
    _, cotangent = task_loss("classification", "contrast", build_ansatz("rg_tree", 4)).evaluate(
        np.zeros((len(states.states), 5)), states
    )
    expected = np.linalg.norm(cotangent) / np.sqrt(2 * 50)
    assert told.std() == pytest.approx(expected, rel=0.05)  # 10^4 draws: 7 standard errors
    assert abs(told.mean()) < 5 * expected / np.sqrt(told.size)


def test_drawn_outcomes_scatter_about_exact_means(small):
    rng, n_shots = np.random.default_rng(2), 400
    network = build_ansatz("rg_tree", 4)
    params = rng.uniform(0, 2 * np.pi, len(network.symbols))
    states = batch(small.select("train"), np.array([0, 1]))
    part = step_loss(small, "trash", Settings(), rng).parts[0]
    exact = part.evaluator(params, states.states).values
    drawn = sampled_values(network, part.loss.observables, params, states, n_shots, rng)
    sigma = np.sqrt(np.maximum(1 - exact**2, 1e-3) / n_shots)
    assert np.abs((drawn - exact) / sigma).max() < 5
    np.testing.assert_allclose(drawn * n_shots, np.round(drawn * n_shots), atol=1e-9)


@pytest.mark.parametrize("optimiser", ["spsa", "cma"])
def test_optimisers_without_gradients_lower_the_loss(small, tmp_path, optimiser):
    how = {"optimiser": optimiser, "learning_rate": 0.3, "n_steps": 40, "loss": "trash"}
    losses = [row["loss"] for row in run(small, tmp_path, **how)["steps"]]
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:3])


def test_rows_are_the_same_in_any_number_of_processes(small, tmp_path):
    one = run(small, tmp_path / "one", repeats=2, n_steps=3)
    two = run(small, tmp_path / "two", repeats=2, n_steps=3, n_processes=2)
    for table, rows in one.items():
        plain = [
            [{k: v for k, v in row.items() if k not in CLOCKS} for row in part]
            for part in (rows, two[table])
        ]
        np.testing.assert_equal(*plain)
