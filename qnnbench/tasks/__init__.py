"""What is minimised and what is scored, by task."""

from collections.abc import Mapping
from dataclasses import dataclass

from qnnbench.registry import lookup
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
    )
}


def task_loss(task: str, loss: str) -> Loss:
    """Return a loss of a task; an empty name means the task's first.

    Raises:
        ValueError: Unknown task, or a loss that the task does not have.
    """
    losses = lookup(TASKS, task, "task").losses
    return LOSSES[lookup({name: name for name in losses}, loss or losses[0], f"loss of {task!r}")]
