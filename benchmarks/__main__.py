"""``python -m benchmarks``: run the races, print the table, keep the rows."""

import json
from dataclasses import asdict
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from benchmarks import figure, table
from benchmarks.cases import CASES, CHECKS, Case
from benchmarks.contenders import CONTENDERS
from benchmarks.race import ROOT, Race, Row
from qnnbench.registry import lookup

ROWS = ROOT / "results" / "benchmarks" / "timings.parquet"
README = ROOT / "benchmarks" / "README.md"
WIDTH = 150
FIGURE = ROOT / "docs" / "benchmarks.png"


def chosen_cases(names: list[str] | None, quick: bool, check: bool) -> list[Case]:
    """Return the cases asked for; all if none is named."""
    known = CHECKS if check else CASES
    if names:
        return [lookup(known, name, "case") for name in names]
    return [case for case in known.values() if case.is_quick or not quick]


def is_wrong(row: Row) -> bool:
    """Whether a self-check failed: no answer, or an error above what the contender claims."""
    largest = np.nanmax([row.value_error, row.gradient_error, 0.0])
    if row.status == "ok":
        return bool(largest > CONTENDERS[row.contender].tolerance)
    return row.status != "declined"


def main(
    case: Annotated[list[str] | None, typer.Option(help="Only these.")] = None,
    contender: Annotated[list[str] | None, typer.Option(help="Only these.")] = None,
    turns: Annotated[int, typer.Option(min=1, help="Calls after the first.")] = 5,
    budget: Annotated[float, typer.Option(min=1, help="CPU seconds that a call may take.")] = 120,
    quick: Annotated[bool, typer.Option(help="Only the cases that take seconds.")] = False,
    check: Annotated[bool, typer.Option(help="No timing: compare all peers at 6 qubits.")] = False,
    publish: Annotated[bool, typer.Option(help="Write kept rows to README and docs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Rows as JSON lines.")] = False,
) -> None:
    """Time our backends and their peers in turn; ratios are what counts."""
    out, progress = Console(width=WIDTH), Console(stderr=True, soft_wrap=True)
    if publish:
        kept = table.read(ROWS)
        table.publish(kept, README)
        figure.draw(kept, FIGURE)
        return
    wanted = [lookup(CONTENDERS, name, "contender").name for name in contender or CONTENDERS]
    rows = []
    for each in chosen_cases(case, quick, check):
        names = [name for name in (*each.own, *each.peers) if name in wanted]
        for row in Race(each, 1 if check else turns, budget).rows(names):
            rows.append(row)
            progress.print(" ".join(table.cells(row)), highlight=False)
            if as_json:
                out.print(json.dumps(asdict(row)), soft_wrap=True, highlight=False, markup=False)
            if not check:
                table.keep(ROWS, row)
    if check and any(map(is_wrong, rows)):
        progress.print("Wrong:", [f"{r.contender} on {r.case}" for r in rows if is_wrong(r)])
        raise typer.Exit(1)
    if not as_json:
        out.print(table.as_text(rows))


if __name__ == "__main__":
    typer.run(main)
