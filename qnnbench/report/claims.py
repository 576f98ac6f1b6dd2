"""The cards of the page: each claim with its verdict and what its tests found."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from qnnbench.report.cells import ABSENT, decades, score

_MARKS = {"holds": "✓", "fails": "✗", "undecided": "?", "no rows": ABSENT}
_UNITS = {"_s": " s", "_mb": " MB", "_rad": " rad"}  # by the end of a column's name
_TONES = {"reproduced": "good", "refuted": "bad", "conditional": "mixed"}


@dataclass(frozen=True)
class Finding:
    """What one test of a claim found, in words.

    Attributes:
        mark: One character for the outcome.
        outcome: "holds", "fails", "undecided" or "no rows".
        says: What holds or does not.
        asked: Which rows, what of them, how it must lie.
        found: The value, its interval where it has one, and what was asked of it; or nothing.
        rows: How many rows bear on it.
        run_ids: Theirs.
    """

    mark: str
    outcome: str
    says: str
    asked: str
    found: str
    rows: str
    run_ids: list[str]


@dataclass(frozen=True)
class Card:
    """A claim as the page shows it.

    Attributes:
        name, statement, source, would_verify, verdict: As in the rows.
        tone: What colour its verdict has.
        reason: How many tests hold and fail, or why there are none.
        findings: What its tests found.
    """

    name: str
    statement: str
    source: str
    would_verify: str
    verdict: str
    tone: str
    reason: str
    findings: list[Finding]


def cards(rows: pd.DataFrame) -> list[Card]:
    """Return one card per claim, in the order of the rows of table ``claims``."""
    found = []
    for name, part in rows.groupby("claim", sort=False):
        first = part.iloc[0]
        found.append(
            Card(
                name=str(name),
                statement=first["statement"],
                source=first["source"],
                would_verify=first["would_verify"],
                verdict=first["verdict"],
                tone=_TONES.get(first["verdict"], "open"),
                reason=_counted(part["outcome"].dropna()) or first["verdict_reason"],
                findings=[_finding(row) for row in part[part["test"].notna()].to_dict("records")],
            )
        )
    return found


def _finding(row: dict[Any, Any]) -> Finding:
    run_ids = [] if row["run_ids"] is None else list(row["run_ids"])
    n_rows = int(row["n_rows"])
    return Finding(
        mark=_MARKS[row["outcome"]],
        outcome=row["outcome"],
        says=row["test"],
        asked=row["asked"],
        found=_found(row),
        rows=f"{n_rows:,} row{'s' * (n_rows != 1)}" if run_ids else "no row",
        run_ids=run_ids,
    )


def _found(row: dict[Any, Any]) -> str:
    """Return "0.986 [0.985, 0.987] > 0.6", the words of a column, or nothing."""
    if pd.notna(row["words"]):
        return str(row["words"])
    if pd.isna(row["value"]):
        return ""
    is_log = str(row["quantity"]).startswith("log10_")
    value, lower, upper, threshold = (
        _number(row[name], is_log) for name in ("value", "lower", "upper", "threshold")
    )
    ends = "" if lower == upper else f" [{lower}, {upper}]"
    unit = next((unit for end, unit in _UNITS.items() if str(row["quantity"]).endswith(end)), "")
    return f"{value}{ends}{unit}, asked {row['relation']} {threshold}{unit}"


def _number(value: float, is_log: bool) -> str:
    if is_log:
        return decades(value).text
    if value == round(value, 4) and abs(value) >= 1e-3:
        return f"{value:,.4f}".rstrip("0").rstrip(".").replace("-", "−")
    return score(value).text


def _counted(outcomes: pd.Series) -> str:
    """Return "2 tests hold, 1 fails" of the outcomes of a claim's tests."""
    counts = outcomes.value_counts()
    told = [
        f"{counts[outcome]} {one if counts[outcome] == 1 else many}"
        for outcome, (one, many) in _COUNTED.items()
        if outcome in counts
    ]
    return ", ".join(told)


_COUNTED = {
    "holds": ("holds", "hold"),
    "fails": ("fails", "fail"),
    "undecided": ("is undecided", "are undecided"),
    "no rows": ("has no rows", "have no rows"),
}
