"""The first screen: which network trains at which width on which data, at what cost."""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd

from qnnbench.figures.panels import arm_label
from qnnbench.figures.scores import main_scores, score_text
from qnnbench.figures.trainability import MAXIMUM, at_widest, drawable
from qnnbench.report.cells import ABSENT, MAX_CELLS, Cell, Table
from qnnbench.report.tables import matching_moments, repeated


@dataclass(frozen=True)
class Fact:
    """One number of the first screen and what it is."""

    value: str
    meaning: str


Row = dict[Any, Any]


def trains(score: Row) -> bool:
    """Say whether a score row shows training.

    Its interval lies above chance and above the untrained network: by the paired gain on
    the same states where rows have it, else by the interval.
    """
    return bool(score["lower"] > score["chance"]) and _gains(score)


def _gains(score: Row) -> bool:
    """Say whether the interval of a score lies above the untrained network."""
    gain = score["paired_lower"]
    if pd.isna(gain):
        gain = score["lower"] - score["untrained_value"]
    return bool(gain > 0)


def facts(frames: dict[str, pd.DataFrame]) -> list[Fact]:
    """Return the widest trained network, the smallest variance, rows and CPU time."""
    found = _trained_fact(_typical_rows(frames))
    moments = drawable(frames["trainability"])
    if len(moments) and (ends := at_widest(moments))[1]:
        width, means = ends
        least = min(means, key=means.__getitem__)
        of = f"smallest mean gradient variance at {width:,} qubits: {least}"
        found.append(Fact(f"10^{means[least]:.1f}", of))
    cells = pd.concat(
        frames[table]
        for table in ("datasets", "certificates", "trainability", "verdicts", "runs", "rivals")
    )
    done = int((cells["status"] == "ok").sum())
    others = "" if done == len(cells) else "; the others say why not"
    found.append(Fact(f"{done:,} of {len(cells):,}", f"rows are ok{others}"))
    found.append(Fact(duration(float(cells["cpu_time_s"].sum())), "of CPU time, all stages"))
    return found


def _trained_fact(scores: list[Row]) -> list[Fact]:
    """Return the widest network that trains, or that none does, and how wide was tried.

    Networks beyond it that beat chance just as well untrained are named: they have not failed.
    """
    if not scores:
        return []
    gains = [row for row in scores if trains(row)]
    width = max((row["n_qubits"] for row in gains), default=0)
    tried = max(row["n_qubits"] for row in scores)
    if gains:
        value = f"{width:,} qubits"
        meaning = f"widest that trains: {_names(r for r in gains if r['n_qubits'] == width)}"
        meaning += "; none wider was tried" if width == tried else f"; {tried:,} were tried"
    else:
        value = "none"
        meaning = f"of the networks is shown to train, at up to {tried:,} qubits"
    wider = [row for row in scores if row["n_qubits"] > width and not _gains(row)]
    if easy := _names(row for row in wider if row["lower"] > row["chance"]):
        meaning += f"; above chance there, trained or not: {easy}"
    return [Fact(value, meaning)]


def _names(scores: Iterable[Row]) -> str:
    return ", ".join(sorted({row["ansatz"] + _per_copy(row) for row in scores}))


def _typical_rows(frames: dict[str, pd.DataFrame]) -> list[Row]:
    """Return the main score of each trained arm at each width: its median repeat.

    Beside it stand the minimum, the number of repeats that ended well and of those that did
    not.
    """
    scores, runs = main_scores(frames["scores"]), frames["runs"]
    own = scores[scores["arm"].isin(runs["arm"])]
    return repeated(own, frames["scores"], runs).to_dict("records")


def _per_copy(score: Row) -> str:
    """Return " per copy" where several copies of the named width are measured together."""
    return " per copy" if score["n_copies"] > 1 else ""


def duration(seconds: float) -> str:
    """Return "41 s", "12 min" or "3.4 h"."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def overview(frames: dict[str, pd.DataFrame]) -> Table:
    """Return dataset and arm against width: score, and whether it trained."""
    scores, runs = _typical_rows(frames), frames["runs"]
    cells = {(row["dataset"], row["arm"], row["n_qubits"]): _score_cell(row) for row in scores}
    for run in runs[runs["status"] != "ok"].to_dict("records"):
        cells.setdefault((run["dataset"], run["arm"], run["n_qubits"]), Cell(run["status"]))
    widths = sorted({width for _, _, width in cells})
    rows = [
        [
            Cell(dataset),
            Cell(arm_label(arm, dataset)),
            *(cells.get((dataset, arm, n), Cell(ABSENT)) for n in widths),
            _cost_cell(runs[(runs["dataset"] == dataset) & (runs["arm"] == arm)]),
        ]
        for dataset, arm in sorted({(dataset, arm) for dataset, arm, _ in cells})
    ]
    headings = ("dataset", "arm", *(f"{n:,}" for n in widths), "cost")
    caption = (
        "What trains, by width in qubits: test score of the median repeat (accuracy, fidelity or "
        "R²), below it the minimum of so many repeats. ▲ trains: its interval lies above chance "
        "and above the same network untrained. ○ not shown to train: one of the two is not shown. "
        "A word: why it did not run. "
        "Cost: CPU time of a run at the largest width, and peak memory. Of two copies measured "
        "together: the width of one."
    )
    most = MAX_CELLS // len(headings)
    frame = pd.DataFrame(scores)
    return Table("overview", caption, headings, rows[:most], len(rows[most:]), frame)


def _score_cell(score: Row) -> Cell:
    mark = "▲" if trains(score) else "○"
    minimum = f"{score_text(score['minimum'])} of {score['n_repeats']:,}"
    return Cell(f"{mark} {score_text(score['value'])}", score["value"], minimum)


def _cost_cell(runs: pd.DataFrame) -> Cell:
    """Return what one run took at the largest width at which some ended well."""
    done = runs[(runs["status"] == "ok") & runs["cpu_time_s"].notna()]
    widest = done[done["n_qubits"] == done["n_qubits"].max()]
    if widest.empty:
        return Cell(ABSENT)
    seconds = float(widest["cpu_time_s"].median())
    return Cell(duration(seconds), seconds, f"{widest['peak_memory_mb'].max():,.0f} MB")


def sentences(frames: dict[str, pd.DataFrame]) -> list[str]:
    """Return one sentence per arm and dataset at its largest width, trained or not."""
    widest: dict[tuple[str, str], Row] = {}
    for score in sorted(_typical_rows(frames), key=itemgetter("n_qubits")):
        widest[score["dataset"], score["arm"]] = score
    told = [_told(score, frames["runs"]) for _, score in sorted(widest.items())]
    runs, cell = frames["runs"], ["dataset", "arm", "n_qubits"]
    is_ok = runs["status"] == "ok"
    some_ok = is_ok.groupby([runs[name] for name in cell]).transform("any")
    missing = (
        runs[~some_ok.astype(bool)]
        .sort_values("n_qubits")
        .drop_duplicates(["dataset", "arm"], keep="last")
    )
    return told + [_untold(run, frames["trainability"]) for run in missing.to_dict("records")]


def _told(score: Row, runs: pd.DataFrame) -> str:
    """Return what an arm reaches, beside the untrained network, chance and cost."""
    cell = ["dataset", "arm", "n_qubits"]
    own = runs[(runs[cell] == [score[column] for column in cell]).all(axis=1)]
    own = own[own["status"] == "ok"]
    n_repeats, n_not_ok = score["n_repeats"], score["n_not_ok"]
    repeats = f"median of {n_repeats:,} repeat{'s' * (n_repeats > 1)}"
    repeats += f", minimum {score_text(score['minimum'])}"
    repeats += f"; {n_not_ok:,} more not ok" if n_not_ok else ""
    value, lower, upper, untrained, chance = (
        score_text(score[column])
        for column in ("value", "lower", "upper", "untrained_value", "chance")
    )
    verdict = "it trains" if trains(score) else "not shown to train"
    if score["lower"] > score["chance"] and not trains(score):
        verdict = "above chance, but not shown to be above untrained"
    sentence = (
        f"At {score['n_qubits']:,} qubits{_per_copy(score)} {score['arm']} reaches "
        f"{score['metric']} {value} [{lower}, {upper}] on {score['dataset']} ({repeats}); "
        f"untrained {untrained}, chance {chance}: {verdict}."
    )
    if len(own):
        sentence += f" A run took {duration(own['cpu_time_s'].median())} of CPU time"
        sentence += f" and {own['peak_memory_mb'].max():,.0f} MB."
    return sentence


def _untold(run: Row, moments: pd.DataFrame) -> str:
    """Return why an arm did not run, and the largest gradient variance it faced."""
    faced = ", ".join(
        f"10^{known[MAXIMUM]:.1f} ({known['observable']})"
        for known in matching_moments(run, moments)
        if np.isfinite(known[MAXIMUM])
    )
    reason = run["reason"] or "no reason given"
    return (
        f"At {run['n_qubits']:,} qubits {run['arm']} was not trained on {run['dataset']}: "
        f"{run['status']}, {reason}."
        + (f" Largest gradient variance of {run['ansatz']} there: {faced}." if faced else "")
    )
