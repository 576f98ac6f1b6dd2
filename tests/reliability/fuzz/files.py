"""Spoiled files: tables and datasets with bytes, columns or facts changed."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

import qnnbench
from qnnbench.results import content_hash, read_parquet, read_rows, to_table, write_rows
from qnnbench.states.storage import read_dataset, write_dataset
from tests import synthetic_rows
from tests.reliability.fuzz.cases import HOSTILE, Tally, repeated, spoiled


@st.composite
def damage(draw: st.DrawFn, size: int) -> tuple[str, int, int]:
    """Return a kind of damage to a file, a place, and what stands there instead."""
    kind = draw(st.sampled_from(["flip", "cut", "zero", "insert"]))
    return kind, draw(st.integers(0, size - 1)), draw(st.integers(1, 255))


def damaged(content: bytes, kind: str, at: int, byte: int) -> bytes:
    """Return ``content`` after damage."""
    if kind == "cut":
        return content[:at]
    if kind == "insert":
        return content[:at] + bytes([byte]) + content[at:]
    changed = bytes([content[at] ^ byte])
    if kind == "zero":
        changed = bytes(min(byte, len(content) - at))
    return content[:at] + changed + content[at + len(changed) :]


def fuzzed_tables(n_cases: int) -> Tally:
    """Return what became of damaged tables: read as written, or refused."""
    tally = Tally("tables")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scores.parquet"
        write_rows(file, "scores", synthetic_rows.study()["scores"])
        content, truth = file.read_bytes(), content_hash(read_parquet(file))

        def attempt() -> None:
            read_rows("scores", [file])
            if content_hash(read_parquet(file)) != truth:
                raise AssertionError("other numbers than were written, without a word")

        def case(what: tuple[str, int, int]) -> None:
            file.write_bytes(damaged(content, *what))
            tally.one(repr(what), attempt, (ValueError,))

        repeated(case, damage(len(content)), n_cases)
    return tally


def fuzzed_schemas(n_cases: int) -> Tally:
    """Return what became of tables whose columns were dropped, renamed, retyped or doubled."""
    tally = Tally("table schemas")
    table = to_table("scores", synthetic_rows.study()["scores"])
    types = [pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.binary()]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scores.parquet"

        def case(drift: tuple[int, str, int, str]) -> None:
            column, edit, kind, name = drift
            odd = pa.nulls(table.num_rows, types[kind])
            changed = {
                "drop": lambda: table.remove_column(column),
                "retype": lambda: table.set_column(column, table.schema.names[column], odd),
                "rename": lambda: table.set_column(column, name, table[column]),
                "add": lambda: table.append_column(name, odd),
                "facts": lambda: table.replace_schema_metadata({name: name, "pandas": name}),
            }[edit]()
            pq.write_table(changed, file)
            tally.one(repr(drift), lambda: read_rows("scores", [file]), (ValueError,))

        drift = st.tuples(
            st.integers(0, table.num_columns - 1),
            st.sampled_from(["drop", "retype", "rename", "add", "facts"]),
            st.integers(0, len(types) - 1),
            st.sampled_from(HOSTILE) | st.text(max_size=12),
        )
        repeated(case, drift, n_cases)
    return tally


def fuzzed_states(n_cases: int) -> Tally:
    """Return what became of damaged datasets, bytes and metadata."""
    tally = Tally("datasets")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "n4.parquet"
        write_dataset(file, qnnbench.dataset("spt_path", n_qubits=4, n_samples=6, seed=1))
        content = file.read_bytes()
        table = pq.read_table(file)
        facts = json.loads(table.schema.metadata[b"qnnbench"])
        truth = content_hash(table)

        def attempt() -> None:
            read_dataset(file)
            if content_hash(pq.read_table(file)) != truth:
                raise AssertionError("other numbers than were written, without a word")

        def bytes_case(what: tuple[str, int, int]) -> None:
            file.write_bytes(damaged(content, *what))
            tally.one(repr(what), attempt, (ValueError,))

        def facts_case(odd: dict[str, Any]) -> None:
            metadata = {b"qnnbench": json.dumps(odd).encode()}
            pq.write_table(table.replace_schema_metadata(metadata), file)
            tally.one(json.dumps(odd)[:200], lambda: read_dataset(file), (ValueError,))

        repeated(bytes_case, damage(len(content)), n_cases // 2)
        repeated(facts_case, spoiled(facts), n_cases - n_cases // 2)
    return tally
