"""Verdicts on claims, from what their tests found and nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from qnnbench.claims.cards import Claim, Test
from qnnbench.claims.queries import FAILS, HOLDS, NO_ROWS, UNDECIDED, Found, ask

REPRODUCED, REFUTED = "reproduced", "refuted"
CONDITIONAL, UNTESTED = "conditional", "cannot be tested here"
VERDICTS = (REPRODUCED, REFUTED, CONDITIONAL, UNTESTED)

_SIGNS = {"above": ">", "below": "<", "at_least": "≥", "at_most": "≤", "equal": "="}


def claim_rows(
    claims: Iterable[Claim], frames: Mapping[str, pd.DataFrame]
) -> list[dict[str, Any]]:
    """Return rows of table ``claims``: one for each test of a claim, or one where it has none.

    Args:
        claims: The cards.
        frames: The rows of a study by table; a table left out has none.
    """
    return [row for claim in claims for row in _rows(claim, frames)]


def _rows(claim: Claim, frames: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    found = [(test, ask(test, frames)) for test in claim.tests]
    reached, reason = verdict([(t.says, f.outcome) for t, f in found], claim.together)
    card = {
        "claim": claim.name,
        "statement": claim.statement,
        "source": claim.source,
        "would_verify": claim.would_verify,
        "verdict": reached if found else UNTESTED,
        "verdict_reason": reason if found else claim.cannot_be_tested,
        "status": "ok",
    }
    return [card | _columns(test, told) for test, told in found] or [card | {"n_rows": 0}]


def _columns(test: Test, found: Found) -> dict[str, Any]:
    return {
        "test": test.says,
        "asked": asked(test),
        "quantity": test.column or None,
        "relation": _SIGNS[test.relation],
        "outcome": found.outcome,
        "n_rows": found.n_rows,
        "run_ids": list(found.run_ids),
        "value": found.value,
        "lower": found.lower,
        "upper": found.upper,
        "words": found.words or None,
        "threshold": found.threshold,
    }


def verdict(outcomes: Sequence[tuple[str, str]], together: bool) -> tuple[str, str]:
    """Return the verdict on a claim and its reason.

    Reproduced: every test holds. Refuted: every test fails, or where tests count together any.
    Nothing decided: it cannot be tested here. What is left is conditional, on what holds; where
    tests count together it cannot be tested here, since one of them is open.

    Args:
        outcomes: What each test says, and its outcome; at least one.
        together: Whether one test that fails refutes.
    """
    by = {
        outcome: [says for says, reached in outcomes if reached == outcome]
        for outcome in (HOLDS, FAILS, UNDECIDED, NO_ROWS)
    }
    reason = " ".join(
        f"{words}: {'; '.join(by[outcome])}." for outcome, words in _WORDS.items() if by[outcome]
    )
    if len(by[HOLDS]) == len(outcomes):
        return REPRODUCED, reason
    if len(by[FAILS]) == len(outcomes) or (together and by[FAILS]):
        return REFUTED, reason
    is_open = not by[HOLDS] and not by[FAILS]
    return (UNTESTED if is_open or together else CONDITIONAL), reason


_WORDS = {
    HOLDS: "Holds for",
    FAILS: "Not for",
    UNDECIDED: "Not decided by the rows for",
    NO_ROWS: "No rows for",
}


def asked(test: Test) -> str:
    """Return a test as one line: rows, what of them, how it must lie."""
    sign = _SIGNS[test.relation]
    bound = test.threshold["bound"] if isinstance(test.threshold, Mapping) else test.threshold
    if test.published is not None:
        return f"published {test.published:g} {sign} {bound}"
    where = ", ".join(_condition(name, wanted) for name, wanted in test.where.items())
    taken = "every" if test.is_text else test.take
    return f"{test.table}[{where}]: {taken} {test.column} {sign} {bound}"


def _condition(name: str, wanted: Any) -> str:
    if wanted is None:
        return f"no {name}"
    if isinstance(wanted, list):
        return f"{name} in {{{', '.join(map(str, wanted))}}}"
    if not isinstance(wanted, Mapping):
        return f"{name} = {wanted}"
    return ", ".join(f"{name} {_SIGNS[key]} {value:g}" for key, value in wanted.items())
