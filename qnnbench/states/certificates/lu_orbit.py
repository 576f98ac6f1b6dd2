"""Facts of local-unitary orbits: samples stay on them, and two copies tell so much."""

from collections.abc import Callable, Iterator
from itertools import combinations, product

import numpy as np

from qnnbench.states.certificates.any_family import (
    entanglement,
    no_shared_state,
    norms,
    shared_states,
)
from qnnbench.states.certificates.claims import (
    N_SPREAD,
    N_STRINGS,
    N_WINDOWS,
    ROUNDING,
    Row,
    claim,
    evenly,
    exact_states,
    measured,
)
from qnnbench.states.mps import MPS, PAULIS, State
from qnnbench.states.quantities.distances import (
    histogram_distance_squared,
    marginal_distance_squared,
)
from qnnbench.states.quantities.entanglement import bond_entropies
from qnnbench.states.quantities.singlets import (
    MAX_LAW_QUBITS,
    estimated_optimum,
    pair_optimum,
    pattern_law,
    purities,
    swap_means,
)
from qnnbench.states.samples import Dataset

N_SETS = 6  # random sets of qubits whose purities are compared
N_PATTERNS = 100  # per class, where the best accuracy is estimated
SIGMAS = 5.0

# Sums of |p - q| over the patterns of the two laws. A product shows no singlet; W none with
# (n+1)/2n, else any two with 1/n²; a Bell pair both with 1/4, else none; GHZ any even number
# with 2^-n each and none with 1/2 more, its mixture odd ones too.
OPTIMA: dict[str, Callable[[int], float]] = {
    "ghz-deph": lambda n: 5 / 8,
    "prod-w": lambda n: 0.5 + (n - 1) / (4 * n),
    "ghz-prod": lambda n: 0.75 - 0.5 ** (n + 1),
    "ghz-w": lambda n: 0.75 - (1 + n * (n - 1) / 2) / 2 ** (n + 1),
    "ghz-ghz2": lambda n: 0.75 - 0.5 ** (n / 2 + 1),
    "bell-prod": lambda n: 1 - 0.75 ** (n / 2) / 2,
}


def _bases(dataset: Dataset) -> tuple[State, State]:
    first, second = exact_states(dataset).states
    return first, second  # type: ignore[return-value]  # lu_orbit holds chains, no tableaus


def _orbits(dataset: Dataset) -> Iterator[Row]:
    """Compare samples with their base states by what no local unitary changes."""
    n, bases = dataset.n_qubits, _bases(dataset)
    chosen = evenly(dataset, N_SPREAD)
    rng = np.random.default_rng(n)
    halves = [np.arange(n) < n // 2, np.arange(n) == n // 2, np.ones(n)]
    sets = np.array([*halves, *rng.integers(2, size=(N_SETS, n))])
    found, cuts, means = [], [0.0], []
    wanted = [purities(base, sets) for base in bases]
    average = np.full((1, n), 0.5)
    mean_wanted = [swap_means(base, average, average)[0] for base in bases]
    for index in chosen.tolist():
        state, label = dataset.states[index], dataset.labels[index]
        found.append(np.max(np.abs(purities(state, sets) - wanted[label])))
        means.append(abs(swap_means(state, average, average)[0] / mean_wanted[label] - 1))
        if isinstance(state, MPS) and isinstance(base := bases[label], MPS):
            cuts.append(np.max(np.abs(bond_entropies(state) - bond_entropies(base))))
    who = f"{len(chosen)} samples against the unturned states"
    method = f"largest difference, {len(sets)} sets of qubits, {who}"
    yield claim("purities are those of the orbit", method, max(found), 0, ROUNDING)
    method = f"largest relative difference, {who}"
    fact = "mean purities over all 2^n sets are those of the orbit"
    yield claim(fact, method, max(means), 0, ROUNDING)
    method = f"largest difference in bits, all cuts, {who}, pure ones"
    yield claim("cut entropies are those of the orbit", method, max(cuts), 0, 1e-6)


def _one_copy(dataset: Dataset) -> Iterator[Row]:
    """Average the stored samples, class by class.

    That independent uniform unitaries on every qubit turn any state into I/2^n on average
    is an identity (Paulis are a 1-design). Whether the stored samples were turned by such
    unitaries is not.
    """
    method = "largest |mean of a Pauli string| over its standard error, three neighbours"
    fact = f"class means of the stored samples are I/2^n within {SIGMAS:g} standard errors"
    yield claim(fact, method, max(_deviation(dataset, 0), _deviation(dataset, 1)), 0, SIGMAS)


def _windows(dataset: Dataset) -> list[tuple[int, ...]]:
    starts = np.unique(np.linspace(0, dataset.n_qubits - 3, N_WINDOWS).round().astype(int))
    return [(start, start + 1, start + 2) for start in starts.tolist()]


def _strings(density: np.ndarray) -> np.ndarray:
    """Return the means of the 64 Pauli strings of three qubits, shape (4, 4, 4)."""
    paulis = np.array([PAULIS[p] for p in "IXYZ"])
    tensor = density.reshape((2,) * 6)
    return np.einsum("iad,jbe,kcf,defabc->ijk", paulis, paulis, paulis, tensor).real


def _deviation(dataset: Dataset, label: int) -> float:
    """Return the largest mean of a string over samples of a class, in standard errors.

    Turned at random, a string of weight w has variance 3^-w Σ <P>² over the 3^w strings P
    of the unturned state on the same qubits: no estimate from the samples is needed.
    """
    chosen = [i for i in evenly(dataset, N_STRINGS) if dataset.labels[i] == label]
    states = [dataset.states[i] for i in chosen]
    worst = 0.0
    for sites in _windows(dataset):
        unturned = _strings(_bases(dataset)[label].reduced_density_matrix(sites)) ** 2
        means = np.mean([_strings(s.reduced_density_matrix(sites)) for s in states], axis=0)
        for support in product((slice(0, 1), slice(1, 4)), repeat=3):
            variance = np.mean(unturned[support])
            if variance > ROUNDING and support != (slice(0, 1),) * 3:
                error = np.sqrt(variance / len(states))
                worst = max(worst, float(np.max(np.abs(means[support])) / error))
    return worst


def _unitaries(dataset: Dataset) -> Iterator[Row]:
    """Look for samples that share unitaries: what would leak from one into another."""
    seeds = [facts["unitaries_seed"] for facts in dataset.parameters]
    method = "seeds of unitaries met again, over all splits"
    yield claim("every sample has unitaries of its own", method, len(seeds) - len({*seeds}), 0, 0)
    chosen = evenly(dataset, N_SPREAD)
    labels, shared = dataset.labels[chosen], 0
    seen = np.array(
        [[dataset.states[i].reduced_density_matrix(s) for s in _windows(dataset)] for i in chosen]
    )
    for i, j in combinations(range(len(chosen)), 2):
        shared += bool(labels[i] == labels[j] and np.allclose(seen[i], seen[j], atol=1e-6))
    method = f"pairs of one class with equal three-body marginals, {len(chosen)} samples"
    fact = "samples that are one state"
    if dataset.details["options"]["unitaries"] == "haar":
        yield claim(fact, method, shared, 0, 0)
    else:  # 24 unitaries per qubit meet again
        yield measured(fact, method, shared)


def _two_copies(dataset: Dataset) -> Iterator[Row]:
    """Sum or sample what separates the singlet patterns of the unturned states."""
    first, second = _bases(dataset)
    pair, fact = dataset.details["options"]["pair"], "best accuracy on one pair of copies"
    optimum = pair_optimum(first, second)
    if optimum is None:
        rng = np.random.default_rng(dataset.n_qubits)
        value, error = estimated_optimum(first, second, N_PATTERNS, rng)
        method = f"1/2 + TV/2 of singlet patterns, {2 * N_PATTERNS} of them: ± {error:.2g}"
        yield measured(fact, method, value)
        return
    method = "1/2 + TV/2 of singlet patterns, summed over all"
    if pair in OPTIMA:
        yield claim(fact, method, optimum, OPTIMA[pair](dataset.n_qubits), ROUNDING)
    else:
        yield measured(fact, method, optimum)
    if dataset.n_qubits <= MAX_LAW_QUBITS:
        laws = [pattern_law(dataset.states[i]) for i in evenly(dataset, 1).tolist()]
        method = "1/2 + TV/2 of all 2^n patterns, from the purities of one sample per class"
        found = 0.5 + np.abs(laws[0] - laws[1]).sum() / 4
        yield claim(f"{fact} of stored samples", method, found, optimum, ROUNDING)
    separate = pair_optimum(first, second, singlet=1.0, triplet=1 / 3)
    if separate is not None:
        method = "1/2 + TV/2 of the law of XOR strings, summed over all"
        yield measured("best accuracy of XOR, copies measured separately", method, separate)


def _equalities(dataset: Dataset) -> Iterator[Row]:
    if dataset.details["options"]["pair"] != "ghz-deph":
        return
    pair = _bases(dataset)
    fact = "all (n-1)-body marginals of the unturned classes are equal"
    method = "largest squared Hilbert-Schmidt distance over the left-out qubit"
    yield claim(fact, method, marginal_distance_squared(*pair), 0, 1e-12)
    method = "Σ_z (p_0(z) - p_1(z))² over all 2^n outcomes, contracted"
    fact = "Z histograms of the unturned classes are equal"
    yield claim(fact, method, histogram_distance_squared(*pair), 0, 1e-12)


def _splits(dataset: Dataset) -> Iterator[Row]:
    is_continuous = dataset.details["options"]["unitaries"] == "haar"
    yield from (no_shared_state if is_continuous else shared_states)(dataset)


FACTS = (norms, _orbits, _one_copy, _unitaries, _two_copies, _equalities, _splits, entanglement)
