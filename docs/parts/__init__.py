"""The parts of pages that are read from the code, so that no page can say what is not there.

A page asks for one by a line ``<!-- generated: NAME -->``, or ``NAME ARGUMENT``. A part is a
function that returns Markdown, and an entry of ``PARTS``.
"""

import re
from collections.abc import Callable

from docs.parts.cards import cards
from docs.parts.commands import commands
from docs.parts.config_keys import config_keys
from docs.parts.figures import figure
from docs.parts.licences import licences
from docs.parts.notebook import notebook
from docs.parts.tables import tables
from qnnbench.registry import lookup

MARK = re.compile(r"^<!-- generated: (\w+)(?: (\S+))? -->$", re.MULTILINE)

PARTS: dict[str, Callable[..., str]] = {
    part.__name__: part
    for part in (cards, commands, config_keys, figure, licences, notebook, tables)
}


def filled(page: str) -> str:
    """Return the Markdown of a page with the parts that it asks for.

    Raises:
        ValueError: A part that is not there.
    """
    return MARK.sub(lambda mark: _made(mark[1], mark[2]), page)


def _made(name: str, argument: str | None) -> str:
    make = lookup(PARTS, name, "generated part")
    return make(argument) if argument else make()
