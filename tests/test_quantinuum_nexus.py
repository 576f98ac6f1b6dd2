"""Jobs at Nexus: the real client against a service on this computer."""

import json
import logging
import subprocess
import sys
import textwrap

import cirq
import pytest

pytest.importorskip("qnexus")
pytest.importorskip("guppylang")
pytest.importorskip("pytket.extensions.quantinuum")

from qnnbench.hardware.jobs import Ledger, collect, submit
from qnnbench.hardware.machine import MachineCircuit
from qnnbench.hardware.quantinuum import VENDOR
from tests.fake_nexus import NOISE, REFRESH_TOKEN, Nexus, serving

pytestmark = pytest.mark.vendor

LIMIT = {"max_cost": 100, "confirm": True}


def flipped(n_qubits=2, turns=1.0):
    """Return a circuit whose only outcome is "10", read last qubit first, with feed-forward."""
    first, second = cirq.LineQubit(0), cirq.LineQubit(n_qubits - 1)
    flip = cirq.PhasedXPowGate(phase_exponent=0.0, exponent=turns)
    idle = [flip(q) for q in cirq.LineQubit.range(1, n_qubits - 1)]
    circuit = cirq.Circuit(
        [flip(first), cirq.measure(first, key="m0"), *idle],
        flip(second).with_classical_controls("m0"),
        [cirq.ResetChannel()(first), cirq.measure(first, key="m1")],
        cirq.measure(second, key="m2"),
    )
    return MachineCircuit(circuit, ("m2", "m1"), n_qubits)


@pytest.fixture
def nexus(tmp_path, monkeypatch):
    """A service with nobody's access token yet, and an account that is logged in."""
    from qnexus.client import get_nexus_client
    from qnexus.config import CONFIG

    service = Nexus()
    folder = tmp_path / ".qnx" / "auth"
    folder.mkdir(parents=True)
    token = {"data": {"refresh_token": REFRESH_TOKEN, "delete_version_after": None}}
    (folder / "token.json").write_text(json.dumps(token))
    with serving(service) as port, monkeypatch.context() as patch:
        patch.setenv("HOME", str(tmp_path))
        patch.setenv("NEXUS_PROTOCOL", "http")
        patch.setenv("NEXUS_DOMAIN", "127.0.0.1")
        patch.setenv("NEXUS_PORT", str(port))
        CONFIG.__init__()  # reads the environment again
        get_nexus_client(reload=True)
        yield service
        get_nexus_client().close()
    CONFIG.__init__()


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "jobs")


def only(jobs):
    ((identity, job),) = jobs.items()
    return identity, job


def test_a_job_carries_its_key_shots_limit_and_native_circuit(nexus, ledger):
    from pytket.circuit import Circuit
    from pytket_pecos import Emulator

    record = submit(ledger, VENDOR, "H2-1", flipped(), 20, **LIMIT)
    identity, job = only(nexus.jobs)
    assert (record.job_id, record.state) == (identity, "queued")
    assert job["name"] == record.key
    (item,) = job["definition"]["items"]
    assert (item["n_shots"], item["max_cost"]) == (20, pytest.approx(1.2 * record.cost))
    assert job["definition"]["backend_config"]["device_name"] == "H2-1"
    assert job["definition"]["backend_config"]["no_opt"] is True
    kind, uploaded = nexus.programs[item["program_id"]]
    assert kind == "circuits"
    unnamed = {key: uploaded[key] for key in uploaded if key not in ("description", "properties")}
    sent = Circuit.from_dict(unnamed)
    names = sorted(bit.reg_name for bit in sent.bits)
    assert names == ["c0000", "r0000", "r0001"]
    assert (
        Emulator(sent, qsim="state-vector", seed=1).run(3).to_readouts().tolist()
        == [[1, 1, 0]] * 3
    )


def test_what_came_back_is_read_by_the_names_of_bits(nexus, ledger):
    record = submit(ledger, VENDOR, "H2-1", flipped(), 3, **LIMIT)
    assert collect(ledger, VENDOR, record.key).state == "queued"
    nexus.move(record.job_id, "RUNNING")
    assert collect(ledger, VENDOR, record.key).state == "running"
    shots = [{"c0000": 1, "r0000": 1, "r0001": 0}] * 2 + [{"c0000": 0, "r0000": 0, "r0001": 1}]
    nexus.move(record.job_id, "COMPLETED", shots)
    done = collect(ledger, VENDOR, record.key)
    assert (done.state, done.counts) == ("done", {"01": 1, "10": 2})


def test_helios_is_sent_a_guppy_program(nexus, ledger):
    import base64

    from hugr.package import Package

    record = submit(ledger, VENDOR, "Helios-1", flipped(), 4, **LIMIT)
    _, job = only(nexus.jobs)
    assert job["definition"]["backend_config"]["system_name"] == "Helios-1"
    (item,) = job["definition"]["items"]
    assert (item["max_cost"], item["n_qubits"]) == (pytest.approx(1.2 * record.cost), 2)
    kind, uploaded = nexus.programs[item["program_id"]]
    assert kind == "hugr"
    assert Package.from_bytes(base64.b64decode(uploaded["contents"])).modules
    nexus.move(record.job_id, "COMPLETED", [{"r0001": 0, "r0000": 1}] * 4)
    assert collect(ledger, VENDOR, record.key).counts == {"10": 4}


def test_an_expired_token_is_renewed_in_the_middle(nexus, ledger):
    record = submit(ledger, VENDOR, "H2-1", flipped(), 1, **LIMIT)
    nexus.expire()
    nexus.move(record.job_id, "COMPLETED", [{"r0000": 1, "r0001": 0}])
    assert collect(ledger, VENDOR, record.key).state == "done"
    assert len(nexus.given) == 2


def test_without_login_the_client_says_how_to_log_in(nexus, ledger, tmp_path):
    from qnexus.client import get_nexus_client
    from qnexus.exceptions import AuthenticationError

    (tmp_path / ".qnx" / "auth" / "token.json").unlink()
    get_nexus_client(reload=True)
    with pytest.raises(AuthenticationError, match="qnx login"):
        submit(ledger, VENDOR, "H2-1", flipped(), 1, **LIMIT)
    assert nexus.jobs == {}


def test_an_answer_that_is_lost_is_found_by_name_and_never_paid_twice(nexus, ledger):
    import httpx

    nexus.loses_answers = True
    with pytest.raises(httpx.HTTPError):
        submit(ledger, VENDOR, "H2-1", flipped(), 5, **LIMIT)
    assert [record.state for record in ledger.records()] == ["intended"]
    record = submit(ledger, VENDOR, "H2-1", flipped(), 5, **LIMIT)
    assert record.job_id == only(nexus.jobs)[0]


def test_a_name_that_is_nobody_s_is_not_found(nexus, ledger):
    assert VENDOR.find("0" * 32, "H2-1") is None  # no project yet
    submit(ledger, VENDOR, "H2-1", flipped(), 1, **LIMIT)
    assert VENDOR.find("0" * 32, "H2-1") is None


def test_a_second_process_fetches_by_id(nexus, ledger):
    record = submit(ledger, VENDOR, "H2-1", flipped(), 2, **LIMIT)
    nexus.move(record.job_id, "COMPLETED", [{"c0000": 1, "r0000": 1, "r0001": 0}] * 2)
    program = """
        import sys
        from qnnbench.hardware.jobs import Ledger, collect
        from qnnbench.hardware.quantinuum import VENDOR
        print(dict(collect(Ledger(sys.argv[1]), VENDOR, sys.argv[2]).counts))
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(ledger.folder), record.key]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "{'10': 2}"
    assert ledger.get(record.key).state == "done"
    assert [method for method, path in nexus.requests if path.startswith("/api/jobs")][-1] == "GET"
    assert len(nexus.jobs) == 1


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("DEPLETED", "depleted"),
        ("ERROR", "error"),
        ("TERMINATED", "error"),
        ("CANCELLED", "cancelled"),
    ],
)
def test_a_job_that_ended_badly_says_so(nexus, ledger, status, state):
    record = submit(ledger, VENDOR, "H2-1", flipped(), 2, **LIMIT)
    nexus.move(record.job_id, status, message="the vendor's words")
    ended = collect(ledger, VENDOR, record.key)
    assert (ended.state, ended.counts) == (state, None)
    assert status in ended.message
    assert "the vendor's words" in ended.message


@pytest.mark.parametrize("status", ["DEPLETED", "TERMINATED", "ERROR", "COMPLETED"])
def test_shots_that_ran_are_kept(nexus, ledger, status):
    record = submit(ledger, VENDOR, "H2-1", flipped(), 9, **LIMIT)
    nexus.move(record.job_id, status, [{"c0000": 1, "r0000": 1, "r0001": 0}] * 4)
    ended = collect(ledger, VENDOR, record.key)
    assert (ended.state, ended.counts) == ("partial", {"10": 4})
    assert "4 of 9 shots" in ended.message


def test_what_does_not_fit_is_refused_before_anything_is_sent(nexus, ledger):
    with pytest.raises(ValueError, match="10000 shots in one job, asked for 10001: split"):
        submit(ledger, VENDOR, "H2-1", flipped(), 10_001, max_cost=1e6, confirm=True)
    with pytest.raises(ValueError, match=r"uses 57 qubits, H2-1 has 56.*reuse"):
        submit(ledger, VENDOR, "H2-1", flipped(57), 1, **LIMIT)
    with pytest.raises(ValueError, match="max_cost is 5"):
        VENDOR.submit(flipped(), 100, "H2-1", 5.0, "0" * 32)
    assert nexus.programs == {}
    assert nexus.jobs == {}


def test_a_job_that_nobody_sent_is_unknown(nexus):
    nexus.refresh()
    with pytest.raises(ValueError, match="no job 11111111-"):
        VENDOR.poll("11111111-1111-1111-1111-111111111111")


def test_the_record_keeps_the_figures_of_the_day(nexus, ledger):
    record = submit(ledger, VENDOR, "H2-1", flipped(), 1, **LIMIT)
    assert record.calibration == {"noise_specs": NOISE}
    assert VENDOR.calibration("Helios-1") == {}


def test_no_token_is_in_records_logs_or_output(nexus, ledger, caplog, capfd):
    with caplog.at_level(logging.DEBUG):
        record = submit(ledger, VENDOR, "H2-1", flipped(), 1, **LIMIT)
        nexus.expire()
        nexus.move(record.job_id, "ERROR", message="no ions")
        collect(ledger, VENDOR, record.key)
    files = [path.read_text() for path in ledger.folder.rglob("*") if path.is_file()]
    seen = "\n".join([*files, caplog.text, *capfd.readouterr()])
    assert record.key in seen
    assert len(nexus.given) == 2
    for token in (REFRESH_TOKEN, *nexus.given):
        assert token not in seen
