"""``qnnbench cite``: every entry that was used, once, as BibTeX that parses."""

import json
import re
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from qnnbench import citations
from qnnbench.circuits.ansatze import ANSATZE
from qnnbench.citations import bibliography, keys_of_config, own_entry
from qnnbench.cli import app
from qnnbench.rivals.rows import RIVALS
from qnnbench.states.datasets import DATASETS

ROOT = Path(__file__).parents[1]


def cite(*words):
    return CliRunner().invoke(app, ["cite", *map(str, words)])


def keys(text):
    return re.findall(r"^@\w+\{(\w+),$", text, re.MULTILINE)


def test_qnnbench_is_cited_as_its_citation_file_says():
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    text = cite().stdout
    assert keys(text) == ["qnnbench"]
    assert f"title = {{{{{told['title']}}}}}" in text
    assert f"version = {{{version('qnnbench')}}}" in text
    assert all(person["name"] in text for person in told["authors"])
    assert text.count("{") == text.count("}")


def test_without_the_file_the_package_says_the_same(monkeypatch, tmp_path):
    with_file = own_entry()
    monkeypatch.setattr(citations, "ROOT", tmp_path)
    without = own_entry()
    for field in ("author", "version", "note"):
        line = next(one for one in with_file.splitlines() if one.strip().startswith(field))
        assert line in without


def test_every_entry_of_the_tables_has_its_source():
    found = bibliography()
    for entry in (*ANSATZE.values(), *DATASETS.values(), *RIVALS.values()):
        assert entry.bibtex in found
        assert found[entry.bibtex].startswith("@")


def test_names_share_one_entry_where_they_share_a_source():
    assert keys(cite("tree", "qcnn", "ghz_dephased").stdout) == [
        *("qnnbench", "pesah2021", "greenberger1989")
    ]


def test_a_study_cites_all_that_it_used_and_names_the_sources_of_rivals_and_machines():
    done = cite(ROOT / "config" / "smoke.yaml", "--json")
    told = json.loads(done.stdout)
    config = yaml.safe_load((ROOT / "config" / "smoke.yaml").read_text())
    used = {ANSATZE[arm["ansatz"]].bibtex for arm in config["training"] if "ansatz" in arm}
    used |= {DATASETS[name].bibtex for name in config["datasets"]}
    assert used <= set(told["entries"])
    assert any("z_boosting" in source for source in told["other_sources"])
    assert any("Helios" in source for source in told["other_sources"])


def test_the_rivals_of_a_study_are_cited_by_the_doi_that_they_name():
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    found = bibliography()
    cited = keys_of_config(config)
    for entry in config["rivals"].values():
        for rival in (RIVALS[name] for name in entry["rivals"]):
            assert rival.bibtex in cited
            doi = re.search(r"doi:([^, ]+)", rival.source)
            if doi:
                assert f"doi = {{{doi[1]}}}" in found[rival.bibtex]
    assert {"bermejo2024", "dennis2002", "higgott2025"} <= set(cited)
    assert set(cited) <= set(found)
    alone = {"datasets": {}, "trainability": [], "training": []}
    assert keys_of_config(alone) == ["cerezo2025"]


@pytest.mark.parametrize(
    ("words", "message"),
    [(["tre"], "Did you mean 'tree'"), (["none.yaml"], "No config at none.yaml")],
)
def test_what_is_not_known_is_said(words, message):
    done = cite(*words)
    assert done.exit_code == 2
    assert message in done.stderr
