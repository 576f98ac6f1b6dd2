"""Exact mean and variances of a loss and its gradient over independent random angles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from qnnbench.circuits.angles import AngleLaw, Uniform
from qnnbench.moments.chain import Chain, two_copies, without_identity
from qnnbench.moments.channels import ROUNDING, Alphabet
from qnnbench.moments.inputs import MAX_SECOND_BOND_DIM, expectations, second_means
from qnnbench.moments.observables import Observable, PauliTerms, Projectors
from qnnbench.moments.passes import AGREEING, Problem, Solution, solve
from qnnbench.moments.pauli_circuit import Clifford, Gate, Rotation
from qnnbench.moments.record import Moments
from qnnbench.moments.reduction import Reduction
from qnnbench.moments.schedule import Block, Schedule, haar_blocks, merged_blocks, without_idle
from qnnbench.moments.sectors import cross_terms_vanish
from qnnbench.moments.strings import average, derivative_averages

FIRST_BOND_DIM = 24
CLOSE = 10  # within this factor of the tolerance a bond wider by a third will do
CANCELLED = 1e-12  # a variance below this part of the second moment is rounding
LN10 = float(np.log(10))


@dataclass(frozen=True)
class Question:
    """What is asked of the exact method.

    Attributes:
        read: The observable.
        gates: In Heisenberg order, every symbol in one of them.
        laws: Of the angle of each symbol; None: every block with an angle is Haar random.
        inputs: Means <P> of all strings, for each input state.
        weight_of_one: Mean of the identity: 1, or 0 for a difference of two states.
        symbols: Order of the gradient.
        tolerance: Wanted relative error of the variance of the loss.
        max_bond_dim: Cap of the bond dimension.
        gradients: Whether to compute the gradient variances.
    """

    read: Observable
    gates: Sequence[Gate]
    laws: Sequence[AngleLaw] | None
    inputs: Sequence[Chain]
    weight_of_one: float
    symbols: tuple[sympy.Symbol, ...]
    tolerance: float
    max_bond_dim: int
    gradients: bool


@dataclass(frozen=True)
class _FirstMoments:
    """Means of the loss and its gradient.

    Attributes:
        value: E[C], averaged over the inputs.
        square: E[C]² without the constant, averaged over the inputs.
        gradient_squares: E[∂C/∂θ_k]², likewise, float64 (n_symbols,).
        moving: The part of the observable that varies; the rest is constant.
        error: Relative error of the means.
        truncated: Whether anything but rounding errors was cut off.
    """

    value: float
    square: float
    gradient_squares: np.ndarray
    moving: Observable
    error: float = 0.0
    truncated: bool = False


def exact_moments(question: Question) -> Moments:
    """Return mean and variances, by the diagonal chain where that is exact, else by pairs.

    Raises:
        CannotCompute: Outside the scope of the exact method; the message says what it is.

    Source:
        Derived: second moments of independent random gates are diagonal in pairs of equal
        strings wherever :func:`cross_terms_vanish`.
    """
    blocks = merged_blocks(question.gates, question.laws or [Uniform()] * len(question.symbols))
    if question.laws is None:
        blocks = haar_blocks(blocks)
    read = question.read
    live = without_idle(blocks, read.possible_letters(), Alphabet.STRINGS)
    is_diagonal = cross_terms_vanish(live, read.generators())
    first = _first_moments(question, blocks, is_diagonal)
    alphabet = Alphabet.STRINGS if is_diagonal else Alphabet.PAIRS
    if first.moving.is_empty:
        solution, errors = _nothing(len(question.symbols)), np.zeros(len(question.symbols))
    else:
        solution, errors = _best_weighted(question, blocks, first.moving, alphabet)
    log_variance, error = _centred(solution.log_value, first.square, solution.spread, first.error)
    log_gradients, gradient_errors = np.empty(0), np.empty(0)
    if question.gradients:
        log_gradients, gradient_errors = _centred(
            solution.log_gradients, first.gradient_squares, errors, first.error
        )
    truncated = solution.truncated or first.truncated
    return Moments(
        mean=first.value,
        log10_variance=float(log_variance) / LN10,
        log10_gradient_variance=log_gradients / LN10,
        relative_error=float(error),
        gradient_relative_error=gradient_errors,
        method="exact" if not truncated and solution.spread < AGREEING else "truncated",
        chain="strings" if is_diagonal else "string pairs",
        bond_dim=solution.bond_dim,
        symbols=question.symbols,
    )


def _first_moments(
    question: Question, blocks: Sequence[Block], is_diagonal: bool
) -> _FirstMoments:
    """Return the means, string by string where gates allow it, else by a chain.

    On the diagonal chain with angles of mean cosine zero a string either meets an
    anticommuting rotation, and then has mean zero, or is constant, and then is no part of
    the variance.
    """
    read, inputs = question.read, question.inputs
    constant = read.constant * question.weight_of_one
    nothing = np.zeros(len(question.symbols))
    gates = [g for g in question.gates if isinstance(g, Rotation | Clifford)]
    cosines = _cosines(question) if is_diagonal and len(gates) == len(question.gates) else None
    if cosines is None:
        return _chained_means(question, blocks, constant)
    is_flat = not cosines[[g.symbol for g in gates if isinstance(g, Rotation)]].any()
    if isinstance(read, Projectors):
        if not is_flat:
            return _chained_means(question, blocks, constant)
        return _FirstMoments(constant, 0.0, nothing, read)
    averaged = average(gates, read.strings, cosines)
    values = np.array([expectations(averaged, means).sum() for means in inputs])
    value = constant + float(values.mean())
    if is_flat:
        moving = PauliTerms(read.strings.select(averaged.weights == 0), 0.0)
        return _FirstMoments(value, 0.0, nothing, moving)
    if not question.gradients:
        return _FirstMoments(value, float(np.mean(values**2)), nothing, read)
    if len(read.strings) > 1:
        return _chained_means(question, blocks, constant)
    frequencies = np.ones(len(nothing))
    for gate in gates:
        if isinstance(gate, Rotation):
            frequencies[gate.symbol] = gate.frequency
    strings = derivative_averages(gates, read.strings, cosines)
    slopes = [frequencies * expectations(strings, means) for means in inputs]
    squares = np.mean(np.square(slopes), axis=0)
    return _FirstMoments(value, float(np.mean(values**2)), squares, read)


def _cosines(question: Question) -> np.ndarray | None:
    """Return E[cos φ] of each symbol; None unless E[sin φ] = E[sin φ cos φ] = 0 for all."""
    if question.laws is None:
        return None
    cosines = np.ones(len(question.symbols))
    for gate in question.gates:
        if not isinstance(gate, Rotation):
            continue
        law = question.laws[gate.symbol]
        once = np.exp(1j * gate.offset) * law.characteristic(gate.frequency)
        twice = np.exp(2j * gate.offset) * law.characteristic(2 * gate.frequency)
        if max(abs(once.imag), abs(twice.imag)) > ROUNDING:
            return None
        cosines[gate.symbol] = once.real
    return cosines


def _chained_means(question: Question, blocks: Sequence[Block], constant: float) -> _FirstMoments:
    """Return the means by a chain over strings, one per input."""
    values, squares, solutions = [], [], []
    for means in question.inputs:
        problem = _problem(question, blocks, question.read, Alphabet.MEAN, [means])
        solution, _ = _converged(problem, question)
        solutions.append(solution)
        values.append(solution.sign * np.exp(solution.log_value))
        squares.append(np.exp(2 * solution.log_gradients))
    return _FirstMoments(
        value=constant + float(np.mean(values)),
        square=float(np.mean(np.square(values))),
        gradient_squares=np.mean(squares, axis=0),
        moving=question.read,
        error=max(s.spread for s in solutions),
        truncated=any(s.truncated for s in solutions),
    )


def _problem(
    question: Question,
    blocks: Sequence[Block],
    read: Observable,
    alphabet: Alphabet,
    inputs: Sequence[Chain],
    weight: float = 1.0,
) -> Problem:
    """Return the chain, its steps and both end vectors in reduced bases of a weight."""
    possible = read.possible_letters()
    support = tuple(np.flatnonzero(possible[:, 1:].any(axis=1)).tolist())
    if alphabet is Alphabet.PAIRS:
        possible = (possible[:, :, None] & possible[:, None, :]).reshape(len(possible), -1)
    steps = Schedule(without_idle(blocks, possible, alphabet), support).steps()
    sites = steps[-1].sites if steps else support
    state = inputs[0].copy() if alphabet is Alphabet.MEAN else second_means(inputs, alphabet)
    one = np.eye(alphabet.size)[0]
    for site in sorted(set(range(len(possible))) - set(sites), reverse=True):
        state.remove(site, one)
    seeds = [np.moveaxis(tensor, 1, -1).reshape(-1, alphabet.size) for tensor in state.tensors]
    moved = [block for step in steps for block in step.blocks]
    reduction = Reduction(dict(zip(sites, seeds, strict=True)), moved, alphabet, weight)
    if isinstance(read, Projectors):
        # The weight of I is 1, that of others down to 4^-n: what rounding leaves of I in the
        # observable would otherwise count. Pauli sums keep I, so that the vector stays a
        # product away from the light cone, where strings of low weight keep their precision.
        state = without_identity(state)
    if alphabet is Alphabet.STRINGS:
        observable = read.squares(support)
    else:
        observable = read.weights(support)
        if alphabet is Alphabet.PAIRS:
            observable = two_copies(observable)
    observable.project([reduction.bases[site] for site in support])
    state.project([reduction.duals[site] for site in sites])
    for chain in (observable, state):
        if chain.bond_dim > 2:
            chain.compress(max(question.max_bond_dim, MAX_SECOND_BOND_DIM))
    return Problem(observable, support, state, steps, reduction, len(question.symbols))


def _best_weighted(
    question: Question,
    blocks: Sequence[Block],
    read: Observable,
    alphabet: Alphabet,
) -> tuple[Solution, np.ndarray]:
    """Return the solution and its gradient errors in bases that hold what matters.

    Where the input meets but strings on many sites, as in the contrast of GHZ states, these
    may be rounding errors of the observable's vector: no bond helps, a weight does.
    """

    def found(weight: float) -> tuple[Solution, np.ndarray]:
        problem = _problem(question, blocks, read, alphabet, question.inputs, weight)
        return _converged(problem, question)

    best = found(1.0)
    for weight in (2.0, 4.0):
        if best[0].spread <= question.tolerance or best[0].truncated:
            break
        best = min(best, found(weight), key=lambda result: result[0].spread)
    return best


def _nothing(n_symbols: int) -> Solution:
    return Solution(0.0, -np.inf, np.full(n_symbols, -np.inf), 0.0, 1, False)


def _converged(problem: Problem, question: Question) -> tuple[Solution, np.ndarray]:
    """Widen the bond until the spread is below the tolerance or the cap is met.

    It doubles, or grows by a third where the spread is close.

    Returns:
        The last solution and the relative error of each gradient, float64 (n_symbols,), meant
        to be no less than a tenth of the true one: from its change since the bond before
        and the ratio by which the spread fell, the spread at least. On 100 random circuits
        half of these errors are more than ten times too large, none too small.
    """
    cap, gradients = question.max_bond_dim, question.gradients
    bond_dim = min(FIRST_BOND_DIM, cap)
    solution, before = solve(problem, bond_dim, gradients), None
    while solution.truncated and solution.spread > question.tolerance and bond_dim < cap:
        is_close = solution.spread < CLOSE * question.tolerance
        bond_dim = min(4 * bond_dim // 3 if is_close else 2 * bond_dim, cap)
        solution, before = solve(problem, bond_dim, gradients), solution
    if not (solution.truncated and gradients and problem.n_symbols):
        return solution, np.full(problem.n_symbols, solution.spread)
    if before is None:
        before = solve(problem, max(1, bond_dim // 2), gradients)
    fall = min(1.0, solution.spread / before.spread) if before.spread > 0 else 1.0
    with np.errstate(invalid="ignore", over="ignore"):
        changes = np.abs(np.expm1(before.log_gradients - solution.log_gradients))
    changes = np.nan_to_num(changes, nan=0.0)
    typical = float(np.sqrt(np.mean(np.minimum(changes, 1) ** 2)))
    changes = np.maximum(changes, typical / 3)  # one may be small by accident
    hoped = np.maximum(np.sqrt(fall) * changes, solution.spread)
    geometric = np.sqrt(changes) * np.sqrt(hoped)  # their product may overflow
    return solution, np.maximum(geometric, solution.spread)


def _centred(
    log_second: np.ndarray | float,
    mean_square: np.ndarray | float,
    error: np.ndarray | float,
    mean_error: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the log of second moment - squared mean, and its relative error.

    Where the difference is no more than its error it is zero, of error inf; where both
    agree to rounding, it is zero.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.nan_to_num(np.exp(np.log(mean_square) - log_second), nan=0.0)
        left = np.where(1 - share > CANCELLED, 1 - share, 0.0)
        log_variance = log_second + np.log(left)
        total = error + share * (CANCELLED + 2 * mean_error)
        lost = np.where((total > 2 * CANCELLED) & ~np.isneginf(log_second), np.inf, 0.0)
        return log_variance, np.where(left > 0, total / left, lost)


def constant_moments(question: Question) -> Moments:
    """Return the moments of an observable that is a multiple of the identity."""
    nothing = np.full(len(question.symbols) if question.gradients else 0, -np.inf)
    value = question.read.constant * question.weight_of_one
    zeros = np.zeros(len(nothing))
    return Moments(value, -np.inf, nothing, 0.0, zeros, "exact", "strings", 1, question.symbols)
