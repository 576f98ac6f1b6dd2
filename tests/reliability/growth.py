"""What a study costs before and after its work, as it grows to fifty thousand cells."""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from qnnbench.results import write_rows
from tests import synthetic_rows
from tests.reliability.studies import ROOT, SMOKE

SIZES = (10, 1_000, 50_000)
WIDTHS = list(range(4, 104, 10))  # a curve's cells: one job
STARTER = """
import os, sys
to_stderr = [(os.POSIX_SPAWN_DUP2, 2, 1)]
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=to_stderr)
_, status, used = os.wait4(pid, 0)
print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


@dataclass
class Cost:
    """CPU seconds and memory of one thing at one size.

    Attributes:
        what: In words.
        n_cells: Size.
        cpu_s: Of the process and its children.
        peak_mb: Largest resident memory of a process.
    """

    what: str
    n_cells: int
    cpu_s: float
    peak_mb: float


def study_of(n_cells: int) -> dict:
    """Return the smoke study with curves of so many cells in all."""
    config = yaml.safe_load(SMOKE.read_text())
    pattern = {**config["trainability"][1], "widths": WIDTHS}
    config["trainability"] = [
        {**pattern, "curve": f"curve_{i}", "tolerance": 1e-3 / (i + 1)}
        for i in range(n_cells // len(WIDTHS))
    ]
    return config


def dry_run(n_cells: int) -> Cost:
    """Return what ``snakemake --dry-run`` takes, checking the config included."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "study.yaml"
        config.write_text(yaml.safe_dump(study_of(n_cells)))
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
        command += ["--directory", folder, "--configfile", str(config), "--cores", "2"]
        return measured("dry run", n_cells, [*command, "--dry-run", "--quiet", "rules"])


def planning(n_cells: int) -> Cost:
    """Return what ``qnnbench plan`` takes, which says what a study would cost."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "study.yaml"
        config.write_text(yaml.safe_dump(study_of(n_cells)))
        command = [str(Path(sys.executable).with_name("qnnbench")), "plan", str(config)]
        return measured("plan", n_cells, [*command, "--results", folder])


def reading(n_cells: int) -> Cost:
    """Return what reading the rows of so many cells takes, ten to a file."""
    code = (
        "import sys, pathlib; from qnnbench.results import read_rows;"
        "files = sorted(pathlib.Path(sys.argv[1]).rglob('*.parquet'));"
        "assert len(read_rows('trainability', files)) == int(sys.argv[2])"
    )
    return on_rows("reading rows", n_cells, code)


def scanning(n_cells: int) -> Cost:
    """Return what one aggregate over the same files takes in DuckDB."""
    code = (
        "import sys, duckdb;"
        'found = duckdb.sql(f"select count(*), max(log10_gradient_variance_max) from '
        "'{sys.argv[1]}/**/*.parquet'\").fetchone();"
        "assert found[0] == int(sys.argv[2])"
    )
    return on_rows("one aggregate in DuckDB", n_cells, code)


def reporting(n_cells: int) -> Cost:
    """Return what the page takes that is drawn from these rows."""
    code = (
        "import sys, pathlib; from qnnbench.report import write_report;"
        "files = sorted(pathlib.Path(sys.argv[1]).rglob('*.parquet'));"
        "page = pathlib.Path(sys.argv[1]) / 'page';"
        "write_report({'trainability': files}, page, {'study': 'growth'});"
        "assert (page / 'index.html').stat().st_size < 5e6"
    )
    return on_rows("report", n_cells, code)


def on_rows(what: str, n_cells: int, code: str) -> Cost:
    """Return what a program takes that is told a folder of rows and how many they are."""
    with tempfile.TemporaryDirectory() as folder:
        row = synthetic_rows.study()["trainability"][0]
        for i in range(n_cells // len(WIDTHS)):
            path = Path(folder) / f"curve_{i}" / "n4-94.parquet"
            rows = [{**row, "curve": f"curve_{i}", "n_qubits": n} for n in WIDTHS]
            write_rows(path, "trainability", rows)
        return measured(what, n_cells, [sys.executable, "-c", code, folder, str(n_cells)])


COSTS = (dry_run, planning, reading, scanning, reporting)


def measured(what: str, n_cells: int, command: list[str]) -> Cost:
    """Run a command; return what it took.

    A small process starts it: the peak memory of a process counts what started it.
    """
    with tempfile.TemporaryFile() as said:
        starter = [sys.executable, "-I", "-S", "-c", STARTER, *command]
        numbers = subprocess.run(starter, stdout=subprocess.PIPE, stderr=said).stdout.split()
        if numbers[0] != b"0":
            said.seek(0)
            words = said.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{what} at {n_cells} cells failed: {words}")
    return Cost(what, n_cells, float(numbers[1]), float(numbers[2]) * 1024 / 1e6)
