"""The headline numbers of a study, commit by commit: one table that grows, and its page."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from qnnbench.comparison.changes import CELLS
from qnnbench.comparison.result_sets import ResultSet, logical_hash
from qnnbench.figures import DARK, LIGHT, WIDE, render
from qnnbench.figures.repeats import median_interval
from qnnbench.figures.scores import main_scores
from qnnbench.figures.trend import headline, trend
from qnnbench.report.cells import Columns, Table, number, score, table, tenths, text
from qnnbench.report.files import write_bytes
from qnnbench.report.page import FOLDER, templates
from qnnbench.results import digest, read_rows, to_table, write_rows

MOMENT = "log10_gradient_variance_mean"
ENTRY = ["study", "commit", "config_hash"]  # what one run of a study replaces
_ORDER = ["date", *ENTRY, "source_table", "cell", "quantity", "n_qubits"]

Rows = list[dict[str, Any]]


def headline_rows(results: ResultSet, study: str, commit: str, date: str) -> Rows:
    """Return rows of table ``history``: median scores and exact gradient variances of a study.

    Args:
        results: The finished study.
        study: Its name.
        commit: What was run.
        date: When that was committed, ISO 8601 with its offset from UTC: a number's place in
            time is that of the code, so that running it again changes nothing.

    Raises:
        ValueError: No such date, or no headline number.
    """
    if datetime.fromisoformat(date).tzinfo is None:
        raise ValueError(f"the date {date!r} has no offset from UTC: add +00:00 where it is UTC")
    rows = _scores(results) + _moments(results)
    if not rows:
        raise ValueError(f"{results.name} holds no score and no gradient variance that is ok")
    entry = {"study": study, "commit": commit, "date": date, "status": "ok"}
    return [{**entry, **row, "run_id": digest([study, commit, row["run_id"]])} for row in rows]


def _scores(results: ResultSet) -> Rows:
    """Return the median over repeats of every arm's main score."""
    if "scores" not in results.frames:
        return []
    known = logical_hash(results.frames["scores"], CELLS["scores"])
    done = main_scores(results.frames["scores"])
    done = done[done["ansatz"] != ""]
    runs = results.frames.get("runs", to_table("runs", []).to_pandas())
    spent = runs.groupby(["dataset", "arm", "n_qubits"])["cpu_time_s"].median().to_dict()
    rows: Rows = []
    key = ["dataset", "arm", "metric", "n_qubits"]
    for (dataset, arm, metric, _), part in done.groupby(key):
        n_qubits = int(part["n_qubits"].iloc[0])
        median, lower, upper = median_interval(part["value"].to_numpy())
        place = {"source_table": "scores", "cell": f"{dataset}: {arm}", "quantity": metric}
        numbers = {"value": median, "lower": lower, "upper": upper, "n_repeats": len(part)}
        cost = {"cpu_time_s": spent.get((dataset, arm, n_qubits))}
        rows.append(_identity(part) | place | {"n_qubits": n_qubits} | numbers | cost)
    return [row | {"table_hash": known} for row in rows]


def _moments(results: ResultSet) -> Rows:
    """Return the mean gradient variance of every curve that was computed, one per width."""
    if "trainability" not in results.frames:
        return []
    rows = results.frames["trainability"]
    known = logical_hash(rows, CELLS["trainability"])
    done = rows[(rows["status"] == "ok") & rows[MOMENT].notna() & rows["ansatz"].notna()]
    done = done[done["method"] != "closed-form"]
    told = [name for name in CELLS["trainability"] if name != "n_qubits"]
    found: Rows = []
    for _, part in done.groupby([*told, "n_qubits"], dropna=False):
        row = part.iloc[0]
        words = [str(row[name]) for name in told if pd.notna(row[name]) and row[name] != ""]
        place: dict[str, Any] = {"source_table": "trainability", "cell": ", ".join(words)}
        place |= {"quantity": MOMENT, "n_qubits": int(row["n_qubits"]), "n_repeats": 1}
        ends = {e: row[f"{MOMENT}_{e}"] for e in ("lower", "upper")}
        numbers = {"value": float(row[MOMENT]), "cpu_time_s": row["cpu_time_s"]}
        numbers |= {e: None if pd.isna(v) else float(v) for e, v in ends.items()}
        found.append(_identity(part) | place | numbers | {"table_hash": known})
    return found


def _identity(rows: pd.DataFrame) -> dict[str, Any]:
    """Return who made the rows of one number; its run id is theirs together."""
    first = rows.iloc[0]
    kept = ("config_hash", "package_version", "source_hash", "backend")
    known = {name: None if pd.isna(first[name]) else first[name] for name in kept}
    return known | {"run_id": digest(sorted(rows["run_id"]))}


def append(path: str | Path, rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Add rows to the history at ``path`` and return all of it, the oldest first.

    What the same study, commit and config wrote before is replaced: to append twice is to
    append once, byte for byte.
    """
    new = to_table("history", rows).to_pandas()
    if Path(path).exists():
        known = read_rows("history", [path])
        replaced = known[ENTRY].apply(tuple, axis=1).isin(set(new[ENTRY].apply(tuple, axis=1)))
        new = pd.concat([known[~replaced], new], ignore_index=True)
    new = new.sort_values(_ORDER, kind="stable", ignore_index=True)
    tidy = new.astype(object).where(new.notna(), None)
    write_rows(path, "history", tidy.to_dict("records"))
    return read_rows("history", [path])


def write_history(rows: pd.DataFrame, folder: str | Path) -> Path:
    """Draw the history and write its page; return the path of ``index.html``."""
    folder = Path(folder)
    figure = trend(rows, WIDE)
    png, svg = render(figure, "png"), render(figure, "svg")
    said, shown = headline(rows), latest(rows)
    page = (
        templates()
        .get_template("history.html")
        .render(
            style=Markup((FOLDER / "page.css").read_text()),
            light=LIGHT,
            dark=DARK,
            headline=said,
            table=shown,
            numeric=[
                any(cell.key is not None for cell in c) for c in zip(*shown.rows, strict=True)
            ],
            n_entries=len(rows[ENTRY].drop_duplicates()),
        )
    )
    for name, content in (("trend.png", png), ("trend.svg", svg), ("index.html", page.encode())):
        write_bytes(folder / name, content)
    return folder / "index.html"


def latest(rows: pd.DataFrame) -> Table:
    """Return every number of the newest entry of each study beside the one before it."""
    place = ["study", "source_table", "cell", "quantity", "n_qubits"]
    ordered = rows.sort_values(_ORDER, kind="stable")
    groups = ordered.groupby(place, dropna=False)
    shown = ordered.assign(before=groups["value"].shift(1), n_entries=groups.cumcount() + 1)
    shown = shown[~shown.duplicated(place, keep="last")].sort_values(place)
    shown = shown.assign(change=shown["value"] - shown["before"])
    columns: Columns = {
        "study": ("study", text),
        "cell": ("cell", text),
        "quantity": ("quantity", text),
        "n_qubits": ("qubits", number),
        "value": ("now", score),
        "lower": ("95 % from", score),
        "upper": ("to", score),
        "before": ("before", score),
        "change": ("change", score),
        "n_entries": ("entries", number),
        "cpu_time_s": ("CPU (s)", tenths),
        "commit": ("commit", text),
        "date": ("date", text),
    }
    caption = "The newest entry of every number, beside the one before it"
    return table("history", caption, shown, columns)
