"""The rotated surface code: logical |0> against logical |+>, alike to d - 1 qubits.

Data qubit (r, c) of the d x d square is qubit r d + c. The check at corner (r, c) acts on
those of (r, c), (r, c+1), (r+1, c), (r+1, c+1) that exist, X where r + c is odd and Z where
it is even; pairs on the top and bottom edge carry X alone, on the left and right edge Z
alone. Z on any row and X on any column are logical. Rotated lattice: Bombin and
Martin-Delgado, Phys. Rev. A 76, 012305 (2007), arXiv:quant-ph/0703272.
"""

from collections.abc import Mapping
from math import isqrt
from typing import TYPE_CHECKING

import numpy as np

from qnnbench.states.family import DatasetFamily
from qnnbench.states.samples import Dataset, Sample, drawn, samples
from qnnbench.states.stabilizer import StabilizerState

if TYPE_CHECKING:  # importing Cirq costs seconds: only the circuits below need it
    import cirq

NAME = "surface_code"
MIN_DISTANCE = 3


def checks(distance: int, letter: str) -> list[list[int]]:
    """Return the qubits of every X or Z check, ordered by the column of its corner.

    Args:
        distance: d.
        letter: "X" or "Z".
    """
    corners = [(r, c) for c in range(-1, distance) for r in range(-1, distance)]
    found = []
    for r, c in corners:
        on_x_edge, on_z_edge = r in (-1, distance - 1), c in (-1, distance - 1)
        is_x = (r + c) % 2 == 1
        if is_x == (letter == "X") and not (on_z_edge if is_x else on_x_edge):
            rows = [row for row in (r, r + 1) if 0 <= row < distance]
            columns = [column for column in (c, c + 1) if 0 <= column < distance]
            found.append([row * distance + column for row in rows for column in columns])
    return found


def logical(distance: int, letter: str) -> list[int]:
    """Return the qubits of the logical Z (the first row) or X (the first column)."""
    return list(range(distance)) if letter == "Z" else list(range(0, distance**2, distance))


def code_state(distance: int, letter: str) -> StabilizerState:
    """Return logical |0> ("Z") or logical |+> ("X") of the code."""
    supports = [(p, qubits) for p in "XZ" for qubits in checks(distance, p)]
    supports.append((letter, logical(distance, letter)))
    strings = []
    for pauli, qubits in supports:
        on = set(qubits)
        strings.append("+" + "".join(pauli if q in on else "_" for q in range(distance**2)))
    return StabilizerState.from_stabilizers(strings)


def code_circuit(distance: int, letter: str) -> "cirq.Circuit":
    """Return the circuit that makes ``code_state`` of |0…0>.

    Every X generator in turn: H on one of its qubits that is still |0>, then CNOTs from there
    to the others, which multiplies the state by (1 + X…X)/√2. The logical X fills the first
    column; checks from left to right each find fresh qubits in their right column.
    """
    import cirq

    qubits = cirq.LineQubit.range(distance**2)
    stars = [logical(distance, "X")] if letter == "X" else []
    circuit = cirq.Circuit()
    for star in stars + checks(distance, "X"):
        fresh = max(star, key=lambda q: q % distance)
        circuit += cirq.H(qubits[fresh])
        circuit += [cirq.CNOT(qubits[fresh], qubits[q]) for q in star if q != fresh]
    return circuit


def surface_code(
    n_qubits: int,
    *,
    seed: int,
    n_samples: int | Mapping[str, int] | None = None,
    noise: float = 0.01,
    noise_kind: str = "pauli",
) -> Dataset:
    """Return logical |0> (label 0) and |+> (label 1), each under its own Pauli errors.

    The noise lowers the contrast of a weight-d logical from 1 to (1 - 4/3 noise)^d, 0.87
    at d = 10.

    Args:
        n_qubits: Width, a square d².
        seed: Seed of the errors.
        n_samples: See ``split_sizes``; the labels alternate.
        noise: Probability of a Pauli error per qubit; 0 for the exact states.
        noise_kind: "pauli"; stabilizer states take no other.
    """
    distance = isqrt(n_qubits)
    pair = [code_state(distance, letter) for letter in "ZX"]
    return drawn(
        NAME,
        n_qubits,
        lambda label, rng: Sample(pair[label]),
        seed=seed,
        n_samples=n_samples,
        noise=noise,
        noise_kind=noise_kind,
        noiseless=samples(NAME, n_qubits, pair, [0, 1], ["train"] * 2),
    )


def surface_code_ceiling(dataset: Dataset, n_copies: int) -> float:
    """Return 1/2 + √(1 - 2^-m)/2 for m copies: |<0|+>|² = 1/2 and Helstrom's bound.

    Noise is a channel, so with it this is an upper bound.
    """
    return 0.5 + 0.5 * np.sqrt(1 - 2.0**-n_copies)


FAMILY = DatasetFamily(
    NAME,
    surface_code,
    tasks=("classification", "decoding"),
    n_classes=2,
    summary="logical |0> against logical |+> of the rotated surface code",
    equal="all (d-1)-body marginals, d = √n the code distance, before the noise",
    differs="the logical strings of weight d; entropies of the half cuts, by one bit",
    solved_by="one logical string of weight √n",
    limit="one string of weight √n solves it, and its place is known; errors are few, so that "
    "nine in ten test states of 9 qubits, and a third of those of 100, stand in training or "
    "validation too",
    source="doi:10.1103/PhysRevA.76.012305, the rotated square lattice",
    bibtex="bombin2007",
    min_qubits=MIN_DISTANCE**2,
    is_width=lambda n_qubits: isqrt(n_qubits) ** 2 == n_qubits,
    widths="a square",
    ceiling=surface_code_ceiling,
    prepare=lambda dataset, index: code_circuit(
        isqrt(dataset.n_qubits), "ZX"[dataset.labels[index]]
    ),
)
