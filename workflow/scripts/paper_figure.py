"""Draw one figure of the paper from the tables that it reads."""

from qnnbench.progress import follow
from qnnbench.report.paper import write_figure

follow(snakemake.log[0])
files = {table: list(paths) for table, paths in snakemake.input.items()}
write_figure(snakemake.params.name, files, snakemake.output.pdf, snakemake.output.png)
