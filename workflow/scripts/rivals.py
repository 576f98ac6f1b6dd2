"""Let classical learners judge one dataset from measurements of its certified states."""

from qnnbench.progress import follow
from qnnbench.results import Meter, read_rows, write_rows
from qnnbench.rivals import rival_rows
from qnnbench.rivals.surrogate import surrogates_of
from qnnbench.states.storage import read_dataset
from qnnbench.study import identified
from qnnbench.tasks.ceilings import above_ceiling

follow(snakemake.log[0])
source = snakemake.params.source
runs = read_rows("runs", snakemake.input.runs).to_dict("records")
rows = []
for cell, states in zip(snakemake.params.cells, snakemake.input.states, strict=True):
    dataset = read_dataset(states)
    with Meter() as meter:
        scores = rival_rows(cell["rivals"], dataset, seed=cell["seed"])
        scores += surrogates_of([c["arm"] for c in cell["trained"].values()], runs, dataset)
    scores = [{**score, "dataset": cell["dataset"]} for score in scores]
    rows += identified(scores, cell, snakemake.config, source, meter)
if broken := above_ceiling(rows):
    raise SystemExit("\n".join(broken))
write_rows(snakemake.output.rows, "rivals", rows)
