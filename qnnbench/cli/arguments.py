"""Arguments that several commands take, and how their texts are read."""

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from qnnbench.cli import names

AnsatzName = Annotated[
    str,
    typer.Argument(help="A name from: qnnbench list ansatze.", autocompletion=names.ansatze),
]
Width = Annotated[int, typer.Argument(help="Width, 2 or more.")]
Options = Annotated[
    list[str] | None, typer.Option("--option", help="Of the ansatz, NAME=VALUE; again for more.")
]
ConfigFile = Annotated[Path, typer.Argument(help="A config, as in config/.")]
StatesFile = Annotated[
    Path, typer.Argument(help="A dataset, as results/states/spt_path/n8.parquet.")
]
OutFile = Annotated[Path | None, typer.Option("--out", help="File; standard output if left out.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


def options_of(pairs: list[str] | None) -> dict[str, Any]:
    """Return options from NAME=VALUE texts; values are read as YAML.

    Raises:
        ValueError: A text without "=", or a value that is no YAML.
    """
    options = {}
    for pair in pairs or []:
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise ValueError(f"an option is NAME=VALUE, got {pair!r}, as in n_layers=3")
        try:
            options[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ValueError(f"the value of option {pair!r} is no YAML: {error}") from None
    return options
