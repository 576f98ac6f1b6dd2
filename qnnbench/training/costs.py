"""What training an arm will cost, by operation count, before any state is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qnnbench.backends import BackendCannot, Evaluator, Limits, OverBudget
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.states.mps import MPS, InputState, Mixture
from qnnbench.states.samples import Dataset
from qnnbench.states.stabilizer_mps import in_tensors
from qnnbench.training.settings import Settings, rates_of, stages_of


@dataclass(frozen=True)
class Planned:
    """An arm at one width before it runs.

    Attributes:
        n_runs: Repeats.
        n_steps: Optimiser steps of all of them, at every learning rate of a grid.
        backend: What would evaluate the last stage; empty where nothing would.
        seconds: CPU seconds of all steps by operation count; scores come on top.
        status: "ok", or what its rows would say: "skipped", "over_budget".
        memory_bytes: Of the costliest step, likewise.
        reason: Why this backend, or why it would not run.
    """

    n_runs: int
    n_steps: int
    backend: str
    seconds: float
    status: str
    memory_bytes: float = 0.0
    reason: str = ""


def planned(entry: Mapping[str, Any], narrow: Dataset, n_qubits: int, budget: Limits) -> Planned:
    """Return what an arm would cost at one width, a curriculum's narrower ones left out.

    Args:
        entry: Of a config, with an ansatz.
        narrow: The arm's dataset at a small width: its states tell how many members and
            which bonds the wide ones have.
        n_qubits: Width.
        budget: As for ``train_arm``.
    """
    network = build_ansatz(entry["ansatz"], n_qubits, **entry.get("options", {}))
    rates, n_runs = rates_of(entry), entry["repeats"]
    stages = stages_of({**entry, "learning_rate": rates[0]}, {n_qubits: network})
    if entry.get("zero_shot"):
        stages = ()
    n_steps = n_runs * len(rates) * sum(stage.n_steps for stage in stages)
    settings = Settings.of(entry).within(budget, n_steps // n_runs)
    if entry["task"] == "compression" and "target" in entry:
        narrow = narrow.of_class(entry["target"])
    n_trained = 1 if entry["task"] == "preparation" else settings.batch_size
    few = in_tensors(narrow.select("train")).states[:n_trained]
    states = [_widened(state, n_qubits, np.random.default_rng(0)) for state in few]
    backend, reason, seconds, memory = "", "", 0.0, 0.0
    try:
        for stage in stages:
            observables = stage.losses[n_qubits].observables
            evaluator = Evaluator(network.circuit, observables, network.symbols)
            choice = evaluator.choice(
                states,
                settings.backend,
                max_bond_dim=settings.first_bond_dim,
                limits=settings.limits,
            )
            backend, reason = choice.backend.name, choice.reason
            memory = max(memory, choice.cost.memory_bytes)
            seconds += n_runs * len(rates) * stage.n_steps * choice.cost.seconds
    except OverBudget as costly:
        return Planned(n_runs, n_steps, "", 0.0, "over_budget", reason=str(costly))
    except BackendCannot as declined:
        return Planned(n_runs, n_steps, "", 0.0, "skipped", reason=str(declined))
    return Planned(n_runs, n_steps, backend, seconds, "ok", memory, reason)


def _widened(state: InputState, n_qubits: int, rng: np.random.Generator) -> InputState:
    """Return a random state with as many members, of the same bonds, on more qubits."""
    pure = [member for _, member in state.members if isinstance(member, MPS)]
    members = tuple(_random(member.max_bond_dim, n_qubits, rng) for member in pure)
    if len(members) == 1:
        return members[0]
    return Mixture(tuple(weight for weight, _ in state.members), members)


def _random(bond: int, n_qubits: int, rng: np.random.Generator) -> MPS:
    bonds = [1, *(min(bond, 2**i, 2 ** (n_qubits - i)) for i in range(1, n_qubits)), 1]
    shapes = [(bonds[i], 2, bonds[i + 1]) for i in range(n_qubits)]
    return MPS.from_tensors([rng.normal(size=shape) for shape in shapes])
