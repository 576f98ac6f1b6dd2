"""Commands about datasets: what a file holds, what is certified, one state for others."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qnnbench.cli import names
from qnnbench.cli.answers import progress, show_facts, show_json
from qnnbench.cli.arguments import AsJson, OutFile, StatesFile, options_of

if TYPE_CHECKING:
    from qnnbench.states.samples import Dataset

DatasetName = Annotated[
    str,
    typer.Argument(
        help="A name from: qnnbench list datasets; or a Parquet file of states.",
        autocompletion=names.datasets,
    ),
]
DatasetWidth = Annotated[int | None, typer.Argument(help="Width; left out with a file.")]
DatasetOptions = Annotated[
    list[str] | None,
    typer.Option("--dataset-option", help="Of the dataset, NAME=VALUE; again for more."),
]
Samples = Annotated[
    int | None, typer.Option("--states", help="In all; 32, 32 and 200 in the splits if left out.")
]
Seed = Annotated[int, typer.Option("--seed", help="Root of all randomness.")]


def dataset(file: StatesFile, as_json: AsJson = False) -> None:
    """Print the data card of FILE and what it holds, after checking every number in it."""
    from qnnbench.states.storage import dataset_row, read_card, read_dataset

    data = read_dataset(file)
    facts = read_card(file)
    rows = dataset_row(data, file)
    rows["n_noiseless"] = len(data.noiseless.states) if data.noiseless else 0
    rows["n_by_label"] = {str(k): n for k, n in sorted(Counter(data.labels.tolist()).items())}
    rows["schema_version"] = facts["schema_version"]
    told = {"holds": rows, "made with": facts["details"], "data card": facts["family"]}
    if as_json:
        show_json(told)
        return
    for title, part in told.items():
        show_facts(part, title)


def certify(
    name: DatasetName,
    n_qubits: DatasetWidth = None,
    option: DatasetOptions = None,
    n_samples: Samples = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Compute what is claimed of a dataset from its states; exit status 1 where a claim fails."""
    from qnnbench.registry import lookup
    from qnnbench.states.certificates import CERTIFIERS

    data = states_of(name, n_qubits, option, n_samples, seed)
    facts = lookup(CERTIFIERS, data.name, "certified dataset")
    rows: list[dict[str, Any]] = []
    with progress(f"certifying {data.name} at n_qubits={data.n_qubits}", len(facts)) as advance:
        for fact in facts:
            rows += fact(data)
            advance(1)
    failed = [row for row in rows if not row["holds"]]
    if as_json:
        show_json({"dataset": data.name, "n_qubits": data.n_qubits, "facts": rows})
    else:
        _show_certificate(data, rows)
    if failed:
        facts_that_fail = "; ".join(row["fact"] for row in failed)
        typer.echo(f"{len(failed)} of {len(rows)} facts do not hold: {facts_that_fail}", err=True)
        raise typer.Exit(1)


def _show_certificate(data: "Dataset", rows: list[dict[str, Any]]) -> None:
    typer.echo(f"{data.name} at n_qubits={data.n_qubits}, {len(data.states)} states")
    for row in rows:
        is_claim = row["expected"] == row["expected"]  # NaN: measured, nothing is claimed
        claimed = f", claimed {row['expected']:.6g} ± {row['tolerance']:.2g}" if is_claim else ""
        word = "holds   " if row["holds"] else "FAILS   "
        typer.echo(
            f"{word if is_claim else 'measured'}  {row['fact']}: {row['value']:.6g}{claimed}"
        )
        typer.echo(f"          ({row['method']})")


def states_of(
    name: str,
    n_qubits: int | None,
    option: list[str] | None = None,
    n_samples: int | None = None,
    seed: int = 0,
) -> "Dataset":
    """Return the states of a Parquet file, or of a family at a width.

    Raises:
        ValueError: A file with a width or options that are not its own, a family without a
            width, or what the file or the family refuses.
    """
    from qnnbench.states.datasets import build_dataset
    from qnnbench.states.storage import read_dataset

    if not name.endswith(".parquet"):
        if n_qubits is None:
            raise ValueError(f"dataset {name!r} needs a width: {name} 8")
        return build_dataset(name, n_qubits, n_samples, seed=seed, **options_of(option))
    if option or n_samples is not None:
        raise ValueError(f"{name} is a file, its states are made: leave options of them out")
    data = read_dataset(name)
    if n_qubits not in (None, data.n_qubits):
        raise ValueError(f"{name} holds n_qubits={data.n_qubits}, asked for {n_qubits}")
    return data


def export(
    file: StatesFile,
    index: Annotated[int, typer.Argument(help="Row from 0: samples, then noiseless states.")],
    form: Annotated[str, typer.Option("--format", help="cirq, qasm3, quimb or statevector.")],
    out: OutFile = None,
    as_json: AsJson = False,
) -> None:
    """Write one state of FILE as a circuit or in another package's form.

    cirq is Cirq's JSON, qasm3 OpenQASM 3.0, quimb an .npz of its arrays (left, 2, right),
    statevector an .npy. A mixture makes a file per member, OUT with -0, -1, … before the
    suffix; the weight of each is printed.
    """
    from qnnbench.states.exports import FORMATS, exported
    from qnnbench.states.storage import read_state

    made = exported(read_state(file, index), form)
    if out is None and len(made) > 1:
        raise ValueError(
            f"state {index} of {file} is a mixture of {len(made)} members: a file each. "
            "Give a name with --out."
        )
    if out is None and as_json:
        raise ValueError("--json says what was written to files: name one with --out")
    written = []
    for member, (weight, one) in enumerate(made):
        content = FORMATS[form].encode(one)
        if out is None:
            typer.echo(content, nl=False)
            continue
        place = out if len(made) == 1 else out.with_stem(f"{out.stem}-{member}")
        place.write_bytes(content)
        written.append({"weight": weight, "file": str(place)})
    if as_json:
        show_json({"format": form, "files": written})
        return
    for one in written:
        typer.echo(f"{one['weight']!r} {one['file']}")
