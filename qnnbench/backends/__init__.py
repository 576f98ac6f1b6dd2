"""Expectation values with gradients: one protocol, one file per backend."""

from qnnbench.backends.choice import BACKENDS, Choice, Limits, OverBudget, choose
from qnnbench.backends.evaluate import Evaluator, Expectations, expectations
from qnnbench.backends.protocol import BackendCannot

__all__ = [
    "BACKENDS",
    "BackendCannot",
    "Choice",
    "Evaluator",
    "Expectations",
    "Limits",
    "OverBudget",
    "choose",
    "expectations",
]
