"""The tables of runs on machines: what was reached, the jobs behind it, training by shots."""

import pandas as pd

from qnnbench.report.cells import Columns, Table, number, score, table, tenths, text

_RUN: Columns = {
    "arm": ("arm", text),
    "dataset": ("dataset", text),
    "n_qubits": ("qubits", number),
    "device": ("device", text),
}
_SIZE: Columns = {
    "n_physical": ("physical qubits", number),
    "n_two_qubit": ("two-qubit gates", number),
    "circuit_depth": ("their depth", number),
    "no_error_probability": ("no error", score),
    "n_shots": ("shots per state", number),
}
_STATUS: Columns = {"status": ("status", text), "reason": ("reason", text)}


def hardware(rows: pd.DataFrame) -> Table:
    """Return every accuracy on a machine, its model or its emulator."""
    columns: Columns = {
        **_RUN,
        "backend": ("run by", text),
        "noise_scale": ("errors ×", tenths),
        "device_qubits": ("its qubits", number),
        **_SIZE,
        "metric": ("metric", text),
        "value": ("value", score),
        "lower": ("95 % from", score),
        "upper": ("to", score),
        "noiseless": ("without errors", score),
        "n_samples": ("test states", number),
        **_STATUS,
    }
    caption = "Trained networks on machines with errors"
    order = ["arm", "metric", "n_qubits", "device", "noise_scale"]
    return table("hardware", caption, rows.sort_values(order), columns)


def jobs(rows: pd.DataFrame) -> Table:
    """Return every job that was sent, or why it was not."""
    columns: Columns = {
        **_RUN,
        "vendor": ("vendor", text),
        "state_index": ("test state", number),
        "job_state": ("job", text),
        **_SIZE,
        "n_back": ("came back", number),
        "n_upper": ("for class 1", number),
        "cost": ("cost", tenths),
        "cost_unit": ("unit", text),
        **_STATUS,
    }
    caption = "Jobs: one per test state and device"
    ordered = rows.sort_values(["arm", "n_qubits", "device", "state_index"])
    return table("jobs", caption, ordered, columns)


def device_training(rows: pd.DataFrame) -> Table:
    """Return every run by shots: its loss before and after, as measured and exactly."""
    run = ["arm", "n_qubits", "optimiser", "device", "noise_scale", "start", "repeat"]
    ordered = rows.sort_values([*run, "step"], kind="stable")
    runs = ordered.groupby(run, dropna=False, sort=False)
    before = runs["exact_loss"].transform("first")
    last = ordered.assign(before=before)[runs.cumcount(ascending=False) == 0]
    columns: Columns = {
        **_RUN,
        "noise_scale": ("errors ×", tenths),
        "optimiser": ("optimiser", text),
        "start": ("start", text),
        "repeat": ("repeat", number),
        "n_physical": ("physical qubits", number),
        "step": ("steps", number),
        "n_shots": ("shots", number),
        "before": ("exact loss before", score),
        "exact_loss": ("after", score),
        "loss": ("measured after", score),
        "lower": ("95 % from", score),
        "upper": ("to", score),
        **_STATUS,
    }
    return table("device_training", "Runs trained by shots: class contrast", last, columns)
