"""Two result sets: noise is no change, a fall beyond it is, and everything else is told."""

import json
import tarfile
import zipfile

import numpy as np
import pytest
from scipy.stats import permutation_test
from typer.testing import CliRunner

from qnnbench.cli import app
from qnnbench.comparison import compare, read_set
from qnnbench.comparison.noise import (
    difference_of_proportions,
    holm,
    sign_flips,
    two_means,
    two_proportions,
)
from qnnbench.results import to_table, write_parquet, write_rows
from tests import synthetic_rows

MADE = {"package_version": "0.1.0", "source_hash": "a" * 16, "config_hash": "c" * 16}
N_STATES = 200


def score(value, repeat=0, arm="a", **other):
    """Return a row of an accuracy on 200 test states."""
    half = 1.96 * np.sqrt(max(value * (1 - value), 1e-4) / N_STATES)
    return (
        MADE
        | {"status": "ok", "run_id": f"{arm} {repeat}", "arm": arm, "dataset": "d", "n_qubits": 8}
        | {"task": "classification", "ansatz": "tree", "metric": "accuracy", "repeat": repeat}
        | {"value": value, "lower": value - half, "upper": value + half, "n_samples": N_STATES}
        | other
    )


def stored(folder, **tables):
    """Write rows by table as a study's folder and read them back as a result set."""
    for table, rows in tables.items():
        write_rows(folder / table / "rows.parquet", table, rows)
    return read_set(folder)


def changes(tmp_path, before, after, table="scores"):
    old = stored(tmp_path / "a", **{table: before})
    return compare(old, stored(tmp_path / "b", **{table: after}))


def told(found):
    return [(change.kind, change.what) for change in found.changes]


def test_holm_steps_down_as_by_hand():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    assert holm([]).shape == (0,)
    assert holm([0.7, 0.9]).max() == 1.0


def test_two_proportions_have_the_hypergeometric_p():
    assert two_proportions(1.0, 0.0, 3, 3) == pytest.approx(2 / 20)  # of C(6, 3) tables
    assert two_proportions(0.5, 0.5, 100, 100) == pytest.approx(1)


def test_the_interval_of_a_difference_is_the_published_one():
    # Newcombe, Stat. Med. 17, 873 (1998), Table II, 56/70 - 48/80 by method 10
    low, high = difference_of_proportions(48 / 80, 56 / 70, 80, 70)
    assert (low, high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_normal_means_have_the_normal_p():
    assert two_means(1.959964 * 5, 3.0, 4.0) == pytest.approx(0.05, abs=1e-6)
    assert two_means(0.0, 0.0, 0.0) == 1
    assert two_means(1e-9, 0.0, 0.0) == 0


def test_sign_flips_agree_with_scipy():
    differences = np.random.default_rng(1).normal(0.4, 1, 9)
    known = permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert sign_flips(differences) == pytest.approx(known.pvalue)
    assert sign_flips([1, 2, 3, 4, 5, 6]) == 2 / 64
    drawn = np.random.default_rng(2).normal(0.5, 1, 15)  # exact, and by draws
    known = permutation_test((drawn,), np.mean, permutation_type="samples", n_resamples=np.inf)
    deviation = 5 * np.sqrt(known.pvalue / 20_000)  # five standard errors of the draws
    assert sign_flips(drawn) == pytest.approx(known.pvalue, abs=deviation)


def test_equal_sets_are_equal_whoever_made_them(tmp_path):
    rows = [score(0.9, i) for i in range(3)]
    again = [row | {"source_hash": "b" * 16, "cpu_time_s": 3.0} for row in reversed(rows)]
    found = changes(tmp_path, rows, again)
    assert (found.changes, found.n_same, found.exit_code) == ((), 1, 0)


def test_a_fall_of_every_repeat_beyond_the_test_states_is_a_regression(tmp_path):
    before = [score(v, i) for i, v in enumerate((0.95, 0.9, 0.92, 0.94, 0.93))]
    after = [score(v, i) for i, v in enumerate((0.6, 0.7, 0.55, 0.65, 0.62))]
    found = changes(tmp_path, before, after)
    (change,) = found.changes
    assert (change.kind, found.exit_code) == ("regression", 1)
    assert (change.before, change.after) == pytest.approx((0.928, 0.624))
    assert change.lower < 0.624 - 0.928 < change.upper < 0
    assert changes(tmp_path, after, before).changes[0].kind == "improvement"
    assert changes(tmp_path, after, before).exit_code == 0


def test_one_unlucky_seed_of_five_is_noise(tmp_path):
    before = [score(0.95, i) for i in range(5)]
    after = [score(0.95, i) for i in range(4)] + [score(0.5, 4)]
    found = changes(tmp_path, before, after)
    assert [change.kind for change in found.changes] == ["within noise"]
    assert found.exit_code == 0


def test_of_many_repeats_the_paired_permutation_test_counts(tmp_path):
    rng = np.random.default_rng(5)
    before = [score(0.9, i) for i in range(12)]
    up_and_down = [score(0.9 + s * 0.2, i) for i, s in enumerate(rng.permutation([-1, 0.5] * 6))]
    assert changes(tmp_path, before, up_and_down).exit_code == 0
    down = [score(0.7 - 0.001 * i, i) for i in range(12)]
    assert changes(tmp_path, before, down).changes[0].p_value == pytest.approx(2 / 2**12)


@pytest.mark.slow
def test_noise_alone_rarely_raises_an_alarm(tmp_path):
    # 20 sets of 30 cells with one accuracy each: at 5 % for all cells of a set, fewer than
    # 5 alarms in 20 with probability 0.997, were the test exact; it is conservative.
    rng = np.random.default_rng(11)
    alarms = 0
    for i in range(20):
        values = rng.binomial(N_STATES, 0.8, size=(2, 30)) / N_STATES
        sets = [[score(v, arm=f"arm {j}") for j, v in enumerate(part)] for part in values]
        alarms += any(
            change.kind in ("regression", "improvement")
            for change in changes(tmp_path / str(i), *sets).changes
        )
    assert alarms < 5


def test_scores_without_a_count_are_held_against_their_intervals(tmp_path):
    def fidelity(value, half):
        ends = {"lower": value - half, "upper": value + half}
        return [score(value, metric="fidelity", n_samples=2) | ends]

    loose = changes(tmp_path / "loose", fidelity(0.99, 0.02), fidelity(0.97, 0.02))
    assert [change.kind for change in loose.changes] == ["within noise"]
    tight = changes(tmp_path / "tight", fidelity(0.99, 0.002), fidelity(0.97, 0.002))
    assert [change.kind for change in tight.changes] == ["regression"]


def test_statuses_that_changed_are_told_with_their_reason(tmp_path):
    before = [score(0.9, i) for i in range(3)]
    lost = [score(0.9, 0), score(0.9, 1, status="failed", reason="too rough"), before[2]]
    found = changes(tmp_path, before, lost)
    assert told(found) == [("regression", "status 3 ok → 1 failed, 2 ok: too rough")]
    assert changes(tmp_path, lost, before).changes[0].kind == "improvement"
    skipped, over = ([score(0.9, status=s)] for s in ("skipped", "over_budget"))
    neutral = changes(tmp_path / "n", skipped, over)
    assert told(neutral) == [("status", "status skipped → over_budget")]
    assert neutral.exit_code == 0


def test_rows_that_the_newer_set_lacks_are_a_loss_and_new_ones_are_told(tmp_path):
    kept, old, new = score(0.9), score(0.9, arm="old"), score(0.9, arm="new")
    found = changes(tmp_path, [kept, old], [kept, new])
    assert [(c.kind, "arm old" in c.cell, "arm new" in c.cell) for c in found.changes] == [
        ("only in A", True, False),
        ("only in B", False, True),
    ]
    assert (found.exit_code, found.n_same) == (1, 1)
    assert changes(tmp_path / "more", [kept], [kept, new]).exit_code == 0


def test_repeats_that_the_newer_set_lacks_are_a_loss(tmp_path):
    five = [score(0.9, repeat=k) for k in range(5)]
    found = changes(tmp_path, five, five[:3])
    assert told(found) == [("only in A", "2 of 5 repeats")]
    assert found.exit_code == 1
    assert told(changes(tmp_path / "more", five[:3], five)) == [("only in B", "2 of 5 repeats")]


def moment(value, **other):
    curve = {"curve": "hea", "n_qubits": 8, "ansatz": "hea", "observable": "global"}
    known = {"status": "ok", "run_id": "m", "method": "exact", "relative_error": 1e-6}
    return [MADE | curve | known | {"log10_variance": value} | other]


def test_exact_moments_move_when_they_leave_three_errors(tmp_path):
    # 1e-6 relative each, three times, both: 6e-6 / ln 10 = 2.6e-6 decades
    near = changes(tmp_path / "1", moment(-5.0), moment(-5.0 + 2e-6), "trainability")
    assert near.changes == ()
    far = changes(tmp_path / "2", moment(-5.0), moment(-5.0 + 3e-6), "trainability")
    assert [change.kind for change in far.changes] == ["moved"]
    assert far.exit_code == 1
    zero = changes(tmp_path / "3", moment(-np.inf), moment(-60.0), "trainability")
    assert zero.changes[0].kind == "moved"
    assert changes(tmp_path / "4", moment(-np.inf), moment(-np.inf), "trainability").n_same == 1


def test_sampled_moments_are_held_against_their_intervals(tmp_path):
    def sampled(value):
        ends = {"log10_variance_lower": value - 0.2, "log10_variance_upper": value + 0.2}
        return moment(value, method="monte-carlo", relative_error=None, **ends)

    near = changes(tmp_path / "1", sampled(-5.0), sampled(-4.8), "trainability")
    assert [change.kind for change in near.changes] == ["within noise"]
    far = changes(tmp_path / "2", sampled(-5.0), sampled(-4.0), "trainability")
    assert [change.kind for change in far.changes] == ["moved"]


def test_a_certificate_that_breaks_is_a_regression_and_data_that_changed_moved(tmp_path):
    fact = MADE | {"status": "ok", "run_id": "f", "dataset": "d", "n_qubits": 8, "fact": "norm 1"}
    holds, broken = ([fact | {"value": 0.0, "expected": 0.0, "holds": h}] for h in (True, False))
    assert changes(tmp_path / "c", holds, broken, "certificates").changes[0].kind == "regression"
    data = MADE | {"status": "ok", "run_id": "d", "dataset": "d", "n_qubits": 8}
    old, new = ([data | {"content_hash": h}] for h in ("abc", "abd"))
    found = changes(tmp_path / "d", old, new, "datasets")
    assert told(found) == [("moved", "content_hash abc → abd")]


def test_regressions_come_first(tmp_path):
    before = [score(0.5, arm="a"), score(0.9, arm="b"), score(0.9, arm="c")]
    after = [score(0.9, arm="a"), score(0.5, arm="b"), score(0.9, arm="d")]
    kinds = [change.kind for change in changes(tmp_path, before, after).changes]
    assert kinds == ["regression", "improvement", "only in A", "only in B"]


def test_a_whole_study_equals_itself(tmp_path):
    synthetic = {t: rows for t, rows in synthetic_rows.study().items() if t != "steps"}
    found = compare(stored(tmp_path, **synthetic), read_set(tmp_path))
    assert (found.changes, found.exit_code) == ((), 0)
    assert found.n_same > 100


def test_archives_and_single_files_are_result_sets(tmp_path):
    stored(tmp_path / "study", scores=[score(0.9)], runs=[])
    with tarfile.open(tmp_path / "study.tar.gz", "w:gz") as packed:
        packed.add(tmp_path / "study", "results/study")
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as packed:
        packed.write(tmp_path / "study/scores/rows.parquet", "study/scores/rows.parquet")
    single = tmp_path / "study/scores/rows.parquet"
    for place in ("study.tar.gz", "study.zip", "study", single):
        assert list(read_set(tmp_path / place).frames) == ["scores"]
        assert len(read_set(tmp_path / place).frames["scores"]) == 1


def test_rows_of_older_versions_are_read_and_missing_columns_are_null(tmp_path):
    whole = to_table("scores", [score(0.9)])
    write_parquet(tmp_path / "scores" / "old.parquet", whole.drop_columns(["target", "record"]))
    found = compare(read_set(tmp_path), read_set(tmp_path))
    assert found.n_same == 1


def test_one_version_of_several_is_taken_by_name(tmp_path):
    newer = MADE | {"package_version": "0.2.0"}
    rows = [score(0.9), score(0.5) | newer | {"run_id": "other"}]
    stored(tmp_path, scores=rows)
    old, new = (read_set(f"{tmp_path}@{version}") for version in ("0.1.0", "0.2"))
    assert (old.package_versions, new.package_versions) == (("0.1.0",), ("0.2.0",))
    assert compare(old, new).changes[0].kind == "regression"
    with pytest.raises(ValueError, match="holds no rows of version '3'"):
        read_set(f"{tmp_path}@3")


def test_what_is_no_result_set_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="Give results/STUDY"):
        read_set(tmp_path / "none")
    with pytest.raises(ValueError, match="tables are folders of Parquet files"):
        read_set(tmp_path)
    foreign = to_table("scores", [score(0.9)]).select(["run_id"]).rename_columns(["x"])
    write_parquet(tmp_path / "foreign.parquet", foreign)
    with pytest.raises(ValueError, match="no table of qnnbench"):
        read_set(tmp_path / "foreign.parquet")
    with tarfile.open(tmp_path / "evil.tar", "w") as packed:
        packed.add(tmp_path / "foreign.parquet", "../scores/out.parquet")
    with pytest.raises(ValueError, match="may not be unpacked"):
        read_set(tmp_path / "evil.tar")


def test_the_command_tells_ci_by_its_exit_code(tmp_path):
    stored(tmp_path / "a", scores=[score(0.9)])
    stored(tmp_path / "b", scores=[score(0.5), score(0.9, arm="new")])

    def run(*words):
        return CliRunner().invoke(app, ["compare", *map(str, words)])

    same = run(tmp_path / "a", tmp_path / "a")
    assert (same.exit_code, "1 cells are the same" in same.stdout) == (0, True)
    fell = run(tmp_path / "a", tmp_path / "b")
    assert fell.exit_code == 1
    assert "Cells only in B, whole or in some repeats: 1 of scores." in fell.stdout
    stored(tmp_path / "c", scores=[score(0.9), score(0.9, arm="old")])
    lost = run(tmp_path / "c", tmp_path / "a")
    assert (lost.exit_code, "only in A" in lost.stdout) == (1, True)
    assert "1 of scores: coverage is lost" in lost.stdout
    assert run(tmp_path / "c", tmp_path / "a", "--allow-missing").exit_code == 0
    assert run(tmp_path / "a", tmp_path / "none").exit_code == 2
    machine = json.loads(run(tmp_path / "a", tmp_path / "b", "--json").stdout)
    assert machine["exit_code"] == 1
    assert [c["kind"] for c in machine["changes"]] == ["regression", "only in B"]
