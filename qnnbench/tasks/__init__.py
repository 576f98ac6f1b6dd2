"""What is minimised and what is scored, by task."""

from collections.abc import Mapping
from dataclasses import dataclass

from qnnbench.circuits.ansatze import Network
from qnnbench.registry import lookup
from qnnbench.states.datasets import DATASETS
from qnnbench.tasks.losses import LOSSES, NetworkLoss, weighted_sum


@dataclass(frozen=True)
class Task:
    """What is scored, and the losses that may be minimised for it."""

    name: str
    losses: tuple[str, ...]


TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        Task("classification", ("contrast", "spin_contrast", "label_error", "trash")),
        Task("compression", ("local", "global", "trash")),
        Task("regression", ("squared_error", "trash")),
        Task(
            "two_copy_classification",
            ("covariance", "low_count", "product_contrast", "product_rate", "parity"),
        ),
        Task("preparation", ("local_infidelity", "infidelity")),
        Task("decoding", ("label_error",)),
    )
}


def task_loss(
    task: str,
    loss: str | Mapping[str, float],
    network: Network,
    n_kept: int | None = None,
) -> NetworkLoss:
    """Return a loss of a task for one network; an empty name means the task's first.

    Args:
        task: A key of ``TASKS``.
        loss: One of the task's losses, or the weights of several.
        network: What is trained.
        n_kept: Qubits that a compressor keeps; None: one.

    Raises:
        ValueError: Unknown task, a loss that the task does not have or that arms do not
            minimise, no loss at all, or ``n_kept`` with a task that keeps no qubits.
    """
    losses = lookup(TASKS, task, "task").losses
    if n_kept is not None and task != "compression":
        raise ValueError(f"n_kept={n_kept!r} is for compression; leave it out of {task!r}")
    weights = {loss or losses[0]: 1.0} if isinstance(loss, str) else dict(loss)
    if not weights:
        raise ValueError(f"loss is empty; losses of {task!r} are {', '.join(losses)}")
    parts = []
    for asked, weight in weights.items():
        name = lookup({name: name for name in losses}, asked, f"loss of {task!r}")
        if name not in LOSSES:
            raise ValueError(
                f"loss {name!r} of {task!r} is no function of a network's expectation values: no "
                "arm minimises it, the task has a trainer of its own"
            )
        parts.append((weight, LOSSES[name].on(network, n_kept or 1)))
    return parts[0][1] if [w for w, _ in parts] == [1.0] else weighted_sum(parts)


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
