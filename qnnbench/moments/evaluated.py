"""Losses as functions of the angles, evaluated by exact backends."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import cirq
import numpy as np
import sympy

from qnnbench.backends import BackendCannot, Choice, Evaluator, Limits
from qnnbench.moments.inputs import Inputs
from qnnbench.moments.pauli_circuit import CannotCompute
from qnnbench.states.mps import MPS, InputState

EVALUATION_S = 20.0  # static cost of one value and gradient up to which a backend is taken


@dataclass(frozen=True)
class Losses:
    """One loss per input state, or the difference of two.

    Attributes:
        evaluator: The circuit with its one observable.
        states: Inputs.
        weights: What each loss takes of the expectation of each state, (n_losses, n_states).
        choice: The exact backend that evaluates them.
    """

    evaluator: Evaluator
    states: tuple[InputState, ...]
    weights: np.ndarray
    choice: Choice

    @property
    def bound(self) -> float:
        """Largest absolute value of any loss that its coefficients allow."""
        observable = sum(part.bound for part in self.evaluator.observables)
        return float(observable * np.abs(self.weights).sum(axis=1).max())

    def values(self, params: np.ndarray) -> np.ndarray:
        """Return losses, float64 (n_draws, n_losses), at ``params`` (n_draws, n_symbols)."""
        return np.array([self._evaluate(row, self.states)[0] @ self.weights.T for row in params])

    def values_and_gradients(self, params: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return losses (n_draws, n_losses) and gradients (n_draws, n_losses, n_symbols)."""
        values = np.empty((len(params), len(self.weights)))
        gradients = np.empty((*values.shape, params.shape[1]))
        for k, weights in enumerate(self.weights):
            used = np.flatnonzero(weights)
            states = tuple(self.states[i] for i in used)
            for draw, row in enumerate(params):
                outcome, gradient = self._evaluate(row, states)
                values[draw, k] = outcome @ weights[used]
                gradients[draw, k] = gradient(weights[used])
        return values, gradients

    def _evaluate(
        self, params: np.ndarray, states: tuple[InputState, ...]
    ) -> tuple[np.ndarray, Any]:
        """Return the expectations (n_states,) and what maps a cotangent to the gradient."""
        name = self.choice.backend.name
        try:
            result = self.evaluator(params, states, name, limits=Limits(exact_s=inf))
        except BackendCannot as reason:
            raise CannotCompute(f"No exact value at some angles. {reason}") from reason
        return result.values[:, 0], lambda weights: result.gradient(weights[:, None])


def evaluated_losses(
    circuit: cirq.AbstractCircuit,
    observable: Any,
    symbols: Sequence[sympy.Symbol],
    inputs: Inputs,
    gradients: bool,
) -> Losses:
    """Return one loss for each input state, or the one difference that a contrast asks for.

    Args:
        circuit: Any circuit that the backends evaluate; symbols may be shared.
        observable: Pauli string or sum, projector string or sum.
        symbols: Order of the angles.
        inputs: The states.
        gradients: Whether gradients will be asked for.

    Raises:
        CannotCompute: No exact backend evaluates this within :data:`EVALUATION_S`.
        UnsupportedCircuit: A gate or an observable that no backend evaluates.
    """
    evaluator = Evaluator(circuit.unfreeze(copy=False), [observable], symbols)
    zero = MPS.product([np.array([1.0, 0.0])] * max(evaluator.program.n_qubits, 1))
    states = tuple(zero if state is None else state for state in inputs.states)
    weights = np.array([[1.0, -1.0]]) if inputs.is_contrast else np.eye(len(states))
    try:
        limits = Limits(exact_s=EVALUATION_S, seconds=EVALUATION_S)
        choice = evaluator.choice(states, limits=limits)
    except BackendCannot as reason:
        raise CannotCompute(f"No exact backend evaluates this loss. {reason}") from reason
    if not choice.backend.is_exact or (gradients and not choice.backend.gives_gradients):
        lacks = "truncates" if not choice.backend.is_exact else "gives no gradients"
        raise CannotCompute(
            f"No exact backend evaluates this loss within {EVALUATION_S:g} s per value: "
            f"{choice.backend.name} {lacks} ({choice.reason}). Ask for fewer qubits or layers."
        )
    return Losses(evaluator, states, weights, choice)
