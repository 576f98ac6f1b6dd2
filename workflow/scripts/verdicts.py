"""Judge how every curve scales with the width, from its rows."""

from qnnbench.moments.rows import verdict_rows
from qnnbench.progress import follow
from qnnbench.results import Meter, read_rows, write_rows
from qnnbench.study import entries, identified

follow(snakemake.log[0])
moments = read_rows("trainability", snakemake.input)
rows = []
for curve, entry in entries(snakemake.config, "trainability").items():
    with Meter() as meter:
        found = verdict_rows(moments[moments["curve"] == curve])
    columns = {"backend": "moments"}
    cell = {"verdict": entry}
    rows += identified([columns | row for row in found], cell, snakemake.config, meter)
write_rows(snakemake.output.rows, "verdicts", rows)
