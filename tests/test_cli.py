import inspect
import io
import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from qnnbench.backends import BACKENDS
from qnnbench.circuits.angles import INITIAL_LAWS
from qnnbench.circuits.ansatze import ANSATZE
from qnnbench.cli import COMMANDS, app, names
from qnnbench.moments.closed_forms import CLOSED_FORMS
from qnnbench.rivals.rows import RIVALS
from qnnbench.states.datasets import DATASETS, build_dataset
from qnnbench.states.mps import MPS
from qnnbench.states.storage import write_dataset
from qnnbench.tasks import TASKS
from qnnbench.tasks.losses import LOSSES

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
    assert line.split()[-1] == "3"


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
    ("told", "table"),
    [
        (names.ansatze, ANSATZE),
        (names.datasets, DATASETS),
        (names.tasks, TASKS),
        (names.losses, LOSSES),
        (names.backends, BACKENDS),
        (names.rivals, RIVALS),
        (names.laws, INITIAL_LAWS),
        (names.closed_forms, CLOSED_FORMS),
    ],
)
def test_names_read_from_source_are_those_of_the_table(told, table):
    assert sorted(told()) == sorted(table)


def test_the_command_line_starts_without_cirq_pandas_or_numpy():
    code = (
        "import sys, qnnbench.cli; from qnnbench.cli import names; names.ansatze(); "
        "slow = {'cirq', 'pandas', 'numpy', 'scipy', 'pyarrow'} & set(sys.modules); "
        "sys.exit(', '.join(slow) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_answers_in_json_and_says_what_it_does(name):
    assert "as_json" in inspect.signature(COMMANDS[name]).parameters
    assert (inspect.getdoc(COMMANDS[name]) or "").partition("\n")[0].endswith(".")


def test_shells_complete_names(monkeypatch):
    monkeypatch.setenv("_QNNBENCH_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "qnnbench moments rg")
    monkeypatch.setenv("COMP_CWORD", "2")
    done = CliRunner().invoke(app, [], prog_name="qnnbench")
    assert done.stdout.split() == ["rg_tree"]


def test_list_as_json_holds_every_name():
    told = json.loads(invoke("list", "--json").stdout)
    assert set(told["ansatze"]) == set(ANSATZE)
    (datasets,) = json.loads(invoke("list", "datasets", "--json").stdout).values()
    assert datasets == told["datasets"]


def test_show_tells_the_claim_its_source_and_the_options():
    (told,) = json.loads(invoke("show", "qcnn", "--json").stdout)
    assert told["kind"] == "ansatz"
    assert told["source"] == ANSATZE["qcnn"].source
    assert told["plateau"] == "no, as claimed at sharing='none', pooling='discard'"
    assert "pooling='controlled'" in told["options"]


def test_show_tells_of_everything_that_has_the_name():
    kinds = [told["kind"] for told in json.loads(invoke("show", "tree", "--json").stdout)]
    assert kinds == ["ansatz", "backend"]
    (card,) = json.loads(invoke("show", "ring_pair", "--json").stdout)
    assert card["limit"] == DATASETS["ring_pair"].limit
    said = invoke("show", "Helios").stdout
    assert "arXiv:2511.05465" in said
    assert "98" in said


def test_show_finds_the_entries_of_a_config():
    words = ("show", "qcnn_spt_path", "--config", CONFIGS / "smoke.yaml")
    (arm,) = json.loads(invoke(*words, "--json").stdout)
    assert (arm["ansatz"], arm["widths"]) == ("qcnn", [4, 8])
    assert "learning_rate" in invoke(*words).stdout


def test_variance_gives_the_closed_form_at_every_width_and_its_verdict(tmp_path):
    # A tree of Haar-random blocks: haar_tree, v' = (2v + 3v²)/5 per level, from v = 1/3.
    v, expected = 1 / 3, {}
    for level in range(1, 8):
        v = (2 * v + 3 * v * v) / 5
        expected[2**level] = math.log10(v)
    words = ("variance", "tree", *expected, "--angles", "haar_blocks", "--option", "sharing=none")
    told = json.loads(invoke(*words, "--json").stdout)
    found = {row["n_qubits"]: row["log10_variance"] for row in told["rows"]}
    assert found == pytest.approx(expected, rel=1e-9)
    (verdict,) = told["verdicts"]
    assert (verdict["quantity"], verdict["verdict"]) == ("loss variance", "polynomial")
    said = invoke(*words).stdout
    assert "polynomial law: n^-" in said


def test_variance_draws_its_curve(tmp_path):
    file = tmp_path / "curve.svg"
    done = invoke("variance", "hea", 3, 2, "--option", "n_layers=1", "--plot", file, "--json")
    assert [row["n_qubits"] for row in json.loads(done.stdout)["rows"]] == [2, 3]
    assert file.read_bytes().startswith(b"<?xml")


def test_certify_holds_for_a_family_and_for_its_file(stored):
    made = json.loads(invoke("certify", "ghz_dephased", 4, "--states", 8, "--json").stdout)
    kept = invoke("certify", stored, "--json")
    assert kept.exit_code == 0
    for told in (made, json.loads(kept.stdout)):
        assert all(fact["holds"] for fact in told["facts"])
    assert "holds     every state has norm 1" in invoke("certify", stored).stdout


def test_certify_of_states_that_break_a_claim_is_exit_code_1(tmp_path):
    # |0…0> has Z marginals |0><0|; the dephased GHZ state of the other class has I/2.
    data = build_dataset("ghz_dephased", 4, 8, seed=1, noise=0.0)
    zero = MPS.product([[1.0, 0.0]] * 4)
    clean = data.noiseless or data
    broken = replace(clean, states=(zero, *clean.states[1:]))
    states = tuple(
        zero if label == 0 else s for s, label in zip(data.states, data.labels, strict=True)
    )
    write_dataset(
        tmp_path / "n4.parquet",
        replace(data, states=states, noiseless=data.noiseless and broken),
    )
    done = invoke("certify", tmp_path / "n4.parquet")
    assert done.exit_code == 1
    assert "FAILS     all (n-1)-body marginals" in done.stdout
    assert "do not hold" in done.stderr


def test_circuit_and_export_say_in_json_what_they_wrote(stored, tmp_path):
    told = json.loads(invoke("circuit", "hea", 2, "--option", "n_layers=1", "--json").stdout)
    assert told["content"].startswith("OPENQASM 3.0;")
    words = ("export", stored, 1, "--format", "qasm3", "--out", tmp_path / "a.qasm", "--json")
    (first, second) = json.loads(invoke(*words).stdout)["files"]
    assert (first["weight"], second["weight"]) == (0.5, 0.5)
    assert Path(first["file"]).read_text().count("OPENQASM") == 1


def test_check_as_json_counts_cells():
    told = json.loads(invoke("check", CONFIGS / "smoke.yaml", "--json").stdout)
    counts = {entry["name"]: entry["cells"] for entry in told["entries"]}
    assert (told["study"], counts["hea_local_depths"], counts["qcnn_spt_path"]) == ("smoke", 3, 4)


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
        (("show", "tre"), "Did you mean 'tree' or 'rg_tree'?"),
        (("show", "qcnn_spt", "--config", CONFIGS / "smoke.yaml"), "nor does"),
        (("variance", "qcnn", 4, 8), "no width could be computed"),
        (("variance", "hea", 4, "--plot", "a.pdf"), ".png or .svg"),
        (("variance", "tree", 4, "--contrast", "ghz_dephased", "--plot", "a.png"), "draws losses"),
        (("certify", "ghz_dephased"), "needs a width"),
        (("certify", "ghz_dephasd", 4), "Did you mean 'ghz_dephased'"),
        (("certify", "none.parquet"), "No dataset at none.parquet"),
        (("moments", "hea", 4, "--option", "n_layers=[1"), "is no YAML"),
    ],
)
def test_bad_input_is_a_message_and_exit_code_2(words, message):
    done = invoke(*words)
    assert done.exit_code == 2
    assert message in done.stderr
    assert "Traceback" not in done.output
