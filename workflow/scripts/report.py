"""Draw the figures and write the page from every row of the study."""

from pathlib import Path

from qnnbench.progress import follow
from qnnbench.report import write_report

follow(snakemake.log[0])
tables = {table: [Path(file) for file in files] for table, files in snakemake.input.items()}
write_report(tables, Path(snakemake.output.page).parent, snakemake.config)
