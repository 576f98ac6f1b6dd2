"""Trained networks that come with the package: angles, and the scores they reach."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from qnnbench.circuits.ansatze import Network, build_ansatz
from qnnbench.registry import lookup

FOLDER = Path(__file__).parent
SCHEMA = pa.schema(
    {
        "ansatz": pa.string(),
        "n_qubits": pa.int64(),
        "options": pa.string(),  # of the ansatz, as JSON
        "symbols": pa.list_(pa.string()),
        "params": pa.list_(pa.float64()),  # radians, one per symbol
        "dataset": pa.string(),
        "seed": pa.int64(),  # of the dataset, of the initial angles and of the training
        "loss_name": pa.string(),
        "n_steps": pa.int64(),
        "scores": pa.map_(pa.string(), pa.float64()),  # on the test split, by metric
        "package_version": pa.string(),
        "licence": pa.string(),
    }
)


@dataclass(frozen=True)
class Trained:
    """A network with trained angles.

    Attributes:
        network: Built by this version of the package.
        params: Angles in radians, float64 (n_symbols,), in the order of its symbols.
        scores: On the test split of the dataset it was trained on, by metric.
        facts: Every other column of the file: dataset, seed, loss, version, licence.
    """

    network: Network
    params: np.ndarray
    scores: Mapping[str, float]
    facts: Mapping[str, Any]


def trained(name: str, n_qubits: int) -> Trained:
    """Return a trained network of the package.

    Args:
        name: An ansatz that is released; ``released()`` lists all.
        n_qubits: One of its released widths.

    Raises:
        ValueError: No such name or width, or an ansatz whose symbols have changed since.
    """
    widths = {row["n_qubits"]: row for row in _rows(name)}
    if n_qubits not in widths:
        raise ValueError(
            f"{name!r} is released at n_qubits {sorted(widths)}, got {n_qubits!r}; train another "
            "width with an arm of a config"
        )
    facts = dict(widths[n_qubits])
    options, symbols = json.loads(facts.pop("options")), facts.pop("symbols")
    params, scores = np.array(facts.pop("params")), dict(facts.pop("scores"))
    network = build_ansatz(name, n_qubits, **options)
    if [symbol.name for symbol in network.symbols] != symbols:
        raise ValueError(
            f"the released angles of {name!r} at n_qubits={n_qubits} are for symbols "
            f"{symbols[0]} … {symbols[-1]}, which the ansatz no longer has: make the file again "
            "with python -m qnnbench.released"
        )
    return Trained(network, params, scores, {**facts, "options": options})


def released() -> dict[str, tuple[int, ...]]:
    """Return the widths of every released ansatz."""
    names = sorted(file.stem for file in FOLDER.glob("*.parquet"))
    return {name: tuple(sorted(row["n_qubits"] for row in _rows(name))) for name in names}


@cache
def _rows(name: str) -> tuple[dict[str, Any], ...]:
    files = {file.stem: file for file in FOLDER.glob("*.parquet")}
    return tuple(pq.read_table(lookup(files, name, "released ansatz")).to_pylist())
