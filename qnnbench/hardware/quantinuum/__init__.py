"""Quantinuum's trapped-ion machines: H2 by pytket circuits, Helios by Guppy programs."""

from qnnbench.hardware.jobs import Vendor
from qnnbench.hardware.quantinuum.emulators import run_locally
from qnnbench.hardware.quantinuum.machines import DEVICES, hqc
from qnnbench.hardware.quantinuum.nexus import calibration, fetch, find, poll, submit

__all__ = ["DEVICES", "VENDOR", "run_locally"]

VENDOR = Vendor(
    name="quantinuum",
    devices=DEVICES,
    unit="HQC",
    cost=hqc,
    submit=submit,
    find=find,
    poll=poll,
    fetch=fetch,
    calibration=calibration,
)
