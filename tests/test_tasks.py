"""Losses are what their closed forms say, their derivatives are exact, scores are fair."""

import re
from pathlib import Path

import numpy as np
import pytest

from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.states.datasets import DATASETS, build_dataset
from qnnbench.tasks import TASKS, check_served, task_loss
from qnnbench.tasks.batch import Batch, batch
from qnnbench.tasks.losses import LOSSES
from qnnbench.tasks.readout import Readout
from qnnbench.tasks.scores import accuracy_score, paired_difference
from qnnbench.training.scoring import SCORERS


@pytest.mark.parametrize("name", LOSSES)
def test_losses_have_the_stated_derivative(name):
    # Central differences are exact for losses that are affine or quadratic in the values; at
    # this step others are met to its square.
    rng = np.random.default_rng(0)
    states = Batch(
        (), np.array([0, 1, 1]), np.array([1.0, 0.5, 0.5]), targets=np.array([-1.0, 0.2, 1.0])
    )
    values, direction = rng.normal(size=(2, 3, {"trash": 4, "spin_contrast": 3}.get(name, 1)))
    _, cotangent = LOSSES[name].evaluate(values, states)
    step = 1e-5
    ends = (LOSSES[name].evaluate(values + s * step * direction, states)[0] for s in (1, -1))
    above, below = ends
    slope = (cotangent * direction).sum()
    assert (above - below) / (2 * step) == pytest.approx(slope, abs=1e-9)


def test_targets_of_a_batch_run_over_the_whole_split():
    split = build_dataset("spt_path", 4, 16, seed=0).select("train")
    rows = np.array([3, 0, 2])
    ends = split.targets.min(), split.targets.max()
    targets = batch(split, rows).targets
    np.testing.assert_allclose(targets, np.interp(split.targets[rows], ends, (-1, 1)), atol=1e-12)
    assert np.isnan(batch(build_dataset("two_state", 4, seed=0).select("train")).targets).all()


def test_readout_separates_what_a_line_separates():
    rng = np.random.default_rng(2)
    labels = np.repeat([0, 1], 20)
    features = rng.normal(size=(40, 3)) * 0.1 + np.outer(labels, [1.0, -1.0, 0.5])
    readout = Readout.fit(features, labels)
    assert readout.correct(features, labels).all()
    along = features @ readout.axis
    gap = along[labels == 1].mean() - along[labels == 0].mean()
    assert gap == pytest.approx(1.5, abs=0.15)  # 5 σ/√20


def test_readout_never_cuts_between_equal_points():
    along = np.array([0.0] * 20 + [1.0] * 3 + [2.0] * 3)[:, None]
    labels = np.array([0, 1] * 10 + [0] * 3 + [1] * 3)
    readout = Readout.fit(along, labels)
    assert readout.threshold == pytest.approx(1.5)
    assert readout.correct(along, labels).sum() == 16


def test_readout_of_equal_classes_is_at_chance():
    rng = np.random.default_rng(3)
    labels = np.tile([0, 1], 1000)
    readout = Readout.fit(rng.normal(size=(64, 3)), labels[:64])
    correct = readout.correct(rng.normal(size=(2000, 3)), labels)
    assert abs(correct.mean() - 0.5) < 5 * 0.5 / np.sqrt(2000)


def test_wilson_interval_has_its_closed_form():
    correct = np.arange(200) < 190
    z, p, n = 1.959963984540054, 0.95, 200
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    row = accuracy_score(correct)
    assert (row["lower"], row["upper"]) == pytest.approx((centre - half, centre + half), abs=1e-12)


def test_paired_difference_sees_what_unpaired_intervals_hide():
    trained, untrained = np.arange(200) < 195, np.arange(200) < 185
    difference, lower = paired_difference(trained, untrained)
    assert difference == pytest.approx(0.05)
    assert 0 < lower < difference


def test_unknown_tasks_and_losses_are_named():
    network = build_ansatz("rg_tree", 4)
    with pytest.raises(ValueError, match="Did you mean 'compression'"):
        task_loss("compresion", "", network)
    with pytest.raises(ValueError, match="No loss of 'compression' named 'contrast'"):
        task_loss("compression", "contrast", network)
    with pytest.raises(ValueError, match="n_kept=2 is for compression; leave it out"):
        task_loss("regression", "", network, n_kept=2)


def test_every_loss_is_minimised_by_arms_or_says_that_it_is_not():
    network = build_ansatz("rg_tree", 4)
    for task in TASKS.values():
        for loss in task.losses:
            if loss in LOSSES:
                assert task_loss(task.name, loss, network).name == loss
            else:
                with pytest.raises(ValueError, match="a trainer of its own"):
                    task_loss(task.name, loss, network)
    assert {loss for task in TASKS.values() for loss in task.losses} >= set(LOSSES)


def test_a_family_serves_the_tasks_it_names_and_no_other():
    for family in DATASETS.values():
        for task in TASKS:
            if task in family.tasks:
                check_served(task, family.name)
            else:
                with pytest.raises(ValueError, match=f"not {task!r}; these serve it: "):
                    check_served(task, family.name)
    assert all(set(family.tasks) <= set(TASKS) for family in DATASETS.values())
    check_served("compression", "states_of_my_own")


def test_every_task_is_scored_or_has_a_trainer_of_its_own():
    assert set(TASKS) == {*SCORERS, "two_copy_classification", "decoding"}


def test_every_task_is_served_by_a_family():
    assert {task for family in DATASETS.values() for task in family.tasks} == set(TASKS)


def test_every_task_is_documented_with_its_losses():
    text = (Path(__file__).parents[1] / "docs" / "tasks.md").read_text()
    sections = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE))
    assert list(sections) == list(TASKS)
    for name, section in sections.items():
        keys = ["minimised", "scored", "chance", "ceiling"]
        rows = re.findall(rf"^\| ({'|'.join(keys)}) \| (.*) \|$", section, re.MULTILINE)
        assert [key for key, _ in rows] == keys
        told = dict(rows)
        assert re.findall(r"`(\w+)`:", told["minimised"]) == list(TASKS[name].losses)
