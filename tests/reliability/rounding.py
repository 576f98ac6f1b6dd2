"""Equal config and seed on processors that round otherwise: how far apart the numbers are."""

import platform
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from qnnbench.columns import VARYING_COLUMNS
from qnnbench.comparison import compare, read_set
from qnnbench.results import read_parquet
from tests.reliability.determinism import finished
from tests.reliability.studies import hashes

TOLERANCE = 1e-8  # angles with a gradient of rounding size move by that over Adam's 1e-8
PROCESSORS = {  # levels of x86-64: since when; told OpenBLAS, told NumPy not to use, told LLVM
    2: ("2008, SSE4.2", "Nehalem", "X86_V3 X86_V4 AVX512_ICL AVX512_SPR", "nehalem"),
    3: ("2013, AVX2", "Haswell", "X86_V4 AVX512_ICL AVX512_SPR", "haswell"),
    4: ("2017, AVX-512", "SkylakeX", "AVX512_ICL AVX512_SPR", "skylake-avx512"),
}
OF_BYTES = ("content_hash", "row_hash", "file_size_bytes")  # of states, to their last digit
SAMPLED = ("hardware", "jobs", "submitted", "collected", "device_steps")  # of compiled circuits


@dataclass
class Rounded:
    """The smoke study with the instructions of one processor, beside this machine's own.

    Attributes:
        processor: In words.
        n_files, n_differing: Tables and datasets written, and whose logical hash is another.
        largest: Largest distance of two numbers, relative to those above 1; infinite where
            anything else than a number differs. ``SAMPLED`` tables and what is computed of the
            bytes of states are left out.
        beyond_noise: What else ``qnnbench compare`` finds that noise does not explain.
        reason: Why it did not run; "" where it did.
    """

    processor: str
    n_files: int = 0
    n_differing: int = 0
    largest: float = 0.0
    beyond_noise: tuple[str, ...] = ()
    reason: str = ""


def on_processors(folder: Path, whole: Path) -> list[Rounded]:
    """Return how runs with older instructions compare with the study in ``whole``."""
    return [on_processor(level, folder / f"level{level}", whole) for level in PROCESSORS]


def on_processor(level: int, folder: Path, whole: Path) -> Rounded:
    """Return how a run in ``folder`` with the instructions of one level compares."""
    since, blas, refused, target = PROCESSORS[level]
    name = f"x86-64-v{level} ({since})"
    if reason := missing(level):
        return Rounded(name, reason=reason)
    environment = {
        "OPENBLAS_CORETYPE": blas,
        "NPY_DISABLE_CPU_FEATURES": refused,
        "NUMBA_CPU_NAME": target,
    }
    before, after = hashes(whole), finished(folder, 2, environment=environment)
    odd = [file for file in before.keys() | after.keys() if before.get(file) != after.get(file)]
    exact = [file for file in odd if Path(file).parts[2] not in SAMPLED]
    largest = max((apart(whole / file, folder / file) for file in exact), default=0.0)
    changes = compare(*(read_set(at / "results" / "smoke") for at in (whole, folder))).changes
    told = [f"{c.table} {c.cell}: {c.what}" for c in changes if c.kind != "within noise"]
    beyond = tuple(change for change in told if not any(name in change for name in OF_BYTES))
    return Rounded(name, len(after), len(odd), largest, beyond)


def missing(level: int) -> str:
    """Return why this machine lacks the instructions of a level; "" where it has them."""
    if platform.machine() != "x86_64":
        return "this is no x86-64"
    from numpy._core._multiarray_umath import __cpu_features__ as has

    return "" if has[f"X86_V{level}"] else f"this machine lacks x86-64-v{level}"


def apart(one: Path, other: Path) -> float:
    """Return the largest distance of two numbers of two Parquet files, as in ``Rounded``."""
    if not (one.is_file() and other.is_file()):
        return float("inf")
    tables = [read_parquet(file) for file in (one, other)]
    if tables[0].schema != tables[1].schema or len(tables[0]) != len(tables[1]):
        return float("inf")
    names = [n for n in tables[0].schema.names if n not in (*VARYING_COLUMNS, *OF_BYTES)]
    return max((_apart(*(table[name] for table in tables)) for name in names), default=0.0)


def _apart(one: pa.ChunkedArray, other: pa.ChunkedArray) -> float:
    """Return the largest distance of two columns."""
    if one.equals(other):
        return 0.0
    while pa.types.is_list(one.type):
        if not one.combine_chunks().offsets.equals(other.combine_chunks().offsets):
            return float("inf")
        one, other = (pa.chunked_array([c.combine_chunks().flatten()]) for c in (one, other))
    if not pa.types.is_floating(one.type):
        return 0.0 if one.to_pylist() == other.to_pylist() else float("inf")
    a, b = (column.to_pandas().to_numpy() for column in (one, other))
    finite = np.isfinite(a) & np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return float("inf")
    a, b = a[finite], b[finite]
    return float(np.max(np.abs(a - b) / np.maximum(np.abs(a), 1), initial=0.0))
