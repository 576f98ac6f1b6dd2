"""Bad input, thousands of times: each case is taken or refused in words, whole, and soon."""

import copy
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from qnnbench import config as configs
from qnnbench.results import content_hash, read_parquet, read_rows, to_table, write_rows
from qnnbench.states.storage import read_dataset
from tests import synthetic_rows

ROOT = Path(__file__).parents[2]
SLOW_S = 20.0  # a case that takes longer counts as hanging
HOSTILE = (
    "../../etc/passwd",
    "/etc/passwd",
    "a\0b",
    "'; DROP TABLE runs; --",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}",
    "!!python/object/apply:os.system ['true']",
    "ψ" * 300,
    "",
    " ",
    "nan",
    "-1",
)


@dataclass
class Tally:
    """What became of the cases of one kind."""

    kind: str
    n_taken: int = 0
    n_refused: int = 0
    slowest_s: float = 0.0
    faults: list[str] = field(default_factory=list)

    def one(self, case: str, attempt: Callable[[], Any], allowed: tuple[type, ...]) -> None:
        """Try a case: it may return, or raise one of ``allowed`` with a message."""
        start = time.perf_counter()
        try:
            attempt()
            self.n_taken += 1
        except allowed as error:
            self.n_refused += 1
            if not str(error).strip():
                self.faults.append(f"{case}: refused without a word")
        except Exception as error:  # what a user would see as a traceback
            self.faults.append(f"{case}: {type(error).__name__}: {error}"[:300])
        seconds = time.perf_counter() - start
        self.slowest_s = max(self.slowest_s, seconds)
        if seconds > SLOW_S:
            self.faults.append(f"{case}: took {seconds:.0f} s")

    @property
    def n_cases(self) -> int:
        """How many were tried."""
        return self.n_taken + self.n_refused + len(self.faults)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20) | st.sampled_from([10**400, -(10**400)]),
    st.floats(),
    st.sampled_from(HOSTILE),
    st.text(max_size=20),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(tree: Any, path: tuple = ()) -> Iterator[tuple]:
    """Yield the path of every value in a config."""
    if path:
        yield path
    keys = tree.keys() if isinstance(tree, dict) else ()
    keys = range(len(tree)) if isinstance(tree, list) else keys
    for key in keys:
        yield from places(tree[key], (*path, key))


@st.composite
def spoiled(draw: st.DrawFn, config: dict[str, Any]) -> dict[str, Any]:
    """Return a config with up to three values replaced, dropped, doubled or renamed."""
    config = copy.deepcopy(config)
    for _ in range(draw(st.integers(1, 3))):
        *parents, key = draw(st.sampled_from(list(places(config))))
        holder = config
        for parent in parents:
            holder = holder[parent]
        edit = draw(st.sampled_from(["replace", "drop", "rename", "swap"]))
        if edit == "drop":
            del holder[key]
        elif edit == "rename" and isinstance(holder, dict):
            holder[draw(st.sampled_from(HOSTILE) | st.text(max_size=10))] = holder.pop(key)
        elif edit == "swap":
            other = config
            for step in draw(st.sampled_from(list(places(config)))):
                other = other[step]
            holder[key] = copy.deepcopy(other)
        else:
            holder[key] = draw(VALUES)
        if not config:
            break
    return config


def repeated(case: Callable, strategy: st.SearchStrategy, n_cases: int) -> None:
    """Run ``case`` on so many examples; the same ones every time."""
    settings(
        max_examples=n_cases,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )(given(strategy)(case))()


def fuzzed_configs(n_cases: int) -> Tally:
    """Return what became of spoiled copies of the smoke study."""
    tally = Tally("configs")
    smoke = yaml.safe_load((ROOT / "config" / "smoke.yaml").read_text())

    def case(config: dict[str, Any]) -> None:
        tally.one(repr(config), lambda: configs.check(config), (ValueError,))

    repeated(case, spoiled(smoke), n_cases)
    return tally


def fuzzed_texts(n_cases: int) -> Tally:
    """Return what became of spoiled config files: bytes changed, cut and put in."""
    tally = Tally("config files")
    text = (ROOT / "config" / "smoke.yaml").read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "study.yaml"

        def case(spoil: tuple[int, int, bytes]) -> None:
            at, n_cut, put = spoil
            file.write_bytes(text[:at] + put + text[at + n_cut :])
            tally.one(repr(spoil), lambda: configs.load(file), (ValueError,))

        inside = st.tuples(
            st.integers(0, len(text)),
            st.integers(0, 40),
            st.binary(max_size=12) | st.sampled_from([h.encode() for h in HOSTILE]),
        )
        repeated(case, inside, n_cases)
    return tally


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
    import qnnbench
    from qnnbench.states.storage import write_dataset

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


KINDS = (fuzzed_configs, fuzzed_texts, fuzzed_tables, fuzzed_schemas, fuzzed_states)
