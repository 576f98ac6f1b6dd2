"""What an ansatz claims of its gradients, measured."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from qnnbench.circuits.angles import INITIAL_LAWS
from qnnbench.circuits.ansatze import Ansatz
from qnnbench.moments.rows import is_tied, trainability_row
from qnnbench.registry import lookup

PLATEAU_BITS = 0.6  # lost per qubit: 0.7 to 2 measured where a plateau is proven, else <= 0.3


@dataclass(frozen=True)
class MeasuredClaim:
    """A claim beside what was measured.

    Attributes:
        claimed: "yes", "no" or "unclaimed".
        widths: Two widths between which the largest gradient variance was followed.
        bits_lost: Of it, per qubit.
        median_bits_lost: Of the squared median of |∂C|, per qubit, where angles are shared
            and a heavy tail may carry the variance; else None.
    """

    claimed: str
    widths: tuple[int, int]
    bits_lost: float
    median_bits_lost: float | None = None

    @property
    def measured(self) -> str:
        """Whether there is a plateau: "yes", "no", or "undecided" where the two differ."""
        found = {self.bits_lost > PLATEAU_BITS}
        if self.median_bits_lost is not None:
            found.add(self.median_bits_lost > PLATEAU_BITS)
        return "undecided" if len(found) > 1 else "yes" if found.pop() else "no"

    @property
    def holds(self) -> bool:
        """Whether nothing else was claimed than was measured."""
        return self.claimed in ("unclaimed", self.measured)

    def __str__(self) -> str:
        low, high = self.widths
        median = ""
        if self.median_bits_lost is not None:
            median = f", the squared median of |∂C| {self.median_bits_lost:.2g}"
        return (
            f"plateau {self.claimed}, measured {self.measured}: the largest gradient variance "
            f"loses {self.bits_lost:.2g} bits per qubit from {low} to {high} qubits{median}"
        )


def claimed_row(ansatz: Ansatz, n_qubits: int) -> dict[str, Any]:
    """Return the trainability of an ansatz under the options and law of its claim.

    Raises:
        ValueError: A law that is none, or shared angles and no ``n_samples`` to draw.
    """
    network = ansatz.build(n_qubits, **ansatz.claim_options)
    if is_tied(network) and not ansatz.n_samples:
        raise ValueError(
            f"gates of {ansatz.name!r} share angles: say how many draws to measure, n_samples"
        )
    law = lookup(INITIAL_LAWS, ansatz.angles, "angle law").law(n_qubits, network.n_layers)
    return trainability_row(network, angles=law, n_samples=ansatz.n_samples)


def measured_claim(ansatz: Ansatz) -> MeasuredClaim:
    """Return what an ansatz claims of its largest gradient variance, and what is measured.

    It is computed at the two widths of the claim, exactly where no angle is shared, in
    seconds; a plateau is a loss of more than 0.6 bits per qubit.

    Raises:
        ValueError: See ``claimed_row``; or an observable that no angle moves.
    """
    rows = [claimed_row(ansatz, n) for n in ansatz.widths]
    largest = [row["log10_gradient_variance_max"] for row in rows]
    if np.isneginf(largest[0]):
        raise ValueError(
            f"no angle of {ansatz.name!r} moves its first observable at {ansatz.widths[0]} qubits"
        )
    lost = _bits_lost(largest, ansatz.widths)
    if not ansatz.n_samples:
        return MeasuredClaim(ansatz.plateau, ansatz.widths, lost)
    medians = [2 * np.log10(row["gradient_size_median"]) for row in rows]
    median_lost = _bits_lost(medians, ansatz.widths)
    return MeasuredClaim(ansatz.plateau, ansatz.widths, lost, median_lost)


def _bits_lost(logs: list[float], widths: tuple[int, int]) -> float:
    """Return bits per qubit between two widths; ``logs`` are base 10."""
    return float((logs[0] - logs[1]) * np.log2(10) / (widths[1] - widths[0]))
