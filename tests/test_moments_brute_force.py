"""Exact moments of random circuits against all 16^n pairs of strings and product grids."""

from itertools import product

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.circuits.angles import Fixed, Gaussian, Uniform
from qnnbench.circuits.ansatze import ANSATZE, build_ansatz
from tests.dense_moments import haar_averages, pair_chain, product_grid
from tests.random_circuits import (
    FAMILIES,
    PAULI,
    Family,
    random_network,
    random_observables,
    random_state,
)

KINDS = ("zeros", "product", "mps", "mixture")
EXACT = {"tolerance": 1e-12, "max_bond_dim": 256}
OBSERVABLES = ("string", "one letter", "sum", "local", "global", "projector", "projector sum")


def assert_matches(found, reference, has_gradients=True):
    """Compare to 1e-12 of the second moments, of which variances may be a small rest.

    Second moments of 1e-30 are rounding errors of an exact zero at these widths.
    """
    assert found.method != "monte-carlo"
    assert found.mean == pytest.approx(reference.mean, abs=1e-12)
    assert 10**found.log10_variance == pytest.approx(
        reference.variance, rel=1e-12, abs=1e-12 * reference.second + 1e-30
    )
    if has_gradients:
        np.testing.assert_allclose(
            10**found.log10_gradient_variance,
            reference.gradient_variances,
            rtol=1e-12,
            atol=1e-12 * reference.gradient_scale + 1e-30,
        )


def random_case(family, n_qubits, n_symbols, rng):
    circuit, symbols, laws = random_network(FAMILIES[family], n_qubits, n_symbols, rng)
    qubits = cirq.LineQubit.range(n_qubits)
    return circuit, qubits, symbols, laws, random_observables(n_qubits, rng)


def mapping(symbols, laws):
    return dict(zip(symbols, laws, strict=True))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["mps", "mixture"])
def test_both_oracles_agree(family, kind):
    rng = np.random.default_rng(3)
    circuit, qubits, symbols, laws, observables = random_case(family, 3, 4, rng)
    arguments = (observables["sum"], symbols, laws, (random_state(kind, 3, rng),))
    chain = pair_chain(circuit, qubits, *arguments)
    grid = product_grid(circuit, qubits, *arguments)
    assert chain.mean == pytest.approx(grid.mean, abs=1e-13)
    assert chain.variance == pytest.approx(grid.variance, abs=1e-13)
    np.testing.assert_allclose(chain.gradient_variances, grid.gradient_variances, atol=1e-13)


@pytest.mark.parametrize(
    ("seed", "observable"),
    [
        *product(range(3), OBSERVABLES),
        *(  # four qubits, a second each
            pytest.param(3, name, marks=pytest.mark.slow) for name in ("string", "sum", "global")
        ),
    ],
)
@pytest.mark.parametrize("family", FAMILIES)
def test_random_circuits_match_all_pairs_of_strings(family, seed, observable):
    rng = np.random.default_rng(seed)
    n_qubits = (2, 3, 3, 4)[seed]
    circuit, qubits, symbols, laws, observables = random_case(
        family, n_qubits, (6, 8, 12, 10)[seed], rng
    )
    state = random_state(KINDS[(seed + OBSERVABLES.index(observable)) % 4], n_qubits, rng)
    read = observables[observable]
    reference = pair_chain(circuit, qubits, read, symbols, laws, (state,))
    found = qnnbench.moments(
        circuit, read, symbols, angles=mapping(symbols, laws), state=state, **EXACT
    )
    assert_matches(found, reference)


@pytest.mark.parametrize(("family", "n_symbols"), [("long range", 14), ("mixed laws", 6)])
def test_five_qubits_match_all_pairs_of_strings(family, n_symbols):
    rng = np.random.default_rng(5)
    circuit, qubits, symbols, laws, observables = random_case(family, 5, n_symbols, rng)
    state, read = random_state("mps", 5, rng), observables["sum"]
    reference = pair_chain(circuit, qubits, read, symbols, laws, (state,))
    found = qnnbench.moments(
        circuit, read, symbols, angles=mapping(symbols, laws), state=state, **EXACT
    )
    assert_matches(found, reference)


@pytest.mark.parametrize("observable", ["string", "sum", "projector sum"])
@pytest.mark.parametrize("family", ["line", "ring", "matrices", "gaussian"])
def test_eight_angles_match_exact_quadrature(family, observable):
    rng = np.random.default_rng(8)
    circuit, qubits, symbols, laws, observables = random_case(family, 3, 8, rng)
    if family == "line":  # three points per angle are exact for whole turns
        circuit, symbols, laws = random_network(Family(PAULI, lambda _: Uniform()), 3, 8, rng)
    state, read = random_state("mixture", 3, rng), observables[observable]
    reference = product_grid(circuit, qubits, read, symbols, laws, (state,))
    found = qnnbench.moments(
        circuit, read, symbols, angles=mapping(symbols, laws), state=state, **EXACT
    )
    assert_matches(found, reference)


@pytest.mark.parametrize("observable", ["string", "sum", "global"])
@pytest.mark.parametrize("family", ["line", "ring", "controlled", "gaussian", "everything"])
def test_contrast_is_the_moments_of_the_difference(family, observable):
    rng = np.random.default_rng(11)
    circuit, qubits, symbols, laws, observables = random_case(family, 4, 9, rng)
    pair = (random_state("mps", 4, rng), random_state("mixture", 4, rng))
    read = observables[observable]
    reference = pair_chain(circuit, qubits, read, symbols, laws, contrast=pair)
    found = qnnbench.moments(
        circuit, read, symbols, angles=mapping(symbols, laws), contrast=pair, **EXACT
    )
    assert_matches(found, reference)


@pytest.mark.parametrize("observable", ["sum", "global"])
@pytest.mark.parametrize("family", ["line", "controlled", "gaussian"])
def test_dataset_is_the_average_over_states(family, observable):
    rng = np.random.default_rng(12)
    circuit, qubits, symbols, laws, observables = random_case(family, 3, 8, rng)
    states = tuple(random_state(kind, 3, rng) for kind in KINDS[1:])
    read = observables[observable]
    reference = pair_chain(circuit, qubits, read, symbols, laws, states)
    found = qnnbench.moments(
        circuit, read, symbols, angles=mapping(symbols, laws), state=states, **EXACT
    )
    assert_matches(found, reference)


NETWORKS = {
    **{
        ansatz.name: (ansatz.name, 4, dict(ansatz.claim_options))
        for ansatz in ANSATZE.values()
        if not ansatz.n_samples
    },
    "deep_brickwork": ("deep_brickwork", 3, {}),
    "hea local": ("hea", 4, {"readout": "local"}),
    "odd tree": ("tree", 3, {}),
    "controlled pooling": ("qcnn", 4, {"sharing": "none", "pooling": "controlled"}),
    "brickwork global": ("brickwork", 4, {"readout": "global"}),
}


@pytest.mark.parametrize("kind", ["zeros", "mps"])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_match_all_pairs_of_strings(name, kind):
    ansatz, n_qubits, options = NETWORKS[name]
    network = build_ansatz(ansatz, n_qubits, **options)
    qubits = cirq.LineQubit.range(n_qubits)
    state = random_state(kind, n_qubits, np.random.default_rng(4))
    read, laws = network.observables[-1], [Uniform()] * len(network.symbols)
    reference = pair_chain(network.circuit, qubits, read, network.symbols, laws, (state,))
    found = qnnbench.moments(network.circuit, read, network.symbols, state=state, **EXACT)
    assert_matches(found, reference)


@pytest.mark.parametrize("law", [Gaussian(0.1), Gaussian(0.6)], ids=str)
@pytest.mark.parametrize("name", ["hea", "hea local", "tree", "controlled pooling"])
def test_networks_near_the_identity_match_all_pairs_of_strings(name, law):
    ansatz, n_qubits, options = NETWORKS[name]
    network = build_ansatz(ansatz, n_qubits, **options)
    qubits, read = cirq.LineQubit.range(n_qubits), network.observables[-1]
    laws = [law] * len(network.symbols)
    reference = pair_chain(network.circuit, qubits, read, network.symbols, laws)
    found = qnnbench.moments(network.circuit, read, network.symbols, angles=law, **EXACT)
    assert_matches(found, reference)


@pytest.mark.parametrize("kind", ["zeros", "mps"])
@pytest.mark.parametrize(
    ("ansatz", "options"),
    [
        ("tree", {}),
        ("qcnn", {"sharing": "none", "pooling": "discard"}),
        ("brickwork", {"n_layers": 3}),
        ("brickwork", {"n_layers": 2, "readout": "global"}),
        ("rg_tree", {"sharing": "none"}),
    ],
)
def test_haar_blocks_match_all_pairs_of_strings(ansatz, options, kind):
    network = build_ansatz(ansatz, 4, **options)
    qubits, read = cirq.LineQubit.range(4), network.observables[-1]
    state = random_state(kind, 4, np.random.default_rng(6))

    def channel_of(operation):  # one XX rotation per block; the others are absorbed
        size = cirq.num_qubits(operation)
        if isinstance(operation.gate, cirq.XXPowGate):
            return haar_averages(2)
        return {"value": np.eye(4**size), "values": np.eye(16**size)}

    reference = pair_chain(network.circuit, qubits, read, (), (), (state,), channel_of=channel_of)
    found = qnnbench.moments(
        network.circuit, read, angles="haar_blocks", state=state, gradients=False, **EXACT
    )
    assert_matches(found, reference, has_gradients=False)


def test_fixed_angles_leave_gradients_of_no_variance():
    rng = np.random.default_rng(2)
    circuit, qubits, symbols, _, observables = random_case("everything", 3, 6, rng)
    laws = (Fixed(0.4),) * 6
    reference = pair_chain(circuit, qubits, observables["sum"], symbols, laws)
    found = qnnbench.moments(circuit, observables["sum"], symbols, angles=Fixed(0.4), **EXACT)
    assert found.mean == pytest.approx(reference.mean, abs=1e-12)
    assert np.isneginf(found.log10_variance)
    assert np.isneginf(found.log10_gradient_variance).all()


@pytest.mark.parametrize("value", [0.0, np.pi / 2, np.pi])
def test_fixed_angles_that_block_a_string_do_not_block_its_derivative(value):
    # At π/2 all of X goes to Z and none stays: the derivative brings it back.
    symbols, qubits = sympy.symbols("a0:2"), cirq.LineQubit.range(2)
    first, second = qubits
    circuit = cirq.Circuit(
        cirq.rx(symbols[1])(first), cirq.ry(symbols[0])(first), cirq.CX(first, second)
    )
    read, laws = cirq.Z(second) + cirq.X(first), (Fixed(value), Uniform())
    reference = pair_chain(circuit, qubits, read, symbols, laws)
    found = qnnbench.moments(circuit, read, symbols, angles=mapping(symbols, laws), **EXACT)
    assert_matches(found, reference)


@pytest.mark.parametrize(
    ("name", "angles", "chain"),
    [
        ("hea", Uniform(), "strings"),
        ("hea local", Uniform(), "strings"),
        ("tree", Uniform(), "strings"),
        ("controlled pooling", Uniform(), "strings"),
        ("hea", Gaussian(0.3), "string pairs"),
    ],
)
def test_chain_says_whether_cross_terms_average_to_zero(name, angles, chain):
    ansatz, n_qubits, options = NETWORKS[name]
    network = build_ansatz(ansatz, n_qubits, **options)
    read = network.observables[-1]
    assert qnnbench.moments(network.circuit, read, network.symbols, angles=angles).chain == chain
