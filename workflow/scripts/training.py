"""Train one arm at the widths of one batch, every repeat; its states are certified."""

from qnnbench.backends import Limits
from qnnbench.progress import follow
from qnnbench.results import write_rows
from qnnbench.states.storage import read_dataset
from qnnbench.study import checkpoint_folder, identified
from qnnbench.tasks.ceilings import above_ceiling
from qnnbench.training import forget, train_arm

if __name__ == "__main__":  # processes that train repeats import this file
    follow(snakemake.log[0])
    source = snakemake.params.source
    tables = {"runs": [], "steps": [], "scores": []}
    narrower = {states.n_qubits: states for states in map(read_dataset, snakemake.input.narrower)}
    for cell, states in zip(snakemake.params.cells, snakemake.input.states, strict=True):
        trained = train_arm(
            cell["arm"],
            read_dataset(states),
            n_qubits=cell["n_qubits"],
            seed=cell["seed"],
            checkpoint_dir=checkpoint_folder(cell),
            budget=Limits(**cell.get("budget", {})),
            narrower={s["n_qubits"]: narrower[s["n_qubits"]] for s in cell.get("narrower", [])},
            n_processes=snakemake.threads,
        )
        for table, rows in trained.items():
            tables[table] += identified(rows, cell, snakemake.config, source)
    if broken := above_ceiling(tables["scores"]):
        raise SystemExit("\n".join(broken))
    for table, rows in tables.items():
        write_rows(snakemake.output[table], table, rows)
    for cell in snakemake.params.cells:
        forget(checkpoint_folder(cell))
