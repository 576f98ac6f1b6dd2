"""``python -m tests.reliability``: run the experiments, keep their rows, write the page."""

import json
import os
import platform
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.table import processor
from qnnbench.registry import lookup
from tests.reliability import determinism, growth, kills, rounding, trouble
from tests.reliability.fuzz.configs import fuzzed_claims, fuzzed_configs, fuzzed_texts
from tests.reliability.fuzz.files import fuzzed_schemas, fuzzed_states, fuzzed_tables
from tests.reliability.fuzz.words import fuzzed_command_lines
from tests.reliability.page import PAGE, written
from tests.reliability.studies import ROOT, say

ROWS = ROOT / "results" / "reliability"
N_CASES = {  # 10,000 in all
    fuzzed_configs: 2000,
    fuzzed_claims: 1000,
    fuzzed_texts: 1000,
    fuzzed_tables: 2500,
    fuzzed_schemas: 1000,
    fuzzed_states: 1500,
    fuzzed_command_lines: 1000,
}
Rows = list[dict[str, Any]]


def kept(name: str, rows: Rows) -> None:
    """Write the rows of one experiment, and when and where they were measured."""
    ROWS.mkdir(parents=True, exist_ok=True)
    on = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores of {processor()}, "
    told = {"on": f"{on}Python {platform.python_version()}", "rows": rows}
    (ROWS / f"{name}.json").write_text(json.dumps(told, indent=1))


@cache
def untroubled(folder: Path) -> dict[str, str]:
    """Return the hashes of the smoke study run on two cores, once for all experiments."""
    return determinism.finished(folder / "whole", 2)


def run_determinism(folder: Path, _: int) -> Rows:
    """The smoke study on 1, 2 and 4 cores, and on Slurm."""
    truth = untroubled(folder)
    rows = determinism.on_cores(folder, truth)
    return [asdict(row) for row in [*rows, determinism.on_slurm(folder, truth)]]


def run_rounding(folder: Path, _: int) -> Rows:
    """The smoke study with the instructions of older processors."""
    untroubled(folder)
    return [asdict(row) for row in rounding.on_processors(folder, folder / "whole")]


def run_kills(folder: Path, n: int) -> Rows:
    """Smoke studies killed n times at random moments."""
    return [asdict(kills.kill_often(folder, untroubled(folder), n, seed=1))]


def run_trouble(folder: Path, _: int) -> Rows:
    """Full and read-only disks, odd file dates, two runs at once."""
    truth = untroubled(folder)
    found = [
        trouble.full_disk(folder, truth),
        trouble.unwritable(folder, truth),
        trouble.jumping_clock(folder / "whole", truth),
        trouble.two_at_once(folder, truth),
    ]
    return [asdict(row) for row in found]


def run_fuzz(_: Path, share: int) -> Rows:
    """Ten thousand cases of bad input; of each kind one in ``share``."""
    rows = []
    for kind, n in N_CASES.items():
        say(f"  {n // share} {kind.__name__.replace('_', ' ')}")
        rows.append(asdict(kind(n // share)))
    return rows


def run_growth(_: Path, largest: int) -> Rows:
    """What studies of up to ``largest`` cells cost before and after their work."""
    rows = []
    for n in (n for n in growth.SIZES if n <= largest):
        for cost in growth.COSTS:
            rows.append(asdict(cost(n)))
            say("  {what} at {n_cells} cells: {cpu_s:.1f} CPU s".format(**rows[-1]))
    return rows


EXPERIMENTS: dict[str, tuple[Callable[[Path, int], Rows], int, int]] = {  # whole, quick
    "determinism": (run_determinism, 0, 0),
    "rounding": (run_rounding, 0, 0),
    "kills": (run_kills, 50, 2),
    "trouble": (run_trouble, 0, 0),
    "fuzz": (run_fuzz, 1, 50),
    "growth": (run_growth, 50_000, 1_000),
}


def main(
    only: Annotated[list[str] | None, typer.Option(help="Only these.")] = None,
    quick: Annotated[bool, typer.Option(help="Few kills, cases and cells.")] = False,
) -> None:
    """Run experiments, keep their rows, and write docs/reliability.md from all that are kept."""
    with tempfile.TemporaryDirectory() as folder:
        for name in only or EXPERIMENTS:
            experiment, whole, few = lookup(EXPERIMENTS, name, "experiment")
            say(f"{name}: {experiment.__doc__}")
            kept(name, experiment(Path(folder), few if quick else whole))
    PAGE.write_text(written({f.stem: json.loads(f.read_text()) for f in ROWS.glob("*.json")}))
    say(f"The figures stand in {PAGE.relative_to(ROOT)}.")


if __name__ == "__main__":
    typer.run(main)
