"""Judge how every curve scales with the width, from its rows."""

from qnnbench.moments.verdict_rows import verdict_rows
from qnnbench.progress import follow
from qnnbench.results import Meter, read_rows, write_rows
from qnnbench.study import entries, identified

follow(snakemake.log[0])
source = snakemake.params.source
moments = read_rows("trainability", snakemake.input)
rows = []
for curve in entries(snakemake.config, "trainability"):
    judged = moments[moments["curve"] == curve]
    with Meter() as meter:
        found = verdict_rows(judged)
    columns = {"backend": "moments"}
    cell = {"verdict": sorted(judged["run_id"])}
    rows += identified([columns | row for row in found], cell, snakemake.config, source, meter)
write_rows(snakemake.output.rows, "verdicts", rows)
