"""What the variance of a loss hides: the law of the angles, and the classes."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from qnnbench.figures.panels import Layout, message, panels
from qnnbench.figures.style import LIGHT, Look, looks
from qnnbench.figures.style import style as sheet
from qnnbench.figures.trainability import (
    CLOSED_FORM,
    LOSS,
    MEAN,
    MEASURED,
    NETWORK,
    Curve,
    draw_curves,
    keyed,
    of_width,
    words_of,
)

LAW_LOOKS = {
    "uniform": Look(LIGHT["red"], "s"),
    "gaussian_1_over_l": Look(LIGHT["blue"], "o"),
    "gaussian_1_over_nl": Look(LIGHT["sky"], "D"),
    "small": Look(LIGHT["olive"], "^"),
    "identity_blocks": Look(LIGHT["wine"], "v"),
    "haar_blocks": Look(LIGHT["indigo"], "h"),
}
LAW_WORDS = {
    "gaussian_1_over_l": "gaussian 1/L",
    "gaussian_1_over_nl": "gaussian 1/(nL)",
    "small": "gaussian 0.1²",
    "identity_blocks": "identity blocks",
    "haar_blocks": "haar blocks",
}
CONTRAST_LOOKS = {
    "ghz_dephased": Look(LIGHT["red"], "s"),
    "spt_path": Look(LIGHT["green"], "D"),
    "cluster_ising": Look(LIGHT["mauve"], "^"),
    "two_state": Look(LIGHT["amber"], "P"),
}
CIRCUIT = (*NETWORK, "angles", "n_layers", "n_qubits")  # a contrast and its loss share these
LOSS_LOOK = Look(LIGHT["blue"], "o")


def laws(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the keyed rows of networks that were asked about under several laws."""
    ready = of_width(rows)
    ready = ready[(ready["kind"] == MEASURED) & np.isfinite(ready[MEAN].astype(float))]
    several = ready.groupby(list(NETWORK))["angles"].transform("nunique") > 1
    return ready[several]


def initial_laws(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw mean gradient variance against width, one panel per network, one line per law.

    Args:
        rows: Of table ``trainability``.
        layout: ``panels.WIDE`` or ``panels.NARROW``.
    """
    with sheet():
        groups = [part for _, part in laws(rows).groupby(list(NETWORK))]
        if not groups:
            return message("No network under several laws of angles to draw.", layout)
        lines = [
            [
                Curve(law_words(str(law)), (str(law), ""), MEASURED, own.sort_values("n_qubits"))
                for law, own in part.groupby("angles")
            ]
            for part in groups
        ]
        labels = [[line.label for line in panel] for panel in lines]
        figure, axes = panels(labels, layout, height_in=3.0)
        for panel, part, curves in zip(axes, groups, lines, strict=True):
            draw_curves(panel, curves, [_law_look(curve.key[0]) for curve in curves], (MEAN,))
            panel.set_title(network_title(part))
            panel.set_ylabel("Var ∂C/∂θ (rad⁻², log scale)")
        return figure


def law_words(law: str) -> str:
    """Return a law of angles as it is written on figures: variances in rad²."""
    return LAW_WORDS.get(law, law)


def _law_look(law: str) -> Look:
    return LAW_LOOKS.get(law) or looks([(law, "")])[0]


def network_title(part: pd.DataFrame) -> str:
    """Return the network of some keyed rows in words."""
    first = part.iloc[0]
    words = [first[name] for name in NETWORK]
    return " ".join(word for word in words if word not in ("", "untied"))


def laws_headline(rows: pd.DataFrame) -> str:
    """Return what the laws move at the largest width at which several were asked about."""
    n_laws = rows.groupby([*NETWORK, "n_qubits"])["angles"].transform("nunique")
    shared = rows[n_laws > 1] if (n_laws > 1).any() else rows
    widest = shared[shared["n_qubits"] == shared["n_qubits"].max()]
    said = []
    for _, part in widest.groupby(list(NETWORK)):
        ordered = part.sort_values(MEAN)
        worst, best = ordered.iloc[0], ordered.iloc[-1]
        said.append(
            f"{network_title(part)} from 10^{worst[MEAN]:.1f} ({law_words(worst['angles'])}) "
            f"to 10^{best[MEAN]:.1f} ({law_words(best['angles'])})"
        )
    width = widest["n_qubits"].max()
    return (
        f"At {width:,} qubits the law of the first angles moves the mean gradient variance: "
        + ("; ".join(said))
    )


def contrasts(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the keyed rows of class contrasts, and of the losses of the same circuits."""
    ready = keyed(rows)
    finite = ready[np.isfinite(ready[LOSS].astype(float))]
    told = finite["contrast"] != ""
    asked = told.groupby([finite[name] for name in CIRCUIT], dropna=False).transform("any")
    return finite[told | (asked & finite.index.isin(of_width(rows).index))]


def loss_and_contrast(rows: pd.DataFrame, layout: Layout) -> Figure:
    """Draw the variance of the loss and of class contrasts against width, per network.

    Args:
        rows: Of table ``trainability``.
        layout: ``panels.WIDE`` or ``panels.NARROW``.
    """
    with sheet():
        groups = [part for _, part in contrasts(rows).groupby(list(NETWORK[:2]))]
        if not groups:
            return message("No class contrast to draw.", layout)
        lines = [_contrast_curves(part) for part in groups]
        labels = [[line.label for line in panel] for panel in lines]
        figure, axes = panels(labels, layout, height_in=3.0)
        for panel, part, curves in zip(axes, groups, lines, strict=True):
            chosen = [_contrast_look(curve) for curve in curves]
            draw_curves(panel, curves, chosen, (LOSS,))
            first = part.iloc[0]
            panel.set_title(f"{first['ansatz']} {first['observable']}")
            panel.set_ylabel("variance (dimensionless, log scale)")
        return figure


def _contrast_curves(part: pd.DataFrame) -> list[Curve]:
    """Return the loss and each contrast of one network; laws but the uniform one are named."""
    curves = []
    for key, own in part.groupby(["contrast", "sharing", "tied", "angles", "kind"]):
        contrast, sharing, tied, angles, kind = words_of(key)
        shares = part.loc[part["contrast"] == contrast, "sharing"].nunique() > 1
        words = [
            f"contrast {contrast}" if contrast else "loss",
            f"sharing {sharing}" if shares and sharing else "",
            tied if tied == "tied" else "",
            law_words(angles) if angles != "uniform" else "",
            kind,
        ]
        label = " ".join(word for word in words if word)
        curves.append(Curve(label, (contrast, ""), kind, own.sort_values("n_qubits")))
    return curves


def _contrast_look(curve: Curve) -> Look:
    contrast = curve.key[0]
    if not contrast:
        return LOSS_LOOK
    return CONTRAST_LOOKS.get(contrast) or looks([(contrast, "")])[0]


def contrast_headline(rows: pd.DataFrame) -> str:
    """Return the contrast that lies furthest below its own loss at the largest width."""
    measured = rows[rows["kind"] != CLOSED_FORM]
    rows = measured if len(measured) else rows
    is_loss = rows["contrast"] == ""
    losses = rows[is_loss].sort_values("n_samples").drop_duplicates(list(CIRCUIT))  # exact first
    pairs = rows[~is_loss].merge(losses, on=list(CIRCUIT), suffixes=("", "_of_loss"))
    if pairs.empty:
        return "Variances of class contrasts against width"
    widest = pairs[pairs["n_qubits"] == pairs["n_qubits"].max()]
    first = widest.loc[(widest[LOSS] - widest[f"{LOSS}_of_loss"]).idxmin()]
    law = first["angles"]
    of_law = "" if law == "uniform" else f" ({law_words(law)} angles)"
    return (
        f"At {first['n_qubits']:,} qubits the loss of {first['ansatz']} {first['observable']}"
        f"{of_law} varies by 10^{first[f'{LOSS}_of_loss']:.1f}, what tells the classes of "
        f"{first['contrast']} apart by 10^{first[LOSS]:.1f}"
    )
