"""A figure of the default study: the picture, where there is one, and its definition."""

import os
from pathlib import Path

from qnnbench.figures import FIGURES
from qnnbench.registry import lookup

DOCS = Path(__file__).parents[1]
DRAWN = DOCS.parent / "reports" / "figures"  # by `make reproduce`, from the rows of the study
SHIPPED = {
    "gradient_variance": DOCS / "gradient_variance.png",
    "ladder": DOCS / "difficulty_ladder.png",
}


def figure(name: str) -> str:
    """Return picture and definition of figure ``name``.

    The picture is the one that the last ``make reproduce`` drew, else the one in this folder;
    most figures have none there.
    """
    shown = lookup(FIGURES, name, "figure")
    made = [p for p in (DRAWN / f"{name}.png", SHIPPED.get(name)) if p and p.exists()]
    image = "Not drawn here: `make reproduce` draws it, `make docs` then shows it."
    if made:
        image = f"![{shown.section}]({os.path.relpath(made[0], DOCS)})"
    return f"{image}\n\n:::{{admonition}} What is plotted\n:class: note\n{shown.definition}\n:::\n"
