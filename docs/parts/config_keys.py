"""The keys of a config, as its schema has them."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from docs.parts.markdown import table
from qnnbench.config import SCHEMA

KINDS = ("count", "positive", "name", "names", "name_or_file")  # they say a kind, no meaning
NAMES = {  # keys that mean the same wherever they stand
    "curve": "Name of the curve, in rows and legends.",
    "arm": "Name of the arm, in rows and legends.",
    "task": "What is trained for; the page on tasks lists them.",
    "dataset": "Which dataset of this config.",
    "ansatz": "Which circuit family; the page on ansätze lists them.",
}

Node = Mapping[str, Any]


def config_keys() -> str:
    """Return a section per mapping of a config, from the outside inwards.

    Raises:
        KeyError: A key without a description in the schema.
    """
    schema = yaml.safe_load(SCHEMA.read_text())
    return "\n".join(Keys(schema).sections())


class Keys:
    """The schema of configs, read as a reference."""

    def __init__(self, schema: Node) -> None:
        self._schema = schema
        self._met: list[Node] = []

    def sections(self) -> Iterator[str]:
        """Yield a section per mapping: what it is, and a table of its keys."""
        for title, node in self._mappings(self._schema, "", ""):
            head = f"## {title or 'The whole config'}\n\n{node.get('description', '')}\n\n"
            rows = [
                (f"`{key}`", self._kind(value), self._said(title, key, value), _needed(node, key))
                for key, value in node["properties"].items()
            ]
            yield head + table(("key", "value", "meaning", "needed"), rows)

    def _mappings(self, node: Node, path: str, where: str) -> Iterator[tuple[str, Node]]:
        """Yield each mapping with keys of its own once, with the path that leads to it."""
        node = self._resolved(node)
        if "properties" in node and node not in self._met:
            self._met.append(node)
            yield f"`{path}`{where}" if path else "", node
            for key, value in node["properties"].items():
                yield from self._mappings(value, f"{path}.{key}".lstrip("."), where)
        if isinstance(node.get("additionalProperties"), Mapping):
            yield from self._mappings(node["additionalProperties"], f"{path}.NAME", where)
        if "items" in node:
            yield from self._mappings(node["items"], f"{path}[]", where)
        for branch in node.get("anyOf", ()):
            yield from self._mappings(branch, path, where)
        chosen = node.get("if", {}).get("properties", {}).get("task", {})
        chosen_at = f", task `{chosen['const']}`" if chosen else where
        for branch, place in (("else", where), ("then", chosen_at)):
            if branch in node:
                yield from self._mappings(node[branch], path, place)

    def _resolved(self, node: Node) -> Node:
        while "$ref" in node:
            node = self._schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
        return node

    def _said(self, title: str, key: str, value: Node) -> str:
        if "description" in value or key in NAMES:
            return value.get("description", NAMES.get(key))
        named = value.get("$ref", "").rsplit("/", 1)[-1]
        told = self._resolved(value).get("description")
        if told is None or named in KINDS:
            raise KeyError(f"{SCHEMA} has no description of key {key!r} of {title}: add one")
        return told

    def _kind(self, node: Node) -> str:
        """Return which values a key takes, in words."""
        node = self._resolved(node)
        if "const" in node or "enum" in node:
            values = node.get("enum", [node.get("const")])
            return ", ".join(f"`{'true' if value is True else value}`" for value in values)
        if "anyOf" in node:
            return " or ".join(self._kind(branch) for branch in node["anyOf"])
        if "allOf" in node and "type" not in node:
            return self._kind(node["allOf"][0])
        if "if" in node and "type" not in node:
            branches = (self._kind(node["else"]), self._kind(node["then"]))
            return " or ".join(dict.fromkeys(branches))
        types = node.get("type", "array")  # a branch that only lists items
        types = types if isinstance(types, list) else [types]
        return " or ".join(self._of_type(node, one) for one in types)

    def _of_type(self, node: Node, name: str) -> str:
        if name == "array":
            return f"list of {self._kind(node['items'])}"
        if name == "object":
            return "mapping"
        if name == "string" and "pattern" in node:
            return "name"
        word = {"string": "text", "boolean": "`true` or `false`"}.get(name, name)
        if name in ("integer", "number"):
            word += f" ≥ {node['minimum']}" if "minimum" in node else ""
            word += f" > {node['exclusiveMinimum']}" if "exclusiveMinimum" in node else ""
        return word


def _needed(node: Node, key: str) -> str:
    """Return whether a key of a mapping is needed: always, or beside which other key."""
    if key in node.get("required", ()):
        return "yes"
    if key in node.get("else", {}).get("required", ()):
        return f"without `{node['if']['required'][0]}`"
    beside = [other for other, needs in node.get("dependentRequired", {}).items() if key in needs]
    for rule in node.get("allOf", ()):
        if key in rule.get("then", {}).get("required", ()):
            beside += rule["if"]["required"]
    return f"with `{beside[0]}`" if beside else ""
