"""Source archive and wheel: built, looked into, installed in an empty environment, and used."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
BUILD = "import sys; from setuptools import build_meta as b; print(b.{}(sys.argv[1]))"

pytestmark = pytest.mark.slow  # builds, and starts the command line anew for each


def tracked(*paths):
    listed = subprocess.run(
        ["git", "ls-files", "--", *paths], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def built(kind, place, out):
    """Return what setuptools builds of the project in ``place``, without a network."""
    out.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", BUILD.format(f"build_{kind}"), str(out)],
        cwd=place,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return out / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Unpack the source archive of what git tracks; building leaves nothing in the checkout."""
    folder = tmp_path_factory.mktemp("source")
    for name in tracked():
        (folder / "checkout" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "checkout" / name).write_bytes((ROOT / name).read_bytes())
    with tarfile.open(built("sdist", folder / "checkout", folder / "sdist")) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = folder.glob("qnnbench-*")
    return unpacked


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    return built("wheel", source, tmp_path_factory.mktemp("wheel") / "built")


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Install the wheel where nothing is; dependencies are those of the tests' environment."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True, env=clean())
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "tests_environment.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "qnnbench"


def clean():
    """Return the environment without paths to this checkout."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def said(program, folder, *words):
    done = subprocess.run(
        [program, *words], cwd=folder, env=clean(), capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


def test_the_source_archive_holds_what_a_study_and_a_build_need(source):
    kept = tracked(
        "qnnbench", "workflow", "config", "Snakefile", "Makefile", "LICENSE", "requirements*.txt"
    )
    assert len(kept) > 100
    for name in kept:
        assert (source / name).read_bytes() == (ROOT / name).read_bytes(), name


def test_the_wheel_holds_the_package_and_its_licence_and_nothing_else(wheel):
    with ZipFile(wheel) as opened:
        names = set(opened.namelist())
        (licence,) = [name for name in names if name.endswith("/licenses/LICENSE")]
        assert opened.read(licence) == (ROOT / "LICENSE").read_bytes()
    assert {name for name in names if ".dist-info/" not in name} == set(tracked("qnnbench"))


def test_an_installed_wheel_needs_no_checkout(installed, tmp_path):
    status, told, error = said(installed, tmp_path, "list", "ansatze")
    assert status == 0, error
    assert "qcnn" in told
    status, told, error = said(installed, tmp_path, "variance", "hea", "4", "8")
    assert status == 0, error


def test_an_installed_wheel_says_what_a_study_needs(installed, tmp_path):
    config = ROOT / "config" / "smoke.yaml"
    status, _, error = said(installed, tmp_path, "check", str(config))
    assert status == 2
    assert "Studies need workflow/schemas/config.schema.yaml of qnnbench's repository" in error
    assert "make setup" in error
