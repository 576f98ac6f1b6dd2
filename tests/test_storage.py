"""Datasets on disk: every bit comes back, and what is no dataset is named."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qnnbench.results import to_table, write_parquet
from qnnbench.states.datasets import DATASETS, build_dataset
from qnnbench.states.mps import MPS
from qnnbench.states.samples import samples
from qnnbench.states.storage import (
    SCHEMA,
    dataset_row,
    dataset_table,
    read_dataset,
    write_dataset,
)

SMALL = {"train": 4, "validation": 2, "test": 2}


def small(name):
    return build_dataset(name, 8, None if name == "two_state" else SMALL, seed=1)


@pytest.fixture
def stored(tmp_path):
    """Return a dataset with complex mixtures and the file that holds it."""
    data, path = small("ghz_dephased"), tmp_path / "ghz.parquet"
    write_dataset(path, data)
    return data, path


def assert_same(read, written):
    assert (read.name, read.n_qubits) == (written.name, written.n_qubits)
    assert read.details == written.details
    for column in ("labels", "splits"):
        np.testing.assert_array_equal(getattr(read, column), getattr(written, column))
    for column in ("couplings", "targets", "energy", "energy_variance", "truncation_error"):
        assert getattr(read, column).tobytes() == getattr(written, column).tobytes()
    for a, b in zip(read.states, written.states, strict=True):
        assert type(a) is type(b)
        for (weight, member), (other, original) in zip(a.members, b.members, strict=True):
            assert weight == other
            assert member.bond_dims == original.bond_dims
            for tensor, same in zip(member.tensors, original.tensors, strict=True):
                assert tensor.dtype == same.dtype
                assert tensor.tobytes() == same.tobytes()


@pytest.mark.parametrize("name", DATASETS)
def test_every_bit_comes_back(name, tmp_path):
    data = small(name)
    write_dataset(tmp_path / "states.parquet", data)
    read = read_dataset(tmp_path / "states.parquet")
    assert_same(read, data)
    assert (read.noiseless is None) == (data.noiseless is None)
    if data.noiseless is not None:
        assert_same(read.noiseless, data.noiseless)


def test_negative_zeros_survive(tmp_path):
    state = MPS((np.array([[[complex(-0.0, 1.0)], [complex(0.0, -0.0)]]]),))
    data = samples("two_state", 1, [state], [0], ["train"], details={"seed": 1})
    write_dataset(tmp_path / "one.parquet", data)
    (read,) = read_dataset(tmp_path / "one.parquet").states
    assert read.tensors[0].tobytes() == state.tensors[0].tobytes()


def test_the_file_explains_itself(stored):
    _, path = stored
    facts = json.loads(pq.read_schema(path).metadata[b"qnnbench"])
    assert facts["family"]["name"] == "ghz_dephased"
    assert "marginals" in facts["family"]["equal"]
    assert facts["details"]["seed"] == 1
    assert facts["details"]["options"] == {"noise": 0.02, "noise_kind": "rotation"}


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
    to_table("datasets", [{**row, "status": "ok"}])  # columns are those of the table


def test_content_hash_ignores_layout_and_sees_one_bit(stored, tmp_path):
    data, path = stored
    loose = tmp_path / "loose.parquet"
    pq.write_table(dataset_table(data), loose, compression="none", row_group_size=3)
    expected = dataset_row(data, path)["content_hash"]
    assert dataset_row(read_dataset(loose), loose)["content_hash"] == expected
    first = data.states[0]
    tensors = [t.copy() for t in first.tensors]
    tensors[0].real[0, 0, 0] = np.nextafter(tensors[0].real[0, 0, 0], 2)
    changed = samples(
        data.name,
        8,
        [MPS(tuple(tensors)), *data.states[1:]],
        data.labels,
        data.splits,
        details=data.details,
        noiseless=data.noiseless,
    )
    assert dataset_row(changed, path)["content_hash"] != expected


def test_a_truncated_file_is_named(stored):
    _, path = stored
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="not a whole Parquet file"):
        read_dataset(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="No Parquet file"):
        read_dataset(tmp_path / "none.parquet")


def test_other_tables_are_refused(stored):
    data, path = stored
    table = dataset_table(data)
    write_parquet(path, table.drop_columns("label"))
    with pytest.raises(ValueError, match=r"no dataset of this version: columns .*label"):
        read_dataset(path)
    write_parquet(path, table.slice(0, 0))
    with pytest.raises(ValueError, match="holds no states"):
        read_dataset(path)
    write_parquet(path, table.replace_schema_metadata(None))
    with pytest.raises(ValueError, match="schema version None"):
        read_dataset(path)


def test_numbers_that_make_no_state_are_refused(stored):
    data, path = stored
    table = dataset_table(data)
    doubled = [[[2 * x for x in part] for part in cell] for cell in table["real"].to_pylist()]
    index = SCHEMA.get_field_index("real")
    column = pa.array(doubled, type=SCHEMA.field("real").type)
    write_parquet(path, table.set_column(index, SCHEMA.field("real"), column))
    with pytest.raises(ValueError, match=r"state 0 of .*norm"):
        read_dataset(path)
