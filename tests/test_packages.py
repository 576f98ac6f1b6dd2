"""Packages of vendors come with the extra that the message names."""

import sys
import tomllib
from pathlib import Path

import pytest

from qnnbench.hardware.packages import EXTRAS, vendor_module

PYPROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())


@pytest.mark.parametrize("name", EXTRAS)
def test_a_missing_package_is_named_with_its_remedy(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    remedy = rf"need {name}, which .* run pip install 'qnnbench\[{EXTRAS[name]}\]'"
    with pytest.raises(ModuleNotFoundError, match=remedy):
        vendor_module(name)


def test_the_extras_are_those_of_the_project():
    assert set(EXTRAS.values()) <= set(PYPROJECT["project"]["optional-dependencies"])


def test_a_package_of_no_vendor_is_refused():
    with pytest.raises(ValueError, match="No vendor's package named 'numpy'"):
        vendor_module("numpy")
