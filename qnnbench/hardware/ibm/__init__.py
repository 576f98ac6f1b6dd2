"""IBM's superconducting machines: Qiskit circuits with control by measured bits."""

from qnnbench.hardware.ibm.emulators import run_locally
from qnnbench.hardware.ibm.machines import LOCAL, MACHINES, quantum_seconds
from qnnbench.hardware.ibm.runtime import calibration, fetch, find, poll, submit
from qnnbench.hardware.jobs import Vendor

__all__ = ["VENDOR", "run_locally"]

VENDOR = Vendor(
    name="ibm",
    devices=(*MACHINES, *LOCAL),
    unit="QPU s",
    cost=quantum_seconds,
    submit=submit,
    find=find,
    poll=poll,
    fetch=fetch,
    calibration=calibration,
)
