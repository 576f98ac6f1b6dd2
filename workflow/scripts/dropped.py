"""Write the rows that say of one table which cells ``max_cpu_hours`` left out."""

from qnnbench.plan.trim import Dropped, dropped_rows
from qnnbench.progress import follow
from qnnbench.results import write_rows

follow(snakemake.log[0])
gone = [Dropped(**one) for one in snakemake.params.dropped]
rows = dropped_rows(snakemake.params.asked, gone)
write_rows(snakemake.output.rows, snakemake.wildcards.table, rows)
