"""Commands about one circuit: write it for another package, price it on a machine."""

from pathlib import Path
from typing import Annotated

import typer

from qnnbench.cli import names
from qnnbench.cli.answers import show_facts, show_json
from qnnbench.cli.arguments import AnsatzName, AsJson, Options, OutFile, Width, options_of


def circuit(
    ansatz: AnsatzName,
    n_qubits: Width,
    form: Annotated[str, typer.Option("--format", help="qasm3, cirq, qpy or pytket.")] = "qasm3",
    option: Options = None,
    released: Annotated[
        bool, typer.Option("--released", help="The trained angles of the package.")
    ] = False,
    out: OutFile = None,
    as_json: AsJson = False,
) -> None:
    """Write the circuit of an ansatz, its angles open or trained, for another package."""
    from qnnbench.circuits.ansatze import build_ansatz
    from qnnbench.circuits.exports import FORMATS
    from qnnbench.registry import lookup
    from qnnbench.released import trained

    told = lookup(FORMATS, form, "format of a circuit")
    if released and option:
        raise ValueError("a released network has its own options: leave --option out")
    if told.extra and not released:
        raise ValueError(f"{form} is written with numbers: add --released, or take qasm3")
    known = trained(ansatz, n_qubits) if released else None
    network = known.network if known else build_ansatz(ansatz, n_qubits, **options_of(option))
    try:
        content = told.make(network, *([known.params] if known else []))
    except ModuleNotFoundError as missing:
        raise ValueError(f"{missing}. Run pip install 'qnnbench[{told.extra}]'.") from missing
    if out is None and isinstance(content, bytes):
        raise ValueError(f"{form} is no text: name a file with --out")
    if out is not None:
        out.write_bytes(content if isinstance(content, bytes) else content.encode())
    if as_json:
        written = {"content": content} if out is None else {"file": str(out)}
        show_json({"ansatz": ansatz, "n_qubits": n_qubits, "format": form, **written})
    elif out is None:
        typer.echo(content, nl=False)


def dry_run(
    ansatz: AnsatzName,
    n_qubits: Width,
    vendor: Annotated[str, typer.Option(help="quantinuum, ibm or emulator.")] = "quantinuum",
    device: Annotated[
        str, typer.Option(help="One of the vendor's, as H2-1.", autocompletion=names.devices)
    ] = "H2-1",
    shots: Annotated[int, typer.Option(help="Of one circuit.")] = 1000,
    option: Options = None,
    pooling: Annotated[str, typer.Option(help="feed_forward or coherent.")] = "feed_forward",
    as_json: AsJson = False,
) -> None:
    """Print what a circuit takes and costs on a machine, and whether its gradient is visible.

    The input is |0…0>, the angles are drawn; nothing is sent.
    """
    import numpy as np

    from qnnbench.circuits.ansatze import build_ansatz
    from qnnbench.hardware.dry_run import dry_run as dry_run_row
    from qnnbench.hardware.vendors import published, vendor_named

    network = build_ansatz(ansatz, n_qubits, **options_of(option))
    params = np.random.default_rng(0).uniform(0, 2 * np.pi, len(network.symbols))
    told = vendor_named(vendor, Path("jobs"))
    row = dry_run_row(network, params, told, device, published(device), shots, pooling=pooling)
    show_json(row) if as_json else show_facts(row, width=30)
