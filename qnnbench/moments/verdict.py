"""Does a curve of variances fall exponentially or polynomially with the width?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student_t

LEAST_WIDTH = 16  # below, both laws bend: what is small is not yet asymptotic
LEAST_COUNT = 4  # two coefficients leave two widths to tell the fits apart
DECISIVE = 4.0  # difference of the criterion; Burnham and Anderson (2002), Sec. 2.6
FLAT_DECADES = 0.05  # a curve that moves less than this does not decay
NOISE_DECADES = 1e-3  # residuals below this are the error of the values, not the law's


@dataclass(frozen=True)
class Fit:
    """A straight line through log10 of the values.

    Attributes:
        slope: Decades per unit of the abscissa.
        lower: Lower end of its 95 % interval, from Student's t; NaN below three points.
        upper: Upper end.
        square_sum: Sum of squared residuals, in square decades.
    """

    slope: float
    lower: float
    upper: float
    square_sum: float


@dataclass(frozen=True)
class Verdict:
    """How a variance scales with the width, and the numbers that say so.

    Attributes:
        verdict: "exponential", "polynomial", "undecided", or "exponential in the median":
            the variance falls polynomially, what a typical draw shows does not.
        reason: Why, in words.
        n_widths: Widths that were fitted, with a value above zero: 16 qubits or more, or
            all where none is so wide, which the reason says.
        n_zero: Widths that would count but were left out: the value is exactly zero.
        rate: Decades lost per qubit under the exponential law; NaN where nothing was
            fitted, like all numbers here.
        rate_lower: Lower end of its 95 % interval.
        rate_upper: Upper end.
        exponent: a of the polynomial law n^-a.
        exponent_lower: Lower end of its 95 % interval.
        exponent_upper: Upper end.
        criterion_difference: Information criterion of the polynomial law minus that of
            the exponential one: above 0 where the exponential law fits better.
        median: Verdict on the median alone; "" where none was given.
    """

    verdict: str
    reason: str
    n_widths: int
    n_zero: int
    rate: float = np.nan
    rate_lower: float = np.nan
    rate_upper: float = np.nan
    exponent: float = np.nan
    exponent_lower: float = np.nan
    exponent_upper: float = np.nan
    criterion_difference: float = np.nan
    median: str = ""


def scaling_verdict(
    n_qubits: Sequence[int],
    log10_variance: Sequence[float],
    log10_median: Sequence[float] | None = None,
) -> Verdict:
    """Return whether a curve falls exponentially or polynomially with the width.

    Two laws are fitted by least squares to log10 v at n >= 16, or at all n where none is so
    wide: a straight line in n (exponential) and one in log10 n (polynomial). Both have two
    coefficients, so the penalties of AIC, of its small-sample form AICc and of BIC are the
    same for both and their difference is N ln(S_polynomial / S_exponential) whichever is
    taken, with S the sum of squared residuals over N widths. A curve that does not move is
    polynomial, of exponent 0. The better law must win by 4, and an exponential one must have
    a rate whose interval is above zero.

    Sampled values need more than a variance: a few draws may carry all of it. Then the
    median of |∂C| must fall by the same law.

    Args:
        n_qubits: Widths, each once.
        log10_variance: log10 of the variance at each width; -inf where exactly zero.
        log10_median: log10 of the median of |∂C| at each width, where values are sampled.

    Raises:
        ValueError: Unequal lengths, a width given twice, or NaN.

    Source:
        K. P. Burnham and D. R. Anderson, Model Selection and Multimodel Inference (2002),
        Secs. 2.2-2.6; the cancelling penalties are derived above.
    """
    variance = _verdict(*_checked(n_qubits, log10_variance))
    if log10_median is None:
        return variance
    median = _verdict(*_checked(n_qubits, log10_median))
    word, reason = variance.verdict, f"variance: {variance.reason}; median: {median.reason}"
    if (variance.verdict, median.verdict) == ("polynomial", "exponential"):
        word = "exponential in the median"
    elif variance.verdict != median.verdict:
        word = "undecided"
    numbers = {**vars(variance), "verdict": word, "reason": reason, "median": median.verdict}
    return Verdict(**numbers)


def shots_to_resolve(log10_gradient_variance: float) -> float:
    """Return log10 of the shots that resolve one gradient component at one sigma.

    The parameter shift rule of R_P(θ) is ∂C = (C(θ + π/2) - C(θ - π/2)) / 2. With N/2
    shots at each point and at most unit variance per shot (|O| <= 1) its standard error
    is at most sqrt((2/N + 2/N) / 4) = N^(-1/2). It equals the typical size
    Var(∂C)^(1/2) of the component at N = 1 / Var(∂C).

    Args:
        log10_gradient_variance: log10 Var[∂C]; -inf where exactly zero.

    Returns:
        log10 N, at least 0: one shot is the least; inf where the component is zero.

    Source:
        Mitarai et al., Phys. Rev. A 98, 032309 (2018), Eq. (8) for the rule; the rest is
        derived above.
    """
    return max(0.0, -float(log10_gradient_variance))


def _checked(n_qubits: Sequence[int], logs: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    widths, values = np.asarray(n_qubits, float), np.asarray(logs, float)
    if widths.ndim != 1 or widths.shape != values.shape:
        raise ValueError(
            f"n_qubits and values must have one entry per width, got shapes {widths.shape} "
            f"and {values.shape}"
        )
    if len(set(widths.tolist())) < len(widths):
        raise ValueError(f"every width must be given once, got {list(n_qubits)}")
    if np.isnan(values).any():
        raise ValueError("values must not be NaN; leave out the widths that were not run")
    return widths, values


def _verdict(widths: np.ndarray, logs: np.ndarray) -> Verdict:
    """Return the verdict on one curve."""
    least = LEAST_WIDTH if widths.max(initial=0) >= LEAST_WIDTH else 0
    wide = widths >= least
    seen = wide & np.isfinite(logs)
    count, n_zero = int(seen.sum()), int(wide.sum() - seen.sum())
    if count < LEAST_COUNT:
        text = f"{count} widths from {least} qubits on with a value above zero"
        return Verdict("undecided", f"{text}, {LEAST_COUNT} are needed", count, n_zero)
    n, values = widths[seen], logs[seen]
    exponential, polynomial = _fit(n, values), _fit(np.log10(n), values)
    floor = count * NOISE_DECADES**2
    ratio = max(polynomial.square_sum, floor) / max(exponential.square_sum, floor)
    difference = count * float(np.log(ratio))
    word, reason = _judged(exponential, difference, float(np.ptp(values)))
    if least < LEAST_WIDTH:
        reason += f"; of widths below {LEAST_WIDTH} alone, where both laws still bend"
    return Verdict(
        word,
        reason,
        count,
        n_zero,
        rate=-exponential.slope,
        rate_lower=-exponential.upper,
        rate_upper=-exponential.lower,
        exponent=-polynomial.slope,
        exponent_lower=-polynomial.upper,
        exponent_upper=-polynomial.lower,
        criterion_difference=difference,
    )


def _judged(exponential: Fit, difference: float, spread: float) -> tuple[str, str]:
    """Return the word and the reason."""
    if spread < FLAT_DECADES:
        return "polynomial", f"constant within {spread:.2g} decades"
    if abs(difference) < DECISIVE:
        return "undecided", f"both laws fit: the criterion differs by {difference:.1f} only"
    if difference < 0:
        return "polynomial", f"the criterion prefers it by {-difference:.1f}"
    if -exponential.upper <= 0:
        return "undecided", "the interval of the rate does not exclude that nothing decays"
    return "exponential", f"the criterion prefers it by {difference:.1f}"


def _fit(x: np.ndarray, y: np.ndarray) -> Fit:
    """Return the least-squares line, at least three points."""
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    residuals = y - y.mean() - slope * centred
    square_sum = float(residuals @ residuals)
    degrees = len(x) - 2
    error = np.sqrt(square_sum / degrees / (centred @ centred))
    reach = float(student_t.ppf(0.975, degrees) * error)
    return Fit(slope, slope - reach, slope + reach, square_sum)
