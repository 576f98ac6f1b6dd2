"""What a config gets wrong and where: key paths, lines of the file and of the schema."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from qnnbench.checkout import ROOT, needed
from qnnbench.registry import lookup

SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where it is built

KeyPath = tuple[str | int, ...]
Place = tuple[int, int, str]


@dataclass(frozen=True)
class Problem:
    """One thing a config gets wrong.

    Attributes:
        path: Where.
        text: What.
        schema_line: The line of the schema that says so.
        fault: What is wrong, where that is no place of the config, as in a file of one's own
            that many entries use: the same fault is told once.
    """

    path: KeyPath
    text: str
    schema_line: int | None = None
    fault: str = ""


def validator(schema: Path = SCHEMA) -> jsonschema.protocols.Validator:
    """Return a schema's validator; 8.0 is no width and NaN is no number."""
    draft = jsonschema.Draft202012Validator
    types = draft.TYPE_CHECKER.redefine_many(
        {
            "integer": lambda _, x: isinstance(x, int) and not isinstance(x, bool),
            "number": lambda _, x: (
                (isinstance(x, int) and not isinstance(x, bool))
                or (isinstance(x, float) and math.isfinite(x))
            ),
        }
    )
    strict = jsonschema.validators.extend(draft, type_checker=types)
    return strict(yaml.safe_load(needed(schema).read_text()))


def tree_of(path: str | Path) -> yaml.Node:
    """Return the nodes of a YAML file, which know their lines."""
    text = Path(path).read_text()
    return yaml.compose(text, _Loader) or yaml.MappingNode("tag:yaml.org,2002:map", [])


def explain(error: jsonschema.ValidationError, schema: Path = SCHEMA) -> Iterator[Problem]:
    """Yield the problems of one schema error; an unknown key is one problem each."""
    path, place = tuple(error.absolute_path), list(error.absolute_schema_path)
    rule = error.schema if isinstance(error.schema, Mapping) else {}
    instance: Any = error.instance
    tree = tree_of(schema)
    if error.validator == "additionalProperties":
        allowed = rule["properties"]
        line = _line(tree, [*place[:-1], "properties"])
        for key in instance:
            if key not in allowed:
                yield Problem((*path, key), unknown(allowed, key, "key"), line)
        return
    if "propertyNames" in place:
        path = (*path, instance)
    text = error.message
    if error.validator == "type" and isinstance(instance, str) and _is_number(instance):
        text += f"; YAML reads {instance} as text, write it with a point, as in 1.0e-3"
    if "description" in rule:
        text += f" ({rule['description']})"
    yield Problem(path, text, _line(tree, place))


def unknown(table: Iterable[str], name: str, kind: str) -> str:
    """Return what is wrong with a name that ``table`` may lack; empty where it has it."""
    try:
        return lookup(dict.fromkeys(table), name, kind) or ""
    except ValueError as error:
        return str(error)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def repeated_keys(tree: yaml.Node) -> Iterator[Problem]:
    """Yield keys given twice in one mapping, of which YAML would keep the last in silence."""
    stack: list[tuple[KeyPath, yaml.Node]] = [((), tree)]
    while stack:
        path, node = stack.pop()
        children: list[tuple[Any, yaml.Node]] = []
        if isinstance(node, yaml.MappingNode):
            children = [(key.value, value) for key, value in node.value]
            for key, times in Counter(key for key, _ in children).items():
                if times > 1:
                    yield Problem((*path, key), f"key {key!r} is given {times} times")
        elif isinstance(node, yaml.SequenceNode):
            children = list(enumerate(node.value))
        stack += [((*path, key), child) for key, child in children]


def told_once(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems without those whose fault an earlier one has told."""
    known: set[str] = set()
    kept = []
    for problem in problems:
        if not problem.fault or problem.fault not in known:
            kept.append(problem)
            known.add(problem.fault)
    return kept


def place_of(problem: Problem, trees: Sequence[yaml.Node]) -> Place:
    """Return which file is at fault, its line and what for: an anchor's fault is one."""
    depths = [(len(list(_walk(tree, problem.path))), i) for i, tree in enumerate(trees)]
    _, file = max(depths, default=(0, -1))
    return file, _line(trees[file], problem.path) if trees else 0, problem.text


def render(
    problem: Problem, files: Sequence[str | Path], place: Place, schema: Path = SCHEMA
) -> str:
    """Return the problem in one line: key path, config line, text, schema line."""
    where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in problem.path)
    where = where.lstrip(".") or "top level"
    file, line, text = place
    if file >= 0:
        where += f" ({files[file]}:{line})"
    said = f" [{schema.relative_to(ROOT)}:{problem.schema_line}]" if problem.schema_line else ""
    return f"{where}: {text}{said}"


def _walk(tree: yaml.Node, path: Iterable[str | int]) -> Iterator[tuple[int, yaml.Node]]:
    """Yield the line (from 1) and node at each step of ``path``, as far as it exists.

    A mapping that is but a "$ref" stands for the definition it names.
    """
    node = tree
    for step in path:
        if isinstance(node, yaml.MappingNode):
            pairs = {key.value: (key, value) for key, value in node.value}
            if "$ref" in pairs:
                pointer = pairs["$ref"][1].value.split("/")[1:]
                *_, (_, node) = _walk(tree, pointer)
                pairs = {key.value: (key, value) for key, value in node.value}
            found = pairs.get(str(step))
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            found = (node.value[step],) * 2 if step < len(node.value) else None
        else:
            found = None
        if found is None:
            return
        key, node = found
        yield key.start_mark.line + 1, node


def _line(tree: yaml.Node, path: Iterable[str | int]) -> int:
    return ([1] + [line for line, _ in _walk(tree, path)])[-1]
