"""Commands about a whole study: is its config sound, what will it cost, go on with it."""

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from qnnbench.cli.answers import progress, show_json, show_table
from qnnbench.cli.arguments import AsJson, ConfigFile
from qnnbench.cli.own import claims_of

RESULTS = Annotated[Path, typer.Option("--results", help="Where rows of studies are.")]


def check(config: ConfigFile, as_json: AsJson = False) -> None:
    """Check CONFIG and show what it asks for, stage by stage."""
    from qnnbench import study
    from qnnbench.config import load

    asked_for, rows = load(config), []
    claims = claims_of(asked_for)
    for stage in study.SHARED_WIDTH:
        asked = study.jobs(asked_for, stage)
        jobs = Counter(name for name, _ in asked)
        cells = Counter(n for n, b in asked for _ in study.cells(asked_for, stage, n, b))
        for name, entry in study.entries(asked_for, stage).items():
            rows.append(
                {
                    "stage": stage,
                    "name": name,
                    "widths": sorted(entry["widths"]),
                    "jobs": jobs[name],
                    "cells": cells[name] * entry.get("repeats", 1),
                }
            )
    if as_json:
        show_json({"study": asked_for["study"], "entries": rows, "claims": claims})
        return
    show_table(
        ("stage", "name", "widths", "jobs", "cells"),
        ([*{**row, "widths": ", ".join(map(str, row["widths"]))}.values()] for row in rows),
        f"study {asked_for['study']!r}",
    )
    for line in claims:
        typer.echo(line)


def resume(
    config: Annotated[Path, typer.Argument(help="The config of the study.")] = Path(
        "config/config.yaml"
    ),
    cores: Annotated[str, typer.Option(help="Jobs at once; all: one per core.")] = "all",
    flags: Annotated[
        list[str] | None, typer.Argument(help="More for Snakemake, after --.", metavar="-- FLAGS")
    ] = None,
    dry: Annotated[bool, typer.Option("--dry", help="Say what would be done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Go on with a study in this folder that was stopped or killed.

    Refuses while a run of it is alive. Otherwise removes the lock that a killed run left, and the
    files it had half written unless another study runs here, dates results of the future now, and
    runs Snakemake with the recommended flags; training goes on from its checkpoints.
    """
    from qnnbench.cli import holders
    from qnnbench.config import load

    here = Path.cwd()
    asked_for = load(config, names=False)  # snakemake looks them up
    study, locked = asked_for["study"], holders.locked_files(here, asked_for["study"])
    held = [str(lock) for lock in holders.held_checkpoints(asked_for, here)]
    live = holders.live_runs(here)
    orphaned = bool(live) and all(run.is_job for run in live)  # jobs that outlived Snakemake
    if held or orphaned or (locked and live):
        raise ValueError(_is_alive(study, held, live))
    call = [sys.executable, "-m", "snakemake", *_snakemake_flags(config, cores), *(flags or [])]
    unlock = [*call[:3], "--unlock", *call[3:]]
    swept = [] if live else holders.orphans(here)
    told = {"study": study, "n_locked": len(locked), "commands": [unlock] * bool(locked) + [call]}
    told["swept"] = [str(file.relative_to(here)) for file in swept]
    future = holders.from_the_future(here, study)
    told["redated"] = [str(file.relative_to(here)) for file in future]
    code = 0
    for file in swept if not dry else []:
        file.unlink(missing_ok=True)
    for file in future if not dry else []:
        file.touch()
    for command in told["commands"] if not dry else []:
        code = code or subprocess.run(command, stdout=sys.stderr if as_json else None).returncode
    if as_json:
        show_json({**told, "exit_status": None if dry else code})
    elif dry:
        done = [f"remove {file}" for file in told["swept"]]
        done += [f"date {file} now" for file in told["redated"]]
        typer.echo("\n".join([*done, *(" ".join(command) for command in told["commands"])]))
    if code:
        raise typer.Exit(code)


def _snakemake_flags(config: Path, cores: str) -> list[str]:
    from qnnbench.checkout import ROOT, needed

    profile = ROOT / "workflow" / "profiles" / "default"
    return [
        *("--snakefile", str(needed(ROOT / "Snakefile")), "--directory", "."),
        *("--workflow-profile", str(profile), "--configfile", str(config), "--cores", cores),
    ]


def _is_alive(study: str, held: list[str], live: list[Any]) -> str:
    found = [f"process {run.pid}: {run.command}" for run in live]
    found += [f"a process trains from {lock.removesuffix('.lock')}.npz" for lock in held]
    listed = "\n  ".join(found)
    return (
        f"study {study!r} is being run in this folder:\n  {listed}\n"
        "Wait for it; or stop it, then resume again."
    )


def plan(
    config: ConfigFile,
    results: RESULTS = Path("results"),
    cells: Annotated[bool, typer.Option("--cells", help="Every cell, not only stages.")] = False,
    max_cpu_hours: Annotated[
        float | None, typer.Option(help="Show what this budget would drop; default: the config's.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print what every stage of CONFIG will cost, what will not run and why, what is done."""
    from qnnbench.config import load
    from qnnbench.plan import by_stage, n_cells, speed, study_plan, trimmed
    from qnnbench.plan.measured import calibration
    from qnnbench.plan.trim import KEY, dropped

    asked_for, planned = load(config), []
    with progress("counting operations", n_cells(asked_for)) as advance:
        for cell in study_plan(asked_for, results / asked_for["study"]):
            planned.append(cell)
            advance(1)
    hours = max_cpu_hours or asked_for["budgets"].get(KEY)
    if hours:
        planned = trimmed(planned, dropped(asked_for, study_plan(asked_for), hours))
    stages, pace = by_stage(planned, asked_for["budgets"]), speed(planned)
    half, most = calibration().spread()
    basis = {"on": calibration().on, "half_within": half, "nine_in_ten_within": most}
    if as_json:
        told = [{**vars(cell), "left_s": cell.left_s} for cell in planned]
        show_json(
            {
                "study": asked_for["study"],
                "stages": stages,
                "calibration": basis,
                "measured_over_estimated": pace,
                "cells": told,
            }
        )
        return
    _show_stages(asked_for, stages)
    if cells:
        _show_cells(planned)
    _show_stopped(planned)
    _show_sums(stages, basis, pace)


def _show_stages(config: Mapping[str, Any], stages: list[dict[str, Any]]) -> None:
    columns = ("stage", "cells", "done", "skipped", "over budget", "CPU min", "left", "GB")
    show_table(
        columns,
        (
            (
                row["stage"],
                row["n_cells"],
                row["n_done"],
                row["n_skipped"] or "",
                row["n_over_budget"] or "",
                _minutes(row["cpu_s"]),
                _minutes(row["left_s"]),
                "" if row["memory_mb"] is None else f"{row['memory_mb'] / 1e3:.1f}",
            )
            for row in stages
        ),
        f"study {config['study']!r}",
    )
    for row in stages:
        if row["budget_s"] is not None and row["cpu_s"] > row["budget_s"]:
            above = f"is above its budget of {row['budget_s']:g} s, which stops nothing"
            typer.echo(f"{row['stage']} {above}")
        if row["n_uncounted"]:
            typer.echo(f"{row['stage']}: {row['n_uncounted']} cells are not counted")


def _minutes(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds / 60:.2g}"


def _show_cells(planned: list[Any]) -> None:
    columns = ("stage", "name", "width", "runs", "done", "steps", "backend", "CPU min", "status")
    show_table(
        columns,
        (
            (
                *(cell.stage, cell.name, cell.n_qubits, cell.n_runs, cell.n_done),
                *(cell.n_steps or "", cell.backend, _minutes(cell.cpu_s), cell.status),
            )
            for cell in planned
        ),
    )


def _show_stopped(planned: list[Any]) -> None:
    """Print what will not run, cells of one reason together."""
    places: dict[tuple[str, str, str], list[int]] = {}
    for cell in planned:
        if cell.status != "ok":
            place = (cell.name, cell.status, cell.reason)
            places.setdefault(place, []).append(cell.n_qubits)
    for (name, status, reason), widths in places.items():
        wide = ", ".join(map(str, widths))
        typer.echo(f"{status}: {name} at n_qubits {wide}: {reason}")


def _show_sums(stages: list[dict[str, Any]], basis: Mapping[str, Any], pace: float | None) -> None:
    total, left = (sum(row[key] for row in stages) / 3600 for key in ("cpu_s", "left_s"))
    typer.echo(
        f"About {total:.2g} CPU hours, {left:.2g} of them left. Costs are those of {basis['on']}; "
        f"there half of the estimates are within a factor of {basis['half_within']:.1f}, nine in "
        f"ten within {basis['nine_in_ten_within']:.1f}. Steps of training are counted by "
        "operations; what moments, emulators and truncation decline shows only as they run."
    )
    if pace is not None:
        typer.echo(
            f"Cells that are done took {pace:.2g} times their estimate: at that pace "
            f"{left * pace:.2g} CPU hours are left."
        )
