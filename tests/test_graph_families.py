"""Graph families: equal descriptions by brute force, at a hundred qubits by certificate."""

import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import stim

from qnnbench.states.certificates import certify
from qnnbench.states.certificates.graphs import lucas
from qnnbench.states.datasets import DATASETS, build_dataset
from qnnbench.states.families.graphs import GRAPHS, cubic, graph_circuit, graph_mps, ladder, ring
from qnnbench.states.mps import MPS
from qnnbench.states.quantities.enumerators import generators, mean_purity, sector_lengths
from qnnbench.states.samples import SPLITS
from qnnbench.states.stabilizer import NotClifford, StabilizerState
from tests.test_enumerators import lengths_by_products
from tests.test_stabilizer import partial_trace, simulated

SMALL = {"train": 4, "validation": 2, "test": 2}


def facts(dataset):
    return {row["fact"]: row for row in certify(dataset)}


def broken(dataset):
    return {row["fact"]: row["value"] for row in certify(dataset) if not row["holds"]}


def dense_graph_state(n_qubits, edges):
    """Return (-1)^(number of edges inside) / √2^n over all bit strings."""
    bits = np.array(list(itertools.product((0, 1), repeat=n_qubits)))
    inside = sum(bits[:, a] * bits[:, b] for a, b in edges)
    return (-1.0) ** inside / np.sqrt(2**n_qubits)


def mean_purity_by_cuts(vector, n_qubits):
    total = 1.0
    for k in range(1, n_qubits + 1):
        for sites in itertools.combinations(range(n_qubits), k):
            fewer = sites if 2 * k <= n_qubits else set(range(n_qubits)) - set(sites)
            total += np.sum(np.abs(partial_trace(vector, sorted(fewer), n_qubits)) ** 2)
    return total / 2**n_qubits


@pytest.mark.parametrize("name", ["ring", "ladder"])
def test_chains_and_circuits_are_the_graph_states(name):
    edges = GRAPHS[name](10, np.random.default_rng(1))
    expected = dense_graph_state(10, edges)
    chain = graph_mps(10, edges)
    assert chain.max_bond_dim == 4
    np.testing.assert_allclose(chain.state_vector(), expected, atol=1e-14)
    np.testing.assert_allclose(simulated(graph_circuit(10, edges)), expected, atol=1e-12)


def test_cubic_graphs_have_degree_three_and_no_twins():
    rng = np.random.default_rng(2)
    seen = set()
    for _ in range(20):
        edges = cubic(10, rng)
        near = {v: {a + b - v for a, b in edges if v in (a, b)} for v in range(10)}
        assert all(len(others) == 3 and v not in others for v, others in near.items())
        for a, b in itertools.combinations(range(10), 2):
            assert near[a] - {b} != near[b] - {a}
        seen.add(tuple(edges))
    assert len(seen) > 15


@pytest.mark.parametrize("n_qubits", [10, 12, 14])
def test_no_ladder_has_the_sector_lengths_of_the_ring(n_qubits):
    rungs = n_qubits // 2
    rails = [(v, v + 2) for v in range(n_qubits - 2)]

    def lengths(inner):
        edges = rails + [(2 * i, 2 * i + 1) for i in (0, *inner, rungs - 1)]
        return sector_lengths(generators(StabilizerState.graph(n_qubits, edges)))

    of_ring = sector_lengths(generators(StabilizerState.graph(n_qubits, ring(n_qubits))))
    for size in range(1, rungs - 3):
        for inner in itertools.combinations(range(2, rungs - 2), size):
            assert lengths(inner) != of_ring
    assert lengths((1,)) == lengths((1, rungs - 2)) == of_ring  # why these are not drawn
    rng = np.random.default_rng(3)
    drawn = {tuple(sorted(ladder(n_qubits, rng))) for _ in range(60)}
    assert len(drawn) == 2 ** (rungs - 4) - 1  # every set of inner rungs but the empty one


@pytest.mark.parametrize(
    ("name", "n_qubits"), [("graph_states", 10), ("ring_pair", 8), ("ring_pair", 10)]
)
def test_histograms_and_marginals_by_brute_force(name, n_qubits):
    data = build_dataset(name, n_qubits, SMALL, seed=1)
    for state, facts_of_state in zip(data.states, data.parameters, strict=True):
        vector = state.state_vector()
        expected = dense_graph_state(n_qubits, facts_of_state["edges"])
        assert abs(np.vdot(vector, expected)) == pytest.approx(1, abs=1e-12)
        np.testing.assert_allclose(np.abs(vector) ** 2, 1 / 2**n_qubits, atol=1e-14)
        for body in (1, 2) if n_qubits >= 10 else (1,):
            for sites in itertools.combinations(range(n_qubits), body):
                marginal = partial_trace(vector, list(sites), n_qubits)
                np.testing.assert_allclose(marginal, np.eye(2**body) / 2**body, atol=1e-12)


def test_rings_of_four_have_weight_two_stabilizers():
    data = build_dataset("ring_pair", 8, SMALL, seed=1)
    one, two = (lengths_by_products(data.states[i]) for i in (0, 1))
    assert (one[:3], two[:3]) == ([1, 0, 0], [1, 0, 4])


@pytest.mark.parametrize("n_qubits", [8, 10, 12, 14, 16])
def test_sector_lengths_of_the_ring_pair_by_brute_force(n_qubits):
    data = build_dataset("ring_pair", n_qubits, SMALL, seed=2)
    one, two = (lengths_by_products(data.states[i]) for i in (0, 1))
    first = -(-n_qubits // 4)
    assert one[:first] == two[:first]
    assert one[first] != two[first]


@pytest.mark.parametrize("n_qubits", [10, 14])
def test_class_means_of_light_marginals_are_equal(n_qubits):
    # Averaged over labels, a k-body marginal holds the signed stabilizers by their letters.
    kinds = []
    for edges in (ring(n_qubits), ring(n_qubits // 2) + ring(n_qubits // 2, n_qubits // 2)):
        state = StabilizerState.graph(n_qubits, edges)
        products = [stim.PauliString(n_qubits)]
        for k in range(n_qubits):
            products += [product * state.tableau.z_output(k) for product in products]
        counted = Counter(
            (product.sign, "".join(sorted(str(product)[1:].replace("_", ""))))
            for product in products
            if product.weight < -(-n_qubits // 4)
        )
        kinds.append(counted)
    assert kinds[0] == kinds[1]
    assert len(kinds[0]) == {10: 1, 14: 2}[n_qubits]


def test_purities_of_the_ring_pair_by_brute_force():
    data = build_dataset("ring_pair", 8, SMALL, seed=2)
    one, two = (mean_purity_by_cuts(data.states[i].state_vector(), 8) for i in (0, 1))
    assert one == pytest.approx((lucas(8) + 1) / 2**8, abs=1e-12)
    assert two == pytest.approx((lucas(4) + 1) ** 2 / 2**8, abs=1e-12)
    assert [lucas(k) for k in range(8)] == [2, 1, 3, 4, 7, 11, 18, 29]


def test_targets_are_purity_rates_by_brute_force():
    data = build_dataset("graph_states", 10, SMALL, seed=1)
    for i in (0, 1):
        purity = mean_purity_by_cuts(data.states[i].state_vector(), 10)
        assert data.targets[i] == pytest.approx(-np.log2(purity) / 10, abs=1e-12)
    assert data.targets[1] > data.targets[0] + 1e-3


def test_cubic_graphs_have_no_target():
    data = build_dataset("graph_states", 16, SMALL, seed=1, graphs=("ring", "cubic"))
    assert np.isfinite(data.targets[data.labels == 0]).all()
    assert np.isnan(data.targets[data.labels == 1]).all()
    assert not broken(data)


NO_SHARED = "no test state stands in training or validation"


@pytest.mark.parametrize("name", ["ring_pair", "graph_states"])
def test_no_hidden_graph_stands_in_two_splits(name):
    # 315 pairs of rings of four, 132 drawn: by chance 13 test states would be met again.
    data = build_dataset(name, 8 if name == "ring_pair" else 10, seed=1)
    graphs = {
        split: {str(facts["edges"]) for facts in data.select(split).parameters} for split in SPLITS
    }
    assert all(a.isdisjoint(b) for a, b in itertools.combinations(graphs.values(), 2))
    if name == "ring_pair":
        told = facts(data)
        assert told[NO_SHARED]["value"] == 0
        places = [np.flatnonzero(data.splits == split)[0] for split in ("validation", "test")]
        states = list(data.states)  # one graph twice, from other generators
        edges = data.parameters[places[0]]["edges"]
        states[places[1]] = StabilizerState.from_circuit(graph_circuit(8, edges[::-1]), 8)
        moved = replace(data, states=tuple(states))
        assert broken(moved)[NO_SHARED] == 1


def test_states_that_repeat_by_design_are_counted_and_not_claimed():
    shown = {"seed": 1, "order": "ring"}
    repeated = facts(build_dataset("ring_pair", 10, SMALL, **shown))
    assert repeated["test states that stand in training or validation"]["value"] == 2
    assert NO_SHARED not in repeated
    turned = build_dataset("ring_pair", 10, SMALL, **shown, noise=0.1, noise_kind="tilt")
    assert facts(turned)[NO_SHARED]["holds"]


def test_labels_are_hidden_or_not():
    for name, plain in (("graph_states", "natural"), ("ring_pair", "ring")):
        hidden = build_dataset(name, 12, SMALL, seed=1)
        shown = build_dataset(name, 12, SMALL, seed=1, order=plain)
        rings = [data.parameters[i]["edges"] for data in (hidden, shown) for i in (0, 2)]
        assert rings[0] != rings[1]
        assert rings[2] == rings[3] == [list(edge) for edge in sorted(ring(12))]


def test_shown_rings_are_chains_that_any_noise_turns():
    data = build_dataset("ring_pair", 12, SMALL, seed=1, order="ring", noise=0.1)
    assert all(isinstance(state, MPS) for state in data.states)
    assert data.max_bond_dim == 4
    turned = build_dataset(
        "ring_pair", 12, SMALL, seed=1, order="ring", noise=0.1, noise_kind="rotation"
    )
    assert not broken(data)
    assert not broken(turned)
    assert len({state.expectation({0: "X", 1: "Z", 11: "Z"}) for state in turned.states}) > 2


def test_ceiling_of_the_ring_pair_is_helstroms():
    ceiling = DATASETS["ring_pair"].ceiling
    for n_qubits in (8, 100):
        data = build_dataset("ring_pair", n_qubits, SMALL, seed=1, order="ring")
        overlap = abs(data.states[0].overlap(data.states[1])) ** 2
        assert overlap == pytest.approx(1 / 4, abs=1e-12)
        for copies in (1, 2, 5):
            helstrom = 0.5 + 0.5 * np.sqrt(1 - overlap**copies)
            assert ceiling(data, copies) == pytest.approx(helstrom, abs=1e-12)


def test_hidden_labels_and_noise_stay_below_the_ceiling():
    # One copy at n = 8, class means over 200 labellings: dense Helstrom.
    rng = np.random.default_rng(4)
    pair = (ring(8), ring(4) + ring(4, 4))
    means = np.zeros((2, 256, 256))
    for _ in range(200):
        names = rng.permutation(8)
        for mean, edges in zip(means, pair, strict=True):
            vector = dense_graph_state(8, [(names[a], names[b]) for a, b in edges])
            mean += np.outer(vector, vector) / 200
    distance = np.abs(np.linalg.eigvalsh(means[0] - means[1])).sum() / 2
    data = build_dataset("ring_pair", 8, SMALL, seed=1)
    assert 0.5 < 0.5 + distance / 2 < DATASETS["ring_pair"].ceiling(data, 1)


def test_ring_pair_at_a_hundred_qubits():
    data = build_dataset("ring_pair", 100, 24, seed=3, noise=0.01)
    rows = facts(data)
    assert all(row["holds"] for row in rows.values())
    fact = "sector lengths of the classes are equal up to ⌈n/4⌉ - 1, no further"
    assert rows[fact]["value"] == 25
    gap = rows["relative difference of 1 - CE between the classes"]["value"]
    assert gap == pytest.approx(7.106e-11, rel=1e-4)
    # L_50² = L_100 + 2, so the gap is (2 L_50 + 2)/(L_100 + 1).
    assert gap == pytest.approx((2 * lucas(50) + 2) / (lucas(100) + 1), rel=1e-12)
    for label, bits in ((0, 2), (1, 0)):
        assert rows[f"entropy of half of class {label} along its rings is {bits} bits"]["holds"]


def test_ring_chains_at_a_hundred_qubits():
    data = build_dataset("ring_pair", 100, 8, seed=3, order="ring", noise=0.0)
    assert data.noiseless is None
    rows = facts(data)
    assert all(row["holds"] for row in rows.values())
    assert rows["CE of class 0, two copies"]["expected"] == 1 - (lucas(100) + 1) / 2**100


@pytest.mark.parametrize("options", [{}, {"noise": 0.02}, {"graphs": ["cubic", "ladder"]}])
def test_graph_states_at_a_hundred_qubits(options):
    data = build_dataset("graph_states", 100, 12, seed=3, **options)
    rows = facts(data)
    assert all(row["holds"] for row in rows.values())
    if "graphs" not in options:
        rates = [rows[f"mean -log2(1 - CE)/n of class {label}"]["value"] for label in (0, 1)]
        assert rates[0] == pytest.approx(2 - np.log2(1 + np.sqrt(5)), abs=1e-9)  # log2(2/φ)
        assert 0.306 < rates[1] < 0.35


@pytest.mark.parametrize("name", ["graph_states", "ring_pair"])
def test_swapped_labels_are_found(name):
    data = build_dataset(name, 16, SMALL, seed=1)
    found = broken(replace(data, labels=1 - data.labels))
    fact = {
        "graph_states": "graphs are of the ensemble of their label",
        "ring_pair": "label 0 is one ring, label 1 two of half the size",
    }[name]
    assert found[fact] == len(data.states)


@pytest.mark.parametrize("name", ["graph_states", "ring_pair"])
def test_one_wrong_label_is_found(name):
    data = build_dataset(name, 16, SMALL, seed=1)
    labels = data.labels.copy()
    labels[3] = 0
    assert 1 in broken(replace(data, labels=labels)).values()


def test_a_state_without_one_edge_is_found():
    data = build_dataset("ring_pair", 16, SMALL, seed=1)
    edges = data.parameters[2]["edges"]
    cut = StabilizerState.graph(16, [tuple(edge) for edge in edges[1:]])
    states = (*data.states[:2], cut, *data.states[3:])
    found = broken(replace(data, states=states))
    assert found["noiseless states are the graph states of the recorded edges"] == 1
    assert found["all two-body marginals of every state are I/4"] == 2  # both ends are leaves
    assert found["sector lengths are those of the class"] == 1
    # A record that agrees with the cut state does not help.
    parameters = list(data.parameters)
    parameters[2] = {"edges": edges[1:]}
    found = broken(replace(data, states=states, parameters=tuple(parameters)))
    assert "noiseless states are the graph states of the recorded edges" not in found
    assert found["label 0 is one ring, label 1 two of half the size"] == 1
    assert found["all two-body marginals of every state are I/4"] == 2


def test_an_isolated_vertex_is_found():
    data = build_dataset("graph_states", 16, SMALL, seed=1)
    edges = [edge for edge in data.parameters[0]["edges"] if 5 not in edge]
    alone = StabilizerState.graph(16, [tuple(edge) for edge in edges])
    parameters = ({"edges": edges}, *data.parameters[1:])
    found = broken(replace(data, states=(alone, *data.states[1:]), parameters=parameters))
    assert found["all one-body marginals of every state are I/2"] == 1
    assert found["all two-body marginals of every state are I/4"] == 2  # the new ends
    assert found["graphs are of the ensemble of their label"] == 1
    assert found["targets are -log2(1 - CE)/n of the noiseless states"] > 0.01


def test_other_signs_and_other_bases_are_found():
    data = build_dataset("graph_states", 16, SMALL, seed=1)
    turn = np.stack([np.eye(2)] * 16).astype(complex)
    turn[3] = np.diag([1, -1])
    flipped = (data.states[0].rotated(turn), *data.states[1:])
    fact = "noiseless states are the graph states of the recorded edges"
    assert broken(replace(data, states=flipped))[fact] == 2  # mean -1, a distance of 2
    turn[3] = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    turned = (data.states[0].rotated(turn), *data.states[1:])
    found = broken(replace(data, states=turned))
    assert found[fact] == 1
    noisy = replace(data, states=turned, noiseless=data)
    assert broken(noisy)["samples are these graph states up to Pauli errors"] == 3


def test_a_wrong_chain_is_found():
    data = build_dataset("ring_pair", 12, SMALL, seed=1, order="ring")
    path = graph_mps(12, ring(12)[:-1])
    found = broken(replace(data, states=(*data.states[:2], path, *data.states[3:])))
    fact = "noiseless states are the graph states of the recorded edges"
    assert found[fact] == pytest.approx(3 / 4)  # 1 - |<ring|path>|², one CZ: overlap 1/2


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: build_dataset("ring_pair", 9, seed=1), ValueError, "an even number >= 8, got 9"),
        (
            lambda: build_dataset("graph_states", 8, seed=1),
            ValueError,
            "an even number >= 10, got 8",
        ),
        (
            lambda: build_dataset("ring_pair", 8, seed=1, order="rnig"),
            ValueError,
            "Did you mean 'ring'",
        ),
        (
            lambda: build_dataset("graph_states", 10, seed=1, graphs=("ring", "cubi")),
            ValueError,
            "Did you mean 'cubic'",
        ),
        (
            lambda: build_dataset("graph_states", 10, seed=1, graphs=("ring",)),
            ValueError,
            "names two ensembles",
        ),
        (
            lambda: build_dataset("ring_pair", 8, seed=1, noise=0.1, noise_kind="rotation"),
            NotClifford,
            "takes noise of kind 'pauli'",
        ),
    ],
)
def test_errors_say_what_was_asked(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_trellis_and_chain_agree_on_purities():
    # The generator contracts two copies of a chain, the certificate counts stabilizers.
    from qnnbench.states.quantities.entanglement import mean_subsystem_purity

    edges = ladder(30, np.random.default_rng(5))
    counted = mean_purity(sector_lengths(generators(StabilizerState.graph(30, edges))))
    assert mean_subsystem_purity(graph_mps(30, edges)) == pytest.approx(float(counted), rel=1e-12)
