"""Training of the two-copy network: it reaches the optimum, its rows are rows, leaks show."""

import numpy as np
import pytest
from scipy.stats import binomtest

from qnnbench.results import to_table
from qnnbench.states.datasets import build_dataset
from qnnbench.states.families.lu_orbit import BASES, base_states
from qnnbench.tasks import TASKS
from qnnbench.tasks.ceilings import above_ceiling
from qnnbench.tasks.pair_samples import PairSamples
from qnnbench.tasks.ppt_bound import ppt_bound
from qnnbench.tasks.two_copies import N_ANGLES, block_unitary
from qnnbench.training import pair_scores
from qnnbench.training.pair_stages import PRETEXTS, Batches, shown
from qnnbench.training.two_copies import PairSettings, train_two_copies

SIZES = {"train": 2, "validation": 2, "test": 2}
ARM = {"arm": "pairs", "dataset": "lu_orbit/ghz-deph", "repeats": 1}
TINY = {
    **ARM,
    "n_steps": 4,
    "batch_size": 40,
    "n_pairs": {"train": 200, "validation": 200, "test": 200},
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
    return trained({**ARM, "n_pairs": {"test": 8000}}, seed=21)


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
    assert 0.55 < run["validation_score"] < 0.7
    assert set(losses) <= set(TASKS[run["task"]].losses)
    assert {row["dataset"] for rows in tables.values() for row in rows} == {ARM["dataset"]}
    first, last = (tables["steps"][k]["loss"] for k in (0, 199))
    assert last < -0.7 < first  # minus the covariance: -1 at its least


@pytest.mark.parametrize(
    ("pretext", "unlabelled", "labelled"),
    [("covariance", 9 * 40, 400), ("product", 9 * 40, 400), ("none", 0, 400 + 8 * 40)],
)
def test_pairs_with_labels_are_counted_apart(monkeypatch, pretext, unlabelled, labelled):
    # Two batches per step and one that names the singlet, counted where they are drawn.
    drawn = []
    once = Batches.symbols
    monkeypatch.setattr(
        Batches, "symbols", lambda self, at: drawn.append(s := once(self, at)) or s
    )
    (run,) = trained({**TINY, "pretext": pretext})["runs"]
    assert (run["n_unlabelled"], run["n_labelled"]) == (unlabelled, labelled)
    assert sum(map(len, drawn)) == unlabelled + labelled - 400


def test_rows_give_back_the_samples_that_were_scored(tables):
    row = only(tables["scores"], arm="pairs", metric="accuracy", n_copies=8)
    half, n_pairs = row["n_samples"] // 2, row["n_copies"] // 2
    samples = PairSamples.of_run(row["seed_path"], "test", half, n_pairs)
    block = block_unitary(np.array(tables["runs"][0]["params"]))
    data = build_dataset(row["dataset"], 8, SIZES, seed=1)
    (symbols,) = samples.measured(base_states(data), [block])
    guesses = ((symbols == _singlet(block)).sum(axis=2) % 2).any(axis=1)  # any odd count
    assert np.mean(guesses == samples.labels) == pytest.approx(row["value"], abs=0.02)


def _singlet(block):
    return int(np.argmax(np.abs(block @ [0, 1, -1, 0])))


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
    assert {row["arm"] for row in scores} == {"pairs", "xor", "both_copies"}
    for arm in ("xor", "both_copies"):
        assert only(scores, arm=arm, metric="accuracy", n_copies=2)["ceiling"] == 0.71875


def test_a_leak_is_told(monkeypatch):
    def leaking(self, states, blocks, ensemble, shuffled):
        shape = (len(self.labels), self.n_pairs, states[0].n_qubits)
        return [np.broadcast_to(3 * self.labels[:, None, None], shape)] * len(blocks)

    monkeypatch.setattr(PairSamples, "measured", leaking)
    tables = trained(TINY)
    row = only(tables["scores"], arm="pairs", metric="accuracy", n_copies=2)
    assert (row["value"], row["ceiling"]) == (1.0, pytest.approx(5 / 8))
    trained_line, rival = above_ceiling(to_table("scores", tables["scores"]).to_pylist())
    told = "lu_orbit/ghz-deph at n_qubits=8, pairs: accuracy 1 (200 of 200)"
    assert trained_line.startswith(told)
    assert "both_copies: accuracy 1 (200 of 200)" in rival  # XOR does not see this leak


@pytest.mark.parametrize("variant", ["path-ring", "prod-w"])
def test_product_states_calibrate_the_block_where_the_covariance_cannot(variant):
    entry = {**ARM, "pretext": "product", "n_steps": 300, "pairs_per_sample": [1]}
    entry |= {"n_pairs": {"train": 2000, "validation": 1000, "test": 4000}}
    tables = trained(entry, variant, seed=22)
    assert only(tables["scores"], metric="singlet_overlap")["value"] > 0.995
    row = only(tables["scores"], arm="pairs", metric="accuracy")
    assert row["paired_lower"] > 0.02
    spread = 5 * np.sqrt(0.25 / row["n_samples"])
    assert row["value"] == pytest.approx(row["ceiling"], abs=spread + 0.02)  # 0.02: the head
    first, last = (tables["steps"][k] for k in (0, -1))
    assert (first["loss_name"], last["loss_name"]) == PRETEXTS["product"].losses
    assert not above_ceiling(tables["scores"])


def test_the_product_pretext_never_sees_the_task():
    pair = BASES["ghz"](8), BASES["w"](8)
    for state in shown(PRETEXTS["product"], pair):
        assert state.max_bond_dim == 1
    assert shown(PRETEXTS["covariance"], pair) == pair


def test_training_on_the_parity_alone_stays_at_chance_at_a_hundred_qubits():
    entry = {**TINY, "pretext": "none", "n_steps": 40, "pairs_per_sample": [1]}
    tables = trained(entry, n_qubits=100)
    assert {row["loss_name"] for row in tables["steps"]} == {"parity"}
    losses = np.array([row["loss"] for row in tables["steps"]])
    error = np.sqrt(0.25 / (len(losses) * 2 * 40))
    assert losses.mean() == pytest.approx(0.5, abs=5 * error)
    exact = only(tables["scores"], arm="pairs", metric="best_accuracy")
    assert exact["value"] == pytest.approx(0.5, abs=1e-3)


def test_two_rings_in_hidden_order_stay_at_chance():
    entry = {**TINY, "pretext": "product", "n_steps": 60, "shuffled": True}
    entry |= {"n_pairs": {**TINY["n_pairs"], "test": 1000}, "pairs_per_sample": [1]}
    scores = trained(entry, "ring-ring2", n_qubits=32)["scores"]
    row = only(scores, arm="pairs", metric="accuracy", n_copies=2)
    assert 0.5 < row["ceiling"] < 0.5002
    assert row["value"] == pytest.approx(0.5, abs=5 * np.sqrt(0.25 / 1000))
    assert not above_ceiling(scores)


@pytest.mark.parametrize("pretext", ["covariance", "product"])
def test_both_engines_train_on_one_law(pretext):
    pair = BASES["ghz"](8), BASES["deph"](8)
    states = shown(PRETEXTS[pretext], pair)
    angles = np.random.default_rng(23).uniform(0, 2 * np.pi, N_ANGLES)
    rng = np.random.default_rng(24)
    signals = PRETEXTS[pretext].signals
    found = []
    for ensemble in (None, "haar"):
        batches = Batches(states, 100, rng, ensemble)
        found.append(np.array([signals(batches.symbols(angles)) for _ in range(20)]))
    errors = np.sqrt(sum(f.var(axis=0, ddof=1) / len(f) for f in found))
    assert np.all(np.abs(found[0].mean(axis=0) - found[1].mean(axis=0)) < 5 * errors)
    run = trained({**TINY, "pretext": pretext, "engine": "unitaries"})["runs"][0]
    assert run["n_unlabelled"] == 9 * 40


def test_an_optimum_above_its_bound_is_told(monkeypatch):
    monkeypatch.setattr(pair_scores, "ppt_bound", lambda n_qubits: 0.504)  # XOR has 0.50488
    (line,) = above_ceiling(to_table("scores", trained(TINY)["scores"]).to_pylist())
    assert "xor: best_accuracy 0.504877305 (exact) is above its ceiling 0.504" in line


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_steps": 1}, "n_steps must be >= 2"),
        ({"n_pairs": {"train": 9, "test": 4}}, "2 \\* 4 pairs"),
        ({"pretext": "products"}, "No pretext named 'products'. Did you mean 'product'"),
        ({"engine": "slow"}, "No engine named 'slow'"),
    ],
)
def test_settings_out_of_range_are_named(changed, message):
    with pytest.raises(ValueError, match=message):
        trained({**TINY, **changed})


def test_sizes_that_an_entry_leaves_out_are_the_default():
    settings = PairSettings.of({"n_pairs": {"test": 400}})
    assert settings.n_pairs == {"train": 3000, "validation": 3000, "test": 400}
    assert PairSettings().n_pairs["test"] == 20000


def test_other_datasets_are_refused():
    data = build_dataset("spt_path", 8, SIZES, seed=1)
    with pytest.raises(ValueError, match="lu_orbit does"):
        train_two_copies(TINY, data, n_qubits=8, seed=1)
    with pytest.raises(ValueError, match="dataset at n_qubits=8"):
        train_two_copies(TINY, data, n_qubits=9, seed=1)
