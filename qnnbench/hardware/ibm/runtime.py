"""Jobs on IBM's machines, through Qiskit's runtime client, and on their stand-ins.

The client reads the account where IBM keeps it, in ``~/.qiskit/qiskit-ibm.json`` or the
``QISKIT_IBM_…`` variables; nothing of it is passed, logged or stored here.
"""

import math
from statistics import median
from typing import TYPE_CHECKING, Any

from qnnbench.hardware.ibm import local_jobs
from qnnbench.hardware.ibm.emulators import aer_seed, on_snapshot, snapshot
from qnnbench.hardware.ibm.machines import LOCAL, check_fits, machine_named, quantum_seconds
from qnnbench.hardware.ibm.qiskit_circuits import READ, compiled, to_qiskit
from qnnbench.hardware.jobs import JobStatus, State
from qnnbench.hardware.machine import MachineCircuit
from qnnbench.hardware.packages import vendor_module

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.providers import BackendV2
    from qiskit_ibm_runtime import QiskitRuntimeService

STATES: dict[str, State] = {
    "INITIALIZING": "queued",
    "QUEUED": "queued",
    "RUNNING": "running",
    "DONE": "done",
    "ERROR": "error",
    "CANCELLED": "cancelled",
}
OVERRUN = "longer than maximum execution time"  # in the client's words for reason code 1305


def submit(machine: MachineCircuit, n_shots: int, device: str, max_cost: float, key: str) -> str:
    """Send a job and return its id; on a stand-in it runs before this returns.

    The job is tagged ``key``, and stopped by IBM after ``max_cost`` seconds of the machine,
    rounded up to whole ones: that bound holds whatever the estimate is worth. Placement and
    routing search from a seed that is taken from the key: asked again, the same is sent.

    Raises:
        ValueError: Unknown device, too few qubits or shots out of range; an estimate above
            ``max_cost``; no account, no time left on it, or no such machine on it.
        ImportError: Qiskit or its runtime client is not installed.
    """
    check_fits(machine, n_shots, device)
    seed = int(key[:7], 16)
    if device in LOCAL:
        circuit, backend = on_snapshot(machine, device, seed)
        result = _send(circuit, backend, n_shots, key, seed=aer_seed(seed)).result()
        return local_jobs.keep(key, device, _read(result))
    cost = quantum_seconds(machine, n_shots, device)
    if cost > max_cost:
        raise ValueError(
            f"a job of {n_shots} shots takes about {cost:.4g} QPU s on {device}, more than "
            f"max_cost={max_cost:.4g}. Raise max_cost, or ask for fewer shots."
        )
    service = _service()
    if service.usage().get("usage_limit_reached"):
        raise ValueError(
            f"the IBM account has no machine time left, and the job takes {cost:.3g} QPU s. Wait "
            "for the next period, or save an account of another plan."
        )
    backend = _backend(service, device)
    circuit = compiled(to_qiskit(machine), backend, seed)
    return _send(circuit, backend, n_shots, key, seconds=math.ceil(max_cost)).job_id()


def find(key: str, device: str) -> str | None:
    """Return the id of the last job that is tagged ``key``, None where there is none.

    Raises:
        ValueError: Unknown device, no account, or no such machine on it.
    """
    machine_named(device)
    if device in LOCAL:
        job_id = local_jobs.job_id(key, device)
        return job_id if local_jobs.kept(job_id) else None
    service = _service()
    _backend(service, device)  # the client then asks the instance that has the machine
    jobs = service.jobs(limit=1, backend_name=device, job_tags=[key])
    return jobs[0].job_id() if jobs else None


def poll(job_id: str) -> JobStatus:
    """Return how a job stands: "depleted" where it ran into its bound on machine time."""
    if local_jobs.is_local(job_id):
        if local_jobs.kept(job_id):
            return JobStatus("done")
        return JobStatus("error", f"no job {job_id} was kept on this computer")
    service = _service()
    job = service.job(job_id)
    state = STATES[job.status()]
    message = (job.error_message() or "") if state == "error" else ""
    if OVERRUN in message:
        state = "depleted"
    if state == "queued" and service.usage().get("usage_limit_reached"):
        message = "the account has no machine time left: the job waits for more"
    return JobStatus(state, message)


def fetch(job_id: str) -> dict[str, int]:
    """Return shots by outcome of a job that is done, bit k that of key ``machine.read[k]``.

    Raises:
        ValueError: No such job was kept on this computer.
    """
    if not local_jobs.is_local(job_id):
        return _read(_service().job(job_id).result())
    job = local_jobs.kept(job_id)
    if job is None:
        raise ValueError(f"no job {job_id} was kept on this computer; submit it again")
    return job["counts"]


def calibration(device: str) -> dict[str, Any]:
    """Return a machine's last calibration: its time, median errors and durations in ns.

    Raises:
        ValueError: Unknown device, no account, or no such machine on it.
    """
    machine_named(device)
    source = snapshot(device) if device in LOCAL else _backend(_service(), device)
    properties = source.properties()
    told: dict[str, Any] = {"updated": properties.last_update_date.isoformat()}
    values: dict[str, list[float]] = {}
    for gate in properties.gates:
        for entry in gate.parameters:
            values.setdefault(f"{gate.gate}_{entry.name.removeprefix('gate_')}", []).append(
                entry.value
            )
    for qubit in properties.qubits:
        for entry in qubit:
            if entry.name in ("readout_error", "readout_length", "T1", "T2"):
                values.setdefault(entry.name, []).append(entry.value)
    return told | {f"median_{name}": median(found) for name, found in sorted(values.items())}


def _send(
    circuit: "QuantumCircuit",
    backend: "BackendV2",
    n_shots: int,
    key: str,
    seconds: int | None = None,
    seed: int | None = None,
) -> Any:
    """Return the job of a compiled circuit, on a machine or, with a seed, on Aer."""
    from qiskit_ibm_runtime.executor_sampler import Sampler

    options = {
        "environment": {"job_tags": [key]},
        "max_execution_time": seconds,
        "simulator": {"seed_simulator": seed},
    }
    return Sampler(mode=backend, options=options).run([circuit], shots=n_shots)


def _read(result: Any) -> dict[str, int]:
    """Return the counts of the one circuit of a result, first bit first."""
    counts = result[0].data[READ].get_counts()
    return {bits[::-1]: int(number) for bits, number in counts.items()}


def _service() -> "QiskitRuntimeService":
    """Return the client of the account that is saved on this computer.

    Raises:
        ValueError: None is saved.
    """
    vendor_module("qiskit_ibm_runtime")
    from qiskit_ibm_runtime import QiskitRuntimeService
    from qiskit_ibm_runtime.accounts import AccountNotFoundError

    try:
        return QiskitRuntimeService()
    except AccountNotFoundError as missing:
        raise ValueError(
            "no IBM account is saved on this computer. Save one once, in Python: "
            "qiskit_ibm_runtime.QiskitRuntimeService.save_account(token=…, instance=…)."
        ) from missing


def _backend(service: "QiskitRuntimeService", device: str) -> "BackendV2":
    """Return a machine with its fractional gates, if it has them.

    Raises:
        ValueError: The account does not have it.
    """
    from qiskit.providers.exceptions import QiskitBackendNotFoundError

    try:
        return service.backend(device, use_fractional_gates=None)
    except QiskitBackendNotFoundError as missing:
        names = sorted(backend.name for backend in service.backends())
        raise ValueError(
            f"the saved IBM account has no machine {device!r}; it has {names}."
        ) from missing
