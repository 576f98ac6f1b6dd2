"""Datasets as Parquet files: one file per family and width, one row per state.

``qnnbench.states.layout`` says what stands in which column, ``docs/datasets.md`` says it to
people without this package.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from qnnbench.registry import lookup
from qnnbench.results import digest, write_atomically
from qnnbench.states.datasets import DATASETS
from qnnbench.states.family import own_card
from qnnbench.states.layout import SCHEMA, SCHEMA_VERSION, row_hashes, rows, state_of_row
from qnnbench.states.mps import InputState
from qnnbench.states.samples import SPLITS, Dataset

ROW_GROUP_BYTES = 2**20  # smaller groups grow the footer, larger ones the cost of one state

_METADATA_KEY = b"qnnbench"
_FACTS = {"family": dict, "details": dict, "content_hash": str}
_PRUNED_BY = ["noiseless", "family", "n_qubits", "split", "label", "coupling", "target"]
_TEXTS = ["family", "split", "parameters"]  # repeat; tensors as a dictionary only grow
_WAY_OUT = "Fetch it again, or delete it and run snakemake again."


def dataset_table(dataset: Dataset) -> pa.Table:
    """Return the Arrow table of ``SCHEMA`` that ``write_dataset`` stores.

    Samples come first, in order, then the states of ``dataset.noiseless``. The metadata
    holds, as JSON under ``qnnbench``: the schema version, the family's card, the details
    (seed, options) of the dataset and the content hash of all these and the rows.

    Raises:
        ValueError: A dataset of no family in ``DATASETS``.
    """
    stored = rows(dataset, noiseless=False)
    if dataset.noiseless is not None:
        stored += rows(dataset.noiseless, noiseless=True)
    card = _card(dataset)
    return sealed(
        pa.Table.from_pylist(stored, schema=SCHEMA), {"family": card, "details": dataset.details}
    )


def _card(dataset: Dataset) -> dict[str, Any]:
    """Return the card of a dataset's family, or of a user's own states."""
    if "own" not in dataset.details:
        return lookup(DATASETS, dataset.name, "dataset").card()
    n_classes = len(np.unique(dataset.labels))
    return own_card(dataset.name, n_classes, dataset.n_qubits, dataset.details["own"])


def sealed(table: pa.Table, facts: dict[str, Any]) -> pa.Table:
    """Return ``table`` with its row hashes, and ``facts`` with the content hash as metadata."""
    hashes = row_hashes(table)
    place = table.schema.get_field_index("row_hash")
    table = table.set_column(place, SCHEMA.field("row_hash"), pa.array(hashes, pa.string()))
    facts = {**facts, "schema_version": SCHEMA_VERSION}
    facts["content_hash"] = _content_hash(facts, hashes)
    metadata = {_METADATA_KEY: json.dumps(facts, sort_keys=True).encode()}
    return table.replace_schema_metadata(metadata)


def _content_hash(facts: dict[str, Any], hashes: list[str]) -> str:
    """Return 16 hex digits over the row hashes and all facts but the content hash itself."""
    guarded = {key: value for key, value in facts.items() if key != "content_hash"}
    return digest({**guarded, "row_hashes": hashes})


def write_dataset(path: str | Path, dataset: Dataset) -> None:
    """Write a dataset to one Parquet file, atomically, in row groups of about 1 MiB.

    Raises:
        ValueError: A dataset of no family in ``DATASETS``.
    """
    write_table(path, dataset_table(dataset))


def write_table(path: str | Path, table: pa.Table) -> None:
    """Write a table that is ``sealed`` as ``write_dataset`` does."""
    per_row = table.nbytes / max(table.num_rows, 1)
    write_atomically(
        path,
        lambda p: pq.write_table(
            table,
            p,
            compression="zstd",
            row_group_size=max(int(ROW_GROUP_BYTES / max(per_row, 1)), 1),
            use_dictionary=_TEXTS,
            write_statistics=_PRUNED_BY,
        ),
    )


def read_dataset(path: str | Path) -> Dataset:
    """Return the dataset stored at ``path``, every number as it was written.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not whole Parquet, not a dataset of this version, numbers or facts other
            than those written, or numbers that make no dataset.
    """
    with _opened(path) as (file, facts):
        table = file.read()
    _check_hashes(table, path)
    _check_content(facts, table, path)
    states = [_state(table, index, path) for index in range(table.num_rows)]
    is_noiseless = table["noiseless"].to_numpy()
    with _named(path):
        before = _dataset(table, states, is_noiseless, facts) if any(is_noiseless) else None
        return _dataset(table, states, ~is_noiseless, facts, noiseless=before)


def read_state(path: str | Path, index: int) -> InputState:
    """Return the state in row ``index``, reading its row group of about 1 MiB alone.

    Args:
        path: A file of ``write_dataset``.
        index: Row, from 0: the samples in the order of ``Dataset.states``, then those of
            ``Dataset.noiseless``.

    Raises:
        FileNotFoundError: No such file.
        ValueError: No such row, or what ``read_dataset`` refuses, as far as it was read.
    """
    with _opened(path) as (file, _):
        ends = [0, *accumulate(_group_sizes(file.metadata))]
        if isinstance(index, bool) or not isinstance(index, int | np.integer):
            raise ValueError(f"a row is a whole number, got {index!r}")
        if not 0 <= index < ends[-1]:
            raise ValueError(f"{path} has rows 0 to {ends[-1] - 1}, asked for {index}")
        group = int(np.searchsorted(ends, index, side="right")) - 1
        row = file.read_row_group(group).slice(index - ends[group], 1)
    _check_hashes(row, path, first=int(index))
    return _state(row, 0, path, first=int(index))


def read_card(path: str | Path) -> dict[str, Any]:
    """Return what a file says of itself, without reading a state.

    Returns:
        "schema_version", "content_hash", "family" (the data card) and "details" (seed,
        options and what the family adds).

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not whole Parquet, not a dataset of this version, or facts other than
            those written.
    """
    with _opened(path) as (file, facts):
        _check_content(facts, file.read(columns=["row_hash"]), path)
        return facts


def dataset_row(dataset: Dataset, path: str | Path) -> dict[str, Any]:
    """Return the row of ``datasets`` that describes the file ``path`` of ``dataset``.

    The content hash is the one in the file: it covers every number of every state, the
    details and the card, not the layout of the file.
    """
    counts = {f"n_{split}": int(np.sum(dataset.splits == split)) for split in SPLITS}
    return {
        "dataset": dataset.name,
        "n_qubits": dataset.n_qubits,
        "n_states": len(dataset.states),
        **counts,
        "max_bond_dim": dataset.max_bond_dim,
        "content_hash": read_card(path)["content_hash"],
        "file_size_bytes": Path(path).stat().st_size,
    }


@contextmanager
def _opened(path: str | Path) -> Iterator[tuple[pq.ParquetFile, dict[str, Any]]]:
    """Yield an open file of this version and its facts; what goes wrong in it names it."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"No dataset at {path}. Run snakemake, or write_dataset, first.")
    try:
        with pq.ParquetFile(path) as file:
            facts = _facts(file.schema_arrow, path)
            if not file.metadata.num_rows:
                raise ValueError(f"{path} holds no states. {_WAY_OUT}")
            yield file, facts
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path} is not a whole Parquet file ({error}). {_WAY_OUT}") from error


def _facts(schema: pa.Schema, path: str | Path) -> dict[str, Any]:
    """Return the metadata of a file, after checking it and the columns."""
    try:
        facts = json.loads((schema.metadata or {}).get(_METADATA_KEY, b"{}"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the metadata of {path} are no JSON ({error}). {_WAY_OUT}") from None
    version = facts.get("schema_version") if isinstance(facts, dict) else None
    if version != SCHEMA_VERSION:
        raise ValueError(
            f"{path} has dataset schema version {version!r}, this package reads "
            f"{SCHEMA_VERSION}. {_WAY_OUT}"
        )
    if missing := [key for key, kind in _FACTS.items() if not isinstance(facts.get(key), kind)]:
        raise ValueError(f"the metadata of {path} lack {missing}. {_WAY_OUT}")
    if not schema.equals(SCHEMA):
        odd = sorted(set(map(str, schema)) ^ set(map(str, SCHEMA)))
        raise ValueError(
            f"{path} is no dataset of this version: columns {odd} differ, or their order does. "
            f"{_WAY_OUT}"
        )
    return facts


def _group_sizes(metadata: pq.FileMetaData) -> Iterator[int]:
    return (metadata.row_group(group).num_rows for group in range(metadata.num_row_groups))


@contextmanager
def _named(what: object) -> Iterator[None]:
    """Say where numbers stand that make no state."""
    try:
        yield
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{what} is damaged: {error}. {_WAY_OUT}") from error


def _check_hashes(table: pa.Table, path: str | Path, first: int = 0) -> None:
    """Raise where a row, counted from ``first``, is not the one that was written."""
    with _named(path):
        found = row_hashes(table)
    for row, (expected, now) in enumerate(zip(table["row_hash"].to_pylist(), found, strict=True)):
        if now != expected:
            raise ValueError(
                f"row {first + row} of {path} has hash {now}, expected {expected}: it was "
                f"changed after it was written. {_WAY_OUT}"
            )


def _check_content(facts: dict[str, Any], table: pa.Table, path: str | Path) -> None:
    """Raise where the facts and the row hashes in the file are not those that were written."""
    if (found := _content_hash(facts, table["row_hash"].to_pylist())) != facts["content_hash"]:
        raise ValueError(
            f"{path} has content hash {found}, expected {facts['content_hash']}: rows were "
            "added, removed, exchanged or reordered, or details or card changed, after it was "
            f"written. {_WAY_OUT}"
        )


def _state(table: pa.Table, row: int, path: str | Path, first: int = 0) -> InputState:
    with _named(f"state {first + row} of {path}"):
        return state_of_row(table, row)


def _dataset(
    table: pa.Table,
    states: list[InputState],
    chosen: np.ndarray,
    facts: dict[str, Any],
    noiseless: Dataset | None = None,
) -> Dataset:
    """Return the chosen rows, of one family at one width, as a dataset."""
    part = table.filter(pa.array(chosen))
    names = set(zip(part["family"].to_pylist(), part["n_qubits"].to_pylist(), strict=True))
    if len(names) != 1:
        raise ValueError(f"a file holds one family at one width, got {sorted(names)}")
    ((name, n_qubits),) = names
    return Dataset(
        name=name,
        n_qubits=n_qubits,
        states=tuple(state for state, keep in zip(states, chosen, strict=True) if keep),
        labels=part["label"].to_numpy(),
        splits=np.array(part["split"].to_pylist()),
        couplings=part["coupling"].to_numpy(),
        targets=part["target"].to_numpy(),
        energy=part["energy"].to_numpy(),
        energy_variance=part["energy_variance"].to_numpy(),
        truncation_error=part["truncation_error"].to_numpy(),
        parameters=tuple(json.loads(facts) for facts in part["parameters"].to_pylist()),
        details=facts["details"],
        noiseless=noiseless,
    )
