"""What of a source file can change a result: its code, not its comments or docstrings."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def code(file: Path) -> str:
    """Return what a file says to a machine: of Python without comments, docstrings, blank lines.

    Equal on every Python that can read the file, so that rows of equal code have equal hashes.

    Raises:
        SyntaxError: A ``.py`` file that is no Python.
    """
    text = file.read_text(encoding="utf-8")
    return _without_words(text) if file.suffix == ".py" else text


@cache
def _without_words(text: str) -> str:
    rows = text.split("\n")
    documented, texts = _texts(ast.parse(text))
    for row, start in _comments(rows, texts):
        rows[row] = rows[row].encode()[:start].decode().rstrip()
    for node, is_alone in documented:
        rows[node.lineno - 1] = " " * node.col_offset + "..." if is_alone else ""
        for row in _rows(node)[1:]:
            rows[row] = ""
    literal = {row for node in texts for row in _rows(node)[:-1]}
    return "\n".join(line for row, line in enumerate(rows) if line.strip() or row in literal)


def _texts(tree: ast.Module) -> tuple[list[tuple[ast.expr, bool]], list[ast.expr]]:
    """Return the docstrings, each with whether its body has nothing else, and other texts."""
    documented: dict[ast.expr, bool] = {}
    texts: list[ast.expr] = []
    for node in ast.walk(tree):  # a body before what is in it
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            first = node.body[0]
            assert isinstance(first, ast.Expr)
            documented[first.value] = len(node.body) == 1
        elif isinstance(node, ast.JoinedStr | ast.Constant) and node not in documented:
            texts.append(node)
    return list(documented.items()), texts


def _rows(node: ast.expr) -> range:
    """Return the rows of a node, from 0."""
    return range(node.lineno - 1, node.end_lineno or node.lineno)


def _comments(rows: list[str], texts: list[ast.expr]) -> Iterator[tuple[int, int]]:
    """Yield row, from 0, and byte of each # that stands in no text."""
    inside = defaultdict(list)
    for node in texts:
        for row in _rows(node):
            start = node.col_offset if row == node.lineno - 1 else 0
            end = node.end_col_offset if row + 1 == node.end_lineno else None
            inside[row].append((start, end))
    for row, line in enumerate(rows):
        for place, letter in enumerate(line.encode()) if "#" in line else ():
            if letter == ord("#") and not any(
                start <= place and (end is None or place < end) for start, end in inside[row]
            ):
                yield row, place
                break
