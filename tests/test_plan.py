"""Plans: costs add up over steps, repeats and grids, and say what will not run."""

import json

import pytest
from typer.testing import CliRunner

from qnnbench.backends import Limits
from qnnbench.cli import app
from qnnbench.states.datasets import build_dataset
from qnnbench.training.costs import planned

ARM = {
    "task": "classification",
    "ansatz": "qcnn",
    "repeats": 2,
    "n_steps": 10,
    "learning_rate": 0.05,
    "batch_size": 8,
    "max_bond_dim": 16,
}


@pytest.fixture(scope="module")
def narrow():
    return build_dataset("ghz_dephased", 6, {"train": 8, "validation": 4, "test": 4}, seed=0)


def cost(narrow, n_qubits=32, budget=None, **changes):
    return planned({**ARM, **changes}, narrow, n_qubits, budget or Limits())


def test_cost_is_that_of_one_step_times_steps_repeats_and_rates(narrow):
    one = cost(narrow, repeats=1, n_steps=1)
    assert one.seconds > 0
    assert cost(narrow).seconds == pytest.approx(20 * one.seconds)
    assert cost(narrow, learning_rate=[0.01, 0.05, 0.2]).n_steps == 60
    stages = [{"n_steps": 4}, {"n_steps": 6, "loss": {"contrast": 1, "label_error": 1}}]
    staged = cost(narrow, stages=stages)
    assert staged.n_steps == 20
    assert staged.seconds > 0


def test_wider_arms_and_mixtures_cost_more(narrow):
    pure = build_dataset("spt_path", 6, {"train": 8, "validation": 4, "test": 4}, seed=0)
    assert cost(narrow, 64).seconds > cost(narrow, 32).seconds > cost(narrow, 8).seconds
    few = narrow.select("train").states[0]
    assert len(few.members) > 1 or len(narrow.select("train").states[1].members) > 1
    assert cost(narrow).seconds > cost(pure).seconds * 0.5


def test_what_a_budget_stops_is_said(narrow):
    stopped = cost(narrow, budget=Limits(seconds=1e-6))
    assert (stopped.status, stopped.backend, stopped.seconds) == ("over_budget", "", 0.0)


def test_the_command_prints_every_arm_and_width():
    told = CliRunner().invoke(app, ["plan", "config/smoke.yaml", "--json"])
    rows = json.loads(told.output)
    assert told.exit_code == 0
    assert {row["status"] for row in rows} <= {"ok", "skipped", "over_budget"}
    own = {"two_copies_lu_orbit", "qcnn_by_shots"}
    assert {row["arm"] for row in rows if row["seconds"] is None} == own
    (by_shots,) = (row for row in rows if "n_shots" in row)
    # two starts; a step of two losses and a measurement at either end, each 2 states · 50 shots
    assert (by_shots["n_runs"], by_shots["n_steps"], by_shots["n_shots"]) == (2, 2, 2 * 4 * 100)
    shown = CliRunner().invoke(app, ["plan", "config/smoke.yaml"])
    assert "CPU hours of optimiser steps" in shown.output
