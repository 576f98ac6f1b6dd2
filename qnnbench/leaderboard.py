"""Networks ranked by score on each dataset at each width, with cost and uncertainty."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from qnnbench.columns import TABLES
from qnnbench.comparison.noise import LEVEL, NORMAL_QUANTILE, holm
from qnnbench.figures.scores import main_scores

N_DRAWS = 20_000
_PLACE = (  # what is ranked together
    *("task", "dataset", "n_qubits", "metric", "record", "n_copies"),
    *("n_kept", "target", "error_rate"),
)
_KEPT = ("ansatz", "n_layers", "sharing", "arm", "loss_name")
_ARM = ["dataset", "arm", "n_qubits"]

Rows = list[dict[str, Any]]


def leaderboard(scores: pd.DataFrame, runs: pd.DataFrame, rng: np.random.Generator) -> Rows:
    """Return rows of table ``leaderboard``: one per arm with an ansatz, dataset and width.

    An arm is judged by the median of its repeats in its main score. Its rank is one more than
    the number of arms that are better beyond doubt: arms that no pair tells apart at 5 %, all
    pairs of the place together (Holm), share it. The interval of the rank is where 95 % of
    draws put it. A draw takes repeats with replacement, and of the median one a score that its
    test states allow: of an accuracy from the Beta law of Jeffreys, else from the normal one.
    Arms are drawn independently, though they see the same states: differences look less sure
    than they are. Arms without a score that ended well stand below with their status.

    Args:
        scores: Of table ``scores``.
        runs: Of table ``runs``, for cost, backend and error.
        rng: Draws the repeats and the scores.

    Source:
        Efron and Tibshirani, An Introduction to the Bootstrap (1993), Sec. 6; Brown, Cai and
        DasGupta, Stat. Sci. 16, 101 (2001), Sec. 3.1.1.
    """
    done = main_scores(scores)
    done = done[done["ansatz"] != ""]
    rows: Rows = []
    for _, place in done.groupby(list(_PLACE), dropna=False):
        rows += _ranked(place, rng)
    of_arms = dict(list(runs.groupby(_ARM)))
    rows = [row | _cost(row, of_arms.get(_arm(row))) for row in rows]
    return rows + _not_run(runs, {_arm(row) for row in rows})


def _arm(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _ARM)


def _ranked(place: pd.DataFrame, rng: np.random.Generator) -> Rows:
    """Return the rows of one place, best first."""
    arms = [part.sort_values("value") for _, part in place.groupby("arm")]
    draws = np.stack([_draws(part, rng) for part in arms])
    rank = _shared_ranks(draws)
    best = 1 + np.stack([(draws > own).sum(axis=0) for own in draws])
    worst = np.stack([(draws >= own).sum(axis=0) for own in draws])  # it is among them
    low = np.quantile(best, LEVEL / 2, axis=1, method="lower")
    high = np.quantile(worst, 1 - LEVEL / 2, axis=1, method="higher")
    ends = np.quantile(draws, [LEVEL / 2, 1 - LEVEL / 2], axis=1)
    rows = []
    for i, part in enumerate(arms):
        median = part.iloc[(len(part) - 1) // 2]
        rows.append(
            {name: _plain(name, median[name]) for name in (*_PLACE, *_KEPT, "chance")}
            | {
                "status": "ok",
                "n_repeats": len(part),
                "value": float(median["value"]),
                "lower": min(float(ends[0, i]), float(median["value"])),
                "upper": max(float(ends[1, i]), float(median["value"])),
                "rank": int(rank[i]),
                "rank_lower": int(low[i]),
                "rank_upper": int(high[i]),
                "n_ranked": len(arms),
            }
        )
    return sorted(rows, key=lambda row: (row["rank"], -row["value"], row["arm"]))


def _draws(rows: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Return the scores that an arm could have had, (N_DRAWS,), from its repeats by value."""
    n_repeats = len(rows)
    drawn = np.sort(rng.integers(n_repeats, size=(N_DRAWS, n_repeats)), axis=1)
    middle = drawn[:, (n_repeats - 1) // 2]
    values = rows["value"].to_numpy(float)[middle]
    samples = rows["n_samples"].fillna(0).to_numpy(float)[middle]
    if str(rows["metric"].iloc[0]).endswith("accuracy") and samples.all():
        right = values * samples
        return rng.beta(right + 0.5, samples - right + 0.5)
    widths = (rows["upper"] - rows["lower"]).fillna(0.0).to_numpy(float)[middle]
    return rng.normal(values, widths / (2 * NORMAL_QUANTILE))


def _shared_ranks(draws: np.ndarray) -> np.ndarray:
    """Return one more than the number of arms that are surely better, for each of (n, draws)."""
    n_arms, n_draws = draws.shape
    pairs = [(i, j) for i in range(n_arms) for j in range(i)]
    if not pairs:
        return np.ones(n_arms, int)
    worse = np.array([(draws[i] <= draws[j]).sum() for i, j in pairs])
    better = np.array([(draws[i] >= draws[j]).sum() for i, j in pairs])
    p_values = 2 * (1 + np.minimum(worse, better)) / (1 + n_draws)
    rank = np.ones(n_arms, int)
    for (i, j), wins, losses, p in zip(pairs, better, worse, holm(p_values), strict=True):
        if p < LEVEL:
            rank[j if wins > losses else i] += 1
    return rank


def _cost(row: dict[str, Any], runs: pd.DataFrame | None) -> dict[str, Any]:
    """Return what the runs of an arm cost, where they ran, and how exact they are."""
    if runs is None:
        return {"n_not_ok": 0}
    done = runs[runs["status"] == "ok"]
    errors = done["error_estimate"]
    error = float(errors.max()) if errors.notna().any() else None
    return {
        "n_not_ok": max(0, runs["repeat"].nunique() - row["n_repeats"]),
        "backend": ", ".join(sorted(done["backend"].dropna().unique())) or None,
        "error_estimate": error,
        "is_exact": None if error is None else error == 0,
        "cpu_time_s": float(done["cpu_time_s"].median()) if len(done) else None,
        "peak_memory_mb": float(done["peak_memory_mb"].max()) if len(done) else None,
    }


def _not_run(runs: pd.DataFrame, ranked: set[tuple[Any, ...]]) -> Rows:
    """Return one row for each arm and width without a score, with the status of its first run."""
    kept = ("task", "dataset", "n_qubits", *_KEPT, "status", "reason")
    rows: Rows = []
    for arm, part in runs[runs["ansatz"].fillna("") != ""].groupby(_ARM):
        if tuple(arm) not in ranked:
            first = {name: _plain(name, part.iloc[0][name]) for name in kept}
            rows.append(first | {"n_repeats": 0, "n_not_ok": len(part)})
    return rows


def _plain(name: str, value: Any) -> Any:
    """Return what may stand in a column: pandas keeps integers beside nulls as floats."""
    if pd.isna(value):
        return None
    return int(value) if TABLES["leaderboard"][name] == pa.int64() else value
