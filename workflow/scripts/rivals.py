"""Let classical learners judge one dataset from measurements of its certified states."""

from qnnbench.progress import follow
from qnnbench.results import Meter, write_rows
from qnnbench.rivals import rival_rows
from qnnbench.states.storage import read_dataset
from qnnbench.study import identified
from qnnbench.tasks.ceilings import above_ceiling

follow(snakemake.log[0])
rows = []
for cell, states in zip(snakemake.params.cells, snakemake.input.states, strict=True):
    with Meter() as meter:
        scores = rival_rows(cell["rival"], read_dataset(states), seed=cell["seed"])
    scores = [{**score, "dataset": cell["dataset"]} for score in scores]
    rows += identified(scores, cell, snakemake.config, meter)
if broken := above_ceiling(rows):
    raise SystemExit("\n".join(broken))
write_rows(snakemake.output.rows, "rivals", rows)
