"""Run trained classifiers on error models of machines, at the widths of one batch."""

import numpy as np

from qnnbench.hardware.accuracy import machine_rows
from qnnbench.hardware.experiments import trained_run
from qnnbench.progress import follow
from qnnbench.results import Meter, read_rows, write_rows
from qnnbench.states.storage import read_dataset
from qnnbench.study import identified

follow(snakemake.log[0])
source = snakemake.params.source
runs = read_rows("runs", snakemake.input.runs)
rows = []
for cell, states in zip(snakemake.params.cells, snakemake.input.states, strict=True):
    asked = cell["hardware"]
    dataset = read_dataset(states).with_fewer("test", asked["n_states"])
    with Meter() as meter:
        network, params, columns = trained_run(
            cell["trained"]["arm"], runs, cell["n_qubits"], asked
        )
        found = [{"status": "skipped", "reason": columns.pop("reason")}]
        if params is not None:
            rng = np.random.default_rng([cell["seed"], cell["n_qubits"], columns["repeat"]])
            models, scales = asked["devices"], asked["noise_scales"]
            found = machine_rows(network, params, dataset, models, scales, asked["n_shots"], rng)
    found = [{**columns, "backend": "error model", **row} for row in found]
    rows += identified(found, cell, snakemake.config, source, meter)
write_rows(snakemake.output.rows, "hardware", rows)
