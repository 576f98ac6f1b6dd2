"""How commands answer: tables, facts, JSON, progress on standard error, errors in words."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

WHOLE = 12  # letters of a cell that are never broken
ABOUT_THE_INPUT = (ValueError, TypeError, OSError, ModuleNotFoundError)


def explained(command: Callable[..., None]) -> Callable[..., None]:
    """Return ``command`` with errors about its input as their message and exit status 2."""

    @wraps(command)
    def answering(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except ABOUT_THE_INPUT as error:
            Console(stderr=True).print(
                f"Error: {error}", markup=False, highlight=False, soft_wrap=True
            )
            raise typer.Exit(2) from None

    return answering


def show_json(content: Any) -> None:
    """Print ``content`` as JSON: numbers of numpy as numbers, infinities and NaN as text."""
    typer.echo(json.dumps(_plain(content), allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | None) else str(value)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "") -> None:
    """Print a table in which nothing is cut off: what is too long goes on below, numbers whole."""
    rows = [["" if value is None else str(value) for value in row] for row in rows]
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for i, column in enumerate(columns):
        is_whole = i == 0 or all(len(row[i]) <= WHOLE for row in rows)
        table.add_column(column, overflow="fold", no_wrap=is_whole)
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def show_facts(facts: Mapping[str, Any], title: str = "", width: int = 16) -> None:
    """Print one name and value per line, below a title if there is one."""
    if title:
        Console().print(f"[bold]{title}[/bold]")
    for name, value in facts.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        line = f"{'  ' if title else ''}{name:<{width}} {text}"
        Console().print(line.rstrip(), markup=False, highlight=False, soft_wrap=True)


@contextmanager
def progress(doing: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Yield what moves a bar on standard error by some steps; off where that is no terminal.

    Args:
        doing: What takes long.
        total: Steps it takes; None where that is not known.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda steps: bar.advance(task, steps)
