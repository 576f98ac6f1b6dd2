"""Put results, report, environment and config of the study into one zip to deposit."""

from pathlib import Path

from qnnbench.archive import named_files, write_archive
from qnnbench.progress import follow

follow(snakemake.log[0])
root = Path(snakemake.output[0]).parents[1]  # this folder, or where storage keeps its copy
results, reports = root / snakemake.params.results, root / snakemake.params.reports
made = named_files(snakemake.input.rows, results, "results")
made |= named_files([*snakemake.input.report, *snakemake.input.paper], reports, "report")
states = named_files(snakemake.input.states, results, "results")
project = Path(snakemake.scriptdir).resolve().parents[1]
with_states = snakemake.params.with_states
write_archive(snakemake.output[0], snakemake.config, made, states, project, with_states)
