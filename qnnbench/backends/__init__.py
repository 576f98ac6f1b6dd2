"""Expectation values with gradients: one protocol, one file per backend."""

from qnnbench.backends.evaluate import BACKENDS, Evaluator, Expectations, choose, expectations
from qnnbench.backends.protocol import BackendCannot

__all__ = ["BACKENDS", "BackendCannot", "Evaluator", "Expectations", "choose", "expectations"]
