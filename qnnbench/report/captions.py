"""Captions of Snakemake's own report: plain sentences as reStructuredText."""

import re


def rst(text: str) -> str:
    """Return ``text`` so that reStructuredText and its templates show it letter by letter."""
    return re.sub(r"([\\`*_|<>{}\[\]:])", r"\\\1", text)
