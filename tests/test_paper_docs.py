"""docs/paper_figures.md: its Python runs as printed, its commands name what there is."""

import re
from pathlib import Path

import pytest

from qnnbench.figures import FIGURES
from qnnbench.report.printed_tables import PRINTED_TABLES
from tests import synthetic_rows

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "paper_figures.md").read_text()


def test_the_python_runs_as_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = {"trainability": synthetic_rows.trainability(widths=(4, 8))}
    synthetic_rows.write(rows, tmp_path / "results" / "default" / "trainability")
    (block,) = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
    exec(compile(block, "paper_figures.md", "exec"), {})
    assert (tmp_path / "gradient_variance.pdf").read_bytes().startswith(b"%PDF")


def test_every_target_and_config_that_is_named_exists():
    known = {f"fig_{name}" for name in FIGURES} | {f"table_{name}" for name in PRINTED_TABLES}
    named = set(re.findall(r"\b(?:fig|table)_[a-z_]+", TEXT))
    assert {"fig_gradient_variance", "table_scores"} <= named <= known | {"fig_", "table_"}
    for config in re.findall(r"config/\w+\.yaml", TEXT):
        assert (ROOT / config).exists(), config


@pytest.mark.parametrize("target", ["paper", "archive"])
def test_make_knows_what_the_text_asks_for(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert f"make {target}" in TEXT


@pytest.mark.parametrize("rule", ["paper", "archive", "archive_with_states"])
def test_the_workflow_knows_what_the_text_asks_for(rule):
    rules = "".join(file.read_text() for file in (ROOT / "workflow" / "rules").glob("*.smk"))
    assert re.search(rf"rule {rule}:|as {rule} with:", rules)
    assert f"snakemake {rule}" in TEXT or f" {rule} " in TEXT
