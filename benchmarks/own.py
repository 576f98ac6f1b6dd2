"""Our own contenders: backends by name, compilation, and exact moments."""

import numpy as np

from benchmarks.cases import Case
from benchmarks.contenders import Work
from qnnbench.backends import Evaluator
from qnnbench.moments import moments


def prepare(case: Case, gradient: bool, backend: str, bond_dim: int = 256) -> Work:
    """Return values of ``backend`` and, if asked, the gradient of their sum."""
    evaluator, states = Evaluator.of(case.network), case.states

    def work(params: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        result = evaluator(params, states, backend, np.inf, bond_dim, first_bond_dim=bond_dim)
        return result.values, result.gradient(np.ones_like(result.values)) if gradient else None

    return work


def prepare_compile(case: Case, gradient: bool) -> Work:
    """Return the compilation of the circuit; its value is the number of blocks."""
    network = case.network

    def work(params: np.ndarray) -> tuple[np.ndarray, None]:
        return np.array([[len(Evaluator.of(network).program.sites)]]), None

    return work


def prepare_moments(case: Case, gradient: bool) -> Work:
    """Return all gradient variances of the first observable; log10 of the loss's."""
    network = case.network

    def work(params: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        exact = moments(network.circuit, network.observables[0], network.symbols)
        return np.array([[exact.log10_variance]]), exact.log10_gradient_variance

    return work
