"""Training of the two-copy network: it reaches the optimum, its rows are rows, leaks show."""

import numpy as np
import pytest
from scipy.stats import binomtest

from qnnbench.results import to_table
from qnnbench.states.datasets import build_dataset
from qnnbench.tasks import TASKS
from qnnbench.tasks.ceilings import above_ceiling
from qnnbench.tasks.ppt_bound import ppt_bound
from qnnbench.training import pair_scores
from qnnbench.training.two_copies import train_two_copies

SIZES = {"train": 2, "validation": 2, "test": 2}
ARM = {"arm": "pairs", "dataset": "lu_orbit/ghz-deph", "repeats": 1}
TINY = {
    **ARM,
    "n_steps": 4,
    "batch_size": 40,
    "n_pairs": {"train": 200, "test": 200},
    "pairs_per_sample": [1, 4],
}


def trained(entry, variant="ghz-deph", n_qubits=8, seed=1):
    data = build_dataset(f"lu_orbit/{variant}", n_qubits, SIZES, seed=1)
    return train_two_copies(entry, data, n_qubits=n_qubits, seed=seed)


def only(rows, **wanted):
    (row,) = [r for r in rows if all(r.get(k) == v for k, v in wanted.items())]
    return row


@pytest.fixture(scope="module")
def tables():
    return trained({**ARM, "n_pairs": {"train": 3000, "test": 8000}}, seed=21)


def test_one_pair_reaches_the_optimum(tables):
    row = only(tables["scores"], arm="pairs", metric="accuracy", n_copies=2)
    assert row["ceiling"] == pytest.approx(5 / 8)
    n_right = round(row["value"] * row["n_samples"])
    assert binomtest(n_right, row["n_samples"], 0.5, "greater").pvalue < 1e-6
    exact = only(tables["scores"], arm="pairs", metric="best_accuracy")
    assert 0.62 < exact["value"] <= 5 / 8 + 1e-12
    error = np.sqrt(5 / 8 * 3 / 8 / row["n_samples"])
    assert row["value"] == pytest.approx(exact["value"], abs=5 * error)  # the head loses little


def test_training_is_what_makes_the_difference(tables):
    row = only(tables["scores"], arm="pairs", metric="accuracy", n_copies=2)
    spread = 5 * np.sqrt(0.25 / row["n_samples"])
    assert row["untrained_value"] == pytest.approx(0.5, abs=spread)
    assert row["paired_difference"] == pytest.approx(row["value"] - row["untrained_value"])
    assert row["paired_lower"] > 0.05
    overlap = only(tables["scores"], metric="singlet_overlap")
    assert overlap["untrained_value"] < 0.9 < 0.995 < overlap["value"]


@pytest.mark.parametrize("n_pairs", [4, 16])
def test_more_pairs_reach_the_pairwise_test(tables, n_pairs):
    # An odd number of singlets, chance 1/4 per pair of a dephased state, gives it away.
    row = only(tables["scores"], arm="pairs", metric="accuracy", n_copies=2 * n_pairs)
    best = 1 - 0.75**n_pairs / 2
    spread = 5 * np.sqrt(best * (1 - best) / row["n_samples"])
    assert row["value"] == pytest.approx(best, abs=spread + 0.01)  # 0.01: the block's own error


def test_rivals_stand_below_their_bounds(tables):
    xor = only(tables["scores"], arm="xor", metric="accuracy", n_copies=2)
    assert xor["ceiling"] == ppt_bound(8)
    exact = only(tables["scores"], arm="xor", metric="best_accuracy")
    assert exact["value"] == pytest.approx(0.5 + (2 / 3) ** 8 / 8)
    assert xor["value"] == pytest.approx(exact["value"], abs=5 * np.sqrt(0.25 / 8000))
    bound = only(tables["scores"], arm="ppt_bound")
    assert exact["value"] < bound["value"] < bound["ceiling"]
    assert not above_ceiling(tables["scores"])


def test_rows_fit_the_tables(tables):
    for name, rows in tables.items():
        assert to_table(name, rows).num_rows == len(rows)
    (run,) = tables["runs"]
    assert len(run["params"]) == run["n_symbols"] == 15
    assert run["n_steps"] == len(tables["steps"]) == 400
    assert [row["step"] for row in tables["steps"]] == list(range(1, 401))
    losses = ["covariance"] * 200 + ["low_count"] * 200
    assert [row["loss_name"] for row in tables["steps"]] == losses
    assert run["loss_name"] == "covariance, low_count"
    assert tuple(dict.fromkeys(losses)) == TASKS[run["task"]].losses
    assert {row["dataset"] for rows in tables.values() for row in rows} == {ARM["dataset"]}
    first, last = (tables["steps"][k]["loss"] for k in (0, 199))
    assert last < -0.7 < first  # minus the covariance: -1 at its least


def test_equal_seeds_give_equal_rows():
    first, second = (trained(TINY) for _ in range(2))
    for name in ("runs", "scores"):
        drop = {"cpu_time_s", "wall_time_s", "peak_memory_mb"}
        rows = [
            [{k: v for k, v in r.items() if k not in drop} for r in t[name]]
            for t in (first, second)
        ]
        assert repr(rows[0]) == repr(rows[1])
    assert trained(TINY, seed=2)["runs"][0]["params"] != first["runs"][0]["params"]


def test_pairs_without_a_bound_have_no_bound():
    scores = trained(TINY, "prod-w")["scores"]
    assert {row["arm"] for row in scores} == {"pairs", "xor"}
    assert only(scores, arm="xor", metric="accuracy", n_copies=2)["ceiling"] == 0.71875


def test_a_leak_is_told(monkeypatch):
    def leaking(states, unitaries, block, shape, rng):
        labels = np.repeat([0, 1], shape[0])
        symbols = np.zeros((2 * shape[0], shape[1], states[0].n_qubits), dtype=np.uint8)
        symbols[labels == 1] = 3
        return symbols, labels

    def obvious(cls, features, labels):
        weights = np.zeros(features.shape[1])
        weights[-7] = 1.0  # the count of the last symbol
        return cls(weights, -0.5)

    monkeypatch.setattr(pair_scores, "turned_symbols", leaking)
    monkeypatch.setattr(pair_scores.Head, "fit", classmethod(obvious))
    tables = trained(TINY)
    row = only(tables["scores"], arm="pairs", metric="accuracy", n_copies=2)
    assert (row["value"], row["ceiling"]) == (1.0, pytest.approx(5 / 8))
    (line,) = above_ceiling(to_table("scores", tables["scores"]).to_pylist())
    assert line.startswith("lu_orbit/ghz-deph at n_qubits=8, pairs: accuracy 1 (200 of 200)")


def test_an_optimum_above_its_bound_is_told(monkeypatch):
    monkeypatch.setattr(pair_scores, "ppt_bound", lambda n_qubits: 0.504)  # XOR has 0.50488
    (line,) = above_ceiling(to_table("scores", trained(TINY)["scores"]).to_pylist())
    assert "xor: best_accuracy 0.504877305 (exact) is above its ceiling 0.504" in line


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_steps": 1}, "n_steps must be >= 2"),
        ({"n_pairs": {"train": 9, "test": 4}}, "2 \\* 4 pairs"),
    ],
)
def test_settings_out_of_range_are_named(changed, message):
    with pytest.raises(ValueError, match=message):
        trained({**TINY, **changed})


def test_other_datasets_are_refused():
    data = build_dataset("spt_path", 8, SIZES, seed=1)
    with pytest.raises(ValueError, match="lu_orbit does"):
        train_two_copies(TINY, data, n_qubits=8, seed=1)
    with pytest.raises(ValueError, match="dataset at n_qubits=8"):
        train_two_copies(TINY, data, n_qubits=9, seed=1)
