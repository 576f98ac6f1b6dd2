"""One shot: success probabilities are those of drawn outcomes, of the best single readout."""

import cirq
import numpy as np
import pandas as pd
import pytest

from qnnbench.backends import Evaluator
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.figures.scores import LABEL_STUDY, accuracies, fidelities, label_study
from qnnbench.report.summary import overview, sentences
from qnnbench.results import to_table
from qnnbench.tasks.losses import readout_observables
from qnnbench.tasks.one_shot import Measurable, OneShot
from tests import synthetic_rows
from tests.circuits import random_mps

N_SHOTS = 20_000
NETWORKS = [
    ("qcnn", {}, None),
    ("rg_tree", {}, None),
    ("rg_tree", {}, 0),  # the mean Z of two discarded qubits
    ("hea", {"readout": "local", "n_layers": 2}, None),
    ("hea", {"readout": "global", "n_layers": 2}, None),
]


def measured(network, axis, vector, rng):
    """Return outcomes of one readout, each of its own copy of ``vector``, by measuring it."""
    n_qubits = network.n_qubits
    qubits = cirq.LineQubit.range(n_qubits)
    columns = np.flatnonzero(axis)
    if len(columns) > 1:  # X, Y, Z of one qubit: its spin along a direction
        return spins(axis[columns], vector, rng)
    (column,) = columns
    return axis[column] * outcomes_of(readout_observables(network)[column], qubits, vector, rng)


def spins(direction, vector, rng):
    """Return outcomes of the spin of qubit 0 along a direction, by its eigenvectors."""
    paulis = [cirq.unitary(pauli) for pauli in (cirq.X, cirq.Y, cirq.Z)]
    values, basis = np.linalg.eigh(np.tensordot(direction, paulis, 1))
    parts = basis.conj().T @ (vector / np.linalg.norm(vector)).reshape(2, -1)
    law = np.sum(np.abs(parts) ** 2, axis=1)
    return np.round(values[rng.choice(2, size=N_SHOTS, p=law / law.sum())])


def outcomes_of(observable, qubits, vector, rng):
    n_qubits = len(qubits)
    turns = []
    if isinstance(observable, cirq.PauliString):
        turns = [
            op for q, p in observable.items() for op in cirq.PauliString({q: p}).to_z_basis_ops()
        ]
    turned = cirq.Circuit([cirq.I.on_each(*qubits), turns])
    vector = cirq.Simulator(dtype=np.complex128).simulate(
        turned, qubit_order=qubits, initial_state=vector / np.linalg.norm(vector)
    )
    law = np.abs(vector.final_state_vector) ** 2
    words = rng.choice(len(law), size=N_SHOTS, p=law / law.sum())
    bits = words[:, None] >> np.arange(n_qubits)[::-1] & 1
    if isinstance(observable, cirq.PauliString):
        return np.prod([1 - 2 * bits[:, q.x] for q in observable], axis=0)
    if isinstance(observable, cirq.ProjectorString):
        return (words == 0).astype(float)
    centre = sum(s.coefficient.real for s in observable if not s)
    letters = [s for s in observable if s]  # of equal weight: any of them, by a Z measurement
    sites = rng.choice([q.x for s in letters for q in s], size=N_SHOTS)
    return centre + len(letters) * letters[0].coefficient.real * (
        1 - 2.0 * bits[np.arange(N_SHOTS), sites]
    )


@pytest.mark.parametrize(("ansatz", "options", "only"), NETWORKS)
def test_success_is_the_frequency_of_right_guesses_on_measured_outcomes(ansatz, options, only):
    rng = np.random.default_rng(3)
    network = build_ansatz(ansatz, 4, **options)
    params = rng.uniform(0, 2 * np.pi, size=len(network.symbols))
    states, labels = [random_mps(4, 2, rng) for _ in range(4)], np.array([0, 1, 0, 1])
    evaluator = Evaluator(network.circuit, readout_observables(network), network.symbols)
    features = evaluator(params, states).values
    allowed = Measurable.of(network)
    if only is not None:
        allowed = Measurable(allowed.ranges, ((only,),))
    shot = OneShot.fit(features, labels, allowed)
    success = shot.success(features, labels)
    circuit = cirq.resolve_parameters(
        network.circuit, dict(zip(network.symbols, params, strict=True))
    )
    for state, label, expected in zip(states, labels, success, strict=True):
        vector = cirq.unitary(circuit) @ state.state_vector()
        outcomes = measured(network, shot.axis, vector, rng)
        assert np.isin(outcomes.round(12), np.round([shot.lower, shot.upper], 12)).all()
        centred = outcomes - (shot.lower + shot.upper) / 2
        np.testing.assert_allclose(
            shot.signal(evaluator(params, state).values),
            np.sign(centred).mean(),
            atol=5 / np.sqrt(N_SHOTS),
        )
        found = np.mean((outcomes > (shot.lower + shot.upper) / 2) == (label == 1))
        deviation = np.sqrt(expected * (1 - expected) / N_SHOTS)
        assert abs(found - expected) <= 5 * deviation + 1e-12


def test_drawn_guesses_have_the_stated_probability():
    rng = np.random.default_rng(0)
    shot = OneShot(np.array([0.0, -1.0]), lower=-1.0, upper=1.0)
    features, labels = rng.uniform(-1, 1, size=(50, 2)), np.tile([0, 1], 25)
    success = shot.success(features, labels)
    np.testing.assert_allclose(success[labels == 0], (1 + features[::2, 1]) / 2)
    np.testing.assert_allclose(success[labels == 1], (1 - features[1::2, 1]) / 2)
    counts = [shot.correct(features, labels, rng.random(50)).mean() for _ in range(2000)]
    deviation = np.sqrt(np.mean(success * (1 - success)) / (50 * 2000))
    assert abs(np.mean(counts) - success.mean()) < 5 * deviation


def test_fit_takes_the_best_of_all_single_readouts():
    rng = np.random.default_rng(1)
    ranges = np.array([[-1.0, 1.0], [0.0, 1.0], [-0.5, 0.5]])
    allowed = Measurable(ranges, ((0,), (1,), (2,)))
    labels = np.tile([0, 1], 8)
    for _ in range(20):
        features = rng.uniform(*ranges.T, size=(16, 3))
        best = OneShot.fit(features, labels, allowed).success(features, labels).mean()
        rivals = [
            OneShot(sign * axis, *sorted(sign * ends)).success(features, labels).mean()
            for axis, ends in zip(np.eye(3), ranges, strict=True)
            for sign in (-1, 1)
        ]
        assert best == max(rivals)


def test_one_copy_tells_ghz_from_its_dephased_mixture_three_times_in_four():
    # <X^n> is 1 and 0: an outcome -1 is always the mixture, +1 half of the mixtures too.
    labels = np.tile([0, 1], 4)
    features = 1.0 - labels[:, None]
    shot = OneShot.fit(features, labels, Measurable(np.array([[-1.0, 1.0]]), ((0,),)))
    assert shot.success(features, labels).mean() == pytest.approx(0.75)
    assert shot.axis == [-1]


def test_a_qubit_is_measured_along_the_direction_that_tells_most():
    # Helstrom: 1/2 + |r_1 - r_0|/4 for the mean Bloch vectors r of two classes of one qubit.
    rng = np.random.default_rng(4)
    network = build_ansatz("rg_tree", 5)
    allowed = Measurable.of(network)
    assert allowed.groups == ((0,), (1,), (2,), (3, 4, 5))  # the last layer is one qubit, alone
    labels = np.tile([0, 1], 8)
    features = np.hstack([np.zeros((16, 3)), rng.uniform(-0.5, 0.5, size=(16, 3))])
    shot = OneShot.fit(features, labels, allowed)
    gap = features[labels == 1].mean(axis=0) - features[labels == 0].mean(axis=0)
    helstrom = 0.5 + np.linalg.norm(gap) / 4
    assert shot.success(features, labels).mean() == pytest.approx(helstrom, abs=1e-12)


def test_ranges_of_sums_and_projectors_are_their_extreme_outcomes():
    for ansatz, options, expected in (
        ("hea", {"readout": "local"}, [[0, 1]]),
        ("hea", {"readout": "global"}, [[0, 1]]),
        ("hea", {"readout": "middle"}, [[-1, 1]]),
        ("rg_tree", {}, [[-1, 1]] * 6),
    ):
        ranges = Measurable.of(build_ansatz(ansatz, 5, **options)).ranges
        np.testing.assert_allclose(ranges, expected, atol=1e-12)


def test_one_shot_rows_leave_main_scores_and_their_figures_as_they_were():
    tables = {name: to_table(name, rows) for name, rows in synthetic_rows.study().items()}
    frames = {name: table.to_pandas() for name, table in tables.items()}
    once = frames["scores"].query("metric == 'accuracy'").assign(value=0.5, record="one shot")
    more = [once.assign(metric=name) for name in ("one_shot_accuracy", "one_shot_success")]
    study = once.assign(metric="one_shot_accuracy", dataset=LABEL_STUDY)
    added = {**frames, "scores": pd.concat([frames["scores"], *more, study])}
    assert overview(added).rows == overview(frames).rows
    assert sentences(added) == sentences(frames)
    for select in (accuracies, fidelities, label_study):
        pd.testing.assert_frame_equal(select(added["scores"]), select(frames["scores"]))
