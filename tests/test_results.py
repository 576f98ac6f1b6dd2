import math
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qnnbench.columns import IDENTITY, MEASUREMENT_COLUMNS, STATUSES, TABLES, schema
from qnnbench.results import (
    Meter,
    content_hash,
    digest,
    identity,
    read_parquet,
    read_rows,
    to_table,
    write_atomically,
    write_parquet,
    write_rows,
)

ROW = {
    "status": "ok",
    "dataset": "spt_path",
    "n_qubits": 8,
    "fact": "energy",
    "method": "expectation of H",
    "value": 0.5,
    "expected": math.nan,
    "holds": True,
    "cpu_time_s": 1.0,
}


@pytest.mark.parametrize("table", TABLES)
def test_every_row_carries_identity_status_error_and_cost(table):
    names = schema(table).names
    assert list(IDENTITY) == names[: len(IDENTITY)]
    assert {"run_id", "config_hash", "package_version", "source_hash", "backend"} < set(names)
    assert {"seed_path", "status", "reason", "error_estimate", "cpu_time_s"} < set(names)


@pytest.mark.parametrize("status", STATUSES)
def test_a_row_that_was_not_run_is_a_row_with_a_status(tmp_path, status):
    write_rows(tmp_path / "rows.parquet", "runs", [{"status": status, "reason": "why"}])
    frame = read_rows("runs", [tmp_path / "rows.parquet"])
    assert frame["status"].tolist() == [status]
    assert frame["n_qubits"].isna().all()  # columns a row leaves out are null


def test_rows_come_back_as_they_were_written(tmp_path):
    params = np.random.default_rng(1).normal(size=5).tolist()
    row = {"status": "ok", "n_qubits": 100, "params": params, "train_loss": -math.inf}
    write_rows(tmp_path / "rows.parquet", "runs", [row])
    (back,) = read_parquet(tmp_path / "rows.parquet").to_pylist()
    assert back["params"] == params  # bit for bit
    assert back["train_loss"] == -math.inf
    assert back["n_qubits"] == 100


def test_parts_are_read_as_one_frame_and_no_part_is_an_empty_one(tmp_path):
    for i in range(2):
        write_rows(tmp_path / f"{i}.parquet", "certificates", [{**ROW, "value": float(i)}])
    frame = read_rows("certificates", [tmp_path / "0.parquet", tmp_path / "1.parquet"])
    assert frame["value"].tolist() == [0.0, 1.0]
    empty = read_rows("certificates", [])
    assert list(empty.columns) == list(TABLES["certificates"])
    assert len(empty) == 0


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"status": "ok", "n_qubit": 8}, "Did you mean 'n_qubits'"),
        ({"status": "fine"}, "No status named 'fine'"),
        ({"n_qubits": 8}, "No status named ''"),
    ],
)
def test_a_row_outside_the_contract_is_refused_before_anything_is_written(tmp_path, row, message):
    with pytest.raises(ValueError, match=message):
        write_rows(tmp_path / "rows.parquet", "certificates", [row])
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_table_is_named():
    with pytest.raises(ValueError, match="Did you mean 'trainability'"):
        schema("trainabilty")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def write_half(temporary):
        temporary.write_text("ha")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, write_half)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="Run the rule that writes it"):
        read_parquet(tmp_path / "rows.parquet")


@pytest.mark.parametrize("kept", [0, 3, 100, -1])
def test_a_truncated_file_is_named_and_never_read_as_fewer_rows(tmp_path, kept):
    path = tmp_path / "rows.parquet"
    write_rows(path, "certificates", [ROW] * 50)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"rows\.parquet is not a whole Parquet file"):
        read_rows("certificates", [path])


def test_overwritten_bytes_are_found(tmp_path):
    path = tmp_path / "rows.parquet"
    write_rows(path, "certificates", [{**ROW, "value": float(i)} for i in range(2000)])
    whole = path.read_bytes()
    path.write_bytes(whole[:200] + bytes(200) + whole[400:])
    with pytest.raises(ValueError, match="is not a whole Parquet file"):
        read_rows("certificates", [path])


def test_a_table_of_another_version_is_refused(tmp_path):
    path = tmp_path / "rows.parquet"
    write_parquet(path, pa.table({"n_qubits": [8]}))
    with pytest.raises(ValueError, match="is no 'runs' table of this version"):
        read_rows("runs", [path])


def test_the_content_hash_leaves_out_measurements_and_nothing_else():
    plain = content_hash(to_table("certificates", [ROW]))
    for column in TABLES["certificates"]:
        kind = TABLES["certificates"][column]
        other = {
            **ROW,
            column: "ok" if kind == pa.string() else False if kind == pa.bool_() else 7,
        }
        if column == "status":
            other[column] = "failed"
        changed = content_hash(to_table("certificates", [other])) != plain
        assert changed == (column not in MEASUREMENT_COLUMNS), column


def test_the_content_hash_does_not_depend_on_the_file(tmp_path):
    table = to_table("certificates", [{**ROW, "value": float(i)} for i in range(100)])
    pq.write_table(table, tmp_path / "a", compression="none", row_group_size=7)
    pq.write_table(table, tmp_path / "b", compression="zstd")
    a, b = read_parquet(tmp_path / "a"), read_parquet(tmp_path / "b")
    assert content_hash(a) == content_hash(b) == content_hash(table)


def test_a_run_id_depends_on_the_cell_and_not_on_the_order_of_its_keys():
    one = identity({"n_qubits": 8, "seed": 1}, {"study": "a"}, "code")
    assert one["run_id"] == identity({"seed": 1, "n_qubits": 8}, {"study": "b"}, "code")["run_id"]
    assert one["run_id"] != identity({"seed": 2, "n_qubits": 8}, {"study": "a"}, "code")["run_id"]
    assert one["run_id"] != identity({"seed": 1, "n_qubits": 8}, {"study": "a"}, "new")["run_id"]
    assert one["config_hash"] != identity({}, {"study": "b"}, "code")["config_hash"]


def test_the_digest_is_the_published_one():
    # SHA-256 of '{"a":1}', first 16 hex digits: run ids stay comparable between versions.
    assert digest({"a": 1}) == "015abd7f5cc57a2d"


def test_the_meter_counts_cpu_seconds_and_not_sleep():
    with Meter() as meter:
        time.sleep(0.2)
        columns = meter.columns()
    assert columns["wall_time_s"] >= 0.2
    assert columns["cpu_time_s"] < 0.2
    assert set(columns) == set(MEASUREMENT_COLUMNS)
