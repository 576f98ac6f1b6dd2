"""Train the released networks again and write their files: ``python -m qnnbench.released``.

A minute on a free core. The same machine writes the same content; another one's BLAS may
move the last digits of the angles.
"""

import argparse
import json
import logging
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from qnnbench.backends import Limits
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.released import FOLDER, SCHEMA
from qnnbench.results import write_parquet
from qnnbench.states.datasets import build_dataset
from qnnbench.states.family import LICENCE
from qnnbench.training import train_arm

SEED = 2026
WIDTHS = {"rg_tree": (8, 16, 32, 64, 100)}
ARMS: dict[str, dict[str, Any]] = {
    "rg_tree": {
        "arm": "rg_tree",
        "task": "classification",
        "dataset": "ghz_dephased",
        "ansatz": "rg_tree",
        "options": {"sharing": "shape"},
        "angles": {"law": "uniform"},
        "repeats": 1,
        "loss": "trash",
        "n_steps": 300,
        "learning_rate": 0.05,
        "batch_size": 16,
        "gradient_noise": 5e-3,
        "validate_every": 50,
    }
}


def rows(name: str, widths: tuple[int, ...]) -> Iterator[dict[str, Any]]:
    """Yield the row of a released ansatz at each width, trained from its initial angles."""
    arm = ARMS[name]
    for n_qubits in widths:
        dataset = build_dataset(arm["dataset"], n_qubits, seed=SEED)
        with TemporaryDirectory() as folder:
            tables = train_arm(
                arm,
                dataset,
                n_qubits=n_qubits,
                seed=SEED,
                checkpoint_dir=folder,
                budget=Limits(seconds=1e6),
            )
        (run,) = tables["runs"]
        network = build_ansatz(name, n_qubits, **arm["options"])
        yield {
            "ansatz": name,
            "n_qubits": n_qubits,
            "options": json.dumps(arm["options"], sort_keys=True),
            "symbols": [symbol.name for symbol in network.symbols],
            "params": run["params"],
            "dataset": arm["dataset"],
            "seed": SEED,
            "loss_name": run["loss_name"],
            "n_steps": run["n_steps"],
            "scores": [(row["metric"], row["value"]) for row in tables["scores"]],
            "package_version": version("qnnbench"),
            "licence": LICENCE,
        }


def main() -> None:
    """Write the file of every released ansatz."""
    parser = argparse.ArgumentParser(prog="python -m qnnbench.released", description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder (default: the package)")
    folder = parser.parse_args().out
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for name, widths in WIDTHS.items():
        table = pa.Table.from_pylist(list(rows(name, widths)), schema=SCHEMA)
        write_parquet(folder / f"{name}.parquet", table)


if __name__ == "__main__":
    main()
