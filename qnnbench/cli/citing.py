"""The command that says what to cite."""

from typing import Annotated

import typer

from qnnbench.cli import names
from qnnbench.cli.answers import show_json
from qnnbench.cli.arguments import AsJson


def _what() -> list[str]:
    return [*names.ansatze(), *names.datasets()]


def cite(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="Ansätze, datasets and configs; qnnbench alone if left out.",
            autocompletion=_what,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the BibTeX of qnnbench and of the sources behind ansätze, datasets or a study."""
    from qnnbench.citations import (
        bibliography,
        bibtex,
        keys_of_config,
        keys_of_name,
        other_sources,
        own_entry,
    )
    from qnnbench.config import load

    keys, others = [], []
    for name in what or []:
        if name.endswith((".yaml", ".yml")):
            config = load(name, names=False)
            keys += keys_of_config(config)
            others += other_sources(config)
        else:
            keys += keys_of_name(name)
    keys, others = list(dict.fromkeys(keys)), list(dict.fromkeys(others))
    if as_json:
        found = bibliography()
        entries = {"qnnbench": own_entry(), **{key: found[key] for key in keys}}
        show_json({"entries": entries, "other_sources": others})
        return
    typer.echo(bibtex(keys))
    for source in others:
        typer.echo(f"% {source}")
