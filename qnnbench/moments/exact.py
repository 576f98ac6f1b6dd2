"""Exact mean and variances of a loss and its gradient over independent random angles."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cirq
import numpy as np
import sympy

from qnnbench.circuits.angles import AngleLaw, Uniform, angle_law
from qnnbench.moments.chain import Chain
from qnnbench.moments.pairs import carried, mean_channel, pair_channel, pair_second_moment
from qnnbench.moments.passes import ZERO, Problem, Solution, solve
from qnnbench.moments.pauli_circuit import CannotCompute, Gate, Rotation, heisenberg_gates
from qnnbench.moments.readout import (
    PauliTerms,
    Projector,
    expectations,
    observable_qubits,
    pauli_means,
    read_observable,
    squared,
)
from qnnbench.moments.reduction import Reduction
from qnnbench.moments.schedule import Schedule, merged_blocks, without_idle
from qnnbench.moments.strings import average, derivative_averages, surviving_products

FIRST_BOND_DIM = 24
LN10 = float(np.log(10))


@dataclass(frozen=True)
class Moments:
    """Moments of C(θ) = <O> over independent random angles.

    Attributes:
        mean: E[C].
        log10_variance: log10 Var[C]; -inf where exactly zero.
        log10_gradient_variance: log10 Var[∂C/∂θ_k], float64 (n_symbols,); -inf where
            exactly zero; empty if gradients were not asked for.
        relative_error: Estimated relative error of the variance.
        method: "exact" if nothing but rounding errors was cut off, else "truncated".
        bond_dim: Largest bond dimension met.
        symbols: Order of ``log10_gradient_variance``.
    """

    mean: float
    log10_variance: float
    log10_gradient_variance: np.ndarray
    relative_error: float
    method: str
    bond_dim: int
    symbols: tuple[sympy.Symbol, ...]


def moments(
    circuit: cirq.AbstractCircuit,
    observable: cirq.PauliString | cirq.PauliSum | cirq.ProjectorString,
    symbols: Sequence[sympy.Symbol] | None = None,
    angles: str | AngleLaw = "uniform",
    state: Any = None,
    tolerance: float = 1e-3,
    max_bond_dim: int = 256,
    gradients: bool = True,
) -> Moments:
    """Return mean and variances of <O> and of its derivatives over random angles.

    Squared Pauli coefficients of U†OU move as a classical Markov chain; it is followed
    as a matrix product state whose bond doubles until the variance agrees with itself
    at every layer to ``tolerance``. At the cap the error found is returned as it is.

    Args:
        circuit: One- and two-qubit Pauli rotations, each by its own symbol, and Clifford
            gates, between neighbours among the qubits in the support of O.
        observable: O; Hermitian. A projector may be on any bits of any qubits.
        symbols: Order of the gradient; None for natural sort (a2 before a10).
        angles: Law of every angle: "uniform" or a law of ``qnnbench.circuits.angles``.
            Under a Gaussian law, gradients are for single Pauli strings only.
        state: Input: None for |0…0>, or an object with ``tensors`` of shape
            (left, 2, right) and bond dimension up to 4.
        tolerance: Wanted relative error of the variance.
        max_bond_dim: Cap of the bond dimension.
        gradients: Whether to compute the gradient variances.

    Raises:
        CannotCompute: Outside this scope; the message says what is supported.
        ValueError: An argument is not finite, positive or consistent.
        TypeError: ``observable`` is of another type.

    Source:
        Derived: second moments of independent random Pauli rotations are diagonal in
        pairs of equal strings wherever :func:`surviving_products` is empty.
    """
    _check_accuracy(tolerance, max_bond_dim)
    law = angle_law(angles)
    order = _natural_order(circuit) if symbols is None else tuple(symbols)
    qubits = sorted(circuit.all_qubits() | observable_qubits(observable))
    gates = heisenberg_gates(circuit, qubits, order)
    means = pauli_means(state, len(qubits))
    cosines, cos_squared = _angle_moments(gates, law, order)
    read = read_observable(observable, qubits)
    if not isinstance(law, Uniform) and not read.is_single:
        if gradients:
            raise CannotCompute(
                f"Under {law} products of different strings of the observable do not average "
                "to zero; gradient variances are supported for single strings. Pass "
                "gradients=False for mean and variance of the loss."
            )
        return _pair_moments(
            read, gates, cosines, cos_squared, means, order, tolerance, max_bond_dim
        )
    average_value, moving, mean_square = _first_moments(read, gates, cosines, means, law)
    if moving.is_empty:
        nothing = np.full(len(order) if gradients else 0, -np.inf)
        return Moments(average_value, -np.inf, nothing, 0.0, "exact", 1, order)
    _check_cross_terms(moving, gates, law)
    problem = _problem(moving, gates, cos_squared, means, len(order), max_bond_dim)
    solution = _converged(problem, tolerance, max_bond_dim, gradients)
    log_variance, error = _centred(solution.log_value, mean_square, solution.spread)
    log_gradients = np.empty(0)
    if gradients:
        squares = _gradient_mean_squares(moving, gates, cosines, means, law)
        frequencies = {g.symbol: g.frequency for g in gates if isinstance(g, Rotation)}
        scale = np.array([abs(frequencies.get(k, 1.0)) for k in range(len(order))])
        log_gradients = _centred(solution.log_gradients, squares, 0.0)[0] + 2 * np.log(scale)
    return Moments(
        mean=average_value,
        log10_variance=float(log_variance) / LN10,
        log10_gradient_variance=log_gradients / LN10,
        relative_error=float(error),
        method="truncated" if solution.truncated else "exact",
        bond_dim=solution.bond_dim,
        symbols=order,
    )


def _pair_moments(
    read: Projector | PauliTerms,
    gates: Sequence[Gate],
    cosines: np.ndarray,
    cos_squared: np.ndarray,
    means: Chain,
    order: tuple[sympy.Symbol, ...],
    tolerance: float,
    max_bond_dim: int,
) -> Moments:
    """Return mean and variance with all cross terms, by chains of one and two copies."""
    angles = [
        (cosines[g.symbol], cos_squared[g.symbol]) if isinstance(g, Rotation) else (1.0, 1.0)
        for g in gates
    ]
    singles = [mean_channel(g, c) for g, (c, _) in zip(gates, angles, strict=True)]
    pairs = [pair_channel(g, c, c2) for g, (c, c2) in zip(gates, angles, strict=True)]
    sign, log_mean, _ = carried(gates, singles, read.weights(), means, max_bond_dim)
    log_second, error, chain = pair_second_moment(
        gates, pairs, read.weights(), means, tolerance, max_bond_dim
    )
    log_variance, error_left = _centred(log_second, np.exp(2 * log_mean), error)
    constant = 0.0 if isinstance(read, Projector) else read.constant
    return Moments(
        mean=constant + sign * float(np.exp(log_mean)),
        log10_variance=float(log_variance) / LN10,
        log10_gradient_variance=np.empty(0),
        relative_error=float(error_left),
        method="truncated" if chain.truncated else "exact",
        bond_dim=chain.bond_dim,
        symbols=order,
    )


def _check_accuracy(tolerance: float, max_bond_dim: int) -> None:
    if not (np.isfinite(tolerance) and tolerance > 0):
        raise ValueError(f"tolerance must be a finite number > 0, got {tolerance!r}")
    if isinstance(max_bond_dim, bool) or not isinstance(max_bond_dim, int) or max_bond_dim < 1:
        raise ValueError(f"max_bond_dim must be a whole number >= 1, got {max_bond_dim!r}")


def _natural_order(circuit: cirq.AbstractCircuit) -> tuple[sympy.Symbol, ...]:
    """Return all symbols, numbers inside their names compared as numbers."""

    def key(symbol: sympy.Symbol) -> list[tuple[int, int | str]]:
        parts = re.split(r"(\d+)", symbol.name)
        return [(0, int(part)) if part.isdigit() else (1, part) for part in parts]

    return tuple(sorted(cirq.parameter_symbols(circuit), key=key))


def _angle_moments(
    gates: Sequence[Gate], law: AngleLaw, symbols: Sequence[sympy.Symbol]
) -> tuple[np.ndarray, np.ndarray]:
    """Return E[cos φ] and E[cos²φ] of the angle of each symbol.

    Raises:
        CannotCompute: E[sin φ] or E[sin φ cos φ] does not vanish.
    """
    cosines, cos_squared = np.ones(len(symbols)), np.ones(len(symbols))
    for gate in gates:
        if not isinstance(gate, Rotation):
            continue
        if isinstance(law, Uniform):
            is_symmetric = gate.frequency == round(gate.frequency)
        else:
            is_symmetric = abs(np.sin(gate.offset / 2)) < 1e-12
        if not is_symmetric:
            raise CannotCompute(
                f"Under {law} the angle {gate.frequency} * {symbols[gate.symbol]} + "
                f"{gate.offset} has a mean sine. Supported: whole frequencies for uniform "
                "angles, no offset for Gaussian ones. Sample instead."
            )
        cosines[gate.symbol], cos_squared[gate.symbol] = law.moments(gate.frequency)
    return cosines, cos_squared


def _first_moments(
    read: Projector | PauliTerms,
    gates: Sequence[Gate],
    cosines: np.ndarray,
    means: Chain,
    law: AngleLaw,
) -> tuple[float, Projector | PauliTerms, float]:
    """Return E[C], the part of the observable that varies, and the square of its mean.

    Under uniform angles a string either meets an anticommuting rotation, and then has
    mean zero, or is constant, and then is no part of the variance.
    """
    if isinstance(read, Projector):
        return read.constant, read, 0.0
    averaged = average(gates, read.strings, cosines)
    value = float(expectations(averaged, means).sum())
    if isinstance(law, Uniform):
        moving = read.strings.select(averaged.weights == 0)
        return read.constant + value, PauliTerms(moving, 0.0), 0.0
    return read.constant + value, PauliTerms(read.strings, 0.0), value**2


def _check_cross_terms(
    moving: Projector | PauliTerms, gates: Sequence[Gate], law: AngleLaw
) -> None:
    """Raise CannotCompute unless every cross term of two strings averages to zero."""
    products = moving.generators()
    if isinstance(law, Uniform):
        products = surviving_products(gates, products)
    if products.any():
        raise CannotCompute(
            f"Under {law} products of different strings of the observable do not average "
            "to zero. Supported: single Pauli strings, and under uniform angles observables "
            "whose strings all meet rotations that tell them apart. Ask for each string "
            "alone or sample instead."
        )


def _problem(
    moving: Projector | PauliTerms,
    gates: Sequence[Gate],
    cos_squared: np.ndarray,
    means: Chain,
    n_symbols: int,
    max_bond_dim: int,
) -> Problem:
    """Return the chain, its steps and both end vectors in reduced bases."""
    possible = moving.possible_letters()
    support = tuple(np.flatnonzero(possible[:, 1:].any(axis=1)).tolist())
    blocks = without_idle(merged_blocks(gates, cos_squared), possible)
    steps = Schedule(blocks, support).steps()
    sites = steps[-1].sites if steps else support
    squares = squared(means, max_bond_dim)
    for site in sorted(set(range(len(possible))) - set(sites), reverse=True):
        squares.remove(site, np.eye(4)[0])
    seeds = [np.moveaxis(tensor, 1, -1).reshape(-1, 4) for tensor in squares.tensors]
    reduction = Reduction(dict(zip(sites, seeds, strict=True)), blocks)
    observable, state = moving.squares(support), moving.meeting(squares)
    observable.project([reduction.bases[site] for site in support])
    state.project([reduction.bases[site] for site in sites])
    for chain in (observable, state):
        if chain.bond_dim > 2:
            chain.compress(max_bond_dim)
    return Problem(observable, support, state, steps, reduction, n_symbols)


def _converged(problem: Problem, tolerance: float, max_bond_dim: int, gradients: bool) -> Solution:
    """Double the bond until the spread is below ``tolerance`` or the cap is met."""
    bond_dim = min(FIRST_BOND_DIM, max_bond_dim)
    solution = solve(problem, bond_dim, gradients)
    while solution.truncated and solution.spread > tolerance and bond_dim < max_bond_dim:
        bond_dim = min(2 * bond_dim, max_bond_dim)
        solution = solve(problem, bond_dim, gradients)
    return solution


def _gradient_mean_squares(
    moving: Projector | PauliTerms,
    gates: Sequence[Gate],
    cosines: np.ndarray,
    means: Chain,
    law: AngleLaw,
) -> np.ndarray:
    """Return E[∂C/∂φ_k]², float64 (n_symbols,); zero under uniform angles."""
    if isinstance(law, Uniform) or isinstance(moving, Projector):
        return np.zeros(len(cosines))
    return expectations(derivative_averages(gates, moving.strings, cosines), means) ** 2


def _centred(
    log_second: np.ndarray | float, mean_square: np.ndarray | float, error: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the log of second moment - squared mean, and its relative error."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.nan_to_num(np.exp(np.log(mean_square) - log_second), nan=0.0)
        left = np.where(1 - share > ZERO, 1 - share, 0.0)
        log_variance = log_second + np.log(left)
        return log_variance, np.where(left > 0, (error + share * ZERO) / left, 0.0)
