"""Captions of Snakemake's own report: plain sentences as reStructuredText."""

import re

from qnnbench.figures import FIGURES


class Captions(dict[str, str]):
    """Captions by figure, which Snakemake prints as a parameter of each: shortly, therefore."""

    def __repr__(self) -> str:
        return f"of {len(self)} figures"


def rst(text: str) -> str:
    """Return ``text`` so that reStructuredText and its templates show it letter by letter."""
    return re.sub(r"([\\`*_|<>{}\[\]:])", r"\\\1", text)


def figure_captions() -> Captions:
    """Return what each figure shows, by its name."""
    return Captions({name: rst(drawing.definition) for name, drawing in FIGURES.items()})
