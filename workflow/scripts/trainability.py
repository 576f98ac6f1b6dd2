"""Write the second moments of one curve at the widths and depths of one batch."""

from itertools import zip_longest

from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.config import law_of
from qnnbench.moments.rows import closed_form_row, measured_row
from qnnbench.progress import follow
from qnnbench.results import Meter, write_rows
from qnnbench.states.storage import read_dataset
from qnnbench.study import curve_columns, identified

follow(snakemake.log[0])
source = snakemake.params.source
rows = []
for cell, states in zip_longest(snakemake.params.cells, snakemake.input.states):
    columns = curve_columns(snakemake.wildcards.curve, cell)
    with Meter() as meter:
        if "closed_form" in cell:
            row = closed_form_row(cell["closed_form"], cell["n_qubits"])
        else:
            network = build_ansatz(cell["ansatz"], cell["n_qubits"], **cell["options"])
            law = law_of(cell["angles"], cell["n_qubits"], network.n_layers)
            row = measured_row(cell, network, law, states and read_dataset(states))
    rows += identified([columns | row], cell, snakemake.config, source, meter)
write_rows(snakemake.output.rows, "trainability", rows)
