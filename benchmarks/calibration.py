"""How far truncated values lie from exact ones, in units of the error they report.

``python -m benchmarks.calibration`` draws the figure ``docs/error_calibration.png``. A test
runs the same cases at fewer seeds and holds the fraction within three times the error.
"""

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path

import cirq
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track

from qnnbench.backends import Evaluator
from qnnbench.circuits.angles import Gaussian, Uniform
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.figures.style import LIGHT
from qnnbench.states.mps import MPS

N_QUBITS = 10
CIRCUITS = {"qcnn": {}, "brickwork": {"n_layers": 6}, "hea": {"n_layers": 8, "readout": "local"}}
LAWS = {"N(0, 0.1²)": Gaussian(0.1), "N(0, 0.3²)": Gaussian(0.3), "uniform": Uniform()}
BOND_DIMS = (8, 16, 32)
FACTOR = 3.0  # a value is covered when it is off by at most this many reported errors
ROUNDING = 1e-12


def data_states(rng: np.random.Generator) -> dict[str, MPS]:
    """Return input states from uncorrelated to long-range correlated."""
    qubits = cirq.LineQubit.range(N_QUBITS)
    pairs = list(itertools.pairwise(qubits))
    dims = [min(4, 2 ** min(i, N_QUBITS - i)) for i in range(N_QUBITS + 1)]
    shapes = [(dims[i], 2, dims[i + 1]) for i in range(N_QUBITS)]
    ghz = cirq.Circuit(cirq.H(qubits[0]), [cirq.CX(*pair) for pair in pairs])
    graph = cirq.Circuit(cirq.H.on_each(qubits), [cirq.CZ(*pair) for pair in pairs])
    return {
        "zero": MPS.product([np.array([1.0, 0.0])] * N_QUBITS),
        "product": MPS.product(list(rng.normal(size=(N_QUBITS, 2)))),
        "real": MPS.from_tensors([rng.normal(size=s) for s in shapes]),
        "complex": MPS.from_tensors(
            [[1, 1j] @ rng.normal(size=(*s[:2], 2, s[2])) for s in shapes]
        ),
        "ghz": MPS.from_circuit(ghz, N_QUBITS),
        "cluster": MPS.from_circuit(graph, N_QUBITS),
    }


def truncated_cases(seeds: range) -> Iterator[dict[str, object]]:
    """Yield one row per truncated value: what it is, how far off, and the error it reports.

    The reference is the exact state vector. Gradients are compared as vectors, with the
    reported change on doubling the bond.
    """
    for name, seed in itertools.product(CIRCUITS, seeds):
        network = build_ansatz(name, N_QUBITS, **CIRCUITS[name])
        evaluator = Evaluator.of(network)
        for law in LAWS:
            rng = np.random.default_rng((seed, *law.encode()))
            params = LAWS[law].sample(len(network.symbols), rng)
            states = data_states(rng)
            exact = evaluator(params, list(states.values()), "statevector")
            for bond_dim in BOND_DIMS:
                cut = evaluator(
                    params, list(states.values()), "heisenberg", 1e9, bond_dim, bond_dim
                )
                if cut.is_exact:
                    continue
                deviation = np.abs(cut.values - exact.values).max(axis=1)
                for row, data in enumerate(states):
                    yield {
                        "ansatz": name,
                        "law": law,
                        "data": data,
                        "bond_dim": bond_dim,
                        "seed": seed,
                        "deviation": deviation[row],
                        "error": cut.error[row].max(),
                    }


def covered(rows: pd.DataFrame) -> pd.Series:
    """Return whether each value lies within ``FACTOR`` times its error."""
    return rows["deviation"] <= FACTOR * rows["error"] + ROUNDING


def figure(rows: pd.DataFrame) -> Figure:
    """Return deviation against reported error, with the line of equality and of ``FACTOR``."""
    shown = rows.assign(
        deviation=rows["deviation"].clip(lower=ROUNDING), error=rows["error"].clip(lower=ROUNDING)
    )
    fig = Figure(figsize=(8, 5), layout="constrained")
    axes = fig.subplots()
    palette = [LIGHT[c] for c in ("blue", "amber", "wine")]
    sns.scatterplot(
        shown,
        x="error",
        y="deviation",
        hue="law",
        style="data",
        palette=palette,
        ax=axes,
        s=22,
        alpha=0.8,
    )
    ends = np.array([shown["error"].min(), shown["error"].max()])
    for factor, style, name in ((1, "-", "equal"), (FACTOR, "--", f"{FACTOR:g} times")):
        axes.plot(ends, factor * ends, color=LIGHT["muted"], lw=1, ls=style)
        end = (ends[1], factor * ends[1])
        axes.annotate(name, end, xytext=(4, 0), textcoords="offset points", va="center")
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(None, 8 * ends[1]),
        xlabel="reported error",
        ylabel="distance from exact",
    )
    axes.set_title(
        f"{covered(rows).mean():.1%} of {len(rows)} truncated values lie within "
        f"{FACTOR:g} times their error",
        loc="left",
    )
    axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return fig


def main() -> None:
    """Run the cases, draw the figure and print the fraction covered per law and data."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--output", type=Path, default=Path("docs/error_calibration.png"))
    arguments = parser.parse_args()
    rows = pd.DataFrame(track(truncated_cases(range(arguments.seeds)), "truncated values"))
    figure(rows).savefig(arguments.output, dpi=160)
    by_kind = rows.assign(covered=covered(rows)).pivot_table("covered", "data", "law")
    Console().print(by_kind.round(3).to_string())


if __name__ == "__main__":
    main()
