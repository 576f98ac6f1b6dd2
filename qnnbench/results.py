"""The Parquet tables: columns, run identity, provenance, atomic writes, logical hashes."""

import hashlib
import json
import os
import resource
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from qnnbench.registry import lookup
from qnnbench.source import code

STATUSES = ("ok", "skipped", "over_budget", "failed")
MEASUREMENT_COLUMNS = ("cpu_time_s", "wall_time_s", "peak_memory_mb")
VARYING_COLUMNS = (*MEASUREMENT_COLUMNS, "job_id", "submitted_at")  # between equal runs

_TEXT, _INT, _REAL, _FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()

IDENTITY = {
    "run_id": _TEXT,
    "config_hash": _TEXT,
    "package_version": _TEXT,
    "source_hash": _TEXT,
    "backend": _TEXT,
    "seed_path": _TEXT,
    "status": _TEXT,
    "reason": _TEXT,
    # Absolute error of the expectation values behind the row; 0 where shots were drawn from the
    # exact law, null where nothing was evaluated. What few shots scatter is no part of it.
    "error_estimate": _REAL,
    "cpu_time_s": _REAL,
    "peak_memory_mb": _REAL,
}

_SETTING = {"dataset": _TEXT, "n_qubits": _INT}
_NETWORK = {"ansatz": _TEXT, "n_layers": _INT, "sharing": _TEXT}
_RUN = {
    "task": _TEXT,
    "arm": _TEXT,
    "loss_name": _TEXT,
    "observable": _TEXT,  # what the circuit reads out
    **_SETTING,
    **_NETWORK,
    "n_kept": _INT,  # qubits that a compressor keeps; null unless compression
    "target": _INT,  # class that is compressed or prepared; null where all are
    "error_rate": _REAL,  # of a data qubit of the code; null unless decoding
    "repeat": _INT,
}

TABLES: dict[str, dict[str, pa.DataType]] = {
    "datasets": {
        **IDENTITY,
        **_SETTING,
        "family": _TEXT,
        "n_states": _INT,
        "n_train": _INT,
        "n_validation": _INT,
        "n_test": _INT,
        "max_bond_dim": _INT,
        "content_hash": _TEXT,
        "file_size_bytes": _INT,
    },
    "certificates": {
        **IDENTITY,
        **_SETTING,
        "fact": _TEXT,  # what is claimed, in words
        "method": _TEXT,  # how the value was computed from the stored states
        "value": _REAL,
        "expected": _REAL,  # NaN: the fact is a measured quantity, not a claim
        "tolerance": _REAL,
        "holds": _FLAG,
    },
    "trainability": {
        **IDENTITY,
        "curve": _TEXT,
        **_SETTING,  # dataset: the input; null for |0…0>
        "contrast": _TEXT,  # dataset whose class difference C(A) - C(B) is meant, else null
        **_NETWORK,
        "tied": _FLAG,  # some symbol stands in several gates
        "observable": _TEXT,
        "angles": _TEXT,
        "n_symbols": _INT,
        "mean": _REAL,
        "log10_variance": _REAL,
        "log10_variance_lower": _REAL,  # 95 % bootstrap interval; null unless sampled
        "log10_variance_upper": _REAL,
        "log10_gradient_variance_mean": _REAL,  # over symbols, like median and maximum
        "log10_gradient_variance_mean_lower": _REAL,
        "log10_gradient_variance_mean_upper": _REAL,
        "log10_gradient_variance_median": _REAL,
        "log10_gradient_variance_max": _REAL,
        "log10_gradient_variance": pa.list_(_REAL),
        "gradient_size_median": _REAL,  # of |∂C| over draws and symbols; null unless sampled
        "gradient_size_q05": _REAL,
        "gradient_size_q95": _REAL,
        "visible_share": _REAL,  # P(|∂C| > 0.01)
        "log10_shots": _REAL,  # that resolve a component of mean variance at one sigma
        "relative_error": _REAL,  # of the variance
        "gradient_relative_error": _REAL,  # largest of the symbols above 1e-3 of the maximum
        "n_samples": _INT,  # draws of all angles; 0 unless sampled
        "method": _TEXT,
        "chain": _TEXT,  # what was followed to compute it
    },
    "verdicts": {
        **IDENTITY,
        "curve": _TEXT,
        **_SETTING,  # n_qubits: the widest that was fitted
        "contrast": _TEXT,
        **_NETWORK,
        "tied": _FLAG,
        "observable": _TEXT,
        "angles": _TEXT,
        "method": _TEXT,
        "quantity": _TEXT,  # whose variance it is
        "verdict": _TEXT,
        "verdict_reason": _TEXT,
        "median_verdict": _TEXT,  # on the median of |∂C| alone; null unless sampled
        "n_widths": _INT,
        "n_zero": _INT,
        "log10_rate": _REAL,  # decades lost per qubit
        "log10_rate_lower": _REAL,  # 95 % interval
        "log10_rate_upper": _REAL,
        "exponent": _REAL,  # a of n^-a
        "exponent_lower": _REAL,
        "exponent_upper": _REAL,
        "criterion_difference": _REAL,  # above 0 where the exponential law fits better
        "log10_shots": _REAL,  # at the widest width
    },
    "runs": {
        **IDENTITY,
        **_RUN,
        "backend_reason": _TEXT,  # static costs that decided between backends
        "n_symbols": _INT,
        "n_steps": _INT,
        "learning_rate": _REAL,  # of a grid, the one that validated best
        "best_step": _INT,
        "max_bond_dim": _INT,  # operator bond that the scores rest on
        "n_unlabelled": _INT,  # pairs of copies used up without labels; null unless two-copy
        "n_labelled": _INT,  # pairs with labels that fit and choose the head, or trained the block
        "train_loss": _REAL,  # of the last batch, before the last update
        "validation_score": _REAL,
        "params": pa.list_(_REAL),
        "wall_time_s": _REAL,
    },
    "steps": {
        **IDENTITY,
        **_RUN,
        "step": _INT,
        "stage": _INT,  # counted from 1
        "learning_rate": _REAL,  # of the arm; which of a grid
        "loss": _REAL,  # of this step's batch, before its update: the mean of what was asked for
        "gradient_norm": _REAL,  # null for an optimiser that takes no gradient
        "gradient_median": _REAL,  # of |∂L| over angles, like the quantiles
        "gradient_q05": _REAL,
        "gradient_q95": _REAL,
        "relative_error": _REAL,  # of truncation
        "max_bond_dim": _INT,  # operator bond of this step
        "validation_score": _REAL,  # after the update; NaN where not due
        "wall_time_s": _REAL,
    },
    "scores": {
        **IDENTITY,
        **_RUN,
        "record": _TEXT,  # what was measured of each state
        "n_copies": _INT,  # of each state that the record used up; null: exact means
        "metric": _TEXT,
        "value": _REAL,
        "lower": _REAL,  # 95 % interval
        "upper": _REAL,
        "n_samples": _INT,
        "chance": _REAL,
        "ceiling": _REAL,
        "untrained_value": _REAL,
        "paired_difference": _REAL,  # trained minus untrained on the same test states
        "paired_lower": _REAL,
        "value_at_double_bond": _REAL,
    },
}

_MACHINE_RUN = {
    "arm": _TEXT,
    **_SETTING,
    **_NETWORK,
    "repeat": _INT,
    "device": _TEXT,
    "n_physical": _INT,  # qubits of the machine that the circuit uses
    "n_one_qubit": _INT,
    "n_two_qubit": _INT,
    "n_measurements": _INT,
    "circuit_depth": _INT,  # two-qubit gates on the longest chain
    "no_error_probability": _REAL,  # of one shot; null where no figures are published
    "n_shots": _INT,
}

TABLES["hardware"] = {
    **IDENTITY,
    **_MACHINE_RUN,
    "device_qubits": _INT,
    "noise_scale": _REAL,  # factor of all published error rates
    "metric": _TEXT,
    "value": _REAL,
    "lower": _REAL,  # 95 % interval
    "upper": _REAL,
    "n_samples": _INT,
    "chance": _REAL,
    "noiseless": _REAL,  # exact value of the same states and shots without errors
}
TABLES["jobs"] = {
    **IDENTITY,
    **_MACHINE_RUN,
    "vendor": _TEXT,
    "job_key": _TEXT,
    "job_id": _TEXT,
    "job_state": _TEXT,
    "submitted_at": _TEXT,
    "state_index": _INT,  # of the test split
    "label": _INT,
    "n_back": _INT,  # shots that came back
    "n_upper": _INT,  # of them, outcomes that speak for class 1
    "noiseless": _REAL,  # probability of such an outcome without errors
    "threshold": _REAL,  # share of them above which class 1 is told
    "cost": _REAL,
    "cost_unit": _TEXT,
}

TABLES["device_steps"] = {
    **IDENTITY,
    "arm": _TEXT,
    **_SETTING,
    **_NETWORK,
    "repeat": _INT,  # of the arm: its first and its trained angles
    "device": _TEXT,
    "noise_scale": _REAL,
    "n_physical": _INT,
    "start": _TEXT,  # cold, trained, or perturbed(radians)
    "optimiser": _TEXT,
    "learning_rate": _REAL,
    "step": _INT,  # 0: before training
    "loss": _REAL,  # class contrast on validation states, from shots; null where not measured
    "lower": _REAL,  # 95 % interval from shot noise
    "upper": _REAL,
    "exact_loss": _REAL,  # same angles and states, no errors and no shot noise
    "gradient_norm": _REAL,  # of the estimate that the last step took
    "n_shots": _INT,  # spent so far, measurements included
}

TABLES["claims"] = {
    **IDENTITY,
    "claim": _TEXT,
    "statement": _TEXT,
    "source": _TEXT,
    "would_verify": _TEXT,
    "verdict": _TEXT,  # on the claim: the same in all rows of its tests
    "verdict_reason": _TEXT,
    "test": _TEXT,  # what holds or does not
    "asked": _TEXT,  # which rows, what of them, how it must lie
    "quantity": _TEXT,  # the column that was looked at; null of published numbers and counts
    "relation": _TEXT,  # how the value must lie to the threshold
    "outcome": _TEXT,
    "n_rows": _INT,  # that bear on it
    "run_ids": pa.list_(_TEXT),
    "value": _REAL,
    "lower": _REAL,  # 95 % interval, or what an exact number's error spans
    "upper": _REAL,
    "words": _TEXT,  # of a column that holds no numbers
    "threshold": _REAL,
}

TABLES["leaderboard"] = {  # identity columns: what the runs of the arm cost, and where
    **IDENTITY,
    "task": _TEXT,
    **_SETTING,
    "metric": _TEXT,
    "record": _TEXT,
    "n_copies": _INT,
    "n_kept": _INT,
    "target": _INT,
    "error_rate": _REAL,
    **_NETWORK,
    "arm": _TEXT,
    "loss_name": _TEXT,
    "rank": _INT,  # shared by arms that no pair tells apart; null where there is no score
    "rank_lower": _INT,  # 95 % of draws lie between
    "rank_upper": _INT,
    "n_ranked": _INT,
    "value": _REAL,  # median repeat
    "lower": _REAL,  # 95 % interval over repeats and test states
    "upper": _REAL,
    "chance": _REAL,
    "n_repeats": _INT,
    "n_not_ok": _INT,
    "is_exact": _FLAG,  # the classical evaluation of the network
}

TABLES["history"] = {  # of several studies and commits: no study writes it
    **IDENTITY,
    "study": _TEXT,
    "commit": _TEXT,
    "date": _TEXT,  # of the commit, ISO 8601
    "source_table": _TEXT,
    "cell": _TEXT,
    "quantity": _TEXT,
    "n_qubits": _INT,
    "value": _REAL,
    "lower": _REAL,  # 95 % interval, over repeats where there are several
    "upper": _REAL,
    "n_repeats": _INT,
    "table_hash": _TEXT,  # logical hash of all rows of the source table
}

TABLES["rivals"] = TABLES["scores"]  # classical learners on the same states: the same columns


def schema(table: str) -> pa.Schema:
    """Return the Arrow schema of ``table``.

    Raises:
        ValueError: Unknown table.
    """
    return pa.schema(list(lookup(TABLES, table, "table").items()))


def digest(content: Any) -> str:
    """Return 16 hex digits of SHA-256 over the canonical JSON of ``content``."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def source_hash() -> str:
    """Return 16 hex digits over the package's Python files: names and code, no comments."""
    root = Path(__file__).parent
    return digest({p.relative_to(root).as_posix(): code(p) for p in root.rglob("*.py")})


def identity(cell: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, str]:
    """Return run id, config hash, version and source hash of one cell of a study.

    Args:
        cell: Everything that can change the cell's result and nothing else (no paths,
            dates or hosts).
        config: The whole resolved config.
    """
    return {
        "run_id": digest({"cell": dict(cell), "source": source_hash()}),
        "config_hash": digest(dict(config)),
        "package_version": version("qnnbench"),
        "source_hash": source_hash(),
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
