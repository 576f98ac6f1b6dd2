"""Write the exact second moments of one curve at the widths of one batch."""

from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.config import law_of
from qnnbench.moments import CannotCompute, trainability_row
from qnnbench.progress import follow
from qnnbench.results import Meter, write_rows
from qnnbench.study import curve_columns, identified

follow(snakemake.log[0])
rows = []
for cell in snakemake.params.cells:
    network = build_ansatz(cell["ansatz"], cell["n_qubits"], **cell["options"])
    with Meter() as meter:
        try:
            row = trainability_row(
                network,
                observable_index=cell["observable_index"],
                angles=law_of(cell["angles"]),
                tolerance=cell["tolerance"],
                max_bond_dim=cell["max_bond_dim"],
            )
        except CannotCompute as reason:
            row = {"status": "skipped", "reason": str(reason)}
    rows += identified([curve_columns(cell) | row], cell, snakemake.config, meter)
write_rows(snakemake.output.rows, "trainability", rows)
