"""The results tables: each column with its type, unit and meaning."""

from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from docs.parts.markdown import table
from qnnbench.columns import TABLES

COLUMNS = Path(__file__).with_name("columns.yaml")


def tables() -> str:
    """Return a section per table; columns equal to those of an earlier one are not repeated."""
    return "\n".join(
        f"## `{name}`\n\n{said()['tables'][name]}\n\n{_columns(name)}" for name in TABLES
    )


def meaning(name: str, column: str) -> tuple[str, str]:
    """Return unit and meaning of a column of table ``name``; the unit may be empty.

    Raises:
        KeyError: ``columns.yaml`` does not tell.
    """
    told = said()["columns"]
    found = told.get(f"{name}.{column}", told.get(column))
    if found is None:
        raise KeyError(f"{COLUMNS} does not say what {name}.{column} holds: add a line")
    return ("", found) if isinstance(found, str) else (found[0], found[1])


@cache
def said() -> dict[str, Any]:
    """Return what ``columns.yaml`` says of tables and columns."""
    return yaml.safe_load(COLUMNS.read_text())


def _columns(name: str) -> str:
    first = next(other for other in TABLES if TABLES[other] == TABLES[name])
    if first != name:
        return f"Its columns are those of [`{first}`](#{first}).\n"
    rows = [
        (f"`{column}`", _kind(kind), *meaning(name, column))
        for column, kind in TABLES[name].items()
    ]
    return table(("column", "type", "unit", "meaning"), rows)


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"list of {_kind(kind.value_type)}"
    return {"double": "float64", "bool": "boolean"}.get(str(kind), str(kind))
