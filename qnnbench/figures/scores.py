"""Test scores against width, and of compression against the number of qubits kept."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from qnnbench.figures.marks import (
    arm_looks,
    draw_middles,
    draw_repeats,
    draw_untrained,
    side_by_side,
)
from qnnbench.figures.panels import (
    Layout,
    LineEnd,
    arm_label,
    label_ends,
    message,
    panels,
    text_key,
    width_axis,
)
from qnnbench.figures.points import tell
from qnnbench.figures.style import LIGHT, Look, power_of_ten, style

LABEL_STUDY = "ghz_dephased"
AXES = {
    "accuracy": "test accuracy (fraction)",
    "r_squared": "test R² (dimensionless)",
    "fidelity": "reconstruction fidelity (fraction)",
    "contrast": "class contrast (dimensionless)",
}

# What of a metric is drawn again on a logarithmic scale, with its label.
AGAIN = {"contrast": ("magnitude", "|contrast|"), "r_squared": ("error", "1 − R²")}
BOUNDS = {"chance": (0, (1, 2)), "ceiling": (0, (6, 3))}  # and their dashes

_CELL = ["dataset", "metric", "arm", "record", "n_copies", "n_kept", "n_qubits"]


def drawable(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the scores that exist, in the order of the panels, their text free of nulls.

    What needs no training stands beside every arm on its states: it counts once per repeat.
    """
    done = rows[(rows["status"] == "ok") & rows["value"].notna()]
    done = done.sort_values(["metric", "dataset", "n_qubits"], kind="stable")
    done = text_key(done, ("dataset", "ansatz", "loss_name", "arm", "metric", "record"))
    return done[(done["ansatz"] != "") | ~done.duplicated([*_CELL, "repeat"])]


def main_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what each arm is judged by: its metric, from the fewest copies of a state.

    Exact means count as no copies: they come before shots.
    """
    done = drawable(rows)
    done = done[done["metric"].isin(("accuracy", "logical_accuracy", "fidelity", "r_squared"))]
    copies = done["n_copies"].fillna(0)
    fewest = copies.groupby([done[name] for name in ("dataset", "metric", "arm", "n_qubits")])
    return done[copies == fewest.transform("min")]


def accuracies(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the accuracies of every dataset but the one with its own figure."""
    done = main_scores(rows)
    return done[(done["metric"] == "accuracy") & (done["dataset"] != LABEL_STUDY)]


def regressions(rows: pd.DataFrame) -> pd.DataFrame:
    """Return R² of every regression."""
    done = main_scores(rows)
    return done[done["metric"] == "r_squared"]


def fidelities(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the compression fidelities, without those of :func:`rates`."""
    done = main_scores(rows)
    compressed = (done["metric"] == "fidelity") & (done["task"] == "compression")
    return done[compressed & ~_is_rate(done)]


def rates(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the fidelities of networks that keep several numbers of qubits at one width."""
    done = main_scores(rows)
    return done[(done["metric"] == "fidelity") & _is_rate(done)]


def _is_rate(rows: pd.DataFrame) -> pd.Series:
    kept = rows.groupby(["dataset", "n_qubits", "ansatz", "loss_name"])["n_kept"]
    return kept.transform("nunique") > 1


def label_study(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of exact means on states that differ in one global quantity only."""
    done = drawable(rows)
    return done[(done["dataset"] == LABEL_STUDY) & done["metric"].isin(("accuracy", "contrast"))]


def typical(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the median repeat of each arm, width, metric and record: a row, not a mean.

    Of an even number of repeats, the lower of the middle two.
    """
    ordered = rows.sort_values(["value", "repeat"])
    groups = ordered.groupby(_CELL, dropna=False)
    middle = groups.cumcount() == (groups["value"].transform("size") - 1) // 2
    return ordered[middle].sort_values(_CELL)


def accuracy(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw test accuracy against width, one panel per dataset."""
    return _score_figure(accuracies(rows), layout, "No accuracies to draw.")


def regression(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw R² against width, and 1 - R² on a logarithmic scale, for each dataset."""
    return _score_figure(regressions(rows), layout, "No regression to draw.")


def compression(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw reconstruction fidelity against width, one panel per dataset."""
    return _score_figure(fidelities(rows), layout, "No compression fidelities to draw.")


def rate(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw fidelity against the number of qubits kept, one panel per dataset and width."""
    found = rates(rows)
    panel = found["dataset"] + ", " + found["n_qubits"].map("{:,} qubits".format)
    network = found["ansatz"] + " " + found["loss_name"]
    found = found.assign(dataset=panel, arm=network)
    return _score_figure(found, layout, "No fidelities at several rates to draw.", "n_kept")


def label_free(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw the scores on ``ghz_dephased``, contrasts on a logarithmic scale too."""
    return _score_figure(label_study(rows), layout, "No label-free training to draw.")


def score_text(value: float) -> str:
    """Return "0.980", "0", or "2.0 × 10^-28" for a magnitude below 0.001."""
    if value == 0:
        return "0"
    if abs(value) >= 1e-3 or np.isnan(value):
        return f"{value:.3f}".replace("-", "−")
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits.replace('-', '−')} × 10^{int(exponent)}"


def headline(rows: pd.DataFrame) -> str:
    """Return the best and the worst arm at the largest width by each metric, in one sentence."""
    width = rows["n_qubits"].max()
    ends = typical(rows[rows["n_qubits"] == width])
    parts = [
        f"{'R²' if metric == 'r_squared' else str(metric)} {_best_and_worst(part)}"
        for metric, part in ends.groupby("metric")
    ]
    return f"At {width:,} qubits: {'; '.join(parts)}"


def _best_and_worst(ends: pd.DataFrame) -> str:
    ordered = ends.sort_values("value", ascending=False)
    best, *others = [
        f"{score_text(end['value'])} ({arm_label(end['arm'], end['dataset'])}, {end['dataset']})"
        for _, end in ordered.iterrows()
    ]
    return f"from {others[-1]} to {best}" if others else best


def _score_figure(rows: pd.DataFrame, layout: Layout, nothing: str, x: str = "n_qubits") -> Figure:
    """Draw one panel per dataset and metric, and a second one of what is drawn ``AGAIN``."""
    with style():
        if rows.empty:
            return message(nothing, layout)
        groups = [
            (str(metric), str(dataset), part, decades)
            for (metric, dataset), part in rows.groupby(["metric", "dataset"], sort=False)
            for decades in ((False, True) if metric in AGAIN else (False,))
        ]
        labels = [
            [
                *(arm_label(arm, dataset) for arm in part["arm"].unique()),
                *(name for bound in BOUNDS for name, _ in _bounds(part, bound, x)),
            ]
            for _, dataset, part, _ in groups
        ]
        figure, axes = panels(labels, layout, height_in=2.7)
        metrics = rows.groupby("dataset")["metric"].nunique()
        for ax, (metric, dataset, part, decades) in zip(axes, groups, strict=True):
            what, label = AGAIN[metric] if decades else ("", "")
            _draw_scores(ax, part, what, x)
            told = what or (metric.replace("_", " ") if metrics[dataset] > 1 else "")
            ax.set_title(f"{dataset}, {told}" if told else dataset)
            ax.set_ylabel(
                f"{label} (dimensionless, log scale)" if what else AXES.get(metric, metric)
            )
        return figure


def _draw_scores(axes: Axes, rows: pd.DataFrame, what: str, x: str) -> None:
    """Draw every arm of one dataset and metric, as it is or ``what`` is drawn ``AGAIN``."""
    arms = list(rows.groupby("arm"))
    chosen = arm_looks(arms)
    ends: list[LineEnd] = []
    for i, ((arm, part), look) in enumerate(zip(arms, chosen, strict=True)):
        shift = side_by_side(i, len(arms))
        if what == "magnitude":
            ends += _draw_decades(axes, part, str(arm), look, shift)
        elif what == "error":
            ends += _draw_arm(axes, _errors(part), _errors(typical(part)), look, shift, x, True)
        else:
            ends += _draw_arm(axes, part, typical(part), look, shift, x, False)
    width_axis(axes, rows[x].astype(int), logarithmic=x == "n_qubits")
    if x == "n_kept":
        axes.set_xlabel("kept (qubits)")
    if what:
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=7, min_n_ticks=1))
        axes.yaxis.set_major_formatter(FuncFormatter(power_of_ten))
    if what != "magnitude":
        shown = _errors(rows) if what else rows
        axes.margins(y=0.08)
        ends += [end for bound in BOUNDS for end in _draw_bound(axes, shown, bound, x)]
    label_ends(axes, ends)


def _errors(rows: pd.DataFrame) -> pd.DataFrame:
    """Return log10(1 - R²) in place of R²; where that is one there is none.

    An interval that reaches one has no end there.
    """
    left = 1 - rows[["value", "lower", "upper", "untrained_value", *BOUNDS]]
    logs = left.where(left > 0).transform(np.log10)
    ends = {"lower": logs["upper"], "upper": logs["lower"]}
    return rows.assign(**logs.assign(**ends))[logs["value"].notna()]


def _draw_arm(
    axes: Axes,
    rows: pd.DataFrame,
    middle: pd.DataFrame,
    look: Look,
    shift: float,
    over: str,
    decades: bool,
) -> Iterator[LineEnd]:
    """Draw repeats faint, the median repeat with its interval, the untrained one hollow."""
    if middle.empty:
        return
    arm, x, y = str(rows["arm"].iloc[0]), middle[over] * shift, middle["value"]
    if middle["untrained_value"].notna().any():
        draw_untrained(axes, x, middle["untrained_value"], look, arm)
    draw_repeats(axes, rows[over] * shift, rows["value"], look, arm)
    draw_middles(axes, x, y, middle[["lower", "upper"]], look, arm)
    label = arm_label(arm, rows["dataset"].iloc[0])
    for word, own, column in (
        ("median repeat", middle, "value"),
        ("untrained", middle, "untrained_value"),
        ("a repeat", rows[~rows["run_id"].isin(middle["run_id"])], "value"),
    ):
        reach = own[["lower", "upper"]] if column == "value" else None
        places, at, y_told = own[over] * shift, own[over], own[column]
        said = f"{label}, {word}"
        tell(axes, said, at, y_told, own["run_id"], x=places, ends=reach, decades=decades)
    yield LineEnd(float(x.iloc[-1]), float(y.iloc[-1]), label, look.colour)


def _draw_decades(
    axes: Axes, rows: pd.DataFrame, arm: str, look: Look, shift: float
) -> Iterator[LineEnd]:
    """Draw log10 of the score's magnitude; exact zeros have none and are left out."""
    middle = typical(rows)
    middle = middle[middle["value"] != 0]
    if middle.empty:
        return
    x, y = middle["n_qubits"] * shift, np.log10(middle["value"].abs())
    axes.plot(x, y, color=look.colour, marker=look.marker, label=arm)
    label = arm_label(arm, rows["dataset"].iloc[0])
    said = f"{label}, median repeat"
    tell(axes, said, middle["n_qubits"], y, middle["run_id"], x=x, decades=True)
    yield LineEnd(float(x.iloc[-1]), float(y.iloc[-1]), label, look.colour)


def _bounds(rows: pd.DataFrame, bound: str, x: str) -> list[tuple[str, pd.Series]]:
    """Return the names of the lines of a bound, and each over ``x``.

    One line where all arms share the bound, else one per arm.
    """
    stated = rows[rows[bound].notna()]
    if (stated.groupby(x)[bound].nunique() <= 1).all():
        parts = [(bound, stated)] if len(stated) else []
    else:
        parts = [
            (f"{bound}, {arm_label(str(arm), part['dataset'].iloc[0])}", part)
            for arm, part in stated.groupby("arm")
        ]
    return [(name, part.groupby(x)[bound].median()) for name, part in parts]


def _draw_bound(axes: Axes, rows: pd.DataFrame, bound: str, x: str) -> Iterator[LineEnd]:
    """Draw the chance or ceiling lines through all widths, where rows state one."""
    low, high = axes.get_xlim()
    for name, line in _bounds(rows, bound, x):
        y = np.array([line.iloc[0], *line, line.iloc[-1]])
        axes.plot(
            [low, *line.index, high],
            y,
            color=LIGHT["muted"],
            linewidth=1.1,
            linestyle=BOUNDS[bound],
            label=name,
            zorder=1,
        )
        yield LineEnd(float(high), float(y[-1]), name, LIGHT["muted"])
