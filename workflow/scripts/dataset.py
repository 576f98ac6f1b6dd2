"""Write the states of one dataset at one width, and the row that describes them."""

from qnnbench.progress import follow
from qnnbench.results import Meter, write_rows
from qnnbench.states.datasets import build_dataset
from qnnbench.states.storage import dataset_row, write_dataset
from qnnbench.study import identified

follow(snakemake.log[0])
[cell] = snakemake.params.cells
with Meter() as meter:
    dataset = build_dataset(cell["family"], cell["n_qubits"], seed=cell["seed"], **cell["options"])
    write_dataset(snakemake.output.states, dataset)
    row = dataset_row(dataset, snakemake.output.states) | {"dataset": cell["dataset"]}
named = {"family": cell["family"], "seed_path": str(cell["seed"])}
rows = identified([row | named], cell, snakemake.config, meter)
write_rows(snakemake.output.rows, "datasets", rows)
