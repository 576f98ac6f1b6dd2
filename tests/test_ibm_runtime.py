"""Jobs through Qiskit's real runtime client, against a server on this computer."""

import logging

import cirq
import numpy as np
import pytest
from scipy import stats

pytest.importorskip("qiskit_ibm_runtime")

from qiskit_ibm_runtime.accounts import management

from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.hardware.ibm import VENDOR, local_jobs
from qnnbench.hardware.ibm.qiskit_circuits import gate_counts
from qnnbench.hardware.jobs import JobStatus, Ledger, NotConfirmed, collect, submit
from qnnbench.hardware.machine import MachineCircuit, machine_circuit
from tests.fake_ibm import FakeIBM

pytestmark = pytest.mark.vendor

KEY = "0123456789abcdef" * 2
TOKEN = "a-token-that-nobody-may-see"
CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/1:2::"
READ = [0, 4, 2]  # the qubit that the eight are pooled into, and two beside it


@pytest.fixture(scope="module")
def server():
    fake = FakeIBM()
    yield fake
    fake.close()


@pytest.fixture
def ibm(server, monkeypatch):
    """Return the server, emptied; the environment holds an account on it."""
    server.jobs.clear()
    server.limit_reached = False
    monkeypatch.setenv("QISKIT_IBM_TOKEN", TOKEN)
    monkeypatch.setenv("QISKIT_IBM_INSTANCE", CRN)
    monkeypatch.setenv("QISKIT_IBM_URL", f"{server.url}/experimental")  # taken as it is
    monkeypatch.setenv("IAM_URL", server.url)
    monkeypatch.setenv("QISKIT_FUNCTIONS_EXPERIMENTAL", "1")  # instances are not looked up
    return server


@pytest.fixture(scope="module")
def qcnn():
    """Return an 8-qubit QCNN that measures and feeds forward, and the law of its bits."""
    network = build_ansatz("qcnn", 8)
    params = np.random.default_rng(5).uniform(-3, 3, len(network.symbols))
    values = dict(zip(network.symbols, params, strict=True))
    state = cirq.Simulator(dtype=np.complex128).simulate(
        cirq.resolve_parameters(network.circuit, values), qubit_order=cirq.LineQubit.range(8)
    )
    law = (abs(state.final_state_vector) ** 2).reshape((2,) * 8)
    law = law.transpose([*READ, *(q for q in range(8) if q not in READ)]).reshape(8, -1).sum(1)
    return machine_circuit(network, params, READ), law


@pytest.fixture(scope="module")
def bell():
    a, b = cirq.LineQubit.range(2)
    half = cirq.PhasedXPowGate(exponent=0.5, phase_exponent=0.5)
    ops = [half.on_each(a, b), cirq.ZZ(a, b) ** 0.5, half.on_each(a, b)]
    measured = [cirq.measure(q, key=f"m{q.x}") for q in (a, b)]
    return MachineCircuit(cirq.Circuit(ops, measured), ("m0", "m1"), 2)


def test_a_job_is_sent_tagged_bounded_found_and_fetched(ibm, qcnn):
    machine, law = qcnn
    assert VENDOR.find(KEY, "ibm_kingston") is None
    job_id = VENDOR.submit(machine, 4000, "ibm_kingston", 10.9, KEY)
    posted = ibm.jobs[job_id]
    assert posted["tags"] == [KEY]
    assert posted["cost"] == 11  # seconds after which IBM stops it
    assert posted["backend"] == "ibm_kingston"
    # each call below makes a client of its own, as a second process would
    assert VENDOR.find(KEY, "ibm_kingston") == job_id
    assert VENDOR.find(KEY[::-1], "ibm_kingston") is None
    assert VENDOR.poll(job_id) == JobStatus("queued")
    posted["state"] = {"status": "Completed"}
    assert VENDOR.poll(job_id) == JobStatus("done")
    counts = VENDOR.fetch(job_id)
    observed = np.array([counts.get(format(k, "03b"), 0) for k in range(8)])
    assert observed.sum() == 4000
    assert stats.chisquare(observed, 4000 * law).pvalue > 0.001


def test_zz_rotations_stay_one_gate_on_machines_that_have_them(ibm, bell):
    job_id = VENDOR.submit(bell, 10, "ibm_kingston", 10, KEY)
    ibm.jobs[job_id]["state"] = {"status": "Completed"}
    VENDOR.fetch(job_id)
    sent = ibm.runs[job_id]
    counts = gate_counts(sent)
    assert counts["rzz"] == 1
    assert "cz" not in counts


def test_zz_angles_are_folded_into_what_machines_take(ibm, qcnn):
    job_id = VENDOR.submit(qcnn[0], 10, "ibm_kingston", 10, KEY)
    ibm.jobs[job_id]["state"] = {"status": "Completed"}
    VENDOR.fetch(job_id)
    angles = [one.operation.params[0] for one in ibm.runs[job_id].data if one.name == "rzz"]
    assert len(angles) >= qcnn[0].n_two_qubit  # and what routing adds
    assert all(0 <= float(angle) <= np.pi / 2 for angle in angles)


RAN_LONG = {"reason": "Ran too long", "reason_code": 1305}


@pytest.mark.parametrize(
    ("state", "expected", "words"),
    [
        ({"status": "Queued"}, "queued", ""),
        ({"status": "Running"}, "running", ""),
        ({"status": "Completed"}, "done", ""),
        ({"status": "Failed", "reason": "a fridge warmed up"}, "error", "a fridge warmed up"),
        ({"status": "Cancelled"}, "cancelled", ""),
        ({"status": "Cancelled", **RAN_LONG}, "depleted", "longer than maximum execution time"),
    ],
)
def test_states_are_ibms(ibm, bell, state, expected, words):
    job_id = VENDOR.submit(bell, 10, "ibm_kingston", 10, KEY)
    ibm.jobs[job_id]["state"] = state
    status = VENDOR.poll(job_id)
    assert status.state == expected
    assert words in status.message
    assert bool(words) == bool(status.message)


def test_nothing_is_sent_that_costs_too_much_or_cannot_be_paid(ibm, bell):
    with pytest.raises(ValueError, match=r"about 5.5 QPU s .* more than max_cost=5.4"):
        VENDOR.submit(bell, 10_000, "ibm_kingston", 5.4, KEY)
    job_id = VENDOR.submit(bell, 10_000, "ibm_kingston", 6, KEY)
    ibm.limit_reached = True
    with pytest.raises(ValueError, match="no machine time left"):
        VENDOR.submit(bell, 10_000, "ibm_kingston", 6, KEY)
    assert VENDOR.poll(job_id).state == "queued"
    assert "no machine time left" in VENDOR.poll(job_id).message
    assert len(ibm.jobs) == 1


def test_a_killed_submission_is_found_and_not_paid_twice(ibm, bell, tmp_path, monkeypatch):
    ledger = Ledger(tmp_path)
    asked = (ledger, VENDOR, "ibm_kingston", bell, 10)
    with pytest.raises(NotConfirmed, match=r"costs 2\.003 QPU s"):
        submit(*asked)
    put = Ledger.put

    def killed(self, record):
        if record.job_id is not None:
            raise KeyboardInterrupt
        put(self, record)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "put", killed)
        with pytest.raises(KeyboardInterrupt):
            submit(*asked, max_cost=10, confirm=True)
    assert len(ibm.jobs) == 1
    record = submit(*asked, max_cost=10, confirm=True)
    assert list(ibm.jobs) == [record.job_id]
    assert record.calibration["median_cz_error"] == pytest.approx(1.8e-3, rel=0.05)
    ibm.jobs[record.job_id]["state"] = {"status": "Completed"}
    done = collect(ledger, VENDOR, record.key)
    assert sum(done.counts.values()) == 10


def test_the_account_is_not_told_to_anyone(ibm, bell, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    ledger = Ledger(tmp_path)
    record = submit(ledger, VENDOR, "ibm_kingston", bell, 10, max_cost=10, confirm=True)
    ibm.jobs[record.job_id]["state"] = {"status": "Completed"}
    collect(ledger, VENDOR, record.key)
    written = "".join(path.read_text() for path in tmp_path.glob("*.json"))
    assert len(written) > 100
    told = written + caplog.text + str(ibm.jobs)
    assert TOKEN not in told
    assert "Bearer" not in told
    assert CRN not in written


def test_a_missing_account_or_machine_says_what_to_do(ibm, bell, monkeypatch, tmp_path):
    with pytest.raises(ValueError, match=r"no machine 'ibm_boston'; it has \['ibm_kingston'\]"):
        VENDOR.submit(bell, 10, "ibm_boston", 10, KEY)
    monkeypatch.delenv("QISKIT_IBM_TOKEN")
    monkeypatch.setattr(
        management, "_DEFAULT_ACCOUNT_CONFIG_JSON_FILE", str(tmp_path / "none.json")
    )
    with pytest.raises(ValueError, match=r"no IBM account .*save_account"):
        VENDOR.find(KEY, "ibm_kingston")


def test_a_stand_in_runs_at_once_and_keeps_its_job(qcnn):
    machine, law = qcnn
    assert VENDOR.find(KEY, "fake_kingston") is None
    job_id = VENDOR.submit(machine, 2000, "fake_kingston", 0, KEY)
    assert VENDOR.find(KEY, "fake_kingston") == job_id
    assert VENDOR.poll(job_id) == JobStatus("done")
    counts = VENDOR.fetch(job_id)
    observed = np.array([counts.get(format(k, "03b"), 0) for k in range(8)]) / 2000
    assert sum(counts.values()) == 2000
    assert abs(observed - law).sum() / 2 < 0.1  # with the noise of one day
    lost = local_jobs.job_id(KEY[::-1], "fake_kingston")
    assert VENDOR.poll(lost).state == "error"
    with pytest.raises(ValueError, match=f"no job {lost} was kept"):
        VENDOR.fetch(lost)
