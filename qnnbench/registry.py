"""Look a name up in a literal table, with an error that helps."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeVar

Entry = TypeVar("Entry")


def lookup(table: Mapping[str, Entry], name: str, kind: str) -> Entry:
    """Return ``table[name]``.

    Args:
        table: Names to entries.
        name: What was asked for.
        kind: What an entry is, for the message: "ansatz", "dataset", "backend", ...

    Raises:
        ValueError: No such name; the message holds near misses and all known names.
    """
    if name in table:
        return table[name]
    near = get_close_matches(str(name), table, n=2)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    raise ValueError(f"No {kind} named {name!r}.{hint} Known: {sorted(table)}.")
