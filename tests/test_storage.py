"""Datasets on disk: every bit comes back, one state costs one row group, damage is named."""

import hashlib
import json
import os
import struct
from dataclasses import replace

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from qnnbench.results import to_table
from qnnbench.states.datasets import DATASETS, build_dataset
from qnnbench.states.layout import SCHEMA, row_hashes
from qnnbench.states.mps import MPS
from qnnbench.states.samples import samples
from qnnbench.states.stabilizer import StabilizerState
from qnnbench.states.storage import (
    dataset_row,
    dataset_table,
    read_card,
    read_dataset,
    read_state,
    sealed,
    write_dataset,
    write_table,
)
from tests.small_datasets import small

KEY = b"qnnbench"


@pytest.fixture
def stored(tmp_path):
    """Return a dataset with complex mixtures and the file that holds it."""
    data, path = small("ghz_dephased"), tmp_path / "ghz.parquet"
    write_dataset(path, data)
    return data, path


def facts_of(table):
    return json.loads(table.schema.metadata[KEY])


def with_facts(table, text):
    return table.replace_schema_metadata({KEY: text})


def with_column(table, name, values):
    """Return the table with other values in a column, hashes and metadata as they were."""
    field = SCHEMA.field(name)
    column = pa.array(values, type=field.type)
    return table.set_column(SCHEMA.get_field_index(name), field, column)


def resealed(table, name, values):
    """Return the table with other values in a column and the hashes that go with them."""
    return sealed(with_column(table, name, values), facts_of(table))


def doubled(table):
    return [[[2 * x for x in part] for part in cell] for cell in table["real"].to_pylist()]


def assert_same_state(a, b):
    assert type(a) is type(b)
    if isinstance(a, StabilizerState):
        assert a.stabilizers == b.stabilizers
        return
    for (weight, member), (other, original) in zip(a.members, b.members, strict=True):
        assert weight == other
        assert member.bond_dims == original.bond_dims
        for tensor, same in zip(member.tensors, original.tensors, strict=True):
            assert tensor.dtype == same.dtype
            assert tensor.tobytes() == same.tobytes()


def assert_same(read, written):
    assert (read.name, read.n_qubits) == (written.name, written.n_qubits)
    assert read.details == written.details
    assert read.parameters == written.parameters
    for column in ("labels", "splits"):
        np.testing.assert_array_equal(getattr(read, column), getattr(written, column))
    for column in (
        "couplings",
        "targets",
        "energy",
        "energy_variance",
        "truncation_error",
    ):
        assert getattr(read, column).tobytes() == getattr(written, column).tobytes()
    for a, b in zip(read.states, written.states, strict=True):
        assert_same_state(a, b)


@pytest.mark.parametrize("name", DATASETS)
def test_every_bit_comes_back(name, tmp_path):
    data, path = small(name), tmp_path / "states.parquet"
    write_dataset(path, data)
    read = read_dataset(path)
    assert_same(read, data)
    assert (read.noiseless is None) == (data.noiseless is None)
    if data.noiseless is not None:
        assert_same(read.noiseless, data.noiseless)
    stored = [*data.states, *(data.noiseless.states if data.noiseless else ())]
    for index in (0, len(stored) - 1):
        assert_same_state(read_state(path, index), stored[index])


def test_negative_zeros_survive(tmp_path):
    state = MPS((np.array([[[complex(-0.0, 1.0)], [complex(0.0, -0.0)]]]),))
    data = samples("two_state", 1, [state], [0], ["train"], details={"seed": 1})
    write_dataset(tmp_path / "one.parquet", data)
    (read,) = read_dataset(tmp_path / "one.parquet").states
    assert read.tensors[0].tobytes() == state.tensors[0].tobytes()


def test_the_file_explains_itself(stored):
    _, path = stored
    facts = json.loads(pq.read_schema(path).metadata[KEY])
    assert facts["family"]["name"] == "ghz_dephased"
    assert "marginals" in facts["family"]["equal"]
    assert facts["details"]["seed"] == 1
    assert facts["details"]["options"] == {"noise": 0.02, "noise_kind": "rotation"}
    assert read_card(path) == facts


def test_row_describes_the_file(stored):
    data, path = stored
    row = dataset_row(data, path)
    assert {key: row[key] for key in ("n_states", "n_train", "n_validation", "n_test")} == {
        "n_states": 8,
        "n_train": 4,
        "n_validation": 2,
        "n_test": 2,
    }
    assert row["max_bond_dim"] == 2
    assert row["file_size_bytes"] == path.stat().st_size
    assert row["content_hash"] == read_card(path)["content_hash"]
    to_table("datasets", [{**row, "status": "ok"}])  # columns are those of the table


def test_content_hash_ignores_layout_and_sees_one_bit(stored, tmp_path):
    data, path = stored
    loose = tmp_path / "loose.parquet"
    pq.write_table(dataset_table(data), loose, compression="none", row_group_size=3)
    assert_same(read_dataset(loose), data)
    rewritten = dataset_table(read_dataset(loose))
    assert facts_of(rewritten) == read_card(path)
    first = data.states[0]
    tensors = [t.copy() for t in first.tensors]
    tensors[0].real[0, 0, 0] = np.nextafter(tensors[0].real[0, 0, 0], 2)
    changed = dataset_table(replace(data, states=(MPS(tuple(tensors)), *data.states[1:])))
    assert facts_of(changed)["content_hash"] != read_card(path)["content_hash"]
    differ = [a != b for a, b in zip(row_hashes(changed), row_hashes(rewritten), strict=True)]
    assert differ == [True] + [False] * (len(differ) - 1)


def test_hashes_are_those_that_the_document_describes(stored):
    table = pq.read_table(stored[1])
    expected = []
    for row in table.to_pylist():
        del row["row_hash"]
        numbers = [part for name in ("real", "imag") for part in row[name] if part is not None]
        for name in ("real", "imag"):
            row[name] = [None if part is None else len(part) for part in row[name]]
        text = json.dumps(row, sort_keys=True, separators=(",", ":")).encode()
        parts = [struct.pack(f"<{len(part)}d", *part) for part in numbers]
        expected.append(hashlib.sha256(text + b"".join(parts)).hexdigest()[:16])
    assert table["row_hash"].to_pylist() == expected
    facts = facts_of(table)
    found = facts.pop("content_hash")
    text = json.dumps(facts | {"row_hashes": expected}, sort_keys=True, separators=(",", ":"))
    assert found == hashlib.sha256(text.encode()).hexdigest()[:16]


# One item at a time.


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Return a dataset of several row groups and its file."""
    data = build_dataset("ghz_dephased", 64, {"train": 200, "validation": 2, "test": 2}, seed=2)
    path = tmp_path_factory.mktemp("large") / "ghz.parquet"
    write_dataset(path, data)
    return data, path


def test_one_state_reads_one_row_group(large, tmp_path):
    data, path = large
    metadata = pq.read_metadata(path)
    assert metadata.num_row_groups >= 2
    content = bytearray(path.read_bytes())
    first = metadata.row_group(0)
    for place in range(first.num_columns):  # the file without its first group
        column = first.column(place)
        start = column.dictionary_page_offset or column.data_page_offset
        content[start : start + column.total_compressed_size] = os.urandom(
            column.total_compressed_size
        )
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(content)
    for index in (first.num_rows, len(data.states) - 1):
        assert_same_state(read_state(broken, index), data.states[index])
    with pytest.raises(ValueError, match="not a whole Parquet file"):
        read_state(broken, 0)
    with pytest.raises(ValueError, match="not a whole Parquet file"):
        read_dataset(broken)


def test_row_groups_are_about_a_mebibyte(large):
    metadata = pq.read_metadata(large[1])
    sizes = [metadata.row_group(g).total_byte_size for g in range(metadata.num_row_groups)]
    assert all(0.5 * 2**20 < size < 1.5 * 2**20 for size in sizes[:-1])


@pytest.mark.parametrize("index", [10, -1, 2**70, 1.0, True, "0"])
def test_rows_that_do_not_exist_are_named(stored, index):
    with pytest.raises(ValueError, match=r"rows 0 to 9, asked for|a row is a whole number"):
        read_state(stored[1], index)


# Other readers.


def test_files_of_several_families_are_one_table(tmp_path):
    written = {}
    for name in DATASETS:
        data = small(name)
        write_dataset(tmp_path / "states" / name / f"n{data.n_qubits}.parquet", data)
        written[name] = data
    table = pyarrow.dataset.dataset(tmp_path / "states").to_table(
        filter=~pyarrow.dataset.field("noiseless"),
        columns=["family", "n_qubits", "label", "real"],
    )
    counts = {name: len(data.states) for name, data in written.items()}
    found = table.group_by("family").aggregate([("label", "count")]).to_pylist()
    assert {row["family"]: row["label_count"] for row in found} == counts
    query = (
        "SELECT family, n_qubits, count(*), count(DISTINCT label) "
        f"FROM '{tmp_path}/states/*/*.parquet' WHERE NOT noiseless GROUP BY ALL"
    )
    assert {name: tuple(rest) for name, *rest in duckdb.sql(query).fetchall()} == {
        name: (data.n_qubits, len(data.states), len(set(data.labels)))
        for name, data in written.items()
    }


# Damage.


def rewritten(change):
    """Return a change of a file that rewrites its table."""

    def apply(path):
        write_table(path, change(pq.read_table(path)))

    return apply


def truncated(path):
    path.write_bytes(path.read_bytes()[:-100])


def swapped(table):
    return pa.concat_tables([table.slice(1, 1), table.slice(0, 1), table.slice(2)])


def with_fact(key, change):
    """Return a change of one fact of the metadata, hashes as they were."""

    def apply(table):
        facts = facts_of(table)
        return with_facts(table, json.dumps(facts | {key: facts[key] | change}))

    return apply


def only_weights(first):
    """Return a change of the weights of the first mixture, with fitting hashes."""

    def change(table):
        weights = table["weights"].to_pylist()
        return resealed(table, "weights", [first if w else w for w in weights])

    return change


DAMAGE = {
    "truncated": (truncated, "not a whole Parquet file"),
    "empty": (lambda path: path.write_bytes(b""), "not a whole Parquet file"),
    "text": (lambda path: path.write_text("PAR1 no PAR1"), "not a whole Parquet file"),
    "no rows": (rewritten(lambda t: t.slice(0, 0)), "holds no states"),
    "no metadata": (
        rewritten(lambda t: t.replace_schema_metadata(None)),
        "schema version None, this package reads 3",
    ),
    "no JSON": (rewritten(lambda t: with_facts(t, b"{'a': 1}")), "no JSON"),
    "no text": (rewritten(lambda t: with_facts(t, b"\xff\xfe{")), "no JSON"),
    "deep JSON": (rewritten(lambda t: with_facts(t, b"[" * 10**5)), "no JSON"),
    "a list": (rewritten(lambda t: with_facts(t, b"[3]")), "schema version None"),
    "other version": (
        rewritten(lambda t: with_facts(t, json.dumps(facts_of(t) | {"schema_version": 2}))),
        "schema version 2, this package reads 3",
    ),
    "no hash": (
        rewritten(lambda t: with_facts(t, b'{"schema_version": 3, "family": {}}')),
        r"lack \['details', 'content_hash'\]",
    ),
    "column missing": (rewritten(lambda t: t.drop_columns("label")), r"columns .*label.* differ"),
    "foreign column": (
        rewritten(lambda t: t.append_column("mine", pa.array([1] * len(t)))),
        r"columns .*mine.* differ",
    ),
    "other type": (
        rewritten(
            lambda t: t.set_column(
                SCHEMA.get_field_index("label"), "label", t["label"].cast(pa.int32())
            )
        ),
        r"columns .*label: int32.* differ",
    ),
    "other order": (rewritten(lambda t: t.select(t.schema.names[::-1])), "or their order does"),
    "tensors tampered with": (
        rewritten(lambda t: with_column(t, "real", doubled(t))),
        r"row 0 of .* has hash \w{16}, expected \w{16}: it was changed",
    ),
    "label tampered with": (
        rewritten(lambda t: with_column(t, "label", [1] * len(t))),
        r"row 0 of .* has hash \w{16}, expected \w{16}",
    ),
    "rows exchanged": (
        rewritten(swapped),
        r"content hash \w{16}, expected \w{16}: rows were",
    ),
    "row removed": (rewritten(lambda t: t.slice(1)), r"content hash \w{16}, expected \w{16}"),
    "details tampered with": (
        rewritten(with_fact("details", {"weights": [0.5, 0.5]})),
        r"content hash \w{16}, expected \w{16}: .* details or card changed",
    ),
    "card tampered with": (
        rewritten(with_fact("family", {"limit": "none"})),
        r"content hash \w{16}, expected \w{16}: .* details or card changed",
    ),
    # From here on the hashes fit: another program wrote what is no dataset.
    "norm": (rewritten(lambda t: resealed(t, "real", doubled(t))), "state 0 of .* norm"),
    "width": (
        rewritten(lambda t: resealed(t, "n_qubits", [9] * len(t))),
        "state 0 of .* n_qubits says 9, the state has 8",
    ),
    "weights": (rewritten(only_weights([0.5, 0.6])), "state 1 of .* sum to 1"),
    "weights null": (rewritten(only_weights([0.5, None])), "state 1 of .*damaged"),
    "weights one": (rewritten(only_weights([1.0])), "1 weights for 2 states"),
    "bonds": (
        rewritten(
            lambda t: resealed(
                t, "bond_dims", [[[3] * 7] * len(c) for c in t["bond_dims"].to_pylist()]
            )
        ),
        "state 0 of .* need 120 numbers, got 56",
    ),
    "bonds negative": (
        rewritten(lambda t: resealed(t, "bond_dims", [[[-1] * 7]] * len(t))),
        "state 0 of .*damaged",
    ),
    "no state": (
        rewritten(lambda t: resealed(t, "bond_dims", [None] * len(t))),
        "state 0 of .*damaged",
    ),
    "imaginary parts short": (
        rewritten(lambda t: resealed(t, "imag", [[[0.5]]] * len(t))),
        "state 0 of .*damaged",
    ),
    "stabilizers": (
        rewritten(lambda t: resealed(t, "stabilizers", [["+X", "+Z"]] * len(t))),
        "state 0 of .* no stabilizer state",
    ),
    "stabilizers null": (
        rewritten(lambda t: resealed(t, "stabilizers", [[None] * 8] * len(t))),
        "state 0 of .*damaged",
    ),
    "split": (rewritten(lambda t: resealed(t, "split", ["exam"] * len(t))), "No split named"),
    "parameters": (
        rewritten(lambda t: resealed(t, "parameters", ["{"] * len(t))),
        "is damaged: Expecting",
    ),
    "two families": (
        rewritten(lambda t: resealed(t, "family", [f"f{k}" for k in range(len(t))])),
        "one family at one width",
    ),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_named_with_the_way_out(stored, damage, message):
    _, path = stored
    damage(path)
    with pytest.raises(ValueError, match=message) as caught:
        read_dataset(path)
    assert str(path) in str(caught.value)
    assert "Fetch it again" in str(caught.value)
    assert type(caught.value) is ValueError  # not an error of pyarrow's


def test_a_tampered_state_is_refused_alone(stored):
    _, path = stored
    table = pq.read_table(path)
    write_table(path, with_column(table, "real", doubled(table)))
    with pytest.raises(ValueError, match=r"row 3 of .* has hash \w{16}, expected \w{16}"):
        read_state(path, 3)


def test_a_tampered_card_is_refused_without_reading_a_state(stored):
    _, path = stored
    rewritten(with_fact("details", {"seed": 2}))(path)
    with pytest.raises(ValueError, match="details or card changed"):
        read_card(path)


def test_numbers_that_are_null_are_refused(stored):
    _, path = stored
    table = pq.read_table(path)
    holes = [[[None] * len(part) for part in cell] for cell in table["real"].to_pylist()]
    write_table(path, with_column(table, "real", holes))
    with pytest.raises(ValueError, match=f"{path} is damaged"):
        read_dataset(path)


def test_columns_that_are_always_there_cannot_be_null(stored):
    table = dataset_table(stored[0])
    with pytest.raises(pa.ArrowInvalid, match="non-nullable"):
        write_table(stored[1], with_column(table, "label", [None] * len(table)))


def test_a_missing_file_is_named(tmp_path):
    for read in (read_dataset, read_card, lambda path: read_state(path, 0)):
        with pytest.raises(FileNotFoundError, match=r"No dataset at .*none\.parquet"):
            read(tmp_path / "none.parquet")


def test_datasets_of_no_family_are_not_written(stored):
    data, path = stored
    with pytest.raises(ValueError, match="No dataset named 'mine'"):
        write_dataset(path, replace(data, name="mine"))
