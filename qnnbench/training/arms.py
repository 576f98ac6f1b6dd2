"""One arm of a study at one width: every repeat trained, selected and scored, or why not."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from inspect import signature
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from qnnbench.backends import BackendCannot, Choice, Evaluator, Limits, OverBudget
from qnnbench.circuits.angles import AngleLaw, angle_law
from qnnbench.circuits.ansatze import ANSATZE, Network, build_ansatz
from qnnbench.results import Meter, digest
from qnnbench.states.samples import Dataset
from qnnbench.tasks import Loss, check_served, task_loss
from qnnbench.training.checkpoints import Checkpoint
from qnnbench.training.loop import Progress, Settings, train
from qnnbench.training.scoring import LARGEST_ERROR, Rows, Scorer, scorer, verdict
from qnnbench.training.two_copies import train_two_copies

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Arm:
    """What one arm of a study says, resolved at one width."""

    name: str
    task: str
    network: Network
    loss: Loss
    law: AngleLaw
    settings: Settings
    repeats: int
    columns: Mapping[str, Any]
    backend_reason: str = ""

    @classmethod
    def resolve(cls, entry: Mapping[str, Any], dataset: Dataset) -> "Arm":
        """Return the arm of a config entry.

        Raises:
            ValueError: Unknown ansatz, task, loss or law, a task that the dataset's family
                does not serve, or a rate that the network does not have.
        """
        check_served(entry["task"], dataset.name)
        options = dict(entry.get("options", {}))
        network = build_ansatz(entry["ansatz"], dataset.n_qubits, **options)
        loss = task_loss(entry["task"], entry.get("loss", ""), entry.get("n_kept"))
        fields = Settings.__dataclass_fields__
        settings = Settings(**{key: entry[key] for key in fields if key in entry})
        columns = {
            "task": entry["task"],
            "arm": entry["arm"],
            "loss_name": loss.name,
            "observable": _observable(entry, loss, options),
            "dataset": entry["dataset"],
            "n_qubits": dataset.n_qubits,
            "ansatz": entry["ansatz"],
            "n_layers": network.n_layers,
            "sharing": _option(entry["ansatz"], options, "sharing"),
            "n_kept": settings.n_kept if entry["task"] == "compression" else None,
        }
        law = angle_law(entry["angles"]["law"], entry["angles"].get("std", 0.1))
        return cls(
            entry["arm"], entry["task"], network, loss, law, settings, entry["repeats"], columns
        )

    def on(self, choice: Choice) -> "Arm":
        """Return the arm with every evaluation on one backend."""
        settings = replace(self.settings, backend=choice.backend.name)
        return replace(self, settings=settings, backend_reason=choice.reason)

    def generator(self, seed: int, repeat: int, purpose: str) -> np.random.Generator:
        """Return the random numbers of one repeat's "init", "training" or "scores"."""
        return np.random.default_rng(self.seed_sequence(seed, repeat, purpose))

    def seed_sequence(self, seed: int, repeat: int, purpose: str) -> np.random.SeedSequence:
        """Return the seed of one purpose of one repeat; all arms share it, so runs pair up."""
        key = (self.network.n_qubits, repeat, crc32(purpose.encode()))
        return np.random.SeedSequence(seed, spawn_key=key)


def _option(ansatz: str, options: Mapping[str, Any], name: str) -> Any:
    """Return an option of an ansatz, or its default; None where it has no such option."""
    parameter = signature(ANSATZE[ansatz].build).parameters.get(name)
    return options.get(name, parameter.default) if parameter else None


def _observable(entry: Mapping[str, Any], loss: Loss, options: Mapping[str, Any]) -> str:
    """Return the word for what is read: the ansatz's readout, or the trash of a compressor."""
    if entry["task"] == "compression":
        return f"{loss.name} trash"
    return _option(entry["ansatz"], options, "readout") or "readout"


def train_arm(
    arm: Mapping[str, Any],
    dataset: Dataset,
    *,
    n_qubits: int,
    seed: int,
    checkpoint_dir: str | Path,
    budget: Limits,
) -> dict[str, Rows]:
    """Return the rows of tables "runs", "steps" and "scores" of one arm at one width.

    Args:
        arm: Entry of a config: arm, task, ansatz, angles, repeats, n_steps and options.
        dataset: Its states at this width.
        n_qubits: Width; the dataset's.
        seed: Root of all randomness.
        checkpoint_dir: Where a stopped run finds its state again.
        budget: Seconds that all the optimiser's steps may take and memory of one of them, by
            static operation count.

    Raises:
        ValueError: The arm names something unknown, or the dataset has another width.
    """
    if "ansatz" not in arm:
        return train_two_copies(arm, dataset, n_qubits=n_qubits, seed=seed)
    if dataset.n_qubits != n_qubits:
        raise ValueError(f"arm at n_qubits={n_qubits}, dataset at n_qubits={dataset.n_qubits}")
    resolved = Arm.resolve(arm, dataset)
    network = resolved.network
    evaluator = Evaluator(network.circuit, resolved.loss.observables(network), network.symbols)
    tables: dict[str, Rows] = {"runs": [], "steps": [], "scores": []}
    try:
        choice = _choice(resolved, evaluator, dataset, seed, budget)
    except _NotRunError as obstacle:
        log.info("%s at n=%d: %s", resolved.name, n_qubits, obstacle.columns["reason"])
        tables["runs"] = [
            {**resolved.columns, "repeat": r, **obstacle.columns} for r in range(resolved.repeats)
        ]
        return tables
    resolved = resolved.on(choice)
    judge = scorer(resolved.task, network, dataset, resolved.settings)
    identity = digest([dict(arm), n_qubits, seed, dataset.details])
    for repeat in range(resolved.repeats):
        with Checkpoint(checkpoint_dir, f"{identity}-{repeat}").held() as place:
            run = _Run(resolved, evaluator, dataset, seed, repeat)
            for table, rows in run.rows(judge, place).items():
                tables[table] += rows
    return tables


class _NotRunError(Exception):
    """Why an arm is not trained: status, reason and what else its rows say."""

    def __init__(self, status: str, reason: str, **columns: Any) -> None:
        super().__init__(reason)
        self.columns = {"status": status, "reason": reason, **columns}


def _choice(arm: Arm, evaluator: Evaluator, dataset: Dataset, seed: int, budget: Limits) -> Choice:
    """Return the backend that the arm's training and scoring use, and why.

    Raises:
        _NotRunError: The arm cannot or should not be trained.
    """
    states = dataset.select("train").states[: arm.settings.batch_size]
    bond, n_steps = arm.settings.max_bond_dim, arm.settings.n_steps * arm.repeats
    limits = replace(budget, exact_s=arm.settings.exact_limit_s, seconds=budget.seconds / n_steps)
    try:
        choice = evaluator.choice(states, max_bond_dim=bond, limits=limits)
    except OverBudget as costly:
        reason = f"{n_steps} steps within {budget.seconds:g} s: {costly}"
        raise _NotRunError("over_budget", reason) from costly
    except BackendCannot as declined:
        raise _NotRunError("skipped", str(declined)) from declined
    if choice.backend.is_exact:
        return choice
    name = choice.backend.name
    start = arm.law.sample(len(arm.network.symbols), arm.generator(seed, 0, "init"))
    result = evaluator(start, states, name, max_bond_dim=bond)
    if result.relative_error > LARGEST_ERROR:
        reason = (
            f"{name} estimates a relative error of {result.relative_error:.2g} at the "
            f"initial angles with bond {bond}, above {LARGEST_ERROR}; no exact backend fits "
            "this width"
        )
        error = float(result.error.max())
        raise _NotRunError("skipped", reason, backend=name, error_estimate=error)
    return choice


@dataclass(frozen=True)
class _Run:
    arm: Arm
    evaluator: Evaluator
    dataset: Dataset
    seed: int
    repeat: int

    def rows(self, judge: Scorer, place: Checkpoint) -> dict[str, Rows]:
        """Train from the initial angles, or from a checkpoint, and score."""
        arm = self.arm
        common = {
            **arm.columns,
            "repeat": self.repeat,
            "seed_path": f"{self.seed}/{arm.network.n_qubits}/{self.repeat}",
        }
        initial = arm.law.sample(
            len(arm.network.symbols), arm.generator(self.seed, self.repeat, "init")
        )
        with Meter() as meter:
            progress = train(
                self.evaluator,
                arm.loss,
                self.dataset.select("train"),
                initial,
                arm.settings,
                arm.generator(self.seed, self.repeat, "training"),
                judge.validate,
                place,
            )
            rng = arm.generator(self.seed, self.repeat, "scores")
            scores, error = judge.test(progress.best_params, initial, rng)
        spent = meter.columns()
        wall_time_s = spent.pop("wall_time_s")
        scores = [{**common, **verdict(row, error), **row} for row in scores]
        run = {**common, **self._run_row(progress), **verdict(scores[0], error), **spent}
        run["error_estimate"] = scores[0]["error_estimate"]
        log.info(
            "%s at n=%d, repeat %d: loss %.4g, validation %.4g, %s %.4g (%.0f s)",
            *(arm.name, arm.network.n_qubits, self.repeat, run["train_loss"]),
            *(run["validation_score"], scores[0]["metric"], scores[0]["value"], wall_time_s),
        )
        return {
            "runs": [{**run, "wall_time_s": wall_time_s}],
            "steps": [{**common, **row} for row in progress.rows],
            "scores": [{**row, "backend": run["backend"]} for row in scores],
        }

    def _run_row(self, progress: Progress) -> dict[str, Any]:
        return {
            "backend": self.arm.settings.backend,
            "backend_reason": self.arm.backend_reason,
            "n_symbols": len(self.arm.network.symbols),
            "n_steps": progress.step,
            "best_step": progress.best_step,
            "max_bond_dim": self.arm.settings.max_bond_dim,
            "train_loss": progress.rows[-1]["loss"],
            "validation_score": progress.best[0],
            "params": progress.best_params.tolist(),
        }
