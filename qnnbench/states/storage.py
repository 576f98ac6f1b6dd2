"""Datasets as Parquet files: one file per family and width, one row per state."""

import json
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from qnnbench.results import content_hash, read_parquet, write_parquet
from qnnbench.states.datasets import DATASETS
from qnnbench.states.mps import MPS, InputState, Mixture
from qnnbench.states.samples import SPLITS, Dataset
from qnnbench.states.stabilizer import StabilizerState

SCHEMA_VERSION = 2

_NUMBERS = pa.list_(pa.list_(pa.float64()))  # one list per member of a mixture
SCHEMA = pa.schema(
    {
        "sample_id": pa.int64(),
        "noiseless": pa.bool_(),  # a state of Dataset.noiseless, no sample
        "family": pa.string(),
        "n_qubits": pa.int64(),
        "split": pa.string(),
        "label": pa.int64(),
        "coupling": pa.float64(),  # NaN where none, like the next four
        "target": pa.float64(),  # what a regression predicts
        "energy": pa.float64(),
        "energy_variance": pa.float64(),
        "truncation_error": pa.float64(),
        "parameters": pa.string(),  # JSON: what made the state
        "stabilizers": pa.list_(pa.string()),  # n_qubits signed Pauli strings; null: tensors
        "weights": pa.list_(pa.float64()),  # of the members; null for a pure state
        "bond_dims": pa.list_(pa.list_(pa.int64())),  # n_qubits - 1 per member; null: stabilizers
        "real": _NUMBERS,  # all tensors (left, 2, right) in C order, site after site
        "imag": _NUMBERS,  # null for a real member
    }
)
_METADATA_KEY = b"qnnbench"
_NAMES = (
    "split",
    "label",
    "coupling",
    "target",
    "energy",
    "energy_variance",
    "truncation_error",
    "parameters",
)


def _state_columns(state: InputState) -> dict[str, Any]:
    if isinstance(state, StabilizerState):
        return {"stabilizers": state.stabilizers}
    flat = [np.concatenate([t.ravel() for t in s.tensors]) for _, s in state.members]
    return {
        "weights": list(state.weights) if isinstance(state, Mixture) else None,
        "bond_dims": [list(s.bond_dims) for _, s in state.members],
        "real": [np.ascontiguousarray(numbers.real) for numbers in flat],
        "imag": [
            np.ascontiguousarray(numbers.imag) if np.iscomplexobj(numbers) else None
            for numbers in flat
        ],
    }


def _rows(dataset: Dataset, noiseless: bool) -> list[dict[str, Any]]:
    columns = zip(
        dataset.splits.tolist(),
        dataset.labels.tolist(),
        dataset.couplings.tolist(),
        dataset.targets.tolist(),
        dataset.energy.tolist(),
        dataset.energy_variance.tolist(),
        dataset.truncation_error.tolist(),
        [json.dumps(facts, sort_keys=True) for facts in dataset.parameters],
        strict=True,
    )
    return [
        {
            "sample_id": sample_id,
            "noiseless": noiseless,
            "family": dataset.name,
            "n_qubits": dataset.n_qubits,
            **dict(zip(_NAMES, row, strict=True)),
            **_state_columns(state),
        }
        for sample_id, (row, state) in enumerate(zip(columns, dataset.states, strict=True))
    ]


def dataset_table(dataset: Dataset) -> pa.Table:
    """Return the Arrow table of ``SCHEMA`` that ``write_dataset`` stores.

    Its metadata holds, as JSON under ``qnnbench``: the schema version, the family's
    card and the details (seed, options) of the dataset.
    """
    rows = _rows(dataset, noiseless=False)
    if dataset.noiseless is not None:
        rows += _rows(dataset.noiseless, noiseless=True)
    card = DATASETS[dataset.name].card()
    facts = {"schema_version": SCHEMA_VERSION, "family": card, "details": dataset.details}
    metadata = {_METADATA_KEY: json.dumps(facts, sort_keys=True).encode()}
    return pa.Table.from_pylist(rows, schema=SCHEMA.with_metadata(metadata))


def write_dataset(path: str | Path, dataset: Dataset) -> None:
    """Write a dataset to one Parquet file, atomically; see ``SCHEMA`` for the columns."""
    write_parquet(path, dataset_table(dataset))


def read_dataset(path: str | Path) -> Dataset:
    """Return the dataset stored at ``path``, every number as it was written.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not whole Parquet, not a dataset of this version, or numbers that
            make no state.
    """
    table = read_parquet(path)
    if not table.schema.equals(SCHEMA):
        odd = sorted(set(map(str, table.schema)) ^ set(map(str, SCHEMA)))
        raise ValueError(f"{path} is no dataset of this version: columns {odd} differ.")
    if not table.num_rows:
        raise ValueError(f"{path} holds no states. Delete it and run snakemake again.")
    facts = json.loads((table.schema.metadata or {}).get(_METADATA_KEY, b"{}"))
    if facts.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(
            f"{path} has dataset schema version {facts.get('schema_version')}, this package "
            f"reads {SCHEMA_VERSION}. Delete it and run snakemake again."
        )
    is_noiseless = table["noiseless"].to_numpy()
    read = partial(_dataset, path=path, details=facts["details"])
    noiseless = read(table.filter(is_noiseless)) if any(is_noiseless) else None
    return read(table.filter(~is_noiseless), noiseless=noiseless)


def _dataset(
    table: pa.Table,
    path: str | Path,
    details: dict[str, Any],
    noiseless: Dataset | None = None,
) -> Dataset:
    return Dataset(
        name=table["family"][0].as_py(),
        n_qubits=table["n_qubits"][0].as_py(),
        states=tuple(_state(table, row, path) for row in range(table.num_rows)),
        labels=table["label"].to_numpy(),
        splits=np.array(table["split"].to_pylist()),
        couplings=table["coupling"].to_numpy(),
        targets=table["target"].to_numpy(),
        energy=table["energy"].to_numpy(),
        energy_variance=table["energy_variance"].to_numpy(),
        truncation_error=table["truncation_error"].to_numpy(),
        parameters=tuple(json.loads(facts) for facts in table["parameters"].to_pylist()),
        details=details,
        noiseless=noiseless,
    )


def _state(table: pa.Table, row: int, path: str | Path) -> InputState:
    stabilizers = table["stabilizers"][row].as_py()
    if stabilizers is not None:
        return StabilizerState.from_stabilizers(stabilizers)
    weights = table["weights"][row].as_py()
    columns = (
        table["bond_dims"][row].as_py(),
        table["real"][row].values,
        table["imag"][row].values,
    )
    try:
        members = tuple(_member(*numbers) for numbers in zip(*columns, strict=True))
        return members[0] if weights is None else Mixture(weights, members)
    except ValueError as error:
        raise ValueError(f"state {row} of {path} is damaged: {error}") from error


def _member(bond_dims: list[int], real: pa.ListScalar, imag: pa.ListScalar) -> MPS:
    numbers = real.values.to_numpy()
    if imag.is_valid:
        numbers = _complex(numbers, imag.values.to_numpy())
    return MPS(_unflattened(numbers, bond_dims))


def _complex(real: np.ndarray, imag: np.ndarray) -> np.ndarray:
    """Return real + i imag without arithmetic, so that -0.0 survives."""
    joined = np.empty(len(real), dtype=np.complex128)
    joined.real, joined.imag = real, imag
    return joined


def _unflattened(flat: np.ndarray, bond_dims: list[int]) -> tuple[np.ndarray, ...]:
    shapes = [(a, 2, b) for a, b in pairwise([1, *bond_dims, 1])]
    ends = np.cumsum([2 * a * b for a, _, b in shapes])
    parts = np.split(flat, ends[:-1])
    return tuple(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))


def dataset_row(dataset: Dataset, path: str | Path) -> dict[str, Any]:
    """Return the row of ``datasets`` that describes the file ``path`` of ``dataset``.

    The content hash covers every number of every state, not the layout of the file.
    """
    counts = {f"n_{split}": int(np.sum(dataset.splits == split)) for split in SPLITS}
    return {
        "dataset": dataset.name,
        "n_qubits": dataset.n_qubits,
        "n_states": len(dataset.states),
        **counts,
        "max_bond_dim": dataset.max_bond_dim,
        "content_hash": content_hash(_hashed_as_bytes(dataset_table(dataset))),
        "file_size_bytes": Path(path).stat().st_size,
    }


def _hashed_as_bytes(table: pa.Table) -> pa.Table:
    """Return the table with the tensors as bytes: the hash is then 30 times faster."""
    for name in ("real", "imag"):
        cells = [
            [part.values.to_numpy().tobytes() if part.is_valid else None for part in cell.values]
            for cell in table[name]
        ]
        column = pa.array(cells, type=pa.list_(pa.binary()))
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table
