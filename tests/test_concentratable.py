"""Concentratable entanglement: closed forms of known states, and the family made of it."""

from dataclasses import replace
from itertools import combinations, pairwise

import cirq
import numpy as np
import pytest

from qnnbench.states.certificates import certify
from qnnbench.states.datasets import build_dataset
from qnnbench.states.families.concentratable import (
    blocks_circuit,
    blocks_state,
    path_purity,
    phase_of,
)
from qnnbench.states.mps import MPS
from qnnbench.states.quantities.entanglement import (
    concentratable_entanglement,
    mean_subsystem_purity,
)

SIZES = [4, 9, 30, 100]
SMALL = {"train": 4, "validation": 2, "test": 4}


def broken_facts(dataset):
    return {row["fact"] for row in certify(dataset) if not row["holds"]}


def closed(first, middle, last, n_qubits):
    """Return the state of one tensor repeated along the chain, with other ends."""
    return MPS.from_tensors([first, *[middle] * (n_qubits - 2), last])


def ghz(n_qubits):
    copy = np.zeros((2, 2, 2))
    copy[0, 0, 0] = copy[1, 1, 1] = 1
    return closed(copy.sum(0, keepdims=True), copy, copy.sum(2, keepdims=True), n_qubits)


def w_state(n_qubits):
    add = np.zeros((2, 2, 2))
    add[0, 0, 0] = add[1, 0, 1] = add[0, 1, 1] = 1
    return closed(add[:1], add, add[:, :, 1:], n_qubits)


def star(n_qubits):
    """Qubit 0 joined to all others by CZ: its bit travels along and turns every other."""
    turn = np.zeros((2, 2, 2))
    turn[0, :, 0], turn[1, :, 1] = 1, [1, -1]
    return closed(np.eye(2)[None], turn, turn.sum(2, keepdims=True), n_qubits)


def complete(n_qubits):
    """CZ on all pairs: k ones have the sign (-1)^(k(k-1)/2), so k modulo 4 travels along."""
    count = np.zeros((4, 2, 4))
    for k in range(4):
        count[k, 0, k] = count[k, 1, (k + 1) % 4] = 1
    signs = np.array([1, 1, -1, -1])
    return closed(count[:1], count, (count @ signs)[:, :, None], n_qubits)


def path(n_qubits):
    turn = np.array([[1.0, 1.0], [1.0, -1.0]])[:, :, None] * np.eye(2)
    return closed(np.eye(2)[None], turn, turn.sum(2, keepdims=True), n_qubits)


def ring(n_qubits):
    """The path with the first bit carried beside the last one met, for the closing CZ."""
    turn = np.array([[1.0, 1.0], [1.0, -1.0]])
    first = np.einsum("sa,sb->sab", np.eye(2), np.eye(2)).reshape(1, 2, 4)
    middle = np.einsum("bs,sc,af->absfc", turn, np.eye(2), np.eye(2)).reshape(4, 2, 4)
    last = np.einsum("bs,as->abs", turn, turn).reshape(4, 2, 1)
    return closed(first, middle, last, n_qubits)


def bell_pairs(n_qubits):
    return MPS.from_tensors([np.eye(2)[None], np.eye(2)[:, :, None]] * (n_qubits // 2))


def fibonacci(n, first=0, second=1):
    """Return F_n, or the Lucas number L_n from first=2."""
    for _ in range(n):
        first, second = second, first + second
    return first


CLOSED_FORMS = {
    ghz: lambda n: 0.5 + 0.5**n,
    star: lambda n: 0.5 + 0.5**n,
    complete: lambda n: 0.5 + 0.5**n,
    w_state: lambda n: (n + 1) / (2 * n),
    bell_pairs: lambda n: 0.75 ** (n // 2),
    path: lambda n: fibonacci(n + 2) / 2**n,
    ring: lambda n: (fibonacci(n, 2) + 1) / 2**n,
}


@pytest.mark.parametrize("state", CLOSED_FORMS, ids=lambda state: state.__name__)
@pytest.mark.parametrize("n_qubits", SIZES)
def test_mean_purities_have_their_closed_forms(state, n_qubits):
    n = n_qubits - n_qubits % 2 if state is bell_pairs else n_qubits
    found = mean_subsystem_purity(state(n))
    assert found == pytest.approx(CLOSED_FORMS[state](n), rel=1e-12)
    assert concentratable_entanglement(state(n)) == pytest.approx(1 - found, abs=1e-15)


@pytest.mark.parametrize("state", [star, complete, path, ring], ids=lambda state: state.__name__)
def test_graph_states_are_those_of_their_graphs(state):
    edges = {
        star: [(0, k) for k in range(1, 6)],
        complete: list(combinations(range(6), 2)),
        path: list(pairwise(range(6))),
        ring: [*pairwise(range(6)), (0, 5)],
    }[state]
    qubits = cirq.LineQubit.range(6)
    circuit = cirq.Circuit(
        cirq.H.on_each(*qubits), [cirq.CZ(qubits[a], qubits[b]) for a, b in edges]
    )
    made = cirq.Simulator(dtype=np.complex128).simulate(circuit).final_state_vector
    assert abs(np.vdot(made, state(6).state_vector())) == pytest.approx(1)


@pytest.mark.parametrize("phase", [0.0, 0.4, 1.7, np.pi])
@pytest.mark.parametrize("length", [2, 5])
def test_purity_of_a_block_is_the_mean_over_all_subsystems(length, phase):
    state = blocks_state(length, [0], length, phase)
    purities = [1.0]
    for size in range(1, length + 1):
        for sites in combinations(range(length), size):
            marginal = state.reduced_density_matrix(sites)
            purities.append(np.trace(marginal @ marginal).real)
    assert path_purity(length, phase) == pytest.approx(np.mean(purities), rel=1e-12)


@pytest.mark.parametrize("length", [2, 7, 100])
def test_block_purity_ends_at_the_product_and_the_path_cluster(length):
    assert path_purity(length, 0.0) == pytest.approx(1, rel=1e-12)
    assert path_purity(length, np.pi) == pytest.approx(
        fibonacci(length + 2) / 2**length, rel=1e-12
    )


@pytest.mark.parametrize("n_qubits", [8, 100])
def test_chosen_phases_give_the_wanted_entanglement(n_qubits):
    for wanted in (0.0, 0.2, 0.6, 0.75):
        phase = phase_of(wanted, 4, 2)
        state = blocks_state(n_qubits, [0, n_qubits - 4], 4, phase)
        assert concentratable_entanglement(state) == pytest.approx(wanted, abs=1e-11)


def test_circuits_make_the_states():
    circuit = blocks_circuit(9, [1, 5], 3, 0.9)
    simulator = cirq.Simulator(dtype=np.complex128)
    made = simulator.simulate(circuit, qubit_order=cirq.LineQubit.range(9)).final_state_vector
    np.testing.assert_allclose(made, blocks_state(9, [1, 5], 3, 0.9).state_vector(), atol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_blocks": 3}, "3 blocks of 4 qubits do not fit 8"),
        ({"block_length": 1}, "at least 2 qubits"),
        ({"high": (0.3, 0.7)}, "must ascend"),
        ({"high": (0.5, 0.9)}, "reach a concentratable entanglement from 0 to 0.7500"),
    ],
)
def test_errors_say_what_was_asked(options, message):
    with pytest.raises(ValueError, match=message):
        build_dataset("concentratable", 8, SMALL, seed=1, **options)


@pytest.fixture(scope="module")
def wide():
    return build_dataset("concentratable", 100, SMALL, seed=1)


def test_certificates_hold_at_a_hundred_qubits(wide):
    assert not broken_facts(wide)
    assert wide.max_bond_dim == 2


def test_labels_are_ranges_of_entanglement(wide):
    for label, (low, high) in enumerate([(0.1, 0.35), (0.45, 0.7)]):
        chosen = wide.targets[wide.labels == label]
        assert np.all((low <= chosen) & (chosen <= high))
    assert len({tuple(facts["starts"]) for facts in wide.parameters}) > 5


def test_wrong_targets_labels_and_phases_are_found(wide):
    assert "targets are concentratable entanglements" in broken_facts(
        replace(wide, targets=wide.targets + 1e-9)
    )
    swapped = replace(wide, labels=1 - wide.labels)
    assert broken_facts(swapped) == {"label 1 is more entangled than label 0"}
    facts = [{**facts, "phase": facts["phase"] + 1e-4} for facts in wide.noiseless.parameters]
    exact = replace(wide.noiseless, parameters=tuple(facts))
    assert broken_facts(replace(wide, noiseless=exact)) == {
        "targets are those of the blocks' phases",
        "preparation circuits make the states",
    }


def test_blocks_in_other_places_are_found(wide):
    facts = [
        {**facts, "starts": [(s + 4) % 100 for s in facts["starts"]]}
        for facts in wide.noiseless.parameters
    ]
    exact = replace(wide.noiseless, parameters=tuple(facts))
    assert "blocks begin where they are said to" in broken_facts(replace(wide, noiseless=exact))
