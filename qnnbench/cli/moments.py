"""Commands about random angles: all moments at one width, gradient variance along widths."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qnnbench.cli import names
from qnnbench.cli.answers import progress, show_facts, show_json, show_table
from qnnbench.cli.arguments import AnsatzName, AsJson, Options, Width, options_of

if TYPE_CHECKING:
    import pandas as pd

Angles = Annotated[
    str,
    typer.Option(
        help="A law, as uniform, gaussian, gaussian_1_over_l, haar_blocks.",
        autocompletion=names.laws,
    ),
]
Std = Annotated[
    float | None, typer.Option(help="Of gaussian angles, in radians; 0.1 if left out.")
]
ObservableIndex = Annotated[int, typer.Option(help="Which observable, from 0.")]
Contrast = Annotated[
    str | None,
    typer.Option(
        help="A dataset: moments of C on one class minus the other.",
        autocompletion=names.datasets,
    ),
]
Draws = Annotated[
    int, typer.Option("--samples", help="Draws of all angles where no exact method applies.")
]
Sampled = Annotated[bool, typer.Option("--sampled", help="Draw them in any case.")]
Seed = Annotated[int, typer.Option(help="Of the draws, and of the dataset.")]
Tolerance = Annotated[float, typer.Option(help="Relative error to aim for.")]
MaxBondDim = Annotated[int, typer.Option(help="Bonds double up to this.")]


def moments(
    ansatz: AnsatzName,
    n_qubits: Width,
    option: Options = None,
    angles: Angles = "uniform",
    std: Std = None,
    observable_index: ObservableIndex = 0,
    contrast: Contrast = None,
    samples: Draws = 0,
    sampled: Sampled = False,
    seed: Seed = 0,
    tolerance: Tolerance = 1e-3,
    max_bond_dim: MaxBondDim = 256,
    as_json: AsJson = False,
) -> None:
    """Print all moments of an ansatz at one width over random angles: exact, or sampled."""
    import numpy as np

    from qnnbench.circuits.ansatze import build_ansatz
    from qnnbench.config import law_of
    from qnnbench.moments.rows import class_representatives, trainability_row
    from qnnbench.states.datasets import build_dataset

    network = build_ansatz(ansatz, n_qubits, **options_of(option))
    law = angles if std is None else {"law": angles, "std": std}
    states = contrast and class_representatives(build_dataset(contrast, n_qubits, seed=seed))
    row = trainability_row(
        network,
        observable_index=observable_index,
        angles=law_of(law, n_qubits, network.n_layers),
        contrast=states or None,
        tolerance=tolerance,
        max_bond_dim=max_bond_dim,
        n_samples=samples,
        sampled=sampled,
        rng=np.random.default_rng(seed),
    )
    if as_json:
        show_json(row)
        return
    show_facts({k: v for k, v in row.items() if not isinstance(v, list)}, width=30)


def variance(
    ansatz: AnsatzName,
    widths: Annotated[
        list[int], typer.Argument(help="Widths; four from 16 on settle a law.", metavar="WIDTHS…")
    ],
    option: Options = None,
    angles: Angles = "uniform",
    std: Std = None,
    observable_index: ObservableIndex = 0,
    contrast: Contrast = None,
    samples: Draws = 0,
    sampled: Sampled = False,
    seed: Seed = 0,
    tolerance: Tolerance = 1e-3,
    max_bond_dim: MaxBondDim = 256,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the figure of the report: a .png or .svg.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the gradient variance of an ansatz along WIDTHS, and how it scales with them."""
    from qnnbench.config import law_of

    if plot is not None and plot.suffix not in (".png", ".svg"):
        raise ValueError(f"--plot writes .png or .svg, got {plot}")
    if plot is not None and contrast:
        raise ValueError("--plot draws losses: leave --contrast out, or add it to a study")
    law = {"law": angles} if std is None else {"law": angles, "std": std}
    law_of(law, 2, 1)  # refuses what is no law before anything is computed
    entry = {
        "curve": ansatz,
        "ansatz": ansatz,
        "options": options_of(option),
        "angles": law,
        "observable": "readout",
        "observable_index": observable_index,
        "widths": sorted(set(widths)),
        "tolerance": tolerance,
        "max_bond_dim": max_bond_dim,
        **({"n_samples": samples} if samples else {}),
        **({"sampled": True} if sampled else {}),
        **({"contrast": contrast} if contrast else {}),
    }
    rows = _measured(entry, seed)
    if all(row["status"] != "ok" for row in rows):
        raise ValueError(f"no width could be computed: {rows[0]['reason']}")
    table, verdicts = _judged(rows)
    if plot is not None:
        plot.write_bytes(_drawn(table, plot.suffix.removeprefix(".")))
    if as_json:
        show_json({"rows": rows, "verdicts": verdicts})
        return
    _show(rows, verdicts)


def _measured(entry: Mapping[str, Any], seed: int) -> list[dict[str, Any]]:
    """Return the rows of a curve as a study would write them, without provenance."""
    rows = []
    with progress("moments", len(entry["widths"])) as advance:
        for row in _rows_of(entry, seed):
            rows.append(row)
            advance(1)
    return rows


def _rows_of(entry: Mapping[str, Any], seed: int) -> Iterator[dict[str, Any]]:
    from qnnbench.circuits.ansatze import build_ansatz
    from qnnbench.config import law_of
    from qnnbench.moments.rows import measured_row
    from qnnbench.states.datasets import build_dataset
    from qnnbench.study import cells, curve_columns, jobs

    named = {"datasets": {}, "trainability": [entry], "seed": seed}
    if contrast := entry.get("contrast"):
        named["datasets"] = {contrast: {"widths": entry["widths"]}}
    curve = entry["curve"]
    asked = [
        c for name, b in jobs(named, "trainability") for c in cells(named, "trainability", name, b)
    ]
    for cell in asked:
        n_qubits = cell["n_qubits"]
        network = build_ansatz(cell["ansatz"], n_qubits, **cell["options"])
        law = law_of(cell["angles"], n_qubits, network.n_layers)
        states = build_dataset(contrast, n_qubits, seed=seed) if contrast else None
        measured = measured_row(cell, network, law, states)
        yield {"status": "ok", **curve_columns(curve, cell), **measured}


def _judged(rows: list[dict[str, Any]]) -> tuple["pd.DataFrame", list[dict[str, Any]]]:
    """Return the rows as a frame, and the verdicts on them."""
    from qnnbench.moments.verdict_rows import verdict_rows
    from qnnbench.results import to_table

    table = to_table("trainability", rows).to_pandas()
    return table, verdict_rows(table)


def _drawn(table: "pd.DataFrame", kind: str) -> bytes:
    from qnnbench.figures import FIGURES, WIDE, render

    return render(FIGURES["gradient_variance"].draw(table, WIDE), kind)


def _show(rows: list[dict[str, Any]], verdicts: list[dict[str, Any]]) -> None:
    columns = {
        "n_qubits": "n_qubits",
        "n_layers": "layers",
        "log10_gradient_variance_mean": "mean log10 Var ∂C",
        "log10_gradient_variance_max": "largest",
        "log10_variance": "log10 Var C",
        "log10_shots": "log10 shots",
        "method": "method",
        "relative_error": "error",
    }
    told = [
        [_number(row.get(name)) for name in columns]
        if row["status"] == "ok"
        else [row["n_qubits"], row.get("n_layers"), *[""] * 4, row["status"], row["reason"]]
        for row in rows
    ]
    show_table(list(columns.values()), told)
    for found in verdicts:
        typer.echo(f"{found['quantity']}: {_sentence(found)}")


def _number(value: Any) -> Any:
    return f"{value:.4g}" if isinstance(value, float) else value


def _sentence(found: Mapping[str, Any]) -> str:
    """Return the verdict with both laws and their intervals."""
    word = f"{found['verdict']} ({found['verdict_reason']})."
    rate, exponent = found["log10_rate"], found["exponent"]
    if rate is None or rate != rate:
        return word
    return (
        f"{word} Exponential law: {rate:.4f} decades lost per qubit "
        f"[{found['log10_rate_lower']:.4f}, {found['log10_rate_upper']:.4f}]; polynomial law: "
        f"n^-{exponent:.2f} [{found['exponent_lower']:.2f}, {found['exponent_upper']:.2f}]."
    )
