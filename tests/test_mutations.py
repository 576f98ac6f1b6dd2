"""Core formulas, each spoilt in a copy of the package: its tests see it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COPIED = ("qnnbench", "tests", "config", "workflow")
MUTATIONS = {  # a claim: the file of its formula, what stands there, what it becomes, its test
    "the second moments of a rotation": (
        "moments/channels.py",
        "_characteristic(law, f + g)",
        "_characteristic(law, f - g)",
        "tests/test_moments_closed_forms.py::test_local_cost_of_one_rotation_per_qubit",
    ),
    "the gradient variance of a global cost": (
        "moments/closed_forms.py",
        "-log10(8) + (n_qubits - 1) * log10(3 / 8)",
        "-log10(8) + n_qubits * log10(3 / 8)",
        "tests/test_closed_forms.py::test_a_closed_form_is_the_exact_moment_of_its_network",
    ),
    "the second moments of a two-design": (
        "moments/channels.py",
        "1 / (strings - 1)",
        "1 / strings",
        "tests/test_moments_closed_forms.py::test_one_haar_block",
    ),
    "the purities of all subsystems": (
        "states/quantities/entanglement.py",
        "kets + kets.swapaxes(2, 4)",
        "kets - kets.swapaxes(2, 4)",
        "tests/test_entanglement.py",
    ),
    "the bound without a gate between copies": (
        "tasks/ppt_bound.py",
        "[(3, -1)] * j",
        "[(3, 1)] * j",
        "tests/test_ppt_bound.py::test_weights_are_eigenvalues_of_the_dense_transpose",
    ),
    "the fidelity after compression": (
        "tasks/compression.py",
        "amplitude = tensor[:, 0, :] @ amplitude",
        "amplitude = tensor[:, 1, :] @ amplitude",
        "tests/test_compression.py::test_fidelity_is_that_of_the_dense_encode_reset_decode",
    ),
    "the interval of a proportion": (
        "tasks/scores.py",
        'method="wilson"',
        'method="wilsoncc"',
        "tests/test_tasks.py::test_wilson_interval_has_its_closed_form",
    ),
}

pytestmark = pytest.mark.slow  # a fresh interpreter imports Cirq for each


def ended(copy, *tests):
    """Run tests of a copy of the project; return the exit status and what was said."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--exitfirst", *tests]
    environment = os.environ | {"PYTHONPATH": str(copy)}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_formulas_as_they_stand_pass(copy):
    status, said = ended(copy, *(test for *_, test in MUTATIONS.values()))
    assert status == 0, said


@pytest.mark.parametrize("claim", MUTATIONS)
def test_a_spoilt_formula_is_caught(copy, claim):
    name, sound, spoilt, test = MUTATIONS[claim]
    file = copy / "qnnbench" / name
    text = file.read_text()
    assert text.count(sound) == 1, "the formula has moved: update MUTATIONS"
    file.write_text(text.replace(sound, spoilt))
    try:
        status, said = ended(copy, test)
    finally:
        file.write_text(text)
    assert status == pytest.ExitCode.TESTS_FAILED, said
