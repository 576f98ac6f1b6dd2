"""Train one arm of a study: optimisers, the loop that yields rows, checkpoints, scores."""

from qnnbench.training.arms import train_arm

__all__ = ["train_arm"]
