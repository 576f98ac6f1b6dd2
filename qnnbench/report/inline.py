"""Figures as part of the page: vector where small, in the page's own colours, panel by panel."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from itertools import count
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup, escape
from matplotlib.figure import Figure
from PIL import Image

from qnnbench.figures import LIGHT, render
from qnnbench.figures.panels import cells
from qnnbench.figures.points import Panel

PANEL_BYTES = 60_000  # a heavier panel is a picture, where that is lighter
FIGURE_BYTES = 200_000  # panels beyond stand in the files of the figure
MOST_POINTS = 1200  # of one panel that say what they are
PICTURE_SCALE, PICTURE_COLOURS = 0.6, 48  # of the 200 dpi of the file

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d*\.?\d+(?:e-?\d+)?")
_STEP = re.compile(r"([MLQCz])([^MLQCz]*)")
_FONT = re.compile(r"(?:font: |font-family: )[^;]*;? ?|text-anchor: start;? ?")
_PLACES = ("x", "y", "width", "height")

Box = tuple[float, float, float, float]


@dataclass
class Shared:
    """What the figures of one page have in common: each style and each marker once.

    Attributes:
        styles: Class name by CSS declarations.
        marks: Id by the markup of a path that is used in several places.
        ids: Of clip paths, each once.
    """

    styles: dict[str, str] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    ids: Iterator[str] = field(default_factory=lambda: map("c{}".format, count()))

    def css(self) -> Markup:
        """Return the style sheet of all classes."""
        return Markup("".join(f".{name}{{{style}}}" for style, name in self.styles.items()))

    def defs(self) -> Markup:
        """Return the marks, for one hidden element of the page."""
        named = (mark.replace("<path", f'<path id="{i}"') for mark, i in self.marks.items())
        return Markup("".join(named))


@dataclass(frozen=True)
class Shown:
    """The panels of one figure on the page.

    Attributes:
        panels: Title and markup of each.
        view: The view box of the first.
        legend: Markup of what stands below all panels; empty where nothing does.
        n_left_out: Panels that stand in the files only.
    """

    panels: tuple[tuple[str, Markup], ...] = ()
    view: str = ""
    legend: str = ""
    n_left_out: int = 0


def inline(
    figure: Figure, png: bytes, name: str, runs: Mapping[str, int], shared: Shared
) -> Shown:
    """Return a figure, panel by panel, as markup that loads nothing.

    Colours become the page's variables, so that dark mode and print work.

    Args:
        figure: As drawn by ``figures``.
        png: The same, rendered.
        name: Unique on the page; keeps ids apart.
        runs: Place of each run id in the list below the figure; what is missing there is not
            named by a point.
        shared: Receives styles and marks.
    """
    boxes = cells(figure)
    for i, (axes, _) in enumerate(boxes):  # counted ids would count colour bars too
        axes.set_gid(f"panel_{i}")
    root = ElementTree.fromstring(render(figure, "svg", outlines=False))
    groups = {group.get("id", ""): group for group in root.iter(f"{_SVG}g")}
    writer = _Writer(shared, root)
    width, height = (72 * float(side) for side in figure.get_size_inches())
    panels: list[tuple[str, Markup]] = []
    room = FIGURE_BYTES
    for i, (axes, box) in enumerate(boxes):
        title = axes.get_title(loc="left") or name
        drawn = writer.children(groups[f"panel_{i}"])
        if len(drawn) > PANEL_BYTES:
            picture = _picture(png, box, (width, height))
            drawn = min(drawn, picture, key=len)
        markup = _panel(f"{name}-{i}", title, drawn, _points(axes, height, runs), box)
        room -= len(markup)
        if room < 0 and panels:
            break
        panels.append((title, markup))
    below = max((box[1] + box[3] for _, box in boxes), default=0.0)
    legend = "".join(writer.children(g) for key, g in groups.items() if key.startswith("legend_"))
    rest = (0, below, width, height - below)
    strip = Markup(_svg("", legend, rest)) if height - below > 1 else ""
    view = " ".join(map(_short, boxes[0][1])) if boxes else ""
    return Shown(tuple(panels), view, strip, len(boxes) - len(panels))


def _panel(key: str, title: str, drawn: str, points: str, box: Box) -> Markup:
    data = f'<script type="application/json">{points}</script>' if points else ""
    label = f'role="img" aria-label="{escape(title)}" id="{key}"'
    return Markup(_svg(label, drawn, box) + data)


def _svg(attributes: str, drawn: str, box: Box) -> str:
    view = " ".join(_short(side) for side in box)
    return f'<svg viewBox="{view}" {attributes}>{drawn}</svg>'


def _points(axes: Panel, height: float, runs: Mapping[str, int]) -> str:
    """Return where the marks of a panel are, in points, and what they are, as JSON."""
    curves: list[Any] = []
    room = MOST_POINTS
    for curve in axes.told:
        own = curve.points[: max(0, room)]
        room -= len(own)
        behind = [sorted(runs[run] for run in point.runs if run in runs) for point in own]
        common = behind[0] if all(b == behind[0] for b in behind) and behind else None
        points = []
        for point, ids in zip(own, behind, strict=True):
            x, y = axes.transData.transform((point.x, point.y)) * 72 / axes.figure.dpi
            place = [_tenths(x), _tenths(height - y), point.at, point.value]
            points.append(place if common is not None else [*place, ids])
        if points:
            curves.append([curve.name, points] if common is None else [curve.name, points, common])
    if not curves:
        return ""
    labels = [
        re.sub(r",? log scale", "", text).replace(" ()", "")
        for text in (axes.get_xlabel(), axes.get_ylabel())
    ]
    text = json.dumps([*labels, curves], separators=(",", ":"), ensure_ascii=False)
    return re.sub("[<>&]", lambda c: f"\\u{ord(c[0]):04x}", text)


def _picture(png: bytes, box: Box, size: tuple[float, float]) -> str:
    """Return one panel as pixels, in few colours."""
    image = Image.open(BytesIO(png))
    scale = image.width / size[0]
    left, top, width, height = (scale * side for side in box)
    part = image.crop((round(left), round(top), round(left + width), round(top + height)))
    part.thumbnail((part.width * PICTURE_SCALE, part.height))
    content = BytesIO()
    few = part.convert("RGB").quantize(PICTURE_COLOURS)
    few.save(content, format="png", optimize=True)
    data = b64encode(content.getvalue()).decode()
    place = " ".join(f'{key}="{_short(side)}"' for key, side in zip(_PLACES, box, strict=True))
    return f'<image class="pixels" {place} href="data:image/png;base64,{data}"/>'


class _Writer:
    """Writes the elements of one SVG without what a reader cannot see."""

    def __init__(self, shared: Shared, root: ElementTree.Element) -> None:
        self._shared = shared
        self._clips = {
            clip.get("id", ""): clip[0] for clip in root.iter(f"{_SVG}clipPath") if len(clip)
        }
        self._marks = {
            path.get("id", ""): self._path(path)
            for path in root.iter(f"{_SVG}path")
            if path.get("id")
        }

    def children(self, element: ElementTree.Element) -> str:
        """Return what an element holds, and the clip paths that this needs."""
        self._needed: dict[str, str] = {}
        body = self._body(element)
        clips = "".join(
            f'<clipPath id="{own}">{self._rect(self._clips[key])}</clipPath>'
            for key, own in self._needed.items()
        )
        return clips + body

    def _body(self, element: ElementTree.Element) -> str:
        return "".join(self._written(child) for child in element)

    def _written(self, element: ElementTree.Element) -> str:
        kind = element.tag.removeprefix(_SVG)
        if kind == "g":
            body, given = self._body(element), self._attributes(element)
            return f"<g{given}>{body}</g>" if given and body else body
        if kind == "path":
            return self._path(element) if element.get("id") is None else ""
        if kind == "use":
            return self._use(element)
        if kind == "text":
            return f"<text{self._attributes(element)}>{escape(element.text or '')}</text>"
        if kind == "image":
            data = "".join(element.get(_HREF, "").split())
            return f'<image{self._attributes(element)} href="{data}"/>'
        return ""  # defs, metadata: what is used of them is written where it is used

    def _path(self, element: ElementTree.Element) -> str:
        return f'<path{self._attributes(element)} d="{relative(element.get("d", ""))}"/>'

    def _use(self, element: ElementTree.Element) -> str:
        mark = self._marks[element.get(_HREF, "")[1:]]
        own = self._shared.marks.setdefault(mark, f"m{len(self._shared.marks)}")
        return f'<use href="#{own}"{self._attributes(element)}/>'

    @staticmethod
    def _rect(element: ElementTree.Element) -> str:
        sides = " ".join(f'{key}="{_short(float(element.get(key, "0")))}"' for key in _PLACES)
        return f"<rect {sides}/>"

    def _attributes(self, element: ElementTree.Element) -> str:
        written = ""
        for key, value in element.attrib.items():
            if key == "style" and (style := _themed(value)):
                name = self._shared.styles.setdefault(style, f"s{len(self._shared.styles)}")
                written += f' class="{name}"'
            elif key == "clip-path":
                clip = value[5:-1]
                own = self._needed.get(clip) or self._needed.setdefault(
                    clip, next(self._shared.ids)
                )
                written += f' clip-path="url(#{own})"'
            elif key in _PLACES:
                written += f' {key}="{_short(float(value))}"'
            elif key == "transform" and not value.startswith("rotate(-0 "):
                written += f' {key}="{_NUMBER.sub(_shorter, value)}"'
        return written


def _themed(style: str) -> str:
    """Return CSS declarations with the page's colours and without its fonts."""
    style = _NUMBER_IN_STYLE.sub(_shorter, _FONT.sub("", style))
    for role, colour in LIGHT.items():
        style = style.replace(colour, f"var(--{role})")
    return re.sub(r"\s*([:;])\s*", r"\1", style).strip(";")


_NUMBER_IN_STYLE = re.compile(r"(?<![#\w.])\d*\.\d+")


def _short(number: float) -> str:
    """Return a number in tenths of a point: a seventh of a pixel."""
    return f"{number:.1f}".removesuffix(".0").replace("-0.", "-.").lstrip("0") or "0"


def _tenths(number: float) -> float | int:
    tenths = round(10 * number)
    return tenths // 10 if tenths % 10 == 0 else tenths / 10


def _shorter(match: re.Match[str]) -> str:
    return f"{float(match[0]):.2f}".rstrip("0").rstrip(".")


def relative(path: str) -> str:
    """Return a path of M, L, Q, C and z in tenths of a point, each step from the last place."""
    written, x, y, start = "", 0, 0, (0, 0)
    for letter, numbers in _STEP.findall(path):
        places = [round(10 * float(n)) for n in _NUMBER.findall(numbers)]
        steps = []
        for i in range(0, len(places), 2):
            steps += [places[i] - x, places[i + 1] - y]
        if places:
            x, y = places[-2:]
        own = letter.lower()
        start = (x, y) if own == "m" else start
        x, y = start if own == "z" else (x, y)
        text = ""
        for step in steps:
            number = _short(step / 10) if step else "0"
            text += number if not text or number[0] == "-" else f" {number}"
        if own == "l" and not any(steps):
            continue
        written += own + text
    return written.replace("m", "M", 1)
