"""Exact values and gradients of trees: each block merges two neighbours and drops a qubit."""

from qnnbench.backends.tree.backend import cost, evaluate

__all__ = ["cost", "evaluate"]
