"""Matrix product states against Cirq's simulator and dense linear algebra."""

from functools import reduce
from itertools import pairwise

import cirq
import numpy as np
import pytest
import sympy

from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.states.mps import MPS, PAULIS, Mixture

BIT = np.eye(2)


def random_state(n_qubits, bond_dim, rng):
    bonds = [1, *[bond_dim] * (n_qubits - 1), 1]
    shapes = [(a, 2, b) for a, b in pairwise(bonds)]
    return MPS.from_tensors([rng.normal(size=s) + 1j * rng.normal(size=s) for s in shapes])


def random_circuit(n_qubits, n_gates, rng):
    """Haar-random gates on single sites and on pairs at any distance, in any order."""
    qubits = cirq.LineQubit.range(n_qubits)
    ops = []
    for _ in range(n_gates):
        chosen = rng.choice(n_qubits, size=rng.integers(1, 3), replace=False)
        unitary = cirq.testing.random_unitary(
            2 ** len(chosen), random_state=int(rng.integers(2**31))
        )
        ops.append(cirq.MatrixGate(unitary).on(*[qubits[i] for i in chosen]))
    return cirq.Circuit(ops)


def simulated(circuit, n_qubits, initial=0):
    simulator = cirq.Simulator(dtype=np.complex128)
    qubits = cirq.LineQubit.range(n_qubits)
    result = simulator.simulate(circuit, qubit_order=qubits, initial_state=initial)
    return result.final_state_vector


@pytest.mark.parametrize("n_qubits", [1, 2, 5, 7])
def test_from_circuit_is_the_simulated_state(n_qubits):
    rng = np.random.default_rng(n_qubits)
    qubits = cirq.LineQubit.range(n_qubits)
    circuit = (
        random_circuit(n_qubits, 30, rng) if n_qubits > 1 else cirq.Circuit(cirq.T(qubits[0]))
    )
    state = MPS.from_circuit(circuit, n_qubits)
    np.testing.assert_allclose(state.state_vector(), simulated(circuit, n_qubits), atol=1e-12)


def test_evolve_starts_from_the_state():
    rng = np.random.default_rng(1)
    state, circuit = random_state(6, 3, rng), random_circuit(6, 25, rng)
    evolved, truncation_error = state.evolve(circuit, ())
    expected = simulated(circuit, 6, state.state_vector())
    np.testing.assert_allclose(evolved.state_vector(), expected, atol=1e-12)
    assert truncation_error == 0


@pytest.mark.parametrize("name", ["qcnn", "tree", "brickwork", "hea"])
def test_evolve_binds_params_in_the_order_of_symbols(name):
    network = build_ansatz(name, 6)
    params = np.random.default_rng(2).uniform(0, 2 * np.pi, len(network.symbols))
    zero = MPS.product([BIT[0]] * 6)
    evolved, _ = zero.evolve(network.circuit, params, symbols=network.symbols)
    bound = cirq.resolve_parameters(
        network.circuit, dict(zip(network.symbols, params, strict=True))
    )
    np.testing.assert_allclose(evolved.state_vector(), simulated(bound, 6), atol=1e-12)


def test_symbols_sort_naturally():
    a2, a10 = sympy.symbols("a2 a10")
    qubits = cirq.LineQubit.range(2)
    circuit = cirq.Circuit(cirq.rx(a10).on(qubits[0]), cirq.rx(a2).on(qubits[1]))
    state, _ = MPS.product([BIT[0]] * 2).evolve(circuit, [np.pi, 0.0])  # a2, then a10
    assert state.expectation({0: "Z"}) == pytest.approx(1)
    assert state.expectation({1: "Z"}) == pytest.approx(-1)


def test_truncation_error_of_one_cut_is_the_lost_fidelity():
    state = random_state(4, 4, np.random.default_rng(3))
    cut, truncation_error = state.truncated(3)  # only the middle bond is above 3
    assert cut.bond_dims == (2, 3, 2)
    assert 1 - abs(state.overlap(cut)) ** 2 == pytest.approx(truncation_error, rel=1e-10)


def test_evolve_reports_what_it_cuts():
    rng = np.random.default_rng(4)
    circuit = random_circuit(8, 40, rng)
    zero = MPS.product([BIT[0]] * 8)
    exact, _ = zero.evolve(circuit, ())
    cut, truncation_error = zero.evolve(circuit, (), max_bond_dim=8)
    assert cut.max_bond_dim == 8
    assert truncation_error > 0
    assert abs(exact.overlap(cut)) ** 2 < 1 - 1e-6
    with pytest.raises(ValueError, match="needs a bond above max_bond_dim=8"):
        MPS.from_circuit(circuit, 8, max_bond_dim=8)


def test_hundred_qubits_stay_real_and_exact():
    qubits = cirq.LineQubit.range(100)
    ladder = [cirq.CNOT(a, b) for a, b in pairwise(qubits)]
    ghz = MPS.from_circuit(cirq.Circuit(cirq.H(qubits[0]), ladder), 100, max_bond_dim=2)
    assert all(t.dtype == np.float64 for t in ghz.tensors)
    for bit in BIT:
        assert abs(ghz.overlap(MPS.product([bit] * 100))) ** 2 == pytest.approx(0.5)
    assert ghz.expectation(dict.fromkeys(range(100), "X")) == pytest.approx(1)


def test_overlap_and_norm_are_dense_products():
    rng = np.random.default_rng(5)
    a, b = random_state(6, 4, rng), random_state(6, 2, rng)
    assert a.overlap(b) == pytest.approx(np.vdot(a.state_vector(), b.state_vector()))
    assert a.norm() == pytest.approx(1)


@pytest.mark.parametrize("center", [0, 2, 4])
def test_canonical_keeps_the_state_and_makes_isometries(center):
    state = random_state(5, 3, np.random.default_rng(6))
    moved = state.canonical(center)
    np.testing.assert_allclose(moved.state_vector(), state.state_vector(), atol=1e-12)
    for site, tensor in enumerate(moved.tensors):
        axes = ([0, 1], [0, 1]) if site < center else ([1, 2], [1, 2])
        gram = np.tensordot(tensor.conj(), tensor, axes)
        if site != center:
            np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-12)


@pytest.mark.parametrize("sites", [(0,), (2, 3), (5, 0, 3), (4, 1, 0, 5)])
def test_reduced_density_matrix_is_the_partial_trace(sites):
    state = random_state(6, 4, np.random.default_rng(7))
    rest = [site for site in range(6) if site not in sites]
    amplitudes = state.state_vector().reshape((2,) * 6).transpose(*sites, *rest)
    amplitudes = amplitudes.reshape(2 ** len(sites), -1)
    expected = amplitudes @ amplitudes.conj().T
    np.testing.assert_allclose(state.reduced_density_matrix(sites), expected, atol=1e-12)


@pytest.mark.parametrize("word", ["XIIII", "IYZIX", "YYYYY", "IIIIZ"])
def test_expectation_is_the_dense_mean(word):
    state = random_state(5, 4, np.random.default_rng(8))
    vector = state.state_vector()
    dense = reduce(np.kron, [PAULIS[letter] for letter in word])
    letters = {site: letter for site, letter in enumerate(word) if letter != "I"}
    assert state.expectation(letters) == pytest.approx(np.vdot(vector, dense @ vector).real)


def test_mixture_is_linear_in_its_members():
    rng = np.random.default_rng(9)
    a, b = random_state(4, 3, rng), random_state(4, 2, rng)
    mixed = Mixture((0.25, 0.75), (a, b))
    expected = 0.25 * a.expectation({1: "Y"}) + 0.75 * b.expectation({1: "Y"})
    assert mixed.expectation({1: "Y"}) == pytest.approx(expected)
    marginal = mixed.reduced_density_matrix((0, 2))
    assert np.trace(marginal) == pytest.approx(1)
    assert mixed.max_bond_dim == 3


def test_rotated_is_a_layer_of_gates():
    rng = np.random.default_rng(10)
    state = random_state(4, 3, rng)
    unitaries = [cirq.testing.random_unitary(2, random_state=i) for i in range(4)]
    expected = reduce(np.kron, unitaries) @ state.state_vector()
    np.testing.assert_allclose(state.rotated(unitaries).state_vector(), expected, atol=1e-12)


def test_states_cannot_be_changed():
    given = np.array([[[1.0], [0.0]]])
    state = MPS((given,))
    given[0, 0, 0] = 5  # the state holds a copy
    assert state.norm() == 1
    with pytest.raises(ValueError, match="read-only"):
        state.tensors[0][0, 0, 0] = 2
    with pytest.raises(AttributeError):
        state.tensors = ()


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ([], "at least one tensor"),
        ([np.ones((1, 2))], r"tensor 0 must have shape \(1, 2, right\)"),
        ([np.ones((1, 2, 2)), np.ones((3, 2, 1))], r"tensor 1 must have shape \(2, 2, right\)"),
        ([np.ones((1, 2, 2))], "last bond must be 1"),
        ([np.full((1, 2, 1), np.nan)], "not finite"),
        ([np.ones((1, 2, 1))], "norm 1, got 1.41"),
    ],
)
def test_bad_tensors_are_refused(tensors, message):
    with pytest.raises(ValueError, match=message):
        MPS(tuple(tensors))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.reduced_density_matrix(range(7)), "takes 1 to 6 sites, got 7"),
        (lambda s: s.reduced_density_matrix((1, 1)), "must differ"),
        (lambda s: s.expectation({9: "X"}), "from 0 to 7, got 9"),
        (lambda s: s.expectation({0: "Q"}), "No Pauli letter named 'Q'"),
        (lambda s: s.overlap(MPS.product([BIT[0]])), "states of 8 and 1 qubits"),
        (lambda s: s.truncated(0), "max_bond_dim must be a whole number >= 1"),
        (lambda s: s.canonical(8), "from 0 to 7, got 8"),
        (lambda s: s.evolve(cirq.Circuit(cirq.X(cirq.LineQubit(8))), ()), "acts on 9 qubits"),
        (lambda s: s.evolve(cirq.Circuit(), [1.0]), "must be 0 finite angles"),
        (lambda s: MPS.product([BIT[0]] * 21).state_vector(), "at most 20 qubits"),
        (lambda s: Mixture((0.5, 0.6), (s, s)), "sum to 1"),
        (lambda s: Mixture((1.0,), ()), "1 weights for 0 states"),
        (lambda s: MPS.from_tensors([np.zeros((1, 2, 1))]), "no state: norm 0.0"),
    ],
)
def test_errors_say_what_was_asked(call, message):
    with pytest.raises(ValueError, match=message):
        call(MPS.product([BIT[0]] * 8))
