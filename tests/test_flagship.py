"""rg_tree: compress, then read. What is read, what trains, and how high a contrast can be."""

from functools import reduce

import cirq
import numpy as np
import pytest

from qnnbench.backends import Evaluator, Limits
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.states.datasets import build_dataset
from qnnbench.states.noise import NOISES, local_noise, shrinkage
from qnnbench.states.stabilizer import StabilizerState
from qnnbench.states.stabilizer_mps import stabilizer_mps
from qnnbench.tasks.ceilings import contrast_ceiling
from qnnbench.tasks.losses import readout_observables
from qnnbench.tasks.readout import Readout
from qnnbench.training import train_arm
from qnnbench.training.objective import StepLoss, parts_of
from qnnbench.training.settings import Settings, stages_of
from tests.circuits import cirq_values, random_mps

# Qubits that each layer discards, by hand: neighbours merge, the first of a pair stays.
DISCARDED = {5: ([1, 3], [2], [4]), 6: ([1, 3, 5], [2], [4])}

ARM = {
    "arm": "flagship",
    "task": "classification",
    "dataset": "ghz_dephased",
    "ansatz": "rg_tree",
    "angles": {"law": "uniform"},
    "repeats": 1,
    "n_steps": 120,
    "learning_rate": 0.05,
    "batch_size": 16,
    "gradient_noise": 5e-3,
    "validate_every": 40,
}
SIZES = {"train": 16, "validation": 16, "test": 40}


def contrast(arm, widths, folder, seed):
    """Return the test score of metric contrast at the widest of ``widths``."""
    data = {n: build_dataset(ARM["dataset"], n, SIZES, seed=seed) for n in widths}
    own = max(widths)
    tables = train_arm(
        {**ARM, **arm},
        data.pop(own),
        n_qubits=own,
        seed=seed,
        checkpoint_dir=folder,
        budget=Limits(seconds=1e6),
        narrower=data,
    )
    assert tables["runs"][0]["status"] == "ok"
    return tables, next(row for row in tables["scores"] if row["metric"] == "contrast")


def bloch(state_vector, qubit, n_qubits):
    """Return <X>, <Y>, <Z> of a qubit from its density matrix, by NumPy."""
    moved = np.moveaxis(state_vector.reshape([2] * n_qubits), qubit, 0).reshape(2, -1)
    rho = moved @ moved.conj().T / np.sum(np.abs(moved) ** 2)
    return np.array([2 * rho[1, 0].real, 2 * rho[1, 0].imag, (rho[0, 0] - rho[1, 1]).real])


@pytest.mark.parametrize("n_qubits", DISCARDED)
def test_readouts_are_layer_means_and_the_root(n_qubits):
    rng = np.random.default_rng(n_qubits)
    network = build_ansatz("rg_tree", n_qubits)
    params = rng.uniform(0, 2 * np.pi, len(network.symbols))
    state = random_mps(n_qubits, 3, rng)
    final = cirq.Simulator(dtype=np.complex128).simulate(
        network.circuit,
        dict(zip(network.symbols, params, strict=True)),
        qubit_order=cirq.LineQubit.range(n_qubits),
        initial_state=state.state_vector(),
    )
    spins = [bloch(final.final_state_vector, q, n_qubits) for q in range(n_qubits)]
    trash = [spins[q][2] for layer in DISCARDED[n_qubits] for q in layer]
    layers = [np.mean([spins[q][2] for q in layer]) for layer in DISCARDED[n_qubits]]
    result = Evaluator.of(network)(params, state, "tree")
    assert network.n_discarded == n_qubits - 1
    np.testing.assert_allclose(result.values[0], [*trash, *layers, *spins[0]], atol=1e-12)


def test_sums_over_a_layer_are_differentiated_exactly():
    rng = np.random.default_rng(0)
    network = build_ansatz("rg_tree", 12)
    params = rng.uniform(0, 2 * np.pi, len(network.symbols))
    states = [random_mps(12, 2, rng), random_mps(12, 3, rng)]
    evaluator = Evaluator(network.circuit, readout_observables(network), network.symbols)
    tree, exact = (evaluator(params, states, backend) for backend in ("tree", "statevector"))
    np.testing.assert_allclose(tree.values, exact.values, atol=1e-12)
    cotangent = rng.normal(size=tree.values.shape)
    np.testing.assert_allclose(tree.gradient(cotangent), exact.gradient(cotangent), atol=1e-11)


def test_the_axis_leaves_out_what_scatters_within_the_classes():
    # A spin that points up or down in either class, beside a layer mean that tells the class:
    # chance makes the spin's means differ by more than the layer's.
    rng = np.random.default_rng(5)
    labels = np.tile([0, 1], 100)
    spin = rng.choice([-1.0, 1.0], size=200)
    spin[:32] = np.where(labels[:32] == 1, 1, -1) * np.tile([1, 1, 1, 1, -1, -1], 6)[:32]
    layer = 0.3 * labels + rng.normal(0, 0.01, size=200)
    features = np.stack([layer, spin], axis=1)
    readout = Readout.fit(features[:32], labels[:32])
    assert readout.correct(features[32:], labels[32:]).mean() == 1
    gap = features[:32][labels[:32] == 1].mean(axis=0) - features[:32][labels[:32] == 0].mean(
        axis=0
    )
    assert abs(gap[1]) > abs(gap[0])


@pytest.mark.parametrize("kind", NOISES)
def test_noise_shrinks_paulis_as_stated(kind):
    rng, noise, n_draws = np.random.default_rng(7), 0.3, 20_000
    turns = local_noise(kind, n_draws, noise, rng)
    for pauli, stated in zip((cirq.X, cirq.Y, cirq.Z), shrinkage(kind, noise), strict=True):
        matrix = cirq.unitary(pauli)
        kept = np.einsum("qab,bc,qdc,da->q", turns, matrix, turns.conj(), matrix).real / 2
        assert abs(kept.mean() - stated) < 5 * kept.std() / np.sqrt(n_draws) + 1e-12


@pytest.mark.parametrize("kind", NOISES)
@pytest.mark.parametrize("n_qubits", [4, 5])
def test_contrast_ceiling_is_the_trace_norm_of_the_mean_difference(kind, n_qubits):
    data = build_dataset("ghz_dephased", n_qubits, 8, seed=0, noise=0.2, noise_kind=kind)
    x, y, _ = shrinkage(kind, 0.2)
    flipped = (x * cirq.unitary(cirq.X) + 1j * y * cirq.unitary(cirq.Y)) / 2  # of |0><1|
    difference = reduce(np.kron, [flipped] * n_qubits) / 2
    norm = np.abs(np.linalg.eigvalsh(difference + difference.conj().T)).sum()
    assert contrast_ceiling(data) == pytest.approx(norm, abs=1e-12)


def test_no_ceiling_is_stated_for_what_has_none():
    assert np.isnan(contrast_ceiling(build_dataset("spt_path", 4, 8, seed=0)))


def test_compressing_first_reads_what_labels_alone_cannot_reach(tmp_path):
    # Uniform angles, n = 16: the contrast's standard deviation is 1.4e-4, below the noise of
    # a gradient (5e-3). At n = 4 it is 0.07: there the labels must do, or were badly used.
    scores = {
        (n, loss): contrast({"loss": loss}, [n], tmp_path / f"{n} {loss}", seed=401)[1]
        for n, loss in ((4, "contrast"), (16, "contrast"), (16, "trash"))
    }
    ceilings = {key: row["ceiling"] for key, row in scores.items()}
    shares = {key: row["value"] / ceilings[key] for key, row in scores.items()}
    assert shares[16, "trash"] > 0.95
    assert shares[4, "contrast"] > 0.95
    assert shares[16, "contrast"] < 0.1


def test_angles_of_narrow_widths_read_a_wider_one(tmp_path):
    arm = {"options": {"sharing": "scale"}, "curriculum": [4, 8], "zero_shot": True}
    arm["loss"] = {"spin_contrast": 1, "trash": 0.3}
    tables, score = contrast(arm, [4, 8, 16], tmp_path, seed=402)
    assert len(tables["runs"][0]["params"]) == 15
    assert [row["stage"] for row in tables["steps"]] == [1] * 120 + [2] * 120
    assert score["value"] > 0.95 * score["ceiling"]


def test_a_curriculum_minimises_the_sum_over_its_widths():
    # By hand: Σ over widths of the mean of <Z_root> over class 0 minus that over class 1.
    widths, rng = (4, 5), np.random.default_rng(8)
    sizes = dict.fromkeys(("train", "validation", "test"), 2)
    data = {n: build_dataset(ARM["dataset"], n, sizes, seed=3) for n in widths}
    networks = {n: build_ansatz("rg_tree", n, sharing="scale") for n in widths}
    entry = {**ARM, "curriculum": [4]}
    first, last = stages_of(entry, networks)
    assert [*first.losses] == [4]
    assert [*last.losses] == [4, 5]
    symbols = networks[4].symbols
    assert symbols == networks[5].symbols

    def by_hand(params):
        total = 0.0
        for n, network in networks.items():
            split = data[n].select("train")
            for state, label in zip(split.states, split.labels, strict=True):
                for weight, member in state.members:
                    call = dict(zip(symbols, params, strict=True)), member.state_vector(), n
                    value = cirq_values(network.circuit, [cirq.Z(cirq.LineQubit(0))], *call)[0]
                    total += (-1 if label else 1) * weight * value
        return total

    settings = Settings()
    loss = StepLoss(parts_of(last, networks, data, settings), settings, 16, rng)
    params, direction = rng.uniform(0, 2 * np.pi, size=(2, 15))
    assert loss.value(params) == pytest.approx(by_hand(params), abs=1e-10)
    step = 1e-4 * direction / np.linalg.norm(direction)
    slope = (by_hand(params + step) - by_hand(params - step)) / 2e-4
    assert loss.gradient(params) @ step / 1e-4 == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize(("dataset", "is_blind"), [("ring_pair", True), ("ghz_dephased", False)])
def test_the_first_layer_is_blind_where_all_pairs_are_maximally_mixed(dataset, is_blind):
    network = build_ansatz("rg_tree", 10)
    sizes = dict.fromkeys(("train", "validation", "test"), 2)
    states = build_dataset(dataset, 10, sizes, seed=0).states[:2]
    states = [stabilizer_mps(s) if isinstance(s, StabilizerState) else s for s in states]
    params = np.random.default_rng(9).uniform(0, 2 * np.pi, len(network.symbols))
    evaluator = Evaluator(network.circuit, network.observables[:5], network.symbols)
    result = evaluator(params, states)
    slopes = result.gradient(np.ones(result.values.shape))
    assert (np.abs(result.values).max() < 1e-12) == is_blind
    assert (np.abs(slopes).max() < 1e-12) == is_blind
