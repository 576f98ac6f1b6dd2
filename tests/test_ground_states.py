"""Ground states by DMRG against exact diagonalisation and the closed forms of free fermions."""

import numpy as np
import pytest
from scipy.sparse.linalg import eigsh

import qnnbench.states.ground_states as dmrg
from qnnbench.states.ground_states import ground_states, matrix_product_operator
from qnnbench.states.mps import MPS
from qnnbench.states.quantities.pauli_sums import energy_moments
from tests.circuits import random_mps
from tests.dense_sums import dense_sum


def ising(g):
    return {"ZZ": -1.0, "X": -g}


def cluster(h1, h2=0.0):
    return {"ZXZ": -1.0, "X": -h1, "XX": -h2}


def dimers(n_qubits, dimerisation, anisotropy):
    bonds = 1 + dimerisation * (-1.0) ** np.arange(n_qubits - 1)
    return {"XX": bonds, "YY": bonds, "ZZ": anisotropy * bonds}


def tilted(n_qubits):
    return MPS.product([np.array([0.8, 0.6])] * n_qubits)


def alternating(n_qubits):
    return MPS.product([np.eye(2)[site % 2] for site in range(n_qubits)])


def free_fermion_energy(n_qubits, field, reach):
    """Ground-state energy of -ΣZZ - field ΣX (reach 1) or -ΣZXZ - field ΣX (2), open ends.

    Jordan-Wigner turns X_j into iγ_j γ'_j and the other term into iγ'_j γ_{j+reach}, up to
    signs: the energy is minus the sum of the singular values.
    """
    couplings = field * np.eye(n_qubits) + np.eye(n_qubits, k=reach)
    return -np.linalg.svd(couplings, compute_uv=False).sum()


SUMS = {
    "cluster": cluster(0.7, 0.3),
    "dimers": dimers(6, 0.4, 0.5),
    "by place": {"ZZ": [0.1, 0.2, 0.3, 0.4, 0.5], "YXY": [1.0, -2.0, 0.5, 0.0], "IZ": 0.7},
}


@pytest.mark.parametrize("words", SUMS.values(), ids=SUMS)
def test_operators_are_the_sums_of_their_words(words):
    operator = np.ones((1, 1, 1))
    for tensor in matrix_product_operator(6, words):
        joined = np.einsum("aij,abst->bisjt", operator, tensor)
        size = 2 * operator.shape[1]
        operator = joined.reshape(joined.shape[0], size, size)
    np.testing.assert_allclose(operator[0], dense_sum(6, words).toarray(), atol=1e-12)


@pytest.mark.parametrize("words", SUMS.values(), ids=SUMS)
def test_energy_moments_take_a_coefficient_per_place(words):
    state = random_mps(6, 4, np.random.default_rng(1))
    hamiltonian, vector = dense_sum(6, words), state.state_vector()
    image = hamiltonian @ vector
    mean = np.vdot(vector, image).real
    energy, variance = energy_moments(state, words)
    assert energy == pytest.approx(mean, rel=1e-10)
    assert variance == pytest.approx(np.vdot(image, image).real - mean**2, rel=1e-9)


def test_the_variance_of_a_thousand_qubits_is_not_lost_in_the_square_of_their_energy():
    # On |+…+> only the fields of Z fluctuate, each on its own: the variance is their sum.
    plus = MPS.product([np.array([1.0, 1.0]) / np.sqrt(2)] * 1024)
    energy, variance = energy_moments(plus, {"X": -3.0, "Z": 1e-6})
    assert energy == pytest.approx(-3 * 1024, rel=1e-12)
    assert variance == pytest.approx(1024e-12, abs=2e-11)


def test_a_coefficient_misplaced_for_dmrg_does_not_reach_the_check(monkeypatch):
    # Had both one placement, the recorded energy would be wrong and certified.
    words, place = dimers(6, 0.4, 0.5), dmrg._placed
    monkeypatch.setattr(dmrg, "_placed", lambda word, c, n: 1.01 * place(word, c, n))
    (found,) = ground_states([words], alternating(6), 8)
    checked, _ = energy_moments(found.state, words)
    assert found.energy == pytest.approx(1.01 * checked, rel=1e-9)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"ZY": 1.0}, "'ZY' has an odd number of Y"),
        ({"ZZ": [1.0, 2.0]}, "'ZZ' has 3 places on 4 qubits"),
        ({"ZA": 1.0}, "letters I, X, Y and Z, got 'ZA'"),
    ],
)
def test_errors_say_what_was_asked(words, message):
    with pytest.raises(ValueError, match=message):
        ground_states([words], tilted(4), 4)


@pytest.mark.parametrize(
    ("hamiltonians", "start"),
    [
        ([cluster(0.3, 0.1), cluster(1.5, 0.1)], tilted(8)),
        ([ising(0.4), ising(1.0), ising(1.6)], tilted(8)),
        ([dimers(8, -0.5, 0.5), dimers(8, 0.5, 0.5)], alternating(8)),
    ],
    ids=["cluster", "ising", "dimers"],
)
def test_ground_states_agree_with_exact_diagonalisation(hamiltonians, start):
    found = ground_states(hamiltonians, start, 16)
    for ground, words in zip(found, hamiltonians, strict=True):
        hamiltonian = dense_sum(8, words)
        (lowest,) = eigsh(hamiltonian, k=1, which="SA", return_eigenvectors=False)
        vector = ground.state.state_vector()
        assert ground.energy == pytest.approx(lowest, abs=1e-7)
        assert ground.energy == pytest.approx(
            np.vdot(vector, hamiltonian @ vector).real, abs=1e-10
        )
        assert ground.energy_variance == pytest.approx(0, abs=1e-6)
        assert ground.truncation_error == 0  # bond 16 holds any state of 8 qubits


def test_truncation_error_is_what_a_larger_bond_would_keep():
    # One state is lowest, so all that is missed is what the bond cannot hold.
    (cut,) = ground_states([ising(1.2)], tilted(8), 2)
    (whole,) = ground_states([ising(1.2)], tilted(8), 16)
    lost = 1 - abs(cut.state.overlap(whole.state)) ** 2
    assert lost == pytest.approx(cut.truncation_error, rel=0.1)
    assert lost > 1e-4


def test_free_fermion_energies_are_the_published_ones():
    assert free_fermion_energy(100, 0.5, 1) == pytest.approx(-105.48376994964, abs=1e-10)
    assert free_fermion_energy(100, 1.0, 1) == pytest.approx(1 - 1 / np.sin(np.pi / 402))
    assert free_fermion_energy(100, 1.5, 1) == pytest.approx(-167.00861447649, abs=1e-10)
    assert free_fermion_energy(100, 0.5, 2) == pytest.approx(-104.61309890195, abs=1e-10)
    assert free_fermion_energy(100, 1.0, 2) == pytest.approx(2 * (1 - 1 / np.sin(np.pi / 202)))
    assert free_fermion_energy(100, 1.5, 2) == pytest.approx(-166.82460679935, abs=1e-10)


@pytest.mark.parametrize(
    ("words", "bond", "energy"),
    [
        (ising(0.5), 8, -105.48376994964),
        (ising(1.5), 16, -167.00861447649),
        (cluster(0.5), 32, -104.61309890195),
        (cluster(1.5), 32, -166.82460679935),
    ],
    ids=["ising 0.5", "ising 1.5", "cluster 0.5", "cluster 1.5"],
)
def test_hundred_qubits_meet_the_closed_forms(words, bond, energy):
    (found,) = ground_states([words], tilted(100), bond)
    assert found.energy == pytest.approx(energy, abs=1e-8)
    assert found.energy_variance < 1e-7
    # Bulk order (1 - λ²)^(1/4): strings of the SPT phase, squared magnetisation, or their duals.
    field, step = -words["X"], 2 if "ZXZ" in words else 1
    if field < 1:
        sites = {**dict.fromkeys(range(32, 66), "I"), 31: "Z", 67: "Z"}
        letters = sites | (dict.fromkeys(range(32, 67, 2), "X") if step == 2 else {})
    else:
        letters = dict.fromkeys(range(31, 68, step), "X")
    order = (1 - min(field, 1 / field) ** 2) ** 0.25
    assert found.state.expectation(letters) == pytest.approx(order, abs=1e-6)


@pytest.mark.parametrize(
    ("words", "n_qubits", "bond", "energy"),
    [
        (ising(1.0), 40, 24, 1 - 1 / np.sin(np.pi / 162)),
        (cluster(1.0), 50, 80, 2 * (1 - 1 / np.sin(np.pi / 102))),
    ],
    ids=["ising", "cluster"],
)
def test_critical_energies_meet_the_closed_form(words, n_qubits, bond, energy):
    # Off criticality bonds of 8 to 32 do at 100 qubits.
    (found,) = ground_states([words], tilted(n_qubits), bond)
    assert found.energy == pytest.approx(energy, abs=1e-8)


def test_hundred_dimers_meet_the_closed_form():
    # Jordan-Wigner: XX + YY hops with amplitude 2; all modes of negative energy are filled.
    words = dimers(100, 0.5, 0.0)
    hopping = 2 * np.diag(words["XX"], 1)
    modes = np.linalg.eigvalsh(hopping + hopping.T)
    (found,) = ground_states([words], alternating(100), 16)
    assert found.energy == pytest.approx(modes[modes < 0].sum(), abs=1e-7)


def test_hundred_qubits_reach_an_energy_variance_of_1e_7():
    # Nearest to criticality of the default fields, where the spectrum falls off slowest.
    (found,) = ground_states([cluster(1.3, 0.1)], tilted(100), 32)
    energy, variance = energy_moments(found.state, cluster(1.3, 0.1))
    assert variance < 1e-7
    assert found.energy_variance == pytest.approx(variance, abs=1e-9)
    assert found.energy == pytest.approx(energy, abs=1e-9)


def test_variance_bounds_the_energy_error_of_a_small_bond():
    (found,) = ground_states([cluster(0.5)], tilted(40), 8)
    exact = free_fermion_energy(40, 0.5, 2)
    # E - E_0 <= variance / gap, and the gap is 2(1 - h).
    assert 0 < found.energy - exact < found.energy_variance / (2 * (1 - 0.5))
    assert 1e-6 < found.energy_variance < 5e-3
