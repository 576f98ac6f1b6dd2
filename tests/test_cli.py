import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from qnnbench.cli import app
from qnnbench.states.datasets import DATASETS, build_dataset
from qnnbench.states.storage import write_dataset

CONFIGS = Path(__file__).parents[1] / "config"


def invoke(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_check_shows_what_a_config_asks_for():
    done = invoke("check", CONFIGS / "smoke.yaml")
    assert done.exit_code == 0
    for part in ("datasets", "certificates", "trainability", "device_training", "4, 8"):
        assert part in done.stdout


@pytest.mark.parametrize(
    ("kind", "name"),
    [("ansatze", "hea"), ("datasets", "spt_path"), ("tasks", "compression")],
)
def test_list_names_the_entries_of_a_table(kind, name):
    assert name in invoke("list", kind).stdout


def test_list_without_a_kind_lists_every_table():
    said = invoke("list").stdout
    for name in ("hea", "spt_path", "compression", "heisenberg"):
        assert name in said


def test_moments_of_one_qubit_per_factor_have_their_closed_form():
    # One layer of RY, RZ and CZ on |0…0> gives p(0…0) = Π cos²(θ/2):
    # the variance is (3/8)^n - (1/4)^n.
    said = invoke("moments", "hea", 4, "--option", "n_layers=1", "--json")
    assert said.exit_code == 0
    row = json.loads(said.stdout)
    expected = math.log10((3 / 8) ** 4 - (1 / 4) ** 4)
    assert row["log10_variance"] == pytest.approx(expected, rel=1e-9)


def test_check_counts_the_cells_a_curve_crosses():
    said = invoke("check", CONFIGS / "smoke.yaml").stdout
    (line,) = [line for line in said.splitlines() if "hea_local_depths" in line]
    assert line.split("│")[-2].strip() == "3"


def test_sampled_moments_carry_their_interval_and_cover_the_exact_ones():
    words = ("moments", "hea", 3, "--option", "n_layers=2", "--json")
    exact = json.loads(invoke(*words).stdout)
    row = json.loads(invoke(*words, "--samples", 400, "--sampled", "--seed", 5).stdout)
    assert (row["method"], row["n_samples"], exact["n_samples"]) == ("monte-carlo", 400, 0)
    assert row["log10_variance_lower"] < row["log10_variance"] < row["log10_variance_upper"]
    # Five standard errors of a variance, as the row estimates them.
    ratio = 10 ** (row["log10_variance"] - exact["log10_variance"])
    assert ratio == pytest.approx(1, abs=5 * row["relative_error"])


def test_a_contrast_and_a_law_are_asked_for_by_name():
    words = ("moments", "tree", 4, "--option", "sharing=none", "--json")
    row = json.loads(
        invoke(*words, "--angles", "haar_blocks", "--contrast", "ghz_dephased").stdout
    )
    assert row["log10_variance"] == pytest.approx(math.log10((1 / 3) * (2 / 5) ** 3), rel=1e-9)
    assert "log10_gradient_variance_mean" not in row


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Return the file of a dataset whose row 0 is pure and row 1 a mixture."""
    path = tmp_path_factory.mktemp("states") / "n4.parquet"
    write_dataset(path, build_dataset("ghz_dephased", 4, 16, seed=1, noise=0.0))
    return path


def test_dataset_prints_the_card_and_what_the_file_holds(stored):
    told = json.loads(invoke("dataset", stored, "--json").stdout)
    assert told["holds"]["n_by_label"] == {"0": 8, "1": 8}
    assert (told["holds"]["n_states"], told["holds"]["n_noiseless"]) == (16, 0)
    assert told["made with"]["seed"] == 1
    assert told["data card"] == DATASETS["ghz_dephased"].card()
    said = invoke("dataset", stored).stdout
    for part in ("marginals", told["holds"]["content_hash"], "licence"):
        assert part in said


def test_export_writes_a_state_to_standard_output(stored):
    vector = np.load(
        io.BytesIO(invoke("export", stored, 0, "--format", "statevector").stdout_bytes)
    )
    np.testing.assert_allclose(vector, np.eye(16)[[0, 15]].sum(0) / np.sqrt(2), atol=1e-15)
    assert "OPENQASM 3.0;" in invoke("export", stored, 0, "--format", "qasm3").stdout


def test_export_writes_a_file_per_member_of_a_mixture(stored, tmp_path):
    done = invoke("export", stored, 1, "--format", "statevector", "--out", tmp_path / "psi.npy")
    files = [tmp_path / "psi-0.npy", tmp_path / "psi-1.npy"]
    assert done.stdout.split() == ["0.5", str(files[0]), "0.5", str(files[1])]
    zeros, ones = map(np.load, files)
    np.testing.assert_array_equal(np.flatnonzero(zeros), [0])
    np.testing.assert_array_equal(np.flatnonzero(ones), [15])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("export", "FILE", 0, "--format", "qasm"), "Did you mean 'qasm3'"),
        (("export", "FILE", 16, "--format", "cirq"), "rows 0 to 15, asked for 16"),
        (("export", "FILE", 1, "--format", "cirq"), "a mixture of 2 members"),
        (("export", "none.parquet", 1, "--format", "cirq"), "No dataset at none.parquet"),
        (("dataset", Path(__file__)), "not a whole Parquet file"),
    ],
)
def test_what_cannot_be_exported_is_a_message_and_exit_code_2(stored, words, message):
    done = invoke(*(stored if word == "FILE" else word for word in words))
    assert done.exit_code == 2
    assert message in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("moments", "tree", 4, "--contrast", "ghz_dephase"), "Did you mean 'ghz_dephased'"),
        (("moments", "qcnn", 4), "Sample instead"),
        (("moments", "qcn", 4), "Did you mean 'qcnn'"),
        (("moments", "hea", 1), "n_qubits must be a whole number >= 2"),
        (("moments", "hea", 4, "--option", "readout"), "an option is NAME=VALUE"),
        (("moments", "hea", 4, "--option", "readuot=local"), "readuot"),
        (("moments", "hea", 4, "--angles", "gausian"), "Did you mean 'gaussian'"),
        (("moments", "hea", 4, "--angles", "gaussian", "--std", -1), "std must be"),
        (("moments", "hea", 4, "--std", 0.3), "only the gaussian law takes a std"),
        (("check", "none.yaml"), "No config at none.yaml"),
    ],
)
def test_bad_input_is_a_message_and_exit_code_2(words, message):
    done = invoke(*words)
    assert done.exit_code == 2
    assert message in done.stderr
    assert "Traceback" not in done.output
