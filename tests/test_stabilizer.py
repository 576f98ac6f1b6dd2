"""Stabilizer states and Clifford circuits against Cirq's state vectors and closed forms."""

import itertools

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.backends import BackendCannot
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.states.mps import MPS, PAULIS
from qnnbench.states.stabilizer import NotClifford, StabilizerState
from tests.circuits import cirq_values

ONE = [cirq.H, cirq.S, cirq.X**0.5, cirq.Y**-0.5, cirq.Z, cirq.S**-1]
TWO = [cirq.CZ, cirq.CNOT, cirq.ISWAP, cirq.SWAP, cirq.XX**0.5, cirq.ZZ**-0.5]


def clifford_circuit(n_qubits, n_gates, rng):
    qubits = cirq.LineQubit.range(n_qubits)
    ops = [cirq.I(q) for q in qubits]
    for _ in range(n_gates):
        pair = [qubits[i] for i in rng.choice(n_qubits, 2, replace=False)]
        ops.append(ONE[rng.integers(len(ONE))](pair[0]))
        ops.append(TWO[rng.integers(len(TWO))](*pair))
    return cirq.Circuit(ops)


def simulated(circuit):
    return cirq.Simulator(dtype=np.complex128).simulate(circuit).final_state_vector


def partial_trace(vector, sites, n_qubits):
    shaped = vector.reshape((2,) * n_qubits)
    rest = [i for i in range(n_qubits) if i not in sites]
    matrix = shaped.transpose([*sites, *rest]).reshape(2 ** len(sites), -1)
    return matrix @ matrix.conj().T


@pytest.mark.parametrize("seed", range(5))
def test_state_is_what_cirq_simulates(seed):
    rng = np.random.default_rng(seed)
    n_qubits = int(rng.integers(2, 7))
    circuit = clifford_circuit(n_qubits, 12, rng)
    state = StabilizerState.from_circuit(circuit, n_qubits)
    expected = simulated(circuit)
    vector = state.state_vector()
    assert vector.dtype == np.complex128
    assert abs(np.vdot(vector, expected)) == pytest.approx(1, abs=1e-12)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-14)
    qubits = cirq.LineQubit.range(n_qubits)
    for letters in itertools.product("IXYZ", repeat=n_qubits):
        matrix = np.eye(1)
        for letter in letters:
            matrix = np.kron(matrix, PAULIS[letter])
        mean = state.expectation(dict(enumerate(letters)))
        assert mean in (-1.0, 0.0, 1.0)
        assert mean == pytest.approx(np.vdot(expected, matrix @ expected).real, abs=1e-12)
    sites = [int(s) for s in rng.permutation(n_qubits)[: n_qubits // 2 + 1]]
    density = partial_trace(expected, sites, n_qubits)
    np.testing.assert_allclose(state.reduced_density_matrix(sites), density, atol=1e-12)
    weights = np.linalg.eigvalsh(density)
    weights = weights[weights > 1e-12]
    assert state.entropy(sites) == pytest.approx(-np.sum(weights * np.log2(weights)), abs=1e-10)
    bits = [(s, int(rng.integers(2))) for s in sites]
    projector = cirq.ProjectorString({qubits[s]: b for s, b in bits})
    place = {q: i for i, q in enumerate(qubits)}
    chance = projector.expectation_from_state_vector(expected, place).real
    assert state.probability(bits) == pytest.approx(chance, abs=1e-12)


def test_graph_state_has_its_generators():
    # K_v = X_v Π_neighbours Z stabilises a graph state: Hein et al., quant-ph/0602096, Sec. 2.
    n_qubits = 200
    rng = np.random.default_rng(0)
    edges = [(a, b) for a, b in itertools.combinations(range(n_qubits), 2) if rng.random() < 0.1]
    state = StabilizerState.graph(n_qubits, edges)
    for vertex in range(n_qubits):
        near = {a + b - vertex for a, b in edges if vertex in (a, b)}
        generator = {vertex: "X", **dict.fromkeys(near, "Z")}
        assert state.expectation(generator) == 1
        assert state.expectation({**generator, vertex: "Y"}) == 0
    assert state.entropy([0]) == 1
    assert state.entropy(range(n_qubits)) == 0


def test_cluster_cut_carries_one_bit():
    line = StabilizerState.graph(1024, itertools.pairwise(range(1024)))
    assert line.entropy(range(512)) == 1
    assert line.entropy(range(0, 1024, 2)) == 512


@pytest.mark.parametrize("seed", range(4))
def test_backend_agrees_with_cirq_at_clifford_angles(seed):
    rng = np.random.default_rng(seed)
    n_qubits = 5
    network = build_ansatz("brickwork", n_qubits, n_layers=3)
    params = rng.integers(0, 4, len(network.symbols)) * np.pi / 2
    prepared = clifford_circuit(n_qubits, 10, rng)
    state = StabilizerState.from_circuit(prepared, n_qubits)
    q = cirq.LineQubit.range(n_qubits)
    observables = [
        *(cirq.DensePauliString(letters)(*q) for letters in ("XYZIX", "ZZZZZ", "IIYIX")),
        *(cirq.DensePauliString(rng.integers(0, 4, 5))(*q) for _ in range(20)),
        0.5 * cirq.Z(q[1]) - 2 * cirq.X(q[0]) * cirq.Z(q[1]) + 0.25,
        cirq.ProjectorString({q[0]: 0, q[3]: 1}, 0.5),
        cirq.ProjectorString(dict.fromkeys(q, 0)),
    ]
    call = (network.circuit, observables, params, [state], network.symbols)
    result = qnnbench.expectations(*call)
    assert result.backend == "stabilizer"
    assert result.is_exact
    assignment = dict(zip(network.symbols, params, strict=True))
    vector = simulated(prepared)
    expected = cirq_values(network.circuit, observables, assignment, vector, n_qubits)
    np.testing.assert_allclose(result.values[0], expected, atol=1e-12)
    assert np.abs(expected).max() > 0
    zero = qnnbench.expectations(*call[:3], None, network.symbols, "stabilizer")
    start = np.eye(1, 2**n_qubits)[0]
    expected = cirq_values(network.circuit, observables, assignment, start, n_qubits)
    np.testing.assert_allclose(zero.values[0], expected, atol=1e-12)


def test_product_inputs_are_the_six_eigenvectors():
    vectors = [
        np.exp(0.4j) * np.linalg.eigh(PAULIS[letter])[1][:, column]
        for letter in "XYZ"
        for column in (0, 1)
    ]
    state = MPS.product(vectors)
    reads = [pauli(cirq.LineQubit(i)) for i in range(6) for pauli in (cirq.X, cirq.Y, cirq.Z)]
    circuit = cirq.Circuit(cirq.CZ(*cirq.LineQubit.range(i, i + 2)) for i in range(5))
    call = (circuit, reads, [], state, None)
    exact = qnnbench.expectations(*call, "statevector").values
    values = qnnbench.expectations(*call, "stabilizer").values
    np.testing.assert_allclose(values, exact, atol=1e-12)
    assert set(values.ravel()) == {-1.0, 0.0, 1.0}


def test_a_thousand_qubits_in_closed_form():
    # A CNOT chain after H makes the GHZ state: all zeros with probability 1/2, X…X = 1.
    qubits = cirq.LineQubit.range(1024)
    ghz = cirq.Circuit(cirq.H(qubits[0]), [cirq.CNOT(a, b) for a, b in itertools.pairwise(qubits)])
    parity = cirq.PauliString(dict.fromkeys(qubits, cirq.X))
    zeros, mixed = (
        cirq.ProjectorString({**dict.fromkeys(qubits, 0), qubits[9]: b}) for b in (0, 1)
    )
    reads = [parity, cirq.Z(qubits[3]) * cirq.Z(qubits[700]), cirq.Z(qubits[5]), zeros, mixed]
    result = qnnbench.expectations(ghz, reads, [], backend="stabilizer")
    np.testing.assert_array_equal(result.values[0], [1, 1, 0, 0.5, 0])
    plus = StabilizerState.graph(1024, [])
    idle = cirq.Circuit(cirq.I(q) for q in qubits)
    least = qnnbench.expectations(idle, cirq.ProjectorString(dict.fromkeys(qubits, 0)), [], plus)
    assert least.values[0, 0] == 2.0**-1024


def test_what_is_not_clifford_is_declined_with_its_place():
    q = cirq.LineQubit.range(3)
    a, b = sympy.symbols("a b")
    circuit = cirq.Circuit(cirq.CZ(q[0], q[1]), cirq.rx(a)(q[2]), cirq.CZ(q[1], q[2]) ** b)
    read = cirq.PauliString(cirq.Z(q[2]))
    with pytest.raises(BackendCannot, match=r"qubits \(1, 2\) is not Clifford at a = 0.3, b = 1"):
        qnnbench.expectations(circuit, read, [0.3, 1.0], backend="stabilizer")
    with pytest.raises(BackendCannot, match="only 'stabilizer' takes it"):
        qnnbench.expectations(
            circuit, read, [0, 1], StabilizerState.graph(3, [(0, 1)]), backend="tree"
        )
    bell = MPS.from_circuit(cirq.Circuit(cirq.H(q[0]), cirq.CNOT(q[0], q[1])), 3)
    with pytest.raises(BackendCannot, match="bond 2"):
        qnnbench.expectations(circuit, read, [0, 1], bell, backend="stabilizer")
    magic = MPS.product([[1, 0], [1, 0], [1, 0.5]])
    with pytest.raises(BackendCannot, match="eigenvector of X, Y or Z"):
        qnnbench.expectations(circuit, read, [0, 1], magic, backend="stabilizer")
    values = qnnbench.expectations(circuit, read, [np.pi / 2, 1], backend="stabilizer")
    with pytest.raises(BackendCannot, match="gradients asked"):
        values.gradient([[1.0]])
    with pytest.raises(NotClifford, match=r"qubits \(0,\)"):
        StabilizerState.from_circuit(cirq.Circuit(cirq.T(q[0])), 1)
    with pytest.raises(ValueError, match="edges must be pairs"):
        StabilizerState.graph(3, [(0, 1), (1, 0)])
    with pytest.raises(ValueError, match="sites are whole numbers from 0 to 2"):
        StabilizerState.graph(3, [(0, 3)])
    with pytest.raises(ValueError, match="bits are 0 or 1"):
        StabilizerState.graph(3, []).probability([(0, 2)])
    with pytest.raises(ValueError, match="at least one qubit"):
        StabilizerState.graph(0, [])
    with pytest.raises(ValueError, match="eigenvector of X, Y or Z"):
        StabilizerState.product([[0.0, 0.0]])
