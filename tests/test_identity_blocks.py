"""Gradients at identity blocks against averages over grids of angles by state vectors."""

from itertools import product

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.moments import CannotCompute

GRID = 2 * np.pi * np.arange(3) / 3  # W†GW is of degree 1 in each angle, its square of 2
LAW = qnnbench.IdentityBlocks()


def mirrored(symbols, layer_of):
    """Return the symbol that undoes each symbol of a layer of even number: one layer later."""
    index = {str(s): s for s in symbols}
    pairs = {}
    for name in index:
        kind, layer, qubit = name.split("_")
        if layer_of(int(layer)) is not None:
            pairs[index[name]] = index[f"{kind}_{layer_of(int(layer))}_{qubit}"]
    return pairs


LONG = [pytest.param(readout, marks=pytest.mark.slow) for readout in ("middle", "local")]


@pytest.mark.parametrize("readout", ["global", *LONG])
def test_mean_squares_match_a_grid_of_undone_angles(readout):
    network = qnnbench.ansatz("hea", 2, n_layers=2, mirror=1, readout=readout)
    observable = network.observables[0]
    pairs = mirrored(network.symbols, lambda layer: 1 if layer == 0 else None)
    place = {symbol: k for k, symbol in enumerate(network.symbols)}
    squares, values = np.zeros(len(network.symbols)), []
    for point in product(GRID, repeat=len(pairs)):
        angles = np.zeros(len(network.symbols))
        for (first, other), angle in zip(pairs.items(), point, strict=True):
            angles[place[first]], angles[place[other]] = angle, -angle
        exact = qnnbench.expectations(
            network.circuit, observable, angles, symbols=network.symbols, backend="statevector"
        )
        values.append(exact.values.item())
        squares += exact.gradient(np.ones((1, 1))) ** 2 / 3 ** len(pairs)
    found = qnnbench.moments(network.circuit, observable, network.symbols, angles=LAW)
    assert values == pytest.approx([found.mean] * len(values), abs=1e-12)
    assert found.log10_variance == -np.inf
    np.testing.assert_allclose(10**found.log10_gradient_variance, squares, rtol=1e-10, atol=1e-15)
    assert (found.method, found.chain) == ("exact", "strings")


def test_blocks_do_not_see_each_other():
    """Every block begins as the identity, so that its gradients are those of a single one."""
    one = qnnbench.ansatz("hea", 6, n_layers=4, mirror=2, readout="middle")
    three = qnnbench.ansatz("hea", 6, n_layers=12, mirror=2, readout="middle")
    single, triple = (
        qnnbench.moments(n.circuit, n.observables[0], n.symbols, angles=LAW) for n in (one, three)
    )
    np.testing.assert_allclose(
        triple.log10_gradient_variance,
        np.tile(single.log10_gradient_variance, 3),
        atol=1e-9,
    )


def test_an_extremum_has_no_gradient():
    """|0…0> is an eigenstate of every observable of I and Z."""
    qubits = cirq.LineQubit.range(3)
    network = qnnbench.ansatz("hea", 3, n_layers=2, mirror=1)
    bare = cirq.Circuit(op for op in network.circuit.all_operations() if cirq.is_parameterized(op))
    found = qnnbench.moments(bare, cirq.Z(qubits[0]), network.symbols, angles=LAW)
    assert found.mean == pytest.approx(1)
    assert np.isneginf(found.log10_gradient_variance).all()


def test_constant_gates_first_on_a_qubit_prepare_it_or_belong_to_a_block():
    # With a turn of RX by 0.4 before, C = <Z> = cos 0.4 and ∂C = ±sin 0.4 by either RX. H
    # turns RZ to RX and is undone in both circuits, in the last one after a preparation.
    q = cirq.q(0)
    a, b, *_ = symbols = sympy.symbols("a b c d")
    prepare = cirq.rx(0.4)(q)
    mirror = [cirq.H(q), cirq.rz(a)(q), cirq.rz(b)(q), cirq.H(q)]
    turned = [cirq.H(q), cirq.rx(a)(q), cirq.rx(b)(q)]
    for ops, mean, square in (
        ([prepare, cirq.rx(a)(q), cirq.rx(b)(q)], np.cos(0.4), np.sin(0.4) ** 2),
        (mirror, 1.0, 0.0),
        ([prepare, *mirror], np.cos(0.4), np.sin(0.4) ** 2),
        ([*turned, cirq.H(q), *(cirq.ry(s)(q) for s in symbols[2:]), cirq.H(q)], 0.0, None),
    ):
        circuit = cirq.Circuit(ops)
        found = qnnbench.moments(circuit, cirq.Z(q), angles=LAW)
        assert found.mean == pytest.approx(mean, abs=1e-12)
        if square is not None:
            expected = [square] * 2
            np.testing.assert_allclose(10**found.log10_gradient_variance, expected, atol=1e-15)


def test_an_angle_of_any_other_gate_is_no_preparation():
    q, a = cirq.q(0), sympy.Symbol("a")
    with pytest.raises(CannotCompute, match="not undone"):
        qnnbench.moments(cirq.Circuit(cirq.H(q) ** (a / sympy.pi)), cirq.Z(q), angles=LAW)


def test_circuits_that_do_not_undo_themselves_are_declined():
    network = qnnbench.ansatz("hea", 3, n_layers=2)
    with pytest.raises(CannotCompute, match="not undone"):
        qnnbench.moments(network.circuit, network.observables[0], network.symbols, angles=LAW)
    with pytest.raises(ValueError, match="no multiple"):
        qnnbench.ansatz("hea", 3, n_layers=3, mirror=1)
