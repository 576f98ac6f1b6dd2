"""Facts of the cluster-Ising ground states: string orders and energies."""

from collections.abc import Iterator

import numpy as np

from qnnbench.states.certificates.any_family import (
    entanglement,
    no_shared_coupling,
    norms,
    pair_marginals,
)
from qnnbench.states.certificates.claims import Row, claim, exact_states, measured
from qnnbench.states.mps import MPS
from qnnbench.states.pauli_sums import energy_moments
from qnnbench.states.samples import Dataset

VARIANCE_PER_QUBIT = 2e-3  # of a bond-8 ground state: <H> is sharp to 0.045 √n


def _strings(n_qubits: int) -> tuple[dict[int, str], dict[int, str]]:
    """Return Z X 1 X … X Z and X 1 X … X on one sublattice, over the middle half."""
    first, last = n_qubits // 4, 3 * n_qubits // 4
    last -= (last - first) % 2
    between = dict.fromkeys(range(first + 1, last, 2), "X")
    return {first: "Z", **between, last: "Z"}, dict.fromkeys(range(first, last + 1, 2), "X")


def _string_order(dataset: Dataset) -> Iterator[Row]:
    exact = exact_states(dataset)
    strings = _strings(dataset.n_qubits)
    found = np.array([[s.expectation(letters) for letters in strings] for s in exact.states])
    wrong = np.sum(np.argmax(found, axis=1) != exact.labels)
    fact = "the longer string order is that of the label"
    yield claim(fact, f"contradictions among {len(found)} ground states", int(wrong), 0, 0)
    for label, name in enumerate(("SPT", "paramagnet")):
        least = found[exact.labels == label, label].min()
        yield measured(f"least {name} string order of its class", "half-chain string", least)


def _energy(dataset: Dataset) -> Iterator[Row]:
    exact, errors, variances = exact_states(dataset), [], []
    for i, state in enumerate(exact.states):
        if isinstance(state, MPS):
            words = {"ZXZ": -1.0, "X": -exact.couplings[i], "XX": -dataset.details["h2"]}
            energy, variance = energy_moments(state, words)
            errors.append(abs(energy - exact.energy[i]))
            variances.append(variance / dataset.n_qubits)
    method = f"largest over {len(errors)} ground states, H as Pauli words"
    yield claim("recorded energies are <H>", method, max(errors), 0, 1e-8)
    fact = "energy variance per qubit is small"
    yield claim(fact, method, max(variances), 0, VARIANCE_PER_QUBIT)


FACTS = (
    norms,
    _string_order,
    _energy,
    no_shared_coupling,
    pair_marginals,
    entanglement,
)
