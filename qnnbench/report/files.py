"""What stands beside the page: figures, and the rows behind figures and tables."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from qnnbench.results import write_atomically, write_parquet


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically."""

    def write(temporary: Path) -> None:
        temporary.write_bytes(content)

    write_atomically(path, write)


def write_frame(folder: Path, name: str, rows: pd.DataFrame) -> str:
    """Write rows as ``name.parquet`` and ``name.csv``; return ``name`` for links.

    Columns without any value are left out. In the CSV file a list is JSON.
    """
    known = rows.dropna(axis="columns", how="all").reset_index(drop=True)
    write_parquet(folder / f"{name}.parquet", pa.Table.from_pandas(known, preserve_index=False))
    lists = [str(column) for column in known if known[column].map(_is_list).any()]
    flat = known.assign(**{column: known[column].map(_json) for column in lists})
    write_bytes(folder / f"{name}.csv", flat.to_csv(index=False).encode())
    return name


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, np.ndarray))


def _json(value: Any) -> str:
    return json.dumps([float(number) for number in value]) if _is_list(value) else ""
