"""The surface code: a code, of the distance that is claimed, by brute force and by paths."""

import itertools
from dataclasses import replace
from math import isqrt

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

from qnnbench.states.certificates import certify
from qnnbench.states.certificates.surface_code import common_strings
from qnnbench.states.datasets import DATASETS, build_dataset
from qnnbench.states.families.surface_code import checks, code_circuit, code_state, logical
from qnnbench.states.stabilizer import StabilizerState
from tests.test_stabilizer import partial_trace, simulated

SMALL = {"train": 4, "validation": 2, "test": 2}
DISTANCE_FACT = "all (d-1)-body marginals of the noiseless classes are equal, no further"


def broken(dataset):
    return {row["fact"]: row["value"] for row in certify(dataset) if not row["holds"]}


def stabilized_faces(states, distance, letter):
    """Return the 2 x 2 windows, cut at the rim, whose ``letter`` string has mean 1 in all."""
    found = []
    for r, c in itertools.product(range(-1, distance), repeat=2):
        window = [(y, x) for y in (r, r + 1) for x in (c, c + 1)]
        sites = [y * distance + x for y, x in window if 0 <= y < distance and 0 <= x < distance]
        string = dict.fromkeys(sites, letter)
        if len(sites) > 1 and all(state.expectation(string) == 1 for state in states):
            found.append(sites)
    return found


def lightest_logical(faces, crossing, n_qubits):
    """Return the fewest qubits that meet every face evenly and ``crossing`` oddly.

    A qubit is a step between the faces that hold it, or to the rim where one does; among
    closed walks those that cross oddly join the two sheets of a double cover.
    """
    rim, size = len(faces), len(faces) + 1
    steps = np.zeros((2 * size, 2 * size))
    for qubit in range(n_qubits):
        ends = [i for i, face in enumerate(faces) if qubit in face]
        a, b = [*ends, rim, rim][:2]
        for sheet in (0, 1):
            to = sheet ^ (qubit in crossing)
            steps[a + sheet * size, b + to * size] = steps[b + to * size, a + sheet * size] = 1
    walks = shortest_path(csr_array(steps), unweighted=True)
    return int(min(walks[i, i + size] for i in range(size)))


@pytest.mark.parametrize("distance", [3, 4, 5, 7, 10])
def test_checks_make_a_code_of_one_qubit(distance):
    n_qubits = distance**2
    matrices = {}
    for letter in "XZ":
        matrix = np.zeros((len(checks(distance, letter)), n_qubits), dtype=int)
        for row, qubits in zip(matrix, checks(distance, letter), strict=True):
            row[qubits] = 1
        matrices[letter] = matrix
        assert set(matrix.sum(axis=1)) == {2, 4}
        assert matrix.sum(axis=0).max() == 2
        assert not (matrix[:, logical(distance, "XZ"[letter == "X"])].sum(axis=1) % 2).any()
    assert sum(map(len, matrices.values())) == n_qubits - 1
    assert not (matrices["X"] @ matrices["Z"].T % 2).any()
    assert len(set(logical(distance, "X")) & set(logical(distance, "Z"))) == 1


@pytest.mark.parametrize("distance", [3, 5, 7, 10])
def test_distance_by_shortest_paths(distance):
    states = [code_state(distance, letter) for letter in "ZX"]
    for letter, other in ("XZ", "ZX"):
        faces = stabilized_faces(states, distance, letter)
        assert sorted(map(sorted, faces)) == sorted(map(sorted, checks(distance, letter)))
        crossing = set(logical(distance, letter))  # a logical of the other kind meets it oddly
        assert lightest_logical(faces, crossing, distance**2) == distance, other


def test_marginals_by_brute_force():
    zero, plus = (code_state(3, letter).state_vector() for letter in "ZX")
    assert abs(np.vdot(zero, plus)) ** 2 == pytest.approx(1 / 2, abs=1e-12)
    gaps = {
        sites: np.max(np.abs(partial_trace(zero, list(sites), 9) - partial_trace(plus, sites, 9)))
        for size in (1, 2, 3)
        for sites in itertools.combinations(range(9), size)
    }
    assert max(gap for sites, gap in gaps.items() if len(sites) < 3) < 1e-12
    assert {sites for sites, gap in gaps.items() if gap > 1e-3} >= {(0, 1, 2), (0, 3, 6)}


def test_lightest_logicals_by_brute_force():
    states = [code_state(3, letter) for letter in "ZX"]
    counts = np.zeros((2, 4), dtype=int)
    for letters in itertools.product("IXYZ", repeat=9):
        weight = 9 - letters.count("I")
        if weight <= 3:
            means = [state.expectation(dict(enumerate(letters))) for state in states]
            counts[0, weight] += means == [1, 0] or means == [-1, 0]
            counts[1, weight] += means == [0, 1] or means == [0, -1]
            assert weight == 0 or weight == 3 or means[0] == means[1]
    data = build_dataset("surface_code", 9, SMALL, seed=1)
    rows = data.certificate
    assert counts[:, :3].sum() == 0
    assert counts[0, 3] == rows["lightest strings of logical |0>"]["value"] > 0
    assert counts[1, 3] == rows["lightest strings of logical |+>"]["value"] > 0


def test_logical_states_and_circuits_by_amplitudes():
    zero, plus = (code_state(3, letter).state_vector() for letter in "ZX")
    words = np.zeros(512)
    for chosen in itertools.product((0, 1), repeat=4):  # |0>: sum over the X checks
        bits = np.zeros(9, dtype=int)
        for take, qubits in zip(chosen, checks(3, "X"), strict=True):
            bits[qubits] ^= take
        words[int("".join(map(str, bits)), 2)] = 1 / 4
    np.testing.assert_allclose(zero, words, atol=1e-12)
    flipped = words.reshape((2,) * 9)
    for qubit in logical(3, "X"):
        flipped = np.flip(flipped, qubit)
    np.testing.assert_allclose(plus, (words + flipped.reshape(-1)) / np.sqrt(2), atol=1e-12)
    for letter, vector in (("Z", zero), ("X", plus)):
        made = simulated(code_circuit(3, letter))
        assert abs(np.vdot(made, vector)) == pytest.approx(1, abs=1e-12)


def test_half_cuts_by_amplitudes():
    data = build_dataset("surface_code", 9, SMALL, seed=1)
    cuts = {"rows": [0, 1, 2], "columns": [0, 3, 6]}
    for name, letter in (("|0>", "Z"), ("|+>", "X")):
        vector = code_state(3, letter).state_vector()
        for cut, sites in cuts.items():
            weights = np.linalg.eigvalsh(partial_trace(vector, sites, 9))
            weights = weights[weights > 1e-12]
            entropy = -np.sum(weights * np.log2(weights))
            row = data.certificate[f"half-{cut} entropy of logical {name} in bits"]
            assert row["value"] == row["expected"] == pytest.approx(entropy, abs=1e-9)


@pytest.mark.parametrize("n_qubits", [9, 16, 25, 36, 49, 100])
def test_certificates_hold_at_every_distance(n_qubits):
    data = build_dataset("surface_code", n_qubits, SMALL, seed=2)
    rows = data.certificate
    assert all(row["holds"] for row in rows.values())
    assert rows[DISTANCE_FACT]["value"] == isqrt(n_qubits)
    if n_qubits == 100:
        halves = [
            rows[f"half-{cut} entropy of logical {name} in bits"]["value"]
            for cut in ("rows", "columns")
            for name in ("|0>", "|+>")
        ]
        assert halves == [4, 5, 6, 5]


def test_noise_lowers_the_contrast_as_derived():
    data = build_dataset("surface_code", 25, 400, seed=3, noise=0.05)
    letters = dict.fromkeys(range(5), "Z")
    found = np.array([state.expectation(letters) for state in data.states])
    expected = (1 - 4 / 3 * 0.05) ** 5
    error = found[data.labels == 0].std() / np.sqrt(200)
    assert abs(found[data.labels == 0].mean() - expected) < 5 * error
    assert not found[data.labels == 1].any()


def test_ceiling_is_helstroms():
    zero, plus = (code_state(3, letter).state_vector() for letter in "ZX")
    data = build_dataset("surface_code", 9, SMALL, seed=1)
    gap = np.outer(zero, zero.conj()) - np.outer(plus, plus.conj())
    helstrom = 0.5 + np.abs(np.linalg.eigvalsh(gap)).sum() / 4
    ceiling = DATASETS["surface_code"].ceiling
    assert ceiling(data, 1) == pytest.approx(helstrom, abs=1e-12)
    two = [np.kron(v, v) for v in (zero, plus)]
    assert ceiling(data, 2) == pytest.approx(
        0.5 + 0.5 * np.sqrt(1 - abs(np.vdot(*two)) ** 2), abs=1e-12
    )


def test_wrong_labels_are_found():
    data = build_dataset("surface_code", 25, SMALL, seed=1)
    labels = data.labels.copy()
    labels[2] = 1
    fact = "samples are states of their class up to Pauli errors"
    assert broken(replace(data, labels=labels)) == {fact: 1}
    exact = replace(data.noiseless, labels=1 - data.noiseless.labels)
    found = broken(replace(data, noiseless=exact))
    assert found[fact] == len(data.states)
    assert found["<Z on the first row> tells the classes apart"] == -1
    assert found["half-rows entropy of logical |0> in bits"] == 3


def test_one_odd_noiseless_state_is_found():
    data = build_dataset("surface_code", 9, SMALL, seed=1, noise=0.0)
    assert not broken(data)
    turn = np.stack([np.eye(2)] * 9).astype(complex)
    turn[4] = np.diag([1, -1])
    states = (*data.states[:4], data.states[4].rotated(turn), *data.states[5:])
    found = broken(replace(data, states=states))
    assert found["noiseless states of a class are equal"] > 0
    assert DISTANCE_FACT not in found  # which is about the first state of each class


def test_test_states_met_in_training_are_counted():
    data = build_dataset("surface_code", 9, 40, seed=1, noise=0.05)
    train, test = (
        [
            s
            for s, split in zip(data.states, data.splits, strict=True)
            if (split == "test") is wanted
        ]
        for wanted in (False, True)
    )
    strings = [[s.tableau.z_output(k) for k in range(9)] for s in train]
    met = sum(any(all(s.mean(g) == 1 for g in own) for own in strings) for s in test)
    (row,) = (r for r in certify(data) if r["fact"].startswith("test states that stand"))
    assert 0 < row["value"] == met < len(test)


def test_other_pairs_are_found():
    data = build_dataset("surface_code", 9, SMALL, seed=1)
    zero = data.noiseless.states[0]
    one = StabilizerState.from_stabilizers(
        [*zero.stabilizers[:-1], "-" + zero.stabilizers[-1][1:]]
    )
    found = broken(replace(data, noiseless=replace(data.noiseless, states=(zero, one))))
    assert found["|<0|+>|² of the noiseless classes"] == 0
    agreeing, opposed = common_strings(zero, one)
    assert (len(agreeing), len(opposed)) == (8, 1)
    product = StabilizerState.product([np.eye(2)[0]] * 9)
    found = broken(replace(data, noiseless=replace(data.noiseless, states=(product, zero))))
    assert found[DISTANCE_FACT] == 1


@pytest.mark.parametrize("n_qubits", [4, 10, 99])
def test_only_squares_have_a_code(n_qubits):
    with pytest.raises(ValueError, match=f"a square >= 9, got {n_qubits}"):
        build_dataset("surface_code", n_qubits, seed=1)
