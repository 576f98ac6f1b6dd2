"""The leaderboard of the page."""

import pandas as pd

from qnnbench.figures.panels import arm_label
from qnnbench.report.cells import Columns, Table, error, number, score, table, tenths, text


def leaderboard(rows: pd.DataFrame) -> Table:
    """Return every network on every dataset and width, the best of each place first."""
    columns: Columns = {
        "dataset": ("dataset", text),
        "ansatz": ("ansatz", text),
        "label": ("arm", text),
        "n_qubits": ("qubits", number),
        "rank": ("rank", number),
        "standing": ("rank, 95 %", text),
        "metric": ("metric", text),
        "value": ("score", score),
        "lower": ("95 % from", score),
        "upper": ("to", score),
        "chance": ("chance", score),
        "n_repeats": ("repeats", number),
        "n_not_ok": ("not ok", number),
        "cpu_time_s": ("CPU (s)", tenths),
        "peak_memory_mb": ("memory (MB)", number),
        "backend": ("evaluated by", text),
        "error_estimate": ("error", error),
        "status": ("status", text),
        "reason": ("reason", text),
    }
    shown = rows.assign(
        label=[arm_label(*pair) for pair in rows[["arm", "dataset"]].itertuples(index=False)],
        standing=_standings(rows),
    )
    order = ["dataset", "n_qubits", "metric", "record", "rank", "value"]
    shown = shown.sort_values(order, ascending=[True, True, True, True, True, False])
    caption = (
        "Leaderboard: every network on every dataset and width, by the median repeat of its main "
        "test score. Arms share a rank that no pair of them tells apart at 5 %, all pairs of "
        "a place together (Holm); beside it the ranks that 95 % of bootstrap draws over repeats "
        "and test states give it; of one repeat they know nothing of seeds. CPU time is the "
        "median over repeats, memory the peak of a process; the error is that of the classical "
        "evaluation"
    )
    return table("leaderboard", caption, shown, columns)


def _standings(rows: pd.DataFrame) -> list[str]:
    """Return "1–4 of 4, shared" for each row that has a rank; unbroken."""
    key = ["task", "dataset", "n_qubits", "metric", "record", "n_copies", "n_kept", "target"]
    key += ["error_rate", "rank"]
    shared = rows.groupby(key, dropna=False)["arm"].transform("size") > 1
    told = rows[["rank_lower", "rank_upper", "n_ranked"]].fillna(0).astype(int)
    found = []
    for (low, high, count), ties in zip(told.itertuples(index=False), shared, strict=True):
        span = f"{low}" if low == high else f"{low}–\u2060{high}"
        words = f"{span} of {count}{', shared' if ties else ''}"
        found.append("alone" if count == 1 else words.replace(" ", "\u00a0") if count else "")
    return found
