"""Stages of training: sums of losses, grids, patience, shots, processes, growing bonds."""

from dataclasses import replace

import cirq
import numpy as np
import pytest

from qnnbench.backends import Evaluator, Limits
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.states.datasets import build_dataset
from qnnbench.tasks import task_loss
from qnnbench.tasks.batch import batch
from qnnbench.tasks.losses import readout_observables
from qnnbench.training import loop, train_arm
from qnnbench.training.arms import Arm
from qnnbench.training.checkpoints import Checkpoint
from qnnbench.training.features import Features
from qnnbench.training.objective import LARGEST_ERROR, StepLoss, parts_of
from qnnbench.training.runs import Run
from qnnbench.training.scoring import scorer
from qnnbench.training.settings import Settings, Stage
from qnnbench.training.shots import sampled_values
from tests.circuits import cirq_values, random_mps

TIMES = ("wall_time_s", "cpu_time_s", "peak_memory_mb")
ARM = {
    "arm": "test",
    "task": "classification",
    "dataset": "ghz_dephased",
    "ansatz": "rg_tree",
    "angles": {"law": "uniform"},
    "repeats": 1,
    "loss": "trash",
    "n_steps": 20,
    "learning_rate": 0.05,
    "batch_size": 4,
}


@pytest.fixture(scope="module")
def four():
    return build_dataset("ghz_dephased", 4, {"train": 8, "validation": 8, "test": 20}, seed=0)


def run(arm, dataset, folder, **changes):
    call = {"n_qubits": dataset.n_qubits, "seed": 1, "budget": Limits(seconds=1e6)}
    return train_arm({**ARM, **arm}, dataset, checkpoint_dir=folder, **call, **changes)


def step_loss(network, dataset, loss, settings=None, bond_dim=16, seed=0):
    """Return the first step's loss of a network on a dataset."""
    n_qubits, settings = dataset.n_qubits, settings or Settings()
    stage = Stage({n_qubits: task_loss("classification", loss, network)}, 1)
    parts = parts_of(stage, {n_qubits: network}, {n_qubits: dataset}, settings)
    return StepLoss(parts, settings, bond_dim, np.random.default_rng(seed))


def timeless(rows):
    return [{k: v for k, v in row.items() if k not in TIMES} for row in rows]


def test_a_sum_of_losses_is_the_weighted_sum_and_so_is_its_slope(four):
    # By hand from Cirq: 1/2 of the gap of <Z_root> plus 0.3 times the trash population.
    network, split = build_ansatz("rg_tree", 4), four.select("train")
    qubits = cirq.LineQubit.range(4)
    reads = [cirq.Z(q) for q in qubits]

    def by_hand(params):
        assignment = dict(zip(network.symbols, params, strict=True))
        means = np.array(
            [
                sum(
                    weight
                    * cirq_values(network.circuit, reads, assignment, member.state_vector(), 4)
                    for weight, member in state.members
                )
                for state in split.states
            ]
        )
        gap = means[split.labels == 0, 0].mean() - means[split.labels == 1, 0].mean()
        return 0.5 * gap + 0.3 * (1 - means[:, 1:]).sum(axis=1).mean() / 2

    loss = step_loss(network, four, {"contrast": 0.5, "trash": 0.3})
    params, direction = np.random.default_rng(1).normal(size=(2, len(network.symbols)))
    assert loss.value(params) == pytest.approx(by_hand(params), abs=1e-10)
    step = 1e-4 * direction
    slope = (by_hand(params + step) - by_hand(params - step)) / 2
    assert loss.gradient(params) @ step == pytest.approx(slope, rel=1e-5)


def test_a_grid_keeps_the_rate_that_validates_best(four, tmp_path):
    rates = [1e-6, 0.05]
    both = run({"learning_rate": rates}, four, tmp_path / "both")
    alone = [run({"learning_rate": r}, four, tmp_path / f"{r}") for r in rates]
    validated = [tables["runs"][0]["validation_score"] for tables in alone]
    contrasts = [tables["scores"][1]["value"] for tables in alone]
    assert validated[1] > validated[0] or contrasts[1] > contrasts[0]
    assert both["runs"][0]["learning_rate"] == 0.05
    assert both["runs"][0]["params"] == alone[1]["runs"][0]["params"]
    assert timeless(both["scores"]) == timeless(alone[1]["scores"])
    assert [row["learning_rate"] for row in both["steps"]] == [1e-6] * 20 + [0.05] * 20


def trained(four, folder, settings, validate, stages=(30, 30)):
    network = build_ansatz("rg_tree", 4)
    losses = {4: task_loss("classification", "trash", network)}
    start = np.random.default_rng(2).normal(size=len(network.symbols))
    with Checkpoint(folder, "run").held() as place:
        return loop.train(
            [Stage(losses, n) for n in stages],
            {4: network},
            {4: four},
            start,
            settings,
            np.random.default_rng(3),
            validate,
            place,
        )


def test_patience_ends_the_stage_and_not_the_run(four, tmp_path):
    settings = Settings(validate_every=3, patience=2)
    never_better = trained(four, tmp_path / "a", settings, lambda params, bond: (0.0, 0.0))
    assert [row["stage"] for row in never_better.rows] == [1] * 6 + [2] * 6
    assert never_better.best_step == 0
    rising = iter(range(1000))
    better = trained(four, tmp_path / "b", settings, lambda params, bond: (0.0, next(rising)))
    assert len(better.rows) == 60
    assert (better.best_params == better.params).all()


@pytest.mark.parametrize("n_shots", [50, 5000])
def test_estimates_from_shots_scatter_as_one_over_their_root(n_shots):
    rng = np.random.default_rng(4)
    network = build_ansatz("rg_tree", 4)
    params = rng.uniform(0, 2 * np.pi, len(network.symbols))
    states = [random_mps(4, 2, rng) for _ in range(30)]
    data = build_dataset("ghz_dephased", 4, 8, seed=0)
    many = replace(batch(data.select("train")), states=tuple(states))
    exact = Evaluator.of(network)(params, states).values
    drawn = sampled_values(network, network.observables, params, many, n_shots, rng)
    paulis = [0, 1, 2, 5, 6, 7]  # not the mean over a layer of two
    spread = 1 - exact[:, paulis] ** 2  # of one outcome ±1
    squares = (drawn - exact)[:, paulis] ** 2 * n_shots / spread
    kurtosis = 3 + (4 / spread - 6) / n_shots  # of a mean of n outcomes
    deviation = np.sqrt(np.sum(kurtosis - 1, axis=0)) / len(states)
    assert (np.abs(squares.mean(axis=0) - 1) < 5 * deviation).all()


def test_columns_of_one_basis_come_from_the_same_shots():
    # Layers of the tree on four qubits: the mean of Z_1 and Z_3, then Z_2.
    rng = np.random.default_rng(5)
    network = build_ansatz("rg_tree", 4)
    params = rng.uniform(0, 2 * np.pi, len(network.symbols))
    states = batch(build_dataset("ghz_dephased", 4, 8, seed=0).select("train"))
    values = sampled_values(network, network.observables, params, states, 7, rng)
    np.testing.assert_allclose(values[:, 3], values[:, :2].mean(axis=1), atol=1e-12)
    np.testing.assert_array_equal(values[:, 4], values[:, 2])
    counts = (1 - values[:, [0, 1, 2, 5, 6, 7]]) * 7 / 2
    np.testing.assert_allclose(counts, counts.round(), atol=1e-12)


def test_a_covariance_of_estimates_is_that_of_the_outcomes(four):
    # GHZ after blocks of angle zero: outcomes of Z_1 and Z_3 always agree.
    network = build_ansatz("rg_tree", 4)
    states = batch(four.noiseless)
    params = np.zeros(len(network.symbols))
    rng = np.random.default_rng(6)
    values = sampled_values(network, network.observables[:2], params, states, 11, rng)
    np.testing.assert_array_equal(values[:, 0], values[:, 1])


def exact_loss(four, params):
    return step_loss(build_ansatz("rg_tree", 4), four, "trash").value(np.asarray(params))


@pytest.mark.parametrize(
    "arm",
    [
        {
            "optimiser": "spsa",
            "n_shots": 100,
            "n_steps": 40,
            "learning_rate": 0.15,
            "batch_size": 2,
        },
        {"optimiser": "cma", "n_steps": 40, "learning_rate": 0.5},
        {"optimiser": "adam", "n_shots": 200, "n_steps": 60},
    ],
    ids=lambda arm: arm["optimiser"],
)
def test_every_optimiser_lowers_the_exact_loss(four, tmp_path, arm):
    tables = run({**arm, "validate_every": arm["n_steps"]}, four, tmp_path)
    network = build_ansatz("rg_tree", 4)
    start = Arm.resolve({**ARM, **arm}, {4: four}).initial(1, 0)
    before, after = (exact_loss(four, params) for params in (start, tables["runs"][0]["params"]))
    assert len(network.symbols) == len(start)
    assert after < 0.5 * before
    drawn = arm["optimiser"] == "spsa"
    assert {row["backend"] for row in tables["steps"]} == {"qsim" if drawn else "tree"}


def test_gradients_from_shots_are_as_noisy_as_parameter_shifts(four):
    n_shots, network = 50, build_ansatz("rg_tree", 4)
    params = np.random.default_rng(7).uniform(0, 2 * np.pi, len(network.symbols))
    noises = []
    for seed in range(40):
        loss = step_loss(network, four, "trash", Settings(n_shots=n_shots), seed=seed)
        noises.append(loss.gradient(params) - loss.exact_gradient)
    # Trash: each of 3 columns of 8 states weighs 1/2 · 1/8. Two gates share the angles of the
    # first layer, the root has its own.
    stated = np.sqrt(3 * 8 * (1 / 16) ** 2 / (2 * n_shots))
    n_gates = np.repeat([2, 1], 15)
    found = (np.array(noises) / np.sqrt(n_gates)).ravel()
    assert np.std(found) == pytest.approx(stated, rel=5 / np.sqrt(2 * found.size))
    assert abs(found.mean()) < 5 * stated / np.sqrt(found.size)


def test_the_stated_noise_is_that_of_a_shifted_measurement():
    # One RY on |0>: <Z> = cos θ, its slope is (<Z>(θ+π/2) - <Z>(θ-π/2))/2. At θ = 0 both means
    # are 0, where n outcomes each give it the variance 1/2n that gradients are told.
    n_shots, rng = 40, np.random.default_rng(8)
    outcomes = rng.choice([-1.0, 1.0], size=(2, 20_000, n_shots)).mean(axis=2)
    slopes = (outcomes[0] - outcomes[1]) / 2
    assert slopes.var() == pytest.approx(1 / (2 * n_shots), rel=5 * np.sqrt(2 / 20_000))


def test_repeats_trained_at_once_have_the_same_rows(four, tmp_path):
    arm = {"repeats": 2, "n_steps": 3, "gradient_noise": 0.01}
    together, in_turn = (run(arm, four, tmp_path / f"{n}", n_processes=n) for n in (2, 1))
    for table, rows in together.items():
        np.testing.assert_equal(timeless(rows), timeless(in_turn[table]))


@pytest.fixture(scope="module")
def twelve():
    return build_dataset("spt_path", 12, {"train": 4, "validation": 4, "test": 8}, seed=0)


def deep(twelve, scale):
    """Return a network that bond 16 cuts at uniform angles (scale 2π) and not at small ones."""
    network = build_ansatz("brickwork", 12, n_layers=6)
    params = scale * np.random.default_rng(0).uniform(size=len(network.symbols))
    settings = Settings(backend="heisenberg")
    return network, params, settings


def relative_error(network, params, dataset, bond):
    states = dataset.select("train").states
    evaluator = Evaluator(network.circuit, readout_observables(network), network.symbols)
    call = {"tolerance": 0, "first_bond_dim": bond, "max_bond_dim": bond}
    return evaluator(params, states, "heisenberg", **call).relative_error


@pytest.mark.parametrize(("scale", "grown"), [(0.1, 16), (2 * np.pi, 64)])
def test_bonds_grow_where_truncation_matters_and_nowhere_else(twelve, scale, grown):
    network, params, settings = deep(twelve, scale)
    loss = step_loss(network, twelve, "contrast", settings, settings.first_bond_dim)
    loss.value(params)
    assert settings.first_bond_dim == 16
    assert loss.bond_dim == grown
    assert loss.relative_error <= LARGEST_ERROR
    if grown > 16:
        assert relative_error(network, params, twelve, grown // 2) > LARGEST_ERROR
    capped = replace(settings, max_bond_dim=16)
    loss = step_loss(network, twelve, "contrast", capped, 16)
    loss.value(params)
    assert loss.bond_dim == 16
    assert (loss.relative_error > LARGEST_ERROR) == (grown > 16)


def test_a_bond_once_grown_is_kept(twelve, tmp_path):
    network, params, settings = deep(twelve, 2 * np.pi)
    losses = {12: task_loss("classification", "contrast", network)}
    bonds = []
    with Checkpoint(tmp_path, "run").held() as place:
        progress = loop.train(
            [Stage(losses, 2), Stage(losses, 1)],
            {12: network},
            {12: twelve},
            params,
            replace(settings, validate_every=1),
            np.random.default_rng(0),
            lambda params, bond: (float(bonds.append(bond) or 0.0), 0.0),
            place,
        )
    assert [row["max_bond_dim"] for row in progress.rows] == [64, 64, 64]
    assert bonds == [16, 64, 64, 64]


def test_scores_are_held_against_twice_the_bond(twelve):
    network, params, settings = deep(twelve, 2 * np.pi)
    judge = scorer("classification", network, twelve, settings)
    rows, error = judge.test(params, params, np.random.default_rng(0), 8)
    contrast = rows[1]
    features = Features(network, twelve, settings)
    # One readout: the mean of |0><0|, from 0 to 1; its sign is that of the training classes.
    means = {
        (split, bond): features(params, split, bond).values[:, 0]
        for split, bond in (("train", 8), ("test", 8), ("test", 16))
    }

    def gap(split, bond):
        labels = twelve.select(split).labels
        found = means[split, bond]
        return found[labels == 1].mean() - found[labels == 0].mean()

    sign = np.sign(gap("train", 8))
    assert contrast["value"] == pytest.approx(2 * sign * gap("test", 8), abs=1e-12)
    finer = contrast["value_at_double_bond"]
    assert finer == pytest.approx(2 * sign * gap("test", 16), abs=1e-12)
    assert contrast["value"] != finer
    assert error > LARGEST_ERROR


class Judge:
    """A scorer whose scores settle at a bond."""

    def __init__(self, settles):
        self.settles, self.bonds = settles, []

    def test(self, params, untrained, rng, bond_dim):
        self.bonds.append(bond_dim)
        error = 0.01 if bond_dim >= self.settles else 0.2
        row = {"metric": "accuracy", "value": 0.9, "value_at_double_bond": 0.9}
        return [row], error


@pytest.mark.parametrize(
    ("settles", "bonds", "status"), [(32, [16, 32], "ok"), (128, [16, 32, 64], "failed")]
)
def test_scores_double_the_bond_until_truncation_does_not_decide(four, settles, bonds, status):
    arm, judge = Arm.resolve(ARM, {4: four}), Judge(settles)
    params = arm.initial(1, 0)
    progress = loop.Progress(params, params, (0.0, 0.0), 16, {})
    rows, bond = Run(arm, {4: four}, 1, 0)._judged(judge, progress, params)
    assert judge.bonds == bonds
    assert (bond, rows[0]["status"]) == (bonds[-1], status)
