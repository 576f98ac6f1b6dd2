"""The DAG, run as a user runs it: snakemake in an empty folder."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from qnnbench import study
from qnnbench.columns import TABLES
from qnnbench.config import load
from qnnbench.figures import FIGURES
from qnnbench.report.printed_tables import PRINTED_TABLES
from qnnbench.results import read_rows
from tests.reliability.kills import kill_often
from tests.reliability.rounding import PROCESSORS, TOLERANCE, on_processor
from tests.reliability.studies import hashes

ROOT = Path(__file__).parents[1]
SMOKE = ROOT / "config" / "smoke.yaml"


def snakemake(folder, config, *flags):
    """Run the workflow in ``folder`` and return the finished process."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--directory", str(folder), "--configfile", str(config), "--cores", "2", *flags]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)


def edited(folder, old, new):
    """Return a copy of the smoke config with one edit."""
    text = SMOKE.read_text()
    assert old in text
    (folder / "edited.yaml").write_text(text.replace(old, new, 1))
    return folder / "edited.yaml"


def written(folder):
    """Return the files below results, hidden ones included."""
    return sorted(file for file in (folder / "results").rglob("*") if file.is_file())


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    folder = tmp_path_factory.mktemp("smoke")
    done = snakemake(folder, SMOKE)
    assert done.returncode == 0, done.stderr
    return folder, done.stderr


WIDE = [pytest.param(name, marks=pytest.mark.study) for name in ("paper", "scaling")]


@pytest.mark.parametrize("name", ["smoke", "config", *WIDE])
def test_every_config_builds_a_dag(tmp_path, name):
    file = ROOT / "config" / f"{name}.yaml"
    done = snakemake(tmp_path, file, "--dry-run", "--quiet", "rules")
    assert done.returncode == 0, done.stderr
    counts = dict(
        line.split() for line in (done.stdout + done.stderr).splitlines() if len(line.split()) == 2
    )
    for rule, stage in (("dataset", "datasets"), ("training", "training")):
        assert int(counts[rule]) == len(study.jobs(load(file), stage))


@pytest.mark.study
def test_the_smoke_study_ends_with_a_report(smoke):
    folder, said = smoke
    page = (folder / "reports" / "smoke" / "index.html").read_text()
    assert "<html" in page
    assert list((folder / "reports" / "smoke" / "figures").glob("*.svg"))
    assert "(100%) done" in said


MADE_BY = {  # stage of a table that is not called like it
    **dict.fromkeys(("runs", "steps", "scores"), "training"),
    **{"verdicts": "trainability", "device_steps": "device_training"},
}


@pytest.mark.parametrize("table", [name for name in TABLES if name != "history"])
@pytest.mark.study
def test_the_smoke_study_fills_every_table(smoke, table):
    folder, _ = smoke
    rows = read_rows(table, (folder / "results" / "smoke" / table).rglob("*.parquet"))
    assert len(rows)
    told = rows["reason"].fillna("").str.contains("pip install 'qnnbench")
    is_missing = told & (table == "jobs")  # of the vendors' packages
    assert set(rows.loc[~is_missing, "status"]) <= {"ok"}
    assert rows["run_id"].str.fullmatch("[0-9a-f]{16}").all()
    assert rows["config_hash"].nunique() == 1
    assert set(rows["source_hash"]) == {study.source(MADE_BY.get(table, table))}
    if table not in ("steps", "scores"):  # what they cost stands in their run's row
        assert (rows["cpu_time_s"] >= 0).all()
        assert (rows["peak_memory_mb"] > 0).all()


@pytest.mark.study
def test_nothing_is_left_of_work_in_progress(smoke):
    folder, _ = smoke
    assert not [file for file in written(folder) if file.suffix != ".parquet"]
    assert not [file for file in (folder / "checkpoints").rglob("*") if file.is_file()]


def rules_of(done):
    """Return the number of jobs of each rule that a dry run counts."""
    lines = (line.split() for line in (done.stdout + done.stderr).splitlines())
    return {words[0]: words[1] for words in lines if len(words) == 2}


@pytest.mark.parametrize("target", ["fig_gradient_variance", "table_moments"])
def test_one_figure_or_table_asks_for_no_more_than_it_reads(tmp_path, target):
    done = snakemake(tmp_path, SMOKE, "--dry-run", target)
    assert done.returncode == 0, done.stderr
    counted = rules_of(done)
    assert counted[target] == "1"
    stages = {"datasets", "certificates", "training", "rivals", "hardware", "submit", "report"}
    assert "trainability" in counted
    assert not stages & set(counted)


def test_every_figure_and_table_has_a_target(tmp_path):
    done = snakemake(tmp_path, SMOKE, "--dry-run", "paper")
    assert done.returncode == 0, done.stderr
    targets = {f"fig_{name}" for name in FIGURES} | {f"table_{name}" for name in PRINTED_TABLES}
    assert targets <= set(rules_of(done))


@pytest.fixture(scope="module")
def paper(smoke):
    folder, _ = smoke
    done = snakemake(folder, SMOKE, "fig_gradient_variance", "table_verdicts")
    assert done.returncode == 0, done.stderr
    return folder / "reports" / "smoke" / "paper"


@pytest.mark.study
def test_a_figure_and_a_table_are_written_for_print(paper):
    assert (paper / "fig_gradient_variance.pdf").read_bytes().startswith(b"%PDF")
    assert (paper / "fig_gradient_variance.png").read_bytes().startswith(b"\x89PNG")
    assert "hea" in (paper / "table_verdicts.csv").read_text()
    assert r"\toprule" in (paper / "table_verdicts.tex").read_text()


@pytest.mark.study
def test_snakemakes_own_report_has_categories_and_captions(smoke):
    folder, _ = smoke
    done = snakemake(folder, SMOKE, "--report", "report.zip")
    assert done.returncode == 0, done.stderr
    with ZipFile(folder / "report.zip") as opened:
        names = opened.namelist()
        (page,) = [opened.read(name).decode() for name in names if name.endswith("report.html")]
    assert any(name.endswith(".svg") for name in names)
    assert any(name.endswith("index.html") for name in names)
    for category in ("Page", "Figures", *{drawing.section for drawing in FIGURES.values()}):
        assert category in page
    assert "at which width does a quantum neural network" in page  # the study
    assert re.search(r'"caption": "<p>[^"]*averaged over test states', page)


@pytest.mark.study
def test_the_study_becomes_an_archive(smoke, paper):
    folder, _ = smoke
    done = snakemake(folder, SMOKE, "archive")
    assert done.returncode == 0, done.stderr
    with ZipFile(folder / "archives" / "smoke.zip") as opened:
        names = set(opened.namelist())
    rows = {
        f"results/{file.relative_to(folder / 'results' / 'smoke')}" for file in written(folder)
    }
    rows = {
        name for name in rows if not name.startswith(("results/states/", "results/submitted/"))
    }
    assert rows <= names
    assert not any(name.startswith("results/states/") for name in names)
    page = {"report/index.html", "report/paper/fig_gradient_variance.pdf"}
    assert page | {"ro-crate-metadata.json", "config.yaml"} <= names


@pytest.mark.study
def test_a_killed_study_goes_on_to_the_same_rows(smoke, tmp_path):
    # killed: all processes, then Snakemake alone
    outcome = kill_often(tmp_path, hashes(smoke[0]), n_kills=2, seed=9)
    assert outcome.differing == []
    assert outcome.left_over == []
    assert sum(outcome.kills.values()) >= 2


@pytest.mark.study
def test_a_processor_that_rounds_otherwise_gives_the_same_numbers(smoke, tmp_path):
    found = on_processor(min(PROCESSORS), tmp_path, smoke[0])
    if found.reason:
        pytest.skip(found.reason)
    assert found.largest < TOLERANCE
    assert found.beyond_noise == ()


@pytest.mark.study
def test_a_finished_study_is_not_run_again(smoke):
    folder, _ = smoke
    done = snakemake(folder, SMOKE, "--dry-run")
    assert "Nothing to be done" in done.stdout + done.stderr


@pytest.mark.study
def test_a_change_of_one_arm_trains_that_arm_only(smoke, tmp_path):
    folder, _ = smoke
    config = edited(tmp_path, "learning_rate: 0.05", "learning_rate: 0.06")
    done = snakemake(folder, config, "--dry-run", "--quiet", "rules")
    counts = [line.split() for line in (done.stdout + done.stderr).splitlines()]
    assert ["training", "1"] in counts
    assert ["dataset", "4"] not in counts


@pytest.mark.study
def test_a_study_named_on_the_command_line_is_not_merged_into_the_default(smoke):
    folder, _ = smoke
    assert [file.name for file in (folder / "results").iterdir()] == ["smoke"]


def test_a_typo_is_answered_before_any_work(tmp_path):
    done = snakemake(tmp_path, edited(tmp_path, "n_steps", "n_step"))
    assert done.returncode != 0
    assert "No key named 'n_step'. Did you mean 'n_steps'" in done.stderr
    assert "workflow/schemas/config.schema.yaml:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()


def test_a_failing_job_leaves_nothing_half_written(tmp_path):
    # wider than the check tries options at: the job itself fails
    wide = "datasets:\n  surface_code: {widths: [25], options: {n_samples: -1}}"
    bad = edited(tmp_path, "datasets:", wide)
    done = snakemake(tmp_path, bad, "--until", "certificates")
    assert done.returncode != 0
    assert "n_samples" in done.stderr
    names = {file.relative_to(tmp_path / "results" / "smoke") for file in written(tmp_path)}
    assert not [name for name in names if "surface_code" in name.parts]
    assert all(name.suffix == ".parquet" for name in names)


@pytest.mark.study
def test_truncated_states_are_named(smoke, tmp_path):
    shutil.copytree(smoke[0] / "results", tmp_path / "results")
    states = tmp_path / "results" / "smoke" / "states" / "spt_path" / "n8.parquet"
    states.write_bytes(states.read_bytes()[:-100])
    target = "results/smoke/certificates/spt_path/n4-8.parquet"
    done = snakemake(tmp_path, SMOKE, "--force", "--rerun-triggers", "mtime", "--", target)
    assert done.returncode != 0
    assert "n8.parquet" in done.stderr
    assert "not a whole Parquet file" in done.stderr
    assert not (tmp_path / target).exists()
