"""Train one arm of a study: optimisers, the loop that yields rows, checkpoints, scores."""

from qnnbench.training.arms import train_arm
from qnnbench.training.checkpoints import forget

__all__ = ["forget", "train_arm"]
