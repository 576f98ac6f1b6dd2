"""The command that trains one arm without a study; a stopped one goes on where it was."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qnnbench.cli import names
from qnnbench.cli.answers import progress, show_json, show_table
from qnnbench.cli.arguments import AnsatzName, AsJson, Options, options_of
from qnnbench.cli.states import DatasetName, DatasetOptions, DatasetWidth, Seed, states_of

if TYPE_CHECKING:
    from qnnbench.states.samples import Dataset

TASKS = ("classification", "compression", "regression", "preparation")

Tables = dict[str, list[dict[str, Any]]]


def train(
    ansatz: AnsatzName,
    name: DatasetName,
    n_qubits: DatasetWidth = None,
    task: Annotated[
        str,
        typer.Option(
            help="classification, compression, regression or preparation.",
            autocompletion=names.tasks,
        ),
    ] = "classification",
    loss: Annotated[
        str | None,
        typer.Option(
            help="One of the task's; its first if left out.", autocompletion=names.losses
        ),
    ] = None,
    steps: Annotated[int, typer.Option(help="Optimiser steps.")] = 100,
    rate: Annotated[
        list[float] | None,
        typer.Option(help="Learning rate, 0.05 if left out; several are a grid."),
    ] = None,
    optimiser: Annotated[str, typer.Option(help="adam, spsa or cma.")] = "adam",
    repeats: Annotated[int, typer.Option(help="Runs from other first angles.")] = 1,
    option: Options = None,
    dataset_option: DatasetOptions = None,
    angles: Annotated[str, typer.Option(help="Law of the first angles.")] = "gaussian",
    std: Annotated[float, typer.Option(help="Of gaussian angles, in radians.")] = 0.1,
    batch_size: Annotated[int, typer.Option(help="States per step.")] = 16,
    shots: Annotated[
        int | None, typer.Option(help="Outcomes behind each number the optimiser is told.")
    ] = None,
    max_bond_dim: Annotated[int, typer.Option(help="Operator bonds double up to this.")] = 64,
    max_seconds: Annotated[
        float, typer.Option(help="By operation count, of one repeat; more is not begun.")
    ] = 3600.0,
    max_gb: Annotated[float, typer.Option(help="Memory of one step, likewise.")] = 8.0,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the rows: runs, steps, scores.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train an ansatz on a dataset at one width, and score it beside the untrained network.

    The state of training is kept every 20 s in checkpoints/: the same command goes on with it.
    Exit status 1 where truncation could have made the score.
    """
    _check_choices(ansatz, options_of(option), n_qubits or 8, task, loss, optimiser)
    data = states_of(name, n_qubits, dataset_option, seed=seed)
    law = {"law": angles, "std": std} if angles == "gaussian" else {"law": angles}
    arm = {
        "arm": f"{ansatz}_{data.name}",
        "task": task,
        "dataset": data.name,
        "ansatz": ansatz,
        "options": options_of(option),
        "angles": law,
        "repeats": repeats,
        "n_steps": steps,
        "learning_rate": (rate or [0.05])[0] if len(rate or [0.05]) == 1 else rate,
        "batch_size": batch_size,
        "max_bond_dim": max_bond_dim,
        "optimiser": optimiser,
        **({"loss": loss} if loss else {}),
        **({"n_shots": shots} if shots else {}),
    }
    tables = _trained(arm, data, seed, {"seconds": max_seconds, "memory_bytes": 1e9 * max_gb})
    if out is not None:
        _write(out, tables)
    stopped = [row for row in tables["runs"] if row["status"] in ("skipped", "over_budget")]
    if stopped:
        raise ValueError(f"not trained, {stopped[0]['status']}: {stopped[0]['reason']}")
    if as_json:
        show_json({name: tables[name] for name in ("runs", "scores")})
    else:
        _show(arm, data, tables)
    if failed := [row for row in tables["scores"] if row["status"] == "failed"]:
        typer.echo(f"the score may be one of truncation: {failed[0]['reason']}", err=True)
        raise typer.Exit(1)


def _check_choices(
    ansatz: str,
    options: Mapping[str, Any],
    n_qubits: int,
    task: str,
    loss: str | None,
    optimiser: str,
) -> None:
    """Refuse what no arm can be before states are made, which may take minutes."""
    from qnnbench.circuits.ansatze import build_ansatz
    from qnnbench.registry import lookup
    from qnnbench.tasks import task_loss
    from qnnbench.training.optimisers import OPTIMISERS

    lookup(dict.fromkeys(TASKS), task, "task that trains an ansatz")
    lookup(OPTIMISERS, optimiser, "optimiser")
    task_loss(task, loss or "", build_ansatz(ansatz, n_qubits, **options))


def _trained(
    arm: Mapping[str, Any], data: "Dataset", seed: int, budget: Mapping[str, float]
) -> Tables:
    """Return the rows of an arm as a study would write them, from a checkpoint if there is one."""
    from qnnbench.backends import Limits
    from qnnbench.results import digest
    from qnnbench.study import checkpoint_folder, identified, source
    from qnnbench.tasks.ceilings import above_ceiling
    from qnnbench.training import forget, train_arm
    from qnnbench.training.settings import rates_of

    made = data.details
    cell = {
        "n_qubits": data.n_qubits,
        "seed": seed,
        "states": {
            "dataset": data.name,
            "family": data.name,
            "n_qubits": data.n_qubits,
            "options": {**made["options"], "splits": digest(data.splits.tolist())},
            "seed": made["seed"],
        },
        "arm": dict(arm),
        "budget": dict(budget),
    }
    folder = checkpoint_folder(cell)
    total = arm["repeats"] * len(rates_of(arm)) * arm["n_steps"]
    try:
        with progress(f"training {arm['arm']}", total) as advance, _steps_told(advance):
            tables = train_arm(
                arm,
                data,
                n_qubits=data.n_qubits,
                seed=seed,
                checkpoint_dir=folder,
                budget=Limits(**budget),
            )
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on from the last checkpoint.", err=True)
        raise typer.Exit(130) from None
    if broken := above_ceiling(tables["scores"]):
        raise ValueError("\n".join(broken))
    config = {"study": "train", "seed": seed, "training": [dict(arm)]}
    made_by = source("training")
    found = {table: identified(rows, cell, config, made_by) for table, rows in tables.items()}
    forget(folder)
    return found


@contextmanager
def _steps_told(advance: Any) -> Iterator[None]:
    """Move a bar with each step that the training loop tells its logger."""
    logger = logging.getLogger("qnnbench.training.loop")
    handler = _Bar(advance)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


class _Bar(logging.Handler):
    """Advances by the steps that a record says were taken."""

    def __init__(self, advance: Any) -> None:
        super().__init__(logging.DEBUG)
        self._advance = advance

    def emit(self, record: logging.LogRecord) -> None:
        self._advance(getattr(record, "steps", 0))


def _write(folder: Path, tables: Tables) -> None:
    from qnnbench.results import write_rows

    for table, rows in tables.items():
        write_rows(folder / f"{table}.parquet", table, rows)


def _show(arm: Mapping[str, Any], data: "Dataset", tables: Tables) -> None:
    run = tables["runs"][0]
    show_table(
        ("metric", "repeat", "score, 95 % interval", "untrained", "chance", "ceiling"),
        (
            (
                row["metric"],
                row["repeat"],
                f"{_number(row['value'])} [{_number(row['lower'])}, {_number(row['upper'])}]",
                _number(row.get("untrained_value")),
                _number(row.get("chance")),
                _number(row.get("ceiling")),
            )
            for row in tables["scores"]
        ),
        f"{arm['ansatz']} on {data.name} at n_qubits={data.n_qubits}: {arm['task']}",
    )
    spent = sum(row["cpu_time_s"] for row in tables["runs"])
    typer.echo(
        f"{run['n_steps']} steps of {run['loss_name']} by {run['backend']}, "
        f"{run['n_symbols']} angles, {spent:.3g} CPU s."
    )


def _number(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.3g}"
