"""Configs and commands of runs on machines ask for what there is."""

import copy
import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from qnnbench.cli import app
from qnnbench.config import check

ROOT = Path(__file__).parents[1]
SMOKE = yaml.safe_load((ROOT / "config" / "smoke.yaml").read_text())


@pytest.mark.parametrize(
    ("section", "change", "words"),
    [
        ("hardware", {"arm": "qcnn_spt_pth"}, "Did you mean 'qcnn_spt_path'"),
        ("hardware", {"arm": "brickwork_two_state_local"}, "machines run classification"),
        ("hardware", {"widths": [4, 16]}, r"not trained at \[16\]"),
        ("hardware", {"devices": ["Heliox"]}, "Did you mean 'Helios'"),
        ("hardware", {"repeat": 2}, "has repeats 0 to 1"),
        ("jobs", {"devices": ["H2-3"]}, "No device named 'H2-3'"),
        ("jobs", {"vendor": "acme"}, "is not one of"),
        ("device_training", {"arm": "qcnn_spt_pth"}, "Did you mean 'qcnn_spt_path'"),
        ("device_training", {"devices": ["Turino"]}, "Did you mean 'Torino'"),
        ("device_training", {"repeats": 3}, "has 2 repeats, 3 are asked for"),
        ("device_training", {"starts": ["warm"]}, 'One of "cold", "trained" and'),
        ("device_training", {"starts": [{"perturbed": 0}]}, 'One of "cold", "trained" and'),
        ("device_training", {"optimiser": "adam"}, "is not one of"),
    ],
)
def test_runs_on_machines_ask_for_what_there_is(section, change, words):
    config = copy.deepcopy(SMOKE)
    (entry,) = config[section].values()
    entry |= change
    with pytest.raises(ValueError, match=words):
        check(config, names=False)


def test_a_machine_trains_only_what_was_trained_on_the_contrast():
    config = copy.deepcopy(SMOKE)
    config["training"][0]["loss"] = "label_error"
    with pytest.raises(ValueError, match="was trained on 'label_error': take an arm with"):
        check(config, names=False)


def test_what_a_machine_cannot_train_is_said_before_any_work():
    config = copy.deepcopy(SMOKE)
    config["device_training"]["qcnn_by_shots"]["max_shots"] = 100
    with pytest.raises(ValueError, match="a step of 'spsa' takes up to 200 shots"):
        check(config)
    config = copy.deepcopy(SMOKE)
    config["training"][0] |= {"ansatz": "hea", "options": {"readout": "local"}}
    with pytest.raises(ValueError, match="one Pauli string is read on a machine"):
        check(config)


def test_the_command_writes_released_circuits(tmp_path):
    out = tmp_path / "tree.qasm"
    told = CliRunner().invoke(app, ["circuit", "rg_tree", "8", "--released", "--out", str(out)])
    assert told.exit_code == 0, told.output
    assert out.read_text().startswith("OPENQASM 3.0;")
    assert "input" not in out.read_text()
    open_angles = CliRunner().invoke(app, ["circuit", "qcnn", "4"])
    assert "input float[64] c_0_0_0;" in open_angles.output
    wrong = CliRunner().invoke(app, ["circuit", "qcnn", "4", "--format", "qasm"])
    assert wrong.exit_code == 2


def test_the_command_prices_a_circuit_and_sends_nothing():
    told = CliRunner().invoke(app, ["dry-run", "qcnn", "4", "--shots", "500", "--json"])
    assert told.exit_code == 0, told.output
    row = json.loads(told.output)
    assert row["unit"] == "HQC"
    assert row["cost_gradient"] > row["cost_spsa_step"] == 2 * row["cost"] > 10
    assert row["n_physical"] <= 4
