"""The command that looks at this computer and this installation."""

import typer

from qnnbench.cli.answers import progress, show_json, show_table
from qnnbench.cli.arguments import AsJson


def doctor(as_json: AsJson = False) -> None:
    """Check Python, packages, threads, memory, disk, extras and exactness; status 1 if wrong."""
    from qnnbench.environment import CHECKS, findings_of

    findings = []
    with progress("checking", len(CHECKS)) as advance:
        for check in CHECKS:
            findings += findings_of(check)
            advance(1)
    wrong = [found.name for found in findings if found.status == "wrong"]
    if as_json:
        show_json({"is_sound": not wrong, "findings": [vars(found) for found in findings]})
    else:
        told = ([one.name, one.status, one.found, one.remedy] for one in findings)
        show_table(("check", "status", "found", "what to do"), told)
    if wrong:
        typer.echo(f"wrong: {', '.join(wrong)}", err=True)
        raise typer.Exit(1)
