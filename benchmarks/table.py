"""The rows as Parquet, and as tables to read."""

import platform
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from rich.table import Table

from benchmarks.cases import CASES, CHECKS
from benchmarks.contenders import CONTENDERS
from benchmarks.race import Row

HEADER = (
    "case",
    "contender",
    "timed",
    "ratio",
    "ratio of first calls ever / later",
    "value error",
    "gradient error",
    "CPU s",
    "first CPU s ever / later",
    "target",
)
BEGIN, END = "<!-- table: written by --publish -->", "<!-- end of table -->"


def keep(path: Path, row: Row) -> None:
    """Put a row into the Parquet file, in place of an older one of the same keys."""
    new = pd.DataFrame([{**asdict(row), **_machine()}])
    if path.exists():
        old, keys = pd.read_parquet(path), ["case", "contender", "mode"]
        is_same = (old[keys] == new.loc[0, keys]).all(axis=1)
        new = pd.concat([old[~is_same], new], ignore_index=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    new.to_parquet(partial, index=False)
    partial.replace(path)


def read(path: Path) -> list[Row]:
    """Return the rows of the Parquet file by case and contender, in the order of their tables."""
    names = [field.name for field in fields(Row)]
    rows = [Row(**record) for record in pd.read_parquet(path)[names].to_dict("records")]
    cases, contenders = list(CASES), list(CONTENDERS)
    known = [row for row in rows if row.case in CASES and row.contender in CONTENDERS]
    return sorted(known, key=lambda r: (cases.index(r.case), contenders.index(r.contender)))


def _machine() -> dict[str, str]:
    return {
        "processor": processor(),
        "python": platform.python_version(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def processor() -> str:
    """Return what this machine calls its processor."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def cells(row: Row) -> list[str]:
    """Return a row as text, one cell per name in ``HEADER``."""
    case, contender = {**CASES, **CHECKS}[row.case], CONTENDERS[row.contender]
    timed = "value" if row.mode == "value" else "value + gradient"
    timed = timed if contender.function == "prepare" else "as named"  # no evaluation
    names = [row.case, contender.label, timed]
    if row.status != "ok":
        return [*names, f"{row.status}: {row.reason}", *[""] * (len(HEADER) - 4)]
    target = case.targets.get(contender.name)
    return [
        *names,
        number(row.ratio, "×"),
        two(row.first_ratio, row.restart_ratio, "×"),
        number(row.value_error),
        number(row.gradient_error),
        number(row.cpu_s),
        two(row.first_cpu_s, row.restart_cpu_s),
        "" if target is None else f"{target:g}",
    ]


def two(ever: float, later: float, unit: str = "") -> str:
    """Return two numbers, or one where they are the same."""
    texts = [number(value, unit) for value in (ever, later)]
    return texts[0] if texts[0] == texts[1] else " / ".join(texts)


def number(value: float, unit: str = "") -> str:
    """Return two digits of a number; nothing for NaN."""
    if np.isnan(value):
        return ""
    if value and not 1e-3 <= value < 9.5e3:
        return f"{value:.1e}{unit}"
    return f"{float(f'{value:.2g}'):g}{unit}"


def as_text(rows: Sequence[Row]) -> Table:
    """Return rows as a table for the terminal."""
    table = Table(*HEADER)
    for before, row in zip([None, *rows], rows, strict=False):
        if before is not None and before.case != row.case:
            table.add_section()
        table.add_row(*cells(row))
    return table


def as_markdown(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table."""
    lines = [HEADER, ["---"] * len(HEADER), *map(cells, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def publish(rows: Sequence[Row], readme: Path) -> None:
    """Write the table between the two marks of a Markdown file.

    Raises:
        ValueError: The file lacks the marks.
    """
    before, begin, rest = readme.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{readme} needs the lines {BEGIN!r} and {END!r}")
    readme.write_text(f"{before}{BEGIN}\n{as_markdown(rows)}\n{END}{after}")
