"""What ``config/claims.yaml`` may say: read it, check all of it at once, name the lines."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from qnnbench.checkout import ROOT
from qnnbench.claims.bounds import BOUNDS
from qnnbench.columns import TABLES
from qnnbench.config.problems import (
    KeyPath,
    Problem,
    explain,
    place_of,
    render,
    repeated_keys,
    tree_of,
    unknown,
    validator,
)

CLAIMS = ROOT / "config" / "claims.yaml"
SCHEMA = ROOT / "workflow" / "schemas" / "claims.schema.yaml"
_OF_ROWS = ("table", "column", "take", "where")


@dataclass(frozen=True)
class Test:
    """What a claim says of rows of one table, or of a published number.

    Attributes:
        says: What holds or does not.
        relation: "above", "below", "at_least", "at_most" or "equal".
        threshold: A number, a text or truth value to equal, a column, or {"bound": name}.
        published: The number, where it is no row's.
        table, where, column, take: Which rows, what of them, and which cell counts.
    """

    says: str
    relation: str
    threshold: Any
    published: float | None = None
    table: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)
    column: str = ""
    take: str = "max"

    @property
    def is_text(self) -> bool:
        """Whether the column holds words or truth values."""
        kind = TABLES[self.table].get(self.column) if self.table else None
        return kind in (pa.string(), pa.bool_())


@dataclass(frozen=True)
class Claim:
    """A card.

    Attributes:
        name: Its id.
        statement, source, would_verify: What is claimed, by whom, what would settle it.
        tests: What rows are asked; none where ``cannot_be_tested`` says why.
        together: Whether one test that fails refutes the claim.
        cannot_be_tested: Why no row can bear on it, or empty.
    """

    name: str
    statement: str
    source: str
    would_verify: str
    tests: tuple[Test, ...]
    together: bool
    cannot_be_tested: str


def load_claims(path: str | Path = CLAIMS) -> tuple[Claim, ...]:
    """Return the claims stored at ``path``.

    Raises:
        FileNotFoundError: No such file.
        ValueError: No YAML mapping, or with every problem: its key path, its line, what is
            allowed, and the line of the schema.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"No claims at {path}. The shipped ones are in config/claims.yaml."
        )
    try:
        content = yaml.safe_load(path.read_text())
        tree = tree_of(path)
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is no YAML: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} must hold a YAML mapping, found {type(content).__name__}")
    problems = [p for e in validator(SCHEMA).iter_errors(content) for p in explain(e, SCHEMA)]
    problems += repeated_keys(tree)
    problems = problems or list(_meaningless(content["claims"]))
    if problems:
        placed = {place_of(problem, [tree]): problem for problem in reversed(problems)}
        lines = [render(placed[place], [path], place, SCHEMA) for place in sorted(placed)]
        many = f"{len(lines)} problems" if len(lines) > 1 else "1 problem"
        raise ValueError("\n  ".join([f"The claims have {many}:", *lines]))
    return tuple(_claim(entry) for entry in content["claims"])


def _meaningless(entries: list[dict[str, Any]]) -> Iterator[Problem]:
    """Yield what the schema cannot see: names given twice, unknown tables, columns, bounds."""
    times = Counter(entry["id"] for entry in entries)
    for i, entry in enumerate(entries):
        path: KeyPath = ("claims", i)
        if times[entry["id"]] > 1:
            yield Problem((*path, "id"), f"{entry['id']!r} names two claims")
        if ("tests" in entry) == ("cannot_be_tested" in entry):
            yield Problem(path, "say either tests or why it cannot_be_tested")
        for j, test in enumerate(entry.get("tests", [])):
            yield from _test_problems((*path, "tests", j), test)


def _test_problems(path: KeyPath, test: dict[str, Any]) -> Iterator[Problem]:
    ((relation, threshold),) = test["is"].items()
    bound = threshold["bound"] if isinstance(threshold, dict) else None
    if bound is not None and (bad := unknown(BOUNDS, bound, "bound")):
        yield Problem((*path, "is", relation), bad)
    if "published" in test:
        if surplus := [key for key in _OF_ROWS if key in test]:
            yield Problem(path, f"a published number is no row: leave {', '.join(surplus)} out")
        elif isinstance(threshold, str):
            yield Problem((*path, "is"), "a published number has no columns: give a number")
        return
    needed = ("table", "column") if "equal" in test["is"] else ("table", "column", "take")
    if missing := [key for key in needed if key not in test]:
        yield Problem(path, f"rows need {', '.join(missing)}; or give a published number")
        return
    if bad := unknown(TABLES, test["table"], "table"):
        yield Problem((*path, "table"), bad)
        return
    columns, kind = TABLES[test["table"]], f"column of table {test['table']!r}"
    named: list[tuple[KeyPath, str]] = [(("where", name), name) for name in test.get("where", {})]
    named.append((("column",), test["column"]))
    if isinstance(threshold, str) and relation != "equal":
        named.append((("is", relation), threshold))
    ranged = {name for name, asked in test.get("where", {}).items() if isinstance(asked, dict)}
    if relation != "equal":
        ranged.add(test["column"])
    for where, name in named:
        if bad := unknown(columns, name, kind):
            yield Problem((*path, *where), bad)
        elif name in ranged and not _is_number(columns[name]):
            yield Problem((*path, *where), f"{name!r} holds no numbers that a bound could be of")
    for name, asked in test.get("where", {}).items():
        if name in columns and (odd := _misfit(columns[name], asked)):
            yield Problem((*path, "where", name), f"{name!r} {odd}")


def _misfit(kind: pa.DataType, asked: Any) -> str:
    """Return why no row of a column can be as asked; empty where one can."""
    values = asked if isinstance(asked, list) else [asked]
    if pa.types.is_string(kind) and any(isinstance(v, int | float) for v in values):
        return f"holds words; found {asked!r}"
    if _is_number(kind) and any(isinstance(v, str) for v in values):
        return f"holds numbers; found {asked!r}"
    return ""


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _claim(entry: dict[str, Any]) -> Claim:
    return Claim(
        name=entry["id"],
        statement=entry["statement"],
        source=entry["source"],
        would_verify=entry["would_verify"],
        tests=tuple(_test(test) for test in entry.get("tests", [])),
        together=entry.get("tests_count") == "together",
        cannot_be_tested=entry.get("cannot_be_tested", ""),
    )


def _test(entry: dict[str, Any]) -> Test:
    ((relation, threshold),) = entry["is"].items()
    known = {key: value for key, value in entry.items() if key != "is"}
    return Test(relation=relation, threshold=threshold, **known)
