"""Two states under fresh random local unitaries: one copy of a sample says nothing at all.

Averaged over the unitaries either class is I/2^n, so any measurement of one copy is at
chance. Two copies of one sample show its singlet pattern, see
``qnnbench.states.quantities.singlets``.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np

from qnnbench.registry import lookup
from qnnbench.states.families.ghz import dephased_ghz, ghz_state
from qnnbench.states.families.graphs import graph_mps, ring
from qnnbench.states.family import DatasetFamily
from qnnbench.states.mps import MPS, PAULIS, State
from qnnbench.states.quantities.singlets import estimated_optimum, pair_optimum
from qnnbench.states.samples import Dataset, Sample, drawn, samples

NAME = "lu_orbit"

_N_PATTERNS = 400  # per class, where a ceiling is estimated
_SIGMAS = 5.0  # by which such a ceiling lies above its estimate


def w_state(n_qubits: int) -> MPS:
    """Return the equal superposition of all bit strings with a single 1; bond 2, real."""
    middle = np.zeros((2, 2, 2))  # bond: whether the 1 has come
    middle[0, 0, 0] = middle[1, 0, 1] = middle[0, 1, 1] = 1
    scale = 1 / np.sqrt(n_qubits)
    return MPS((scale * middle[:1], *[middle] * (n_qubits - 2), middle[:, :, 1:]))


def side_by_side(*states: MPS) -> MPS:
    """Return the product of states, each on its own qubits, left to right."""
    return MPS(tuple(tensor for state in states for tensor in state.tensors))


BASES: dict[str, Callable[[int], State]] = {
    "ghz": ghz_state,
    "deph": dephased_ghz,
    "ghz2": lambda n: side_by_side(ghz_state(n // 2), ghz_state(n // 2)),
    "bell": lambda n: side_by_side(*[ghz_state(2)] * (n // 2)),
    "prod": lambda n: MPS.product([np.array([1.0, 0.0])] * n),
    "w": w_state,
    "path": lambda n: graph_mps(n, list(pairwise(range(n)))),
    "ring": lambda n: graph_mps(n, ring(n)),
    "ring2": lambda n: graph_mps(n, ring(n // 2) + ring(n // 2, n // 2)),
}
PAIRS = {
    "-".join(pair): pair
    for pair in (
        ("ghz", "deph"),
        ("bell", "ring"),
        ("ring", "ring2"),
        ("path", "ring"),
        ("prod", "w"),
        ("ghz", "ghz2"),
        ("ghz", "w"),
        ("ghz", "prod"),
        ("ghz", "ring"),
        ("bell", "prod"),
    )
}


def haar_unitaries(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return independent Haar-random elements of SU(2).

    ((a, -b*), (b, a*)) with (a, b) uniform on the unit sphere of C².

    Returns:
        Complex128 (*shape, 2, 2).
    """
    real, imaginary = rng.normal(size=(2, *shape, 2))
    column = real + 1j * imaginary
    sizes = np.abs(column) ** 2
    column /= np.sqrt(sizes[..., :1] + sizes[..., 1:])
    unitaries = np.empty((*shape, 2, 2), dtype=complex)
    unitaries[..., 0] = column
    unitaries[..., 0, 1] = -column[..., 1].conj()
    unitaries[..., 1, 1] = column[..., 0].conj()
    return unitaries


@cache
def _one_qubit_cliffords() -> np.ndarray:
    """Return the 24 Cliffords up to phase: permutations of the axes, then a Pauli."""
    one, h, s = np.eye(2), (PAULIS["X"] + PAULIS["Z"]) / np.sqrt(2), np.diag([1, 1j])
    permutations = [one, h, s, h @ s, s @ h, h @ s @ h]
    return np.array([PAULIS[p] @ m for p in "IXYZ" for m in permutations])


def clifford_unitaries(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return independent uniform one-qubit Cliffords: they average two copies as Haar does.

    Returns:
        Complex128 (*shape, 2, 2).
    """
    return _one_qubit_cliffords()[rng.integers(24, size=shape)]


UNITARIES: dict[str, Callable[[tuple[int, ...], np.random.Generator], np.ndarray]] = {
    "haar": haar_unitaries,
    "clifford": clifford_unitaries,
}


def unitaries_of(seed: int, n_qubits: int, ensemble: str = "haar") -> np.ndarray:
    """Return the unitaries of the sample whose seed this is, one per qubit.

    Args:
        seed: As stored: ``unitaries_seed`` of a sample's ``parameters``, or of ``PairSamples``.
        n_qubits: Width of the sample.
        ensemble: A key of ``UNITARIES``, option ``unitaries`` of the dataset.

    Returns:
        Complex128 (n_qubits, 2, 2).
    """
    draw = lookup(UNITARIES, ensemble, "ensemble of unitaries")
    return draw((n_qubits,), np.random.default_rng(seed))


def lu_orbit(
    n_qubits: int,
    *,
    seed: int,
    n_samples: int | Mapping[str, int] | None = None,
    pair: str = "ghz-deph",
    unitaries: str = "haar",
) -> Dataset:
    """Return two states by turns (labels 0 and 1), each sample under its own unitaries.

    ``parameters`` holds the seed of each sample's unitaries, one per qubit; ``noiseless``
    the two states themselves. Bonds stay at 4 or below.

    Args:
        n_qubits: Width, an even number.
        seed: Seed of all unitaries.
        n_samples: See ``split_sizes``; the labels alternate.
        pair: A key of ``PAIRS``, "<class 0>-<class 1>" of ``BASES``.
        unitaries: "haar", or "clifford" for the 24 Cliffords.

    Raises:
        ValueError: Unknown pair or unitaries.
    """
    bases = [BASES[name](n_qubits) for name in lookup(PAIRS, pair, "pair of states")]
    lookup(UNITARIES, unitaries, "ensemble of unitaries")

    def make(label: int, rng: np.random.Generator) -> Sample:
        own = int(rng.integers(1 << 62))
        turns = unitaries_of(own, n_qubits, unitaries)
        return Sample(bases[label].rotated(turns), parameters={"unitaries_seed": own})

    dataset = drawn(NAME, n_qubits, make, seed=seed, n_samples=n_samples)
    unturned = samples(NAME, n_qubits, bases, [0, 1], ["train"] * 2)
    return replace(dataset, noiseless=unturned)


def base_states(dataset: Dataset) -> tuple[State, State]:
    """Return the states of classes 0 and 1 that the unitaries turn.

    Raises:
        ValueError: The dataset does not hold them.
    """
    found = dataset.noiseless
    if found is None or found.labels.tolist() != [0, 1]:
        raise ValueError(
            f"dataset {dataset.name!r} does not hold one unturned state per class; lu_orbit does"
        )
    first, second = found.states
    return first, second  # type: ignore[return-value]  # lu_orbit holds chains, no tableaus


def orbit_ceiling(dataset: Dataset, n_copies: int) -> float:
    """Return 1/2 for one copy, 1/2 + TV/2 of the singlet patterns for two, else 1.

    Where the sum over patterns has too many terms (``pair_optimum``), two copies get its
    estimate plus five standard errors, at most 1.
    """
    if n_copies > 2:
        return 1.0
    if n_copies == 1:
        return 0.5
    optimum = pair_optimum(*base_states(dataset))
    pair = dataset.details["options"]["pair"]
    return _estimated_ceiling(pair, dataset.n_qubits) if optimum is None else optimum


@cache
def _estimated_ceiling(pair: str, n_qubits: int) -> float:
    first, second = (BASES[name](n_qubits) for name in PAIRS[pair])
    rng = np.random.default_rng(n_qubits)  # one ceiling per pair of states and width
    value, error = estimated_optimum(first, second, _N_PATTERNS, rng)
    return min(value + _SIGMAS * error, 1.0)


FAMILY = DatasetFamily(
    NAME,
    lu_orbit,
    tasks=("two_copy_classification", "classification"),
    n_classes=2,
    summary=(
        "two known states, every sample under its own random unitary on every qubit; stored "
        "samples serve learners of single copies, two-copy arms draw fresh ones of both states"
    ),
    equal="the class-mean state, exactly I/2^n: one shot per drawn unitary says nothing",
    differs="singlet patterns of two copies, that is purities of subsets of qubits",
    solved_by=(
        "a measurement across two copies, 2n qubits at width n, qubit by qubit, and the "
        "patterns' statistics"
    ),
    limit=(
        "separate measurement of both copies (XOR of their bits) already helps for some "
        "pairs; so do many single copies of one sample: the fewer qubits, the fewer it takes"
    ),
    source="derived in quantities.singlets; Beckey et al., PRL 127, 140501, Definition 1",
    bibtex="beckey2021",
    min_qubits=6,
    is_width=lambda n_qubits: n_qubits % 2 == 0,
    widths="an even number",
    variant="pair",
    ceiling=orbit_ceiling,
)
