"""One arm of a study at one width: every repeat trained, selected and scored, or why not."""

import logging
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from inspect import signature
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from qnnbench.backends import BackendCannot, Choice, Evaluator, Limits, OverBudget
from qnnbench.circuits.angles import AngleLaw, angle_law
from qnnbench.circuits.ansatze import Network, ansatz_of, build_ansatz
from qnnbench.own import Source, name_of, without_paths
from qnnbench.results import digest
from qnnbench.states.samples import Dataset
from qnnbench.states.stabilizer_mps import in_tensors
from qnnbench.tasks import check_served
from qnnbench.tasks.preparation import target_of
from qnnbench.training.decoder import train_decoder
from qnnbench.training.objective import LARGEST_ERROR, Part, parts_of
from qnnbench.training.runs import Run
from qnnbench.training.scoring import Rows
from qnnbench.training.settings import Settings, Stage, rates_of, stages_of
from qnnbench.training.two_copies import train_two_copies

log = logging.getLogger(__name__)

Datasets = Mapping[int, Dataset]


@dataclass(frozen=True)
class Arm:
    """What one arm of a study says, resolved at one width.

    Attributes:
        name, task: As in the config.
        networks: By width, narrower ones of a curriculum first.
        grid: What is minimised, in turn, for each learning rate.
        law: Of the initial angles.
        settings: How it is trained.
        columns: What its rows share.
        backend_reason: Why this backend, where one is chosen.
    """

    name: str
    task: str
    networks: Mapping[int, Network]
    grid: Mapping[float, tuple[Stage, ...]]
    law: AngleLaw
    settings: Settings
    columns: Mapping[str, Any]
    backend_reason: str = ""

    @classmethod
    def resolve(cls, entry: Mapping[str, Any], datasets: Datasets) -> "Arm":
        """Return the arm of a config entry.

        Raises:
            ValueError: Unknown ansatz, task, loss or law, a task that the dataset's family
                does not serve, a rate that the network does not have, or a curriculum of
                widths that share no angles.
        """
        own = max(datasets)
        check_served(entry["task"], datasets[own].name)
        options = dict(entry.get("options", {}))
        networks = {n: build_ansatz(entry["ansatz"], n, **options) for n in sorted(datasets)}
        grid = {
            rate: stages_of({**entry, "learning_rate": rate}, networks) for rate in rates_of(entry)
        }
        settings, stages = Settings.of(entry), next(iter(grid.values()))
        columns = {
            "task": entry["task"],
            "arm": entry["arm"],
            "loss_name": ", ".join(dict.fromkeys(stage.name for stage in stages)),
            "observable": _observable(entry, options),
            "dataset": entry["dataset"],
            "n_qubits": own,
            "ansatz": name_of(entry["ansatz"]),
            "n_layers": networks[own].n_layers,
            "sharing": _option(entry["ansatz"], options, "sharing"),
            "n_kept": settings.n_kept if entry["task"] == "compression" else None,
            "target": entry.get("target", 0 if entry["task"] == "preparation" else None),
        }
        law = angle_law(entry["angles"]["law"], entry["angles"].get("std", 0.1))
        return cls(entry["arm"], entry["task"], networks, grid, law, settings, columns)

    @property
    def network(self) -> Network:
        """The network at the arm's own width."""
        return self.networks[max(self.networks)]

    @property
    def n_steps(self) -> int:
        """Optimiser steps of a repeat: all stages at every learning rate."""
        return sum(stage.n_steps for stages in self.grid.values() for stage in stages)

    def on(self, choice: Choice, settings: Settings) -> "Arm":
        """Return the arm with every evaluation on one backend, within limits."""
        settings = replace(settings, backend=choice.backend.name)
        return replace(self, settings=settings, backend_reason=choice.reason)

    def generator(self, seed: int, repeat: int, purpose: str) -> np.random.Generator:
        """Return the random numbers of one repeat's "init", "training" or "scores".

        All arms share them, so that runs pair up.
        """
        key = (self.network.n_qubits, repeat, crc32(purpose.encode()))
        return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))

    def initial(self, seed: int, repeat: int) -> np.ndarray:
        """Return the initial angles of one repeat, radians (n_symbols,)."""
        rng = self.generator(seed, repeat, "init")
        return self.law.sample(len(self.network.symbols), rng)


def _option(ansatz: Source, options: Mapping[str, Any], name: str) -> Any:
    """Return an option of an ansatz, or its default; None where it has no such option."""
    parameter = signature(ansatz_of(ansatz).build).parameters.get(name)
    return options.get(name, parameter.default) if parameter else None


def _observable(entry: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    """Return the word for what is read: the ansatz's readout, or what the task reads."""
    if read := {"compression": "trash", "preparation": "all qubits"}.get(entry["task"]):
        return read
    return _option(entry["ansatz"], options, "readout") or "readout"


def train_arm(
    arm: Mapping[str, Any],
    dataset: Dataset,
    *,
    n_qubits: int,
    seed: int,
    checkpoint_dir: str | Path,
    budget: Limits,
    narrower: Datasets | None = None,
    n_processes: int = 1,
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
        narrower: States at the narrower widths of a curriculum.
        n_processes: Repeats that are trained at once. Rows are the same for any number.

    Raises:
        ValueError: The arm names something unknown, or the dataset has another width.
    """
    if "ansatz" not in arm:
        return train_two_copies(arm, dataset, n_qubits=n_qubits, seed=seed)
    if arm["task"] == "decoding":
        return train_decoder(arm, dataset, n_qubits=n_qubits, seed=seed, budget=budget)
    if dataset.n_qubits != n_qubits:
        raise ValueError(f"arm at n_qubits={n_qubits}, dataset at n_qubits={dataset.n_qubits}")
    repeats = range(arm["repeats"])
    datasets = {**(narrower or {}), n_qubits: dataset}
    datasets = {n: in_tensors(states) for n, states in datasets.items()}
    if arm["task"] == "compression" and "target" in arm:
        datasets = {n: states.of_class(arm["target"]) for n, states in datasets.items()}
    if arm["task"] == "preparation":
        datasets = {n: target_of(states, arm.get("target", 0)) for n, states in datasets.items()}
    job = _Job(arm, datasets, seed, Path(checkpoint_dir), budget)
    try:
        resolved = job.resolved()
    except _NotRunError as obstacle:
        log.info("%s at n=%d: %s", arm["arm"], n_qubits, obstacle.columns["reason"])
        return {
            "runs": [{**obstacle.columns, "repeat": repeat} for repeat in repeats],
            "steps": [],
            "scores": [],
        }
    if n_processes > 1 and len(repeats) > 1:
        level = logging.getLogger("qnnbench").getEffectiveLevel()
        with ProcessPoolExecutor(
            min(n_processes, len(repeats)), get_context("spawn"), _tell, (level,)
        ) as pool:
            parts = list(pool.map(partial(job.rows, resolved=None), repeats))
    else:
        parts = [job.rows(repeat, resolved) for repeat in repeats]
    return {table: [row for part in parts for row in part[table]] for table in parts[0]}


def _tell(level: int) -> None:
    """Let a worker's records of ``level`` reach standard error, which the job's log shares."""
    logging.basicConfig(level=level, format="%(name)s: %(message)s")


class _NotRunError(Exception):
    """Why an arm is not trained: the columns of its rows, status and reason among them."""

    def __init__(self, arm: Arm, status: str, reason: str, **columns: Any) -> None:
        super().__init__(reason)
        self.columns = {**arm.columns, "status": status, "reason": reason, **columns}


@dataclass(frozen=True)
class _Job:
    """One arm at one width, as it can be sent to another process."""

    entry: Mapping[str, Any]
    datasets: Datasets
    seed: int
    checkpoint_dir: Path
    budget: Limits

    def resolved(self) -> Arm:
        """Return the arm with its backend.

        Raises:
            _NotRunError: It cannot or should not be trained.
        """
        arm = Arm.resolve(self.entry, self.datasets)
        return _placed(arm, self.datasets, self.seed, self.budget)

    def rows(self, repeat: int, resolved: Arm | None) -> dict[str, Rows]:
        """Train and score one repeat; None resolves the arm anew."""
        arm = resolved or self.resolved()
        told = [dataset.details for dataset in self.datasets.values()]
        name = digest([without_paths(self.entry), sorted(self.datasets), self.seed, told])
        return Run(arm, self.datasets, self.seed, repeat).rows(self.checkpoint_dir, name)


def _placed(arm: Arm, datasets: Datasets, seed: int, budget: Limits) -> Arm:
    """Return the arm with the limits of its budget and the backend of its scores.

    Raises:
        _NotRunError: Nothing can evaluate it, or not within the budget or the error limit.
    """
    network, settings = arm.network, arm.settings.within(budget, arm.n_steps)
    try:
        stages = next(iter(arm.grid.values()))
        parts = [p for s in stages for p in parts_of(s, arm.networks, datasets, settings)]
        if blind := [p.choice for p in parts if not p.choice.backend.gives_gradients]:
            name = blind[0].backend.name
            raise BackendCannot(
                f"only {name!r} takes these states, and it gives no gradients: {blind[0].reason}"
            )
        own = [part for part in parts if part.network is network]
        choice = own[-1].choice if own else _zero_shot_choice(arm, datasets, settings)
    except OverBudget as costly:
        reason = f"{arm.n_steps} steps of a repeat within {budget.seconds:g} s: {costly}"
        raise _NotRunError(arm, "over_budget", reason) from costly
    except BackendCannot as declined:
        raise _NotRunError(arm, "skipped", str(declined)) from declined
    if own and not choice.backend.is_exact:
        _check_error(arm, own[0], arm.initial(seed, 0), settings)
    return arm.on(choice, settings)


def _zero_shot_choice(arm: Arm, datasets: Datasets, settings: Settings) -> Choice:
    """Return what evaluates the readout at a width that is not trained."""
    evaluator = Evaluator.of(arm.network)
    states = datasets[arm.network.n_qubits].select("train").states[: settings.batch_size]
    return evaluator.choice(states, max_bond_dim=settings.first_bond_dim, limits=settings.limits)


def _check_error(arm: Arm, part: Part, start: np.ndarray, settings: Settings) -> None:
    """Accept a truncating backend that meets the error limit at the initial angles."""
    result = part.evaluator(
        start,
        part.dataset.states[: settings.batch_size],
        part.choice.backend.name,
        tolerance=LARGEST_ERROR,
        first_bond_dim=settings.first_bond_dim,
        max_bond_dim=settings.max_bond_dim,
        limits=settings.limits,
    )
    if result.relative_error > LARGEST_ERROR:
        reason = (
            f"{result.backend} estimates a relative error of {result.relative_error:.2g} at the "
            f"initial angles with bond {result.bond_dim}, above {LARGEST_ERROR}; no exact backend "
            "fits this width"
        )
        error = float(result.error.max())
        columns = {"backend": result.backend, "error_estimate": error}
        raise _NotRunError(arm, "skipped", reason, **columns)
