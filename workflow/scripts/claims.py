"""Judge every claim of config/claims.yaml from the rows of a study."""

from qnnbench.claims import claim_rows, load_claims
from qnnbench.progress import follow
from qnnbench.results import Meter, digest, read_rows, write_rows
from qnnbench.study import identified

follow(snakemake.log[0])
source = snakemake.params.source
tables = {table: list(files) for table, files in snakemake.input.items() if table != "claims"}
frames = {table: read_rows(table, files) for table, files in tables.items()}
with Meter() as meter:
    found = claim_rows(load_claims(snakemake.input.claims), frames)
runs = sorted({run_id for rows in frames.values() for run_id in rows["run_id"].dropna()})
rows = [{**row, "backend": "rows"} for row in found]
cell = {"claims": digest([row["claim"] for row in found]), "run_ids": runs}
write_rows(
    snakemake.output.rows, "claims", identified(rows, cell, snakemake.config, source, meter)
)
