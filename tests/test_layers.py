"""Imports go up the list of layers and never down; what needs no Cirq does not import it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import qnnbench
from qnnbench.study import LAYERS, STAGES

PACKAGE = Path(qnnbench.__file__).parent
FILES = sorted(file for file in PACKAGE.rglob("*.py") if file != PACKAGE / "__init__.py")


def unit(file):
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_units(tree):
    """Yield the units of the package that a module imports anywhere, functions included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("qnnbench."))


@pytest.mark.parametrize("file", FILES, ids=[str(f.relative_to(PACKAGE)) for f in FILES])
def test_imports_go_up_the_layers(file):
    own = LAYERS.index(unit(file))
    for name in imported_units(ast.parse(file.read_text())):
        assert name in LAYERS, f"{name} has no layer"
        assert LAYERS.index(name) <= own, f"{unit(file)} may not import {name}"


def test_figures_read_rows_and_nothing_else():
    for file in FILES:
        if unit(file) == "figures":
            assert set(imported_units(ast.parse(file.read_text()))) <= {
                "registry",
                "columns",
                "results",
                "figures",
            }, file


def test_every_stage_names_a_layer():
    assert set(STAGES.values()) <= set(LAYERS)


@pytest.mark.parametrize(
    "module",
    [
        "config",
        "study",
        "cli",
        "plan.resources",
        "plan.trim",
        "states.datasets",
        "states.storage",
        "states.certificates",
        "report",
    ],
)
def test_what_needs_no_cirq_does_not_pay_for_it(module):
    code = f"import sys, qnnbench.{module}; sys.exit('cirq' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
