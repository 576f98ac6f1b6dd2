"""The Python of the documents runs as printed, and their tables list what there is."""

import re
from pathlib import Path

import numpy as np
import pytest

from qnnbench.states.datasets import DATASETS
from qnnbench.states.layout import SCHEMA
from qnnbench.states.storage import read_dataset

TEXT = (Path(__file__).parents[1] / "docs" / "datasets.md").read_text()


def table_under(title):
    """Return the rows of the first table below a heading, the first column without quotes."""
    section = TEXT.split(f"## {title}\n")[1].split("\n## ")[0]
    lines = re.findall(r"^\| `(\w+)` \| (.*?) \|", section, flags=re.MULTILINE)
    return [(name, said.replace("&lt;", "<").replace("&gt;", ">")) for name, said in lines]


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    scope = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("docs"))
        for block in re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL):
            exec(compile(block, "datasets.md", "exec"), scope)
        scope["stored"] = read_dataset("states/ring_pair/n8.parquet")
    scope["file"].close()
    return scope


def test_every_column_is_documented():
    plain = [(field.name, str(field.type)) for field in SCHEMA]
    plain = [(name, re.sub(r"(item|element): ", "", kind)) for name, kind in plain]
    assert table_under("Columns") == plain


def test_every_field_of_the_card_is_documented():
    for family in DATASETS.values():
        assert {name for name, _ in table_under("Data card")} == set(family.card())


def test_amplitudes_are_rebuilt_without_the_package(names):
    np.testing.assert_allclose(
        names["amplitudes"], names["data"].states[0].state_vector(), atol=1e-14
    )
    overlap = np.vdot(names["ring"], names["stored"].states[0].state_vector())
    assert abs(overlap) == pytest.approx(1, abs=1e-12)


def test_other_readers_find_the_samples(names):
    families = names["table"]["family"].to_pylist()
    assert {name: families.count(name) for name in set(families)} == dict.fromkeys(
        ("spt_path", "ghz_dephased", "ring_pair"), 3
    )
    assert len(names["frame"]) == 12
    assert {row[:3] for row in names["counts"]} == {
        (family, 8, label)
        for family in ("spt_path", "ghz_dephased", "ring_pair")
        for label in (0, 1)
    }
    assert sum(row[3] for row in names["counts"]) == 36


def test_exports_are_what_the_text_says(names):
    assert names["program"].startswith("// Made by qnnbench")
    assert [weight for weight, _ in names["members"]] == [0.5, 0.5]
    assert names["card"] == DATASETS["spt_path"].card()


def test_the_states_of_the_document_on_own_files_come_back(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (Path(__file__).parents[1] / "docs" / "own.md").read_text()
    scope = {}
    for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
        exec(compile(block, "own.md", "exec"), scope)
    assert scope["again"].name == "my_states"
    np.testing.assert_allclose(
        scope["again"].states[3].state_vector(), scope["vectors"][3], atol=1e-12
    )
    assert all(fact["holds"] for fact in scope["facts"].values())
    assert set(scope["CLAIMS"]) == {"build"}
