"""Files of the user's own stand where names stand: found, checked, named, part of the run id."""

import re
from pathlib import Path
from zipfile import ZipFile

import cirq
import numpy as np
import pytest
import yaml

import qnnbench
from qnnbench import study
from qnnbench.archive import write_archive
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.circuits.ansatze.contract import contract_problems
from qnnbench.config import load
from qnnbench.own import attribute_of, found, function_of, name_of, resolved, without_paths
from qnnbench.scaffolding import scaffold
from qnnbench.states.storage import read_dataset, write_dataset

GOOD = """
import cirq, sympy, qnnbench
CLAIMS = {"build": {"plateau": "no", "widths": (4, 6)}}
def build(n_qubits, n_layers=1):
    q = cirq.LineQubit.range(n_qubits)
    s = sympy.symbols(f"x:{n_qubits}")
    circuit = cirq.Circuit(cirq.ry(2 * a + 0.1)(b) for a, b in zip(s, q))
    return qnnbench.Network(circuit, s, (cirq.PauliString(cirq.Z(q[0])),), n_layers=n_layers)
"""
STATES = """
import numpy as np, qnnbench
def generate(n_qubits, *, seed, n_samples=24):
    rng = np.random.default_rng([seed, n_qubits])
    vectors = rng.normal(size=(n_samples, 2**n_qubits))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return qnnbench.labelled_states(list(vectors), np.arange(n_samples) % 2, limit="random")
"""


def written(folder, name="mine", text=GOOD):
    (folder / f"{name}.py").write_text(text)
    return qnnbench.own_ansatz(folder / f"{name}.py")


# --- references


def test_short_names_are_the_functions_or_the_files():
    assert name_of("qcnn") == "qcnn"
    assert name_of({"file": "a/mine.py", "function": "build"}) == "mine"
    assert name_of({"file": "a/mine.py", "function": "other"}) == "other"
    assert name_of({"file": "a/states"}) == "states"
    with pytest.raises(ValueError, match=r"'My-net', the short name of .* is not lower-case"):
        name_of({"file": "My-net.py"})


def test_files_are_looked_up_beside_the_config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text("")
    assert found("a.py", [tmp_path]) == found("a.py", []) == Path("a.py")
    with pytest.raises(FileNotFoundError, match="relative to the folder of the config"):
        found("b.py", [tmp_path])


def test_the_hash_is_of_the_bytes_and_guards_them(tmp_path):
    written(tmp_path)
    source = resolved({"file": "mine.py", "function": "build"}, [tmp_path])
    assert callable(function_of(source))
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    written(moved)
    again = resolved({"file": "mine.py", "function": "build"}, [moved])
    assert source != again
    assert without_paths({"ansatz": source}) == without_paths({"ansatz": again})
    written(tmp_path, text=GOOD + "\n")
    with pytest.raises(ValueError, match="it was changed meanwhile"):
        function_of(source)
    assert resolved({"file": "mine.py"}, [tmp_path])["hash"] != source["hash"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def build(:", r"cannot be run: SyntaxError: .* \(line 1 of"),
        ("x = 1\ny = x / 0\n", r"ZeroDivisionError: division by zero \(line 2 of"),
        ("import mine_too", "imports 'mine_too', which is not installed; its hash stands for one"),
        ("import nowhere_at_all", "imports 'nowhere_at_all', which is not installed; install it"),
        ("def other(n_qubits): pass", r"has no function 'build'; it has \['other'\]"),
        ("build = 3", "is no function: 3"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(tmp_path, text, message):
    (tmp_path / "mine_too.py").write_text("")
    with pytest.raises(ValueError, match=message):
        written(tmp_path, text=text)


def test_only_python_files_have_functions(tmp_path):
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(ValueError, match=r"has to end in \.py"):
        attribute_of({"file": str(tmp_path / "mine.txt")}, "build")


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ('{"build": {"plateu": "no"}}', "Did you mean 'plateau'"),
        ('{"build": {"plateau": False}}', "No answer to plateau named False"),
        ('{"build": "no"}', "must map a function's name to what is claimed"),
    ],
)
def test_claims_are_written_as_claims(tmp_path, claims, message):
    with pytest.raises(ValueError, match=message):
        written(tmp_path, text=f"{GOOD}\nCLAIMS = {claims}\n")


# --- the contract


def test_a_good_file_keeps_the_contract(tmp_path):
    ansatz = written(tmp_path)
    assert [contract_problems(ansatz, n, n_layers=2) for n in (2, 7)] == [[], []]
    source = {"file": str(tmp_path / "mine.py"), "function": "build"}
    assert build_ansatz(source, 3).n_qubits == 3
    with pytest.raises(ValueError, match="No option of ansatz 'mine' named 'depth'"):
        build_ansatz(source, 3, depth=2)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("return qnnbench", "return 3, qnnbench", "must return a qnnbench.Network"),
        ("n_layers=1)", "n_layers)", "option 'n_layers' of build needs a default"),
        ("n_qubits, n_layers=1", "width, n_qubits=1", "first argument of build must be n_qubits"),
        ("n_layers=1):", "**options):", "name its options"),
        ("q = cirq", "raise KeyError('oh'); q = cirq", r"fails: KeyError: 'oh' (line 5 of"),
        ("range(n_qubits)", "range(1, 1 + n_qubits)", "acts on [cirq.LineQubit(3)]"),
        ("zip(s, q)", "zip(s[1:], q[1:])", "leaves out [cirq.LineQubit(0)]: give idle"),
        ("zip(s, q)", "zip(s[1:], q)", "symbols holds ['x0'], which no gate uses"),
        ("(circuit, s,", "(circuit, s[1:],", "symbols lacks ['x0']"),
        ("(circuit, s,", "(circuit, s + s,", "symbols holds ['x0', 'x1', 'x2'] more than once"),
        ("(circuit, s,", "(circuit, list(s),", "symbols must be a tuple"),
        ("(circuit, s,", "(circuit, tuple(map(str, s)),", "must be sympy.Symbol, found 'x0'"),
        ("cirq.ry(2 * a + 0.1)(b)", "cirq.ry(a * a)(b)", "is not affine in its symbols"),
        ("cirq.ry(2 * a + 0.1)(b)", "[cirq.ry(a)(b), cirq.measure(b)]", "easure"),
        ("cirq.ry(2 * a + 0.1)(b)", "[cirq.ry(a)(b), cirq.depolarize(0.1)(b)]", "epolar"),
        ("zip(s, q))", "zip(s, q)) + cirq.CCX(*q)", "gates act on one or two qubits"),
        ("cirq.Z(q[0])", "cirq.Z(cirq.LineQubit(9))", "which is not in range(3)"),
        ("cirq.Z(q[0])", "1j * cirq.Z(q[0])", "Observables are Hermitian"),
        ("(cirq.PauliString(cirq.Z(q[0])),)", "()", "observables is empty"),
        ("(cirq.PauliString(cirq.Z(q[0])),)", "(3,)", "is a int; supported are"),
        ("n_layers=n_layers)", "n_layers=-1)", "n_layers must be a whole number >= 0"),
        ("n_layers=n_layers)", "n_discarded=2)", "n_discarded must be in 0..1"),
        ("+ 0.1", "+ __import__('random').random()", "built twice, its circuit differ"),
    ],
)  # fmt: skip
def test_each_breach_of_the_contract_is_told(tmp_path, old, new, message):
    assert old in GOOD
    found = contract_problems(written(tmp_path, text=GOOD.replace(old, new, 1)), 3)
    assert any(message in text for text in found), found


def test_a_claim_is_held_against_what_is_measured(tmp_path):
    # C = cos(2x + 0.1): its derivative has variance 2 at any width.
    found = qnnbench.measured_claim(written(tmp_path))
    assert (found.measured, found.holds) == ("no", True)
    assert found.bits_lost == pytest.approx(0, abs=1e-9)
    parity = GOOD.replace("cirq.Z(q[0])", "map(cirq.Z, q)")
    found = qnnbench.measured_claim(written(tmp_path, "parity", parity))
    # C = Π cos(2x + 0.1): each derivative has variance 4 · 2^-n, a bit per qubit.
    assert (found.measured, found.holds) == ("yes", False)
    assert found.bits_lost == pytest.approx(1, abs=1e-9)
    assert "plateau no, measured yes" in str(found)


def test_a_claim_on_nothing_that_moves_is_refused(tmp_path):
    dead = GOOD.replace("cirq.ry(2 * a + 0.1)(b)", "cirq.rz(a)(b)")
    with pytest.raises(ValueError, match="no angle of 'dead' moves its first observable"):
        qnnbench.measured_claim(written(tmp_path, "dead", dead))


# --- states


def test_amplitudes_become_states_exactly():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(8, 32)) + 1j * rng.normal(size=(8, 32))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ghz = np.zeros(32)
    ghz[[0, -1]] = np.sqrt(0.5)
    data = qnnbench.labelled_states([*vectors, ghz, ghz], [0, 1] * 5)
    for vector, state in zip([*vectors, ghz], data.states, strict=False):
        np.testing.assert_allclose(state.state_vector(), vector, atol=1e-12)
    assert data.states[8].max_bond_dim == 2
    assert [list(data.splits).count(s) for s in ("train", "validation", "test")] == [2, 2, 6]


def test_a_stored_file_comes_back_with_its_card_and_certificate(tmp_path):
    (tmp_path / "random_states.py").write_text(STATES)
    source = {"file": str(tmp_path / "random_states.py")}
    data = qnnbench.own_dataset(source, "random_states", 4, seed=3)
    write_dataset(tmp_path / "n4.parquet", data)
    again = qnnbench.own_dataset({"file": str(tmp_path / "n4.parquet")}, "kept", 4, seed=None)
    assert (data.name, again.name) == ("random_states", "kept")
    assert again.details["own"]["limit"] == "random"
    for one, other in zip(data.states, again.states, strict=True):
        np.testing.assert_array_equal(one.state_vector(), other.state_vector())
    assert again.certificate["every state has norm 1"]["holds"]
    assert "half-cut entropy of class 1 in bits" in again.certificate
    assert read_dataset(tmp_path / "n4.parquet").details["seed"] == 3


def test_stabilizer_states_and_one_class_have_a_certificate(tmp_path):
    ring = qnnbench.dataset("ring_pair", 8, {"train": 2, "validation": 2, "test": 2}, seed=1)
    data = qnnbench.labelled_states(ring.states, [0] * 6, splits=ring.splits.tolist())
    assert all(fact["holds"] for fact in data.certificate.values())
    write_dataset(tmp_path / "mine.parquet", data)
    assert len(read_dataset(tmp_path / "mine.parquet").states) == 6


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("np.arange(n_samples) % 2", "np.arange(n_samples) % 2 + 1", "number the classes 0, 1"),
        ("% 2,", '% 2, splits=["train"] * n_samples,', "'test' has no state of class [0, 1]"),
        ("2**n_qubits", "2**3", "it holds 3 qubits, 4 are asked for"),
        ("[seed, n_qubits]", "None", "makes other states when it is called again"),
        ("return qnn", "return 3; qnn", "what qnnbench.labelled_states(states, labels) returns"),
        ("vectors /=", "2 *", "fails at n_qubits=4: ValueError: a state has norm 1"),
        ("limit=", "limits=", "Did you mean 'limit'"),
    ],
)  # fmt: skip
def test_states_that_cannot_be_trained_on_are_refused(tmp_path, old, new, message):
    assert old in STATES
    (tmp_path / "s.py").write_text(STATES.replace(old, new, 1))
    with pytest.raises(ValueError, match=re.escape(message)):
        qnnbench.own_dataset({"file": str(tmp_path / "s.py")}, "s", 4, seed=1)


# --- configs


@pytest.fixture
def study_file(tmp_path):
    """Return a study with an ansatz and a dataset of its own, and its parsed text."""
    scaffold("ansatz", "mine", tmp_path)
    config = yaml.safe_load((tmp_path / "mine.yaml").read_text())
    config["trainability"], config["training"] = config["trainability"][:1], config["training"][:1]
    (tmp_path / "n4.py").write_text(STATES)
    data = qnnbench.own_dataset({"file": str(tmp_path / "n4.py")}, "x", 4, seed=1)
    write_dataset(tmp_path / "kept.parquet", data)
    config["training"][0] |= {"dataset": {"file": "kept.parquet"}, "widths": [4]}
    return tmp_path / "mine.yaml", config


def loaded(file, config):
    file.write_text(yaml.safe_dump(config))
    return load(file)


def run_ids(config):
    """Return the run ids of the datasets, curves and arms of a study, by name."""
    return {
        (stage, name): [
            study.identified([{"repeat": 0}], cell, config, "code")[0]["run_id"]
            for cell in study.cells(config, stage, name, batch)
        ]
        for stage in ("datasets", "trainability", "training")
        for name, batch in study.jobs(config, stage)
    }


def test_a_file_that_changes_changes_the_runs_that_use_it_and_no_others(study_file):
    file, config = study_file
    config["trainability"].append({**config["trainability"][0], "curve": "built_in"})
    config["trainability"][1] |= {"ansatz": "hea", "options": {}, "observable": "global"}
    before = run_ids(loaded(file, config))
    script = file.with_suffix(".py")
    script.write_text(script.read_text() + "# another byte\n")
    after = run_ids(load(file))
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {("trainability", "mine"), ("training", "mine_spt_path")}
    data = qnnbench.own_dataset({"file": str(file.with_name("n4.py"))}, "x", 4, seed=2)
    write_dataset(file.with_name("kept.parquet"), data)
    last = run_ids(load(file))
    changed = {key for key in before if after[key] != last[key]}
    assert changed == {("datasets", "kept"), ("training", "mine_spt_path")}


def test_run_ids_do_not_depend_on_where_the_study_lies(study_file, tmp_path):
    file, config = study_file
    before = loaded(file, config)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("mine.py", "mine.yaml", "kept.parquet"):
        (elsewhere / name).write_bytes((tmp_path / name).read_bytes())
    after = load(elsewhere / "mine.yaml")
    assert before != after
    assert run_ids(before) == run_ids(after)
    rows = [
        study.identified([{"repeat": 0}], {}, c, "code")[0]["config_hash"] for c in (before, after)
    ]
    assert rows[0] == rows[1]


def test_an_own_dataset_is_a_dataset_like_any_other(study_file):
    file, config = study_file
    found = loaded(file, config)
    assert found["training"][0]["dataset"] == "kept"
    assert set(study.jobs(found, "certificates")) == {("kept", "n4"), ("spt_path", "n4-8")}
    (cell,) = study.cells(found, "datasets", "kept", "n4")
    assert (cell["dataset"], cell["family"], cell["seed"]) == ("kept", "kept", None)


def test_the_config_of_an_archive_is_checked_and_means_the_same_runs(study_file, tmp_path):
    file, config = study_file
    (tmp_path / "many").mkdir()
    for n in (4, 6):
        data = qnnbench.own_dataset({"file": str(tmp_path / "n4.py")}, "x", n, seed=n)
        write_dataset(tmp_path / "many" / f"n{n}.parquet", data)
    config["datasets"] |= {
        "folder": {"file": "many", "widths": [4, 6]},
        "made": {"file": "n4.py", "function": "generate", "widths": [4, 6]},
    }
    config["training"].append({**config["training"][0], "arm": "b", "dataset": "folder"})
    before = loaded(file, config)
    path, root = tmp_path / "archive.zip", Path(qnnbench.__file__).parents[1]
    write_archive(path, before, {}, {}, root)
    with ZipFile(path) as opened:
        opened.extractall(tmp_path / "unpacked")
    after = load(tmp_path / "unpacked" / "config.yaml")
    assert run_ids(before) == run_ids(after)
    assert str(tmp_path) not in (tmp_path / "unpacked" / "config.yaml").read_text()


def test_a_fault_of_a_file_is_told_once(study_file):
    file, config = study_file
    config["trainability"].append({**config["trainability"][0], "curve": "again", "widths": [8]})
    script = file.with_suffix(".py")
    sound = script.read_text()
    wide = "(r := build(n_qubits)).circuit + cirq.CCX(*cirq.LineQubit.range(3)), r.symbols"
    script.write_text(
        sound
        + "\ndef wide(n_qubits, n_layers=1):\n"
        + f"    return qnnbench.Network({wide}, r.observables)\n"
    )
    for entry in (*config["trainability"], *config["training"]):
        entry["ansatz"] = {"file": "mine.py", "function": "wide"}
    with pytest.raises(ValueError, match=r"1 problem:\n.* at 4 qubits: gates act on one or two"):
        loaded(file, config)
    script.write_text("import nowhere_at_all\n" + sound)
    with pytest.raises(ValueError, match=r"1 problem:\n.*'nowhere_at_all', which is not"):
        load(file)


def test_a_folder_of_files_has_their_widths(study_file, tmp_path):
    file, config = study_file
    (tmp_path / "many").mkdir()
    (tmp_path / "kept.parquet").rename(tmp_path / "many" / "n4.parquet")
    config["datasets"]["named"] = {"file": "many", "widths": [4]}
    config["training"][0]["dataset"] = "named"
    assert list(loaded(file, config)["datasets"]["named"]["sources"]) == ["4"]
    config["datasets"]["named"]["widths"] = [4, 6]
    with pytest.raises(ValueError, match=r"many holds \[4\] qubits, \[6\] are asked for"):
        loaded(file, config)


def test_a_stored_dataset_of_a_known_family_keeps_its_card(study_file, tmp_path):
    file, config = study_file
    write_dataset(tmp_path / "kept.parquet", qnnbench.dataset("spt_path", 4, 12, seed=1))
    assert loaded(file, config)["datasets"]["kept"]["family"] == "spt_path"
    write_dataset(tmp_path / "kept.parquet", qnnbench.dataset("two_state", 4, seed=1))
    with pytest.raises(ValueError, match="dataset 'two_state' serves compression"):
        loaded(file, config)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ansatz": {"file": "none.py"}}, "training[0].ansatz"),
        ({"ansatz": {"file": "mine.py", "function": "biuld"}}, "has no function 'biuld'"),
        ({"ansatz": {"file": "mine.py", "functoin": "build"}}, "Did you mean 'function'"),
        ({"ansatz": {"file": "hea.py"}}, "'hea' is an ansatz of the package"),
        ({"ansatz": {"file": "other/mine.py"}}, "is the short name of two own ansätze"),
        ({"options": {"n_layer": 2}}, "No option of ansatz 'mine' named 'n_layer'"),
        ({"ansatz": {"file": "broken.py"}, "options": {}}, "symbols lacks ['x0']"),
        ({"dataset": {"file": "none.parquet"}}, "No file 'none.parquet' in"),
        ({"dataset": {"file": "mine.yaml"}}, "states come from a .parquet file"),
        ({"dataset": {"file": "spt_path.py"}}, "the short name of spt_path.py, names another"),
        ({"dataset": {"file": "tfim.py"}}, "'tfim' is a dataset of the package"),
        ({"dataset": {"file": "foreign.parquet"}}, "To bring states of your own:"),
        ({"widths": [4, 8]}, "kept.parquet holds [4] qubits, [8] are asked for"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_before_anything_runs(study_file, tmp_path, change, message):
    import pyarrow as pa
    import pyarrow.parquet as pq

    file, config = study_file
    (tmp_path / "other").mkdir()
    written(tmp_path / "other", "mine")
    written(tmp_path, "hea")
    (tmp_path / "broken.py").write_text(GOOD.replace("(circuit, s,", "(circuit, s[1:],"))
    for name in ("spt_path", "tfim"):
        (tmp_path / f"{name}.py").write_text(STATES)
    pq.write_table(pa.table({"a": [1]}), tmp_path / "foreign.parquet")
    config["training"][0] |= change
    with pytest.raises(ValueError, match="The config has") as caught:
        loaded(file, config)
    assert message in str(caught.value)
    assert "No dataset here named" not in str(caught.value)


def test_a_contrast_takes_own_states(study_file):
    file, config = study_file
    config["trainability"][0] |= {"contrast": {"file": "n4.py"}, "widths": [4, 6]}
    found = loaded(file, config)
    assert found["trainability"][0]["contrast"] == "n4"
    assert found["datasets"]["n4"]["widths"] == [4, 6]
    assert study.contrasts_of(found, "mine", "n4-6") == [("n4", 4), ("n4", 6)]


def test_rows_say_the_short_name(study_file):
    file, config = study_file
    cell = study.cells(loaded(file, config), "trainability", "mine", "n4-16")[0]
    columns = study.curve_columns("mine", cell)
    assert (columns["ansatz"], columns["observable"]) == ("mine", "z_mid")


def test_every_qubit_of_the_example_is_on_the_line(study_file):
    network = build_ansatz({"file": str(study_file[0].with_suffix(".py")), "function": "build"}, 5)
    assert network.circuit.all_qubits() == frozenset(cirq.LineQubit.range(5))
