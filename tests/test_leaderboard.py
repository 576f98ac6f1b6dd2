"""Ranks say how sure they are, and every network has its row."""

import numpy as np
import pytest
from scipy.stats import norm

from qnnbench.claims import claim_rows, load_claims
from qnnbench.columns import TABLES
from qnnbench.leaderboard import leaderboard
from qnnbench.report import write_report
from qnnbench.report.leaderboard import leaderboard as shown
from qnnbench.results import to_table, write_rows

PLACE = {"task": "classification", "dataset": "d", "n_qubits": 8}


def scored(arm, values, n_samples=400, **other):
    return [
        {"status": "ok", "run_id": f"{arm} {i}", "arm": arm, "ansatz": f"ansatz of {arm}"}
        | PLACE
        | {"metric": "accuracy", "record": "expectation values", "repeat": i, "value": value}
        | {"lower": value - 0.05, "upper": value + 0.05, "n_samples": n_samples, "chance": 0.5}
        | other
        for i, value in enumerate(values)
    ]


def ran(arm, repeats, **other):
    return [
        {"status": "ok", "run_id": f"{arm} {i}", "arm": arm, "ansatz": f"ansatz of {arm}"}
        | PLACE
        | {"repeat": i, "backend": "tree", "error_estimate": 0.0}
        | {"cpu_time_s": 1.0 + i, "peak_memory_mb": 100.0 * (1 + i)}
        | other
        for i in range(repeats)
    ]


def ranked(scores, runs=()):
    """Return the rows by arm, and that they are rows of the table."""
    rows = leaderboard(
        to_table("scores", scores).to_pandas(),
        to_table("runs", list(runs)).to_pandas(),
        np.random.default_rng(7),
    )
    assert to_table("leaderboard", rows).num_rows == len(rows)
    return {row["arm"]: row for row in rows}


def test_arms_that_nothing_tells_apart_share_a_rank():
    same = [0.9, 0.91, 0.89, 0.9, 0.92]
    rows = ranked(scored("a", same) + scored("b", same) + scored("c", [0.6] * 5))
    assert {arm: row["rank"] for arm, row in rows.items()} == {"a": 1, "b": 1, "c": 3}
    assert [(r["rank_lower"], r["rank_upper"]) for r in rows.values()] == [(1, 2), (1, 2), (3, 3)]
    assert [row["value"] for row in rows.values()] == [0.9, 0.9, 0.6]
    assert all(row["lower"] < row["value"] < row["upper"] for row in rows.values())


def test_equal_scores_without_spread_are_ties_and_not_an_order():
    exact = {"metric": "fidelity", "lower": 0.8, "upper": 0.8}
    rows = ranked(scored("a", [0.8], **exact) + scored("b", [0.8], **exact))
    assert [(r["rank"], r["rank_lower"], r["rank_upper"]) for r in rows.values()] == [
        (1, 1, 2)
    ] * 2


def test_the_order_is_settled_where_the_normal_law_settles_it():
    # fidelities 0 and d of standard error 1/1.96 each: the difference has error sqrt(2)/1.96,
    # and is sure at 5 % two-sided above sqrt(2)
    def apart(distance):
        low, high = (
            scored(arm, [value], metric="fidelity", lower=value - 1, upper=value + 1)
            for arm, value in (("low", 0.0), ("high", distance))
        )
        return ranked(low + high)["low"]

    assert apart(1.03 * np.sqrt(2))["rank"] == 2
    assert apart(0.97 * np.sqrt(2))["rank"] == 1
    # P(high > low) = Φ(d·1.96/√2): 0.95 at 1.187, so that 1 stays among 95 % of its ranks
    assert norm.cdf(1.1 * 1.96 / np.sqrt(2)) < 0.975
    assert (apart(1.1)["rank_lower"], apart(1.1)["rank_upper"]) == (1, 2)


def test_a_network_of_which_half_the_seeds_fail_has_a_wide_rank():
    rows = ranked(scored("lucky", [1, 1, 1, 0.5, 0.5]) + scored("sure", [0.9] * 5))
    assert rows["lucky"]["value"] == 1
    assert (rows["lucky"]["rank"], rows["sure"]["rank"]) == (1, 1)
    assert (rows["lucky"]["rank_lower"], rows["lucky"]["rank_upper"]) == (1, 2)
    assert rows["lucky"]["lower"] < 0.6


def test_adding_an_ansatz_adds_its_row_and_moves_no_other_place():
    before = ranked(scored("a", [0.9] * 5) + scored("e", [0.7] * 5, dataset="other"))
    after = ranked(
        scored("a", [0.9] * 5) + scored("b", [0.99] * 5) + scored("e", [0.7] * 5, dataset="other")
    )
    assert set(after) - set(before) == {"b"}
    assert (after["a"]["rank"], after["a"]["n_ranked"]) == (2, 2)
    assert (after["e"]["rank"], after["e"]["n_ranked"]) == (1, 1)


def test_cost_and_simulability_stand_beside_the_score():
    rows = ranked(
        scored("a", [0.9] * 3) + scored("b", [0.8] * 3),
        ran("a", 4) + ran("b", 3, error_estimate=0.01, backend="heisenberg"),
    )
    exact, rough = rows["a"], rows["b"]
    assert (exact["cpu_time_s"], exact["peak_memory_mb"]) == (2.5, 400)
    assert (exact["backend"], exact["is_exact"], exact["n_not_ok"]) == ("tree", True, 1)
    assert (rough["backend"], rough["is_exact"], rough["error_estimate"]) == (
        "heisenberg",
        False,
        0.01,
    )


def test_what_did_not_run_stands_below_with_its_reason():
    stopped = ran("b", 3, status="over_budget", reason="too wide", cpu_time_s=None)
    rows = ranked(scored("a", [0.9] * 3), ran("a", 3) + stopped)
    assert list(rows) == ["a", "b"]
    assert (rows["b"]["status"], rows["b"]["reason"]) == ("over_budget", "too wide")
    assert "rank" not in rows["b"]


def test_only_networks_are_ranked():
    rows = ranked(scored("a", [0.9] * 3) + scored("matching", [0.95] * 3, ansatz=None))
    assert list(rows) == ["a"]


def test_nothing_at_all_ranks_nobody():
    assert ranked([]) == {}
    assert shown(to_table("leaderboard", []).to_pandas()).rows == []


def test_the_page_shows_who_shares_a_rank_and_who_stands_alone():
    rows = ranked(
        scored("a", [0.9] * 5) + scored("b", [0.9] * 5) + scored("c", [0.7] * 5, dataset="other")
    )
    table = shown(to_table("leaderboard", rows.values()).to_pandas())
    place = table.columns.index("rank, 95 %")
    unbroken = {row[2].text: row[place].text for row in table.rows}
    assert unbroken["a"] == "1–\u20602\u00a0of\u00a02,\u00a0shared"
    told = {arm: x.replace("\u2060", "").replace("\u00a0", " ") for arm, x in unbroken.items()}
    assert told == {"a": "1–2 of 2, shared", "b": "1–2 of 2, shared", "c": "alone"}


@pytest.mark.parametrize("column", ["cpu_time_s", "peak_memory_mb", "backend", "error_estimate"])
def test_the_table_has_what_a_rank_cost(column):
    assert column in TABLES["leaderboard"]


def test_the_page_holds_the_claims_and_the_leaderboard(tmp_path):
    rows = ranked(scored("<b>a</b>", [0.9] * 5) + scored("b", [0.7] * 5)).values()
    judged = claim_rows(load_claims(), {})
    for table, made in (("leaderboard", rows), ("claims", judged)):
        write_rows(tmp_path / f"{table}.parquet", table, made)
    files = {table: [tmp_path / f"{table}.parquet"] for table in ("leaderboard", "claims")}
    page = write_report(files, tmp_path / "reports", {"study": "s"}).read_text(encoding="utf-8")
    assert page.count('<article id="claim-') == len(load_claims())
    assert "<b>refuted:</b> 1 fails." in page
    assert "0.2704, asked &lt; 0.25" in page
    assert "<b>a</b>" not in page
    assert "&lt;b&gt;a&lt;/b&gt;" in page
