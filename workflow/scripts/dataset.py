"""Write the states of one dataset at one width, and the row that describes them."""

from qnnbench.progress import follow
from qnnbench.results import Meter, write_rows
from qnnbench.states.own import dataset_of
from qnnbench.states.storage import dataset_row, write_dataset
from qnnbench.study import identified

follow(snakemake.log[0])
source = snakemake.params.source
[cell] = snakemake.params.cells
with Meter() as meter:
    dataset = dataset_of(cell)
    write_dataset(snakemake.output.states, dataset)
    row = dataset_row(dataset, snakemake.output.states) | {"dataset": cell["dataset"]}
drawn = cell["seed"] is not None  # states of a user's file are as they are
named = {"family": cell["family"], "seed_path": str(cell["seed"]) if drawn else None}
rows = identified([row | named], cell, snakemake.config, source, meter)
write_rows(snakemake.output.rows, "datasets", rows)
