"""Result sets as they lie on disk: a study's folder, an archive of one, or one Parquet file."""

import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from qnnbench.columns import IDENTITY, TABLES, schema
from qnnbench.results import content_hash, read_parquet

ELSEWHERE = {"collected": "hardware"}  # folders of a study that hold rows of another table
LEFT_OUT = ("steps",)  # what they led to stands in runs and scores
_VERSION = ("package_version", "source_hash", "config_hash")


@dataclass(frozen=True)
class ResultSet:
    """Rows by table; columns that an older version did not write are null.

    Attributes:
        name: As it was asked for.
        frames: The tables that have rows.
        package_versions, source_hashes: What made them.
    """

    name: str
    frames: Mapping[str, pd.DataFrame]
    package_versions: tuple[str, ...]
    source_hashes: tuple[str, ...]


def read_set(asked: str | Path) -> ResultSet:
    """Return the result set ``asked`` for: PATH, or PATH@VERSION for the rows of one version.

    PATH is a folder ``results/<study>``, a .zip or .tar archive that holds one, or one Parquet
    file; rows of training steps are not read. VERSION is the start of a package version, source
    hash or config hash.

    Raises:
        FileNotFoundError: No such path.
        ValueError: No rows there, or none of that version.
    """
    path, version = Path(asked), ""
    if not path.exists() and "@" in str(asked):
        start, _, version = str(asked).rpartition("@")
        path = Path(start)
    if not path.exists():
        raise FileNotFoundError(
            f"No result set at {path}. Give results/STUDY, an archive of it, or a Parquet file."
        )
    frames = _read(path)
    if version:
        frames = {table: _of_version(rows, version) for table, rows in frames.items()}
    frames = {table: rows for table, rows in frames.items() if len(rows)}
    if not frames:
        of = f" of version {version!r}" if version else ""
        known = f"tables are folders of Parquet files named as one of {sorted(TABLES)}"
        raise ValueError(f"{path} holds no rows{of}; {known}.")
    together = pd.concat([rows[list(_VERSION)] for rows in frames.values()])
    made = {name: tuple(sorted(together[name].dropna().unique())) for name in _VERSION}
    return ResultSet(str(asked), frames, made["package_version"], made["source_hash"])


def _read(path: Path) -> dict[str, pd.DataFrame]:
    if path.is_dir():
        return _folder(path)
    if zipfile.is_zipfile(path) or tarfile.is_tarfile(path):
        with tempfile.TemporaryDirectory() as folder:
            _unpack(path, Path(folder))
            return _folder(_shallowest(Path(folder)))
    rows = read_parquet(path).to_pandas()
    return {_table_of(rows, path): rows.reindex(columns=schema(_table_of(rows, path)).names)}


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive; members that would leave the folder are refused."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)  # zipfile drops roots and ".." of names
        return
    with tarfile.open(archive) as packed:
        try:
            packed.extractall(folder, filter="data")
        except tarfile.FilterError as error:
            raise ValueError(
                f"{archive} holds a member that may not be unpacked: {error}"
            ) from error


def _shallowest(folder: Path) -> Path:
    """Return the folder nearest to the top that holds folders named as tables."""
    inside = sorted((f for f in folder.rglob("*") if f.is_dir()), key=lambda f: len(f.parts))
    return next((f for f in (folder, *inside) if any((f / t).is_dir() for t in TABLES)), folder)


def _folder(folder: Path) -> dict[str, pd.DataFrame]:
    places: dict[str, list[Path]] = {}
    for name in (*TABLES, *ELSEWHERE):
        if name not in LEFT_OUT:
            places.setdefault(ELSEWHERE.get(name, name), []).append(folder / name)
    return {
        table: _table(table, (file for place in ps for file in sorted(place.rglob("*.parquet"))))
        for table, ps in places.items()
    }


def _table(table: str, files: Iterable[Path]) -> pd.DataFrame:
    """Return the rows of all files with the columns of this version, missing ones null."""
    names = schema(table).names
    parts = [read_parquet(file).to_pandas().reindex(columns=names) for file in files]
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)


def _table_of(rows: pd.DataFrame, path: Path) -> str:
    """Return the table whose columns a file has: the one its folder names, or the closest."""
    own = set(rows.columns) - set(IDENTITY)
    fits = {name: len(own & set(columns)) for name, columns in TABLES.items()}
    best = max(fits.values())
    likely = [name for name, shared in fits.items() if shared == best]
    named = [part for part in (path.stem, *reversed(path.parts)) if part in likely]
    if "run_id" not in rows.columns or best < len(own) / 2:
        raise ValueError(
            f"{path} is no table of qnnbench: its columns are {sorted(rows.columns)}."
        )
    return named[0] if named else likely[0]


def logical_hash(rows: pd.DataFrame, key: Sequence[str]) -> str:
    """Return a hash of what rows say: without who made them, what they cost, and their order."""
    provenance = [name for name in IDENTITY if name not in ("status", "reason")]
    told = rows.drop(columns=provenance, errors="ignore")
    order = [name for name in (*key, "repeat") if name in told]
    ordered = told.sort_values(order, kind="stable")
    return content_hash(pa.Table.from_pandas(ordered, preserve_index=False))


def _of_version(rows: pd.DataFrame, version: str) -> pd.DataFrame:
    told = [rows[name].fillna("").astype(str).str.startswith(version) for name in _VERSION]
    return rows[told[0] | told[1] | told[2]]
