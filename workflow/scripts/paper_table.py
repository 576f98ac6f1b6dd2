"""Write one table of the paper from the tables that it reads."""

from qnnbench.progress import follow
from qnnbench.report.paper import write_table

follow(snakemake.log[0])
files = {table: list(paths) for table, paths in snakemake.input.items()}
write_table(snakemake.params.name, files, snakemake.output.csv, snakemake.output.tex)
