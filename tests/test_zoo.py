"""What each ansatz of the zoo is, by physics that shares no code with its builder."""

from collections import Counter
from itertools import combinations, pairwise
from math import comb

import cirq
import numpy as np
import pytest

import qnnbench
from qnnbench.circuits.angles import IdentityBlocks
from qnnbench.circuits.ansatze import build_ansatz

MAX_STRAY = 5  # standard errors


def bound(network, params):
    """Return the circuit at ``params``."""
    values = dict(zip(network.symbols, params, strict=True))
    return cirq.resolve_parameters(network.circuit, values)


def uniform_angles(network, seed=0):
    return np.random.default_rng(seed).uniform(0, 2 * np.pi, len(network.symbols))


def rotations_of(network, params):
    """Return the unitary of everything after the constant gates that prepare the input."""
    qubits = cirq.LineQubit.range(network.n_qubits)
    free = [op for op in network.circuit.all_operations() if cirq.is_parameterized(op)]
    values = dict(zip(network.symbols, params, strict=True))
    return cirq.resolve_parameters(cirq.Circuit(free), values).unitary(qubit_order=qubits)


def diagonal(observable, n_qubits):
    """Return the matrix of an observable that is diagonal in the Z basis, as a vector."""
    return observable.matrix(cirq.LineQubit.range(n_qubits)).diagonal().real


# --- MERA


@pytest.mark.parametrize("n_qubits", [16, 23, 64])
def test_a_site_of_the_mera_reaches_three_active_qubits_of_every_layer(n_qubits):
    network = build_ansatz("mera", n_qubits)
    pairs = {}  # of every block, in the order of its symbols
    for op in network.circuit.all_operations():
        if len(op.qubits) == 2:
            block = next(iter(cirq.parameter_names(op))).rsplit("_", 1)[0]
            pairs[block] = {q.x for q in op.qubits}
    blocks = dict.fromkeys(s.name.rsplit("_", 1)[0] for s in network.symbols)
    for site in range(n_qubits):
        reached = {site}
        for block in blocks:
            if pairs[block] & reached:
                reached |= pairs[block]
            step = 2 ** (int(block.split("_")[1]) + 1)  # between those that the layer keeps
            assert sum(x % step == 0 for x in reached) <= 3
        assert 0 in reached


def test_the_root_of_the_mera_sees_every_site_through_both_kinds_of_blocks():
    network = build_ansatz("mera", 8)
    blocks = Counter(s.name.split("_")[0] + s.name.split("_")[1] for s in network.symbols)
    assert blocks == {"u0": 45, "w0": 60, "u1": 15, "w1": 30, "w2": 15}
    scale = build_ansatz("mera", 8, sharing="scale")
    assert [s.name for s in scale.symbols] == [f"{k}_{i}" for k in "uw" for i in range(15)]


# --- Hamiltonian terms


@pytest.mark.parametrize("connectivity", ["line", "ring"])
@pytest.mark.parametrize("sharing", ["none", "layer"])
@pytest.mark.parametrize("n_qubits", [4, 5])
def test_hamiltonian_circuits_keep_the_symmetry_of_their_terms(n_qubits, sharing, connectivity):
    qubits = cirq.LineQubit.range(n_qubits)
    symmetries = {
        "tfim": cirq.DensePauliString("X" * n_qubits).on(*qubits),
        "xxz": cirq.PauliSum.from_pauli_strings([cirq.Z(q) for q in qubits]),
    }
    for terms, symmetry in symmetries.items():
        network = build_ansatz(
            "hva", n_qubits, sharing=sharing, terms=terms, connectivity=connectivity
        )
        unitary = rotations_of(network, uniform_angles(network))
        matrix = symmetry.matrix(qubits)
        np.testing.assert_allclose(unitary @ matrix, matrix @ unitary, atol=1e-12)
        broken = cirq.Z(qubits[0]) if terms == "tfim" else cirq.X(qubits[0])
        other = cirq.PauliString(broken).matrix(qubits)
        assert np.abs(unitary @ other - other @ unitary).max() > 0.1


def test_hamiltonian_circuits_begin_in_the_ground_state_of_one_part():
    def energy(terms, n_qubits, operator):
        network = build_ansatz("hva", n_qubits, terms=terms)
        state = bound(network, np.zeros(len(network.symbols))).final_state_vector()
        matrix = cirq.PauliSum.wrap(operator).matrix(cirq.LineQubit.range(n_qubits))
        return np.vdot(state, matrix @ state).real, np.linalg.eigvalsh(matrix)[0]

    q = cirq.LineQubit.range(4)
    found, least = energy("tfim", 4, -sum(cirq.X(a) for a in q))
    assert found == pytest.approx(least, abs=1e-6)
    heisenberg = sum(p(a) * p(b) for a, b in (q[:2], q[2:]) for p in (cirq.X, cirq.Y, cirq.Z))
    found, least = energy("xxz", 4, heisenberg)
    assert found == pytest.approx(least, abs=1e-6)


def test_one_step_at_small_angles_is_evolution_in_time():
    n_qubits, angle = 4, 1e-3
    q = cirq.LineQubit.range(n_qubits)
    terms = [p(a) * p(b) for a, b in pairwise(q) for p in (cirq.X, cirq.Y, cirq.Z)]
    hamiltonian = sum(terms).matrix(q)
    network = build_ansatz("hva", n_qubits, n_layers=1, terms="xxz")
    step = rotations_of(network, np.full(len(network.symbols), angle))
    first_order = np.eye(2**n_qubits) - 0.5j * angle * hamiltonian
    np.testing.assert_allclose(step, first_order, atol=40 * angle**2)


# --- free fermions


def majorana_covariance(network, params):
    """Return <-i γ_a γ_b> by Givens rotations of 2n Majorana operators.

    γ_2j = Z…Z X_j and γ_2j+1 = Z…Z Y_j, so that Z_j = -i γ_2j γ_2j+1 and
    X_j X_j+1 = -i γ_2j+1 γ_2j+2; exp(-iφ/2 (-i γ_a γ_b)) turns (γ_a, γ_b) by φ.
    """
    n_modes = 2 * network.n_qubits
    covariance = np.zeros((n_modes, n_modes))
    for j in range(0, n_modes, 2):
        covariance[j, j + 1], covariance[j + 1, j] = 1, -1
    for op in bound(network, params).all_operations():
        a = 2 * op.qubits[0].x + (len(op.qubits) == 2)
        turn, phi = np.eye(n_modes), np.pi * float(op.gate.exponent)
        turn[a : a + 2, a : a + 2] = [[np.cos(phi), -np.sin(phi)], [np.sin(phi), np.cos(phi)]]
        covariance = turn @ covariance @ turn.T
    return covariance


@pytest.mark.parametrize(("n_qubits", "sharing"), [(6, "none"), (7, "none"), (8, "layer")])
def test_matchgates_rotate_majorana_operators(n_qubits, sharing):
    network = build_ansatz("matchgate", n_qubits, sharing=sharing, readout="local")
    params = uniform_angles(network, n_qubits)
    reads = [cirq.PauliString(cirq.Z(q)) for q in cirq.LineQubit.range(n_qubits)]
    bond = build_ansatz("matchgate", n_qubits, readout="bond").observables
    found = qnnbench.expectations(
        network.circuit, (*reads, *bond), params, symbols=network.symbols
    ).values[0]
    m = majorana_covariance(network, params)
    np.testing.assert_allclose(found[:-1], np.diag(m, 1)[::2], atol=1e-12)
    k = 2 * (n_qubits // 2 - 1)
    wick = m[k, k + 1] * m[k + 2, k + 3] - m[k, k + 2] * m[k + 1, k + 3]
    assert found[-1] == pytest.approx(wick + m[k, k + 3] * m[k + 1, k + 2], abs=1e-12)


def test_deep_matchgates_have_the_variance_of_the_orthogonal_algebra():
    # n of the n(2n - 1) products of two Majorana operators have mean 1 on |0…0>.
    network = build_ansatz("matchgate", 4, n_layers=32)
    found = qnnbench.moments(
        network.circuit, network.observables[0], network.symbols, gradients=False, tolerance=1e-6
    )
    assert 10**found.log10_variance == pytest.approx(1 / 7, rel=1e-3)


# --- permutations


def spin_state(n_qubits, params):
    """Return the state of permutation_equivariant in the basis of Jz, and Jz, of spin n/2."""
    m = n_qubits / 2 - np.arange(n_qubits + 1)
    up = np.diag(np.sqrt((n_qubits / 2 - m[1:]) * (n_qubits / 2 + m[1:] + 1)), 1)
    x, y = (up + up.T) / 2, (up - up.T) / 2j
    spectra = [np.linalg.eigh(generator) for generator in (x, y)]
    state = np.eye(n_qubits + 1, dtype=complex)[0]
    for theta_x, theta_y, theta_zz in params.reshape(-1, 3):
        for (energies, vectors), theta in zip(spectra, (theta_x, theta_y), strict=True):
            phases = np.exp(-1j * theta * energies)
            state = vectors @ (phases * (vectors.conj().T @ state))
        state = np.exp(-0.25j * theta_zz * ((2 * m) ** 2 - n_qubits)) * state
    return state, m


@pytest.mark.parametrize("n_qubits", [2, 6])
def test_permutation_equivariant_circuits_are_a_large_spin(n_qubits):
    network = build_ansatz("permutation_equivariant", n_qubits)
    params = uniform_angles(network)
    state, m = spin_state(n_qubits, params)
    found = qnnbench.expectations(
        network.circuit, network.observables, params, symbols=network.symbols
    )
    expected = 0.5 + np.abs(state) ** 2 @ m / n_qubits
    assert found.values[0, 0] == pytest.approx(expected, abs=1e-12)


def test_permutation_equivariant_circuits_commute_with_every_swap():
    network = build_ansatz("permutation_equivariant", 5, n_layers=3)
    unitary = rotations_of(network, uniform_angles(network))
    qubits = cirq.LineQubit.range(5)
    for a, b in combinations(qubits, 2):
        swap = cirq.Circuit(cirq.SWAP(a, b), cirq.I.on_each(qubits)).unitary(qubit_order=qubits)
        np.testing.assert_allclose(unitary @ swap, swap @ unitary, atol=1e-12)


@pytest.mark.parametrize("n_qubits", [6, 18])
def test_permutation_equivariant_variance_falls_as_one_over_the_width(n_qubits):
    # Var[1/2 + ΣZ/(2n)] = 1/(12n): Tr(Jz²) over spin n/2 with Haar random states.
    rng, values = np.random.default_rng(11), []
    for _ in range(400):
        state, m = spin_state(n_qubits, rng.uniform(0, 2 * np.pi, 9 * n_qubits))
        values.append(0.5 + np.abs(state) ** 2 @ m / n_qubits)
    squares = (np.array(values) - np.mean(values)) ** 2
    stray = (squares.mean() - 1 / (12 * n_qubits)) / (squares.std() / np.sqrt(len(values)))
    assert abs(stray) < MAX_STRAY


# --- blocks that undo themselves


@pytest.mark.parametrize("connectivity", ["line", "ring"])
@pytest.mark.parametrize("mirror", [1, 2])
def test_identity_blocks_are_the_identity_after_their_first_rotation(mirror, connectivity):
    network = build_ansatz("identity_blocks", 5, mirror=mirror, connectivity=connectivity)
    assert network.n_layers == {1: 6, 2: 8}[mirror]
    angles, rng = {}, np.random.default_rng(3)
    for symbol in network.symbols:
        axis, layer, qubit = symbol.name.split("_")
        first = int(layer) // (2 * mirror) * 2 * mirror  # of its block and its mirror image
        twin = f"{axis}_{2 * first + 2 * mirror - 1 - int(layer)}_{qubit}"
        angles[symbol.name] = -angles[twin] if twin in angles else rng.uniform(0, 7)
    state = cirq.resolve_parameters(network.circuit, angles).final_state_vector()
    start = cirq.Circuit(cirq.ry(np.pi / 4)(q) for q in cirq.LineQubit.range(5))
    assert abs(np.vdot(start.final_state_vector(), state)) == pytest.approx(1, abs=1e-5)


def test_identity_blocks_do_not_help_a_global_loss():
    # |∂C|² scales as C = cos²ⁿ(π/8) squared.
    def largest(n_qubits):
        network = build_ansatz("identity_blocks", n_qubits, readout="global")
        found = qnnbench.moments(
            network.circuit, network.observables[0], network.symbols, angles=IdentityBlocks()
        )
        return found.log10_gradient_variance.max()

    lost = 4 * 4 * np.log10(np.cos(np.pi / 8))
    assert largest(8) - largest(4) == pytest.approx(lost, abs=1e-3)


# --- plateau-prone circuits


def test_all_qubits_of_a_ring_are_alike_and_those_of_a_line_are_not():
    def variances(connectivity):
        network = build_ansatz("hea", 6, n_layers=6, connectivity=connectivity)
        reads = [cirq.Z(q) for q in cirq.LineQubit.range(6)]
        found = [qnnbench.moments(network.circuit, z, gradients=False) for z in reads]
        return 10 ** np.array([m.log10_variance for m in found])

    ring, line = variances("ring"), variances("line")
    np.testing.assert_allclose(ring, ring[0], rtol=1e-2)  # to the tolerance of the chain
    assert line[0] > 1.5 * line[2]


def test_strongly_entangling_layers_reach_further_each():
    network = build_ansatz("strongly_entangling", 5, n_layers=6)
    reaches = [
        (op.qubits[1].x - op.qubits[0].x) % 5
        for op in network.circuit.all_operations()
        if op.gate == cirq.CNOT
    ]
    assert reaches == [reach for reach in (1, 2, 3, 4, 1, 2) for _ in range(5)]


@pytest.mark.parametrize("name", ["strongly_entangling", "random_pauli"])
def test_deep_random_circuits_are_two_designs(name):
    # Var of a Pauli string over a 2-design on n qubits: 1/(2^n + 1).
    network = build_ansatz(name, 4, n_layers=40)
    found = qnnbench.moments(
        network.circuit, network.observables[0], network.symbols, gradients=False, tolerance=1e-6
    )
    assert 10**found.log10_variance == pytest.approx(1 / 17, rel=2e-2)


def test_random_axes_are_drawn_by_the_seed_and_equally_likely():
    def axes(seed):
        circuit = build_ansatz("random_pauli", 10, n_layers=30, seed=seed).circuit
        free = filter(cirq.is_parameterized, circuit.all_operations())
        return [type(op.gate).__name__[0] for op in free]

    assert axes(4) == axes(4) != axes(5)
    counts = Counter(axes(4))
    assert set(counts) == set("XYZ")
    spread = np.sqrt(300 * (1 / 3) * (2 / 3))
    assert max(abs(n - 100) for n in counts.values()) < MAX_STRAY * spread


# --- the trap: a variance that no random start sees


def even_moment(k):
    """Return E[cos^2k θ] over a uniform angle."""
    return comb(2 * k, k) / 4**k


def test_one_block_per_site_has_its_closed_form():
    network = build_ansatz("per_site_blocks", 16)
    found = qnnbench.moments(network.circuit, network.observables[0], network.symbols)
    assert found.log10_variance == pytest.approx(-32 * np.log10(2))
    np.testing.assert_allclose(found.log10_gradient_variance, -32 * np.log10(2))


def test_one_shared_block_keeps_its_gradient_variance():
    variances = []
    for n in (6, 12):
        network = build_ansatz("per_site_blocks", n, sharing="layer")
        found = qnnbench.moments(network.circuit, network.observables[0], network.symbols)
        assert found.method == "exact"
        mean_square = (comb(n, n // 2) / 2**n) ** 4
        assert 10**found.log10_variance == pytest.approx(even_moment(n) ** 2 - mean_square)
        variances.append(10**found.log10_gradient_variance)
        expected = n / 2 * even_moment(n - 1) * even_moment(n)
        np.testing.assert_allclose(variances[-1], expected, rtol=1e-9)
    assert variances[-1] == pytest.approx(1 / (2 * np.pi), rel=0.05)


def test_the_median_of_one_shared_block_vanishes():
    def slopes(n, phi, theta):  # of (cos φ cos θ)ⁿ in φ
        return n * np.abs(np.cos(phi)) ** (n - 1) * np.abs(np.sin(phi) * np.cos(theta) ** n)

    phi, theta = np.random.default_rng(8).uniform(0, 2 * np.pi, (2, 200_000))
    network = build_ansatz("per_site_blocks", 16, sharing="layer")
    for angles in zip(phi[:5], theta[:5], strict=True):
        found = qnnbench.expectations(
            network.circuit, network.observables, np.array(angles), symbols=network.symbols
        ).gradient(np.ones((1, 1)))
        assert abs(found[0]) == pytest.approx(slopes(16, *angles), abs=1e-12)
    medians = {n: np.median(slopes(n, phi, theta)) for n in (50, 100)}
    per_site = (medians[100] / medians[50] / 2) ** (1 / 50)
    assert per_site == pytest.approx(np.median(np.abs(np.cos(phi) * np.cos(theta))), rel=0.02)
    assert medians[100] < 1e-40
