"""Exact values and gradients of trees: stretches of qubits merge, a few of them go on."""

from qnnbench.backends.tree.backend import cost, evaluate, kept_fidelities

__all__ = ["cost", "evaluate", "kept_fidelities"]
