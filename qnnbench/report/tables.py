"""The tables of the page: rows in, formatted and sortable cells out."""

from typing import Any

import pandas as pd

from qnnbench.figures.repeats import over_repeats
from qnnbench.figures.scores import drawable, typical
from qnnbench.figures.trainability import LOSS, MAXIMUM, MEAN
from qnnbench.report import comparisons as paired
from qnnbench.report.cells import (
    ABSENT,
    Cell,
    Columns,
    Table,
    decades,
    error,
    flag,
    number,
    score,
    table,
    tenths,
    text,
    twice,
)

_NETWORK: Columns = {"ansatz": ("ansatz", text), "n_qubits": ("qubits", number)}
_COST: Columns = {
    "cpu_time_s": ("CPU (s)", tenths),
    "peak_memory_mb": ("memory (MB)", number),
}
_STATUS: Columns = {"status": ("status", text), "reason": ("reason", text)}


def _input(value: Any) -> Cell:
    given = text(value)
    return Cell("|0…0⟩") if given.text == ABSENT else given


def tied(value: Any) -> Cell:
    """Return whether symbols stand in several gates, in a word; a null is a dash."""
    return Cell(ABSENT if pd.isna(value) else "tied" if value else "untied")


_CURVE: Columns = {
    "observable": ("observable", text),
    "n_layers": ("layers", number),
    "sharing": ("sharing", text),
    "tied": ("symbols", tied),
    "angles": ("angles", text),
    "dataset": ("input", _input),
    "contrast": ("contrast", text),
}


def moments(rows: pd.DataFrame) -> Table:
    """Return every second moment, in the order of the curves."""
    columns: Columns = {
        **_NETWORK,
        **_CURVE,
        "n_symbols": ("number of symbols", number),
        LOSS: ("Var C", decades),
        MEAN: ("Var ∂C, mean (rad⁻²)", decades),
        "log10_gradient_variance_median": ("median (rad⁻²)", decades),
        MAXIMUM: ("max (rad⁻²)", decades),
        "log10_shots": ("shots", decades),
        "relative_error": ("relative error", error),
        "gradient_relative_error": ("of Var ∂C", error),
        "method": ("method", text),
        "chain": ("chain", text),
        **_SAMPLED,
        "cpu_time_s": _COST["cpu_time_s"],
        **_STATUS,
    }
    ordered = rows.sort_values(["ansatz", "observable", "contrast", "angles", "n_qubits"])
    if not (ordered["n_samples"] > 0).any():
        columns = {name: column for name, column in columns.items() if name not in _SAMPLED}
    caption = "Second moments: one row per circuit, width and law of angles"
    return table("moments", caption, ordered, columns)


_SAMPLED: Columns = {  # columns that stand only where something was sampled
    "n_samples": ("samples", number),
    "log10_variance_lower": ("Var C, 95 % from", decades),
    "log10_variance_upper": ("to", decades),
    "gradient_size_q05": ("|∂C|, 5 %", score),
    "gradient_size_median": ("median", score),
    "gradient_size_q95": ("95 %", score),
    "visible_share": ("P(|∂C| > 0.01)", score),
}


def verdicts(rows: pd.DataFrame) -> Table:
    """Return how each curve scales with the width."""
    told_apart_by = ("observable", "angles", "contrast")
    columns: Columns = {
        "ansatz": ("ansatz", text),
        **{name: _CURVE[name] for name in told_apart_by},
        "quantity": ("quantity", text),
        "verdict": ("verdict", text),
        "log10_rate": ("rate (decades per qubit)", score),
        "log10_rate_lower": ("95 % from", score),
        "log10_rate_upper": ("to", score),
        "exponent": ("exponent", twice),
        "exponent_lower": ("95 % from", twice),
        "exponent_upper": ("to", twice),
        "criterion_difference": ("criterion", tenths),
        "n_widths": ("widths", number),
        "n_zero": ("zeros left out", number),
        "log10_shots": ("shots", decades),
        **{name: column for name, column in _CURVE.items() if name not in told_apart_by},
        "method": ("method", text),
        "verdict_reason": ("why", text),
    }
    ordered = rows.sort_values(["verdict", "ansatz", "observable", "contrast", "angles"])
    return table("verdicts", "Scaling with the width: one row per curve", ordered, columns)


_SCORE = ["dataset", "metric", "arm", "record", "n_copies", "n_kept", "n_qubits"]
_ARM = ["dataset", "arm", "n_qubits"]


def repeated(rows: pd.DataFrame, scored: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Return the median repeat of each cell, beside what all its repeats say.

    Adds the columns of ``figures.repeats.over_repeats``, over the ``ok`` rows, and
    "n_not_ok": the repeats of the arm at this width that have no such row.

    Args:
        rows: Of table ``scores``, those that count.
        scored: All of table ``scores``, whatever their status.
        runs: Of table ``runs``.
    """
    found = typical(rows).merge(over_repeats(rows, _SCORE), on=_SCORE)
    known = pd.concat([frame[[*_ARM, "repeat"]] for frame in (scored, runs)])
    asked = known.groupby(_ARM)["repeat"].nunique().rename("n_asked").reset_index()
    found = found.merge(asked, on=_ARM, how="left")
    return found.assign(n_not_ok=found["n_asked"] - found["n_repeats"])


def scores(rows: pd.DataFrame, runs: pd.DataFrame) -> Table:
    """Return what the repeats of every arm and width reach together."""
    columns: Columns = {
        "dataset": ("dataset", text),
        "arm": ("arm", text),
        "n_qubits": ("qubits", number),
        "record": ("what was measured", text),
        "n_copies": ("copies", number),
        "metric": ("metric", text),
        "n_repeats": ("repeats", number),
        "n_not_ok": ("not ok", number),
        "median": ("median", score),
        "minimum": ("minimum", score),
        "low": ("repeats, 95 % from", score),
        "high": ("to", score),
        "lower": ("states, 95 % from", score),
        "upper": ("to", score),
        "untrained_value": ("untrained", score),
        "paired_lower": ("paired gain ≥", score),
        "chance": ("chance", score),
        "ceiling": ("ceiling", score),
        "value_at_double_bond": ("at twice the bond", score),
        "n_samples": ("test states", number),
    }
    caption = (
        "Test scores of each arm, width and record: median and minimum over the repeats that "
        "ended well, beside how many did not. Of an even number of repeats the median is the "
        "lower of the middle two. Intervals: of the median over repeats (bootstrap; of up to "
        "five repeats their range), and over test states of the median repeat (Wilson for "
        "accuracies), whose numbers follow. Copies: of a state, used up by one answer; a dash: "
        "exact means. Two copies of n qubits are measured as 2n"
    )
    return table("scores", caption, repeated(drawable(rows), rows, runs), columns)


def comparisons(rows: pd.DataFrame, rival_rows: pd.DataFrame) -> Table:
    """Return every arm against each baseline, paired by repeat."""
    columns: Columns = {
        "dataset": ("dataset", text),
        "n_qubits": ("qubits", number),
        "metric": ("metric", text),
        "arm": ("arm", text),
        "against": ("against", text),
        "record": ("what was measured there", text),
        "n_copies": ("copies", number),
        "n_pairs": ("pairs", number),
        "median_difference": ("median difference", score),
        "low": ("95 % from", score),
        "high": ("to", score),
        "n_above": ("above", number),
        "n_below": ("below", number),
        "p_value": ("p (sign test)", score),
    }
    caption = (
        "Paired comparisons: the arm's main score minus that of a baseline, repeat by repeat on "
        "the same test states and seeds. Median difference with its 95 % bootstrap interval over "
        "repeats, and the exact two-sided sign test, in which equal scores do not count. Five "
        "pairs cannot give p below 0.0625, three none below 0.25: a p here is no verdict on few "
        "repeats. No correction for the number of comparisons is made"
    )
    return table("comparisons", caption, paired.comparisons(rows, rival_rows), columns)


def rivals(rows: pd.DataFrame) -> Table:
    """Return every classical rival, surrogates of trained networks among them, run or not."""
    columns: Columns = {
        "dataset": ("dataset", text),
        "n_qubits": ("qubits", number),
        "arm": ("rival", text),
        "record": ("what was measured", text),
        "n_copies": ("copies", number),
        "repeat": ("repeat", number),
        "value": ("accuracy", score),
        "lower": ("95 % from", score),
        "upper": ("to", score),
        "chance": ("chance", score),
        "ceiling": ("ceiling", score),
        "n_samples": ("test states", number),
        "cpu_time_s": _COST["cpu_time_s"],
        **_STATUS,
    }
    caption = "Classical rivals on the same states, and surrogates of trained networks"
    ordered = rows.sort_values(["dataset", "n_qubits", "arm", "record", "n_copies", "repeat"])
    return table("rivals", caption, ordered, columns)


_SEEN = ("task", "loss_name", "observable", "ansatz", "n_qubits", "n_layers", "backend")
_CELL = ("dataset", "arm", *_SEEN)


def runs(rows: pd.DataFrame) -> Table:
    """Return what ran where: repeats of one arm and width together."""
    key = [*_CELL, "status", "reason"]
    cells = rows.groupby(key, dropna=False, sort=True).agg(
        repeats=("run_id", "size"),
        error_estimate=("error_estimate", "max"),
        max_bond_dim=("max_bond_dim", "max"),
        cpu_time_s=("cpu_time_s", "median"),
        peak_memory_mb=("peak_memory_mb", "max"),
    )
    columns: Columns = {
        "dataset": ("dataset", text),
        "arm": ("arm", text),
        "n_qubits": ("qubits", number),
        "backend": ("backend", text),
        "repeats": ("repeats", number),
        "cpu_time_s": ("CPU (s)", tenths),
        "peak_memory_mb": _COST["peak_memory_mb"],
        "error_estimate": ("error", error),
        "max_bond_dim": ("bond", number),
        **_STATUS,
    }
    caption = "Training: one row per arm and width; CPU time is the median over its repeats"
    return table("runs", caption, cells.reset_index(), columns)


def not_run(rows: pd.DataFrame, moment_rows: pd.DataFrame) -> Table:
    """Return the arms that did not run, beside the exact variance of their gradients."""
    key = [*_CELL[:2], "ansatz", "sharing", "observable", "n_layers", "n_qubits"]
    key += ["status", "reason"]
    cells = rows.loc[rows["status"] != "ok", key].drop_duplicates().to_dict("records")
    faced = [
        {**cell, **{name: known.get(name) for name in _FACED}}
        for cell in cells
        for known in matching_moments(cell, moment_rows) or [{}]
    ]
    columns: Columns = {
        "dataset": ("dataset", text),
        "arm": ("arm", text),
        "n_qubits": ("qubits", number),
        **_STATUS,
        "observable": ("observable", text),
        "angles": ("angles", text),
        MEAN: ("Var ∂C, mean (rad⁻²)", decades),
        MAXIMUM: ("max (rad⁻²)", decades),
    }
    frame = pd.DataFrame(faced, columns=list(dict.fromkeys([*key, *_FACED])))
    frame = frame.sort_values(["dataset", "arm", "n_qubits"], kind="stable")
    return table("not_run", "Not trained: the reason, and the gradients it faced", frame, columns)


_FACED = ("observable", "angles", MEAN, MAXIMUM)


def matching_moments(run: dict[Any, Any], moment_rows: pd.DataFrame) -> list[dict[Any, Any]]:
    """Return the moments of a run's ansatz, parameter sharing and width.

    Only those of the loss itself, and of the observable that is its loss and of its depth,
    where rows say so; under the uniform law where it was asked about. Moments of untied
    symbols are never those of a run that shares them.
    """
    own_sharing = "none" if pd.isna(run.get("sharing")) else run["sharing"]
    sharing = moment_rows["sharing"].fillna("none") == own_sharing
    is_loss = moment_rows["contrast"].isna() & (moment_rows["method"] != "closed-form")
    same = moment_rows[
        (moment_rows["status"] == "ok")
        & (moment_rows["ansatz"] == run["ansatz"])
        & (moment_rows["n_qubits"] == run["n_qubits"])
        & sharing
        & is_loss
    ]
    if not pd.isna(run["n_layers"]):
        same = same[same["n_layers"] == run["n_layers"]]
    for column, wanted in (("observable", run["observable"]), ("angles", "uniform")):
        own = same[same[column] == wanted]
        same = same if own.empty else own
    same = same.sort_values("n_samples", kind="stable")  # exact before sampled
    return same.drop_duplicates(["observable", "angles", "n_layers"]).to_dict("records")


def datasets(rows: pd.DataFrame) -> Table:
    """Return the dataset files."""
    columns: Columns = {
        "dataset": ("dataset", text),
        "family": ("family", text),
        "n_qubits": ("qubits", number),
        "n_states": ("states", number),
        "n_train": ("train", number),
        "n_validation": ("validation", number),
        "n_test": ("test", number),
        "max_bond_dim": ("bond", number),
        "file_size_bytes": ("size (bytes)", number),
        "content_hash": ("content", text),
        **_COST,
        **_STATUS,
    }
    ordered = rows.sort_values(["dataset", "n_qubits"])
    return table("datasets", "Datasets: one row per file", ordered, columns)


def certificates(rows: pd.DataFrame) -> Table:
    """Return the certified facts, failed ones first."""
    columns: Columns = {
        "dataset": ("dataset", text),
        "n_qubits": ("qubits", number),
        "fact": ("fact", text),
        "method": ("method", text),
        "value": ("value", score),
        "expected": ("expected", score),
        "tolerance": ("tolerance", score),
        "holds": ("holds", flag),
        **_STATUS,
    }
    failed = rows["holds"].map(lambda holds: not pd.isna(holds) and not holds)
    ordered = rows.assign(failed=failed).sort_values(
        ["failed", "dataset", "n_qubits", "fact"], ascending=[False, True, True, True]
    )
    caption = "Certificates: facts computed from the stored states"
    return table("certificates", caption, ordered, columns)
