"""CITATION.cff has what the format demands and says what the package says."""

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
KEYS = {  # of Citation File Format 1.2.0, doi:10.5281/zenodo.5171937
    "abstract authors cff-version commit contact date-released doi identifiers keywords license "
    "license-url message preferred-citation references repository repository-artifact "
    "repository-code title type url version"
}


@pytest.fixture(scope="module")
def citation():
    return yaml.safe_load((ROOT / "CITATION.cff").read_text())


def test_what_the_format_demands_is_there(citation):
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert set(citation) <= set(" ".join(KEYS).split())
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] in ("software", "dataset")
    assert all(isinstance(citation[key], str) and citation[key] for key in ("message", "title"))


def test_every_author_has_a_name(citation):
    assert citation["authors"]
    for author in citation["authors"]:
        assert author.get("name") or author.get("family-names")
        if orcid := author.get("orcid"):
            assert re.fullmatch(r"https://orcid\.org/(\d{4}-){3}\d{3}[\dX]", orcid)


def test_version_and_license_are_those_of_the_package(citation):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert str(citation["version"]) == project["version"]
    assert citation["license"] == project["license"]
    assert isinstance(citation["date-released"], date)
