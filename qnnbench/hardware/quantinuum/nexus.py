"""Jobs at Quantinuum Nexus, by the vendor's own client.

Credentials are those of ``qnx login``, in files that only the client reads. Everything is in
the project "qnnbench" of the account; a job has the key of its record as its name, and a
circuit carries the order of its outcomes in the names of its bits, so any process can find a
job by key and read its result by id.
"""

import logging
from typing import TYPE_CHECKING, Any

from qnnbench.hardware.jobs import JobStatus, State
from qnnbench.hardware.packages import vendor_module
from qnnbench.hardware.quantinuum.bits import counts_by_name, is_read
from qnnbench.hardware.quantinuum.guppy_programs import helios_program
from qnnbench.hardware.quantinuum.machines import check_fits, hqc, is_helios, machine_of
from qnnbench.hardware.quantinuum.pytket_circuits import compiled

if TYPE_CHECKING:
    from qnnbench.hardware.machine import MachineCircuit

PROJECT = "qnnbench"
_STATES: dict[str, State] = {
    "SUBMITTED": "queued",
    "QUEUED": "queued",
    "RUNNING": "running",
    "RETRYING": "running",
    "CANCELLING": "running",
    "COMPLETED": "done",
    "CANCELLED": "cancelled",
    "DEPLETED": "depleted",
    "ERROR": "error",
    "TERMINATED": "error",
}


def _client() -> Any:
    """Return the vendor's client, whose transport may not log at DEBUG: it would log tokens."""
    logging.getLogger("httpcore").setLevel(logging.INFO)
    return vendor_module("qnexus")


def submit(machine: "MachineCircuit", n_shots: int, device: str, max_cost: float, key: str) -> str:
    """Send a job named ``key`` and return its id.

    The service stops a job that reaches ``max_cost``.

    Raises:
        ValueError: The device takes no such circuit or number of shots, or its price is above
            ``max_cost``; nothing was sent.
    """
    check_fits(machine, n_shots, device)
    price = hqc(machine, n_shots, device)
    if price > max_cost:
        raise ValueError(
            f"{n_shots} shots cost {price:.4g} HQC on {device}, max_cost is {max_cost:.4g}: raise "
            "it, or ask for fewer shots."
        )
    program = helios_program(machine) if is_helios(device) else compiled(machine, device)
    qnx = _client()
    project = qnx.projects.get_or_create(name=PROJECT)
    upload = qnx.hugr.upload if is_helios(device) else qnx.circuits.upload
    job = qnx.start_execute_job(
        programs=upload(program, name=key, project=project),
        n_shots=n_shots,
        backend_config=_config(qnx, device),
        name=key,
        project=project,
        max_cost=float(max_cost),
        n_qubits=machine.n_physical if is_helios(device) else [],
    )
    return str(job.id)


def _config(qnx: Any, device: str) -> Any:
    """Return what the client wants to know of a device; nothing is optimised."""
    if not is_helios(device):
        return qnx.QuantinuumConfig(device_name=device, no_opt=True)
    is_emulator = device == machine_of(device) + "E"
    return qnx.HeliosConfig(
        system_name=device,
        emulator_config=qnx.models.HeliosEmulatorConfig() if is_emulator else None,
    )


def find(key: str, device: str) -> str | None:
    """Return the id of the oldest job of that name, None where there is none.

    The key of a job is a hash of its device too, so that the name alone tells.
    """
    qnx = _client()
    absent = vendor_module("qnexus.exceptions").ZeroMatches
    try:
        project = qnx.projects.get(name=PROJECT)
    except absent:
        return None
    oldest_first = vendor_module("qnexus.models.filters").SortFilterEnum.CREATED_ASC
    jobs = qnx.jobs.get_all(name_exact=[key], project=project, sort_filters=[oldest_first])
    return next((str(job.id) for job in jobs if job.annotations.name == key), None)


def poll(job_id: str) -> JobStatus:
    """Return how a job stands.

    A job that ended early, for lack of credit or at its maximum cost or for an error, is
    "done" if shots of it came back: they were paid for, and are there to be fetched.

    Raises:
        ValueError: The account sees no such job.
    """
    job = _job(job_id)
    status = job.last_status_detail
    state = _STATES[status.status.value]
    words = [status.status.value, status.message, status.error_detail]
    message = "" if state == "done" else ": ".join(filter(None, words))
    if state in ("error", "cancelled", "depleted") and _result(job) is not None:
        return JobStatus("done", f"{message} (ended early: the shots that ran are kept)")
    return JobStatus(state, message)


def fetch(job_id: str) -> dict[str, int]:
    """Return counts of a job by outcome, as many shots as ran.

    Raises:
        ValueError: The account sees no such job, or it has no result, or no longer.
    """
    result = _result(_job(job_id))
    if result is None:
        raise ValueError(f"Nexus has no result of job {job_id}: poll it until it is done")
    gone = vendor_module("qnexus.exceptions").DataGone
    try:
        outcome = result.download_result()
    except gone as error:
        raise ValueError(
            f"Nexus keeps the result of job {job_id} no longer: send it again as another repeat"
        ) from error
    if hasattr(outcome, "get_counts"):  # of pytket circuits
        read = sorted(bit for bit in outcome.c_bits if is_read(bit.reg_name))
        counts = outcome.get_counts(cbits=read)
        return {"".join(map(str, bits)): int(n) for bits, n in sorted(counts.items())}
    return counts_by_name(shot.as_dict() for shot in outcome.results)


def calibration(device: str) -> dict[str, Any]:
    """Return the error figures that the service gives for the machine behind a device.

    Returns:
        ``{"noise_specs": {…}}``, or nothing where the service gives none.
    """
    qnx = _client()
    issuer = vendor_module("qnexus.models").IssuerEnum.QUANTINUUM
    for found in qnx.devices.get_all(issuers=[issuer]):
        specs = found.stored_backend_info.misc.get("noise_specs")
        if found.device_name == machine_of(device) and specs:
            return {"noise_specs": specs}
    return {}


def _job(job_id: str) -> Any:
    """Return a job by id.

    Raises:
        ValueError: The account sees no such job.
    """
    qnx = _client()
    absent = vendor_module("qnexus.exceptions").ZeroMatches
    try:
        return qnx.jobs.get(id=job_id)
    except absent as error:
        raise ValueError(
            f"Nexus has no job {job_id} for this account: qnx login as the one that sent it"
        ) from error


def _result(job: Any) -> Any | None:
    """Return the reference to the result of the one circuit of a job, None where none is."""
    items = _client().jobs.results(job, allow_incomplete=True)
    return next((item for item in items if hasattr(item, "download_result")), None)
