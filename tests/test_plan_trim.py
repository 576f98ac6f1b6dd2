"""``max_cpu_hours``: what goes, that the rest fits, and that rows say so."""

import json
from collections import defaultdict

import pytest
from typer.testing import CliRunner

from qnnbench import plan, study
from qnnbench.cli import app
from qnnbench.config import load
from qnnbench.plan import PlannedCell, study_plan, trimmed
from qnnbench.plan.stored import TABLES
from qnnbench.plan.trim import TRIMMED, Dropped, dropped, dropped_rows, settled, without
from qnnbench.results import read_rows, to_table
from tests.reliability.studies import PATIENCE_S, ROOT, started

SMOKE = "config/smoke.yaml"


@pytest.fixture(scope="module")
def smoke():
    return load(SMOKE)


@pytest.fixture(scope="module")
def cells(smoke):
    return list(study_plan(smoke))


def hours(cells):
    return sum(cell.cpu_s or 0 for cell in cells) / 3600


def least(smoke, cells):
    """Return the hours of the narrowest widths of all that can be trimmed, and of the states."""
    narrow = defaultdict(lambda: 10**9)
    for cell in cells:
        key = cell.stage, cell.name
        narrow[key] = min(narrow[key], cell.n_qubits)
    arms = {run: entry["arm"] for run, entry in smoke["hardware"].items()}
    arms |= {run: entry["arm"] for run, entry in smoke["device_training"].items()}
    kept = [
        cell
        for cell in cells
        if cell.stage in ("datasets", "certificates")
        or cell.n_qubits
        == narrow[("training", arms[cell.name]) if cell.name in arms else (cell.stage, cell.name)]
    ]
    return hours(kept)


@pytest.mark.parametrize("share", [0.99, 0.6, 0.3, 0.01])
def test_the_rest_fits_and_every_entry_keeps_its_narrow_widths(smoke, cells, share):
    floor = least(smoke, cells)
    budget = floor + share * (hours(cells) - floor)
    gone = dropped(smoke, cells, budget)
    left = [c for c in trimmed(cells, gone) if c.status != "over_budget"]
    assert gone
    assert hours(left) <= budget
    one_less = gone[: max(i for i, one in enumerate(gone) if one.stage in TRIMMED)]
    assert hours(trimmed(cells, one_less)) > budget  # no more goes than has to
    for stage in TRIMMED:
        for name, entry in study.entries(smoke, stage).items():
            widths = sorted(entry["widths"])
            kept = sorted({c.n_qubits for c in left if (c.stage, c.name) == (stage, name)})
            assert kept == widths[: len(kept)]
            assert kept


def made_up(seconds):
    """Return a config and the plan of curves that cost so many seconds at widths 4, 8, …"""
    curves = [
        {"curve": name, "widths": [4 * (i + 1) for i in range(len(s))]}
        for name, s in seconds.items()
    ]
    cells = [
        PlannedCell("trainability", name, 4 * (i + 1), 1, cpu_s=cost)
        for name, costs in seconds.items()
        for i, cost in enumerate(costs)
    ]
    return {"trainability": curves, "training": []}, cells


def test_of_the_widest_the_costliest_goes_first():
    config, cells = made_up({"a": [1, 2, 30], "b": [1, 40, 5], "c": [100]})
    places = [one.place[1:] for one in dropped(config, cells, 110 / 3600)]
    assert places == [("a", 12), ("b", 12), ("b", 8)]
    assert dropped(config, cells, 179 / 3600) == []
    assert dropped(config, cells[::-1], 110 / 3600)[0].place == ("trainability", "a", 12)


def test_what_will_not_run_anyway_is_left_alone_and_hides_nothing():
    config, cells = made_up({"a": [1, 20, 0], "b": [1, 10]})
    places = [one.place[1:] for one in dropped(config, cells, 13 / 3600)]
    assert places == [("a", 8)]


def test_a_budget_below_the_narrowest_widths_is_refused_with_what_they_take():
    config, cells = made_up({"a": [3600, 1], "b": [7200]})
    with pytest.raises(ValueError, match=r"max_cpu_hours is 2, .* estimated at 3 CPU hours"):
        dropped(config, cells, 2)


@pytest.fixture(scope="module")
def without_the_widest(smoke):
    """Return all that goes with every width 8 but the only ones."""
    gone = [
        Dropped("trainability", "qcnn", 8, "why"),
        Dropped("training", "qcnn_spt_path", 8, "why"),
        Dropped("hardware", "qcnn_on_error_models", 8, "why"),
        Dropped("rivals", "spt_path", 8, "why"),
        Dropped("jobs", "qcnn_on_emulators", 4, "why"),
        Dropped("device_training", "qcnn_by_shots", 4, "why"),
    ]
    return gone, without(smoke, gone)


def test_what_runs_on_machines_goes_with_its_arm(smoke, cells):
    arm = next(
        i
        for i, c in enumerate(cells)
        if (c.stage, c.name) == ("training", "qcnn_spt_path") and c.n_qubits == 8
    )
    dear = [*cells]
    dear[arm] = PlannedCell("training", "qcnn_spt_path", 8, 2, cpu_s=1e6)
    gone = dropped(smoke, dear, hours(dear) - 1)
    assert [one.place for one in gone] == [
        ("training", "qcnn_spt_path", 8),
        ("hardware", "qcnn_on_error_models", 8),
    ]
    assert "its arm qcnn_spt_path is dropped" in gone[1].reason


def test_a_trimmed_config_asks_for_everything_else(smoke, without_the_widest):
    gone, config = without_the_widest
    places = {one.place for one in gone}
    asked = {
        (stage, name, cell["n_qubits"])
        for stage in study.SHARED_WIDTH
        for name, batch in study.jobs(smoke, stage)
        for cell in study.cells(smoke, stage, name, batch)
    }
    left = {
        (stage, name, cell["n_qubits"])
        for stage in study.SHARED_WIDTH
        for name, batch in study.jobs(config, stage)
        for cell in study.cells(config, stage, name, batch)
    }
    assert left == asked - places
    assert config["rivals"] == config["jobs"] == {}


def test_every_dropped_cell_has_rows_that_say_so(smoke, without_the_widest):
    config = {**smoke, "budgets": {**smoke["budgets"], "max_cpu_hours": 1}}
    for one in without_the_widest[0]:
        rows = dropped_rows(config, [one])
        table = to_table(TABLES[one.stage], rows).to_pandas()  # columns and status are known
        assert set(table["status"]) == {"over_budget"}
        assert set(table["reason"]) == {"why"}
        assert set(table["n_qubits"]) == {one.n_qubits}
        assert len({row["run_id"] for row in rows}) >= len(rows) / 2
    repeats = dropped_rows(config, [Dropped("training", "qcnn_spt_path", 8, "why")])
    assert [row["repeat"] for row in repeats] == [0, 1]


def test_other_processes_of_a_study_do_not_plan_again(smoke, cells, tmp_path, monkeypatch):
    floor = least(smoke, cells)
    budget = (floor + hours(cells)) / 2
    config = {**smoke, "budgets": {**smoke["budgets"], "max_cpu_hours": budget}}
    note = tmp_path / "logs" / "dropped.json"
    monkeypatch.setattr(plan, "study_plan", lambda config: iter(cells))
    first = settled(config, note)
    assert first == dropped(smoke, cells, budget)

    def planned_again(config):
        raise AssertionError

    monkeypatch.setattr(plan, "study_plan", planned_again)
    assert settled(config, note) == first
    with pytest.raises(AssertionError):
        settled({**config, "seed": 8}, note)
    assert settled(smoke, tmp_path / "none.json") == []


def test_the_command_lists_what_a_budget_would_drop(smoke, cells, tmp_path):
    budget = (least(smoke, cells) + hours(cells)) / 2
    words = ["plan", SMOKE, "--results", str(tmp_path), "--max-cpu-hours", f"{budget:.9f}"]
    found = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    told = [c for c in found["cells"] if "max_cpu_hours" in c["reason"]]
    assert told
    assert {c["status"] for c in told} == {"over_budget"}
    assert sum(row["cpu_s"] for row in found["stages"]) <= 3600 * budget
    shown = CliRunner().invoke(app, words).stdout
    assert f"over_budget: {told[0]['name']} at n_qubits {told[0]['n_qubits']}" in shown


def test_the_workflow_leaves_out_what_is_dropped_and_writes_rows_that_say_so(
    smoke, cells, tmp_path
):
    budget = (least(smoke, cells) + hours(cells)) / 2
    gone = {one.place for one in dropped(smoke, cells, budget)}
    config = tmp_path / "trimmed.yaml"
    text = (ROOT / SMOKE).read_text()
    config.write_text(text.replace("budgets:\n", f"budgets:\n  max_cpu_hours: {budget:.9f}\n"))
    tables = sorted({TABLES[stage] for stage, _, _ in gone})
    files = [f"results/smoke/dropped/{table}.parquet" for table in tables]
    run = started(tmp_path, config, flags=["--", *files])
    assert run.wait(PATIENCE_S) == 0
    said = (tmp_path / "said.txt").read_text()
    for stage, name, n_qubits in gone:
        assert f"dropped: {stage} {name} at n_qubits {n_qubits}: " in said
    found = {
        table: read_rows(table, [tmp_path / file])
        for table, file in zip(tables, files, strict=True)
    }
    rows = found["runs"]
    for name, n_qubits in {(name, n) for stage, name, n in gone if stage == "training"}:
        mine = rows[(rows["arm"] == name) & (rows["n_qubits"] == n_qubits)]
        assert set(mine["status"]) == {"over_budget"}
        assert mine["reason"].str.contains("max_cpu_hours").all()
    whole = started(tmp_path, config, flags=["--dry-run", "--quiet", "host"])
    assert whole.wait(PATIENCE_S) == 0
    asked = (tmp_path / "said.txt").read_text()[len(said) :]
    assert "results/smoke/runs/qcnn_spt_path/n4.parquet" in asked
    assert "results/smoke/runs/qcnn_spt_path/n4-8.parquet" not in asked
