"""How every figure looks: one style sheet, one colour and marker per ansatz and loss."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from zlib import crc32

import matplotlib as mpl
from matplotlib.figure import Figure

# Found by maximising the smallest CIE Lab distance between any two colours as seen with
# normal, protan, deutan and tritan vision, at contrast >= 3 on the surface. A test measures both.
LIGHT = {
    "surface": "#ffffff",
    "ink": "#1b1f24",
    "muted": "#5b6470",
    "grid": "#dfe3e8",
    "blue": "#1f5798",
    "sky": "#0199ff",
    "green": "#0e8c5e",
    "amber": "#c78900",
    "red": "#ae2517",
    "wine": "#862155",
    "mauve": "#be7abe",
    "olive": "#98974c",
    "indigo": "#241f82",
}
DARK = {
    "surface": "#14171c",
    "ink": "#e8eaed",
    "muted": "#a3abb6",
    "grid": "#2d333b",
    "blue": "#75c4ff",
    "sky": "#bae3f2",
    "green": "#64a76a",
    "amber": "#f2c035",
    "red": "#cd4e21",
    "wine": "#df70a2",
    "mauve": "#a25db1",
    "olive": "#c2c464",
    "indigo": "#9181f8",
}
NEUTRALS = ("surface", "ink", "muted", "grid")
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "h", "<", ">")


@dataclass(frozen=True)
class Look:
    """What one curve is drawn with.

    Attributes:
        colour: Hex colour of the light palette; the page swaps it for the dark one.
        marker: Matplotlib marker.
    """

    colour: str
    marker: str


LOOKS = {  # by ansatz, then by loss or observable; "" is any other
    "qcnn": {"": Look(LIGHT["blue"], "o")},
    "tree": {"": Look(LIGHT["sky"], "s")},
    "rg_tree": {"": Look(LIGHT["green"], "D"), "contrast": Look(LIGHT["indigo"], "v")},
    "brickwork": {"": Look(LIGHT["olive"], "^"), "global": Look(LIGHT["mauve"], "X")},
    "deep_brickwork": {"": Look(LIGHT["wine"], "h")},
    "hea": {"": Look(LIGHT["amber"], "P"), "global": Look(LIGHT["red"], "s")},
    "mera": {"": Look(LIGHT["mauve"], ">")},
    "matchgate": {"": Look(LIGHT["wine"], "X")},
    "per_site_blocks": {"": Look(LIGHT["indigo"], "<")},
    "pair_block": {"": Look(LIGHT["green"], "^")},
    "xor": {"": Look(LIGHT["red"], "v")},  # an arm: it has no ansatz
    "both_copies": {"": Look(LIGHT["amber"], "v")},
}


def looks(curves: Sequence[tuple[str, str]]) -> list[Look]:
    """Return a look for each (ansatz, loss or observable) of one panel, all different.

    Each takes its own entry of ``LOOKS``; curves that ask for the same one take the
    ansatz's other colours, then its colour with the next markers. A user's own ansatz
    starts at a checksum of its name, so that rows that come or go do not repaint it.
    """
    chosen: list[Look] = []
    for ansatz, variant in curves:
        known = LOOKS.get(ansatz) or {"": _look_of_stranger(ansatz)}
        first = known.get(variant, known[""])
        start = MARKERS.index(first.marker)
        cycle = [Look(first.colour, m) for m in MARKERS[start:] + MARKERS[:start]]
        wishes = [first, *known.values(), *cycle]
        chosen.append(next((wish for wish in wishes if wish not in chosen), first))
    return chosen


def _look_of_stranger(ansatz: str) -> Look:
    colours = [colour for role, colour in LIGHT.items() if role not in NEUTRALS]
    code = crc32(ansatz.encode())
    return Look(colours[code % len(colours)], MARKERS[code // len(colours) % len(MARKERS)])


SHEET: dict[Any, Any] = {
    "figure.facecolor": LIGHT["surface"],
    "axes.facecolor": LIGHT["surface"],
    "axes.edgecolor": LIGHT["muted"],
    "axes.labelcolor": LIGHT["ink"],
    "axes.titlecolor": LIGHT["ink"],
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlepad": 8,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": LIGHT["grid"],
    "grid.linewidth": 0.7,
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": LIGHT["ink"],
    "text.parse_math": False,  # names may hold "$"
    "xtick.color": LIGHT["muted"],
    "ytick.color": LIGHT["muted"],
    "xtick.labelcolor": LIGHT["ink"],
    "ytick.labelcolor": LIGHT["ink"],
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.6,
    "pdf.fonttype": 42,  # TrueType, embedded: Type 3 is what journals refuse
    "svg.fonttype": "path",  # labels keep their width on every machine
    "svg.hashsalt": "qnnbench",  # equal rows, equal files
}


@contextmanager
def style() -> Iterator[None]:
    """Apply the style sheet to everything drawn and saved inside."""
    with mpl.rc_context(SHEET):
        yield


SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def power_of_ten(exponent: float, _position: int | None = None) -> str:
    """Return the tick label "10⁻⁶⁰" of a whole ``exponent``."""
    return "10" + f"{exponent:.0f}".translate(SUPERSCRIPTS)


MOST_PIXELS = 30_000  # of a side: twice as many, and the renderer refuses


def render(figure: Figure, kind: str, outlines: bool = True) -> bytes:
    """Return ``figure`` as "png" or "svg"; equal rows give equal bytes.

    A PNG has 200 dpi, or fewer where a side would have more than ``MOST_PIXELS``.

    Args:
        figure: What is rendered.
        kind: "png" or "svg".
        outlines: Whether the letters of an SVG are paths, else they are text.
    """
    metadata = {"svg": {"Date": None}, "png": {"Software": None}}[kind]
    content = BytesIO()
    dpi = min(200, MOST_PIXELS / max(figure.get_size_inches()))
    letters: dict[Any, Any] = {"svg.fonttype": "path" if outlines else "none"}
    with style(), mpl.rc_context(letters):
        figure.savefig(content, format=kind, dpi=dpi, metadata=metadata)
    return content.getvalue()
