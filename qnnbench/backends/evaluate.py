"""Expectation values with gradients: check the arguments, ask the chosen backend."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING, Any

import cirq
import numpy as np
import sympy

from qnnbench.backends.choice import Choice, Limits, OverBudget, choose, choose_within
from qnnbench.backends.protocol import Backend, Evaluation, Query
from qnnbench.circuits.gates import UnsupportedCircuit
from qnnbench.circuits.observables import on_sites
from qnnbench.circuits.program import Program, compile_circuit, site_index
from qnnbench.states.mps import MPS, InputState, PureState

if TYPE_CHECKING:
    from qnnbench.circuits.ansatze import Network, Observable

FIRST_BOND_DIM = 16


@dataclass(frozen=True)
class Expectations:
    """Expectation values of observables after a circuit.

    Attributes:
        values: Float64 (n_states, n_observables).
        error: Estimated absolute error, same shape; 0.0 where exact. It says nothing of
            gradients: ``gradient_error`` does.
        is_exact: No truncation and no single precision anywhere.
        relative_error: Largest truncation estimate over the observables, relative to the
            root mean square over product states.
        backend: Name of the backend that was used.
        reason: Why that one, with the static costs that decided.
        bond_dim: Its operator bond; 0 where there is none.
        wall_time_s: Seconds the values took.
    """

    values: np.ndarray
    error: np.ndarray
    is_exact: bool
    relative_error: float
    backend: str
    reason: str
    bond_dim: int
    wall_time_s: float
    _evaluation: Evaluation
    _mixing: np.ndarray
    _summing: np.ndarray
    _refine: "_Refine"

    def gradient(self, cotangent: np.ndarray) -> np.ndarray:
        """Return Σ cotangent · ∂values/∂params, float64 (n_symbols,).

        Args:
            cotangent: Derivative of a loss by ``values``, (n_states, n_observables).

        Raises:
            ValueError: Wrong shape or a number that is not finite.
            BackendCannot: The backend gives no gradients.
            FloatingPointError: The gradient is not finite.
        """
        return self._pulled_back(self._evaluation, cotangent)

    def gradient_error(self, cotangent: np.ndarray) -> np.ndarray:
        """Return |gradient - the same at twice the operator bond|, float64 (n_symbols,)."""
        gradient = self.gradient(cotangent)
        if self.is_exact:
            return np.zeros_like(gradient)
        finer = self._refine(2 * self.bond_dim)
        return np.abs(gradient - self._pulled_back(finer, cotangent))

    def _pulled_back(self, evaluation: Evaluation, cotangent: np.ndarray) -> np.ndarray:
        inner = self._mixing.T @ self._checked(cotangent) @ self._summing.T
        gradient = evaluation.pull_back(inner)
        if not np.isfinite(gradient).all():
            raise FloatingPointError(f"{self.backend} gave a gradient that is not finite")
        return gradient

    def _checked(self, cotangent: np.ndarray) -> np.ndarray:
        array = np.asarray(cotangent, dtype=float)
        if array.shape != self.values.shape or not np.isfinite(array).all():
            raise ValueError(
                f"cotangent must be finite numbers of shape {self.values.shape} "
                f"(n_states, n_observables), got shape {array.shape}"
            )
        return array


@dataclass(frozen=True)
class _Refine:
    """Evaluates the same query again at another operator bond."""

    query: Query
    params: np.ndarray
    backend: Backend

    def __call__(self, max_bond_dim: int) -> Evaluation:
        options = self.backend.settings({"max_bond_dim": max_bond_dim})
        evaluation = self.backend.evaluate(self.query, self.params, **options)
        if not (np.isfinite(evaluation.values).all() and np.isfinite(evaluation.error).all()):
            raise FloatingPointError(f"{self.backend.name} gave values that are not finite")
        return evaluation


class Evaluator:
    """A compiled circuit with observables, evaluated for many parameters and states.

    Args:
        circuit: Any Cirq circuit of one- and two-qubit unitary gates whose angles are
            affine in its symbols.
        observables: Pauli strings, Pauli sums, projector strings or sums of these.
        symbols: Order of the parameters; None sorts naturally (a2 before a10).

    Raises:
        UnsupportedCircuit: A gate or an observable that no backend evaluates.
    """

    def __init__(
        self,
        circuit: cirq.Circuit,
        observables: "Sequence[Observable]",
        symbols: Sequence[sympy.Symbol] | None = None,
    ) -> None:
        if not isinstance(circuit, cirq.AbstractCircuit):
            raise UnsupportedCircuit(
                f"circuit must be a cirq.Circuit, got {type(circuit).__name__}"
            )
        qubits = {q for o in observables for q in _qubits(o)}
        self.program = compile_circuit(circuit, symbols, qubits)
        self._widened: dict[int, Program] = {}
        sites = site_index({*circuit.all_qubits(), *qubits})
        parts = [
            (column, on_sites(part, sites))
            for column, observable in enumerate(observables)
            for part in _summands(observable)
        ]
        self.observables = tuple(part for _, part in parts)
        self._summing = np.zeros((len(parts), len(observables)))
        for row, (column, _) in enumerate(parts):
            self._summing[row, column] = 1.0

    @classmethod
    def of(cls, network: "Network") -> "Evaluator":
        """Return the evaluator of an ansatz with its own readout."""
        return cls(network.circuit, network.observables, network.symbols)

    def __call__(
        self,
        params: np.ndarray,
        states: InputState | Sequence[InputState] | None = None,
        backend: str = "auto",
        tolerance: float = 0.05,
        max_bond_dim: int = 256,
        first_bond_dim: int = FIRST_BOND_DIM,
        limits: Limits | None = None,
    ) -> Expectations:
        """Return expectation values; see :func:`expectations`."""
        clock = time.perf_counter()
        if isinstance(max_bond_dim, bool) or not max_bond_dim >= 1 or max_bond_dim % 1:
            raise ValueError(f"max_bond_dim must be a whole number >= 1, got {max_bond_dim!r}")
        if not tolerance >= 0:
            raise ValueError(f"tolerance must be a number >= 0, got {tolerance!r}")
        params = self.checked_params(params)
        query, mixing = self.query(states)
        bond = min(first_bond_dim, max_bond_dim)
        choice = choose_within(query, backend, bond, max_bond_dim, limits)
        refine = _Refine(query, params, choice.backend)
        bond = choice.bond_dim
        evaluation = refine(bond)
        while evaluation.relative_error > tolerance and bond < max_bond_dim:
            bond = min(2 * bond, max_bond_dim)
            try:
                choose(query, choice.backend.name, bond, limits)
            except OverBudget:
                break  # the error stays above tolerance, and says so
            evaluation = refine(bond)
        return Expectations(
            mixing @ evaluation.values @ self._summing,
            mixing @ evaluation.error @ self._summing,
            evaluation.is_exact,
            evaluation.relative_error,
            choice.backend.name,
            choice.reason,
            evaluation.bond_dim,
            time.perf_counter() - clock,
            evaluation,
            mixing,
            self._summing,
            refine,
        )

    def choice(
        self,
        states: InputState | Sequence[InputState] | None = None,
        backend: str = "auto",
        max_bond_dim: int = FIRST_BOND_DIM,
        limits: Limits | None = None,
    ) -> Choice:
        """Return the backend that would be used, its static cost and the reason.

        Raises:
            BackendCannot: Nothing can evaluate this, with the reasons.
            OverBudget: What can evaluate it costs more than ``limits``.
        """
        return choose(self.query(states)[0], backend, max_bond_dim, limits)

    def checked_params(self, params: np.ndarray) -> np.ndarray:
        """Return ``params`` as float64 (n_symbols,), or say what is wrong with them."""
        n_symbols = len(self.program.symbols)
        try:  # a copy: the caller may go on changing its own array
            array = np.array(params, dtype=float)
        except (TypeError, ValueError) as reason:
            raise ValueError(
                f"params must be {n_symbols} real angles in an array, got {type(params).__name__}"
            ) from reason
        if array.shape != (n_symbols,):
            raise ValueError(
                f"params must have shape ({n_symbols},), one angle per symbol, got {array.shape}"
            )
        if not np.isfinite(array).all():
            bad = [self.program.symbols[i].name for i in np.flatnonzero(~np.isfinite(array))[:3]]
            raise ValueError(f"params must be finite angles in radians; NaN or inf at {bad}")
        return array

    def query(self, states: InputState | Sequence[InputState] | None) -> tuple[Query, np.ndarray]:
        """Return the query of the pure members and the matrix that mixes them into states."""
        if states is None:
            states = [_zero_state(max(self.program.n_qubits, 1))]
        elif isinstance(states, InputState):
            states = [states]
        if not isinstance(states, list | tuple) or not states:
            raise ValueError(
                "states must be None for |0…0>, a state, or a list of at least one; got "
                f"{'an empty one' if isinstance(states, list | tuple) else type(states).__name__}"
            )
        strangers = [type(s).__name__ for s in states if not isinstance(s, InputState)]
        if strangers:
            raise ValueError(
                f"states must be MPS, Mixture or StabilizerState, found {strangers[0]}"
            )
        widths = sorted({state.n_qubits for state in states})
        if widths[0] < self.program.n_qubits or len(widths) > 1:
            raise ValueError(
                f"states of {widths} qubits for a circuit on {self.program.n_qubits} qubits"
            )
        members: list[PureState] = []
        rows = []
        for row, state in enumerate(states):
            for weight, member in state.members:
                members.append(member)
                rows.append((row, weight))
        mixing = np.zeros((len(states), len(members)))
        for column, (row, weight) in enumerate(rows):
            mixing[row, column] = weight
        program = self._widened.setdefault(widths[0], self.program.widened(widths[0]))
        return Query(program, self.observables, tuple(members)), mixing


@lru_cache(maxsize=8)
def _zero_state(n_qubits: int) -> MPS:
    """Return |0…0>, the same object every time: what backends keep per state stays valid."""
    return MPS.product([np.array([1.0, 0.0])] * n_qubits)


def _qubits(observable: Any) -> tuple[cirq.Qid, ...]:
    if isinstance(observable, cirq.ProjectorString):
        return tuple(observable.projector_dict)
    return tuple(getattr(observable, "qubits", ()))


def _summands(observable: Any) -> list[Any]:
    """Return the projector strings of a sum; anything else is one observable."""
    return list(observable) if isinstance(observable, cirq.ProjectorSum) else [observable]


def expectations(
    circuit: cirq.Circuit,
    observables: "Observable | Sequence[Observable]",
    params: np.ndarray,
    states: InputState | Sequence[InputState] | None = None,
    symbols: Sequence[sympy.Symbol] | None = None,
    backend: str = "auto",
    tolerance: float = 0.05,
    max_bond_dim: int = 256,
    max_seconds: float = inf,
    max_memory: float = inf,
) -> Expectations:
    """Return expectation values of any circuit of one- and two-qubit gates, with gradients.

    Args:
        circuit: Angles affine in sympy symbols; a repeated symbol is a shared parameter.
        observables: One or several of ``cirq.PauliString``, ``cirq.PauliSum``,
            ``cirq.ProjectorString``, ``cirq.ProjectorSum``; one column of values each.
        params: Angles in radians, (n_symbols,), in the order of ``symbols``.
        states: None for |0…0>, a state, or a sequence of states.
        symbols: None sorts the circuit's symbols naturally (a2 before a10).
        backend: "auto" or a name in ``BACKENDS``.
        tolerance: Operator bonds double until the error estimate, relative to the root
            mean square over product states, meets it.
        max_bond_dim: Cap of the operator bond; a result above tolerance says so in
            ``error``.
        max_seconds: Limit of one value and gradient, by operation count.
        max_memory: Limit in bytes, by static estimate.

    Raises:
        UnsupportedCircuit: A gate or observable that nothing here evaluates.
        BackendCannot: The backend declines, with the reason and what can.
        OverBudget: What could evaluate this is above the limits.
        ValueError: Wrong shapes, NaN, unknown names.
        FloatingPointError: A value left the range of double precision.
    """
    columns: list[Any] = [observables]
    if isinstance(observables, list | tuple):
        columns = list(observables)
    if not columns:
        raise ValueError("observables is empty; pass at least one")
    evaluator = Evaluator(circuit, columns, symbols)
    limits = Limits(seconds=max_seconds, memory_bytes=max_memory)
    return evaluator(params, states, backend, tolerance, max_bond_dim, limits=limits)
