"""Training on error models of machines as rows: every start, device and repeat of one entry."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from qnnbench.circuits.ansatze import Network
from qnnbench.hardware.devices import DEVICES
from qnnbench.hardware.experiments import trained_run
from qnnbench.hardware.machine import machine_circuit
from qnnbench.hardware.on_device import DeviceSettings, readable, train_on_device
from qnnbench.hardware.trajectories import run_locally
from qnnbench.states.samples import Dataset
from qnnbench.training.arms import Arm

Rows = list[dict[str, Any]]

log = logging.getLogger(__name__)


def device_step_rows(
    arm: Mapping[str, Any],
    runs: pd.DataFrame,
    dataset: Dataset,
    asked: Mapping[str, Any],
    seed: int,
) -> Rows:
    """Return rows of table ``device_steps``: a run for each repeat, start, device and factor.

    Runs of one repeat draw the same states, directions and gates. A run does not depend on
    which others there are.

    Args:
        arm: Its entry of the config.
        runs: Of table ``runs``: where trained angles stand.
        dataset: All splits.
        asked: Entry of ``device_training``.
        seed: Root of all randomness, that of the arm.

    Raises:
        ValueError: What :func:`train_on_device` refuses.
    """
    n_qubits, settings = dataset.n_qubits, DeviceSettings.of(asked)
    resolved, rows = Arm.resolve(arm, {n_qubits: dataset}), []
    for repeat in range(asked["repeats"]):
        network, trained, columns = trained_run(arm, runs, n_qubits, {"repeat": repeat})
        reason = columns.pop("reason")
        columns |= {"seed_path": f"{seed}/{n_qubits}/{repeat}", "backend": "error model"}
        columns |= {"optimiser": settings.optimiser, "learning_rate": settings.learning_rate}
        for start in asked["starts"]:
            columns["start"] = start_name(start)
            for device in asked["devices"]:
                for scale in asked["noise_scales"]:
                    machine = {"device": device, "noise_scale": float(scale)}
                    found: Rows = [{"status": "skipped", "reason": reason}]
                    if trained is not None:
                        params = first_angles(start, resolved, trained, seed, repeat)
                        rng = resolved.generator(seed, repeat, "device")
                        found = _run_rows(network, params, dataset, machine, settings, rng)
                    rows += [{**columns, **machine, **row} for row in found]
                    _tell(rows[-1])
    return rows


def start_name(start: str | Mapping[str, float]) -> str:
    """Return the word of rows and legends for where training starts."""
    return start if isinstance(start, str) else f"perturbed({start['perturbed']:g})"


def first_angles(
    start: str | Mapping[str, float],
    arm: Arm,
    trained: np.ndarray,
    seed: int,
    repeat: int,
) -> np.ndarray:
    """Return the angles that training on a machine starts from, radians (n_symbols,).

    Args:
        start: "cold", where this repeat of the arm itself had started; "trained", where it
            ended; or {"perturbed": std}, there plus independent normal angles of so many
            radians.
        arm: The arm.
        trained: Its trained angles.
        seed: Root of all randomness.
        repeat: Which one.
    """
    if start == "cold":
        return arm.initial(seed, repeat)
    if isinstance(start, str):
        return trained
    draws = arm.generator(seed, repeat, "perturbed").normal(size=len(trained))
    return np.asarray(trained + start["perturbed"] * draws)


def _run_rows(
    network: Network,
    params: np.ndarray,
    dataset: Dataset,
    machine: Mapping[str, Any],
    settings: DeviceSettings,
    rng: np.random.Generator,
) -> Rows:
    """Return the rows of one run; one row of status "skipped" where the device is too small."""
    first = dataset.select("train").states[0].members[0][1]
    needed = machine_circuit(network, params, readable(network), first).n_physical
    has = DEVICES[machine["device"]].n_qubits
    if needed > has:
        return [{"status": "skipped", "reason": f"needs {needed} qubits, the device has {has}"}]
    _, rows = train_on_device(
        network, params, dataset, partial(run_locally, **machine), settings, rng
    )
    return [{**row, "n_physical": needed, "status": "ok"} for row in rows]


def _tell(last: Mapping[str, Any]) -> None:
    """Log how a run ended."""
    run = ("arm", "n_qubits", "start", "device", "noise_scale", "repeat")
    where = "%s at n=%d, %s, on %s (errors x %g), repeat %d: "
    told = tuple(last[name] for name in run)
    if last["status"] != "ok":
        log.info(where + "%s", *told, last["reason"])
        return
    reached = tuple(last[name] for name in ("step", "n_shots", "loss", "exact_loss"))
    log.info(where + "%d steps, %d shots, loss %.3f, exactly %.3f", *told, *reached)
