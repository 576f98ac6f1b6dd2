"""Rows of the tables: run identity, provenance, atomic Parquet files, logical hashes."""

import hashlib
import json
import os
import resource
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from qnnbench.columns import STATUSES, VARYING_COLUMNS, schema
from qnnbench.registry import lookup


def digest(content: Any) -> str:
    """Return 16 hex digits of SHA-256 over the canonical JSON of ``content``."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def identity(cell: Mapping[str, Any], config: Mapping[str, Any], source: str) -> dict[str, str]:
    """Return run id, config hash, version and source hash of one cell of a study.

    Args:
        cell: Everything that can change the cell's result and nothing else (no paths,
            dates or hosts).
        config: The whole resolved config.
        source: Hash of the code that can change the result.
    """
    return {
        "run_id": digest({"cell": dict(cell), "source": source}),
        "config_hash": digest(dict(config)),
        "package_version": version("qnnbench"),
        "source_hash": source,
    }


class Meter:
    """Measures CPU and wall seconds since entry, and the process's peak memory so far."""

    def __enter__(self) -> "Meter":
        self._cpu, self._wall = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close: ``columns`` measures until it is called."""

    def columns(self) -> dict[str, float]:
        """Return the measurement columns of the time since entry."""
        return {
            "cpu_time_s": time.process_time() - self._cpu,
            "wall_time_s": time.perf_counter() - self._wall,
            "peak_memory_mb": peak_memory_mb(),
        }


def peak_memory_mb() -> float:
    """Return this process's peak resident memory in MB (10^6 bytes).

    Linux's VmHWM is preferred: ``ru_maxrss`` there keeps the peak of the process that
    started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text().splitlines()
        kilobytes = next(line for line in lines if line.startswith("VmHWM")).split()[1]
        return int(kilobytes) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def to_table(table: str, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Return ``rows`` as a typed Arrow table; columns a row leaves out are null.

    Raises:
        ValueError: Unknown table or column, or a status that is none of ``STATUSES``.
    """
    columns = schema(table)
    rows = [dict(row) for row in rows]
    known = {name: name for name in columns.names}
    for row in rows:
        for name in row:
            lookup(known, name, f"column of table {table!r}")
        lookup({s: s for s in STATUSES}, row.get("status", ""), "status")
    return pa.Table.from_pylist(rows, schema=columns)


def write_atomically(path: str | Path, write: Callable[[Path], None]) -> None:
    """Call ``write`` on a temporary neighbour of ``path``, then move it into place.

    A reader sees the old file or the whole new one; a failed write leaves nothing.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        write(temporary)
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def write_parquet(path: str | Path, table: pa.Table) -> None:
    """Write an Arrow table atomically, zstd-compressed, each page with its checksum."""
    write_atomically(
        path, lambda p: pq.write_table(table, p, compression="zstd", write_page_checksum=True)
    )


def write_rows(path: str | Path, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write ``rows`` of ``table`` to one Parquet file, atomically."""
    write_parquet(path, to_table(table, rows))


def read_parquet(path: str | Path) -> pa.Table:
    """Return the Arrow table stored at ``path``.

    Raises:
        FileNotFoundError: No such file.
        ValueError: The file is not whole Parquet.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"No Parquet file at {path}. Run the rule that writes it first.")
    try:
        return pq.ParquetFile(path, page_checksum_verification=True).read()
    except (pa.ArrowException, OSError) as error:
        raise ValueError(
            f"{path} is not a whole Parquet file ({error}). Delete it and run snakemake again."
        ) from error


def read_rows(table: str, paths: Iterable[str | Path]) -> pd.DataFrame:
    """Return the rows of all ``paths`` as one frame, checked against the schema.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: A file is corrupt or has other columns than ``table``.
    """
    columns = schema(table)
    parts = [columns.empty_table()]
    for path in paths:
        part = read_parquet(path)
        if part.schema.names != columns.names:
            odd = sorted(set(part.schema.names) ^ set(columns.names))
            raise ValueError(
                f"{path} is no {table!r} table of this version: columns {odd} differ."
            )
        parts.append(part)
    return pa.concat_tables(parts).to_pandas()


def content_hash(table: pa.Table) -> str:
    """Return 16 hex digits over column names, types and values, without measurements.

    Independent of file layout, compression and row groups: equal tables have equal hashes.
    """
    state = hashlib.sha256()
    for name in table.schema.names:
        if name in VARYING_COLUMNS:
            continue
        state.update(f"{name}:{table.schema.field(name).type}".encode())
        state.update(json.dumps(table[name].to_pylist(), default=_encode).encode())
    return state.hexdigest()[:16]


def _encode(value: Any) -> str:
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    return str(value)
