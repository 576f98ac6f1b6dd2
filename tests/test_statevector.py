"""The state-vector backend against cirq.Simulator, closed forms and identities."""

import itertools
import os
import subprocess
import sys

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.backends import BackendCannot, statevector
from qnnbench.backends.evaluate import Evaluator
from qnnbench.backends.protocol import Query
from qnnbench.backends.statevector.arrays import ArrayKernel
from qnnbench.backends.statevector.backend import cost, families
from qnnbench.backends.statevector.light_cones import light_cones
from qnnbench.backends.statevector.plan import plan
from qnnbench.circuits.ansatze import build_ansatz, pauli_rotation
from qnnbench.circuits.observables import PauliTerms
from qnnbench.circuits.program import Program
from tests.circuits import cirq_gradient, cirq_values, random_circuit, random_mps

MIDDLE = PauliTerms((1.0,), (((10, 3),),))  # Z on site 10


def check_against_cirq(circuit, observables, symbols, states, rng):
    """Compare values and a random pull-back for every state."""
    params = rng.normal(size=len(symbols))
    result = qnnbench.expectations(circuit, observables, params, states, symbols, "statevector")
    cotangent = rng.normal(size=result.values.shape)
    expected = np.zeros(len(symbols))
    assignment = dict(zip(symbols, params, strict=True))
    for state, values, weights in zip(states, result.values, cotangent, strict=True):
        call = (state.state_vector(), state.n_qubits)
        np.testing.assert_allclose(
            values, cirq_values(circuit, observables, assignment, *call), atol=1e-9
        )
        expected += cirq_gradient(circuit, observables, symbols, params, *call) @ weights
    for _ in range(2):  # a pull-back leaves nothing behind
        np.testing.assert_allclose(result.gradient(cotangent), expected, atol=1e-9)


def mixed_observables(n_qubits: int, rng: np.random.Generator) -> list:
    """Return strings on one, two and three qubits, projectors, a sum and the identity."""
    q = cirq.LineQubit.range(n_qubits)
    a, b, c = (q[i] for i in rng.choice(n_qubits, 3, replace=False))
    return [
        cirq.PauliString(cirq.Y(a)),
        1.5 * cirq.X(b) * cirq.Y(c),
        -0.5 * cirq.Y(a) * cirq.X(b) * cirq.Z(c),
        cirq.ProjectorString({a: 1, c: 0}, coefficient=0.7),
        cirq.ProjectorString({q[i]: int(rng.integers(2)) for i in range(n_qubits)}),
        0.5 * cirq.Z(a) * cirq.Y(b) - 2 * cirq.X(c) + 0.25,
        cirq.PauliString(coefficient=2.0),
    ]


@pytest.mark.parametrize("seed", range(6))
def test_long_range_circuits_on_batches_of_entangled_states(seed):
    rng = np.random.default_rng(seed)
    n_qubits = int(rng.integers(3, 7))
    circuit, symbols = random_circuit(n_qubits, 3 * n_qubits, rng)
    states = [random_mps(n_qubits, bond, rng, bond > 2) for bond in (1, 2, 4)]
    check_against_cirq(circuit, mixed_observables(n_qubits, rng), symbols, states, rng)


@pytest.mark.parametrize("seed", range(4))
def test_cones_with_idle_qubits_inside_and_outside(seed):
    # Four of nine qubits meet gates: the cone has gaps, and the state is wider than it.
    rng = np.random.default_rng(seed)
    busy = sorted(rng.choice(np.arange(1, 8), 4, replace=False))
    small, symbols = random_circuit(4, 10, rng)
    moved = {cirq.LineQubit(i): cirq.LineQubit(int(site)) for i, site in enumerate(busy)}
    circuit = small.transform_qubits(moved)
    q = [moved[cirq.LineQubit(i)] for i in range(4)]
    observables = [
        cirq.X(q[0]) * cirq.Y(q[3]),
        cirq.X(q[0]) * cirq.Z(q[1]) * cirq.Y(q[3]),
        cirq.PauliString(cirq.Z(q[2])),
        cirq.PauliString(cirq.X(cirq.LineQubit(8))),  # a qubit that no gate touches
    ]
    states = [random_mps(9, bond, rng) for bond in (1, 3)]
    check_against_cirq(circuit, observables, symbols, states, rng)


def test_lone_qubits_and_one_qubit_gates():
    rng = np.random.default_rng(0)
    q = cirq.LineQubit.range(5)
    symbols = sympy.symbols("a0:3")
    circuit = cirq.Circuit(
        pauli_rotation("X", symbols[0], q[0]),
        pauli_rotation("Y", symbols[1], q[2]),
        cirq.S(q[4]),
        pauli_rotation("X", 2 * symbols[0] + symbols[2], q[4]),
    )
    observables = [
        cirq.Z(q[0]),
        cirq.X(q[0]) * cirq.Z(q[2]),
        cirq.Z(q[0]) * cirq.Z(q[2]) * cirq.Y(q[4]),
    ]
    for bond in (1, 2):
        check_against_cirq(circuit, observables, symbols, [random_mps(5, bond, rng)], rng)


@pytest.mark.parametrize(
    ("name", "n_qubits"), [("qcnn", 5), ("qcnn", 7), ("brickwork", 6), ("hea", 5)]
)
def test_ansatze_agree_with_cirq_along_a_direction(name, n_qubits):
    # One angle t moves all others: θ = params + t direction, and d/dt = direction · gradient.
    rng = np.random.default_rng(n_qubits)
    network = build_ansatz(name, n_qubits)
    params, direction = rng.normal(size=(2, len(network.symbols)))
    state = random_mps(n_qubits, 2, rng)
    result = Evaluator.of(network)(params, state, "statevector")
    t = sympy.Symbol("t")
    line = {
        symbol: float(start) + float(slope) * t
        for symbol, start, slope in zip(network.symbols, params, direction, strict=True)
    }
    circuit = cirq.resolve_parameters(network.circuit, line)
    slope = cirq_gradient(
        circuit,
        list(network.observables),
        (t,),
        np.zeros(1),
        state.state_vector(),
        n_qubits,
    )
    assert result.gradient([[1.0]]) @ direction == pytest.approx(slope[0, 0], abs=1e-9)


def test_all_twenty_qubits_of_a_rotated_ghz_state():
    # exp(-iΣ θ_j Z_j / 2) on a GHZ state gives <X…X> = cos Σθ_j; |1…1> has probability 1/2.
    q = cirq.LineQubit.range(20)
    symbols = sympy.symbols("a0:20")
    circuit = cirq.Circuit(cirq.H(q[0]), (cirq.CNOT(a, b) for a, b in itertools.pairwise(q)))
    circuit += [pauli_rotation("Z", t, a) for t, a in zip(symbols, q, strict=True)]
    params = np.random.default_rng(1).normal(size=20)
    observables = [
        cirq.PauliString(dict.fromkeys(q, cirq.X)),
        cirq.ProjectorString(dict.fromkeys(q, 1)),
    ]
    result = qnnbench.expectations(circuit, observables, params, None, symbols, "statevector")
    np.testing.assert_allclose(result.values[0], [np.cos(params.sum()), 0.5], atol=1e-12)
    slope = -np.sin(params.sum())
    np.testing.assert_allclose(result.gradient([[1.0, 3.0]]), np.full(20, slope), atol=1e-12)


def test_one_cone_of_eighteen_qubits_agrees_with_many_small_ones():
    # The string Z…Z has every qubit in its cone, so all that is read with it grows to 2^18.
    network = build_ansatz("brickwork", 18, n_layers=2)
    rng = np.random.default_rng(2)
    params = rng.normal(size=len(network.symbols))
    state = random_mps(18, 2, rng)
    q = cirq.LineQubit.range(18)
    everything = cirq.PauliString(dict.fromkeys(q, cirq.Z))
    readout = [cirq.PauliString(dict.fromkeys(q[i : i + 15], cirq.Z)) for i in (0, 3)]
    alone = [
        qnnbench.expectations(network.circuit, o, params, state, network.symbols, "statevector")
        for o in readout
    ]
    together = qnnbench.expectations(
        network.circuit, [everything, *readout], params, state, network.symbols, "statevector"
    )
    np.testing.assert_allclose(together.values[0, 1:], [a.values[0, 0] for a in alone], atol=1e-13)
    np.testing.assert_allclose(
        together.gradient([[0.0, 1.0, 2.0]]),
        alone[0].gradient([[1.0]]) + alone[1].gradient([[2.0]]),
        atol=1e-13,
    )


def query_of(network, states=None) -> Query:
    return Evaluator.of(network).query(states)[0]


def test_equal_cones_run_once_and_give_the_chain_rule():
    # Shared angles are the unshared circuit at equal angles: its gradients add up.
    shared = build_ansatz("brickwork", 60, n_layers=3, sharing="layer")
    free = build_ansatz("brickwork", 60, n_layers=3)
    n_runs = [sum(len(f.tensors) for f in families(query_of(n))) for n in (shared, free)]
    assert n_runs[0] < 8 < 25 < n_runs[1]
    params = np.random.default_rng(3).normal(size=len(shared.symbols))
    place = {symbol.name: i for i, symbol in enumerate(shared.symbols)}
    parts = (symbol.name.split("_") for symbol in free.symbols)  # b_layer_site_angle
    tied = [place[f"b_{layer}_{angle}"] for _, layer, _, angle in parts]
    results = [
        qnnbench.expectations(n.circuit, n.observables, p, None, n.symbols, "statevector")
        for n, p in ((shared, params), (free, params[tied]))
    ]
    np.testing.assert_allclose(results[0].values, results[1].values, atol=1e-13)
    expected = np.zeros(len(params))
    np.add.at(expected, tied, results[1].gradient([[1.0]]))
    np.testing.assert_allclose(results[0].gradient([[1.0]]), expected, atol=1e-13)


def test_equal_states_run_once():
    rng = np.random.default_rng(4)
    network = build_ansatz("qcnn", 6)
    state, other = random_mps(6, 2, rng), random_mps(6, 2, rng)
    (family,) = families(query_of(network, [state, other, state]))
    assert len(family.tensors) == 2
    params = rng.normal(size=len(network.symbols))
    result = Evaluator.of(network)(params, [state, other, state], "statevector")
    assert result.values[0] == result.values[2] != result.values[1]


def test_last_blocks_never_meet_the_vector():
    # Means of single qubits after a brick wall: the whole last layer is absorbed.
    network = build_ansatz("brickwork", 8, n_layers=3)
    program: Program = Evaluator.of(network).program
    cones = light_cones(program, query_of(network).observables)
    last_layer = set(range(len(program.sites))[-4:])
    assert all(cone.last.min() >= 0 for cone in cones)
    assert not last_layer & {int(b) for cone in cones for b in cone.slots}


@pytest.mark.parametrize("n_qubits", [22, 24])
def test_memory_stays_within_24_gib(n_qubits):
    stated = cost(query_of(build_ansatz("qcnn", n_qubits))).memory_bytes
    assert 16 * 2**n_qubits < stated < 8 * 16 * 2**n_qubits < 24 * 2**30


def test_stated_memory_holds_every_vector_of_every_state():
    rng = np.random.default_rng(5)
    query = query_of(build_ansatz("qcnn", 10), [random_mps(10, 4, rng) for _ in range(3)])
    (family,) = families(query)
    stored = 8 * len(family.tensors) * family.plan.starts[-1]
    assert stored < cost(query).memory_bytes < 2 * stored


def test_too_wide_a_cone_is_declined_with_its_size():
    with pytest.raises(BackendCannot, match=r"depends on 26 qubits.*GB.*supported are 24"):
        cost(query_of(build_ansatz("qcnn", 26)))


def test_too_many_states_are_declined_with_their_size():
    state = random_mps(24, 2, np.random.default_rng(6))
    with pytest.raises(BackendCannot, match=r"24 qubits, 2\d\.\d GB.*17 GB"):
        cost(query_of(build_ansatz("qcnn", 24), [state] * 32))


def test_cost_counts_states_and_qubits():
    rng = np.random.default_rng(7)
    small, large = (cost(query_of(build_ansatz("qcnn", n))).seconds for n in (16, 20))
    assert 10 < large / small < 30  # 2^4 amplitudes more, and a few more blocks
    network = build_ansatz("qcnn", 16)
    batch = [random_mps(16, 2, rng) for _ in range(8)]
    one, eight = (cost(query_of(network, batch[:k])).seconds for k in (1, 8))
    assert 6 < eight / one < 8


def test_no_block_meets_a_vector_longer_than_the_last():
    # A cone inside an entangled state: with bond 8 the vector is longest one site before
    # the end, 8 x 2^7 amplitudes against 2^8, and blocks wait for the bond to close.
    cone = light_cones(query_of(build_ansatz("brickwork", 20, n_layers=4)).program, (MIDDLE,))[0]
    made = plan(cone.layout, (1, 8, 8, 8, 8, 8, 8, 8, 1))
    enters = np.cumsum(made.steps[:, 0] < 0)
    lengths = (made.bonds * 2 ** np.arange(9))[enters]
    assert lengths.max() == 8 * 2**7
    assert lengths[made.steps[:, 0] >= 0].max() == 2**8


@pytest.mark.parametrize(
    ("name", "options"),
    [("qcnn", {}), ("brickwork", {"n_layers": 4}), ("hea", {}), ("hea", {"readout": "local"})],
)
def test_array_kernel_equals_the_compiled_one(name, options):
    # The accelerator's loops, here on NumPy: they share plans with the compiled ones, no code.
    rng = np.random.default_rng(0)
    network = build_ansatz(name, 7, **options)
    evaluator = Evaluator.of(network)
    params = rng.uniform(0, 6, len(network.symbols))
    query, _ = evaluator.query([random_mps(8, 3, rng) for _ in range(3)])
    compiled = statevector.evaluate(query, params)
    arrays = statevector.evaluate(query, params, ArrayKernel(np.asarray))
    np.testing.assert_allclose(arrays.values, compiled.values, atol=1e-13)
    cotangent = rng.normal(size=compiled.values.shape)
    expected = compiled.pull_back(cotangent)
    np.testing.assert_allclose(arrays.pull_back(cotangent), expected, atol=1e-12)


ONE_VALUE_AND_GRADIENT = """
import numpy as np, qnnbench
from qnnbench.backends.statevector import kernel
from qnnbench.circuits.ansatze import build_ansatz
network = build_ansatz("hea", 8)
params = np.random.default_rng(0).normal(size=len(network.symbols))
found = qnnbench.expectations(
    network.circuit, list(network.observables), params, symbols=network.symbols,
    backend="statevector",
)
gradient = found.gradient(np.ones_like(found.values))
print(bool(kernel._run.stats.cache_misses), found.values.tobytes().hex(), gradient.tobytes().hex())
"""


def test_a_process_that_compiles_the_kernel_rounds_like_one_that_loads_it(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    said = [
        subprocess.run(
            [sys.executable, "-c", ONE_VALUE_AND_GRADIENT],
            capture_output=True, text=True, check=True, env=environment,
        ).stdout.split()
        for _ in range(2)
    ]  # fmt: skip
    assert [one[0] for one in said] == ["True", "False"]
    assert said[0][1:] == said[1][1:]
