"""Every backend against cirq.Simulator on whatever is drawn, and every pair of backends."""

import itertools
from dataclasses import dataclass

import cirq
import numpy as np
import pytest
import sympy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qnnbench.backends import Evaluator
from qnnbench.states.mps import MPS, State
from tests import strategies
from tests.circuits import cirq_values

BOND_DIM = 256  # where Heisenberg is exact at these widths
STEP = 5e-3  # of a six-point difference: h⁶ and 1e-16 / h are both below 1e-11

drawn = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@dataclass(frozen=True)
class Problem:
    """A circuit at some angles, what is read, the input state, and a direction to move in."""

    circuit: cirq.Circuit
    observables: list
    symbols: tuple[sympy.Symbol, ...]
    params: np.ndarray
    state: State | None
    direction: np.ndarray
    cotangent: np.ndarray

    def by(self, backend: str):
        """Return values (columns,) and the whole result."""
        evaluator = Evaluator(self.circuit, self.observables, self.symbols)
        result = evaluator(self.params, self.state, backend, 0.0, BOND_DIM)
        return result.values[0], result

    def slope(self, result) -> float:
        return float(result.gradient(self.cotangent) @ self.direction)

    def cirq_values(self, params: np.ndarray) -> np.ndarray:
        n_qubits = self.n_qubits
        state = self.state or MPS.product([np.array([1.0, 0.0])] * n_qubits)
        assignment = dict(zip(self.symbols, params, strict=True))
        return sum(
            weight
            * cirq_values(
                self.circuit, self.observables, assignment, member.state_vector(), n_qubits
            )
            for weight, member in state.members
        )

    def cirq_slope(self) -> float:
        total = 0.0
        for shift, weight in ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60)):
            for sign in (1, -1):
                values = self.cirq_values(self.params + sign * shift * STEP * self.direction)
                total += sign * weight * float(values @ self.cotangent[0]) / STEP
        return total

    @property
    def n_qubits(self) -> int:
        return len(self.circuit.all_qubits())


@st.composite
def problems(draw, sizes, circuits, reads=strategies.observables, clifford=False) -> Problem:
    n_qubits = draw(st.integers(*sizes))
    circuit, observables = draw(circuits(n_qubits)), draw(reads(n_qubits))
    rng = np.random.default_rng(draw(strategies.seeds))
    names = sorted(cirq.parameter_names(circuit))
    params = rng.uniform(-np.pi, np.pi, len(names))
    if clifford:
        params = np.pi / 2 * rng.integers(0, 4, len(names))
    state = None if clifford else draw(strategies.states(n_qubits))
    return Problem(  # identities so that the circuit has its width even where a qubit is idle
        circuit + cirq.Circuit(cirq.I(q) for q in cirq.LineQubit.range(n_qubits)),
        observables,
        tuple(sympy.Symbol(name) for name in names),
        params,
        state,
        rng.normal(size=len(names)),
        rng.normal(size=(1, len(observables))),
    )


ANY = problems((2, 6), strategies.circuits)
TREES = problems((2, 7), strategies.trees, strategies.single_reads)
CLIFFORDS = problems((2, 7), strategies.cliffords, clifford=True)


@pytest.mark.parametrize("backend", ["statevector", "heisenberg", "tensor_network"])
def test_exact_backends_agree_with_cirq_on_any_circuit(backend):
    @drawn
    @given(ANY)
    def agree(problem):
        values, result = problem.by(backend)
        assert not result.error.any()
        np.testing.assert_allclose(values, problem.cirq_values(problem.params), atol=1e-9)
        assert problem.slope(result) == pytest.approx(problem.cirq_slope(), abs=1e-8)

    agree()


@drawn
@given(TREES)
def test_tree_agrees_with_cirq_on_any_tree(problem):
    values, result = problem.by("tree")
    assert result.is_exact
    np.testing.assert_allclose(values, problem.cirq_values(problem.params), atol=1e-9)
    assert problem.slope(result) == pytest.approx(problem.cirq_slope(), abs=1e-8)


@drawn
@given(CLIFFORDS)
def test_stabilizer_agrees_with_cirq_on_any_clifford(problem):
    values, result = problem.by("stabilizer")
    assert result.is_exact
    np.testing.assert_allclose(values, problem.cirq_values(problem.params), atol=1e-9)


@drawn
@given(ANY)
def test_qsim_lies_within_its_error(problem):
    values, result = problem.by("qsim")
    assert not result.is_exact
    assert np.all(np.abs(values - problem.cirq_values(problem.params)) <= result.error[0])


@pytest.mark.parametrize(
    "pair",
    list(itertools.combinations(["statevector", "heisenberg", "tensor_network", "tree"], 2)),
    ids="-".join,
)
def test_every_pair_agrees_on_trees(pair):
    @settings(drawn, max_examples=15)
    @given(problems((8, 12), strategies.trees, strategies.single_reads))
    def agree(problem):
        (first, one), (second, other) = problem.by(pair[0]), problem.by(pair[1])
        np.testing.assert_allclose(first, second, atol=1e-9)
        assert problem.slope(one) == pytest.approx(problem.slope(other), abs=1e-8)

    agree()


@pytest.mark.parametrize("other", ["statevector", "heisenberg", "tensor_network"])
def test_every_pair_agrees_on_cliffords(other):
    @settings(drawn, max_examples=15)
    @given(problems((8, 10), strategies.cliffords, clifford=True))
    def agree(problem):
        first, _ = problem.by("stabilizer")
        second, _ = problem.by(other)
        np.testing.assert_allclose(first, second, atol=1e-9)

    agree()
