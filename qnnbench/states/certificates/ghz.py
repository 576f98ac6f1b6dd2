"""Facts of the GHZ families: what is equal below weight n, and the string that differs."""

from collections.abc import Iterator
from itertools import product
from typing import cast

import numpy as np

from qnnbench.states.certificates.any_family import (
    is_turned_continuously,
    no_shared_state,
    norms,
    pair_marginals,
    prepared,
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
    pure_members,
)
from qnnbench.states.mps import State
from qnnbench.states.quantities.distances import (
    histogram_distance_squared,
    marginal_distance_squared,
)
from qnnbench.states.quantities.entanglement import bond_entropies, concentratable_entanglement
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
    yield from _contrast(dataset)
    (_, ghz), *_ = pure.members
    deviation = np.max(np.abs(bond_entropies(ghz) - 1))
    yield claim("GHZ entropy of every cut is 1 bit", "largest deviation", deviation, 0, ROUNDING)
    ce, expected = concentratable_entanglement(ghz), 0.5 - 0.5**dataset.n_qubits
    yield claim("GHZ concentratable entanglement is 1/2 - 2^-n", "two copies", ce, expected, 1e-12)


def _contrast(dataset: Dataset) -> Iterator[Row]:
    everywhere = dict.fromkeys(range(dataset.n_qubits), "X")
    chosen = evenly(dataset, N_STRINGS)
    found = np.array([dataset.states[i].expectation(everywhere) for i in chosen])
    labels = dataset.labels[chosen]
    contrast = found[labels == 0].mean() - found[labels == 1].mean()
    method = f"difference of class means, {len(found)} states"
    yield measured("contrast of <X^n> with noise", method, contrast)


def _phases(dataset: Dataset) -> Iterator[Row]:
    exact = exact_states(dataset)
    told = exact.parameters[int(np.argmax(exact.labels == 1))]
    phases = (0.0, told["phase"])
    everywhere = dict.fromkeys(range(dataset.n_qubits), "X")
    for label, (state, phase) in enumerate(zip(_pair(dataset), phases, strict=True)):
        value = state.expectation(everywhere)
        fact = f"<X^n> of noiseless class {label} is cos(phase)"
        yield claim(fact, "contracted", value, np.cos(phase), ROUNDING)
    (_, first), (_, second) = (state.members[0] for state in _pair(dataset))
    turns = np.tile(np.eye(2, dtype=complex), (dataset.n_qubits, 1, 1))
    turns[-1, 1, 1] = np.exp(1j * (phases[1] - phases[0]))
    loss = 1 - abs(first.rotated(turns).overlap(second)) ** 2
    fact, method = "one local rotation maps the classes onto each other", "1 - fidelity"
    yield claim(fact, method, loss, 0, ROUNDING)
    overlap, expected = abs(first.overlap(second)) ** 2, np.cos((phases[1] - phases[0]) / 2) ** 2
    yield claim("|<a|b>|² is cos²(phase/2)", "contracted", overlap, expected, ROUNDING)
    deviation = max(np.max(np.abs(bond_entropies(s) - 1)) for s in (first, second))
    method = "largest deviation, both classes"
    yield claim("entropy of every cut is 1 bit", method, deviation, 0, ROUNDING)
    gap = concentratable_entanglement(first) - concentratable_entanglement(second)
    yield claim("concentratable entanglement of the classes is equal", "two copies", gap, 0, 1e-12)


def _purities(dataset: Dataset) -> Iterator[Row]:
    """Noise that is a unitary per sample leaves Tr ρ² alone, so it tells labels for sure."""
    deviations = []
    for state, label in zip(dataset.states, dataset.labels, strict=True):
        pairs = product(pure_members(state), repeat=2)
        purity = sum(v * w * abs(a.overlap(b)) ** 2 for (v, a), (w, b) in pairs)
        deviations.append(abs(purity - (0.5 if label else 1.0)))
    fact = "samples are pure with label 0 and half mixed with label 1"
    method = f"largest deviation of Tr ρ² from 1 or 1/2, {len(deviations)} states"
    yield claim(fact, method, max(deviations), 0, ROUNDING)


def _nearness(dataset: Dataset) -> Iterator[Row]:
    """Count what noise, or a wrong label, has carried to the other class."""
    ((_, first),), ((_, second),) = (pure_members(state) for state in _pair(dataset))
    far = 0
    for (_, state), label in zip(pure_members(*dataset.states), dataset.labels, strict=True):
        fidelities = [abs(state.overlap(other)) for other in (first, second)]
        far += fidelities[label] < fidelities[1 - label]
    fact = "samples nearer to the noiseless state of the other class"
    yield measured(fact, f"fidelities of {len(dataset.states)} states", far)


def _splits(dataset: Dataset) -> Iterator[Row]:
    """Samples are two states over and over, but for their noise."""
    fact = no_shared_state if is_turned_continuously(dataset) else shared_states
    yield from fact(dataset)


FACTS = (norms, _equalities, _differences, _purities, prepared, _splits, pair_marginals)
PHASE_FACTS = (
    norms,
    _equalities,
    _phases,
    _contrast,
    _nearness,
    prepared,
    _splits,
    pair_marginals,
)
