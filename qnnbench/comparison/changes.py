"""What changed between two result sets, regressions first, each held against its noise."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from qnnbench.comparison.exact import moved
from qnnbench.comparison.noise import LEVEL, holm
from qnnbench.comparison.result_sets import ResultSet, logical_hash
from qnnbench.comparison.scored import tested

REGRESSION, MOVED, IMPROVEMENT, STATUS = "regression", "moved", "improvement", "status"
ONLY_BEFORE, ONLY_AFTER, WITHIN_NOISE = "only in A", "only in B", "within noise"
KINDS = (REGRESSION, MOVED, IMPROVEMENT, STATUS, ONLY_BEFORE, ONLY_AFTER, WITHIN_NOISE)

_NETWORK = ("ansatz", "n_layers", "sharing", "observable")
_SCORE = (
    *("task", "dataset", "arm", "n_qubits", "record", "n_copies"),
    *("n_kept", "target", "error_rate", "metric"),
)
CELLS: dict[str, tuple[str, ...]] = {  # what tells cells of a table apart, repeats aside
    "datasets": ("dataset", "n_qubits"),
    "certificates": ("dataset", "n_qubits", "fact"),
    "trainability": ("curve", "n_qubits", "dataset", "contrast", "angles", *_NETWORK),
    "verdicts": ("curve", "contrast", "angles", *_NETWORK, "quantity"),
    "runs": ("task", "dataset", "arm", "n_qubits"),
    "scores": _SCORE,
    "rivals": _SCORE,
    "hardware": ("arm", "n_qubits", "device", "noise_scale", "backend", "metric"),
    "jobs": ("arm", "n_qubits", "device", "state_index"),
    "claims": ("claim", "test"),
}


@dataclass(frozen=True)
class Change:
    """One cell that is not what it was.

    Attributes:
        kind: One of ``KINDS``.
        table, cell: Where; the cell in words.
        what: What changed, in words, with the numbers.
        before, after: The numbers, where there are two.
        lower, upper: 95 % interval of after - before, where noise has a law.
        p_value: Adjusted for all cells that were tested; None where nothing is random.
    """

    kind: str
    table: str
    cell: str
    what: str
    before: float | None = None
    after: float | None = None
    lower: float | None = None
    upper: float | None = None
    p_value: float | None = None


@dataclass(frozen=True)
class Comparison:
    """What changed from ``before`` to ``after``.

    Attributes:
        before, after: Names of the sets.
        changes: Regressions first.
        n_same: Cells that both have, without any difference.
        cpu_time_s: CPU seconds of the rows that both have, before and after.
        allow_missing: Whether rows that ``after`` lacks are as they should be.
    """

    before: str
    after: str
    changes: tuple[Change, ...]
    n_same: int
    cpu_time_s: tuple[float, float]
    allow_missing: bool = False

    @property
    def exit_code(self) -> int:
        """1 where a score fell, a status worsened, an exact number moved or rows are missing."""
        wrong = (REGRESSION, MOVED) if self.allow_missing else (REGRESSION, MOVED, ONLY_BEFORE)
        return int(any(change.kind in wrong for change in self.changes))

    def count(self, kind: str) -> int:
        """Return how many changes are of a kind."""
        return sum(change.kind == kind for change in self.changes)


def compare(before: ResultSet, after: ResultSet, allow_missing: bool = False) -> Comparison:
    """Return what changed from one result set to another.

    Scores fall or rise beyond noise where neither the draw of test states (exact or normal
    test) nor the seeds (paired by repeat) explain the difference, at 5 % for all cells
    together (Holm). Numbers without sampling move where they differ by more than three times
    their stated errors; data, where their content hash differs. Tables of equal logical hash
    are equal. Cells and repeats that only ``before`` has are a loss of coverage, which counts
    as a regression unless ``allow_missing``; those that only ``after`` has are told. The rows of
    steps, and what follows from other rows (leaderboard, history), are
    not compared.
    """
    changes: list[Change] = []
    n_cells, spent = 0, (0.0, 0.0)
    for table, key in CELLS.items():
        if table in before.frames and table in after.frames:
            sets = (before.frames[table], after.frames[table])
            if logical_hash(sets[0], key) == logical_hash(sets[1], key):
                n_cells += sets[0].groupby(list(key), dropna=False).ngroups
                spent = _added(spent, [float(rows["cpu_time_s"].sum()) for rows in sets])
                continue
        if table in before.frames or table in after.frames:
            pairs = _Pairs.of(table, key, before.frames.get(table), after.frames.get(table))
            found = list(_table_changes(pairs))
            changes += found
            n_cells += len(pairs.both)
            spent = _added(spent, pairs.cpu_time_s)
    changes = _judged(changes)
    different = {(c.table, c.cell) for c in changes if c.kind not in (ONLY_BEFORE, ONLY_AFTER)}
    ordered = sorted(changes, key=lambda c: (KINDS.index(c.kind), c.table, c.cell))
    n_same = n_cells - len(different)
    return Comparison(before.name, after.name, tuple(ordered), n_same, spent, allow_missing)


def _added(total: tuple[float, float], more: Sequence[float]) -> tuple[float, float]:
    return total[0] + more[0], total[1] + more[1]


@dataclass(frozen=True)
class _Pairs:
    """The cells of one table: those that both sets have, and those that one has, in words."""

    table: str
    both: dict[str, tuple[pd.DataFrame, pd.DataFrame]]
    only: dict[str, dict[str, str]]
    cpu_time_s: tuple[float, float]

    @classmethod
    def of(
        cls,
        table: str,
        key: Sequence[str],
        before: pd.DataFrame | None,
        after: pd.DataFrame | None,
    ) -> "_Pairs":
        old, new = _by_cell(before, key), _by_cell(after, key)
        both = {cell: _aligned(old[cell], new[cell]) for cell in old if cell in new}
        only = {ONLY_BEFORE: _beyond(old, new), ONLY_AFTER: _beyond(new, old)}
        spent = [sum(float(p[i]["cpu_time_s"].sum()) for p in both.values()) for i in (0, 1)]
        return cls(table, both, only, (spent[0], spent[1]))


def _by_cell(rows: pd.DataFrame | None, key: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Return the rows of each cell by its name in words; names keep the order of the key."""
    if rows is None or rows.empty:
        return {}
    groups = rows.groupby(list(key), dropna=False, sort=False)
    return {_named(key, place): part for place, part in groups}


def _beyond(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Return in words what cells of ``one`` have that ``other`` lacks: all rows or repeats."""
    found = {}
    for cell, rows in one.items():
        if cell not in other:
            found[cell] = f"{len(rows):,} row{'s' * (len(rows) > 1)}"
        elif "repeat" in rows and (lost := set(rows["repeat"]) - set(other[cell]["repeat"])):
            found[cell] = f"{len(lost):,} of {rows['repeat'].nunique():,} repeats"
    return found


def _named(key: Sequence[str], place: Sequence[Any]) -> str:
    told = [(name, value) for name, value in zip(key, place, strict=True) if _is_told(value)]
    return ", ".join(
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in told
    )


def _is_told(value: Any) -> bool:
    return bool(pd.notna(value)) and value != ""


def _aligned(old: pd.DataFrame, new: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the repeats that both have, in one order, each once."""
    if "repeat" not in old:
        return old.head(1), new.head(1)
    old, new = (rows.drop_duplicates("repeat").set_index("repeat") for rows in (old, new))
    shared = old.index.intersection(new.index).sort_values()
    return old.loc[shared], new.loc[shared]


def _table_changes(pairs: _Pairs) -> Iterator[Change]:
    for kind, cells in pairs.only.items():
        for cell, words in cells.items():
            yield Change(kind, pairs.table, cell, words)
    for cell, (old, new) in pairs.both.items():
        if status := _status_change(old, new):
            yield Change(status[0], pairs.table, cell, status[1])
        ok = ((old["status"] == "ok") & (new["status"] == "ok").to_numpy()).to_numpy()
        if ok.any():
            look: Callable[..., Iterator[dict[str, Any]]] = (
                tested if pairs.table in ("scores", "rivals", "hardware") else moved
            )
            for found in look(pairs.table, old[ok], new[ok]):
                yield Change(table=pairs.table, cell=cell, **found)


def _status_change(old: pd.DataFrame, new: pd.DataFrame) -> tuple[str, str] | None:
    """Return kind and words of what became of the statuses of a cell's repeats."""
    was, now = old["status"].tolist(), new["status"].tolist()
    if was == now:
        return None
    lost = sum(a == "ok" != b for a, b in zip(was, now, strict=True))
    won = sum(a != "ok" == b for a, b in zip(was, now, strict=True))
    kind = REGRESSION if lost > won else IMPROVEMENT if won > lost else STATUS
    reasons = new.loc[new["status"] != "ok", "reason"].dropna().unique()
    why = f": {reasons[0]}" if len(reasons) and lost else ""
    return kind, f"status {_counted(was)} → {_counted(now)}{why}"


def _counted(statuses: Sequence[str]) -> str:
    counts = pd.Series(statuses).value_counts().sort_index()
    if len(statuses) == 1:
        return statuses[0]
    return ", ".join(f"{count} {status}" for status, count in counts.items())


def _judged(changes: Sequence[Change]) -> list[Change]:
    """Return the changes with p values adjusted together, and their kinds settled by them."""
    tests = [i for i, change in enumerate(changes) if change.p_value is not None]
    adjusted = holm([changes[i].p_value or 0.0 for i in tests])
    judged = list(changes)
    for i, p in zip(tests, adjusted.tolist(), strict=True):
        kind = changes[i].kind if p < LEVEL else WITHIN_NOISE
        judged[i] = replace(changes[i], kind=kind, p_value=p)
    return judged
