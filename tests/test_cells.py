"""Cells of several blocks: trees whose stretches keep two qubits, against dense simulation."""

from itertools import product

import cirq
import numpy as np
import pytest

import qnnbench
from qnnbench.backends import BackendCannot, Evaluator
from qnnbench.backends.protocol import Query
from qnnbench.backends.tree import kept_fidelities
from qnnbench.backends.tree.cells import Cells, strings
from qnnbench.backends.tree.plan import plan
from qnnbench.circuits.ansatze import SymbolTable, block, build_ansatz
from qnnbench.circuits.program import compile_circuit
from qnnbench.tasks.compression import reconstruction
from tests.circuits import random_mps

RATES = {"1": {}, "2": {"n_kept": 2}, "2 to 1": {"n_kept": 1, "n_inner": 2}}


def everything(network, n_kept):
    """Return the network's own reads, all-trash projectors and one with other bits."""
    q = cirq.LineQubit.range(network.n_qubits)
    trash = dict.fromkeys(q[n_kept:], 0)
    other = {qubit: int(qubit.x % 3 == 0) for qubit in q}
    return [*network.observables, cirq.ProjectorString(trash), cirq.ProjectorString(other, 0.7)]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(
    ("n_qubits", "sharing", "bonds"),
    [(3, "none", (1, 2)), (7, "shape", (3, 1)), (8, "none", (2, 4)), (9, "layer", (1, 1))],
)
def test_trees_agree_with_statevector(n_qubits, sharing, bonds, rate):
    rng = np.random.default_rng(n_qubits)
    network = build_ansatz("rg_tree", n_qubits, sharing=sharing, **RATES[rate])
    reads = everything(network, RATES[rate].get("n_kept", 1))
    params = rng.uniform(0, 2 * np.pi, len(network.symbols))
    states = [random_mps(n_qubits, bond, rng, bond != 1) for bond in bonds]
    call = (network.circuit, reads, params, states, network.symbols)
    tree, exact = (qnnbench.expectations(*call, name) for name in ("tree", "statevector"))
    assert tree.is_exact
    np.testing.assert_allclose(tree.values, exact.values, atol=1e-12)
    for _ in range(2):  # a gradient does not use its forward pass up
        cotangent = rng.normal(size=tree.values.shape)
        np.testing.assert_allclose(tree.gradient(cotangent), exact.gradient(cotangent), atol=1e-11)


@pytest.mark.parametrize("rate", RATES)
def test_merges_above_patches_agree_with_statevector(rate):
    # Bond 1: patches end at four to five sites, so that 13 qubits need several merges.
    rng = np.random.default_rng(5)
    network = build_ansatz("rg_tree", 13, sharing="shape", **RATES[rate])
    params = rng.uniform(0, 2 * np.pi, len(network.symbols))
    call = (network.circuit, network.observables, params, random_mps(13, 1, rng), network.symbols)
    tree, exact = (qnnbench.expectations(*call, name) for name in ("tree", "statevector"))
    np.testing.assert_allclose(tree.values, exact.values, atol=1e-12)
    cotangent = rng.normal(size=tree.values.shape)
    np.testing.assert_allclose(tree.gradient(cotangent), exact.gradient(cotangent), atol=1e-11)


def test_reads_are_those_of_cirq():
    network = build_ansatz("rg_tree", 7, n_kept=2)
    q = cirq.LineQubit.range(7)
    params = np.random.default_rng(1).uniform(0, 2 * np.pi, len(network.symbols))
    resolver = dict(zip(network.symbols, params, strict=True))
    vector = cirq.Simulator(dtype=np.complex128).simulate(network.circuit, resolver)
    expected = vector.final_state_vector
    index = {qubit: qubit.x for qubit in q}
    told = [o.expectation_from_state_vector(expected, index).real for o in network.observables]
    values = Evaluator.of(network)(params, backend="tree").values
    np.testing.assert_allclose(values[0], told, atol=1e-12)


def test_zero_angles_of_wide_trees_read_the_input():
    # Blocks at zero angles are the identity: reads are those of a product state.
    n_qubits = 300
    network = build_ansatz("rg_tree", n_qubits, n_kept=2)
    angles = np.random.default_rng(0).uniform(0, 0.2, n_qubits)
    state = qnnbench.MPS.product([[np.cos(a / 2), np.sin(a / 2)] for a in angles])
    trash = dict.fromkeys(cirq.LineQubit.range(2, n_qubits), 0)
    reads = [*network.observables[-15:], cirq.ProjectorString(trash)]
    params = np.zeros(len(network.symbols))
    result = qnnbench.expectations(network.circuit, reads, params, state, network.symbols, "tree")
    bloch = np.array([np.ones(n_qubits), np.sin(angles), 0 * angles, np.cos(angles)])
    pairs = [bloch[a, 0] * bloch[b, 1] for a, b in product(range(4), repeat=2)][1:]
    expected = [*pairs, np.prod(np.cos(angles[2:] / 2) ** 2)]
    np.testing.assert_allclose(result.values[0], expected, rtol=1e-10, atol=1e-14)


def test_letters_of_a_cell_are_traces_and_have_slopes():
    # Letters are quadratic in the gates' product: the slope is that of central differences.
    rng = np.random.default_rng(3)
    network = build_ansatz("rg_tree", 8, n_kept=2, sharing="none")
    program = compile_circuit(network.circuit, network.symbols)
    (root,) = plan(program)
    assert root.qubits == (0, 1, 4, 5)
    gates = program.unitaries(rng.uniform(0, 2 * np.pi, len(network.symbols)))
    cells, before = Cells(gates), strings(4)
    unitary = cells.unitary(root)
    for sites, places in (((1, 5), (1, 3)), ((4,), (2,))):
        found = cells.letters(root, sites)
        for p, word in enumerate(product(range(4), repeat=len(sites))):
            letters = np.zeros(4, dtype=int)
            letters[list(places)] = word
            after = before[np.ravel_multi_index(letters, (4,) * 4)]
            moved = unitary.conj().T @ after @ unitary
            expected = np.einsum("pab,ba->p", before, moved).real / 16
            np.testing.assert_allclose(found[p].ravel(), expected, atol=1e-12)
    bar, step = rng.normal(size=(4, 16, 16)), rng.normal(size=gates.shape)
    bars: dict = {}
    cells.add(bars, root, cells.letters_pull_back(root, (4,), bar))
    slope = np.sum(cells.pull_back(bars).conj() * step).real
    ends = [np.sum(bar * Cells(gates + h * step).letters(root, (4,))) for h in (1e-5, -1e-5)]
    assert slope == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)


@pytest.mark.parametrize("rate", RATES)
def test_fidelity_of_a_tree_is_that_of_the_evolved_state(rate):
    rng = np.random.default_rng(7)
    options = RATES[rate]
    n_kept = options.get("n_kept", 1)
    network = build_ansatz("rg_tree", 9, **options)
    program = compile_circuit(network.circuit, network.symbols)
    params = rng.uniform(0, 2 * np.pi, len(network.symbols))
    states = tuple(random_mps(9, bond, rng) for bond in (3, 1))
    found = kept_fidelities(Query(program, (), states), params, n_kept)
    expected = [reconstruction(program, params, s, 64, n_kept).fidelity for s in states]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_qubits_that_a_root_does_not_keep_are_declined():
    network = build_ansatz("rg_tree", 9)
    program = compile_circuit(network.circuit, network.symbols)
    states = (random_mps(9, 2, np.random.default_rng(0)),)
    with pytest.raises(BackendCannot, match="first 2 qubits are not what one root keeps"):
        kept_fidelities(Query(program, (), states), np.zeros(len(network.symbols)), 2)


@pytest.mark.parametrize("options", [{"n_kept": 3}, {"n_kept": 2, "n_inner": 1}, {"n_kept": 0}])
def test_rates_that_no_cell_has_are_refused(options):
    with pytest.raises(ValueError, match="1 <= n_kept <= n_inner <= 2"):
        build_ansatz("rg_tree", 8, **options)


def test_mixed_readings_are_declined():
    network = build_ansatz("rg_tree", 8, n_kept=2)
    q = cirq.LineQubit.range(8)
    params = np.zeros(len(network.symbols))
    early = cirq.ProjectorString(dict.fromkeys(q[4:], 0))
    with pytest.raises(BackendCannot, match="leaves out qubit 2"):
        qnnbench.expectations(network.circuit, early, params, backend="tree")
    apart = cirq.Z(q[2]) * cirq.Z(q[6])
    with pytest.raises(BackendCannot, match="left apart"):
        qnnbench.expectations(network.circuit, apart, params, backend="tree")
    symbol = SymbolTable()
    wide = cirq.Circuit(
        [block(symbol, f"g_{layer}_{i}", q[i], q[i + 1])]
        for layer in range(4)
        for i in range(layer % 2, 7, 2)
    )
    with pytest.raises(BackendCannot, match="above 3"):
        qnnbench.expectations(wide, cirq.Z(q[0]), np.zeros(len(symbol.all())), backend="tree")
