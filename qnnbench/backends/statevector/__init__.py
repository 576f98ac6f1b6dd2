"""Exact values and adjoint gradients on state vectors, after a light-cone cut."""

from qnnbench.backends.statevector.backend import cost, evaluate

__all__ = ["cost", "evaluate"]
