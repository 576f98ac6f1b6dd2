"""Commands for what users bring: begin it, check it, import it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qnnbench.cli.answers import show_json
from qnnbench.cli.arguments import AsJson
from qnnbench.own import DEFAULT_FUNCTION, name_of
from qnnbench.scaffolding import KINDS, scaffold

if TYPE_CHECKING:
    from qnnbench.circuits.ansatze import Ansatz


def new(
    kind: Annotated[str, typer.Argument(help=f"{' or '.join(KINDS)}.")],
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits, underscores.")],
    folder: Annotated[Path, typer.Option(help="Where to.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Write NAME.py, its test and a study of a minute, which work as they are."""
    script, test, study = map(str, scaffold(kind, name, folder))
    if as_json:
        show_json({kind: script, "test": test, "study": study})
        return
    typer.echo(f"{script}  the {kind}: begin here")
    typer.echo(f"{test}  python -m pytest {test}")
    typer.echo(f"{study}  qnnbench check {study}; snakemake --cores 2 --configfile {study}")


def contract(
    file: Annotated[Path, typer.Argument(help="A Python file that builds an ansatz.")],
    function: Annotated[str, typer.Option(help="In that file.")] = DEFAULT_FUNCTION,
    width: Annotated[list[int] | None, typer.Option(help="To build at; 2, 5 and 8.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check that the ansatz of FILE keeps the contract, and measure what it claims."""
    from qnnbench.circuits.ansatze import own_ansatz
    from qnnbench.circuits.ansatze.contract import contract_problems

    ansatz, widths = own_ansatz(file, function), width or [2, 5, 8]
    odd = [f"at {n} qubits: {text}" for n in widths for text in contract_problems(ansatz, n)]
    if odd:
        raise ValueError("\n  ".join([f"{ansatz.name!r} breaks the contract", *odd]))
    claim = _measured(ansatz)
    if as_json:
        show_json({"ansatz": ansatz.name, "widths": widths, "claim": claim})
        return
    typer.echo(f"{ansatz.name!r} keeps the contract at {', '.join(map(str, widths))} qubits")
    typer.echo(claim)


def claims_of(config: Mapping[str, Any]) -> list[str]:
    """Return a line on every ansatz of the user's own in a checked config: its claim, measured.

    Raises:
        ValueError: One claims something else than what is measured.
    """
    from qnnbench.config.own import own_ansatze

    entries = {name_of(entry["ansatz"]): entry["ansatz"] for entry in own_ansatze(config)}
    if not entries:
        return []
    from qnnbench.circuits.ansatze import ansatz_of

    return [
        f"own ansatz {name!r} of {source['file']}, hash {source['hash']}: "
        + _measured(ansatz_of(source))
        for name, source in entries.items()
    ]


def _measured(ansatz: "Ansatz") -> str:
    """Return what an ansatz claims and what is measured; ValueError where they differ."""
    if ansatz.plateau == "unclaimed":
        return "claims nothing of its gradients"
    from qnnbench.moments.claims import measured_claim

    if not (found := measured_claim(ansatz)).holds:
        raise ValueError(f"what {ansatz.name!r} claims is not what is measured: {found}")
    return str(found)


def import_file(
    file: Annotated[Path, typer.Argument(help="A .qasm, .qpy or Qiskit .py file.")],
    out: Annotated[Path | None, typer.Option(help="FILE_ansatz.py if left out.")] = None,
    circuit: Annotated[str, typer.Option(help="Of a .py: what it calls its circuit.")] = "circuit",
    as_json: AsJson = False,
) -> None:
    """Write the circuit of FILE, its angles free, as an ansatz that a config can name."""
    from qnnbench.circuits.ansatze import own_ansatz
    from qnnbench.circuits.imports import import_circuit

    made = import_circuit(file, out, circuit)
    ansatz = own_ansatz(made)
    if as_json:
        show_json({"file": str(made), "function": "build", "ansatz": ansatz.name})
        return
    typer.echo(f"{made}  {{file: {made.name}, function: build}}; {ansatz.name!r} in rows")
