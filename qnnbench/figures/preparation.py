"""Preparing a state: fidelity against the depth of the circuit that makes it."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from qnnbench.figures.marks import arm_looks, draw_middles, draw_repeats, draw_untrained
from qnnbench.figures.panels import Layout, LineEnd, label_ends, message, panels
from qnnbench.figures.points import runs_by, tell
from qnnbench.figures.repeats import over_repeats
from qnnbench.figures.scores import BOUNDS, drawable, score_text
from qnnbench.figures.style import LIGHT, Look, style

TASK = "preparation"

_PANEL = ["dataset", "n_qubits"]
_NETWORK = ["ansatz", "loss_name"]
_MEANING = {"chance": "best product state", "ceiling": "bound by Schmidt ranks"}


def prepared(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the fidelities with which states were prepared by circuits of known depth."""
    done = drawable(rows)
    own = done[(done["task"] == TASK) & (done["metric"] == "fidelity")]
    return own[own["n_layers"].notna()]


def preparation(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw fidelity against the number of layers, one panel per dataset and width.

    Args:
        rows: Of table ``scores``.
        layout: ``panels.WIDE`` or ``panels.NARROW``.
    """
    with style():
        found = prepared(rows)
        if found.empty:
            return message("No prepared states to draw.", layout)
        groups = [part for _, part in found.groupby(_PANEL)]
        names = [*_MEANING.values()]
        labels = [[*(label for label, _ in _networks(part)), *names] for part in groups]
        figure, axes = panels(labels, layout, height_in=2.4)
        for panel, part in zip(axes, groups, strict=True):
            _draw(panel, part)
            first = part.iloc[0]
            panel.set_title(f"{first['dataset']}, {first['n_qubits']:,} qubits")
        return figure


def _networks(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return name and rows of each; the loss is part of the name where it tells two apart."""
    several = rows.groupby("ansatz")["loss_name"].transform("nunique") > 1
    names = rows["ansatz"] + (" " + rows["loss_name"]).where(several, "")
    return [(str(name), part) for name, part in rows.groupby(names)]


def _draw(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw every network of one target, its best product state and what its ranks allow."""
    networks = _networks(rows)
    chosen = arm_looks(networks)
    pairs = zip(networks, chosen, strict=True)
    ends = [_draw_network(axes, name, part, look) for (name, part), look in pairs]
    for bound, name in _MEANING.items():
        line = rows.groupby("n_layers")[bound].median().dropna()
        if line.empty:
            continue
        axes.plot(
            line.index,
            line,
            color=LIGHT["muted"],
            linestyle=BOUNDS[bound],
            linewidth=1.1,
            marker="." if len(line) == 1 else None,
            label=name,
        )
        ends.append(LineEnd(float(line.index[-1]), float(line.iloc[-1]), name, LIGHT["muted"]))
    axes.set_xlabel("depth (layers)")
    axes.set_ylabel("fidelity with the target (fraction)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
    axes.margins(x=0.06, y=0.08)
    label_ends(axes, ends)


def _draw_network(axes: Axes, name: str, rows: pd.DataFrame, look: Look) -> LineEnd:
    """Draw repeats as points, their median with its bootstrap interval, and before training."""
    found = over_repeats(rows, ["n_layers"])
    before = over_repeats(rows, ["n_layers"], "untrained_value")
    draw_untrained(axes, before["n_layers"], before["median"], look, name)
    draw_repeats(axes, rows["n_layers"], rows["value"], look, name)
    x, y = found["n_layers"], found["median"]
    draw_middles(axes, x, y, found[["low", "high"]], look, name)
    runs = runs_by(rows, "n_layers", x)
    tell(axes, f"{name}, median", x, y, runs, ends=found[["low", "high"]])
    tell(axes, f"{name}, a repeat", rows["n_layers"], rows["value"], rows["run_id"])
    return LineEnd(float(x.iloc[-1]), float(y.iloc[-1]), name, look.colour)


def headline(rows: pd.DataFrame) -> str:
    """Return the best median fidelity of each target at its largest width, and its depth."""
    told = []
    for dataset, part in rows.groupby("dataset"):
        own = part[part["n_qubits"] == part["n_qubits"].max()]
        found = over_repeats(own, [*_NETWORK, "n_layers"])
        best = found.sort_values("median", kind="stable").iloc[-1]
        told.append(
            f"{dataset} ({own['n_qubits'].max():,} qubits) to {score_text(best['median'])} "
            f"by {best['n_layers']:,.0f} layers of {best['ansatz']}"
        )
    return f"States prepared best, median fidelity: {'; '.join(told)}"
