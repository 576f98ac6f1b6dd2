"""Exact contraction of each observable's network of Pauli letters."""

from qnnbench.backends.tensor_network.backend import cost, evaluate

__all__ = ["cost", "evaluate"]
