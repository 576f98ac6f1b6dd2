"""``qnnbench doctor``: what is wrong is found, said, and told how to be put right."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from qnnbench import environment
from qnnbench.cli import app
from qnnbench.environment import CHECKS, EXTRAS, findings_of, missing_of


def doctor(*words):
    return CliRunner().invoke(app, ["doctor", *words])


@pytest.fixture
def quick(monkeypatch):
    """Leave out the check that evaluates circuits."""
    kept = tuple(check for check in CHECKS if check is not environment._exactness)
    monkeypatch.setattr(environment, "CHECKS", kept)


def test_a_sound_environment_is_exact_and_exit_code_0(monkeypatch):
    for name in environment.THREADS:
        monkeypatch.setenv(name, "1")
    done = doctor("--json")
    assert done.exit_code == 0, done.output
    found = {one["name"]: one for one in json.loads(done.stdout)["findings"]}
    assert found["threads"]["status"] == "ok"
    assert found["exactness"]["status"] == "ok"
    assert {f"extra {extra}" for extra in EXTRAS} <= set(found)


def test_values_that_are_not_exact_are_wrong(monkeypatch):
    from qnnbench import backends

    exact = backends.expectations

    def off(*args):
        found = exact(*args)
        return type("Found", (), {"values": found.values + 1e-9})

    monkeypatch.setattr(backends, "expectations", off)
    (found,) = findings_of(environment._exactness)
    assert found.status == "wrong"
    assert "1e-09" in found.found


def test_threads_that_are_not_set_are_told_how_to_be(quick, monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    said = doctor("--json")
    (threads,) = [f for f in json.loads(said.stdout)["findings"] if f["name"] == "threads"]
    assert threads["status"] == "note"
    assert "OPENBLAS_NUM_THREADS=1" in threads["remedy"]
    assert said.exit_code == 0  # slow, not wrong


def test_a_folder_that_cannot_be_written_is_wrong(quick, monkeypatch):
    closed = lambda place, mode: False  # noqa: E731 - root may write anywhere
    monkeypatch.setattr(environment.os, "access", closed)
    done = doctor()
    assert done.exit_code == 1
    assert "wrong: folders" in done.stderr


def test_a_package_older_than_asked_for_is_wrong(monkeypatch):
    version = environment.version
    monkeypatch.setattr(
        environment, "version", lambda name: "0.1" if name == "numpy" else version(name)
    )
    (found,) = findings_of(environment._packages)
    assert found.status == "wrong"
    assert "numpy" in found.found
    assert found.remedy == "make setup"


def test_versions_other_than_locked_are_named(monkeypatch, tmp_path):
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"numpy=={np.__version__} \\\n    --hash=sha256:00\nscipy==0.0.1 \\\n")
    monkeypatch.setattr(environment, "LOCK", lock)
    (found,) = findings_of(environment._packages)
    assert found.status == "note"
    assert "not 0.0.1" in found.found
    assert "numpy" not in found.found


def test_an_extra_lacks_what_is_not_installed(monkeypatch):
    version = environment.version

    def without(name):
        if name.startswith("cupy"):
            raise environment.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(environment, "version", without)
    (missing,) = missing_of("gpu")
    assert missing.startswith("cupy-cuda13x")
    assert missing_of("no such extra") == []


def test_a_check_that_breaks_is_a_finding():
    def _broken():
        raise ImportError("no module named numba")

    (found,) = findings_of(_broken)
    assert (found.name, found.status) == ("broken", "wrong")
    assert "no module named numba" in found.found
