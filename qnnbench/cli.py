"""The command line: check a config, list what exists, ask for the moments of a circuit."""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.table import Table

from qnnbench import cli_results, study
from qnnbench.config import law_of, load

app = typer.Typer(
    help="At which width does a quantum neural network stop training, and why?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
cli_results.register(app)


class Kind(StrEnum):
    """What can be listed."""

    ANSATZE = "ansatze"
    DATASETS = "datasets"
    TASKS = "tasks"
    BACKENDS = "backends"


@contextmanager
def explained() -> Iterator[None]:
    """Turn an error about the input into its message and exit code 2."""
    try:
        yield
    except (ValueError, TypeError, OSError) as error:
        Console(stderr=True).print(f"Error: {error}", markup=False, soft_wrap=True)
        raise typer.Exit(2) from None


@app.command()
def check(config: Annotated[Path, typer.Argument(help="A config, as in config/.")]) -> None:
    """Check CONFIG and show what it asks for, stage by stage."""
    with explained():
        asked_for = load(config)
    table = Table("stage", title=f"study {asked_for['study']!r}")
    for column in ("name", "widths", "jobs", "cells"):
        table.add_column(column, overflow="fold")
    for stage in ("datasets", "certificates", "trainability", "training"):
        asked = study.jobs(asked_for, stage)
        jobs = Counter(name for name, _ in asked)
        cells = Counter(n for n, b in asked for _ in study.cells(asked_for, stage, n, b))
        for name, entry in study.entries(asked_for, stage).items():
            widths = sorted(entry["widths"])
            count = cells[name] * entry.get("repeats", 1)
            table.add_row(stage, name, ", ".join(map(str, widths)), str(jobs[name]), str(count))
    Console().print(table)


@app.command()
def plan(
    config: Annotated[Path, typer.Argument(help="A config, as in config/.")],
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Print what training the arms of CONFIG will cost, by operation count."""
    from qnnbench.plan import training_plan

    with explained():
        rows = list(training_plan(load(config)))
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table("arm", "width", "runs", "steps", "backend", "CPU minutes", "status")
    for row in rows:
        minutes = "" if row["seconds"] is None else f"{row['seconds'] / 60:.2g}"
        cells = (row["arm"], row["n_qubits"], row["n_runs"], row["n_steps"] or "", row["backend"])
        table.add_row(*map(str, cells), minutes, row["status"])
    Console().print(table)
    total = sum(row["seconds"] or 0.0 for row in rows)
    runs = sum(row["n_runs"] for row in rows if row["status"] == "ok")
    typer.echo(
        f"{runs} runs, about {total / 3600:.2g} CPU hours of optimiser steps by operation count; "
        "validation and scores come on top."
    )


@app.command("list")
def list_entries(
    kind: Annotated[Kind | None, typer.Argument(help="All if left out.")] = None,
) -> None:
    """List the ansätze, datasets, tasks and backends by name."""
    for one in [kind] if kind else list(Kind):
        table = _table_of(one)
        Console().print(f"[bold]{one}[/bold]")
        for name, entry in table.items():
            said = getattr(entry, "source", None) or ""
            Console().print(f"  {name:<16} {said}", markup=False, highlight=False, soft_wrap=True)


def _table_of(kind: Kind) -> Mapping[str, Any]:
    if kind is Kind.ANSATZE:
        from qnnbench.circuits.ansatze import ANSATZE

        return ANSATZE
    if kind is Kind.DATASETS:
        from qnnbench.states.datasets import DATASETS

        return DATASETS
    if kind is Kind.TASKS:
        from qnnbench.tasks import TASKS

        return TASKS
    from qnnbench.backends import BACKENDS

    return BACKENDS


@app.command()
def moments(
    ansatz: Annotated[str, typer.Argument(help="A name from: qnnbench list ansatze.")],
    n_qubits: Annotated[int, typer.Argument(help="Width, 2 or more.")],
    option: Annotated[list[str] | None, typer.Option(help="Of the ansatz, NAME=VALUE.")] = None,
    angles: Annotated[
        str, typer.Option(help="A law, as uniform, gaussian, gaussian_1_over_l, haar_blocks.")
    ] = "uniform",
    std: Annotated[
        float | None, typer.Option(help="Of gaussian angles, in radians; 0.1 if left out.")
    ] = None,
    observable_index: Annotated[int, typer.Option(help="Which observable, from 0.")] = 0,
    contrast: Annotated[
        str | None, typer.Option(help="A dataset: moments of C on one class minus the other.")
    ] = None,
    samples: Annotated[
        int, typer.Option(help="Draws of all angles where no exact method applies.")
    ] = 0,
    sampled: Annotated[bool, typer.Option("--sampled", help="Draw them in any case.")] = False,
    seed: Annotated[int, typer.Option(help="Of the draws, and of the dataset.")] = 0,
    tolerance: Annotated[float, typer.Option(help="Relative error to aim for.")] = 1e-3,
    max_bond_dim: Annotated[int, typer.Option(help="Bonds double up to this.")] = 256,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Print the second moments of an ansatz over random angles: exact, or sampled."""
    import numpy as np

    from qnnbench.circuits.ansatze import build_ansatz
    from qnnbench.moments.rows import class_representatives, trainability_row
    from qnnbench.states.datasets import build_dataset

    with explained():
        network = build_ansatz(ansatz, n_qubits, **_options(option or []))
        law = angles if std is None else {"law": angles, "std": std}
        states = contrast and class_representatives(build_dataset(contrast, n_qubits, seed=seed))
        row = trainability_row(
            network,
            observable_index=observable_index,
            angles=law_of(law, n_qubits, network.n_layers),
            contrast=states or None,
            tolerance=tolerance,
            max_bond_dim=max_bond_dim,
            n_samples=samples,
            sampled=sampled,
            rng=np.random.default_rng(seed),
        )
    if as_json:
        typer.echo(json.dumps({name: _plain(value) for name, value in row.items()}))
        return
    for name, value in row.items():
        if not isinstance(value, list):
            Console().print(f"{name:<30} {value}", markup=False, highlight=False)


@app.command()
def dataset(
    file: Annotated[
        Path, typer.Argument(help="A dataset, as results/states/spt_path/n8.parquet.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Print the data card of FILE and what it holds, after checking every number in it."""
    from qnnbench.states.storage import dataset_row, read_card, read_dataset

    with explained():
        data = read_dataset(file)
        facts = read_card(file)
        rows = dataset_row(data, file)
    rows["n_noiseless"] = len(data.noiseless.states) if data.noiseless else 0
    rows["n_by_label"] = {str(k): n for k, n in sorted(Counter(data.labels.tolist()).items())}
    rows["schema_version"] = facts["schema_version"]
    told = {"holds": rows, "made with": facts["details"], "data card": facts["family"]}
    if as_json:
        typer.echo(json.dumps(told))
        return
    for title, part in told.items():
        Console().print(f"[bold]{title}[/bold]")
        for name, value in part.items():
            Console().print(f"  {name:<16} {value}", markup=False, highlight=False, soft_wrap=True)


@app.command()
def export(
    file: Annotated[
        Path, typer.Argument(help="A dataset, as results/states/spt_path/n8.parquet.")
    ],
    index: Annotated[int, typer.Argument(help="Row from 0: samples, then noiseless states.")],
    form: Annotated[str, typer.Option("--format", help="cirq, qasm3, quimb or statevector.")],
    out: Annotated[Path | None, typer.Option(help="File; standard output if left out.")] = None,
) -> None:
    """Write one state of FILE as a circuit or in another package's form.

    cirq is Cirq's JSON, qasm3 OpenQASM 3.0, quimb an .npz of its arrays (left, 2, right),
    statevector an .npy. A mixture makes a file per member, OUT with -0, -1, … before the
    suffix; the weight of each is printed.
    """
    from qnnbench.states.exports import FORMATS, exported
    from qnnbench.states.storage import read_state

    with explained():
        made = exported(read_state(file, index), form)
        if out is None and len(made) > 1:
            raise ValueError(
                f"state {index} of {file} is a mixture of {len(made)} members: a file each. "
                "Give a name with --out."
            )
        for member, (weight, one) in enumerate(made):
            content = FORMATS[form].encode(one)
            if out is None:
                typer.echo(content, nl=False)
                continue
            name = out if len(made) == 1 else out.with_stem(f"{out.stem}-{member}")
            name.write_bytes(content)
            typer.echo(f"{weight!r} {name}")


@app.command()
def circuit(
    ansatz: Annotated[str, typer.Argument(help="A name from: qnnbench list ansatze.")],
    n_qubits: Annotated[int, typer.Argument(help="Width, 2 or more.")],
    form: Annotated[str, typer.Option("--format", help="qasm3, cirq, qpy or pytket.")] = "qasm3",
    option: Annotated[list[str] | None, typer.Option(help="Of the ansatz, NAME=VALUE.")] = None,
    released: Annotated[
        bool, typer.Option("--released", help="The trained angles of the package.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="File; standard output if left out.")] = None,
) -> None:
    """Write the circuit of an ansatz, its angles open or trained, for another package."""
    from qnnbench.circuits.ansatze import build_ansatz
    from qnnbench.circuits.exports import FORMATS
    from qnnbench.registry import lookup
    from qnnbench.released import trained

    with explained():
        told = lookup(FORMATS, form, "format of a circuit")
        if released and option:
            raise ValueError("a released network has its own options: leave --option out")
        if told.extra and not released:
            raise ValueError(f"{form} is written with numbers: add --released, or take qasm3")
        known = trained(ansatz, n_qubits) if released else None
        options = _options(option or [])
        network = known.network if known else build_ansatz(ansatz, n_qubits, **options)
        try:
            content = told.make(network, *([known.params] if known else []))
        except ModuleNotFoundError as missing:
            raise ValueError(f"{missing}. Run pip install 'qnnbench[{told.extra}]'.") from missing
        if out is None and isinstance(content, bytes):
            raise ValueError(f"{form} is no text: name a file with --out")
    if out is None:
        typer.echo(content, nl=False)
    else:
        out.write_bytes(content if isinstance(content, bytes) else content.encode())


@app.command("dry-run")
def dry_run_of(
    ansatz: Annotated[str, typer.Argument(help="A name from: qnnbench list ansatze.")],
    n_qubits: Annotated[int, typer.Argument(help="Width, 2 or more.")],
    vendor: Annotated[str, typer.Option(help="quantinuum, ibm or emulator.")] = "quantinuum",
    device: Annotated[str, typer.Option(help="One of the vendor's, as H2-1.")] = "H2-1",
    shots: Annotated[int, typer.Option(help="Of one circuit.")] = 1000,
    option: Annotated[list[str] | None, typer.Option(help="Of the ansatz, NAME=VALUE.")] = None,
    pooling: Annotated[str, typer.Option(help="feed_forward or coherent.")] = "feed_forward",
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Print what a circuit takes and costs on a machine, and whether its gradient is visible.

    The input is |0…0>, the angles are drawn; nothing is sent.
    """
    import numpy as np

    from qnnbench.circuits.ansatze import build_ansatz
    from qnnbench.hardware.dry_run import dry_run
    from qnnbench.hardware.vendors import published, vendor_named

    with explained():
        network = build_ansatz(ansatz, n_qubits, **_options(option or []))
        params = np.random.default_rng(0).uniform(0, 2 * np.pi, len(network.symbols))
        told = vendor_named(vendor, Path("jobs"))
        row = dry_run(network, params, told, device, published(device), shots, pooling=pooling)
    if as_json:
        typer.echo(json.dumps({name: _plain(value) for name, value in row.items()}))
        return
    for name, value in row.items():
        Console().print(f"{name:<30} {value}", markup=False, highlight=False)


def _options(pairs: list[str]) -> dict[str, Any]:
    """Return options from NAME=VALUE texts; values are read as YAML."""
    for pair in pairs:
        if "=" not in pair:
            raise ValueError(f"an option is NAME=VALUE, got {pair!r}")
    return {name: yaml.safe_load(value) for name, value in (p.split("=", 1) for p in pairs)}


def _plain(value: Any) -> Any:
    """Return a JSON value: JSON has no infinity and no NaN, so they become text."""
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
