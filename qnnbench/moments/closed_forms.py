"""Variances that are known in closed form, and the networks they are the variances of.

Drawn as dashed lines beside what the study computes; a test holds each against the
exact moments of its network.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import log10
from typing import Any

import numpy as np


@dataclass(frozen=True)
class ClosedForm:
    """A variance known at every width.

    Attributes:
        name: Key in configs.
        ansatz: Name of the network it holds for, a key of ``ANSATZE``.
        options: Options of that network.
        observable: What is read, in the word of rows and legends.
        angles: Law of the angles, as in configs.
        log10_variance: Maps the width to log10 Var[C], or of the contrast.
        log10_gradient_variance: Maps the width to log10 of the mean and of the maximum of
            Var[∂C] over all symbols; None where no derivative is meant.
        contrast: Dataset whose class difference C(A) - C(B) is meant; None: C on |0…0>.
        is_limit: Whether the network only comes near it, with depth.
        source: Where it is derived.
    """

    name: str
    ansatz: str
    observable: str
    angles: str
    log10_variance: Callable[[int], float]
    source: str
    log10_gradient_variance: Callable[[int], tuple[float, float]] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    contrast: str | None = None
    is_limit: bool = False


def product_global_variance(n_qubits: int) -> float:
    """Return log10 of (3/8)^n - (1/4)^n: the variance of Π cos²(θ_j / 2).

    E[cos⁴(θ/2)] = 3/8 and E[cos²(θ/2)] = 1/2 over a uniform angle.

    Source:
        Cerezo et al., Nat. Commun. 12, 1791 (2021), the warm-up example; derived above.
    """
    return n_qubits * log10(3 / 8) + float(np.log1p(-((2 / 3) ** n_qubits))) / np.log(10)


def product_global_gradient(n_qubits: int) -> tuple[float, float]:
    """Return log10 of the mean and maximum of Var[∂C] for C = Π cos²(θ_j / 2).

    By an RY angle (1/8)(3/8)^(n-1), since E[(sin θ / 2)²] = 1/8; by an RZ angle zero.

    Source:
        Cerezo et al., Nat. Commun. 12, 1791 (2021), Eq. (5) of the warm-up example.
    """
    largest = -log10(8) + (n_qubits - 1) * log10(3 / 8)
    return largest - log10(2), largest


def product_local_gradient(n_qubits: int) -> tuple[float, float]:
    """Return log10 of the mean and maximum of Var[∂C] for C = (1/n) Σ cos²(θ_j / 2).

    By an RY angle 1/(8n²), since ∂C = -sin θ / (2n); by an RZ angle zero.

    Source:
        Cerezo et al., Nat. Commun. 12, 1791 (2021), the warm-up example; derived above.
    """
    largest = -log10(8 * n_qubits**2)
    return largest - log10(2), largest


def two_design_gradient(n_qubits: int) -> tuple[float, float]:
    """Return log10 d²/(2(d+1)(d²-1)), d = 2^n, as mean and maximum.

    The derivative by an angle between two Haar-random halves, of a Pauli string.

    Source:
        McClean et al., Nat. Commun. 9, 4812 (2018), Eq. (5), with Tr O² = d.
    """
    small = 2.0**-n_qubits
    value = -n_qubits * log10(2) - log10(2 * (1 + small) * (1 - small**2))
    return value, value


def haar_tree_variance(n_qubits: int) -> float:
    """Return log10 Var of Z on the root of a tree of Haar-random two-qubit blocks.

    A block spreads a squared Pauli coefficient evenly over 15 strings: 3 on one input, 3
    on the other, 9 on both. With v the mean of <X>², <Y>², <Z>² of an input, that of the
    output is (3 v_a + 3 v_b + 9 v_a v_b) / 15; a leaf |0> has 1/3.

    Source:
        Derived above; for n = 2^k it is v' = (2v + 3v²)/5.
    """
    active = [1 / 3] * n_qubits
    while len(active) > 1:
        pairs = zip(active[::2], active[1::2], strict=False)
        merged = [(a + b + 3 * a * b) / 5 for a, b in pairs]
        active = merged + active[2 * len(merged) :]
    return log10(active[0])


def haar_tree_contrast_variance(n_qubits: int) -> float:
    """Return log10 of (1/3)(2/5)^(n-1): the same tree, GHZ minus its dephased mixture.

    The difference has the 2^(n-1) strings of X and an even number of Y, each ±1. A chain
    that ends on one of them must take both inputs at each of n - 1 blocks, with
    probability 9/15, and then meets one of 3^n strings: (3/5)^(n-1) 2^(n-1) / 3^n.

    Source:
        Derived above.
    """
    return -log10(3) + (n_qubits - 1) * log10(2 / 5)


CLOSED_FORMS = {
    form.name: form
    for form in (
        ClosedForm(
            "product_global",
            "hea",
            "global",
            "uniform",
            product_global_variance,
            "doi:10.1038/s41467-021-21728-w, warm-up example",
            product_global_gradient,
            {"n_layers": 1, "readout": "global"},
        ),
        ClosedForm(
            "product_local",
            "hea",
            "local",
            "uniform",
            lambda n: -log10(8 * n),
            "doi:10.1038/s41467-021-21728-w, warm-up example",
            product_local_gradient,
            {"n_layers": 1, "readout": "local"},
        ),
        ClosedForm(
            "two_design",
            "deep_brickwork",
            "middle",
            "haar_blocks",
            lambda n: -n * log10(2) - log10(1 + 2.0**-n),
            "doi:10.1038/s41467-018-07090-4, Eq. (5)",
            two_design_gradient,
            is_limit=True,
        ),
        ClosedForm(
            "haar_tree",
            "tree",
            "z_root",
            "haar_blocks",
            haar_tree_variance,
            "derived in its code",
            options={"sharing": "none"},
        ),
        ClosedForm(
            "haar_tree_contrast",
            "tree",
            "z_root",
            "haar_blocks",
            haar_tree_contrast_variance,
            "derived in its code",
            contrast="ghz_dephased",
            options={"sharing": "none"},
        ),
    )
}
