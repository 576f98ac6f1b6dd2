"""The names in literal tables, read from their source text: completion cannot wait for Cirq."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def ansatze() -> list[str]:
    """Return the keys of ``ANSATZE``."""
    return entries_named("circuits/ansatze/__init__.py", "Ansatz")


def datasets() -> list[str]:
    """Return the keys of ``DATASETS``."""
    return entries_named("states/families", "DatasetFamily")


def tasks() -> list[str]:
    """Return the keys of ``TASKS``."""
    return entries_named("tasks/__init__.py", "Task")


def backends() -> list[str]:
    """Return the keys of ``BACKENDS``."""
    return entries_named("backends/choice.py", "Backend")


def rivals() -> list[str]:
    """Return the keys of ``RIVALS``."""
    return entries_named("rivals/rows.py", "Rival")


def losses() -> list[str]:
    """Return the keys of ``LOSSES``."""
    return entries_named("tasks/losses.py", "Loss")


def closed_forms() -> list[str]:
    """Return the keys of ``CLOSED_FORMS``."""
    return entries_named("moments/closed_forms.py", "ClosedForm")


def laws() -> list[str]:
    """Return the keys of ``INITIAL_LAWS``."""
    return entries_named("circuits/angles.py", "InitialLaw")


def devices() -> list[str]:
    """Return the keys of ``DEVICES``."""
    from qnnbench.hardware.devices import DEVICES

    return list(DEVICES)


def entries_named(place: str, record: str) -> list[str]:
    """Return the first argument of each ``record(...)`` that a file or folder calls.

    Args:
        place: Path below the package.
        record: Name of the class. Its first argument is a text, or the name of one that
            stands in the same file.
    """
    path = PACKAGE / place
    files = sorted(path.glob("*.py")) if path.is_dir() else [path]
    return [name for file in files for name in _called(ast.parse(file.read_text()), record)]


def _called(tree: ast.Module, record: str) -> Iterator[str]:
    texts = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
            continue
        if node.func.id == record:
            first = node.args[0]
            text = texts[first.id] if isinstance(first, ast.Name) else ast.literal_eval(first)
            yield str(text)
