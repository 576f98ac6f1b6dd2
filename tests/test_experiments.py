"""Trained networks on machines: sent once, collected when done, judged by their shots."""

import numpy as np
import pandas as pd
import pytest

import qnnbench
from qnnbench.hardware.experiments import (
    collected_rows,
    device_rows,
    submitted_rows,
    trained_run,
    waiting,
)
from qnnbench.hardware.jobs import Ledger, NotConfirmed
from qnnbench.hardware.vendors import EMULATED, emulator, vendor_named
from qnnbench.released import trained
from qnnbench.results import to_table
from tests.file_vendor import file_vendor


@pytest.fixture(scope="module")
def released():
    return trained("rg_tree", 8)


@pytest.fixture(scope="module")
def data():
    few = {"train": 16, "validation": 2, "test": 8}
    return qnnbench.dataset("ghz_dephased", 8, n_samples=few, seed=3).with_fewer("test", 2)


def submitted(released, data, vendor, ledger, **options):
    options = {"max_cost": 1e6, "confirm": True} | options
    rng = np.random.default_rng(5)
    told = {"devices": ["drawer"], "n_shots": 100, "rng": rng}
    return submitted_rows(
        released.network, released.params, data, vendor, ledger, **told | options
    )


def counts_of_class_1(row, share=0.9):
    """Return counts that tell a state right, or wrong where the share is below a half."""
    n_upper = round(100 * (share if row["label"] == 1 else 1 - share))
    return {"0": n_upper, "1": 100 - n_upper}


def test_a_rerun_sends_nothing_and_gives_the_same_rows(released, data, tmp_path):
    vendor, ledger = file_vendor(tmp_path / "room"), Ledger(tmp_path / "jobs")
    rows = submitted(released, data, vendor, ledger)
    assert [row["label"] for row in rows] == data.select("test").labels.tolist()
    assert submitted(released, data, vendor, ledger) == rows
    assert len(list((tmp_path / "room").iterdir())) == len(rows) == 4
    assert to_table("jobs", rows)["cost"].to_pylist() == [10.0] * 4


def test_nothing_is_sent_that_nobody_confirmed(released, data, tmp_path):
    vendor, ledger = file_vendor(tmp_path / "room"), Ledger(tmp_path / "jobs")
    with pytest.raises(NotConfirmed):
        submitted(released, data, vendor, ledger, confirm=False)
    assert ledger.records() == []


def test_jobs_that_wait_are_told_and_collected_later(released, data, tmp_path):
    room, ledger = tmp_path / "room", Ledger(tmp_path / "jobs")
    rows = submitted(released, data, file_vendor(room), ledger)
    early = collected_rows(rows, file_vendor(room, state="queued"), ledger)
    assert waiting(early).startswith("4 of 4 jobs are not done (queued)")
    late = collected_rows(rows, file_vendor(room), ledger)
    assert waiting(late) == ""
    assert [row["n_back"] for row in late] == [100] * 4


def test_accuracy_is_that_of_the_counts(released, data, tmp_path):
    rows = submitted(released, data, file_vendor(tmp_path / "room"), Ledger(tmp_path / "jobs"))
    done = []
    for i, row in enumerate(rows):
        counts = counts_of_class_1(row, share=0.9 if i else 0.1)  # the first is told wrong
        done.append({**row, "n_back": 100, "n_upper": counts["0"]})
    by_state, by_shot = device_rows(done)
    assert (by_state["metric"], by_state["value"]) == ("accuracy", 3 / 4)
    assert by_shot["metric"] == "one_shot_accuracy"
    assert by_shot["value"] == pytest.approx((0.1 + 3 * 0.9) / 4)
    assert by_state["lower"] < 3 / 4 < by_state["upper"]
    assert by_state["noiseless"] > 0.9
    assert 0.7 < by_shot["noiseless"] < 0.75


def test_jobs_that_failed_are_no_result(released, data, tmp_path):
    room, ledger = tmp_path / "room", Ledger(tmp_path / "jobs")
    rows = submitted(released, data, file_vendor(room), ledger)
    ended = collected_rows(rows, file_vendor(room, state="depleted"), ledger)
    assert {row["status"] for row in ended} == {"failed"}
    (only,) = device_rows(ended)
    assert (only["status"], only["reason"]) == ("failed", "as the folder says")


def test_an_emulator_that_is_not_installed_is_skipped_with_the_remedy(
    released, data, tmp_path, monkeypatch
):
    def absent(device):
        raise ModuleNotFoundError("run pip install 'qnnbench[quantinuum]'")

    monkeypatch.setattr("qnnbench.hardware.vendors._run", absent)
    rows = submitted(
        released, data, emulator(tmp_path), Ledger(tmp_path), devices=list(EMULATED)[:1]
    )
    assert {row["status"] for row in rows} == {"skipped"}
    assert "pip install" in rows[0]["reason"]
    assert device_rows(rows)[0]["status"] == "skipped"


def test_what_was_not_trained_is_not_run():
    arm = {"ansatz": "rg_tree", "options": {"sharing": "shape"}}
    known = {"arm": "a", "dataset": "ghz_dephased", "ansatz": "rg_tree", "sharing": "shape"}
    run = known | {"n_qubits": 8, "repeat": 0, "status": "over_budget", "reason": "too long"}
    _, params, columns = trained_run(arm, pd.DataFrame([run]), 8, {})
    assert params is None
    assert columns["reason"] == "its training is over_budget: too long"


def test_an_unknown_vendor_is_named_beside_the_known_ones(tmp_path):
    with pytest.raises(ValueError, match="Did you mean 'emulator'"):
        vendor_named("emulators", tmp_path)
