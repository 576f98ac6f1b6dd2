"""Headline numbers over the commits of a study's history."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from qnnbench.figures.panels import Layout, LineEnd, label_ends, message, panels
from qnnbench.figures.style import LIGHT, looks, style

_ENTRY = ["date", "study", "commit", "config_hash"]


def trend(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw, for each study, the score of every cell at its widest and the CPU time of all.

    Args:
        rows: Of table ``history``.
        layout: Page width and panels per line.
    """
    with style():
        scores = widest(rows)
        if scores.empty:
            return message("No scores to draw.", layout)
        studies = [(str(name), part) for name, part in scores.groupby("study")]
        labels = [
            texts for _, part in studies for texts in (part["cell"].unique(), ["shared numbers"])
        ]
        figure, axes = panels(labels, layout, height_in=2.7)
        for i, (study, part) in enumerate(studies):
            entries = _entries(rows[rows["study"] == study])
            _draw_scores(axes[2 * i], part, entries)
            axes[2 * i].set(title=f"{study}: scores at the widest", ylabel="test score (fraction)")
            _draw_cost(axes[2 * i + 1], rows[rows["study"] == study], entries)
            axes[2 * i + 1].set(title=f"{study}: cost", ylabel="CPU time (s)")
        return figure


def widest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of each cell at its largest width, of cells that the newest entry has."""
    scores = rows[(rows["source_table"] == "scores") & rows["value"].notna()]
    scores = scores[_among(scores, "any")]
    largest = scores.groupby(["study", "cell", "quantity"])["n_qubits"].transform("max")
    return scores[scores["n_qubits"] == largest]


def _among(rows: pd.DataFrame, wanted: str) -> pd.Series:
    """Return whether the newest entry of the study has a cell ("any"), or every one ("all")."""
    place = [rows[name] for name in ("study", "source_table", "cell", "quantity", "n_qubits")]
    entry = rows["date"] + rows["commit"] + rows["config_hash"]
    if wanted == "any":
        newest = entry == entry.groupby(rows["study"]).transform("max")
        return newest.groupby(place).transform("any")
    count = entry.groupby(rows["study"]).transform("nunique")
    return entry.groupby(place).transform("nunique") == count


def headline(rows: pd.DataFrame) -> str:
    """Return how many entries there are, and what the newest changed most."""
    n_entries = len(rows[_ENTRY].drop_duplicates())
    scores = widest(rows).sort_values(_ENTRY, kind="stable")
    moves = scores.groupby(["study", "cell", "quantity"])["value"].diff()
    newest = ~scores.duplicated(["study", "cell", "quantity"], keep="last")
    moves = moves[newest & moves.notna()]
    told = f"{n_entries:,} entr{'y' if n_entries == 1 else 'ies'}"
    if moves.empty or not (moves != 0).any():
        return f"{told}; no score at the widest changed in the newest"
    i = int(moves.abs().argmax())
    cell, size = scores["cell"][moves.index[i]], moves.iloc[i]
    sign = "+" if size > 0 else "−"
    return f"{told}; the newest changed {cell} most, by {sign}{abs(size):.3f}"


def _entries(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the entries of a study in order, with their place and label on the axis."""
    entries = rows[_ENTRY].drop_duplicates().sort_values(_ENTRY, ignore_index=True)
    label = entries["date"].str[:10] + "\n" + entries["commit"].str[:7]
    return entries.assign(place=range(len(entries)), label=label)


def _draw_scores(axes: Axes, rows: pd.DataFrame, entries: pd.DataFrame) -> None:
    placed = rows.merge(entries, on=_ENTRY).sort_values("place")
    cells = list(placed.groupby("cell"))
    ends = []
    for (cell, part), look in zip(cells, looks([(str(c), "") for c, _ in cells]), strict=True):
        axes.plot(part["place"], part["value"], color=look.colour, marker=look.marker)
        last = part.iloc[-1]
        ends.append(LineEnd(float(last["place"]), float(last["value"]), str(cell), look.colour))
    _axis(axes, entries)
    label_ends(axes, ends)


def _draw_cost(axes: Axes, rows: pd.DataFrame, entries: pd.DataFrame) -> None:
    rows = rows[_among(rows, "all")]
    spent = rows.merge(entries, on=_ENTRY).groupby("place")["cpu_time_s"].sum()
    if spent.empty:
        axes.text(0.5, 0.5, "no number in all entries", transform=axes.transAxes, ha="center")
        return
    axes.plot(spent.index, spent.to_numpy(), color=LIGHT["blue"], marker="o")
    axes.set_ylim(0, 1.08 * float(spent.max()) or 1.0)
    _axis(axes, entries)
    last = LineEnd(float(spent.index[-1]), float(spent.iloc[-1]), "shared numbers", LIGHT["blue"])
    label_ends(axes, [last])


def _axis(axes: Axes, entries: pd.DataFrame) -> None:
    """Name up to four entries, the first and the last among them."""
    count = len(entries)
    named = sorted({round(i * (count - 1) / 3) for i in range(4)})
    axes.set_xlim(-0.5, count - 0.5)
    axes.xaxis.set_major_locator(FixedLocator(named))
    axes.set_xticks(named, entries["label"].iloc[named].tolist())
