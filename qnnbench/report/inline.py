"""Figures as part of the page: vector where small, in the page's own colours."""

import re
from base64 import b64encode

from markupsafe import Markup, escape

from qnnbench.figures import LIGHT

HEAVY_BYTES = 500_000

_PROLOGUE = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL
)
_IMAGE_ID = re.compile(r'(<image [^>]*?) id="\w+"')  # equal images share one; none refers to it
_DECIMALS = re.compile(r"(\.\d{2})\d+")  # of points: a hundredth is no pixel
_INDENTATION = re.compile(r"\s*\n\s*")
_REFERENCE = re.compile(r'(\bid="|href="#|url\(#)')


def inline(svg: bytes, png: bytes, prefix: str, label: str) -> Markup:
    """Return a figure as markup that loads nothing.

    Args:
        svg: Shown with its colours replaced by the page's variables, so that dark mode
            and print work.
        png: Shown instead where the SVG has more than ``HEAVY_BYTES`` and this has fewer bytes.
        prefix: Unique on the page; keeps the ids of two figures apart.
        label: What is read aloud in its place.
    """
    themed = _themed(svg.decode(), prefix)
    data = b64encode(png).decode()
    if len(themed) > HEAVY_BYTES and len(data) < len(themed):
        return Markup('<img alt="{}" src="data:image/png;base64,{}">').format(label, data)
    return Markup(themed.replace("<svg", f"<svg {_spoken(label)}", 1))


def _spoken(label: str) -> str:
    return f'role="img" aria-label="{escape(label)}"'


def _themed(svg: str, prefix: str) -> str:
    """Return the SVG element alone, small, scalable, with prefixed ids and themed colours."""
    body = _PROLOGUE.sub("", svg).strip().replace("xlink:href", "href")
    body = _INDENTATION.sub("\n", _DECIMALS.sub(r"\1", body))
    body = re.sub(r' (xmlns(:xlink)?|version)="[^"]*"', "", body)
    body = re.sub(r' (width|height)="[\d.]+pt"', "", body)
    body = _IMAGE_ID.sub(r"\1", body)
    body = _REFERENCE.sub(rf"\g<1>{prefix}-", body)
    for role, colour in LIGHT.items():
        body = body.replace(colour, f"var(--{role})")
    return body
