"""A study of a user's own ansatz and states, run as a user runs it, beside its own file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from qnnbench.results import read_rows
from qnnbench.scaffolding import scaffold

ROOT = Path(__file__).parents[1]
CURVE = "results/mine/trainability/mine/n4.parquet"
RUNS = "results/mine/runs/mine_spins/n4.parquet"

pytestmark = pytest.mark.study


def snakemake(folder, *words):
    """Run the workflow in a study's folder and return what it said."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--configfile", "mine.yaml", "--cores", "1", *words]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env=os.environ, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    scaffold("ansatz", "mine", folder)
    scaffold("dataset", "spins", folder)
    config = yaml.safe_load((folder / "mine.yaml").read_text())
    config["datasets"] = {
        "spins": {"file": "spins.py", "widths": [4], "options": {"n_samples": 16}}
    }
    config["trainability"] = [{**config["trainability"][0], "widths": [4]}]
    arm = {"arm": "mine_spins", "dataset": "spins", "widths": [4], "repeats": 1, "n_steps": 2}
    config["training"] = [{**config["training"][0], **arm}]
    (folder / "mine.yaml").write_text(yaml.safe_dump(config))
    code, said = snakemake(folder, "--", CURVE, RUNS)
    assert code == 0, said
    return folder


def test_rows_hold_the_users_names(folder):
    (curve,) = read_rows("trainability", [folder / CURVE]).to_dict("records")
    (run,) = read_rows("runs", [folder / RUNS]).to_dict("records")
    assert (curve["ansatz"], run["ansatz"], run["dataset"]) == ("mine", "mine", "spins")
    assert {curve["status"], run["status"]} == {"ok"}
    facts = read_rows("certificates", [folder / "results/mine/certificates/spins/n4.parquet"])
    assert facts["holds"].all()


def test_a_changed_file_runs_again_what_used_it_and_nothing_else(folder):
    before = [read_rows("trainability", [folder / CURVE]), read_rows("runs", [folder / RUNS])]
    script = folder / "mine.py"
    script.write_text(script.read_text().replace("cirq.rx", "cirq.ry"))
    _, said = snakemake(folder, "--dry-run", "--quiet", "rules", "--", CURVE, RUNS)
    counts = dict(line.split() for line in said.splitlines() if len(line.split()) == 2)
    told = {rule: counts.get(rule) for rule in ("trainability", "training", "total", "dataset")}
    assert told == {"trainability": "1", "training": "1", "total": "2", "dataset": None}
    code, said = snakemake(folder, "--", CURVE, RUNS)
    assert code == 0, said
    after = [read_rows("trainability", [folder / CURVE]), read_rows("runs", [folder / RUNS])]
    for column in ("run_id", "config_hash"):
        assert all(
            old[column].iloc[0] != new[column].iloc[0]
            for old, new in zip(before, after, strict=True)
        )


def test_a_broken_file_is_told_before_any_work(folder):
    script = folder / "mine.py"
    good = script.read_text()
    script.write_text(good.replace("tuple(symbols)", "tuple(symbols[1:])"))
    code, said = snakemake(folder, "--", CURVE)
    script.write_text(good)
    assert code != 0
    assert "mine.py at 4 qubits: symbols lacks ['x_0_0'], which stand in the circuit" in said
    assert "Traceback" not in said
