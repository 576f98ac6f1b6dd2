"""A vendor whose machine room is a folder: one file per job, which outlives any process."""

import json
import os
import signal
from pathlib import Path

from qnnbench.hardware.jobs import JobStatus, Vendor


def file_vendor(folder, price=10.0, counts=None, state="done", killed=None):
    """Return a vendor that stores jobs in ``folder``.

    Args:
        folder: The machine room.
        price: Of every job.
        counts: What every job gives.
        state: What every job's status is.
        killed: "before" or "after" the job exists: the process then dies by SIGKILL.
    """
    room = Path(folder)
    room.mkdir(exist_ok=True)

    def submit(machine, n_shots, device, max_cost, key):
        if killed == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        (room / f"{len(list(room.iterdir()))}.json").write_text(
            json.dumps({"key": key, "device": device, "max_cost": max_cost})
        )
        if killed == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return jobs()[key]

    def jobs():
        return {json.loads(file.read_text())["key"]: file.stem for file in room.iterdir()}

    return Vendor(
        name="folder",
        devices=("drawer", "shelf"),
        unit="coins",
        cost=lambda machine, n_shots, device: price,
        submit=submit,
        find=lambda key, device: jobs().get(key),
        poll=lambda job_id: JobStatus(state, "as the folder says"),
        fetch=lambda job_id: counts or {"0": 60, "1": 40},
        calibration=lambda device: {"two_qubit_error": 1e-3},
    )
