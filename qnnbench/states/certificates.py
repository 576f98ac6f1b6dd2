"""Certificates: each claim about a dataset, computed from its states and compared.

Nothing here uses the code that made the states: closed forms, Hamiltonians written as Pauli
words, circuits, and contractions of the stored tensors.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from qnnbench.registry import lookup
from qnnbench.states.contraction import inner_product
from qnnbench.states.distances import histogram_distance_squared, marginal_distance_squared
from qnnbench.states.entanglement import bond_entropies, concentratable_entanglement
from qnnbench.states.mps import MPS, State
from qnnbench.states.pauli_sums import energy_moments
from qnnbench.states.samples import SPLITS, Dataset

ROUNDING = 1e-10  # tolerance of equalities that hold exactly before floating point
VARIANCE_PER_QUBIT = 2e-3  # of a bond-8 ground state: <H> is sharp to 0.045 √n

_N_SPREAD = 12  # couplings, and states per class, looked at where all would cost too much
_N_STRINGS = 44
_N_WINDOWS = 4

Row = dict[str, Any]


def _claim(fact: str, method: str, value: float, expected: float, tolerance: float) -> Row:
    holds = bool(abs(value - expected) <= tolerance)
    numbers = {"value": float(value), "expected": float(expected), "tolerance": tolerance}
    return {"fact": fact, "method": method, **numbers, "holds": holds}


def _measured(fact: str, method: str, value: float) -> Row:
    numbers = {"value": float(value), "expected": np.nan, "tolerance": np.nan}
    return {"fact": fact, "method": method, **numbers, "holds": True}


def _exact(dataset: Dataset) -> Dataset:
    """Return the states that exact claims are about."""
    return dataset.noiseless or dataset


def _spread(dataset: Dataset) -> list[tuple[float, MPS]]:
    """Return up to twelve (coupling, state), spread evenly over the sorted couplings."""
    order = np.argsort(dataset.couplings, kind="stable")
    picks = np.unique(np.linspace(0, len(order) - 1, _N_SPREAD).round().astype(int))
    chosen = [(float(dataset.couplings[i]), dataset.states[i]) for i in order[picks]]
    return [(coupling, state) for coupling, state in chosen if isinstance(state, MPS)]


def _some(dataset: Dataset, per_class: int) -> np.ndarray:
    """Return indices of up to ``per_class`` states of each class, evenly spaced."""
    members = [np.flatnonzero(dataset.labels == label) for label in (0, 1)]
    return np.concatenate([m[:: max(-(-len(m) // per_class), 1)] for m in members])


def _norms(dataset: Dataset) -> Iterator[Row]:
    states = [*dataset.states, *_exact(dataset).states]
    worst = max(abs(member.norm() - 1) for state in states for _, member in state.members)
    yield _claim("every state has norm 1", "largest |norm - 1|, contracted", worst, 0, ROUNDING)


def _pair_marginals(dataset: Dataset) -> Iterator[Row]:
    """Measure how far apart the classes are for an observer of two neighbours."""
    chosen = _some(dataset, _N_SPREAD)
    labels, states = dataset.labels[chosen], [dataset.states[i] for i in chosen]
    starts = np.unique(np.linspace(0, dataset.n_qubits - 2, _N_WINDOWS).round().astype(int))
    gaps = []
    for start in starts.tolist():
        seen = np.array([s.reduced_density_matrix((start, start + 1)) for s in states])
        means = [seen[labels == label].mean(axis=0) for label in (0, 1)]
        gaps.append(np.max(np.abs(means[0] - means[1])))
    method = (
        f"largest entry of the class-mean difference, {len(states)} states, {len(starts)} pairs"
    )
    yield _measured("neighbours' two-body marginals differ between classes", method, max(gaps))


def _entanglement(dataset: Dataset) -> Iterator[Row]:
    """Measure half-cut entropy and concentratable entanglement of each class."""
    exact = _exact(dataset)
    middle = dataset.n_qubits // 2 - 1
    chosen = _some(exact, _N_SPREAD // 2)
    for label in (0, 1):
        states = [exact.states[i] for i in chosen if exact.labels[i] == label]
        members = [member for state in states for _, member in state.members]
        who = f"mean over {len(members)} pure states of class {label}"
        entropy = np.mean([bond_entropies(m)[middle] for m in members])
        yield _measured(f"half-cut entropy of class {label} in bits", who, float(entropy))
        ce = np.mean([concentratable_entanglement(m) for m in members])
        yield _measured(f"concentratable entanglement of class {label}", who, float(ce))


def _prepared(dataset: Dataset, couplings: Sequence[float | None]) -> Iterator[Row]:
    """Compare preparation circuits with the states of the same coupling (None: class 0)."""
    from qnnbench.states.datasets import preparation_circuit

    exact = _exact(dataset)
    losses = []
    for coupling in couplings:
        match = exact.labels == 0 if coupling is None else exact.couplings == coupling
        state = exact.states[int(np.flatnonzero(match)[0])]
        circuit = preparation_circuit(dataset.name, dataset.n_qubits, coupling)
        (_, member), *_ = state.members
        made = MPS.from_circuit(circuit, dataset.n_qubits)
        losses.append(1 - abs(inner_product(made.tensors, member.tensors)) ** 2)
    method = f"largest 1 - fidelity over {len(losses)} circuits run on |0…0>"
    yield _claim("preparation circuits make the states", method, max(losses), 0, ROUNDING)


def _path_strings(n_qubits: int) -> tuple[dict[int, str], dict[int, str]]:
    """Return the strings ZYX…XYZ and X…X over the middle half of the chain."""
    first, last = n_qubits // 4, n_qubits - 1 - n_qubits // 4
    trivial = dict.fromkeys(range(first, last + 1), "X")
    ends = {first - 1: "Z", first: "Y", last: "Y", last + 1: "Z"}
    return {**trivial, **ends}, trivial


def _path_string_order(dataset: Dataset) -> Iterator[Row]:
    """Both strings have closed forms of any length: 4|g|/(1+|g|)² in one phase, 0 in the other.

    Derived from the weights w of ``spt_path``: flipping a block of bits replaces w² by w(b, b')
    w(b, 1-b') at each end, whose sum is 2cs, or 0 where the signs cancel.
    """
    strings = _path_strings(dataset.n_qubits)
    chosen = _some(dataset, _N_STRINGS)
    found = np.array([[dataset.states[i].expectation(s) for s in strings] for i in chosen])
    g = np.abs(dataset.couplings[chosen])
    expected = np.zeros_like(found)
    expected[np.arange(len(found)), dataset.labels[chosen]] = 4 * g / (1 + g) ** 2
    worst = np.max(np.abs(found - expected))
    fact = "string orders are 4|g|/(1+|g|)² in their own phase and 0 in the other"
    yield _claim(
        fact, f"largest deviation over {len(found)} states, both strings", worst, 0, ROUNDING
    )


def _path_energy(dataset: Dataset) -> Iterator[Row]:
    """Every bulk term of H(g) is at its minimum -2(1+g²), so the state is a ground state."""
    energies, variances = [], []
    for g, state in _spread(dataset)[::3]:
        words = {"ZZI": g * g - 1, "IZZ": g * g - 1, "IXI": -((1 + g) ** 2), "ZXZ": (g - 1) ** 2}
        energy, variance = energy_moments(state, words)
        energies.append(energy / (dataset.n_qubits - 2) + 2 * (1 + g * g))
        variances.append(variance / dataset.n_qubits)
    method = f"largest deviation over {len(energies)} couplings, H(g) as Pauli words"
    worst = max(map(abs, energies))
    yield _claim("energy per bulk term is -2(1+g²)", method, worst, 0, ROUNDING)
    yield _claim("energy variance per qubit vanishes", method, max(variances), 0, 1e-9)


def _path_entropy(dataset: Dataset) -> Iterator[Row]:
    """Every cut has Schmidt weights (1±r)/2, r = 2√g/(1+g) for g > 0 and 0 for g < 0."""
    worst = 0.0
    for g, state in _spread(dataset):
        r = 2 * np.sqrt(g) / (1 + g) if g > 0 else 0.0
        weights = np.array([p for p in ((1 + r) / 2, (1 - r) / 2) if p > 0])
        expected = -np.sum(weights * np.log2(weights))
        worst = max(worst, float(np.max(np.abs(bond_entropies(state) - expected))))
    fact = "entropy of every cut is that of (1±r)/2, r = 2√g/(1+g) or 0"
    yield _claim(fact, "largest deviation in bits over twelve states", worst, 0, 1e-7)


def _path_circuits(dataset: Dataset) -> Iterator[Row]:
    yield from _prepared(dataset, [g for g, _ in _spread(dataset)[::3]])


def _ising_strings(n_qubits: int) -> tuple[dict[int, str], dict[int, str]]:
    """Return Z X 1 X … X Z and X 1 X … X on one sublattice, over the middle half."""
    first, last = n_qubits // 4, 3 * n_qubits // 4
    last -= (last - first) % 2
    between = dict.fromkeys(range(first + 1, last, 2), "X")
    return {first: "Z", **between, last: "Z"}, dict.fromkeys(range(first, last + 1, 2), "X")


def _ising_string_order(dataset: Dataset) -> Iterator[Row]:
    exact = _exact(dataset)
    strings = _ising_strings(dataset.n_qubits)
    found = np.array([[s.expectation(letters) for letters in strings] for s in exact.states])
    wrong = np.sum(np.argmax(found, axis=1) != exact.labels)
    fact = "the longer string order is that of the label"
    yield _claim(fact, f"contradictions among {len(found)} ground states", int(wrong), 0, 0)
    for label, name in enumerate(("SPT", "paramagnet")):
        least = found[exact.labels == label, label].min()
        yield _measured(f"least {name} string order of its class", "half-chain string", least)


def _ising_energy(dataset: Dataset) -> Iterator[Row]:
    exact, errors, variances = _exact(dataset), [], []
    for i, state in enumerate(exact.states):
        if isinstance(state, MPS):
            words = {"ZXZ": -1.0, "X": -exact.couplings[i], "XX": -dataset.details["h2"]}
            energy, variance = energy_moments(state, words)
            errors.append(abs(energy - exact.energy[i]))
            variances.append(variance / dataset.n_qubits)
    method = f"largest over {len(errors)} ground states, H as Pauli words"
    yield _claim("recorded energies are <H>", method, max(errors), 0, 1e-8)
    fact = "energy variance per qubit is small"
    yield _claim(fact, method, max(variances), 0, VARIANCE_PER_QUBIT)


def _no_shared_coupling(dataset: Dataset) -> Iterator[Row]:
    seen = [set(dataset.couplings[dataset.splits == split]) for split in SPLITS]
    shared = sum(map(len, seen)) - len(set().union(*seen))
    yield _claim("splits share no coupling", "couplings met in two splits", shared, 0, 0)


def _ghz_pair(dataset: Dataset) -> tuple[State, State]:
    exact = _exact(dataset)
    first, second = (int(np.flatnonzero(exact.labels == label)[0]) for label in (0, 1))
    return exact.states[first], exact.states[second]


def _ghz_equalities(dataset: Dataset) -> Iterator[Row]:
    pure, mixed = _ghz_pair(dataset)
    fact = "all (n-1)-body marginals of the noiseless classes are equal"
    method = "largest squared Hilbert-Schmidt distance over the left-out qubit"
    yield _claim(fact, method, marginal_distance_squared(pure, mixed), 0, 1e-12)
    n, rng = dataset.n_qubits, np.random.default_rng(dataset.n_qubits)
    subsets = [(i, i + 1, i + 2) for i in range(0, n - 2, max(n // _N_WINDOWS, 1))]
    subsets += [tuple(rng.choice(n, 3, replace=False).tolist()) for _ in range(_N_SPREAD)]
    gap = max(
        np.max(np.abs(pure.reduced_density_matrix(s) - mixed.reduced_density_matrix(s)))
        for s in subsets
    )
    method = f"largest entry of the difference, {len(subsets)} contiguous and random triples"
    yield _claim("three-body marginals of the noiseless classes are equal", method, gap, 0, 1e-12)
    distance = histogram_distance_squared(pure, mixed)
    method = "Σ_z (p_0(z) - p_1(z))² over all 2^n outcomes, contracted"
    yield _claim("Z histograms of the noiseless classes are equal", method, distance, 0, 1e-12)


def _ghz_differences(dataset: Dataset) -> Iterator[Row]:
    pure, mixed = _ghz_pair(dataset)
    everywhere = dict.fromkeys(range(dataset.n_qubits), "X")
    for name, state, expected in (("GHZ state", pure, 1.0), ("dephased", mixed, 0.0)):
        value = state.expectation(everywhere)
        yield _claim(f"<X^n> of the noiseless {name}", "contracted", value, expected, ROUNDING)
    chosen = _some(dataset, _N_STRINGS)
    found = np.array([dataset.states[i].expectation(everywhere) for i in chosen])
    labels = dataset.labels[chosen]
    contrast = found[labels == 0].mean() - found[labels == 1].mean()
    method = f"difference of class means, {len(found)} states"
    yield _measured("contrast of <X^n> with noise", method, contrast)
    (_, ghz), *_ = pure.members
    deviation = np.max(np.abs(bond_entropies(ghz) - 1))
    yield _claim("GHZ entropy of every cut is 1 bit", "largest deviation", deviation, 0, ROUNDING)
    ce, expected = concentratable_entanglement(ghz), 0.5 - 0.5**dataset.n_qubits
    yield _claim(
        "GHZ concentratable entanglement is 1/2 - 2^-n", "two copies", ce, expected, 1e-12
    )


def _ghz_circuit(dataset: Dataset) -> Iterator[Row]:
    yield from _prepared(dataset, [None])


def _ensemble(dataset: Dataset) -> Iterator[Row]:
    """Scores of the two-state ensemble when qubit 0 is kept and nothing is done."""
    weights = dataset.details["weights"]
    pair = [member for state in dataset.states[:2] for _, member in state.members]
    empty = dict.fromkeys(range(1, dataset.n_qubits), np.diag([1.0, 0.0]))
    identity = sum(
        w * inner_product(s.tensors, s.tensors, empty).real
        for w, s in zip(weights, pair, strict=True)
    )
    fact, method = "score of the identity encoder", "Σ weight · <|0…0><0…0| on qubits 1 … n-1>"
    yield _claim(fact, method, identity, 2 / 3, ROUNDING)
    roots = np.sqrt(weights)
    gram = np.array([[a.overlap(b) for b in pair] for a in pair]) * np.outer(roots, roots)
    optimum = float(np.sum(np.sort(np.linalg.eigvalsh(gram))[-2:]))
    method = "two largest eigenvalues of the weighted Gram matrix"
    yield _claim("best score of one kept qubit", method, optimum, 1, ROUNDING)
    losses = [
        1 - abs(member.overlap(pair[i % 2])) ** 2
        for i, state in enumerate(dataset.states)
        for _, member in state.members
    ]
    yield _claim("every split holds the same two states", "1 - fidelity", max(losses), 0, ROUNDING)


CERTIFIERS: dict[str, tuple[Callable[[Dataset], Iterator[Row]], ...]] = {
    "spt_path": (
        _norms,
        _path_string_order,
        _path_energy,
        _path_entropy,
        _path_circuits,
        _no_shared_coupling,
        _pair_marginals,
        _entanglement,
    ),
    "cluster_ising": (
        _norms,
        _ising_string_order,
        _ising_energy,
        _no_shared_coupling,
        _pair_marginals,
        _entanglement,
    ),
    "ghz_dephased": (_norms, _ghz_equalities, _ghz_differences, _ghz_circuit, _pair_marginals),
    "two_state": (_norms, _ensemble, _entanglement),
}


def certify(dataset: Dataset) -> list[Row]:
    """Return one row per certified or measured fact of a dataset.

    Exact equalities are claimed of the states before noise; what the noise does to them
    is measured. Random subsets depend on ``n_qubits`` only.

    Returns:
        Rows with ``fact``, ``method``, ``value``, ``expected``, ``tolerance`` and ``holds``:
        |value - expected| <= tolerance. A measured quantity has NaN for both and holds.
    """
    facts = lookup(CERTIFIERS, dataset.name, "certified dataset")
    return [row for fact in facts for row in fact(dataset)]
