"""Exact moments of losses with few, shared angles, from values on a product grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm, prod
from typing import Any

import cirq
import numpy as np
import sympy

from qnnbench.backends import Evaluator
from qnnbench.circuits.angles import AngleLaw
from qnnbench.moments.evaluated import evaluated_losses
from qnnbench.moments.inputs import Inputs
from qnnbench.moments.pauli_circuit import CannotCompute
from qnnbench.moments.record import Moments

MAX_SYMBOLS = 6
MAX_POINTS = 20_000
MAX_POINTS_PER_SYMBOL = 3001  # matrices over the frequencies of one symbol stay below 150 MB
MAX_SECONDS = 3600.0  # static cost of all values
MAX_DENOMINATOR = 1000  # of ratios of frequencies
ROUNDING = 1e-15  # of each product in a quadratic form, relative to its terms
VALUE_ROUNDING = 1e-14  # of each value, relative to the largest one possible


@dataclass(frozen=True)
class Axis:
    """One symbol θ of a trigonometric polynomial, with the law of its angle.

    Frequencies f are in the order of a discrete Fourier transform, dimensionless.

    Attributes:
        symbol: Place of θ in the order of the symbols.
        angles: Equispaced over one period, radians (n,).
        frequencies: Float64 (n,).
        means: E[exp(ifθ)], complex (n,).
        second: E[exp(i(g-f)θ)] at [f, g], complex (n, n).
        covariance: Cov[exp(ifθ), exp(igθ)] at [f, g], complex (n, n).
        rounding: Sizes of the terms that make up ``covariance``, float64 (n, n); zero where
            it vanishes exactly.
    """

    symbol: int
    angles: np.ndarray
    frequencies: np.ndarray
    means: np.ndarray
    second: np.ndarray
    covariance: np.ndarray
    rounding: np.ndarray

    @classmethod
    def of(cls, symbol: int, step: float, degree: int, law: AngleLaw) -> "Axis":
        """Return the axis of the frequencies -degree … degree times ``step``."""
        n_points = 2 * degree + 1
        order = np.rint(np.fft.fftfreq(n_points) * n_points).astype(int)
        table = [law.characteristic(step * k) for k in range(-2 * degree, 2 * degree + 1)]
        characteristic = np.array(table, dtype=complex)
        means = characteristic[order + 2 * degree]
        second = characteristic[order[None, :] - order[:, None] + 2 * degree]
        product = np.outer(means.conj(), means)
        covariance = second - product
        rounding = np.where(covariance == 0, 0.0, np.abs(second) + np.abs(product))
        angles = 2 * np.pi / (step * n_points) * np.arange(n_points)
        return cls(symbol, angles, step * order, means, second, covariance, rounding)


def grid_moments(
    circuit: cirq.AbstractCircuit,
    observable: Any,
    symbols: Sequence[sympy.Symbol],
    laws: Sequence[AngleLaw],
    inputs: Inputs,
    gradients: bool = True,
) -> Moments:
    """Return the moments of a loss whose few angles may each act in many gates.

    C is a trigonometric polynomial: each gate adds to the frequencies of its symbol the
    differences of its eigenvalues times its slope. Values on a grid of 2m + 1 points per
    symbol, m the degree, give all Fourier coefficients; E[C], Var[C] and Var[∂C] are sums
    over them with the characteristic functions of the laws, without quadrature error.

    Args:
        circuit: Any circuit that the backends evaluate.
        observable: Pauli string or sum, projector string or sum.
        symbols: Order of the gradient.
        laws: Law of the angle of each symbol; angles of different symbols are independent.
        inputs: A state, or several: the result is then the average over them of the mean
            and of each variance; or a contrast.
        gradients: Whether to return the gradient variances.

    Returns:
        Relative errors are estimates of what rounding does, on the safe side; a variance
        that rounding alone could have made is zero.

    Raises:
        CannotCompute: More than 6 symbols that the observable sees, more than 20,000 grid
            points, frequencies without a common measure, or no exact backend.
        UnsupportedCircuit: A gate or an observable that no backend evaluates.

    Source:
        Derived above; the spectrum is that of Schuld, Sweke and Meyer, Phys. Rev. A 103,
        032430 (2021), Sec. II.
    """
    losses = evaluated_losses(circuit, observable, symbols, inputs, gradients=False)
    spectra = _spectra(losses.evaluator, symbols)
    n_points = _checked_points(spectra)
    seconds = n_points * losses.choice.cost.seconds * losses.weights.shape[1]
    if seconds > MAX_SECONDS:
        raise CannotCompute(
            f"{n_points} values on the grid would take {seconds:.2g} s by operation count; the "
            f"limit is {MAX_SECONDS:g} s. Sample instead (n_samples)."
        )
    axes = [Axis.of(k, step, degree, laws[k]) for k, (step, degree) in spectra.items()]
    params = np.zeros((n_points, len(symbols)))
    mesh = np.meshgrid(*[axis.angles for axis in axes], indexing="ij")
    for axis, angles in zip(axes, mesh, strict=True):
        params[:, axis.symbol] = angles.ravel()
    shape = tuple(len(axis.angles) for axis in axes)
    values = losses.values(params).T.reshape(-1, *shape)
    coefficients = [np.fft.fftn(each) / n_points if shape else each for each in values]

    mean, variance, error = _averaged(coefficients, axes, losses.bound)
    log_gradients = np.full(len(symbols) if gradients else 0, -np.inf)
    gradient_errors = np.zeros_like(log_gradients)
    for place, axis in enumerate(axes if gradients else ()):
        slopes = axis.frequencies.reshape(-1, *[1] * (len(axes) - 1 - place))
        derivatives = [1j * slopes * each for each in coefficients]
        bound = losses.bound * np.abs(axis.frequencies).max()
        _, slope_variance, gradient_errors[axis.symbol] = _averaged(derivatives, axes, bound)
        log_gradients[axis.symbol] = _log10(slope_variance)
    return Moments(
        mean=mean,
        log10_variance=_log10(variance),
        log10_gradient_variance=log_gradients,
        relative_error=error,
        gradient_relative_error=gradient_errors,
        method="exact",
        chain="grid",
        bond_dim=0,
        symbols=tuple(symbols),
    )


def _spectra(
    evaluator: Evaluator, symbols: Sequence[sympy.Symbol]
) -> dict[int, tuple[float, int]]:
    """Return step and degree of the frequencies of each symbol that the observable sees."""
    degrees: dict[int, float] = {}
    differences: dict[int, set[float]] = {}
    for symbol, frequencies in _gate_frequencies(evaluator):
        gaps = np.abs(frequencies[:, None] - frequencies).ravel()
        gaps = gaps[gaps > 1e-9 * np.abs(frequencies).max()]
        degrees[symbol] = degrees.get(symbol, 0.0) + gaps.max(initial=0.0)
        differences.setdefault(symbol, set()).update(gaps)
    found = {}
    for symbol in sorted(k for k, degree in degrees.items() if degree > 0):
        step = _common_step(sorted(differences[symbol]), symbols[symbol])
        found[symbol] = (step, round(degrees[symbol] / step))
    return found


def _gate_frequencies(evaluator: Evaluator) -> list[tuple[int, np.ndarray]]:
    """Return symbol and eigen-frequencies (4,) by it of each gate in the light cone."""
    program = evaluator.program
    rows = {
        gate: (template, row)
        for template in program.templates
        for row, gate in enumerate(template.gates)
    }
    sites = {site for part in evaluator.observables for site in part.sites}
    found = []
    for block in program.light_cone(sites)[0]:
        template, row = rows[program.gate_of_block[block]]
        for frequencies, slopes, names in zip(
            template.frequencies, template.slopes[row], template.symbols[row], strict=True
        ):
            found += [
                (int(k), slope * frequencies)
                for k, slope in zip(names, slopes, strict=True)
                if slope
            ]
    return found


def _common_step(frequencies: Sequence[float], symbol: sympy.Symbol) -> float:
    """Return the largest number of which all ``frequencies`` are whole multiples.

    Raises:
        CannotCompute: There is none.
    """
    largest = max(frequencies)
    ratios = [Fraction(f / largest).limit_denominator(MAX_DENOMINATOR) for f in frequencies]
    misfit = max(abs(r - f / largest) for r, f in zip(ratios, frequencies, strict=True))
    if misfit > 1e-9:
        raise CannotCompute(
            f"The frequencies {frequencies[:5]} of {symbol} have no common measure: the loss "
            "is not periodic in it. Sample instead (n_samples)."
        )
    common = lcm(*(ratio.denominator for ratio in ratios))
    whole = gcd(*(int(ratio * common) for ratio in ratios))
    return largest * whole / common


def _checked_points(spectra: dict[int, tuple[float, int]]) -> int:
    """Return the number of points of the product grid, or decline."""
    counts = [2 * degree + 1 for _, degree in spectra.values()]
    n_points = prod(counts)
    is_small = n_points <= MAX_POINTS and max(counts, default=1) <= MAX_POINTS_PER_SYMBOL
    if len(counts) > MAX_SYMBOLS or not is_small:
        raise CannotCompute(
            f"A product grid over {len(counts)} symbols has {n_points:.3g} points; exact up to "
            f"{MAX_SYMBOLS} symbols, {MAX_POINTS} points and {MAX_POINTS_PER_SYMBOL} points per "
            "symbol. Sample instead (n_samples)."
        )
    return n_points


def _averaged(
    coefficients: Sequence[np.ndarray], axes: Sequence[Axis], bound: float
) -> tuple[float, float, float]:
    """Return mean, variance and its relative error, averaged over several polynomials.

    A variance that rounding alone could have made is zero, with error zero.

    Args:
        coefficients: Of each polynomial, complex, one array axis for each of ``axes``.
        axes: In order.
        bound: Largest absolute value of any of the polynomials.
    """
    means, variances, noises = [], [], []
    for each in coefficients:
        mean, variance = _mean_and_variance(
            each,
            [axis.means for axis in axes],
            [axis.second for axis in axes],
            [axis.covariance for axis in axes],
        )
        _, sizes = _mean_and_variance(
            np.abs(each),
            [np.abs(axis.means) for axis in axes],
            [np.abs(axis.second) for axis in axes],
            [axis.rounding for axis in axes],
        )
        offset = VALUE_ROUNDING * bound
        noise = ROUNDING * sizes + 2 * offset * max(variance, 0.0) ** 0.5 + offset**2
        means.append(mean)
        variances.append(variance if variance > noise else 0.0)
        noises.append(noise if variance > noise else 0.0)
    total = float(np.mean(variances))
    error = float(np.mean(noises)) / total if total else 0.0
    return float(np.mean(means)), total, error


def _mean_and_variance(
    coefficients: np.ndarray,
    means: Sequence[np.ndarray],
    second: Sequence[np.ndarray],
    covariance: Sequence[np.ndarray],
) -> tuple[float, float]:
    """Return mean and variance of Σ_f c_f exp(if·θ) for independent angles.

    The variance is a sum of squares, one per angle: with M_s = E[C | θ_1 … θ_s] it is
    Σ_s E[(M_s - M_{s-1})²]. The coefficients of M_s are c contracted with the means of all
    later angles, and the difference replaces second moments of θ_s by covariances. Squared
    means are never subtracted from mean squares.
    """
    inner, variance = coefficients, 0.0
    for last in reversed(range(len(means))):
        moved = inner @ covariance[last].T
        for place in range(last):
            moved = np.moveaxis(np.tensordot(second[place], moved, (1, place)), 0, place)
        variance += float(np.vdot(inner, moved).real)
        inner = inner @ means[last]
    return float(np.real(inner)), variance


def _log10(variance: float) -> float:
    return float(np.log10(variance)) if variance > 0 else -np.inf
