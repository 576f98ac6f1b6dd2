"""What a scaffold writes works as it is, and writes over nothing."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from qnnbench.cli import app
from qnnbench.config import load
from qnnbench.scaffolding import KINDS, scaffold


def invoke(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.mark.parametrize("kind", KINDS)
def test_the_tests_it_writes_pass_and_its_study_is_sound(tmp_path, kind):
    said = invoke("new", kind, "mine", "--folder", tmp_path)
    assert said.exit_code == 0, said.output
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "mine.py",
        "mine.yaml",
        "test_mine.py",
    ]
    assert "NAME" not in "".join(file.read_text() for file in tmp_path.iterdir())
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    done = subprocess.run(
        [*command, "test_mine.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert load(tmp_path / "mine.yaml")["study"] == "mine"


def test_check_measures_what_an_own_ansatz_claims(tmp_path):
    scaffold("ansatz", "mine", tmp_path)
    said = invoke("check", tmp_path / "mine.yaml")
    assert said.exit_code == 0, said.output
    assert "own ansatz 'mine'" in said.output
    assert "plateau no, measured no" in said.output
    script = tmp_path / "mine.py"
    script.write_text(script.read_text().replace('"plateau": "no"', '"plateau": "yes"'))
    for words in (("check", tmp_path / "mine.yaml"), ("contract", script)):
        said = invoke(*words)
        assert said.exit_code == 2
        assert "plateau yes, measured no" in said.output


def test_the_contract_is_asked_for_by_a_command(tmp_path):
    scaffold("ansatz", "mine", tmp_path)
    said = invoke("contract", tmp_path / "mine.py", "--width", 3)
    assert "'mine' keeps the contract at 3 qubits" in said.output
    script = tmp_path / "mine.py"
    script.write_text(script.read_text().replace("tuple(symbols)", "tuple(symbols[1:])"))
    said = invoke("contract", script)
    assert said.exit_code == 2
    assert "at 2 qubits: symbols lacks ['x_0_0']" in said.output


def test_nothing_is_written_over(tmp_path):
    (tmp_path / "mine.yaml").write_text("kept")
    with pytest.raises(FileExistsError, match="nothing was written"):
        scaffold("ansatz", "mine", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.yaml"]
    assert (tmp_path / "mine.yaml").read_text() == "kept"


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("ansatz", "hea", "'hea' is a name of the package"),
        ("dataset", "spt_path", "'spt_path' is a name of the package"),
        ("ansatz", "My net", "'My net', the short name of the new ansatz"),
        ("ansätze", "mine", "No thing to begin named 'ansätze'. Did you mean 'ansatz'"),
    ],
)
def test_names_that_cannot_be_are_refused(tmp_path, kind, name, message):
    said = invoke("new", kind, name, "--folder", tmp_path)
    assert said.exit_code == 2
    assert message in said.output.replace("\n", " ")
    assert not list(tmp_path.iterdir())


def test_an_imported_circuit_is_ready_for_a_config(tmp_path):
    pytest.importorskip("openqasm3")
    program = tmp_path / "line.qasm"
    program.write_text(
        'OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[2] q; rx(a) q; cx q[0], q[1];'
    )
    said = invoke("import", program)
    assert said.exit_code == 0, said.output
    assert "{file: line_ansatz.py, function: build}" in said.output.replace("\n", "")
    assert invoke("contract", tmp_path / "line_ansatz.py", "--width", 2).exit_code == 0
    assert invoke("import", program).exit_code == 2
