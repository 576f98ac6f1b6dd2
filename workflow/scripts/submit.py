"""Send the jobs of one experiment to a vendor, or to its emulators; none is sent twice."""

import os
from pathlib import Path

import numpy as np

from qnnbench.hardware.experiments import submitted_rows, trained_run
from qnnbench.hardware.jobs import Ledger, NotConfirmed
from qnnbench.hardware.vendors import vendor_named
from qnnbench.progress import follow
from qnnbench.results import Meter, read_rows, write_rows
from qnnbench.states.storage import read_dataset
from qnnbench.study import identified

follow(snakemake.log[0])
source = snakemake.params.source
(cell,), (states,) = snakemake.params.cells, snakemake.input.states
study, folder, asked = snakemake.config["study"], Path(snakemake.params.ledger), cell["jobs"]
runs = read_rows("runs", snakemake.input.runs)
with Meter() as meter:
    network, params, columns = trained_run(cell["trained"]["arm"], runs, cell["n_qubits"], asked)
    rows = [{"status": "skipped", "reason": columns.pop("reason")}]
    if params is not None:
        try:
            rows = submitted_rows(
                network,
                params,
                read_dataset(states).with_fewer("test", asked["n_states"]),
                vendor_named(asked["vendor"], folder),
                Ledger(folder),
                devices=asked["devices"],
                n_shots=asked["n_shots"],
                rng=np.random.default_rng([cell["seed"], cell["n_qubits"], columns["repeat"]]),
                max_cost=asked.get("max_cost"),
                confirm=os.environ.get("QNNBENCH_CONFIRM") == study,
            )
        except NotConfirmed as price:
            raise SystemExit(f"{price} To confirm, set QNNBENCH_CONFIRM={study}.") from None
rows = [{**columns, "backend": asked["vendor"], **row} for row in rows]
write_rows(snakemake.output.rows, "jobs", identified(rows, cell, snakemake.config, source, meter))
