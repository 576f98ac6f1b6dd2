"""Exact contraction against Cirq, against other backends, and against itself in parts."""

import itertools
import json

import cirq
import numpy as np
import pytest

import qnnbench
from qnnbench.backends.evaluate import Evaluator
from qnnbench.backends.protocol import BackendCannot
from qnnbench.backends.tensor_network import backend as tensor_network
from qnnbench.backends.tensor_network import plan as planning
from qnnbench.backends.tensor_network.network import pauli_network, readouts
from qnnbench.backends.tensor_network.plan import plan, quick_plan
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.states.mps import MPS
from tests.circuits import cirq_gradient, cirq_values, random_circuit, random_mps


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Plans go to a folder of the test; none is remembered."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    forget_plans()
    yield tmp_path / "qnnbench" / "plans"
    forget_plans()


def forget_plans():
    plan.cache_clear()
    quick_plan.cache_clear()


def evaluate(circuit, observables, params, states=None, symbols=None, backend="tensor_network"):
    return qnnbench.expectations(circuit, observables, params, states, symbols, backend)


def cluster_circuit(n_qubits):
    q = cirq.LineQubit.range(n_qubits)
    return cirq.Circuit(cirq.H.on_each(q), [cirq.CZ(a, b) for a, b in itertools.pairwise(q)])


def qcnn_structure(n_qubits, pooling="controlled"):
    evaluator = Evaluator.of(build_ansatz("qcnn", n_qubits, pooling=pooling))
    ((_, readout),) = readouts(evaluator.observables[0])
    return pauli_network(evaluator.program, readout).structure


@pytest.mark.parametrize("seed", range(6))
def test_agrees_with_cirq_on_random_circuits(seed):
    rng = np.random.default_rng(seed)
    n_qubits = int(rng.integers(2, 9))
    circuit, symbols = random_circuit(n_qubits, 3 * n_qubits, rng)
    q = cirq.LineQubit.range(n_qubits)
    observables = [
        cirq.X(q[0]) * cirq.Y(q[-1]),
        0.5 * cirq.Z(q[1]) - 2 * cirq.X(q[0]) * cirq.Z(q[1]) + 0.25,
        cirq.ProjectorString({q[0]: 0, q[n_qubits // 2]: 1}, 3.0),
    ]
    params = rng.uniform(0, 2 * np.pi, len(symbols))
    state = random_mps(n_qubits, 3, rng)
    result = evaluate(circuit, observables, params, state, symbols)
    vector = state.state_vector()
    assignment = dict(zip(symbols, params, strict=True))
    expected = cirq_values(circuit, observables, assignment, vector, n_qubits)
    np.testing.assert_allclose(result.values[0], expected, atol=1e-11)
    slopes = cirq_gradient(circuit, observables, symbols, params, vector, n_qubits)
    cotangent = rng.normal(size=result.values.shape)
    np.testing.assert_allclose(result.gradient(cotangent), slopes @ cotangent[0], atol=1e-9)
    assert result.is_exact


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("qcnn", {}),
        ("qcnn", {"pooling": "discard", "sharing": "none"}),
        ("rg_tree", {}),
        ("brickwork", {"n_layers": 3}),
        ("hea", {"n_layers": 2}),
    ],
)
def test_agrees_with_statevector_at_uniform_angles(name, options):
    rng = np.random.default_rng(1)
    network = build_ansatz(name, 12, **options)
    params = rng.uniform(0, 2 * np.pi, len(network.symbols))
    states = [random_mps(12, bond, rng) for bond in (3, 2, 1)]
    call = (network.circuit, network.observables, params, states, network.symbols)
    ours, theirs = (evaluate(*call, backend) for backend in ("tensor_network", "statevector"))
    np.testing.assert_allclose(ours.values, theirs.values, atol=1e-12)
    cotangent = rng.normal(size=ours.values.shape)
    np.testing.assert_allclose(
        ours.gradient(cotangent), theirs.gradient(cotangent), rtol=1e-9, atol=1e-12
    )


def test_agrees_with_the_tree_backend_at_64_qubits():
    rng = np.random.default_rng(2)
    network = build_ansatz("rg_tree", 64)
    params = rng.uniform(0, 2 * np.pi, len(network.symbols))
    states = [random_mps(64, 2, rng)]
    call = (network.circuit, network.observables[-3:], params, states, network.symbols)
    ours, theirs = (evaluate(*call, backend) for backend in ("tensor_network", "tree"))
    np.testing.assert_allclose(ours.values, theirs.values, atol=1e-13)
    cotangent = rng.normal(size=ours.values.shape)
    np.testing.assert_allclose(ours.gradient(cotangent), theirs.gradient(cotangent), atol=1e-12)


def test_a_state_and_the_circuit_that_makes_it_are_one():
    # Cluster state in (bond 2), or |0…0> in and the cluster circuit compiled into the blocks.
    rng = np.random.default_rng(3)
    network = build_ansatz("qcnn", 32)
    params = rng.uniform(0, 2 * np.pi, len(network.symbols))
    prepare = cluster_circuit(32)
    state = MPS.from_circuit(prepare, 32)
    ones = np.ones((1, 1))
    given = evaluate(network.circuit, network.observables, params, state, network.symbols)
    made = evaluate(prepare + network.circuit, network.observables, params, None, network.symbols)
    assert abs(given.values[0, 0]) > 1e-3
    np.testing.assert_allclose(given.values, made.values, rtol=1e-9)
    np.testing.assert_allclose(given.gradient(ones), made.gradient(ones), atol=1e-13)


@pytest.mark.parametrize(("seed", "value", "slope"), [(5, -1, 0), (36, 0, 1)])
def test_clifford_angles_give_the_stabilizer_values_at_100_qubits(seed, value, slope):
    # Quarter turns of three angles in ten; most draws give zeros, these two do not. An
    # angle's derivative is half the difference of the values a quarter turn up and down:
    # Mitarai et al., Phys. Rev. A 98, 032309 (2018), Eq. (4).
    rng = np.random.default_rng(seed)
    network = build_ansatz("qcnn", 100, sharing="none", pooling="discard")
    turns = rng.integers(4, size=len(network.symbols)) * (rng.random(len(network.symbols)) < 0.3)
    params = turns * np.pi / 2
    prepare = cluster_circuit(100)
    state = MPS.from_circuit(prepare, 100)
    ours = evaluate(network.circuit, network.observables, params, state, network.symbols)

    def stabilizer_value(angles):
        call = (prepare + network.circuit, network.observables, angles, None, network.symbols)
        return evaluate(*call, "stabilizer").values[0, 0]

    assert stabilizer_value(params) == value
    assert ours.values[0, 0] == pytest.approx(value, abs=1e-11)
    gradient = ours.gradient(np.ones((1, 1)))
    assert np.abs(gradient).max() == pytest.approx(slope, abs=1e-11)
    for k in [*np.argsort(-np.abs(gradient))[:2], rng.integers(len(params))]:
        turn = np.pi / 2 * np.eye(len(params))[k]
        shifted = (stabilizer_value(params + turn) - stabilizer_value(params - turn)) / 2
        assert gradient[k] == pytest.approx(shifted, abs=1e-11)


def test_little_memory_costs_time_alone(monkeypatch):
    rng = np.random.default_rng(4)
    network = build_ansatz("qcnn", 16)
    params = rng.uniform(0, 2 * np.pi, len(network.symbols))
    states = [random_mps(16, 2, rng) for _ in range(6)]
    call = (network.circuit, network.observables, params, states, network.symbols)
    cotangent = rng.normal(size=(6, 1))
    whole = evaluate(*call)
    expected = whole.gradient(cotangent)
    roomy = plan(qcnn_structure(16), 4)
    limit = 8 * (0.5 * roomy.elements + 4 * roomy.largest)
    monkeypatch.setattr(planning, "MEMORY_BYTES", limit)
    monkeypatch.setattr(tensor_network, "MEMORY_BYTES", 1e6)  # less than all six keep
    monkeypatch.setattr(tensor_network, "_CHUNK", 1)
    forget_plans()
    tight = plan(qcnn_structure(16), 4)
    assert len(tight.segments) > 1
    assert tight.memory_bytes <= limit < roomy.memory_bytes
    thrifty = evaluate(*call)
    np.testing.assert_allclose(thrifty.values, whole.values, atol=1e-14)
    for _ in range(2):
        np.testing.assert_allclose(thrifty.gradient(cotangent), expected, atol=1e-14)


def test_plans_of_pooled_circuits_come_with_the_package():
    for n_qubits, multiplications in ((32, 1e7), (64, 2e8), (100, 2e9)):
        structure = qcnn_structure(n_qubits)
        assert quick_plan(structure, 4) == plan(structure, 4)
        assert plan(structure, 4).multiplications < multiplications
    shipped = {path.name for path in planning.SHIPPED.glob("*.json")}
    assert shipped == {
        planning._file_name(qcnn_structure(n, pooling), 16)
        for n in (32, 64, 100, 128, 256)
        for pooling in ("controlled", "discard")
    }


def test_a_plan_is_searched_once_and_a_broken_file_is_searched_again(own_cache, monkeypatch):
    structure = qcnn_structure(24)
    found = plan(structure, 16)
    assert found.multiplications <= quick_plan(structure, 16).multiplications
    (file,) = own_cache.glob("*")
    searches = []
    search = planning._searched
    monkeypatch.setattr(
        planning, "_searched", lambda *args: searches.append(args) or search(*args)
    )
    n_tensors = len(structure.terms)
    backwards = [[2 * n_tensors - 3 - t for t in pair] for pair in found.pairs]
    forget_plans()
    assert plan(structure, 16) == found
    assert not searches
    for broken in ('{"0": 1', "[null, 1]", json.dumps([*itertools.chain(*backwards)])):
        file.write_text(broken)
        forget_plans()
        assert plan(structure, 16) == found
        assert len(searches) == 1
        searches.clear()
        assert json.loads(file.read_text()) == [t for pair in found.pairs for t in pair]


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert plan(qcnn_structure(24), 16).multiplications > 1e6


def test_declines_what_it_cannot_do_with_the_estimate():
    network = build_ansatz("deep_brickwork", 24)
    params = np.zeros(len(network.symbols))
    with pytest.raises(BackendCannot, match=r"flops, .* s and .* GB .*'heisenberg'"):
        evaluate(network.circuit, network.observables, params, None, network.symbols)
    network = build_ansatz("hea", 48)
    params = np.zeros(len(network.symbols))
    with pytest.raises(BackendCannot, match=r"tensors; at most 2000"):
        evaluate(network.circuit, network.observables, params, None, network.symbols)


def test_is_chosen_for_wide_pooled_circuits():
    evaluator = Evaluator.of(build_ansatz("qcnn", 100))
    state = MPS.from_circuit(cluster_circuit(100), 100)
    choice = evaluator.choice(state)
    assert choice.backend.name == "tensor_network"
    assert choice.cost.seconds < 2
    assert choice.cost.memory_bytes < 1e9
