"""Jobs are priced, confirmed, sent once whatever dies, and fetched later by anybody."""

import json
import multiprocessing
from pathlib import Path

import cirq
import pytest

from qnnbench.hardware.jobs import JobRecord, Ledger, NotConfirmed, collect, job_key, submit
from qnnbench.hardware.machine import MachineCircuit
from tests.file_vendor import file_vendor


def one_qubit(turns=0.25):
    qubit = cirq.LineQubit(0)
    gate = cirq.PhasedXPowGate(phase_exponent=0.0, exponent=turns)
    return MachineCircuit(cirq.Circuit(gate(qubit), cirq.measure(qubit, key="m0")), ("m0",), 1)


def agreed(ledger, vendor, machine=None, n_shots=100, **options):
    machine = machine or one_qubit()
    options = {"max_cost": 1000.0, "confirm": True, **options}
    return submit(ledger, vendor, "drawer", machine, n_shots, **options)


def n_jobs(folder):
    return len(list(Path(folder).iterdir()))


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "jobs")


@pytest.fixture
def room(tmp_path):
    return tmp_path / "room"


def test_the_same_request_is_sent_once(ledger, room):
    vendor = file_vendor(room)
    first = agreed(ledger, vendor)
    assert agreed(ledger, vendor) == first
    assert n_jobs(room) == 1


@pytest.mark.parametrize(
    "other", [{"repeat": 1}, {"n_shots": 101}, {"machine": one_qubit(turns=0.25 + 1e-15)}]
)
def test_another_request_is_another_job(ledger, room, other):
    vendor = file_vendor(room)
    assert agreed(ledger, vendor).key != agreed(ledger, vendor, **other).key
    assert n_jobs(room) == 2


def test_a_job_is_recorded_with_its_price_and_calibration_before_it_is_fetched(ledger, room):
    record = agreed(ledger, file_vendor(room))
    assert ledger.get(record.key) == record
    assert (record.state, record.cost, record.unit) == ("queued", 10.0, "coins")
    assert record.calibration == {"two_qubit_error": 1e-3}
    assert ledger.spent("coins") == 10.0
    assert ledger.spent("HQC") == 0.0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_cost": None}, "costs 10 coins on drawer; give max_cost"),
        ({"max_cost": 9.0}, "max_cost is 9"),
        ({"confirm": False}, "nobody has confirmed"),
    ],
)
def test_nothing_is_sent_without_a_limit_and_a_confirmation(ledger, room, options, words):
    with pytest.raises(NotConfirmed, match=words):
        agreed(ledger, file_vendor(room), **options)
    assert n_jobs(room) == 0
    assert ledger.records() == []


def test_the_limit_holds_for_all_jobs_together(ledger, room):
    vendor = file_vendor(room)
    agreed(ledger, vendor, max_cost=25.0)
    agreed(ledger, vendor, repeat=1, max_cost=25.0)
    with pytest.raises(NotConfirmed, match="20 are spent"):
        agreed(ledger, vendor, repeat=2, max_cost=25.0)
    assert n_jobs(room) == 2


def test_what_costs_nothing_needs_no_confirmation(ledger, room):
    vendor = file_vendor(room, price=0.0)
    assert agreed(ledger, vendor, max_cost=None, confirm=False).job_id == "0"


@pytest.mark.parametrize("killed", ["before", "after"])
def test_a_killed_submission_is_charged_once(ledger, room, killed):
    process = multiprocessing.get_context("fork").Process(
        target=agreed, args=(ledger, file_vendor(room, killed=killed))
    )
    process.start()
    process.join(60)
    assert process.exitcode == -9
    (record,) = ledger.records()
    assert record.job_id is None
    again = agreed(ledger, file_vendor(room))
    assert again.key == record.key
    assert again.job_id == "0"
    assert n_jobs(room) == 1


def test_a_killed_submission_that_was_never_sent_needs_agreement_anew(ledger, room):
    ledger.put(
        JobRecord(job_key(one_qubit(), 100, "drawer"), "folder", "drawer", "", 100, 0, 10, "coins")
    )
    with pytest.raises(NotConfirmed, match="nobody has confirmed"):
        agreed(ledger, file_vendor(room), confirm=False)
    agreed(ledger, file_vendor(room), max_cost=10.0)  # its own price is not counted twice


def test_counts_are_fetched_once_and_kept(ledger, room):
    key = agreed(ledger, file_vendor(room)).key
    done = collect(ledger, file_vendor(room), key)
    assert done.state == "done"
    assert done.counts == {"0": 60, "1": 40}
    assert collect(ledger, file_vendor(room, counts={"1": 100}), key) == done


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_job_that_waits_is_asked_for_again(ledger, room, state):
    key = agreed(ledger, file_vendor(room)).key
    assert collect(ledger, file_vendor(room, state=state), key).is_waiting
    assert collect(ledger, file_vendor(room), key).state == "done"


@pytest.mark.parametrize("state", ["error", "cancelled", "depleted"])
def test_a_job_that_failed_says_why_and_is_not_sent_again(ledger, room, state):
    key = agreed(ledger, file_vendor(room)).key
    ended = collect(ledger, file_vendor(room, state=state), key)
    assert (ended.state, ended.message, ended.counts) == (state, "as the folder says", None)
    assert agreed(ledger, file_vendor(room)) == ended
    assert n_jobs(room) == 1


def test_fewer_shots_than_asked_are_a_partial_result(ledger, room):
    key = agreed(ledger, file_vendor(room)).key
    partial = collect(ledger, file_vendor(room, counts={"0": 7}), key)
    assert partial.state == "partial"
    assert partial.message.startswith("7 of 100 shots came back")


def test_a_job_that_was_never_sent_cannot_be_collected(ledger, room):
    with pytest.raises(ValueError, match="Submit it first"):
        collect(ledger, file_vendor(room), "0" * 32)


def test_a_damaged_record_stops_before_anything_is_paid_twice(ledger, room):
    key = agreed(ledger, file_vendor(room)).key
    (ledger.folder / f"{key}.json").write_text('{"key": ')
    with pytest.raises(ValueError, match="is no job record"):
        agreed(ledger, file_vendor(room))
    assert n_jobs(room) == 1


def test_an_unknown_device_is_named_beside_the_known_ones(ledger, room):
    with pytest.raises(ValueError, match="no device 'attic'; it has"):
        submit(ledger, file_vendor(room), "attic", one_qubit(), 10)


def test_a_record_holds_what_was_asked_and_nothing_else(ledger, room):
    record = agreed(ledger, file_vendor(room))
    stored = json.loads((ledger.folder / f"{record.key}.json").read_text())
    assert set(stored) == set(JobRecord.__dataclass_fields__)
