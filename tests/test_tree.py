"""Trees of one-qubit stretches: maps, uneven trees, both kept sides, and a thousand qubits."""

import cirq
import numpy as np
import pytest

import qnnbench
from qnnbench.backends import BackendCannot
from qnnbench.backends.tree.superoperators import (
    idle_environments,
    merged,
    merged_pull_back,
    real_left,
    real_right,
    site_tensors,
    superoperator,
    superoperator_pull_back,
)
from qnnbench.circuits.ansatze import SymbolTable, block, build_ansatz
from qnnbench.states.mps import MPS, PAULIS
from tests.circuits import random_mps


def random_tree(n_qubits, rng, is_total=True):
    """Merge random neighbours; either qubit may stay; perhaps two or more stay to the end."""
    symbol, ops = SymbolTable(), []
    q, active = cirq.LineQubit.range(n_qubits), list(range(n_qubits))
    while len(active) > (1 if is_total else 3):
        place = int(rng.integers(len(active) - 1))
        a, b = active[place : place + 2]
        first, second = rng.permutation([a, b])
        ops += block(symbol, f"g_{len(ops)}", q[first], q[second])
        active.remove(int(rng.choice([a, b])))
    return cirq.Circuit(ops), symbol.all(), q


@pytest.mark.parametrize("is_total", [True, False])
@pytest.mark.parametrize("is_complex", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_any_tree_agrees_with_statevector(seed, is_complex, is_total):
    rng = np.random.default_rng(seed)
    n_qubits = 11
    circuit, symbols, q = random_tree(n_qubits, rng, is_total)
    params = rng.uniform(0, 2 * np.pi, len(symbols))
    reads = [pauli(qubit) for qubit in q for pauli in (cirq.X, cirq.Y, cirq.Z)]
    reads.append(0.5 + sum(cirq.Z(qubit) for qubit in q[::2]) - 2 * cirq.X(q[1]))
    states = [random_mps(n_qubits, bond, rng, is_complex) for bond in (3, 2)]
    call = (circuit, reads, params, states, symbols)
    tree, exact = (qnnbench.expectations(*call, name) for name in ("tree", "statevector"))
    assert tree.is_exact
    np.testing.assert_allclose(tree.values, exact.values, atol=1e-12)
    cotangent = rng.normal(size=tree.values.shape)
    np.testing.assert_allclose(tree.gradient(cotangent), exact.gradient(cotangent), atol=1e-11)


def test_a_thousand_qubits_of_a_product_state():
    # Blocks at zero angles are the identity: every read is the input's own mean.
    network = build_ansatz("rg_tree", 1024)
    angles = np.random.default_rng(0).uniform(0, np.pi, 1024)
    state = MPS.product([[np.cos(t / 2), np.sin(t / 2)] for t in angles])
    reads = [cirq.Z(qubit) for qubit in cirq.LineQubit.range(1024)]
    params = np.zeros(len(network.symbols))
    result = qnnbench.expectations(network.circuit, reads, params, state, network.symbols, "tree")
    np.testing.assert_allclose(result.values[0], np.cos(angles), atol=1e-12)


def test_maps_of_stretches_are_real_and_close_to_expectation_values():
    rng = np.random.default_rng(1)
    states = [random_mps(7, 3, rng), random_mps(7, 2, rng)]
    tensors = site_tensors([state.tensors for state in states])
    left, right = idle_environments(tensors)
    stretch = np.einsum("baxc,bcyd,bdze->baxyze", *tensors[2:5])
    maps = superoperator(stretch, (1,))
    means = np.einsum("bx,bpxy,by->bp", real_left(left[2]), maps, real_right(right[5]))
    expected = [[state.expectation({3: p}) for p in PAULIS] for state in states]
    np.testing.assert_allclose(means, expected, atol=1e-13)


def test_cotangents_of_maps_are_their_slopes():
    # Maps are quadratic in the amplitudes and merging is bilinear, so central differences
    # of any step are exact up to rounding.
    rng = np.random.default_rng(2)
    amplitudes = rng.normal(size=(2, 3, 2, 2, 2, 2)) + 1j * rng.normal(size=(2, 3, 2, 2, 2, 2))
    step = rng.normal(size=amplitudes.shape) + 1j * rng.normal(size=amplitudes.shape)
    bar = rng.normal(size=(2, 3, 9, 4))
    ends = [superoperator(amplitudes + sign * step, (1,))[:, 1:] for sign in (1, -1)]
    slope = np.sum(np.conj(superoperator_pull_back(bar, amplitudes, (1,))) * step).real
    assert slope == pytest.approx(np.sum(bar * (ends[0] - ends[1])) / 2, rel=1e-12)

    first, second = rng.normal(size=(2, 4, 9, 4)), rng.normal(size=(2, 4, 4, 1))
    gate = rng.normal(size=(3, 4, 4))
    expected = np.einsum("pst,bsxz,btzy->bpxy", gate, first, second)
    grown = merged(first, second, gate)
    np.testing.assert_allclose(grown[:, 1:], expected, atol=1e-12)
    np.testing.assert_allclose(grown[:, 0], first[:, 0] @ second[:, 0], atol=1e-12)
    bar = rng.normal(size=expected.shape)
    bars = merged_pull_back(bar, first, second, gate)
    np.testing.assert_allclose(
        bars[0], np.einsum("pst,btzy,bpxy->bsxz", gate, second, bar)[:, 1:], atol=1e-12
    )
    np.testing.assert_allclose(
        bars[1], np.einsum("pst,bsxz,bpxy->btzy", gate, first, bar)[:, 1:], atol=1e-12
    )
    np.testing.assert_allclose(
        bars[2], np.einsum("bsxz,btzy,bpxy->pst", first, second, bar), atol=1e-12
    )


def test_what_is_no_tree_is_declined():
    q, symbol = cirq.LineQubit.range(4), SymbolTable()
    read = cirq.PauliString(cirq.Z(q[0]))
    apart = cirq.Circuit(block(symbol, "a", q[0], q[2]), block(symbol, "b", q[1], q[3]))
    params = np.zeros(30)
    with pytest.raises(BackendCannot, match="do not merge two neighbours"):
        qnnbench.expectations(apart, read, params, None, symbol.all(), "tree")
    circuit = cirq.Circuit(cirq.CZ(q[0], q[1]), cirq.CZ(q[2], q[3]))
    with pytest.raises(BackendCannot, match="left apart"):
        qnnbench.expectations(circuit, cirq.Z(q[0]) * cirq.Z(q[2]), [], backend="tree")
    with pytest.raises(BackendCannot, match="one-qubit gates only"):
        qnnbench.expectations(cirq.Circuit(cirq.H(q[0])), read, [], backend="tree")
