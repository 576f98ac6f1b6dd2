"""Sampled moments of deep circuits with shared angles against the variance of their group."""

from functools import cache
from hashlib import sha256
from itertools import combinations, pairwise

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.circuits.ansatze import pauli_rotation

LINE = cirq.LineQubit.range(6)
N_SAMPLES = 3000
STRAY = 5.0  # standard errors; a correct value strays this far once in 10^6 tests


@pytest.fixture
def rng(request):
    """Return a generator seeded by the name of the test."""
    return np.random.default_rng(int.from_bytes(sha256(request.node.name.encode()).digest()))


def deep(generators, n_layers):
    """Return layers of generators, each a list of (axis, sites) that share one angle a layer."""
    symbols = iter(sympy.symbols(f"t0:{n_layers * len(generators)}"))
    ops = []
    for _ in range(n_layers):
        for strings in generators:
            angle = next(symbols)
            ops += [pauli_rotation(axis, angle, *(LINE[i] for i in s)) for axis, s in strings]
    return cirq.Circuit(ops)


def assert_variance(circuit, read, mean, variance, rng):
    found = qnnbench.moments(circuit, read, n_samples=N_SAMPLES, rng=rng, gradients=False)
    assert (found.method, found.n_samples) == ("monte-carlo", N_SAMPLES)
    z = (10**found.log10_variance / variance - 1) / found.relative_error
    assert abs(z) < STRAY
    assert abs(found.mean - mean) < STRAY * np.sqrt(variance / N_SAMPLES)


# All qubits alike: on the symmetric states, of dimension d = n + 1, the group is U(d).


@pytest.mark.parametrize("n_qubits", [4, 6])
def test_equivariant_circuits_lose_variance_as_one_over_the_width(n_qubits, rng):
    # Var C = (Tr O² - (Tr O)²/d) / (d(d+1)) of a Haar random state; O = ΣZ/n is 1 - 2k/n
    # for k = 0..n, so that Tr O = 0, Tr O² = (n+1)(n+2)/(3n) and Var C = 1/(3n) exactly.
    sites = range(n_qubits)
    generators = [
        [("X", (i,)) for i in sites],
        [("Y", (i,)) for i in sites],
        [("ZZ", pair) for pair in combinations(sites, 2)],
    ]
    read = sum(cirq.Z(q) for q in LINE[:n_qubits]) / n_qubits
    assert_variance(deep(generators, 12), read, 0, 1 / (3 * n_qubits), rng)


# Free fermions: X and ZZ on a line are neighbours' products of 2n Majorana operators.


def line_generators(n_qubits):
    """Return the two layers of the transverse-field Ising line."""
    fields = [("X", (i,)) for i in range(n_qubits)]
    return [fields, [("ZZ", bond) for bond in pairwise(range(n_qubits))]]


def rotation_generator(strings, n_qubits):
    """Return how a sum of strings turns the Majorana operators, antisymmetric (2n, 2n)."""
    found = np.zeros((2 * n_qubits, 2 * n_qubits))
    for axis, sites in strings:
        first = 2 * sites[0] + (axis == "ZZ")
        found[first, first + 1], found[first + 1, first] = 1, -1
    return found


def closure(matrices):
    """Return an orthonormal basis of the Lie algebra of ``matrices``, as rows."""
    side, basis, queue = len(matrices[0]), np.zeros((0, matrices[0].size)), list(matrices)
    while queue:
        rest = queue.pop().ravel()
        rest = rest / np.linalg.norm(rest)
        for _ in range(2):  # twice is enough against rounding
            rest = rest - basis.T @ (basis @ rest)
        if np.linalg.norm(rest) < 1e-9:
            continue
        basis = np.vstack([basis, rest / np.linalg.norm(rest)])
        new = basis[-1].reshape(side, side)
        brackets = [new @ m - m @ new for m in matrices]
        queue += [b / np.linalg.norm(b) for b in brackets if np.linalg.norm(b) > 1e-9]
    return basis


@cache
def free_fermions(n_qubits, is_lopsided):
    """Return generators of one angle each and a basis of their Lie algebra."""
    generators = line_generators(n_qubits)
    if is_lopsided:  # the first X once more, by its own angle: no mirror image is left
        generators.append([("X", (0,))])
    return generators, closure([rotation_generator(s, n_qubits) for s in generators])


@pytest.mark.parametrize("n_qubits", [2, 3, 4, 6])
def test_shared_angles_leave_a_smaller_algebra(n_qubits):
    # so(2n) has n(2n-1) dimensions. What its mirror image leaves alone is u(n), of n²:
    # Larocca et al., Quantum 6, 824 (2022).
    assert len(free_fermions(n_qubits, is_lopsided=True)[1]) == n_qubits * (2 * n_qubits - 1)
    assert len(free_fermions(n_qubits, is_lopsided=False)[1]) == n_qubits**2


@pytest.mark.parametrize(("n_qubits", "n_layers"), [(3, 20), (4, 40)])
def test_shared_angles_that_make_all_free_fermions(n_qubits, n_layers, rng):
    # As with an angle a string: of n(2n-1) strings the n-1 neighbours' ZZ are 1 on |0…0>.
    generators, _ = free_fermions(n_qubits, is_lopsided=True)
    expected = (n_qubits - 1) / (n_qubits * (2 * n_qubits - 1))
    circuit = deep(generators, n_layers)
    assert_variance(circuit, cirq.Z(LINE[0]) * cirq.Z(LINE[1]), 0, expected, rng)


@pytest.mark.parametrize(
    ("n_qubits", "bond", "n_layers"), [(3, 0, 20), (4, 0, 40), (4, 1, 40)], ids=str
)
def test_shared_angles_of_a_mirrored_line(n_qubits, bond, n_layers, rng):
    # u(n) = su(n) + one fixed J, √n long, that meets the bond between the halves alone, if n
    # is even. Var C = |O|² |ρ|² / (n²-1) of the parts in su(n), in units of one string:
    # of ρ, n-1 neighbours' ZZ less 1/n for J; of O, half of ZZ (with its mirror image, it is
    # 1/√2 long), or 1 - 1/n on the bond between the halves, where J keeps a mean of 1/n.
    generators, algebra = free_fermions(n_qubits, is_lopsided=False)
    share = (n_qubits % 2 == 0) / n_qubits
    is_central = 2 * (bond + 1) == n_qubits
    read = 1 - share if is_central else 1 / 2
    inside = algebra @ rotation_generator([("ZZ", (bond, bond + 1))], n_qubits).ravel()
    assert inside @ inside / 2 == pytest.approx(read + is_central * share)  # a matrix has ±1
    variance = read * (n_qubits - 1 - share) / (n_qubits**2 - 1)
    string = cirq.Z(LINE[bond]) * cirq.Z(LINE[bond + 1])
    assert_variance(deep(generators, n_layers), string, is_central * share, variance, rng)
