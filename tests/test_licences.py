"""The page of dependencies lists the whole lock, each package with a licence."""

import re
from importlib.metadata import Distribution

import pytest

from docs.parts.licences import LOCK, licence, licences, locked

HERE = dict(locked())


class Stated(Distribution):
    """A package with metadata and no files."""

    def __init__(self, text):
        self.text = text

    def read_text(self, filename):
        return self.text if filename == "METADATA" else None

    def locate_file(self, path):
        raise AssertionError("nothing is installed")


def test_every_package_of_the_lock_is_listed_with_a_licence():
    pinned = set(re.findall(r"^([\w.-]+)==", LOCK.read_text(), re.MULTILINE))
    elsewhere = {"colorama", "pyreadline3"}  # only on Windows
    rows = [line.split(" | ") for line in licences().splitlines()[2:]]
    listed = {row[0].removeprefix("| "): row[1] for row in rows}
    assert pinned - elsewhere - {"greenlet"} <= set(listed) <= pinned
    assert all(row[2].removesuffix(" |").strip() for row in rows)
    assert listed == HERE


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        ("License-Expression: MIT\nLicense: no\n", "MIT"),
        ("License: BSD\nClassifier: License :: OSI Approved :: BSD License\n", "BSD"),
        (
            "License: All\n  of it\nClassifier: License :: Public Domain\n",
            "Public Domain",
        ),
    ],
)
def test_the_plainest_statement_counts(stated, found):
    assert licence(Stated(f"Name: x\n{stated}")) == found


def test_a_package_without_a_licence_is_named():
    with pytest.raises(LookupError, match="x names no licence"):
        licence(Stated("Name: x\n"))
