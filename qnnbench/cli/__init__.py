"""The command line: one line of ``COMMANDS`` each, thin over the package.

No module here imports Cirq, pandas or anything else that is slow before its command runs, so
that ``--help``, shell completion and errors about a command line are quick.
"""

from collections.abc import Callable

import typer

from qnnbench.cli import (
    catalogue,
    circuits,
    citing,
    health,
    moments,
    own,
    results,
    states,
    studies,
    training,
)
from qnnbench.cli.answers import explained

app = typer.Typer(
    help="At which width does a quantum neural network stop training, and why?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

COMMANDS: dict[
    str, Callable[..., None]
] = {  # in the order of --help; a new command is a function in a file here and a line
    "check": studies.check,
    "plan": studies.plan,
    "resume": studies.resume,
    "compare": results.compare,
    "history": results.history,
    "list": catalogue.list_names,
    "show": catalogue.show,
    "cite": citing.cite,
    "variance": moments.variance,
    "moments": moments.moments,
    "dataset": states.dataset,
    "certify": states.certify,
    "export": states.export,
    "train": training.train,
    "new": own.new,
    "contract": own.contract,
    "import": own.import_file,
    "circuit": circuits.circuit,
    "dry-run": circuits.dry_run,
    "doctor": health.doctor,
}

for _name, _command in COMMANDS.items():
    app.command(_name)(explained(_command))
