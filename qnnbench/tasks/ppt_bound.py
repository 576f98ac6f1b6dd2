"""How far two copies of GHZ and dephased GHZ states get without a gate between the copies.

Any strategy of that kind, adaptive and with any circuit on either copy, is a measurement
{E, 1 - E} that stays positive when copy 2 is transposed (PPT). Averaging over the local
unitaries and over permutations leaves n + 1 numbers: e_w on patterns of w singlets. With
singlet = (1 - SWAP)/2, triplet = (1 + SWAP)/2 and SWAP transposed twice the projector Φ on
the Bell state, the transposed E has the eigenvalues, for Φ on j of the n pairs,

    λ_j = Σ_w M_jw e_w,   M_jw = [z^w] (3 - z)^j (1 + z)^(n-j) / 2^n,

and all e_w and λ_j lie in [0, 1]. The accuracy is 1/2 + 2^-n Σ_w (-1)^w C(n, w) e_w / 4.
"""

from fractions import Fraction
from functools import cache
from math import comb

import numpy as np

MAX_PPT_QUBITS = 100

_TOLERANCE = 1e-10  # of the linear program; the certificate does not depend on it


def transposed_weights(n_qubits: int) -> list[list[int]]:
    """Return the integers 2^n M_jw, row j: coefficients of (3 - z)^j (1 + z)^(n-j)."""
    rows = []
    for j in range(n_qubits + 1):
        row = [1]
        for first, second in [(3, -1)] * j + [(1, 1)] * (n_qubits - j):
            row = [first * a + second * b for a, b in zip([*row, 0], [0, *row], strict=True)]
        rows.append(row)
    return rows


def certified_accuracy(n_qubits: int, prices: list[Fraction]) -> Fraction:
    """Return the bound on the accuracy that dual prices y_j prove, exactly.

    Σ_w c_w e_w = Σ_j y_j λ_j + Σ_w (c_w - Σ_j y_j M_jw) e_w is at most the sum of the
    positive y_j and of the positive brackets, whatever the prices: weak duality.

    Args:
        n_qubits: Width of one copy.
        prices: One number per j = 0 … n_qubits.
    """
    matrix, scale = transposed_weights(n_qubits), 2**n_qubits
    total = sum((max(price, Fraction(0)) for price in prices), Fraction(0))
    for w in range(n_qubits + 1):
        gain = Fraction((-1) ** w * comb(n_qubits, w), scale)
        paid = sum(price * row[w] for price, row in zip(prices, matrix, strict=True))
        total += max(gain - paid / scale, Fraction(0))
    return Fraction(1, 2) + total / 4


def dual_prices(n_qubits: int) -> list[Fraction]:
    """Return the prices y_j that HiGHS finds for the linear program, as exact fractions.

    Rows of M are scaled to a largest entry of 1 for the solver, and back.

    Raises:
        ValueError: More than 100 qubits, where the program outgrows floating point.
    """
    from scipy.optimize import linprog

    if not 1 <= n_qubits <= MAX_PPT_QUBITS:
        raise ValueError(
            f"the PPT bound is computed for 1 to {MAX_PPT_QUBITS} qubits, got {n_qubits}"
        )
    size = 2**n_qubits
    matrix = np.array([[entry / size for entry in row] for row in transposed_weights(n_qubits)])
    gain = np.array([(-1) ** w * comb(n_qubits, w) / size for w in range(n_qubits + 1)])
    scale = np.abs(matrix).max(axis=1)
    rows = matrix / scale[:, None]
    found = linprog(
        -gain,
        A_ub=np.vstack([rows, -rows]),
        b_ub=np.concatenate([1 / scale, np.zeros(n_qubits + 1)]),
        bounds=(0, 1),
        method="highs-ds",
        options={
            "primal_feasibility_tolerance": _TOLERANCE,
            "dual_feasibility_tolerance": _TOLERANCE,
        },
    )
    if not found.success:
        raise ValueError(f"no PPT bound at n_qubits={n_qubits}: {found.message}")
    above, below = np.split(-found.ineqlin.marginals, 2)
    return [Fraction(float(price)) for price in (above - below) / scale]


@cache
def ppt_bound(n_qubits: int) -> float:
    """Return an accuracy that no strategy without a gate between two copies exceeds.

    GHZ states against dephased ones, each sample under random local unitaries, one pair of
    copies. It is proven in rational arithmetic by the dual prices of a linear program. The
    prices are a floating-point solver's, so the bound may lie above the program's optimum:
    the solver's own value agrees to 1e-9 up to 32 qubits and to 1e-7 up to 64.

    Raises:
        ValueError: More than 100 qubits.

    Source:
        Derived in this module; states that no local strategy tells apart and PPT as its
        relaxation: DiVincenzo, Leung and Terhal, IEEE Trans. Inf. Theory 48, 580 (2002).
    """
    return float(certified_accuracy(n_qubits, dual_prices(n_qubits)))
