"""Accuracy of trained networks on machines with errors, against width, device by device."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from qnnbench.figures.marks import draw_middles, side_by_side
from qnnbench.figures.panels import (
    Layout,
    LineEnd,
    label_ends,
    message,
    panels,
    text_key,
    width_axis,
)
from qnnbench.figures.points import tell
from qnnbench.figures.style import LIGHT, Look, looks, style

DEVICE_LOOKS = {
    "Helios": Look(LIGHT["blue"], "o"),
    "H2-1": Look(LIGHT["sky"], "s"),
    "H2-2": Look(LIGHT["green"], "D"),
    "Torino": Look(LIGHT["red"], "v"),
    "Kingston": Look(LIGHT["amber"], "^"),
    "Boston": Look(LIGHT["wine"], "P"),
}
DEVICE_LOOKS |= {  # what vendors call the same machines
    "Helios-1": DEVICE_LOOKS["Helios"],
    **{f"ibm_{name.lower()}": DEVICE_LOOKS[name] for name in ("Torino", "Kingston", "Boston")},
}
LEVELS = {"noiseless": (0, (6, 3)), "chance": (0, (1, 2))}  # columns and their dashes

CROWDED = 1.2  # of two widths nearer than this factor the wider one has a label

MODEL = "error model"  # what ran a device unless a vendor's machine or emulator did

_PANEL = ["dataset", "arm", "backend", "metric", "noise_scale"]


def drawable(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the accuracies that exist, of errors as published and larger, panel by panel.

    What ran elsewhere than in an error model has panels of its own. Of several repeats at one
    width on one device: the median one, the lower of two.
    """
    done = rows[(rows["status"] == "ok") & rows["value"].notna() & (rows["noise_scale"] > 0)]
    done = text_key(done, ("dataset", "arm", "ansatz", "metric", "device", "backend"))
    order = [*_PANEL, "device", "n_qubits", "value"]
    is_ascending = [column != "backend" for column in order]  # emulators after error models
    done = done.sort_values(order, ascending=is_ascending, kind="stable")
    cell = done.groupby([*_PANEL, "device", "n_qubits"], sort=False)["value"]
    return done[cell.cumcount() == (cell.transform("size") - 1) // 2]


def hardware(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw accuracy against width, one line per device, one panel per network and metric.

    Args:
        rows: Of table ``hardware``.
        layout: ``panels.WIDE`` or ``panels.NARROW``.
    """
    with style():
        found = drawable(rows)
        if found.empty:
            return message("No runs on machines to draw.", layout)
        groups = [part for _, part in found.groupby(_PANEL, sort=False)]
        labels = [[*part["device"].unique(), *LEVELS] for part in groups]
        figure, axes = panels(labels, layout, height_in=2.6)
        for panel, part in zip(axes, groups, strict=True):
            _draw(panel, part)
        return figure


def _draw(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the devices of one panel between what no errors and what guessing would give."""
    by_width = rows.drop_duplicates("n_qubits").sort_values("n_qubits")
    ends = []
    for level, dashes in LEVELS.items():
        x, y = by_width["n_qubits"], by_width[level]
        axes.plot(x, y, color=LIGHT["muted"], linewidth=1.1, linestyle=dashes, label=level)
        ends.append(LineEnd(float(x.iloc[-1]), float(y.iloc[-1]), level, LIGHT["muted"]))
    devices = list(rows.groupby("device"))
    for i, (device, part) in enumerate(devices):
        shift = side_by_side(i, len(devices))
        ends.append(_draw_device(axes, str(device), part, shift))
    first = rows.iloc[0]
    width_axis(axes, rows["n_qubits"], logarithmic=True)
    most = rows.groupby("n_qubits")["n_physical"].max()
    physical = {int(n): int(count) for n, count in zip(most.index, most, strict=True)}

    def width(value: float, _: float | None) -> str:
        is_crowded = any(value < wider < CROWDED * value for wider in physical)
        return "" if is_crowded else f"{value:,.0f}\non {physical[round(value)]}"

    axes.xaxis.set_major_formatter(FuncFormatter(width))
    axes.set_xlabel("width (qubits, log scale), on physical qubits", labelpad=1)
    axes.set_ylabel("test accuracy (fraction)")
    axes.set_title(_title(first))
    label_ends(axes, ends)


def _draw_device(axes: Axes, device: str, rows: pd.DataFrame, shift: float) -> LineEnd:
    """Draw one device; hollow where it has fewer qubits than the network."""
    look = DEVICE_LOOKS.get(device) or looks([(device, "")])[0]
    x, y = rows["n_qubits"] * shift, rows["value"]
    draw_middles(axes, x, y, rows[["lower", "upper"]], look, device)
    reach = rows[["lower", "upper"]]
    tell(axes, device, rows["n_qubits"], y, rows["run_id"], x=x, ends=reach)
    small = rows["device_qubits"] < rows["n_qubits"]
    if small.any():
        axes.plot(
            x[small],
            y[small],
            look.marker,
            markerfacecolor=LIGHT["surface"],
            markeredgecolor=look.colour,
            label=f"{device} has fewer qubits",
            zorder=3,
        )
    return LineEnd(float(x.iloc[-1]), float(y.iloc[-1]), device, look.colour)


def _title(row: pd.Series) -> str:
    told = "one shot" if row["metric"] == "one_shot_accuracy" else f"{row['n_shots']:.0f} shots"
    scale = "" if row["noise_scale"] == 1 else f", errors × {row['noise_scale']:g}"
    who = "" if row["backend"] == MODEL else f", {row['backend']}"
    return f"{row['arm']}, {told}{scale}{who}"


def headline(rows: pd.DataFrame) -> str:
    """Return the accuracy on each device at the largest width of the first panel."""
    first = rows.iloc[0]
    own = rows[(rows[_PANEL] == first[_PANEL]).all(axis=1)]
    widest = own[own["n_qubits"] == own["n_qubits"].max()]
    told = [
        f"{row['value']:.2f} [{row['lower']:.2f}, {row['upper']:.2f}] ({row['device']})"
        for row in widest.sort_values(["value", "device"], ascending=[False, True]).to_dict(
            "records"
        )
    ]
    return (
        f"{_title(first)} at {own['n_qubits'].max():,} qubits, run on "
        f"{widest['n_physical'].max()}: " + ", ".join(told) + f"; noiseless "
        f"{widest['noiseless'].iloc[0]:.2f}"
    )
