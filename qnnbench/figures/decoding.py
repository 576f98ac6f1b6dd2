"""Decoding: how often the logical answer is wrong, against the rate of the errors."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from qnnbench.figures.marks import arm_looks, draw_middles, draw_repeats, draw_untrained
from qnnbench.figures.panels import Layout, LineEnd, label_ends, message, panels
from qnnbench.figures.points import runs_by, tell
from qnnbench.figures.repeats import over_repeats
from qnnbench.figures.scores import BOUNDS, drawable, score_text
from qnnbench.figures.style import LIGHT, Look, power_of_ten, style

TASK = "decoding"

_PANEL = ["dataset", "n_qubits"]
_MEANING = {"chance": "uncorrected", "ceiling": "best decoder"}


def decoded(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the logical accuracies; "decoder" is the ansatz, or the arm where none is trained."""
    done = drawable(rows)
    own = done[(done["task"] == TASK) & done["error_rate"].notna()]
    return own.assign(decoder=own["ansatz"].where(own["ansatz"] != "", own["arm"]))


def decoding(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw the logical error against the error rate of a qubit, one panel per code.

    Args:
        rows: Of table ``scores``.
        layout: ``panels.WIDE`` or ``panels.NARROW``.
    """
    with style():
        found = decoded(rows)
        if found.empty:
            return message("No decoded syndromes to draw.", layout)
        groups = [part for _, part in found.groupby(_PANEL)]
        labels = [[*part["decoder"].unique(), *_MEANING.values()] for part in groups]
        figure, axes = panels(labels, layout, height_in=2.4)
        for panel, part in zip(axes, groups, strict=True):
            _draw(panel, part)
            panel.set_title(f"{part['dataset'].iloc[0]}, {part['n_qubits'].iloc[0]:,} qubits")
        return figure


def _draw(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw every decoder of one code, the logical as it is, and the best decoder there is."""
    decoders = list(rows.groupby("decoder"))
    pairs = zip(decoders, arm_looks(decoders), strict=True)
    ends = [_draw_decoder(axes, str(name), part, look) for (name, part), look in pairs]
    for bound, name in _MEANING.items():
        line = _log(rows.groupby("error_rate")[bound].median().dropna())
        if line.empty:
            continue
        marker = "." if len(line) == 1 else None
        axes.plot(
            line.index,
            line,
            color=LIGHT["muted"],
            linestyle=BOUNDS[bound],
            linewidth=1.1,
            marker=marker,
            label=name,
        )
        ends.append(LineEnd(float(line.index[-1]), float(line.iloc[-1]), name, LIGHT["muted"]))
    axes.set_xlabel("error rate of a qubit (probability)")
    axes.set_ylabel("logical error (fraction, log scale)")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
    axes.yaxis.set_major_formatter(FuncFormatter(power_of_ten))
    axes.margins(x=0.06, y=0.08)
    label_ends(axes, ends)


def _draw_decoder(axes: Axes, name: str, rows: pd.DataFrame, look: Look) -> LineEnd:
    """Draw repeats as points, their median with its bootstrap interval, and before training."""
    found = over_repeats(rows, ["error_rate"])
    before = over_repeats(rows, ["error_rate"], "untrained_value")
    if len(before):
        draw_untrained(axes, before["error_rate"], _log(before["median"]), look, name)
    draw_repeats(axes, rows["error_rate"], _log(rows["value"]), look, name)
    x, y = found["error_rate"], _log(found["median"])
    draw_middles(axes, x, y, found[["low", "high"]].apply(_log), look, name)
    runs, reach = runs_by(rows, "error_rate", x), found[["low", "high"]].apply(_log)
    tell(axes, f"{name}, median", x, y, runs, ends=reach, decades=True)
    at, each = rows["error_rate"], _log(rows["value"])
    tell(axes, f"{name}, a repeat", at, each, rows["run_id"], decades=True)
    return LineEnd(float(x.iloc[-1]), float(y.iloc[-1]), name, look.colour)


def _log(accuracies: pd.Series) -> pd.Series:
    """Return log10 of the error; none where no error was met."""
    left = 1 - accuracies.astype(float)
    return left.where(left > 0).transform(np.log10)


def headline(rows: pd.DataFrame) -> str:
    """Return the median accuracy of each decoder of the largest code, at its largest rate."""
    own = rows[rows["n_qubits"] == rows["n_qubits"].max()]
    own = own[own["error_rate"] == own["error_rate"].max()]
    found = over_repeats(own, ["decoder"]).sort_values("median", ascending=False)
    told = [f"{score_text(r['median'])} ({r['decoder']})" for r in found.to_dict("records")]
    return (
        f"At {own['n_qubits'].iloc[0]:,} qubits and error rate {own['error_rate'].iloc[0]:g} the "
        f"logical answer is right with probability {', '.join(told)}"
    )
