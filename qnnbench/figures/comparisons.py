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
    """Return the keyed rows of networks with a class contrast, their losses included."""
    ready = keyed(rows)
    finite = ready[np.isfinite(ready[LOSS].astype(float))]
    named = finite.groupby(list(NETWORK[:2]))["contrast"].transform(lambda c: (c != "").any())
    with_contrast = finite[named.astype(bool)]
    laws_asked = with_contrast[with_contrast["contrast"] != ""]["angles"].unique()
    lossy = of_width(rows).index
    own = with_contrast.index.isin(lossy) & with_contrast["angles"].isin(laws_asked)
    return with_contrast[own | (with_contrast["contrast"] != "")]


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
    """Return the loss and each contrast of one network; laws are named where they differ."""
    several = part.groupby("contrast")["angles"].nunique().max() > 1
    curves = []
    for key, own in part.groupby(["contrast", "sharing", "tied", "angles", "kind"]):
        contrast, sharing, tied, angles, kind = words_of(key)
        shares = part.loc[part["contrast"] == contrast, "sharing"].nunique() > 1
        words = [
            f"contrast {contrast}" if contrast else "loss",
            sharing if shares else "",
            tied if tied == "tied" else "",
            angles if several else "",
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
    """Return the contrast that lies furthest below its loss at the largest width."""
    measured = rows[rows["kind"] != CLOSED_FORM]
    rows = measured if len(measured) else rows
    best: tuple[float, str] | None = None
    for (ansatz, observable), part in rows.groupby(list(NETWORK[:2])):
        for width, own in part.groupby("n_qubits"):
            losses = own.loc[own["contrast"] == "", LOSS]
            told = own[own["contrast"] != ""]
            if losses.empty or told.empty:
                continue
            least = told.sort_values(LOSS).iloc[0]
            gap = float(losses.iloc[0] - least[LOSS])
            text = (
                f"At {width:,} qubits the loss of {ansatz} {observable} varies by "
                f"10^{losses.iloc[0]:.1f}, what tells the classes of {least['contrast']} apart "
                f"by 10^{least[LOSS]:.1f}"
            )
            if best is None or gap > best[0]:
                best = gap, text
    return best[1] if best else "Variances of class contrasts against width"
