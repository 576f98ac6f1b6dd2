"""Train classifiers by shots on error models of machines, at the width of one batch."""

from qnnbench.hardware.device_steps import device_step_rows
from qnnbench.progress import follow
from qnnbench.results import Meter, read_rows, write_rows
from qnnbench.states.storage import read_dataset
from qnnbench.study import identified

follow(snakemake.log[0])
source = snakemake.params.source
(cell,), (states,) = snakemake.params.cells, snakemake.input.states
runs = read_rows("runs", snakemake.input.runs)
with Meter() as meter:
    rows = device_step_rows(
        cell["trained"]["arm"], runs, read_dataset(states), cell["device_training"], cell["seed"]
    )
rows = identified(rows, cell, snakemake.config, source, meter)
write_rows(snakemake.output.rows, "device_steps", rows)
