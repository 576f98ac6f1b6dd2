"""Blocks of weakly or strongly entangled path clusters: the label is the entanglement.

A block is |+…+> on neighbours, a controlled phase diag(1, 1, 1, e^(iφ)) on every pair of
them in turn. φ = 0 is a product, φ = π the path cluster. All qubits outside the blocks are
|+>. Concentratable entanglement (CE) is that of Beckey, Gigena, Coles and Cerezo, Phys. Rev.
Lett. 127, 140501 (2021), Definition 1.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from qnnbench.states.family import DatasetFamily
from qnnbench.states.mps import MPS
from qnnbench.states.samples import Dataset, Sample, drawn

if TYPE_CHECKING:  # importing Cirq costs seconds: only preparation circuits need it
    import cirq

NAME = "concentratable"


def path_purity(length: int, phase: float) -> float:
    """Return 1 - CE of one block: the mean purity over its 2^length sets of qubits.

    Let b, b' be the bits of two copies at a site, d = b - b', and swap the copies on a set.
    A pair of neighbours of which one is swapped turns by e^(iφ d d'), all others by 1. The
    signs of the d d' along a run are independent, so each such pair contributes cos φ where
    both d are odd, half of the time by site. Over whether a site is swapped the mean is
    r = (1 + cos φ)/2, hence the product of ((1, 1), (1, r))/2 along the path.

    Returns:
        1 at φ = 0, F_(length+2)/2^length (Fibonacci) at φ = π.

    Source:
        Derived above.
    """
    step = np.array([[1.0, 1.0], [1.0, (1 + np.cos(phase)) / 2]]) / 2
    return float(np.sum(np.linalg.matrix_power(step, length - 1)) / 2)


def phase_of(entanglement: float, length: int, n_blocks: int) -> float:
    """Return the phase in [0, π] at which that many blocks together have a given CE.

    Raises:
        ValueError: A CE that no phase reaches.
    """
    from scipy.optimize import brentq

    most = 1 - path_purity(length, np.pi) ** n_blocks
    if not 0 <= entanglement <= most:
        raise ValueError(
            f"{n_blocks} blocks of {length} qubits reach a concentratable entanglement from 0 "
            f"to {most:.4f}, asked for {entanglement!r}; take more or longer blocks"
        )
    wanted = (1 - entanglement) ** (1 / n_blocks)
    return float(brentq(lambda phase: path_purity(length, phase) - wanted, 0.0, np.pi))


def _pairs(starts: list[int], length: int) -> Iterator[tuple[int, int]]:
    for start in starts:
        yield from pairwise(range(start, start + length))


def blocks_state(n_qubits: int, starts: list[int], length: int, phase: float) -> MPS:
    """Return the state of blocks that begin at ``starts``; bond 2 inside, 1 outside."""
    turned = np.array([[1.0, 1.0], [1.0, np.exp(1j * phase)]])  # left bit, own bit
    joined = set(_pairs(starts, length))
    tensors = []
    for site in range(n_qubits):
        own = turned if (site - 1, site) in joined else np.ones((1, 2))
        passed = np.eye(2) if (site, site + 1) in joined else np.ones((2, 1))
        tensors.append(np.sqrt(0.5) * own[:, :, None] * passed)  # the bond carries the own bit
    return MPS(tuple(tensors))


def blocks_circuit(n_qubits: int, starts: list[int], length: int, phase: float) -> "cirq.Circuit":
    """Return the circuit that makes ``blocks_state`` of |0…0>."""
    import cirq

    qubits = cirq.LineQubit.range(n_qubits)
    turn = cirq.CZPowGate(exponent=phase / np.pi)
    turns = [turn.on(qubits[a], qubits[b]) for a, b in _pairs(starts, length)]
    return cirq.Circuit(cirq.H.on_each(*qubits), turns)


def concentratable(
    n_qubits: int,
    *,
    seed: int,
    n_samples: int | Mapping[str, int] | None = None,
    n_blocks: int = 2,
    block_length: int = 4,
    low: tuple[float, float] = (0.1, 0.35),
    high: tuple[float, float] = (0.45, 0.7),
    noise: float = 0.02,
    noise_kind: str = "rotation",
) -> Dataset:
    """Return states of low (label 0) and high (1) concentratable entanglement.

    The target is CE itself, uniform in the range of its class: with few blocks it does not
    saturate, whatever the width. Entangling all qubits would leave 1 - CE exponentially
    small. Each sample has its blocks in random places of the grid 0, block_length, …; local
    noise leaves CE as it is. ``parameters`` hold "phase", "starts" and "block_length".

    Args:
        n_qubits: Width.
        seed: Root of all randomness.
        n_samples: See ``split_sizes``; the labels alternate.
        n_blocks: Entangled blocks.
        block_length: Qubits of each, at least 2.
        low: Range of CE of label 0.
        high: The same of label 1, above.
        noise: Strength, see ``local_noise``; 0 for none.
        noise_kind: A key of ``NOISES``.

    Raises:
        ValueError: Blocks that do not fit, or ranges that overlap or cannot be reached.
    """
    places = n_qubits // block_length if block_length >= 2 else 0
    if not 1 <= n_blocks <= places:
        raise ValueError(
            f"{n_blocks} blocks of {block_length} qubits do not fit {n_qubits}: take blocks of "
            f"at least 2 qubits, {places} of them at most"
        )
    if not low[0] < low[1] < high[0] < high[1]:
        raise ValueError(f"ranges of the two labels must ascend, got {low} and {high}")
    for bound in (low[0], high[1]):
        phase_of(bound, block_length, n_blocks)

    def make(label: int, rng: np.random.Generator) -> Sample:
        entanglement = rng.uniform(*(low, high)[label])
        chosen = np.sort(rng.choice(places, n_blocks, replace=False))
        starts = (block_length * chosen).tolist()
        phase = phase_of(entanglement, block_length, n_blocks)
        return Sample(
            blocks_state(n_qubits, starts, block_length, phase),
            coupling=phase,
            target=1 - path_purity(block_length, phase) ** n_blocks,
            parameters={"phase": phase, "starts": starts, "block_length": block_length},
        )

    return drawn(
        NAME,
        n_qubits,
        make,
        seed=seed,
        n_samples=n_samples,
        noise=noise,
        noise_kind=noise_kind,
    )


def _prepare(dataset: Dataset, index: int) -> "cirq.Circuit":
    facts = dataset.parameters[index]
    return blocks_circuit(dataset.n_qubits, facts["starts"], facts["block_length"], facts["phase"])


FAMILY = DatasetFamily(
    NAME,
    concentratable,
    tasks=("classification", "regression", "preparation"),
    n_classes=2,
    summary="a few blocks of path clusters with a controlled phase, in random places",
    equal="nothing exactly",
    differs="concentratable entanglement: low or high; the target is its value",
    solved_by="the sum of the one-body X; SWAP tests of two copies give the target itself",
    limit="<X> of one qubit falls with the phase: the sum of all of them separates the classes",
    source="doi:10.1103/PhysRevLett.127.140501, Definition 1; the closed form is derived",
    bibtex="beckey2021",
    min_qubits=8,  # two blocks of four qubits
    prepare=_prepare,
)
