"""Commands about finished studies: compare two, and keep their history."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qnnbench.cli.answers import show_json, show_table
from qnnbench.cli.arguments import AsJson

if TYPE_CHECKING:
    from qnnbench.comparison import Comparison
    from qnnbench.comparison.changes import Change

MOST_LISTED = 40


def compare(
    before: Annotated[str, typer.Argument(help="results/STUDY, an archive or a Parquet file.")],
    after: Annotated[str, typer.Argument(help="The same; PATH@VERSION takes one version's rows.")],
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="AFTER may lack rows that BEFORE has.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what changed from BEFORE to AFTER, regressions first, and whether noise explains it.

    Exit code 0: nothing fell or moved beyond noise; 1: something did, or AFTER lacks rows of
    BEFORE; 2: no such results.
    """
    from qnnbench.comparison import compare as compared
    from qnnbench.comparison import read_set

    found = compared(read_set(before), read_set(after), allow_missing)
    if as_json:
        show_json(asdict(found) | {"exit_code": found.exit_code})
    else:
        _print(found)
    raise typer.Exit(found.exit_code)


def _print(found: "Comparison") -> None:
    """Print a comparison: changes beyond noise, what is missing, what is new, and counts."""
    from qnnbench.comparison.changes import KINDS, ONLY_AFTER, ONLY_BEFORE, WITHIN_NOISE

    counted = (ONLY_AFTER, WITHIN_NOISE, *([ONLY_BEFORE] if found.allow_missing else []))
    shown = [change for change in found.changes if change.kind not in counted]
    if shown:
        columns = ("kind", "table", "cell", "what", "95 %", "p")
        show_table(columns, (_row(change) for change in shown[:MOST_LISTED]))
        if len(shown) > MOST_LISTED:
            typer.echo(f"{len(shown) - MOST_LISTED} more: --json tells all.")
    for kind in (ONLY_BEFORE, ONLY_AFTER):
        cells = Counter(change.table for change in found.changes if change.kind == kind)
        if cells:
            told = ", ".join(f"{count} of {table}" for table, count in cells.items())
            is_lost = kind == ONLY_BEFORE and not found.allow_missing
            way = ": coverage is lost (exit code 1; --allow-missing accepts it)" if is_lost else ""
            typer.echo(f"Cells {kind}, whole or in some repeats: {told}{way}.")
    counts = ", ".join(f"{found.count(kind)} {kind}" for kind in KINDS if found.count(kind))
    old, new = found.cpu_time_s
    typer.echo(
        f"{found.n_same} cells are the same{'; ' + counts if counts else ''}. CPU time of the "
        f"cells that both have: {old:,.0f} s, then {new:,.0f} s."
    )


def _row(change: "Change") -> tuple[str, ...]:
    ends = "" if change.lower is None else f"{change.lower:.3g} to {change.upper:.3g}"
    p_value = "" if change.p_value is None else f"{change.p_value:.1g}"
    return change.kind, change.table, change.cell, change.what, ends, p_value


def history(
    results: Annotated[str, typer.Argument(help="results/STUDY, finished.")],
    commit: Annotated[str, typer.Option(help="What was run: a commit's hash or a tag.")],
    date: Annotated[str, typer.Option(help="Of that commit, as 2026-11-28T10:00:00+00:00.")],
    study: Annotated[str, typer.Option(help="Name of the study.")] = "scaling",
    folder: Annotated[
        Path, typer.Option(help="Receives history.parquet, index.html and figures.")
    ] = Path("reports/history"),
    as_json: AsJson = False,
) -> None:
    """Add the headline numbers of RESULTS to a history and draw it anew.

    The same study, commit and config replace what they wrote before.
    """
    from qnnbench.comparison import read_set
    from qnnbench.history import append, headline_rows, write_history

    rows = headline_rows(read_set(results), study, commit, date)
    table = folder / "history.parquet"
    page = write_history(append(table, rows), folder)
    if as_json:
        show_json({"n_numbers": len(rows), "table": str(table), "page": str(page)})
        return
    typer.echo(f"{len(rows)} numbers of {commit[:12]} are in {table}; {page}")
