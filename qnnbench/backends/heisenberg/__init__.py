"""Heisenberg picture: one truncated operator per parameter vector for all input states."""

from qnnbench.backends.heisenberg.backend import cost, evaluate

__all__ = ["cost", "evaluate"]
