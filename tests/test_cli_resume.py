"""``qnnbench resume``: never beside a live run, never with a lock that a killed one left."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from filelock import FileLock
from typer.testing import CliRunner

from qnnbench.cli import app, studies
from qnnbench.cli.holders import is_of_snakemake, live_runs, locked_files
from qnnbench.config import load
from qnnbench.results import write_atomically
from qnnbench.study import cells, checkpoint_folder, jobs

CONFIG = Path(__file__).parents[1] / "config" / "smoke.yaml"


@pytest.fixture
def ran(tmp_path, monkeypatch):
    """Return the commands that would have been run, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    commands = []

    def run(command, **_):
        commands.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(studies.subprocess, "run", run)
    return commands


@pytest.fixture(params=["/usr/bin/snakemake"])
def sleeper(request, tmp_path):
    """Return a process whose command line is Snakemake's, in the folder of the test."""
    code = "print('on', flush=True); import time; time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", code, request.param], cwd=tmp_path, stdout=subprocess.PIPE
    )
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def invoke(*words):
    return CliRunner().invoke(app, ["resume", *map(str, words)])


def lock(folder, *files):
    path = folder / ".snakemake" / "locks" / "0.output.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{file}\n" for file in files))


def test_an_unlocked_study_goes_on_with_its_config_and_cores(ran):
    assert invoke(CONFIG, "--cores", 3, "--", "--keep-going").exit_code == 0
    (command,) = ran
    assert command[1:3] == ["-m", "snakemake"]
    assert command[command.index("--configfile") + 1] == str(CONFIG)
    assert command[command.index("--cores") + 1] == "3"
    assert command[-1] == "--keep-going"
    profile = Path(command[command.index("--workflow-profile") + 1]) / "config.yaml"
    assert yaml.safe_load(profile.read_text())["rerun-incomplete"] is True


def test_the_lock_of_a_killed_run_is_removed_first(ran, tmp_path):
    lock(tmp_path, "results/smoke/runs/qcnn_spt_path/n4-8.parquet")
    assert invoke(CONFIG, "--json").exit_code == 0
    assert ["--unlock" in command for command in ran] == [True, False]
    lock(tmp_path, "results/smoker/runs/qcnn_spt_path/n4-8.parquet")  # another study's
    ran.clear()
    assert invoke(CONFIG).exit_code == 0
    assert ["--unlock" in command for command in ran] == [False]


def test_a_live_run_that_may_hold_the_lock_is_left_alone(ran, tmp_path, sleeper):
    assert [run.pid for run in live_runs(tmp_path)] == [sleeper.pid]
    assert live_runs(tmp_path.parent) == []
    lock(tmp_path, "results/smoke/runs/qcnn_spt_path/n4-8.parquet")
    done = invoke(CONFIG)
    assert done.exit_code == 2
    assert f"process {sleeper.pid}" in done.stderr
    assert ran == []


@pytest.mark.parametrize("sleeper", ["/a/.snakemake/scripts/tmpx.training.py"], indirect=True)
def test_a_job_that_outlived_snakemake_is_left_alone_though_nothing_is_locked(ran, sleeper):
    done = invoke(CONFIG)
    assert done.exit_code == 2
    assert f"process {sleeper.pid}" in done.stderr
    assert ran == []


def half_written_in(folder):
    """Leave what killed writers leave; return it, and files that only look like it."""
    left = []
    places = ["results/smoke/runs/a/n8.parquet", "checkpoints/0a/b.npz", "reports/x.html"]
    places.append(".snakemake/storage/s3/bucket/results/smoke/runs/a/n8.parquet")
    for place in places:

        def write(temporary):
            temporary.write_text("half")
            left.append(temporary)

        write_atomically(folder / place, write)
        (folder / place).rename(left[-1])
    others = [folder / "results" / ".mine.tmp", folder / "results" / "smoke" / "a.parquet"]
    for other in others:
        other.write_text("whole")
    return left, others


def test_files_that_a_killed_run_had_half_written_are_swept(ran, tmp_path):
    left, others = half_written_in(tmp_path)
    told = json.loads(invoke(CONFIG, "--dry", "--json").stdout)
    assert {*told["swept"]} == {str(file.relative_to(tmp_path)) for file in left}
    assert all(file.exists() for file in left)
    assert f"remove {told['swept'][0]}" in invoke(CONFIG, "--dry").stdout
    assert invoke(CONFIG).exit_code == 0
    assert not any(file.exists() for file in left)
    assert all(file.exists() for file in others)


def test_nothing_is_swept_while_another_study_writes_here(ran, tmp_path, sleeper):
    left, _ = half_written_in(tmp_path)
    lock(tmp_path, "results/paper/runs/qcnn_spt_path/n8-64.parquet")
    assert invoke(CONFIG).exit_code == 0
    assert len(ran) == 1
    assert all(file.exists() for file in left)


def test_results_of_the_future_are_dated_now(ran, tmp_path):
    ahead, past, other = (
        tmp_path / "results" / f / "a.parquet" for f in ("smoke/x", "smoke", "b")
    )
    for file, year in ((ahead, 1), (past, -1), (other, 1)):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        os.utime(file, (time.time() + year * 3e7,) * 2)
    assert "date results/smoke/x/a.parquet now" in invoke(CONFIG, "--dry").stdout
    before = past.stat().st_mtime
    assert json.loads(invoke(CONFIG, "--json").stdout)["redated"] == [
        str(ahead.relative_to(tmp_path))
    ]
    assert abs(ahead.stat().st_mtime - time.time()) < 60
    assert past.stat().st_mtime == before
    assert other.stat().st_mtime > time.time() + 1e7


def test_another_study_that_runs_here_is_no_hindrance(ran, tmp_path, sleeper):
    lock(tmp_path, "results/paper/runs/qcnn_spt_path/n8-64.parquet")
    assert invoke(CONFIG).exit_code == 0
    assert ["--unlock" in command for command in ran] == [False]


def test_a_run_that_is_being_trained_is_left_alone(ran, tmp_path):
    config = load(CONFIG, names=False)
    cell = cells(config, "training", *jobs(config, "training")[0])[0]
    held = tmp_path / checkpoint_folder(cell) / "a.lock"
    held.parent.mkdir(parents=True)
    with FileLock(held):
        done = invoke(CONFIG)
    assert done.exit_code == 2
    assert "trains from" in done.stderr
    assert ran == []
    assert invoke(CONFIG).exit_code == 0


def test_a_dry_run_says_the_commands_and_runs_none(ran, tmp_path):
    lock(tmp_path, "reports/smoke/index.html")
    told = json.loads(invoke(CONFIG, "--dry", "--json").stdout)
    assert (told["study"], told["n_locked"], len(told["commands"])) == ("smoke", 1, 2)
    assert told["exit_status"] is None
    assert ran == []


def test_the_exit_status_is_that_of_snakemake(ran, monkeypatch):
    fails = lambda command, **_: subprocess.CompletedProcess(command, 7)  # noqa: E731
    monkeypatch.setattr(studies.subprocess, "run", fails)
    assert invoke(CONFIG).exit_code == 7


def test_scripts_of_snakemake_count_as_runs_and_editors_do_not():
    assert is_of_snakemake(["python", "/a/.snakemake/scripts/tmpx.training.py"])
    assert is_of_snakemake(["/v/bin/python", "/v/bin/snakemake", "--cores", "2"])
    assert is_of_snakemake(["python", "-m", "snakemake"])
    assert not is_of_snakemake(["vim", "Snakefile"])


def test_locks_of_the_default_study_are_told_from_those_of_others(tmp_path):
    own = ["reports/index.html", "results/default/runs/a/n8.parquet"]
    lock(tmp_path, *own, "reports/smoke/index.html", "results/smoke/runs/a/n8.parquet")
    assert locked_files(tmp_path, "default") == sorted(own)


def test_the_lock_of_a_study_in_object_storage_is_removed_with_its_flags(ran, tmp_path):
    lock(tmp_path, ".snakemake/storage/s3/bucket/prefix/results/smoke/runs/a/n8.parquet")
    flags = ["--default-storage-provider", "s3"]
    assert invoke(CONFIG, "--", *flags).exit_code == 0
    assert ["--unlock" in command for command in ran] == [True, False]
    assert all(command[-2:] == flags for command in ran)
