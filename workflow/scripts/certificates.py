"""Compute what is claimed of one dataset from its states; a false claim stops the study."""

from qnnbench.progress import follow
from qnnbench.results import Meter, write_rows
from qnnbench.states.certificates import certify
from qnnbench.states.storage import read_dataset
from qnnbench.study import broken_claims, identified

follow(snakemake.log[0])
source = snakemake.params.source
rows = []
for cell, states in zip(snakemake.params.cells, snakemake.input.states, strict=True):
    setting = {"dataset": cell["dataset"], "n_qubits": cell["n_qubits"]}
    with Meter() as meter:
        facts = certify(read_dataset(states))
    rows += identified([setting | fact for fact in facts], cell, snakemake.config, source, meter)
if broken := broken_claims(rows):
    raise SystemExit(broken)
write_rows(snakemake.output.rows, "certificates", rows)
