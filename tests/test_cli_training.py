"""``qnnbench train``: rows as a study's, resumed bit for bit, refused in words."""

import json
import logging

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from qnnbench.cli import app
from qnnbench.training import loop

WORDS = ["train", "tree", "ghz_dephased", "4", "--steps", "6", "--repeats", "2", "--seed", "3"]


def invoke(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def results(done):
    """Return what a run found, without what it took."""
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    taken = ("cpu_time_s", "wall_time_s", "peak_memory_mb")
    return {
        table: [{k: v for k, v in row.items() if k not in taken} for row in rows]
        for table, rows in told.items()
    }


def test_scores_stand_beside_the_untrained_network_chance_and_ceiling(tmp_path):
    done = invoke(*WORDS, "--out", "rows")
    assert done.exit_code == 0, done.output
    for word in ("one_shot_accuracy", "untrained", "chance", "ceiling", "0.75"):
        assert word in done.stdout
    scores = pq.read_table(tmp_path / "rows" / "scores.parquet").to_pylist()
    shot = next(row for row in scores if row["metric"] == "one_shot_accuracy")
    assert (shot["ceiling"], shot["chance"]) == (0.75, 0.5)  # Helstrom: 1 - 2^-(1+1)
    assert shot["lower"] <= shot["value"] <= shot["upper"]
    assert pq.read_table(tmp_path / "rows" / "steps.parquet").num_rows == 12
    assert not list((tmp_path / "checkpoints").rglob("*.npz"))


def test_a_run_that_was_stopped_goes_on_bit_for_bit(tmp_path, monkeypatch):
    whole = results(invoke(*WORDS, "--json"))
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY_S", 0.0)
    take, taken = loop._Steps.take, []

    def interrupted(self, progress, rng):
        taken.append(progress.step)
        if len(taken) == 5:
            raise KeyboardInterrupt
        return take(self, progress, rng)

    with monkeypatch.context() as patch:
        patch.setattr(loop._Steps, "take", interrupted)
        stopped = invoke(*WORDS, "--json")
    assert stopped.exit_code == 130
    assert "goes on from the last checkpoint" in stopped.stderr
    assert list((tmp_path / "checkpoints").rglob("*.npz"))
    resumed = []
    monkeypatch.setattr(
        loop._Steps, "take", lambda self, p, rng: (resumed.append(p.step), take(self, p, rng))[1]
    )
    assert results(invoke(*WORDS, "--json")) == whole
    assert resumed == [4, 5, *range(6)]  # the second repeat had not begun


def test_every_step_moves_the_bar(monkeypatch):
    moved = []
    handler = logging.Handler()
    handler.emit = lambda record: moved.append(getattr(record, "steps", 0))
    logger = logging.getLogger("qnnbench.training.loop")
    logger.addHandler(handler)
    try:
        assert invoke(*WORDS, "--json").exit_code == 0
    finally:
        logger.removeHandler(handler)
    assert sum(moved) == 12


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "tre", "ghz_dephased", "4"], "Did you mean 'tree'"),
        (["train", "tree", "ghz_dephasd", "4"], "Did you mean 'ghz_dephased'"),
        (["train", "tree", "ghz_dephased"], "needs a width"),
        ([*WORDS, "--task", "compresion"], "Did you mean 'compression'"),
        ([*WORDS, "--task", "regression"], "serves classification"),
        ([*WORDS, "--loss", "contrst"], "Did you mean 'contrast'"),
        ([*WORDS, "--optimiser", "adm"], "Did you mean 'adam'"),
        ([*WORDS, "--rate", "-1"], "learning_rate must be"),
        ([*WORDS, "--max-seconds", "1e-9"], "not trained, over_budget"),
    ],
)
def test_what_cannot_be_trained_is_said_with_exit_code_2(words, message):
    done = invoke(*words)
    assert done.exit_code == 2
    assert message in done.stderr
    assert "Traceback" not in done.output
