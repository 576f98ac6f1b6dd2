"""Fetch what has come back of the jobs of one experiment, and judge it."""

from pathlib import Path

from qnnbench.hardware.experiments import collected_rows, device_rows, waiting
from qnnbench.hardware.jobs import Ledger
from qnnbench.hardware.vendors import vendor_named
from qnnbench.progress import follow
from qnnbench.results import read_parquet, write_rows

follow(snakemake.log[0])
folder, (cell,) = Path(snakemake.params.ledger), snakemake.params.cells
rows = read_parquet(snakemake.input.rows).to_pylist()
vendor = vendor_named(cell["jobs"]["vendor"], folder)
rows = collected_rows(rows, vendor, Ledger(folder))
if told := waiting(rows):
    raise SystemExit(told)
write_rows(snakemake.output.jobs, "jobs", rows)
write_rows(snakemake.output.hardware, "hardware", device_rows(rows))
