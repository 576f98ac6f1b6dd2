"""What is minimised and what is scored, by task."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from qnnbench.registry import lookup
from qnnbench.states.datasets import DATASETS
from qnnbench.tasks.losses import LOSSES, Loss


@dataclass(frozen=True)
class Task:
    """What is scored, and the losses that may be minimised for it."""

    name: str
    losses: tuple[str, ...]


TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        Task("classification", ("contrast", "trash")),
        Task("compression", ("local", "global")),
        Task("regression", ("squared_error", "trash")),
        Task("two_copy_classification", ("covariance", "low_count")),
    )
}


def task_loss(task: str, loss: str, n_kept: int | None = None) -> Loss:
    """Return a loss of a task; an empty name means the task's first.

    Args:
        task: A key of ``TASKS``.
        loss: One of the task's losses.
        n_kept: Qubits that a compressor keeps; None: one.

    Raises:
        ValueError: Unknown task, a loss that the task does not have or that arms do not
            minimise, or ``n_kept`` with a task that keeps no qubits.
    """
    losses = lookup(TASKS, task, "task").losses
    name = lookup({name: name for name in losses}, loss or losses[0], f"loss of {task!r}")
    if name not in LOSSES:
        raise ValueError(
            f"loss {name!r} of {task!r} is no function of a network's expectation values: no "
            "arm minimises it, the task has a trainer of its own"
        )
    chosen = LOSSES[name]
    if n_kept is None:
        return chosen
    if task != "compression":
        raise ValueError(f"n_kept={n_kept!r} is for compression; leave it out of {task!r}")
    return replace(chosen, observables=partial(chosen.observables, n_kept=n_kept))


def check_served(task: str, dataset: str) -> None:
    """Accept a task that a dataset's family serves; states of no family serve every task.

    Args:
        task: A key of ``TASKS``.
        dataset: A family, or "family/variant".

    Raises:
        ValueError: Unknown task, or one that the family does not serve.
    """
    lookup(TASKS, task, "task")
    family = DATASETS.get(dataset.partition("/")[0])
    if family and task not in family.tasks:
        others = sorted(name for name, entry in DATASETS.items() if task in entry.tasks)
        raise ValueError(
            f"dataset {dataset!r} serves {', '.join(family.tasks)}, not {task!r}; "
            f"these serve it: {others}"
        )
