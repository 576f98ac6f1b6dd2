"""Plans: costs add up over steps, repeats and grids, and say what will not run."""

import copy
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from qnnbench import study
from qnnbench.backends import Limits
from qnnbench.cli import app
from qnnbench.config import load
from qnnbench.plan import STAGES, by_stage, n_cells, resources, speed, study_plan, training
from qnnbench.plan.measured import Calibration, Measured, Trained, calibration
from qnnbench.plan.work import Work
from qnnbench.results import write_rows
from qnnbench.scaffolding import scaffold
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


def test_stabilizer_states_are_planned_as_the_tensors_they_are_trained_as():
    # ring_pair holds stabilizer states; train_arm writes them as tensors of bond 4 at most
    states = build_dataset("ring_pair", 12, {"train": 8, "validation": 4, "test": 4}, seed=0)
    found = cost(states, 12)
    assert (found.status, found.n_steps) == ("ok", 20)
    assert found.seconds > 0


def rows_as(cost_of, widths, stage="datasets", kind="ghz_dephased", detail=""):
    return tuple(Measured(stage, kind, detail, n, 0, 10, 10 * cost_of(n), 100 + n) for n in widths)


def test_measured_costs_are_interpolated_and_go_on_by_their_power_law():
    known = Calibration("here", rows_as(lambda n: 2e-3 * n**1.5, [8, 32, 100]), ())
    for n in (8, 20, 100, 400):
        seconds, _ = known.cost("datasets", Work("ghz_dephased", amount=7), n)
        assert seconds == pytest.approx(7 * 2e-3 * n**1.5, rel=1e-9)
    assert np.allclose(known.ratios(), 1)
    assert known.spread() == pytest.approx((1, 1))


def test_depth_multiplies_what_was_measured_at_the_depth_of_the_kind():
    rows = tuple(Measured("trainability", "exact", "hea", n, n, 1, n**2, 9) for n in (4, 16, 64))
    known = Calibration("here", rows, ())
    shallow = known.cost("trainability", Work("exact", "hea", 1, 5), 32)[0]
    assert shallow == pytest.approx(32 * 5)
    other = known.cost("trainability", Work("exact", "unheard of"), 16)[0]
    assert other == pytest.approx(256)  # the typical one of its kind


def test_training_is_fitted_to_counted_seconds_steps_and_runs():
    counts = [(1.0, 100, 1), (5.0, 40, 4), (0.2, 900, 2), (30.0, 10, 8)]
    trained = tuple(Trained(o, s, r, 2 * o + 0.01 * s + 0.5 * r, 400) for o, s, r in counts)
    known = Calibration("here", (), trained)
    assert known.training_seconds(3.0, 50, 2) == pytest.approx(6 + 0.5 + 1, rel=1e-9)


def test_what_comes_with_the_package_says_on_what_and_how_well_it_was_measured():
    known = calibration()
    assert "study" in known.on
    half, most = known.spread()
    assert 1 < half < 2  # of one noisy core; a factor of two decides between an hour and a night
    assert half < most < 10
    stages = {row.stage for row in known.rows}
    assert stages == set(STAGES) - {"jobs", "device_training"}


@pytest.fixture(scope="module")
def smoke():
    return load("config/smoke.yaml")


def test_counts_are_kept_for_all_that_they_depend_on_and_for_nothing_else(smoke, monkeypatch):
    (name, batch) = study.jobs(smoke, "training")[0]
    cell = study.cells(smoke, "training", name, batch)[0]
    first = training.steps_planned(cell)
    times = []

    def counted(entry, *_):
        times.append(entry)
        return first

    monkeypatch.setattr(training, "planned", counted)

    def changed(**changes):
        return training.steps_planned({**cell, "arm": {**cell["arm"], **changes}})

    assert changed() == first
    more = changed(arm="another", repeats=6, angles={"law": "uniform"})
    assert (more.n_runs, more.n_steps, more.seconds) == (
        6,
        3 * first.n_steps,
        pytest.approx(3 * first.seconds),
    )
    assert times == []
    changes = [{"n_steps": 6}, {"learning_rate": [0.1, 0.2]}, {"options": {"sharing": "none"}}]
    for change in [*changes, {"batch_size": 4}, {"max_bond_dim": 8}]:
        changed(**change)
    training.steps_planned({**cell, "n_qubits": 16})
    training.steps_planned({**cell, "budget": {"seconds": 1.0, "memory_bytes": 1e9}})
    assert len(times) == 7


def test_jobs_ask_for_what_was_measured_and_no_more_than_a_budget_allows(smoke):
    asked = {
        stage: [
            (resources.memory_mb(smoke, stage, *job), resources.minutes(smoke, stage, *job))
            for job in study.jobs(smoke, stage)
        ]
        for stage in STAGES
    }
    every = [one for found in asked.values() for one in found]
    assert min(every) >= (resources.LEAST_MB, resources.LEAST_MIN)
    dear = copy.deepcopy(smoke)
    dear["budgets"] |= {"training_gb": 40, "training_s": 1e6}
    job = study.jobs(smoke, "training")[0]
    assert resources.memory_mb(dear, "training", *job) - asked["training"][0][0] == 36_000
    assert resources.minutes(dear, "training", *job) == resources.MOST_MIN
    wide = copy.deepcopy(smoke)
    wide["rivals"]["spt_path"]["widths"] = wide["datasets"]["spt_path"]["widths"] = [100]
    work = Work("z_boosting", "spt_path")
    peak = calibration().cost("rivals", work, 100)[1]
    assert resources.memory_mb(wide, "rivals", "spt_path", "n100") >= peak


def test_jobs_with_the_users_own_ansatz_ask_too(tmp_path):
    scaffold("ansatz", "mine", tmp_path)
    config = load(tmp_path / "mine.yaml")
    for stage in ("trainability", "training"):
        for job in study.jobs(config, stage):
            assert resources.memory_mb(config, stage, *job) >= resources.LEAST_MB
            assert resources.minutes(config, stage, *job) >= resources.LEAST_MIN


def test_a_plan_has_every_cell_of_every_stage_and_nothing_is_done_at_first(smoke, tmp_path):
    cells = list(study_plan(smoke, tmp_path / "results" / "smoke"))
    assert len(cells) == n_cells(smoke)
    asked = {(s, n) for s in STAGES for n, _ in study.jobs(smoke, s)}
    assert {(cell.stage, cell.name) for cell in cells} == asked
    assert not any(cell.n_done or cell.spent_s for cell in cells)
    assert all(cell.cpu_s is not None for cell in cells if cell.stage != "jobs")
    (rows,) = [row for row in by_stage(cells, smoke["budgets"]) if row["stage"] == "training"]
    assert rows["left_s"] == pytest.approx(rows["cpu_s"])
    assert rows["left_s"] > 0
    assert speed(cells) is None


def test_a_stored_row_is_done_only_while_its_cell_is_asked_for(smoke, tmp_path):
    (name, batch) = study.jobs(smoke, "training")[0]
    cells = study.cells(smoke, "training", name, batch)
    rows = [
        {"repeat": repeat, "arm": name, "n_qubits": cell["n_qubits"], "status": "ok"}
        for cell in cells
        for repeat in range(2)
    ]
    spent = {"cpu_time_s": 3.0, "peak_memory_mb": 1.0}
    written = []
    for row, cell in zip(rows, [cells[0], cells[0], cells[1], cells[1]], strict=True):
        written += study.identified([{**row, **spent}], cell, smoke, "code")
    write_rows(tmp_path / "runs" / name / f"{batch}.parquet", "runs", written)

    def planned_with(config):
        own = [c for c in study_plan(config, tmp_path) if (c.stage, c.name) == ("training", name)]
        return [(cell.n_done, cell.spent_s, cell.left_s) for cell in own]

    assert planned_with(smoke) == [(2, 6.0, 0.0)] * 2
    changed = copy.deepcopy(smoke)
    changed["training"][0]["n_steps"] += 1
    assert [done for done, _, _ in planned_with(changed)] == [0, 0]
    more = copy.deepcopy(smoke)
    more["training"][0]["repeats"] = 3
    assert all(done == 2 and left > 0 for done, _, left in planned_with(more))


def test_what_a_budget_or_an_arm_that_is_not_trained_stops_is_told(smoke, tmp_path):
    tight = copy.deepcopy(smoke)
    tight["budgets"]["training_s"] = 1e-6
    cells = list(study_plan(tight, tmp_path))
    stopped = {cell.name: cell for cell in cells if cell.status == "over_budget"}
    assert set(stopped) == {"qcnn_spt_path", "brickwork_two_state_local"}
    assert "by operation count" in stopped["qcnn_spt_path"].reason
    machines = [cell for cell in cells if cell.stage == "hardware"]
    assert {cell.reason for cell in machines} == {"its arm qcnn_spt_path is over_budget"}


def test_the_command_prints_every_stage_and_says_what_costs_rest_on(tmp_path):
    words = ["plan", "config/smoke.yaml", "--results", str(tmp_path)]
    told = CliRunner().invoke(app, [*words, "--json"])
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert [row["stage"] for row in found["stages"]] == list(STAGES)
    assert sum(row["n_cells"] for row in found["stages"]) == len(found["cells"])
    arms = {c["name"]: c for c in found["cells"] if c["stage"] == "training"}
    assert arms["qcnn_spt_path"]["n_steps"] == 10
    assert arms["two_copies_lu_orbit"]["backend"] == "its own"
    shown = CliRunner().invoke(app, words)
    assert f"Costs are those of {calibration().on}" in shown.stdout
