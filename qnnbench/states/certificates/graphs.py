"""Facts of graph states: that they are those of their graphs, and what follows exactly."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, reverse_cuthill_mckee

from qnnbench.states.certificates.any_family import (
    is_turned_continuously,
    no_shared_state,
    pair_marginals,
    shared_states,
)
from qnnbench.states.certificates.claims import (
    N_SPREAD,
    ROUNDING,
    Row,
    claim,
    evenly,
    exact_states,
    measured,
)
from qnnbench.states.certificates.stabilizers import norms, prepared
from qnnbench.states.mps import MPS, InputState
from qnnbench.states.quantities.entanglement import bond_entropies, concentratable_entanglement
from qnnbench.states.quantities.enumerators import (
    generators,
    light_stabilizers,
    mean_purity,
    rank,
    sector_lengths,
)
from qnnbench.states.samples import Dataset
from qnnbench.states.stabilizer import StabilizerState


def _adjacency(dataset: Dataset, index: int) -> np.ndarray:
    """Return the recorded graph of a state, bool (n_qubits, n_qubits)."""
    matrix = np.zeros((dataset.n_qubits,) * 2, dtype=bool)
    for a, b in dataset.parameters[index]["edges"]:
        matrix[a, b] = matrix[b, a] = True
    return matrix


def _means(state: InputState, adjacency: np.ndarray) -> np.ndarray:
    """Return the mean of X on each vertex times Z on its neighbours, shape (n_qubits,)."""
    strings = [
        {vertex: "X", **dict.fromkeys(np.flatnonzero(row).tolist(), "Z")}
        for vertex, row in enumerate(adjacency)
    ]
    return np.array([state.expectation(letters) for letters in strings])


def _recorded_graphs(dataset: Dataset) -> Iterator[Row]:
    """The graph state alone has mean 1 for X on every vertex times Z on its neighbours.

    Chains of one graph are compared with its first by their overlap, which is faster.
    """
    exact = exact_states(dataset)
    chains: dict[bytes, MPS] = {}
    worst = 0.0
    for index, state in enumerate(exact.states):
        adjacency = _adjacency(exact, index)
        first = chains.get(adjacency.tobytes())
        if first is not None and isinstance(state, MPS):
            worst = max(worst, 1 - abs(first.overlap(state)) ** 2)
            continue
        worst = max(worst, float(np.max(np.abs(_means(state, adjacency) - 1))))
        if isinstance(state, MPS):
            chains[adjacency.tobytes()] = state
    fact = "noiseless states are the graph states of the recorded edges"
    method = f"largest |<X ΠZ> - 1| over all vertices of {len(exact.states)} states"
    yield claim(fact, method, worst, 0, ROUNDING)
    if dataset.noiseless is not None and not dataset.max_bond_dim:
        unmet = sum(
            int(np.sum(np.abs(_means(state, _adjacency(dataset, index))) != 1))
            for index, state in enumerate(dataset.states)
        )
        fact = "samples are these graph states up to Pauli errors"
        method = f"vertices with <X ΠZ> not ±1 over {len(dataset.states)} states"
        yield claim(fact, method, unmet, 0, 0)


def _group(dataset: Dataset, index: int) -> np.ndarray:
    """Return the generators of a state, shape (n, n, 2); a chain's, those just verified."""
    state = dataset.states[index]
    if isinstance(state, StabilizerState):
        return generators(state)
    return np.stack([np.eye(dataset.n_qubits, dtype=bool), _adjacency(dataset, index)], axis=2)


def _histogram(dataset: Dataset) -> Iterator[Row]:
    """The Z histogram is uniform over 2^r bit strings, r the rank of the X bits."""
    exact = exact_states(dataset)
    ranks = [rank(_group(exact, i)[:, :, 0]) for i in range(len(exact.states))]
    method = f"n minus the rank of the X bits of the stabilizers, largest of {len(ranks)} states"
    missing = dataset.n_qubits - min(ranks)
    yield claim("Z histogram of every state is uniform", method, missing, 0, 0)


def _marginals(dataset: Dataset, max_weight: int) -> Iterator[Row]:
    """A marginal is maximally mixed iff no stabilizer but the identity lies inside."""
    exact = exact_states(dataset)
    counts = [light_stabilizers(_group(exact, i)) for i in range(len(exact.states))]
    for weight, body in enumerate(("one", "two")[:max_weight], 1):
        fact = f"all {body}-body marginals of every state are I/{2**weight}"
        method = f"stabilizers of weight {weight}, largest of {len(counts)} states, all counted"
        yield claim(fact, method, max(count[weight - 1] for count in counts), 0, 0)


def _sector_lengths(dataset: Dataset, index: int) -> list[int]:
    """Return A_0 … A_n of a state, its qubits read along its graph."""
    graph = csr_array(_adjacency(dataset, index))
    order = reverse_cuthill_mckee(graph, symmetric_mode=True)
    return sector_lengths(_group(dataset, index), order.tolist())


def _degrees(dataset: Dataset, index: int) -> set[int]:
    return set(_adjacency(dataset, index).sum(axis=0).tolist())


_DEGREES = {"ring": {2}, "ladder": {2, 3}, "cubic": {3}}


def _ensembles(dataset: Dataset) -> Iterator[Row]:
    exact, wrong = exact_states(dataset), 0
    names = [dataset.details["options"]["graphs"][label] for label in exact.labels]
    for index, name in enumerate(names):
        parts, _ = connected_components(_adjacency(exact, index), directed=False)
        wrong += _degrees(exact, index) != _DEGREES[name] or (parts > 1 and name != "cubic")
    method = f"contradictions of degrees and connection, {len(names)} graphs"
    yield claim("graphs are of the ensemble of their label", method, wrong, 0, 0)


def _rates(dataset: Dataset) -> Iterator[Row]:
    exact = exact_states(dataset)
    chosen = [i for i in evenly(exact, N_SPREAD // 2) if np.isfinite(exact.targets[i])]
    lengths = {i: _sector_lengths(exact, i) for i in chosen}
    method = f"weights of all 2^n stabilizers counted exactly, {len(chosen)} states"
    rates = {i: -np.log2(float(mean_purity(a))) / dataset.n_qubits for i, a in lengths.items()}
    worst = max((abs(rate - exact.targets[i]) for i, rate in rates.items()), default=0.0)
    fact = "targets are -log2(1 - CE)/n of the noiseless states"
    yield claim(fact, f"largest deviation; {method}", worst, 0, 1e-12)
    first, second = ([lengths[i] for i in chosen if exact.labels[i] == y] for y in (0, 1))
    shared = sum(a in second for a in first)
    fact = "no two states of different classes have the same sector lengths"
    yield claim(fact, f"states of class 0 with a double; {method}", shared, 0, 0)
    for label in (0, 1):
        own = [rate for i, rate in rates.items() if exact.labels[i] == label]
        fact = f"mean -log2(1 - CE)/n of class {label}"
        yield measured(fact, method, float(np.mean(own)) if own else np.nan)


def _random_halves(dataset: Dataset) -> Iterator[Row]:
    exact = exact_states(dataset)
    order = np.random.default_rng(dataset.n_qubits).permutation(dataset.n_qubits)
    half = order[: dataset.n_qubits // 2].tolist()
    for label in (0, 1):
        states = [exact.states[i] for i in evenly(exact, N_SPREAD) if exact.labels[i] == label]
        entropies = [s.entropy(half) for s in states if isinstance(s, StabilizerState)]
        method = f"one random half of the qubits, {len(entropies)} states"
        fact = f"mean entropy of a random half of class {label} in bits"
        yield measured(fact, method, float(np.mean(entropies)))


def _rings(dataset: Dataset) -> Iterator[Row]:
    exact, wrong = exact_states(dataset), 0
    for index, label in enumerate(exact.labels):
        parts, of = connected_components(_adjacency(exact, index), directed=False)
        sizes = set(np.bincount(of).tolist())
        ring = {dataset.n_qubits // (1 + label)}
        wrong += parts != 1 + label or sizes != ring or _degrees(exact, index) != {2}
    method = f"contradictions of degrees and connection, {len(exact.labels)} graphs"
    yield claim("label 0 is one ring, label 1 two of half the size", method, wrong, 0, 0)


def lucas(n: int) -> int:
    """Return the Lucas number L_n of the series 2, 1, 3, 4, 7."""
    current, following = 2, 1
    for _ in range(n):
        current, following = following, current + following
    return current


def _enumerators(dataset: Dataset) -> Iterator[Row]:
    """Compare sector lengths and concentratable entanglement with each other and in closed form.

    1 - CE of one ring is (L_n + 1)/2^n, Lucas numbers; of two, its square at n/2.
    """
    exact, n = exact_states(dataset), dataset.n_qubits
    chosen = evenly(exact, N_SPREAD // 2)
    classes: list[list[list[int]]] = [[], []]
    for index in chosen:
        classes[exact.labels[index]].append(_sector_lengths(exact, index))
    method = f"weights of all 2^n stabilizers counted exactly, {len(chosen)} states"
    odd = sum(lengths != of_class[0] for of_class in classes for lengths in of_class)
    yield claim("sector lengths are those of the class", f"exceptions; {method}", odd, 0, 0)
    ring, pair = (of_class[0] for of_class in classes)
    differs = next((k for k in range(n + 1) if ring[k] != pair[k]), n + 1)
    fact = "sector lengths of the classes are equal up to ⌈n/4⌉ - 1, no further"
    yield claim(fact, f"first that differs; {method}", differs, -(-n // 4), 0)
    purities = [mean_purity(lengths) for lengths in (ring, pair)]
    closed = [Fraction(lucas(n) + 1, 2**n), Fraction((lucas(n // 2) + 1) ** 2, 2**n)]
    for label, form in enumerate(("(L_n + 1)/2^n", "((L_n/2 + 1)/2^(n/2))²")):
        ratio = float(purities[label] / closed[label])
        yield claim(f"1 - CE of class {label} over {form}", f"exact; {method}", ratio, 1, 1e-12)
    gap, expected = (float(b / a - 1) for a, b in (purities, closed))
    fact = "relative difference of 1 - CE between the classes"
    yield claim(fact, f"exact; {method}", gap, expected, 1e-12 * expected)


def _first_half(adjacency: np.ndarray) -> list[int]:
    """Return half of the vertices: a walk along neighbours from vertex 0."""
    walk = [0]
    while len(walk) < len(adjacency) // 2:
        ahead = [v for v in np.flatnonzero(adjacency[walk[-1]]).tolist() if v not in walk]
        walk.append(ahead[0])
    return walk


def _half_cuts(dataset: Dataset) -> Iterator[Row]:
    exact = exact_states(dataset)
    middle = dataset.n_qubits // 2 - 1
    for label, expected in enumerate((2, 0)):
        entropies = []
        for i in evenly(exact, N_SPREAD // 2):
            state = exact.states[i]
            if exact.labels[i] == label and isinstance(state, MPS):
                entropies.append(bond_entropies(state)[middle])
            elif exact.labels[i] == label and isinstance(state, StabilizerState):
                entropies.append(state.entropy(_first_half(_adjacency(exact, i))))
        worst = max(np.abs(np.array(entropies) - expected))
        fact = f"entropy of half of class {label} along its rings is {expected} bits"
        yield claim(fact, f"largest deviation, {len(entropies)} states", worst, 0, 1e-9)


def _chains(dataset: Dataset) -> Iterator[Row]:
    """Contract two copies of the matrix product states, where labels are not hidden."""
    exact, n = exact_states(dataset), dataset.n_qubits
    for label, closed in enumerate((lucas(n) + 1, (lucas(n // 2) + 1) ** 2)):
        state = exact.states[int(np.argmax(exact.labels == label))]
        if isinstance(state, MPS):
            ce = concentratable_entanglement(state)
            fact, method = f"CE of class {label}, two copies", "two copies contracted"
            yield claim(fact, method, ce, 1 - float(Fraction(closed, 2**n)), 1e-12)


def _equal_graph_marginals(dataset: Dataset) -> Iterator[Row]:
    yield from _marginals(dataset, 2)


def _equal_ring_marginals(dataset: Dataset) -> Iterator[Row]:
    """Rings of four have twins, and with them stabilizers of weight two."""
    yield from _marginals(dataset, 2 if dataset.n_qubits >= 10 else 1)


def _splits(dataset: Dataset) -> Iterator[Row]:
    """Graphs in the order of their qubits repeat; hidden labels and rotations do not."""
    is_hidden = dataset.details["options"]["order"] == "hidden"
    fact = no_shared_state if is_hidden or is_turned_continuously(dataset) else shared_states
    yield from fact(dataset)


GRAPH_FACTS = (
    _recorded_graphs,
    _ensembles,
    _histogram,
    _equal_graph_marginals,
    _rates,
    _random_halves,
    prepared,
    _splits,
    pair_marginals,
)
RING_FACTS = (
    norms,
    _recorded_graphs,
    _rings,
    _histogram,
    _equal_ring_marginals,
    _enumerators,
    _half_cuts,
    _chains,
    prepared,
    _splits,
    pair_marginals,
)
