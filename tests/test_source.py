"""A change of words in the code changes no hash; a change of code does."""

import ast
from pathlib import Path

import pytest

import qnnbench
from qnnbench.source import code

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)
FILES = sorted(Path(qnnbench.__file__).parent.rglob("*.py"))
TEXT = '''"""A module."""

import math  # for pi


def area(radius: float) -> float:
    """Return the area."""
    # of a disc
    return math.pi * radius**2
'''


def said(tmp_path, text):
    file = tmp_path / "module.py"
    file.write_text(text)
    return code(file)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""A module."""', '"""Another\n\nmodule."""'),
        ("Return the area.", "Return the area of a disc."),
        ("    # of a disc\n", ""),
        ("  # for pi", ""),
        ("import math", "\n\nimport math"),
        ('    """Return the area."""\n', ""),
    ],
)
def test_words_change_nothing(tmp_path, old, new):
    assert old in TEXT
    assert said(tmp_path, TEXT.replace(old, new)) == said(tmp_path, TEXT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("radius**2", "radius**3"),
        ("return math", "return -math"),
        ("return math.pi * radius**2", "pass"),
        ("import math", "from cmath import pi as math"),
    ],
)
def test_code_changes_what_is_said(tmp_path, old, new):
    assert old in TEXT
    assert said(tmp_path, TEXT.replace(old, new)) != said(tmp_path, TEXT)


@pytest.mark.parametrize("old", ["# no comment", "\n\n", "two  "])
def test_text_that_a_program_uses_is_code(tmp_path, old):
    text = 'NOTE = """one # no comment\n\ntwo  \n"""\n'
    assert said(tmp_path, text.replace(old, "", 1)) != said(tmp_path, text)


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_what_is_left_of_every_file_is_the_same_program(file):
    left, whole = ast.parse(code(file)), ast.parse(file.read_text())
    for node in ast.walk(whole):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            node.body[:1] = [] if len(node.body) > 1 else [ast.Expr(ast.Constant(...))]
    assert ast.dump(left) == ast.dump(whole)
