"""Graph states under hidden labels: rings against ladders, and one ring against two.

The graph state of edges E is Π_E CZ |+…+>, stabilized by X on a vertex and Z on its
neighbours: Hein, Eisert and Briegel, Phys. Rev. A 69, 062311 (2004), Sec. II.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from qnnbench.registry import lookup
from qnnbench.states.family import DatasetFamily
from qnnbench.states.mps import MPS
from qnnbench.states.quantities.entanglement import mean_subsystem_purity
from qnnbench.states.samples import Dataset, Sample, drawn, samples
from qnnbench.states.stabilizer import StabilizerState

if TYPE_CHECKING:  # importing Cirq costs seconds: only the circuits below need it
    import cirq

Edges = list[tuple[int, int]]


def ring(n_vertices: int, first: int = 0) -> Edges:
    """Return the edges of one cycle through ``n_vertices`` vertices from ``first`` on."""
    vertices = range(first, first + n_vertices)
    return [*pairwise(vertices), (first, first + n_vertices - 1)]


def ladder(n_vertices: int, rng: np.random.Generator) -> Edges:
    """Return two rails with both end rungs and a random, nonempty set of inner rungs.

    Rung i joins vertices 2i and 2i + 1. Inner ones are 2 … n/2 - 3, their number uniform: a
    ladder whose only inner rungs are next to the ends has the sector lengths of the ring.
    """
    rungs = n_vertices // 2
    inner = rng.choice(np.arange(2, rungs - 2), rng.integers(1, rungs - 3), replace=False)
    rails = [(v, v + 2) for v in range(n_vertices - 2)]
    return rails + [(2 * int(i), 2 * int(i) + 1) for i in sorted({0, rungs - 1, *inner})]


def cubic(n_vertices: int, rng: np.random.Generator) -> Edges:
    """Return a random graph of degree three without twins, by pairing half-edges.

    Uniform over such graphs: pairings with loops, double edges or twins (vertices with the
    same neighbours, each other left aside) are drawn again. Bollobás, Eur. J. Comb. 1, 311.
    """
    while True:
        ends = rng.permutation(np.repeat(np.arange(n_vertices), 3)).reshape(-1, 2)
        adjacency = np.zeros((n_vertices, n_vertices), dtype=bool)
        adjacency[ends[:, 0], ends[:, 1]] = adjacency[ends[:, 1], ends[:, 0]] = True
        is_simple = (adjacency.sum(axis=0) == 3).all() and not adjacency.diagonal().any()
        closed = adjacency | np.eye(n_vertices, dtype=bool)
        if is_simple and all(
            len(set(map(bytes, rows))) == n_vertices for rows in (adjacency, closed)
        ):
            return [(int(a), int(b)) for a, b in np.argwhere(np.triu(adjacency))]


GRAPHS: dict[str, Callable[[int, np.random.Generator], Edges]] = {
    "ring": lambda n_vertices, rng: ring(n_vertices),
    "ladder": ladder,
    "cubic": cubic,
}


def _carried(n_vertices: int, edges: Edges) -> list[list[int]]:
    """Return, per vertex, which vertices up to it have neighbours behind it."""
    last = list(range(n_vertices))
    for a, b in edges:
        first, second = min(a, b), max(a, b)
        last[first] = max(last[first], second)
    return [[u for u in range(v + 1) if last[u] > v] for v in range(n_vertices)]


def graph_mps(n_vertices: int, edges: Edges) -> MPS:
    """Return the graph state as a real matrix product state.

    A bond carries the bits of the vertices before it that have neighbours behind it: c
    vertices make a bond of 2^c, 4 for a ring and a ladder in their own order.
    """
    carried = _carried(n_vertices, edges)
    joined = {frozenset(edge) for edge in edges}
    tensors = []
    for v, (left, right) in enumerate(pairwise([[], *carried])):
        near = [u for u in left if frozenset((u, v)) in joined]
        tensor = np.zeros((2 ** len(left), 2, 2 ** len(right)))
        for bits in np.ndindex((2,) * (len(left) + 1)):
            value = dict(zip([*left, v], bits, strict=True))
            sign = (-1) ** (value[v] * sum(value[u] for u in near))
            tensor[_number(bits[:-1]), value[v], _number(value[u] for u in right)] = sign
        tensors.append(tensor / np.sqrt(2))
    return MPS(tuple(tensors))


def _number(bits: Iterable[int]) -> int:
    return sum(bit << place for place, bit in enumerate(bits))


def _purity_rate(n_vertices: int, edges: Edges) -> float:
    """Return -log2(1 - CE)/n, or NaN where the bond is above 4."""
    if max(map(len, _carried(n_vertices, edges))) > 2:
        return np.nan
    return -np.log2(mean_subsystem_purity(graph_mps(n_vertices, edges))) / n_vertices


def _relabelled(edges: Edges, labels: Iterable[int]) -> Edges:
    """Return the edges with vertex v renamed ``labels[v]``, sorted."""
    name = [int(label) for label in labels]
    return sorted((min(name[a], name[b]), max(name[a], name[b])) for a, b in edges)


def graph_states(
    n_qubits: int,
    *,
    seed: int,
    n_samples: int | Mapping[str, int] | None = None,
    graphs: tuple[str, str] = ("ring", "ladder"),
    order: str = "hidden",
    noise: float = 0.0,
    noise_kind: str = "pauli",
) -> Dataset:
    """Return graph states of two ensembles of graphs, one per label.

    Where labels are hidden, no graph stands in two splits.

    No vertex is isolated, a leaf or a twin, so every stabilizer has weight three or more.
    The target is the rate -log2(1 - CE)/n of the concentratable entanglement CE, which
    itself is one up to 1e-9 at n = 100; NaN for "cubic".

    Args:
        n_qubits: Width, an even number.
        seed: Seed of graphs, labels and noise.
        n_samples: See ``split_sizes``; the labels alternate.
        graphs: Two keys of ``GRAPHS``.
        order: "hidden": qubits stand for random vertices; "natural": as the graphs are built.
        noise: Probability of a Pauli error per qubit, see ``local_noise``; 0 for none.
        noise_kind: "pauli"; stabilizer states take no other.

    Raises:
        ValueError: Unknown graphs or order.
    """
    if len(graphs) != 2:
        raise ValueError(f"graphs names two ensembles, one per label, got {graphs!r}")
    builds = [lookup(GRAPHS, name, "graph ensemble") for name in graphs]
    hidden = lookup({"hidden": True, "natural": False}, order, "order")
    ring_rate = _purity_rate(n_qubits, ring(n_qubits)) if "ring" in graphs else np.nan

    def make(label: int, rng: np.random.Generator) -> Sample:
        edges = builds[label](n_qubits, rng)
        rate = ring_rate if graphs[label] == "ring" else _purity_rate(n_qubits, edges)
        labels = rng.permutation(n_qubits) if hidden else range(n_qubits)
        named = _relabelled(edges, labels)
        return Sample(StabilizerState.graph(n_qubits, named), target=rate, parameters=_told(named))

    return drawn(
        "graph_states",
        n_qubits,
        make,
        seed=seed,
        n_samples=n_samples,
        noise=noise,
        noise_kind=noise_kind,
        disjoint=hidden,
    )


def _told(edges: Edges) -> dict[str, list[list[int]]]:
    return {"edges": [list(edge) for edge in edges]}


def ring_pair(
    n_qubits: int,
    *,
    seed: int,
    n_samples: int | Mapping[str, int] | None = None,
    order: str = "hidden",
    noise: float = 0.0,
    noise_kind: str = "pauli",
) -> Dataset:
    """Return the graph state of one ring (label 0) or of two rings of half the size (1).

    Where labels are hidden, no graph stands in two splits; 8 qubits have 2520 rings and 315
    pairs.

    Args:
        n_qubits: Width, an even number.
        seed: Seed of labels and noise.
        n_samples: See ``split_sizes``; the labels alternate.
        order: "hidden": ``StabilizerState`` on random vertices; "ring": ``MPS`` of bond 4 in
            the order of the rings, which any network reads and any noise turns. Without
            noise its samples are two states over and over.
        noise: Strength, see ``local_noise``; 0 for none.
        noise_kind: A key of ``NOISES``; "pauli" where labels are hidden.

    Raises:
        ValueError: Unknown order.
    """
    hidden = lookup({"hidden": True, "ring": False}, order, "order")
    half = n_qubits // 2
    pair = [sorted(edges) for edges in (ring(n_qubits), ring(half) + ring(half, half))]
    chains = [] if hidden else [graph_mps(n_qubits, edges) for edges in pair]

    def make(label: int, rng: np.random.Generator) -> Sample:
        if not hidden:
            return Sample(chains[label], parameters=_told(pair[label]))
        edges = _relabelled(pair[label], rng.permutation(n_qubits))
        return Sample(StabilizerState.graph(n_qubits, edges), parameters=_told(edges))

    exact = None
    if chains:
        told = [_told(edges) for edges in pair]
        exact = samples("ring_pair", n_qubits, chains, [0, 1], ["train"] * 2, parameters=told)
    return drawn(
        "ring_pair",
        n_qubits,
        make,
        seed=seed,
        n_samples=n_samples,
        noise=noise,
        noise_kind=noise_kind,
        noiseless=exact,
        disjoint=hidden,
    )


def graph_circuit(n_qubits: int, edges: Iterable[Sequence[int]]) -> "cirq.Circuit":
    """Return the circuit that makes a graph state of |0…0>: H everywhere, CZ on the edges."""
    import cirq

    qubits = cirq.LineQubit.range(n_qubits)
    pairs = [cirq.CZ(qubits[a], qubits[b]) for a, b in edges]
    return cirq.Circuit(cirq.H.on_each(qubits), pairs)


def _prepare(dataset: Dataset, index: int) -> "cirq.Circuit":
    return graph_circuit(dataset.n_qubits, dataset.parameters[index]["edges"])


def ring_pair_ceiling(dataset: Dataset, n_copies: int) -> float:
    """Return 1/2 + √(1 - 4^-m)/2 for m copies: no measurement does better.

    With known labels the two pure states overlap as |<a|b>|² = 1/4 at every width (the four
    edges that differ make a square, on which (-1)^(edges) has mean 1/2), and Helstrom's
    bound is met. Hiding the labels and noise are channels, so they can only lower it: an
    upper bound then.
    """
    return 0.5 + 0.5 * np.sqrt(1 - 4.0**-n_copies)


GRAPH_STATES = DatasetFamily(
    "graph_states",
    graph_states,
    tasks=("classification", "regression"),
    n_classes=2,
    summary="graph states of two ensembles of graphs under hidden labels: ring against ladder",
    equal="Z histogram (uniform) and all one- and two-body marginals (maximally mixed)",
    differs="the graph: cut entropies and concentratable entanglement",
    solved_by="the number of three-body stabilizers",
    limit="three-body stabilizers reveal a graph whose labels are known: they are hidden",
    source="doi:10.1103/PhysRevA.69.062311, Sec. II",
    bibtex="hein2004",
    min_qubits=10,  # the smallest ladder with a rung that is not next to an end
    is_width=lambda n_qubits: n_qubits % 2 == 0,
    widths="an even number",
    prepare=_prepare,
)

RING_PAIR = DatasetFamily(
    "ring_pair",
    ring_pair,
    tasks=("classification",),
    n_classes=2,
    summary="the graph state of one ring against that of two rings of half the size",
    equal="sector lengths A_k (squared correlations of k qubits) for k < n/4, Z histogram "
    "(uniform), one-body marginals, from n = 10 on two-body ones (maximally mixed)",
    differs="half-cut entanglement along the rings: 2 against 0 ebits",
    solved_by="the stabilizer group, learned from Bell samples of O(n) pairs of copies",
    limit="n + 12 pairs of copies of one sample reveal its stabilizer group",
    source="derived: the weight enumerators are traces of powers of one transfer matrix",
    bibtex="hein2004",
    min_qubits=8,
    is_width=lambda n_qubits: n_qubits % 2 == 0,
    widths="an even number",
    ceiling=ring_pair_ceiling,
    prepare=_prepare,
)
