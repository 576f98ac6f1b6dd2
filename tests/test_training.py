"""Training: the optimiser is Adam, resumption is bit-identical, the test split stays shut."""

import multiprocessing
import re
from dataclasses import replace

import numpy as np
import pytest

from qnnbench.backends import Limits
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.results import to_table
from qnnbench.states.datasets import DATASETS, build_dataset
from qnnbench.states.samples import Dataset
from qnnbench.tasks import task_loss
from qnnbench.training import forget, loop, runs, train_arm
from qnnbench.training.checkpoints import Checkpoint
from qnnbench.training.objective import LARGEST_ERROR, draw
from qnnbench.training.optimisers import Adam, cosine
from qnnbench.training.settings import Settings, Stage

ARM = {
    "arm": "test",
    "task": "classification",
    "dataset": "spt_path",
    "ansatz": "qcnn",
    "angles": {"law": "gaussian", "std": 0.1},
    "repeats": 1,
    "n_steps": 12,
    "learning_rate": 0.05,
    "batch_size": 8,
    "gradient_noise": 0.001,
}


@pytest.fixture(scope="module")
def small():
    return build_dataset("spt_path", 6, {"train": 8, "validation": 8, "test": 8}, seed=0)


def run(arm, dataset, folder, **changes):
    call = {
        "n_qubits": dataset.n_qubits,
        "seed": 1,
        "checkpoint_dir": folder,
        "budget": Limits(seconds=1e4),
    }
    return train_arm({**ARM, **arm}, dataset, **{**call, **changes})


def test_first_adam_step_is_the_learning_rate_times_the_sign():
    adam, params = Adam(0.1), np.zeros(3)
    moved, state = adam.step(params, np.array([2.0, -0.3, 0.0]), adam.init(params))
    np.testing.assert_allclose(moved, [-0.1, 0.1, 0.0], rtol=1e-6)
    assert state["count"] == 1


def test_adam_reaches_the_minimum_of_a_quadratic():
    adam, params = Adam(0.1), np.array([3.0, -2.0])
    state = adam.init(params)
    for step in range(400):
        params, state = adam.step(params, params * [1.0, 100.0], state, cosine(step, 400))
    np.testing.assert_allclose(params, 0, atol=1e-3)


def test_training_lowers_the_loss_and_rows_fit_the_contract(small, tmp_path):
    tables = run({}, small, tmp_path)
    for table, rows in tables.items():
        to_table(table, rows)
    losses = [row["loss"] for row in tables["steps"]]
    assert len(losses) == 12
    assert losses[-1] < losses[0] - 0.2
    assert [(r["metric"], r["record"], r.get("n_copies")) for r in tables["scores"]] == [
        ("accuracy", "expectation values", None),
        ("contrast", "expectation values", None),
        ("one_shot_accuracy", "one shot", 1),
        ("one_shot_success", "one shot", 1),
    ]
    assert tables["runs"][0]["status"] == "ok"
    assert list(tmp_path.glob("*.npz"))  # kept until the caller has stored the rows
    forget(tmp_path)
    assert not tmp_path.exists()


def training_call(small, folder, **changes):
    network = build_ansatz("qcnn", 6)
    loss = {6: task_loss("classification", "contrast", network)}
    how = {"n_steps": 10, **changes}
    settings = Settings(batch_size=4, gradient_noise=0.01)
    start = np.random.default_rng(0).normal(size=len(network.symbols)) * 0.1
    checkpoint = Checkpoint(folder, "run")
    with checkpoint.held():
        return loop.train(
            [Stage(loss, **how), Stage(loss, 3, learning_rate=0.01)],
            {6: network},
            {6: small},
            start,
            settings,
            np.random.default_rng(7),
            lambda params, bond: (float(np.cos(params[0])), 0.0),
            checkpoint,
        )


def timeless(progress):
    return [{k: v for k, v in row.items() if k != "wall_time_s"} for row in progress.rows]


@pytest.mark.parametrize("optimiser", ["adam", "spsa", "cma"])
def test_a_run_killed_at_any_step_resumes_bit_for_bit(small, tmp_path, monkeypatch, optimiser):
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY_S", 0.0)
    how = {"optimiser": optimiser, "n_steps": 4}
    whole = training_call(small, tmp_path / "whole", **how)
    real = loop._Steps.take
    for last in range(7):  # both stages, and the step between them
        left = [last]

        def dies(self, progress, rng, left=left):
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            return real(self, progress, rng)

        monkeypatch.setattr(loop._Steps, "take", dies)
        with pytest.raises(KeyboardInterrupt):
            training_call(small, tmp_path / f"{last}", **how)
        monkeypatch.setattr(loop._Steps, "take", real)
        resumed = training_call(small, tmp_path / f"{last}", **how)
        assert (resumed.params == whole.params).all()
        assert (resumed.best_params == whole.best_params).all()
        np.testing.assert_equal(timeless(resumed), timeless(whole))


def hold(folder, held, done):
    with Checkpoint(folder, "run").held():
        held.set()
        done.wait(120)


def test_one_run_is_trained_by_one_process(tmp_path):
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path, held, done))
    other.start()
    assert held.wait(120)
    with (
        pytest.raises(RuntimeError, match="being trained by another process"),
        Checkpoint(tmp_path, "run").held(),
    ):
        pass
    done.set()
    other.join()


def test_the_test_split_is_read_once_at_the_end(small, tmp_path, monkeypatch):
    events = []
    real_train, real_select = runs.train, Dataset.select

    def train(*arguments):
        events.append("train")
        finished = real_train(*arguments)
        events.append("trained")
        return finished

    class Watched(tuple):
        def __iter__(self):
            events.append("test states read")
            return super().__iter__()

    def select(self, split):
        chosen = real_select(self, split)
        if split == "test":
            object.__setattr__(chosen, "states", Watched(chosen.states))
        return chosen

    monkeypatch.setattr(runs, "train", train)
    monkeypatch.setattr(Dataset, "select", select)
    run({}, small, tmp_path)
    assert events[:2] == ["train", "trained"]
    assert "test states read" in events


def test_equal_seeds_give_equal_rows_and_other_seeds_do_not(small, tmp_path):
    first, again = (run({}, small, tmp_path / f)["runs"][0]["params"] for f in ("a", "b"))
    assert first == again
    assert run({}, small, tmp_path, seed=2)["runs"][0]["params"] != first


def test_what_is_not_run_says_why(small, tmp_path):
    late = run({}, small, tmp_path, budget=Limits(seconds=1e-6))["runs"][0]
    assert late["status"] == "over_budget"
    assert "by operation count" in late["reason"]
    wide = build_dataset("spt_path", 32, {"train": 2, "validation": 2, "test": 2}, seed=0)
    deep = {"ansatz": "brickwork", "options": {"n_layers": 16}, "angles": {"law": "uniform"}}
    skipped = run(deep, wide, tmp_path, budget=Limits(seconds=1e9))["runs"][0]
    assert skipped["status"] == "skipped"
    relative = re.search(r"relative error of ([\d.e-]+)", skipped["reason"])
    assert float(relative[1]) > LARGEST_ERROR
    assert skipped["error_estimate"] > 0  # absolute, of values far below one here


def test_compression_beats_the_identity_at_eight_qubits(tmp_path):
    ensemble = build_dataset("two_state", 8, seed=0)
    arm = {
        "task": "compression",
        "ansatz": "brickwork",
        "loss": "local",
        "n_steps": 60,
        "gradient_noise": 0.0,
        "learning_rate": 0.1,
    }
    score = run(arm, ensemble, tmp_path)["scores"][0]
    assert score["chance"] == pytest.approx(2 / 3, abs=1e-12)
    assert score["value"] > 0.9
    assert score["ceiling"] == pytest.approx(1.0)


@pytest.mark.slow
def test_label_free_tree_reads_what_label_only_training_cannot(tmp_path):
    # At n = 4 both must succeed, else the comparison is unfair. At n = 32 the contrast's
    # standard deviation at the start is (4/3 (2/5)^31)^(1/2) ~ 1e-6, below the noise.
    scores = {}
    for n_qubits in (4, 32):
        states = build_dataset("ghz_dephased", n_qubits, seed=0)
        for loss in ("trash", "contrast"):
            arm = {
                "ansatz": "rg_tree",
                "loss": loss,
                "n_steps": 150,
                "batch_size": 16,
                "angles": {"law": "uniform"},
                "gradient_noise": 5e-3,
            }
            rows = run(arm, states, tmp_path)["scores"]
            scores[n_qubits, loss] = next(r["value"] for r in rows if r["metric"] == "contrast")
    assert scores[4, "trash"] > 0.8
    assert scores[4, "contrast"] > 0.8
    assert scores[32, "trash"] > 0.8
    assert scores[32, "contrast"] < 0.1


def by_metric(tables):
    return {row["metric"]: row for row in tables["scores"]}


def test_one_shot_rows_are_counts_about_their_exact_success(small, tmp_path, monkeypatch):
    family = replace(DATASETS["spt_path"], ceiling=lambda dataset, n_copies: 0.5 + 0.4 * n_copies)
    monkeypatch.setitem(DATASETS, "spt_path", family)
    large = build_dataset("spt_path", 6, {"train": 8, "validation": 8, "test": 400}, seed=0)
    arm = {"n_steps": 2, "repeats": 2}
    tables = run(arm, large, tmp_path)
    scores = by_metric({"scores": tables["scores"][:4]})
    counted, exact = scores["one_shot_accuracy"], scores["one_shot_success"]
    assert counted["value"] * 400 == pytest.approx(round(counted["value"] * 400))
    for column in ("value", "untrained_value"):  # outcomes deviate by at most 1/(2 sqrt 400)
        assert 0 < abs(counted[column] - exact[column]) < 5 * 0.025
    assert counted["lower"] < exact["value"] < counted["upper"]
    assert exact["value"] <= scores["accuracy"]["value"]  # one outcome knows less than a mean
    assert scores["accuracy"]["ceiling"] == 1
    assert counted["ceiling"] == exact["ceiling"] == pytest.approx(0.9)
    assert tables["scores"][6]["metric"] == "one_shot_accuracy"  # of the other repeat
    assert tables["scores"][6]["value"] != counted["value"]
    again = by_metric(run(arm, large, tmp_path / "again"))
    other = by_metric(run(arm, large, tmp_path / "other", seed=2))
    assert again["one_shot_accuracy"]["value"] == tables["scores"][6]["value"]
    assert other["one_shot_accuracy"]["value"] != tables["scores"][6]["value"]


def test_rates_have_scores_and_ceilings_of_their_own(tmp_path):
    # 30 states near a 1-parameter path: the spectrum falls fast, chance is the identity.
    sizes = {"train": 4, "validation": 4, "test": 30}
    states = build_dataset("spt_path", 5, sizes, seed=0)
    arm = {"task": "compression", "ansatz": "brickwork", "n_steps": 15, "learning_rate": 0.1}
    rows = []
    for n_kept in (1, 2, 3):
        tables = run({**arm, "n_kept": n_kept}, states, tmp_path)
        to_table("scores", tables["scores"])
        assert {row["n_kept"] for table in tables.values() for row in table} == {n_kept}
        rows += tables["scores"]
    assert run(arm, states, tmp_path)["scores"][0]["value"] == rows[0]["value"]
    for column in ("value", "ceiling", "chance"):
        assert (np.diff([row[column] for row in rows]) > 0).all()
    for row in rows:
        assert row["chance"] < row["lower"] < row["value"] <= row["ceiling"]
        assert row["value"] > row["untrained_value"]
    vectors = np.array([s.state_vector() for s in states.select("test").states])
    spectrum = np.linalg.svd(vectors, compute_uv=False) ** 2 / 30
    expected = [spectrum[: 2**k].sum() for k in (1, 2, 3)]
    assert [row["ceiling"] for row in rows] == pytest.approx(expected, abs=1e-10)


def test_one_class_may_be_compressed_alone(tmp_path):
    fields = {"ordered_fields": [0.1, 0.15, 0.2, 0.25], "paramagnet_fields": [2.5, 2.7, 2.9, 3.1]}
    sizes = {"train": 8, "validation": 4, "test": 8}
    states = build_dataset("tfim", 8, sizes, seed=0, noise=0.0, **fields)
    arm = {"task": "compression", "ansatz": "rg_tree", "loss": "trash", "n_steps": 150}
    arm |= {"angles": {"law": "uniform"}, "batch_size": 16, "gradient_noise": 0.0}
    (row,) = run({**arm, "target": 0}, states, tmp_path)["scores"]
    assert row["n_samples"] == 4
    # Two signs of the magnetisation at every field: one qubit tells them, and holds nearly all.
    ordered = [s for s, label in zip(*kept(states), strict=True) if label == 0]
    spectrum = np.linalg.svd([s.state_vector() for s in ordered], compute_uv=False) ** 2
    assert row["ceiling"] == pytest.approx(spectrum[:2].sum() / len(ordered), abs=1e-10)
    assert row["ceiling"] - 0.02 < row["value"] <= row["ceiling"]
    with pytest.raises(ValueError, match=r"2 names no class of 'tfim', whose labels are \[0, 1\]"):
        run({**arm, "target": 2}, states, tmp_path)


def kept(states):
    test = states.select("test")
    return test.states, test.labels


def test_regression_explains_more_than_the_untrained_network(tmp_path):
    sizes = {"train": 16, "validation": 16, "test": 40}
    states = build_dataset("spt_path", 6, sizes, seed=0)
    arm = {"task": "regression", "n_steps": 40, "batch_size": 16, "learning_rate": 0.1}
    tables = run(arm, states, tmp_path)
    for table, rows in tables.items():
        to_table(table, rows)
    losses = [row["loss"] for row in tables["steps"]]
    (row,) = tables["scores"]
    assert losses[-1] < 0.5 * losses[0]
    assert row["metric"] == "r_squared"
    assert row["lower"] > row["untrained_value"]
    assert row["paired_lower"] > 0
    assert row["chance"] <= 0 < row["value"] < 1


def test_what_a_dataset_does_not_serve_is_declined_before_training(small, tmp_path):
    mixed = build_dataset("ghz_dephased", 4, 8, seed=0)
    for states, task in ((mixed, "compression"), (mixed, "regression")):
        with pytest.raises(ValueError, match=f"serves classification, not '{task}'"):
            run({"task": task, "ansatz": "brickwork"}, states, tmp_path)
    own = replace(mixed, name="states_of_my_own")
    with pytest.raises(ValueError, match=r"pure matrix product states; .* holds Mixture"):
        run({"task": "compression", "ansatz": "brickwork"}, own, tmp_path)
    three = replace(small, labels=np.arange(len(small.labels)) % 3)
    with pytest.raises(ValueError, match=r"has labels \[0, 1, 2\]"):
        run({}, three, tmp_path)
    with pytest.raises(ValueError, match="n_kept=2 is for compression"):
        run({"n_kept": 2}, small, tmp_path)
    assert not list(tmp_path.glob("*.npz"))


@pytest.mark.parametrize("n_classes", [1, 2, 3])
def test_a_batch_takes_equally_many_of_each_class(small, n_classes):
    split = replace(small, labels=np.arange(len(small.labels)) % n_classes)
    rows = draw(split, 6, np.random.default_rng(0))
    assert len(set(rows.tolist())) == 6
    assert np.bincount(split.labels[rows]).tolist() == [6 // n_classes] * n_classes
