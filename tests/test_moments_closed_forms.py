"""Exact moments against closed forms, recursions for trees and the wide stored references."""

from functools import cache
from itertools import pairwise

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.circuits.angles import Uniform
from qnnbench.circuits.ansatze import block, build_ansatz, mean_zero_projector, pauli_rotation
from qnnbench.states.families.ghz import dephased_ghz
from tests.dense_moments import averages, letters_of, on_axes
from tests.test_moments import REFERENCES, reference_observable

LINE = cirq.LineQubit.range(1024)
WIDE = REFERENCES[REFERENCES.n_qubits > 16]


def symbols():
    """Return a source of new symbols."""
    return sympy.numbered_symbols("a", start=0)


def rotations(n_qubits, axes):
    """Return one rotation of each axis on every qubit, each by its own symbol."""
    new = symbols()
    return cirq.Circuit(
        pauli_rotation(axis, next(new), q) for axis in axes for q in LINE[:n_qubits]
    )


def ghz(n_qubits, sign):
    """Return (|0…0> + sign |1…1>)/√2."""
    circuit = cirq.Circuit(cirq.X(LINE[0])) if sign < 0 else cirq.Circuit()
    circuit += [cirq.H(LINE[0]), *(cirq.CNOT(a, b) for a, b in pairwise(LINE[:n_qubits]))]
    return qnnbench.MPS.from_circuit(circuit, n_qubits)


def log10_sum(logs):
    top = np.max(logs)
    return top + np.log10(np.sum(10 ** (np.asarray(logs) - top)))


# One qubit after another: C = prod_j cos²(θ_j/2).


@pytest.mark.parametrize("n_qubits", [1, 3, 100, 500])
def test_global_cost_of_one_rotation_per_qubit(n_qubits):
    projector = cirq.ProjectorString(dict.fromkeys(LINE[:n_qubits], 0))
    found = qnnbench.moments(rotations(n_qubits, "X"), projector, gradients=n_qubits < 500)
    variance = n_qubits * np.log10(3 / 8) + np.log10(1 - (2 / 3) ** n_qubits)
    gradient = np.log10(1 / 8) + (n_qubits - 1) * np.log10(3 / 8)
    assert found.log10_variance == pytest.approx(variance, rel=1e-12)
    if n_qubits < 500:
        logs = found.log10_gradient_variance
        np.testing.assert_allclose(logs, [gradient] * n_qubits, rtol=1e-12)


@pytest.mark.parametrize("n_qubits", [1, 3, 100, 300])
def test_local_cost_of_one_rotation_per_qubit(n_qubits):
    read = mean_zero_projector(LINE[:n_qubits])
    found = qnnbench.moments(rotations(n_qubits, "Y"), read)
    assert found.mean == pytest.approx(1 / 2)
    assert 10**found.log10_variance == pytest.approx(1 / (8 * n_qubits))
    np.testing.assert_allclose(10**found.log10_gradient_variance, 1 / (8 * n_qubits**2))


@pytest.mark.parametrize("n_qubits", [1, 7, 300])
def test_global_cost_of_two_rotations_per_qubit(n_qubits):
    projector = cirq.ProjectorString(dict.fromkeys(LINE[:n_qubits], 0))
    found = qnnbench.moments(rotations(n_qubits, "XY"), projector)
    last = found.log10_gradient_variance[-n_qubits:]  # RY acts last
    expected = np.log10(1 / 16) + (n_qubits - 1) * np.log10(5 / 16)
    np.testing.assert_allclose(last, expected, rtol=1e-12)


def test_variance_is_no_standard_deviation():
    found = qnnbench.moments(rotations(1, "Y"), cirq.Z(LINE[0]))  # C = cos θ
    assert 10**found.log10_variance == pytest.approx(1 / 2)  # its square root is 0.71
    assert 10 ** found.log10_gradient_variance[0] == pytest.approx(1 / 2)


# Deep circuits are unitary 2-designs of their group.


def deep_blocks(n_blocks):
    new, table = symbols(), {}
    key = lambda name: table.setdefault(name, next(new))  # noqa: E731
    return cirq.Circuit(block(key, f"b{k}", *LINE[:2]) for k in range(n_blocks)), 15 * n_blocks


def deep_euler(n_blocks):
    new = symbols()
    ops = [pauli_rotation(axis, next(new), LINE[0]) for axis in "ZY" * n_blocks]
    return cirq.Circuit(ops), len(ops)


@pytest.mark.parametrize(
    ("deep", "dim", "read"),
    [
        (deep_euler(60), 2, cirq.PauliString(cirq.X(LINE[0]))),
        (deep_blocks(24), 4, cirq.Z(LINE[0]) * cirq.Y(LINE[1])),
    ],
    ids=["one qubit", "two qubits"],
)
def test_haar_random_gates_on_both_sides(deep, dim, read):
    # Var ∂C = d²/(2(d+1)(d²-1)) and Var C = 1/(d+1): McClean et al., Nat. Commun. 9, 4812.
    circuit, n_symbols = deep
    found = qnnbench.moments(circuit, read)
    assert 10**found.log10_variance == pytest.approx(1 / (dim + 1), rel=1e-10)
    middle = found.log10_gradient_variance[n_symbols // 2]
    expected = dim**2 / (2 * (dim + 1) * (dim**2 - 1))
    assert 10**middle == pytest.approx(expected, rel=1e-10)


def test_one_haar_block():
    circuit, _ = deep_blocks(1)
    read = cirq.Z(LINE[0]) * cirq.X(LINE[1])
    found = qnnbench.moments(circuit, read, angles="haar_blocks", gradients=False)
    assert 10**found.log10_variance == pytest.approx(1 / 5, rel=1e-12)


@pytest.mark.parametrize(("n_qubits", "n_layers"), [(3, 60), (5, 160)])
def test_free_fermions_have_the_variance_of_their_algebra(n_qubits, n_layers):
    # so(2n) has n(2n-1) strings, of which the n-1 of ZZ have mean 1 on |0…0>… and so do
    # no others: Ragone et al., Nat. Commun. 15, 7172 (2024), Theorem 1.
    new, ops = symbols(), []
    for _ in range(n_layers):
        ops += [pauli_rotation("ZZ", next(new), a, b) for a, b in pairwise(LINE[:n_qubits])]
        ops += [pauli_rotation("X", next(new), q) for q in LINE[:n_qubits]]
    read = cirq.Z(LINE[0]) * cirq.Z(LINE[1])
    found = qnnbench.moments(cirq.Circuit(ops), read, gradients=False, tolerance=1e-9)
    expected = (n_qubits - 1) / (n_qubits * (2 * n_qubits - 1))
    assert 10**found.log10_variance == pytest.approx(expected, rel=1e-6)


# RY and CZ lines.


def ry_cz(n_qubits, n_layers):
    new, ops = symbols(), []
    for _ in range(n_layers):
        ops += [pauli_rotation("Y", next(new), q) for q in LINE[:n_qubits]]
        ops += [cirq.CZ(a, b) for a, b in pairwise(LINE[:n_qubits])]
    return cirq.Circuit(ops)


@pytest.mark.parametrize(
    ("n_layers", "variance"), [(1, 1 / 2), (2, 5 / 16), (3, 109 / 512), (4, 9993 / 65536)]
)
@pytest.mark.parametrize("n_qubits", [11, 256, 1000])
def test_interior_qubit_does_not_see_the_width(n_qubits, n_layers, variance):
    read = cirq.Z(LINE[n_qubits // 2])
    found = qnnbench.moments(ry_cz(n_qubits, n_layers), read, gradients=False)
    assert 10**found.log10_variance == pytest.approx(variance, rel=1e-12)


@pytest.mark.parametrize(("n_qubits", "variance"), [(4, 0.2005), (6, 0.1448), (8, 0.1153)])
def test_end_qubit_keeps_what_the_middle_loses(n_qubits, variance):
    circuit = ry_cz(n_qubits, 4 * n_qubits)
    end = qnnbench.moments(circuit, cirq.Z(LINE[0]), gradients=False)
    middle = qnnbench.moments(circuit, cirq.Z(LINE[n_qubits // 2]), gradients=False)
    assert 10**end.log10_variance == pytest.approx(variance, abs=6e-5)
    assert middle.log10_variance < end.log10_variance


@pytest.mark.parametrize(("site", "rate"), [(0, 0.047), (16, 0.092)], ids=["end", "middle"])
def test_deep_ladders_lose_so_many_decades_a_layer(site, rate):
    # The rate still falls with depth, as for a power of the depth times an exponential: by
    # 0.001 from these layers to 50..100 of 100 qubits, where it is 0.047 and 0.091.
    logs = []
    for n_layers in (32, 64):
        network, read = build_ansatz("hea", 32, n_layers=n_layers), cirq.Z(LINE[site])
        found = qnnbench.moments(
            network.circuit, read, network.symbols, gradients=False, max_bond_dim=24
        )
        logs.append(found.log10_variance)
    assert (logs[0] - logs[1]) / 32 == pytest.approx(rate, abs=0.002)


# Trees.


@cache
def block_table():
    """Return how a 15-angle block moves squared coefficients, (4, 4, 4, 4), outputs first."""
    total = np.eye(256)
    for operation in reversed(list(build_ansatz("tree", 2).circuit.all_operations())):
        gate, _ = letters_of(operation)
        pair = averages(gate, Uniform())["values"]
        sites = [q.x for q in operation.qubits]
        axes, side = [*sites, *(2 + s for s in sites)], int(np.sqrt(pair.size))
        total = on_axes(pair.reshape(side, side), total.reshape(4, 4, 4, 4, 256), axes)
        total = total.reshape(256, 256)
    equal = 17 * np.arange(16)  # P⊗P among P⊗Q
    return total[np.ix_(equal, equal)].reshape(4, 4, 4, 4)


def haar_table():
    table = np.full((16, 16), 1 / 15)
    table[0], table[:, 0], table[0, 0] = 0, 0, 1
    return table.reshape(4, 4, 4, 4)


def root_squares(n_qubits, table, leaf):
    """Return E[<P>²] of the root for P = I, X, Y, Z by merging neighbours, the odd one last."""
    active = [np.array(leaf)] * n_qubits
    while len(active) > 1:
        pairs = zip(active[::2], active[1::2], strict=False)
        merged = [np.einsum("abp,a,b->p", table[:, :, :, 0], a, b) for a, b in pairs]
        active = merged + active[2 * (len(active) // 2) :]
    return active[0]


@pytest.mark.parametrize("n_qubits", [2, 3, 16, 100, 256, 1000])
def test_trees_follow_their_recursion(n_qubits):
    network = build_ansatz("tree", n_qubits)
    found = qnnbench.moments(
        network.circuit, network.observables[0], network.symbols, gradients=False
    )
    expected = root_squares(n_qubits, block_table(), (1.0, 0.0, 0.0, 1.0))[3]
    assert 10**found.log10_variance == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("n_qubits", [2, 3, 16, 100, 256])
def test_trees_of_haar_pairs_follow_their_recursion(n_qubits):
    network = build_ansatz("tree", n_qubits)
    found = qnnbench.moments(
        network.circuit, network.observables[0], angles="haar_blocks", gradients=False
    )
    expected = root_squares(n_qubits, haar_table(), (1.0, 0.0, 0.0, 1.0))[3]
    if n_qubits in (2, 16, 256):  # Pesah et al., Phys. Rev. X 11, 041011: v' = (2v + 3v²)/5
        variance = 1 / 3
        for _ in range(int(np.log2(n_qubits))):
            variance = (2 * variance + 3 * variance**2) / 5
        assert expected == pytest.approx(variance, rel=1e-12)
    assert 10**found.log10_variance == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("n_qubits", [2, 5, 16, 100, 256])
def test_trees_of_haar_pairs_cannot_tell_signs_of_ghz_states(n_qubits):
    # <P> differs by ±2 on the 2^(n-1) strings of X and an even number of Y. A block hands
    # a letter to both of its qubits with chance 9/15: (3/5)^(n-1) 4 2^(n-1) / 3^n.
    network = build_ansatz("tree", n_qubits)
    plus, minus = ghz(n_qubits, 1), ghz(n_qubits, -1)
    expected = np.log10(4 / 3) + (n_qubits - 1) * np.log10(2 / 5)
    found = qnnbench.moments(
        network.circuit,
        network.observables[0],
        angles="haar_blocks",
        contrast=(plus, minus),
        gradients=False,
    )
    assert found.log10_variance == pytest.approx(expected, rel=1e-11)
    half = qnnbench.moments(
        network.circuit,
        network.observables[0],
        angles="haar_blocks",
        contrast=(plus, dephased_ghz(n_qubits)),
        gradients=False,
    )
    assert half.log10_variance == pytest.approx(expected - np.log10(4), rel=1e-11)


@pytest.mark.parametrize("n_qubits", [4, 100])
def test_gradients_bound_what_they_vary(n_qubits):
    # Over θ_k alone C = a + b cos θ + c sin θ, so Var ∂_k C = E Var_k C: at most Var C,
    # and by the Efron-Stein inequality Var C is at most their sum.
    network = build_ansatz("tree", n_qubits)
    arguments = (network.circuit, network.observables[0], network.symbols)
    pair = (ghz(n_qubits, 1), ghz(n_qubits, -1))
    for found in (
        qnnbench.moments(*arguments, state=pair[0]),
        qnnbench.moments(*arguments, contrast=pair),
    ):
        logs = found.log10_gradient_variance
        assert logs.max() <= found.log10_variance + 1e-9
        assert log10_sum(logs) >= found.log10_variance
    assert n_qubits == 4 or found.log10_variance < -30  # what tells the classes apart


# Wide rows of the stored references; narrower ones are in test_moments.


def named(row):
    """Return a reference as a parameter; that of 100 layers on 100 qubits takes longest."""
    marks = [pytest.mark.slow] if (row.n_layers, row.observable) == (100, "global") else []
    return pytest.param(row, id="-".join(map(str, row[1:5])), marks=marks)


@pytest.mark.parametrize("row", [named(row) for row in WIDE.itertuples()])
def test_wide_stored_references(row):
    network = build_ansatz("hea", row.n_qubits, n_layers=row.n_layers)
    found = qnnbench.moments(
        network.circuit,
        reference_observable(row.observable, network),
        network.symbols,
        gradients=False,
        tolerance=2e-4 if row.n_qubits < 100 else 1e-3,
        max_bond_dim=96,
    )
    # Both are truncated: the stored error is an estimate, right within six.
    rel = 6 * row.relative_error + 10 * found.relative_error
    assert rel < 1e-2
    assert 10 ** (found.log10_variance - row.log10_value) == pytest.approx(1, rel=rel)
