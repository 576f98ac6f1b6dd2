"""The pages of the documentation and the blocks of code they print."""

import re
from dataclasses import dataclass
from pathlib import Path

from docs.parts import filled

ROOT = Path(__file__).parents[1]
PAGES = tuple(
    str(page.relative_to(ROOT))
    for page in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").rglob("*.md")),
    )
    if "_build" not in page.parts
)
_BLOCK = re.compile(
    r"(?:^<!-- (?P<note>not yet|file): (?P<said>[^\n]+) -->\n)?"
    r"^```(?P<language>\w+)\n(?P<code>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_NOTES = {"not yet": "lack", "file": "file"}


@dataclass(frozen=True)
class Block:
    """A block of code of a page.

    Attributes:
        page: Path of the page below the root.
        code: As printed.
        lack: What the project lacks for it to work, by a comment ``<!-- not yet: … -->`` on
            the line above; empty where it works.
        file: Name of the file that a reader puts it into, by ``<!-- file: … -->``.
    """

    page: str
    code: str
    lack: str = ""
    file: str = ""


def text(page: str) -> str:
    """Return a page as a reader of the site finds it: generated parts are in."""
    return filled((ROOT / page).read_text())


def blocks(page: str, *languages: str) -> list[Block]:
    """Return the blocks of a page in some languages, in order."""
    return [
        Block(
            page,
            found["code"],
            **({_NOTES[found["note"]]: found["said"]} if found["note"] else {}),
        )
        for found in _BLOCK.finditer(text(page))
        if found["language"] in languages
    ]


def pages_with(*languages: str) -> list[str]:
    """Return the pages that hold a block in one of some languages."""
    return [page for page in PAGES if blocks(page, *languages)]


def commands(block: Block) -> list[str]:
    """Return the command lines of a console block, without comments and continuations.

    Where some have a prompt, lines without one are answers.
    """
    joined = block.code.replace("\\\n", " ")
    lines = [re.sub(r"(^|\s)#.*", "", line).strip() for line in joined.splitlines()]
    prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return prompted or [line for line in lines if line]
