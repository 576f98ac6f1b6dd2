"""A trained classifier on a vendor's machine: one job per test state, sent and collected."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from qnnbench.circuits.ansatze import Network, build_ansatz
from qnnbench.columns import TABLES
from qnnbench.hardware.accuracy import (
    circuit_columns,
    judged,
    majority,
    trained_decision,
)
from qnnbench.hardware.devices import DEVICES, depolarizing
from qnnbench.hardware.jobs import WAITING, JobRecord, Ledger, Vendor, collect, submit
from qnnbench.hardware.machine import MachineCircuit, machine_circuit
from qnnbench.hardware.noise import no_error_probability, noisy_circuit
from qnnbench.hardware.on_device import member
from qnnbench.hardware.vendors import PUBLISHED
from qnnbench.states.samples import Dataset

Rows = list[dict[str, Any]]


def trained_run(
    arm: Mapping[str, Any], runs: pd.DataFrame, n_qubits: int, asked: Mapping[str, Any]
) -> tuple[Network, np.ndarray | None, dict[str, Any]]:
    """Return the network of an arm, its trained angles, and the columns that name the run.

    Args:
        arm: Its entry of a config.
        runs: Of table ``runs``.
        n_qubits: Width.
        asked: Entry of the run on machines: "repeat", 0 where left out.

    Returns:
        Network, angles in radians or None where training was not ``ok``, and columns of
        tables ``hardware`` and ``jobs`` with that "reason".
    """
    network = build_ansatz(arm["ansatz"], n_qubits, **arm.get("options", {}))
    repeat = asked.get("repeat", 0)
    own = runs[(runs["n_qubits"] == n_qubits) & (runs["repeat"] == repeat)].iloc[0]
    columns = {name: own[name] for name in ("arm", "dataset", "ansatz", "sharing")}
    columns |= {"n_qubits": n_qubits, "n_layers": network.n_layers, "repeat": repeat}
    if own["status"] != "ok":
        reason = f"its training is {own['status']}: {own['reason']}"
        return network, None, {**columns, "reason": reason}
    return network, np.array(own["params"]), {**columns, "reason": ""}


def submitted_rows(
    network: Network,
    params: np.ndarray,
    dataset: Dataset,
    vendor: Vendor,
    ledger: Ledger,
    *,
    devices: Sequence[str],
    n_shots: int,
    rng: np.random.Generator,
    max_cost: float | None = None,
    confirm: bool = False,
) -> Rows:
    """Return a row of table ``jobs`` per device and test state; what was sent is not sent again.

    Args:
        network: A classifier.
        params: Trained angles in radians, (n_symbols,).
        dataset: All splits; training states set the decision, test states are run.
        vendor: Who runs it.
        ledger: Where records are.
        devices: Of the vendor.
        n_shots: Of each state; of a mixture one member is drawn.
        rng: Draws members.
        max_cost: What all jobs of the ledger in the vendor's unit may cost together.
        confirm: That the price is agreed to.

    Returns:
        Rows without results: status "ok", or "skipped" where the packages that run a device
        are not installed.

    Raises:
        NotConfirmed: A job has a price that nobody has agreed to.
        ValueError: What the vendor does not take.
    """
    decision, features = trained_decision(network, params, dataset)
    test = dataset.select("test")
    chances = decision.shot.probability(features(params, "test", features.bond_dim).values)
    rows = []
    for index, state in enumerate(test.states):
        pure = member(state, rng)
        machine = machine_circuit(decision.circuit, None, decision.places, pure)
        for device in devices:
            common = {
                "n_qubits": network.n_qubits,
                "vendor": vendor.name,
                "device": device,
                "state_index": index,
                "label": int(test.labels[index]),
                "n_shots": n_shots,
                "noiseless": float(chances[index]),
                "threshold": decision.threshold,
                "no_error_probability": _no_error(machine, device),
                "cost_unit": vendor.unit,
                **circuit_columns(machine),
            }
            try:
                record = submit(
                    ledger,
                    vendor,
                    device,
                    machine,
                    n_shots,
                    max_cost=max_cost,
                    confirm=confirm,
                )
            except ModuleNotFoundError as missing:
                rows.append({**common, "status": "skipped", "reason": str(missing)})
            else:
                rows.append({**common, "status": "ok", **_told(record)})
    return rows


def _no_error(machine: MachineCircuit, device: str) -> float | None:
    if device not in PUBLISHED:
        return None
    rates = depolarizing(DEVICES[PUBLISHED[device]])
    return no_error_probability(noisy_circuit(machine.circuit, rates))


def _told(record: JobRecord) -> dict[str, Any]:
    return {
        "job_key": record.key,
        "job_id": record.job_id,
        "job_state": record.state,
        "submitted_at": record.submitted_at,
        "cost": record.cost,
    }


def collected_rows(rows: Rows, vendor: Vendor, ledger: Ledger) -> Rows:
    """Return the rows of :func:`submitted_rows` with what came back so far.

    A job that ended without counts is ``failed``, with the vendor's words; one that still
    waits keeps its ``job_state``.
    """
    return [
        {**row, **_result(collect(ledger, vendor, row["job_key"]))} if row["job_key"] else row
        for row in rows
    ]


def _result(record: JobRecord) -> dict[str, Any]:
    if record.counts is None:
        ended = {} if record.is_waiting else {"status": "failed"}
        return {**_told(record), **ended, "reason": record.message}
    upper = sum(n for outcome, n in record.counts.items() if outcome.count("1") % 2 == 0)
    n_back = sum(record.counts.values())
    return {**_told(record), "reason": record.message, "n_back": n_back, "n_upper": upper}


def waiting(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what to say while jobs are not done; empty where all have ended."""
    states = [row["job_state"] for row in rows if row.get("n_back") is None]
    still = [state for state in states if state in WAITING]
    if not still:
        return ""
    return (
        f"{len(still)} of {len(rows)} jobs are not done ({', '.join(sorted(set(still)))}). "
        "Nothing is lost: run snakemake again later, what was sent is collected and not sent anew."
    )


def device_rows(rows: Rows) -> Rows:
    """Return rows of table ``hardware``: the accuracy on each device, from its jobs."""
    found = []
    for device in dict.fromkeys(row["device"] for row in rows):
        own = [row for row in rows if row["device"] == device]
        done = [row for row in own if row.get("n_back")]
        largest = max(own, key=lambda row: row.get("n_two_qubit") or 0)
        common = {name: largest[name] for name in TABLES["hardware"] if name in largest}
        model = DEVICES.get(PUBLISHED.get(device, ""))
        common["device_qubits"] = model.n_qubits if model else None
        if not done:
            found.append(common)
            continue
        chances = np.array([row["noiseless"] for row in done])
        labels = np.array([row["label"] for row in done])
        n_upper, n_back = (np.array([row[name] for row in done]) for name in ("n_upper", "n_back"))
        threshold = done[0]["threshold"]
        exact = {
            "accuracy": majority(chances, n_back, labels, threshold),
            "one_shot_accuracy": float(np.where(labels == 1, chances, 1 - chances).mean()),
        }
        for row in judged(n_upper, n_back, labels, threshold):
            ended = {"noise_scale": 1.0, "noiseless": exact[row["metric"]], "status": "ok"}
            found.append({**common, **row, **ended})
    return found
