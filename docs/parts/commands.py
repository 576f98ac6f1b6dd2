"""The command line: every command with its arguments and options."""

from collections.abc import Iterator
from typing import Any

import typer

from docs.parts.markdown import table
from qnnbench.cli import app


def commands() -> str:
    """Return a section per command, in alphabetical order."""
    return "\n".join(_sections(typer.main.get_command(app), ("qnnbench",)))


def _sections(command: Any, names: tuple[str, ...]) -> Iterator[str]:
    if hasattr(command, "commands"):
        for name in sorted(command.commands):
            yield from _sections(command.commands[name], (*names, name))
        return
    rows = [(f"`{_named(one)}`", one.help or "", _left_out(one)) for one in command.params]
    arguments = [_named(one) for one in command.params if _is_argument(one) and one.required]
    usage = " ".join((*names, *arguments))
    listed = table(("", "meaning", "left out"), rows) if rows else ""
    yield f"## `{' '.join(names)}`\n\n{command.help}\n\n```text\n{usage} …\n```\n\n{listed}"


def _is_argument(parameter: Any) -> bool:
    return parameter.param_type_name == "argument"


def _named(parameter: Any) -> str:
    return parameter.name.upper() if _is_argument(parameter) else ", ".join(parameter.opts)


def _left_out(parameter: Any) -> str:
    if parameter.required:
        return "needed"
    value = getattr(parameter.default, "value", parameter.default)
    return "" if value is None or value is False else f"`{value}`"
