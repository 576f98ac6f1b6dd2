"""An archive holds a whole study, says what everything is, and comes out the same twice."""

import getpass
import hashlib
import json
import os
import re
import socket
import subprocess
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote, urlparse
from zipfile import ZipFile

import pytest
import yaml

from qnnbench.archive import named_files, write_archive
from qnnbench.archive.crate import crate
from qnnbench.archive.environment import commit, versions
from tests import synthetic_rows

ROOT = Path(__file__).parents[1]
CONFIG = {"study": "synthetic", "seed": 3, "budgets": {"report_s": 1.0}}
METADATA = "ro-crate-metadata.json"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return the folder of a study that never ran, and its files by their path in an archive."""
    folder = tmp_path_factory.mktemp("study")
    results, report = folder / "results" / "synthetic", folder / "reports"
    synthetic_rows.write(synthetic_rows.data(), results / "some rows")
    (results / "states").mkdir()
    (results / "states" / "n8.parquet").write_bytes(b"states of eight qubits")
    (report / "figures").mkdir(parents=True)
    (report / "index.html").write_text("<html></html>")
    (report / "figures" / "a.svg").write_text("<svg/>")
    (report / "figures" / ".snakemake_timestamp").write_text("")
    (report / "other").mkdir()
    (report / "other" / "index.html").write_text("of another study")
    made = named_files([results / "some rows"], results, "results")
    made |= named_files([report / "index.html", report / "figures"], report, "report")
    return folder, made, named_files([results / "states"], results, "results")


def written(study, path, **options):
    _, made, states = study
    write_archive(path, CONFIG, made, states, ROOT, **options)
    return path


@pytest.fixture(scope="module")
def archive(study, tmp_path_factory):
    path = written(study, tmp_path_factory.mktemp("archive") / "study.zip")
    with ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture(scope="module")
def metadata(archive):
    return json.loads(archive[METADATA])


def entities(metadata):
    return {entity["@id"]: entity for entity in metadata["@graph"]}


def references(value):
    """Yield every identifier that an entity refers to."""
    if isinstance(value, dict):
        yield value["@id"]
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


def test_the_archive_holds_results_report_environment_and_config(archive):
    assert {
        "README.md",
        METADATA,
        "manifest-sha256.txt",
        "states-sha256.txt",
        "config.yaml",
        "CITATION.cff",
        "LICENSE",
        "environment/requirements.txt",
        "environment/versions.txt",
        "report/index.html",
        "report/figures/a.svg",
        "results/some rows/datasets.parquet",
        "results/some rows/certificates.parquet",
    } == set(archive)
    assert yaml.safe_load(archive["config.yaml"]) == CONFIG
    assert archive["LICENSE"] == (ROOT / "LICENSE").read_bytes()
    assert f"qnnbench=={version('qnnbench')}\n" in archive["environment/versions.txt"].decode()
    assert f"numpy=={version('numpy')}\n" in archive["environment/versions.txt"].decode()


def test_files_of_ones_own_are_held_and_named_from_the_config(study, tmp_path):
    own = tmp_path / "deep" / "mine.py"
    own.parent.mkdir()
    own.write_text("def build(n_qubits): ...\n")
    reference = {"file": str(own), "function": "build", "hash": "0123456789abcdef"}
    _, made, states = study
    path = tmp_path / "own.zip"
    write_archive(path, {**CONFIG, "training": [{"ansatz": reference}]}, made, states, ROOT)
    with ZipFile(path) as opened:
        config = yaml.safe_load(opened.read("config.yaml"))
        named = config["training"][0]["ansatz"]
        assert opened.read(named["file"]) == own.read_bytes()
        assert str(tmp_path) not in opened.read("config.yaml").decode()
    assert named == {"file": "own/0123456789abcdef/mine.py", "function": "build"}


def test_equal_results_make_equal_bytes(study, tmp_path):
    first = written(study, tmp_path / "first.zip").read_bytes()
    assert written(study, tmp_path / "second.zip").read_bytes() == first


def test_equal_results_elsewhere_make_equal_bytes(study, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    first = written(study, tmp_path / "first.zip").read_bytes()
    _, made, states = study
    copies = {}
    for name, file in reversed(list(made.items())):
        copies[name] = tmp_path / "copy" / file.name
        copies[name].parent.mkdir(exist_ok=True)
        copies[name].write_bytes(file.read_bytes())
    write_archive(tmp_path / "second.zip", CONFIG, copies, states, ROOT)
    assert (tmp_path / "second.zip").read_bytes() == first
    dated = json.loads(ZipFile(tmp_path / "second.zip").read(METADATA))
    assert entities(dated)["./"]["datePublished"] == "2023-11-14"


def test_a_changed_result_changes_the_archive(study, tmp_path):
    first = written(study, tmp_path / "first.zip").read_bytes()
    _, made, states = study
    changed = tmp_path / "index.html"
    changed.write_text("<html>!</html>")
    write_archive(tmp_path / "x.zip", CONFIG, {**made, "report/index.html": changed}, states, ROOT)
    assert (tmp_path / "x.zip").read_bytes() != first


def test_files_are_sorted_and_undated(study, tmp_path):
    with ZipFile(written(study, tmp_path / "study.zip")) as opened:
        entries = opened.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {oct(entry.external_attr >> 16) for entry in entries} == {"0o100644"}


def test_the_manifest_is_what_sha256sum_checks(archive, tmp_path):
    for name, content in archive.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    lines = archive["manifest-sha256.txt"].decode().splitlines()
    assert {line[66:] for line in lines} == set(archive) - {"manifest-sha256.txt"}
    for line in lines:
        assert hashlib.sha256((tmp_path / line[66:]).read_bytes()).hexdigest() == line[:64]


def test_states_are_hashed_and_held_only_if_asked_for(study, archive, tmp_path):
    name = "results/states/n8.parquet"
    told = f"{hashlib.sha256(b'states of eight qubits').hexdigest()}  {name}\n"
    assert archive["states-sha256.txt"].decode() == told
    with ZipFile(written(study, tmp_path / "study.zip", with_states=True)) as opened:
        assert opened.read(name) == b"states of eight qubits"
        assert opened.read("states-sha256.txt").decode() == told


# RO-Crate 1.1, doi:10.5281/zenodo.4541002: what "MUST" says of a crate, section by section.


def test_the_metadata_file_describes_the_root(metadata):  # sections 3 and 5
    assert metadata["@context"][0] == "https://w3id.org/ro/crate/1.1/context"
    descriptor = entities(metadata)[METADATA]
    assert descriptor["@type"] == "CreativeWork"
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert descriptor["about"] == {"@id": "./"}
    root = entities(metadata)["./"]
    assert root["@type"] == "Dataset"
    assert root["name"]
    assert root["description"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", root["datePublished"])
    assert entities(metadata)[root["license"]["@id"]]["name"] == "Apache-2.0"


def test_the_graph_is_flat_and_every_reference_leads_to_an_entity(metadata):  # section 4
    known = entities(metadata)
    assert len(known) == len(metadata["@graph"])
    for entity in metadata["@graph"]:
        assert entity["@type"]
        for key, value in entity.items():
            for identifier in references(value if key != "@id" else []):
                outside = identifier == "https://w3id.org/ro/crate/1.1"
                assert identifier in known or outside, identifier
            values = value if isinstance(value, list) else [value]
            assert all(set(one) == {"@id"} for one in values if isinstance(one, dict))


def test_every_file_is_an_entity_with_its_size_and_hash(metadata, archive):  # section 6
    known = entities(metadata)
    parts = [part["@id"] for part in known["./"]["hasPart"]]
    named = {unquote(part): known[part] for part in parts}
    assert set(named) == set(archive) - {METADATA, "manifest-sha256.txt"}
    assert "results/some%20rows/datasets.parquet" in parts
    for name, entity in named.items():
        assert entity["@type"] == "File"
        assert int(entity["contentSize"]) == len(archive[name])
        assert entity["sha256"] == hashlib.sha256(archive[name]).hexdigest()
        assert not urlparse(entity["@id"]).scheme
        assert not entity["@id"].startswith("/")


def test_the_run_leads_from_the_config_to_every_result(metadata, archive):  # section 8
    known = entities(metadata)
    run = known[known["./"]["mentions"]["@id"]]
    assert run["@type"] == "CreateAction"
    assert {"@id": "config.yaml"} in run["object"]
    made = {unquote(result["@id"]) for result in run["result"]}
    assert made == {name for name in archive if name.startswith(("results/", "report/"))}
    package = known[run["instrument"]["@id"]]
    assert package["softwareVersion"] == version("qnnbench")
    installed = {known[one["@id"]]["name"] for one in package["softwareRequirements"]}
    assert {"python", "numpy", "cirq-core", "snakemake"} <= installed


def test_authors_are_those_of_the_citation(metadata):
    authors = yaml.safe_load((ROOT / "CITATION.cff").read_text())["authors"]
    known = entities(metadata)
    named = [known[author["@id"]] for author in known["./"]["author"]]
    assert [author["name"] for author in named] == [author["name"] for author in authors]


def test_a_person_keeps_both_names_and_the_orcid():
    person = {"given-names": "Ada", "family-names": "Byron", "orcid": "https://orcid.org/0"}
    citation = {"authors": [person], "license": "MIT", "title": "t"}
    found = crate({}, set(), CONFIG, citation, {"qnnbench": "1"}, "", "2025-01-01")
    author = entities(found)["https://orcid.org/0"]
    assert author["@type"] == "Person"
    assert author["name"] == "Ada Byron"
    assert (author["givenName"], author["familyName"]) == ("Ada", "Byron")


def test_nothing_tells_on_which_machine_or_by_whom_it_was_written(study, archive):
    folder, _, _ = study
    own = [name for name in archive if not name.startswith(("results/", "report/"))]
    text = b"".join(archive[name] for name in own if name != "environment/requirements.txt")
    hidden = [str(ROOT), str(folder), str(Path.home()), socket.gethostname()]
    hidden += [getpass.getuser()] if len(getpass.getuser()) > 4 else []  # "root" is a word
    assert not [word for word in hidden if len(word) > 1 and word.encode() in text]


def test_the_commit_is_told_in_git_and_nowhere_else(tmp_path, monkeypatch):
    assert commit(tmp_path) == ""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)

    def git(*command):
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        call = ["git", "-C", str(tmp_path), *who, *command]
        return subprocess.run(call, check=True, capture_output=True, text=True).stdout.strip()

    git("init")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-m", "one")
    head = git("rev-parse", "HEAD")
    assert commit(tmp_path) == head
    (tmp_path / "file").write_text("2")
    assert commit(tmp_path) == f"{head} with changes"


def test_versions_are_those_of_the_dependencies_alone():
    found = versions()
    assert found["numpy"] == version("numpy")
    assert "pytest" not in found
    assert found["python"].startswith(f"{os.sys.version_info.major}.")


def test_a_missing_file_is_named(study, tmp_path):
    _, made, states = study
    gone = {**made, "report/gone.html": tmp_path / "gone.html"}
    with pytest.raises(FileNotFoundError, match=r"gone\.html"):
        write_archive(tmp_path / "x.zip", CONFIG, gone, states, ROOT)
    assert not list(tmp_path.iterdir())
