"""Facts of the GHZ families: what is equal below weight n, and the string that differs."""

from collections.abc import Iterator
from typing import cast

import numpy as np

from qnnbench.states.certificates.any_family import norms, pair_marginals, prepared
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
from qnnbench.states.distances import histogram_distance_squared, marginal_distance_squared
from qnnbench.states.entanglement import bond_entropies, concentratable_entanglement
from qnnbench.states.mps import State
from qnnbench.states.samples import Dataset


def _pair(dataset: Dataset) -> tuple[State, State]:
    exact = exact_states(dataset)
    first, second = (exact.states[int(np.argmax(exact.labels == label))] for label in (0, 1))
    return cast(State, first), cast(State, second)


def _equalities(dataset: Dataset) -> Iterator[Row]:
    pure, mixed = _pair(dataset)
    fact = "all (n-1)-body marginals of the noiseless classes are equal"
    method = "largest squared Hilbert-Schmidt distance over the left-out qubit"
    yield claim(fact, method, marginal_distance_squared(pure, mixed), 0, 1e-12)
    n, rng = dataset.n_qubits, np.random.default_rng(dataset.n_qubits)
    subsets = [(i, i + 1, i + 2) for i in range(0, n - 2, max(n // N_WINDOWS, 1))]
    subsets += [tuple(rng.choice(n, 3, replace=False).tolist()) for _ in range(N_SPREAD)]
    gap = max(
        np.max(np.abs(pure.reduced_density_matrix(s) - mixed.reduced_density_matrix(s)))
        for s in subsets
    )
    method = f"largest entry of the difference, {len(subsets)} contiguous and random triples"
    yield claim("three-body marginals of the noiseless classes are equal", method, gap, 0, 1e-12)
    distance = histogram_distance_squared(pure, mixed)
    method = "Σ_z (p_0(z) - p_1(z))² over all 2^n outcomes, contracted"
    yield claim("Z histograms of the noiseless classes are equal", method, distance, 0, 1e-12)


def _differences(dataset: Dataset) -> Iterator[Row]:
    pure, mixed = _pair(dataset)
    everywhere = dict.fromkeys(range(dataset.n_qubits), "X")
    for name, state, expected in (("GHZ state", pure, 1.0), ("dephased", mixed, 0.0)):
        value = state.expectation(everywhere)
        yield claim(f"<X^n> of the noiseless {name}", "contracted", value, expected, ROUNDING)
    chosen = evenly(dataset, N_STRINGS)
    found = np.array([dataset.states[i].expectation(everywhere) for i in chosen])
    labels = dataset.labels[chosen]
    contrast = found[labels == 0].mean() - found[labels == 1].mean()
    method = f"difference of class means, {len(found)} states"
    yield measured("contrast of <X^n> with noise", method, contrast)
    (_, ghz), *_ = pure.members
    deviation = np.max(np.abs(bond_entropies(ghz) - 1))
    yield claim("GHZ entropy of every cut is 1 bit", "largest deviation", deviation, 0, ROUNDING)
    ce, expected = concentratable_entanglement(ghz), 0.5 - 0.5**dataset.n_qubits
    yield claim("GHZ concentratable entanglement is 1/2 - 2^-n", "two copies", ce, expected, 1e-12)


FACTS = (norms, _equalities, _differences, prepared, pair_marginals)
