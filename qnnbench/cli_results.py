"""Commands about finished studies: compare two, and keep their history."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from qnnbench.comparison import Comparison

MOST_LISTED = 40


def register(app: typer.Typer) -> None:
    """Add the commands of this module to ``app``."""
    app.command()(compare)
    app.command()(history)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn an error about the input into its message and exit code 2."""
    try:
        yield
    except (ValueError, OSError) as error:
        Console(stderr=True).print(f"Error: {error}", markup=False, soft_wrap=True)
        raise typer.Exit(2) from None


def compare(
    before: Annotated[str, typer.Argument(help="results/STUDY, an archive or a Parquet file.")],
    after: Annotated[str, typer.Argument(help="The same; PATH@VERSION takes one version's rows.")],
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable, all of it.")] = False,
) -> None:
    """Say what changed from BEFORE to AFTER, regressions first, and whether noise explains it.

    Exit code 0: nothing fell or moved beyond noise; 1: something did; 2: no such results.
    """
    from qnnbench.comparison import compare as compared
    from qnnbench.comparison import read_set

    with _explained():
        found = compared(read_set(before), read_set(after))
    if as_json:
        told = asdict(found) | {"exit_code": found.exit_code}
        told["changes"] = [{k: _plain(v) for k, v in c.items()} for c in told["changes"]]
        typer.echo(json.dumps(told, ensure_ascii=False, allow_nan=False))
    else:
        _print(found)
    raise typer.Exit(found.exit_code)


def _plain(value: Any) -> Any:
    """Return a JSON value: JSON has no infinity and no NaN, so they become text."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _print(found: "Comparison") -> None:
    """Print a comparison: changes beyond noise, rows of one set only, and counts."""
    from qnnbench.comparison.changes import KINDS, ONLY_AFTER, ONLY_BEFORE, WITHIN_NOISE

    console = Console()
    counted = (ONLY_BEFORE, ONLY_AFTER, WITHIN_NOISE)
    shown = [change for change in found.changes if change.kind not in counted]
    if shown:
        table = Table("kind", "table", "cell", "what", "95 %", "p")
        for change in shown[:MOST_LISTED]:
            ends = "" if change.lower is None else f"{change.lower:.3g} to {change.upper:.3g}"
            p_value = "" if change.p_value is None else f"{change.p_value:.1g}"
            table.add_row(change.kind, change.table, change.cell, change.what, ends, p_value)
        console.print(table)
        if len(shown) > MOST_LISTED:
            console.print(f"{len(shown) - MOST_LISTED} more: --json tells all.")
    for kind in (ONLY_BEFORE, ONLY_AFTER):
        cells = Counter(change.table for change in found.changes if change.kind == kind)
        if cells:
            told = ", ".join(f"{count} of {table}" for table, count in cells.items())
            console.print(f"Cells {kind}: {told}.", soft_wrap=True)
    counts = ", ".join(f"{found.count(kind)} {kind}" for kind in KINDS if found.count(kind))
    old, new = found.cpu_time_s
    console.print(
        f"{found.n_same} cells are the same{'; ' + counts if counts else ''}. CPU time of the "
        f"cells that both have: {old:,.0f} s, then {new:,.0f} s.",
        soft_wrap=True,
    )


def history(
    results: Annotated[str, typer.Argument(help="results/STUDY, finished.")],
    commit: Annotated[str, typer.Option(help="What was run: a commit's hash or a tag.")],
    date: Annotated[str, typer.Option(help="Of that commit, as 2026-11-28T10:00:00+00:00.")],
    study: Annotated[str, typer.Option(help="Name of the study.")] = "scaling",
    folder: Annotated[
        Path, typer.Option(help="Receives history.parquet, index.html and figures.")
    ] = Path("reports/history"),
) -> None:
    """Add the headline numbers of RESULTS to a history and draw it anew.

    The same study, commit and config replace what they wrote before.
    """
    from qnnbench.comparison import read_set
    from qnnbench.history import append, headline_rows, write_history

    with _explained():
        rows = headline_rows(read_set(results), study, commit, date)
        known = append(folder / "history.parquet", rows)
        page = write_history(known, folder)
    typer.echo(f"{len(rows)} numbers of {commit[:12]} are in {folder / 'history.parquet'}; {page}")
