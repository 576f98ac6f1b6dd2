"""Loss, validation score and gradients step by step, at the widths where arms compare."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from qnnbench.figures.marks import arm_looks
from qnnbench.figures.panels import (
    Layout,
    LineEnd,
    arm_label,
    label_ends,
    message,
    panels,
    text_key,
    width_words,
)
from qnnbench.figures.points import runs_by, tell
from qnnbench.figures.repeats import over_repeats
from qnnbench.figures.style import Look, power_of_ten, style

MEASURES = {
    "loss": "training loss (dimensionless)",
    "validation_score": "validation score (dimensionless)",
}
NORM, COMPONENT = "gradient_norm", "gradient_median"
QUANTILES = ("gradient_q05", "gradient_q95")
LEAST = 1e-17  # what a smaller gradient is drawn at
BELOW = 2  # decades that are shown of the angles with gradients below all lines
MOST_STEPS = 60  # of a curve that are drawn: a page holds many

_PANEL = ["dataset", "task", "n_qubits"]
_RUN = [*_PANEL, "arm", "n_kept", "repeat"]


def compared(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the steps of each dataset and task at two widths, or one where they coincide.

    The largest at which most arms ran, and the largest of all. Of a grid of learning rates
    only the steps of the one that its run chose, where rows of table "runs" say it.

    Args:
        rows: Of tables ``steps`` and ``runs``.
    """
    done = text_key(
        rows[rows["status"] == "ok"], ("dataset", "task", "ansatz", "loss_name", "arm")
    )
    steps = _of_chosen_rate(done[done["step"].notna()], done[done["step"].isna()])
    parts = [part for _, part in steps.groupby(_PANEL[:2])]
    kept = [_thinned(part[part["n_qubits"].isin(_widths(part))]) for part in parts]
    return pd.concat(kept) if kept else steps


def _thinned(rows: pd.DataFrame) -> pd.DataFrame:
    """Return evenly spaced steps of each arm, its last one and all that were validated."""
    last = rows.groupby("arm")["step"].transform("max")
    every = np.ceil(last / MOST_STEPS)
    is_kept = (rows["step"] % every == 0) | (rows["step"] == last)
    return rows[is_kept | rows["validation_score"].notna()]


def _widths(rows: pd.DataFrame) -> set[int]:
    """Return the largest width at which most arms ran, and the largest of all."""
    arms = rows.groupby("n_qubits")["arm"].nunique()
    return {int(arms[arms == arms.max()].index.max()), int(arms.index.max())}


def _of_chosen_rate(steps: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Return the steps whose learning rate is that of their run; all where no run says it."""
    said = runs.dropna(subset=["learning_rate"]).drop_duplicates(_RUN)[[*_RUN, "learning_rate"]]
    chosen = steps[_RUN].merge(said, on=_RUN, how="left")["learning_rate"].to_numpy(float)
    own = steps["learning_rate"].to_numpy(float)
    return steps[np.isnan(chosen) | np.isnan(own) | (own == chosen)]


def learning_curves(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw loss and validation score against the step: repeats thin, their median bold.

    Args:
        rows: Of tables ``steps`` and ``runs``.
        layout: ``panels.WIDE`` or ``panels.NARROW``.
    """
    with style():
        parts = _panels(compared(rows))
        if not parts:
            return message("No training steps to draw.", layout)
        labels = [
            [name for name, _ in _curves(part, measure)] for part in parts for measure in MEASURES
        ]
        figure, axes = panels(labels, layout, height_in=2.1)
        for i, part in enumerate(parts):
            for ax, measure in zip(axes[2 * i : 2 * i + 2], MEASURES, strict=True):
                _draw_measure(ax, part, measure)
                ax.set_title(_title(part))
        return figure


def _panels(rows: pd.DataFrame) -> list[pd.DataFrame]:
    return [part for _, part in rows.groupby(_PANEL)]


def _title(part: pd.DataFrame) -> str:
    first = part.iloc[0]
    task = first["task"].removesuffix("classification").replace("_", " ").strip()
    return ", ".join([first["dataset"], f"{first['n_qubits']:,.0f} qubits", *filter(None, [task])])


def headline(rows: pd.DataFrame) -> str:
    """Return what the figure shows, in one sentence; ``rows`` are those of :func:`compared`."""
    seen = rows[rows["validation_score"].notna()].sort_values("step")
    curve = ["dataset", "arm", "n_qubits"]
    medians = over_repeats(seen, [*curve, "step"], "validation_score").groupby(curve)["median"]
    ends = medians.agg(["first", "last", "size"])
    ends = ends[ends["size"] > 1]
    rising = int((ends["last"] > ends["first"]).sum())
    return (
        f"At {width_words(rows['n_qubits'])} the median validation score ends above its start "
        f"in {rising:,} of {len(ends):,} curves scored more than once"
    )


def _curves(rows: pd.DataFrame, measure: str) -> list[tuple[str, pd.DataFrame]]:
    """Return label and rows of each curve: one per arm, and per loss where it has several."""
    seen = rows[rows[measure].notna()].sort_values("step")
    several = seen.groupby("arm")["loss_name"].transform("nunique") > 1
    names = seen["arm"] + (" " + seen["loss_name"]).where(several, "")
    return [
        (arm_label(str(name), part["dataset"].iloc[0]), part) for name, part in seen.groupby(names)
    ]


def _draw_measure(axes: Axes, rows: pd.DataFrame, measure: str) -> None:
    """Draw one measure of every curve; steps without a value are left out."""
    curves = _curves(rows, measure)
    pairs = zip(curves, arm_looks(curves), strict=True)
    ends = [_draw_curve(axes, part, measure, name, look) for (name, part), look in pairs]
    axes.set_ylabel(MEASURES[measure])
    _step_axis(axes)
    if not ends:
        axes.text(0.5, 0.5, "never evaluated", ha="center", transform=axes.transAxes)
    elif measure == "validation_score":  # at least a tenth is shown, and little above the best
        low, high = axes.dataLim.intervaly
        span = max(high - low, 0.1)
        axes.set_ylim(high - 1.05 * span, high + 0.05 * span)
    label_ends(axes, ends)


def _step_axis(axes: Axes) -> None:
    axes.set_xlabel("training step (count)")
    axes.margins(x=0.02)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _draw_curve(axes: Axes, seen: pd.DataFrame, measure: str, name: str, look: Look) -> LineEnd:
    """Draw the repeats, their median and its band; what was evaluated once is a marker."""
    found = over_repeats(seen, ["step"], measure)
    marker = look.marker if len(found) == 1 else None
    import seaborn as sns  # loads half a second that no import pays

    sns.lineplot(
        seen,
        x="step",
        y=measure,
        units="repeat",
        estimator=None,
        color=look.colour,
        linewidth=0.6,
        alpha=0.55,
        marker=marker,
        legend=False,
        ax=axes,
    )
    _band(axes, found["step"], found["low"], found["high"], look)
    axes.plot(
        found["step"],
        found["median"],
        color=look.colour,
        linewidth=2.2,
        marker=marker,
        label=f"{name} median",
    )
    _tell(axes, name, seen, found, measure)
    x, y = found[["step", "median"]].iloc[-1]
    return LineEnd(float(x), float(y), name, look.colour)


def _tell(axes: Axes, name: str, seen: pd.DataFrame, found: pd.DataFrame, measure: str) -> None:
    """Say what the medians of a curve are, and where each repeat ends."""
    at, runs = found["step"], runs_by(seen, "step", found["step"])
    said = f"{name}, median of {found['n_repeats'].max():,} repeats"
    tell(axes, said, at, found["median"], runs, ends=found[["low", "high"]])
    last = seen.sort_values("step").drop_duplicates("repeat", keep="last")
    for repeat, own in last.groupby("repeat"):
        said = f"{name}, repeat {repeat:.0f}"
        tell(axes, said, own["step"], own[measure], own["run_id"])


def _band(axes: Axes, x: pd.Series, low: pd.Series, high: pd.Series, look: Look) -> None:
    axes.fill_between(x, low, high, color=look.colour, alpha=0.16, linewidth=0)


def with_gradients(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the compared steps that took a gradient."""
    steps = compared(rows)
    return steps[steps[NORM].notna()]


def gradient_curves(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw norm, and median and quantiles over angles, of the gradient at every step.

    Args:
        rows: Of tables ``steps`` and ``runs``.
        layout: ``panels.WIDE`` or ``panels.NARROW``.
    """
    with style():
        parts = _panels(with_gradients(rows))
        if not parts:
            return message("No gradients of training to draw.", layout)
        labels = [[name for name, _ in _curves(part, NORM)] for part in parts]
        figure, axes = panels(labels, layout, height_in=2.3)
        for panel, part in zip(axes, parts, strict=True):
            curves = _curves(part, NORM)
            pairs = zip(curves, arm_looks(curves), strict=True)
            ends = [_draw_gradient(panel, own, name, look) for (name, own), look in pairs]
            drawn = np.concatenate([line.get_ydata() for line in panel.get_lines()])
            panel.set_ylim(bottom=max(panel.get_ylim()[0], np.floor(drawn.min()) - BELOW))
            panel.set_title(_title(part))
            panel.set_ylabel("gradient (rad⁻¹, log scale)")
            panel.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
            panel.yaxis.set_major_formatter(FuncFormatter(power_of_ten))
            _step_axis(panel)
            label_ends(panel, ends)
        return figure


def _draw_gradient(axes: Axes, seen: pd.DataFrame, name: str, look: Look) -> LineEnd:
    """Draw the median repeat's norm dotted, its median angle bold, 5 % to 95 % a band."""
    norm, middle, low, high = (
        _log(over_repeats(seen, ["step"], column).set_index("step")["median"])
        for column in (NORM, COMPONENT, *QUANTILES)
    )
    axes.plot(norm.index, norm, ":", color=look.colour, linewidth=1.2, label=f"{name} norm")
    if len(middle):
        axes.plot(middle.index, middle, color=look.colour, linewidth=2.0, label=f"{name} median")
    if len(low):
        _band(axes, low.index.to_series(), low, high, look)
    for own, word in ((norm, "norm"), (middle, "median angle")):
        runs = runs_by(seen, "step", own.index)
        spread = pd.DataFrame({"low": low, "high": high}).reindex(own.index)
        ends = spread if own is middle else None
        tell(axes, f"{name}, {word}", own.index, own, runs, ends=ends, decades=True)
    last = norm if middle.empty else middle
    return LineEnd(float(last.index[-1]), float(last.iloc[-1]), name, look.colour)


def _log(sizes: pd.Series) -> pd.Series:
    return sizes.astype(float).clip(lower=LEAST).transform(np.log10)


def gradient_headline(rows: pd.DataFrame) -> str:
    """Return the smallest and the largest median gradient norm of the first step."""
    first = rows[rows["step"] == rows["step"].min()]
    found = over_repeats(first, ["dataset", "arm", "n_qubits"], NORM).sort_values("median")
    ends = [
        f"10^{np.log10(max(end['median'], LEAST)):.1f} "
        f"({arm_label(end['arm'], end['dataset'])} on {end['dataset']}, "
        f"{end['n_qubits']:,.0f} qubits)"
        for end in found.iloc[[0, -1]].to_dict("records")
    ]
    return f"The gradient of the first step has a norm from {ends[0]} to {ends[1]}"
