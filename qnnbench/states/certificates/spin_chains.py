"""Facts of ground states of spin chains: string orders, energies, free fermions."""

from collections.abc import Callable, Iterator

import numpy as np

from qnnbench.states.certificates.any_family import (
    entanglement,
    no_shared_coupling,
    norms,
    pair_marginals,
)
from qnnbench.states.certificates.claims import (
    ROUNDING,
    Fact,
    Row,
    claim,
    exact_states,
    measured,
    pure_members,
)
from qnnbench.states.quantities.pauli_sums import PauliWords, energy_moments
from qnnbench.states.samples import Dataset

# Energy variance per qubit that a bond limit leaves away from criticality. On a short chain
# the ends still couple: states a small splitting apart mix, or pair up and need twice the bond.
VARIANCE_PER_QUBIT = {8: 2e-4, 16: 1e-6, 32: 2e-9}
SHORT_CHAIN, SHORT_CHAIN_VARIANCE = 40, 2e-3

_Strings = Callable[[int], tuple[dict[int, str], dict[int, str]]]
_Words = Callable[[Dataset, float], PauliWords]


def _cluster_strings(n_qubits: int) -> tuple[dict[int, str], dict[int, str]]:
    """Return Z X 1 X … X Z and X 1 X … X on one sublattice, over the middle half."""
    first, last = n_qubits // 4, 3 * n_qubits // 4
    last -= (last - first) % 2
    between = dict.fromkeys(range(first + 1, last, 2), "X")
    return {first: "Z", **between, last: "Z"}, dict.fromkeys(range(first, last + 1, 2), "X")


def _ising_strings(n_qubits: int) -> tuple[dict[int, str], dict[int, str]]:
    """Return Z 1 … 1 Z over the middle half and X … X between its ends."""
    ends = (n_qubits // 4, 3 * n_qubits // 4)
    return dict.fromkeys(ends, "Z"), dict.fromkeys(range(ends[0] + 1, ends[1]), "X")


def _dimer_strings(n_qubits: int) -> tuple[dict[int, str], dict[int, str]]:
    """Return Z … Z over pairs (2k + 1, 2k + 2) and (2k, 2k + 1), 2⌊n/8⌋ of them each."""
    dimers = range(n_qubits // 8, 3 * (n_qubits // 8))
    odd = {2 * k + 1 + s: "Z" for k in dimers for s in (0, 1)}
    return odd, {2 * k + s: "Z" for k in dimers for s in (0, 1)}


def _cluster_words(dataset: Dataset, h1: float) -> PauliWords:
    return {"ZXZ": -1.0, "X": -h1, "XX": -dataset.details["options"]["h2"]}


def _ising_words(dataset: Dataset, g: float) -> PauliWords:
    return {"ZZ": -1.0, "X": -g}


def _xxz_words(dataset: Dataset, dimerisation: float) -> PauliWords:
    strong, weak = 1 + dimerisation, 1 - dimerisation
    bonds = np.where(np.arange(dataset.n_qubits - 1) % 2, weak, strong)
    return {"XX": bonds, "YY": bonds, "ZZ": dataset.details["options"]["anisotropy"] * bonds}


def _string_order(strings: _Strings) -> Fact:
    def fact(dataset: Dataset) -> Iterator[Row]:
        exact = exact_states(dataset)
        chosen = strings(dataset.n_qubits)
        found = np.array([[s.expectation(letters) for letters in chosen] for s in exact.states])
        wrong = np.sum(np.argmax(found, axis=1) != exact.labels)
        fact = "the longer string order is that of the label"
        yield claim(fact, f"contradictions among {len(found)} ground states", int(wrong), 0, 0)
        for label in (0, 1):
            least = found[exact.labels == label, label].min()
            yield measured(f"least string order of class {label}", "half-chain string", least)
        worst = np.max(np.abs(found[:, 1] - found[:, 0] - exact.targets))
        fact = "targets are string order 1 less string order 0"
        method = f"largest deviation over {len(found)} ground states"
        yield claim(fact, method, worst, 0, ROUNDING)

    return fact


def _energies(dataset: Dataset, words: _Words) -> np.ndarray:
    """Return recorded energy, <H> and <H²> - <H>² of every ground state, shape (n, 3)."""
    exact = exact_states(dataset)
    states = [state for _, state in pure_members(*exact.states)]
    couplings = exact.couplings.tolist()
    moments = [
        energy_moments(s, words(dataset, c)) for s, c in zip(states, couplings, strict=True)
    ]
    return np.column_stack([exact.energy, moments])


def _variance_per_qubit(dataset: Dataset) -> float:
    if dataset.n_qubits < SHORT_CHAIN:
        return SHORT_CHAIN_VARIANCE
    limit = max(dataset.details["options"]["max_bond_dim"], min(VARIANCE_PER_QUBIT))
    return VARIANCE_PER_QUBIT[max(bond for bond in VARIANCE_PER_QUBIT if bond <= limit)]


def _energy(words: _Words) -> Fact:
    def fact(dataset: Dataset) -> Iterator[Row]:
        recorded, energies, variances = _energies(dataset, words).T
        method = f"largest over {len(energies)} ground states, H as Pauli words"
        worst = np.max(np.abs(recorded - energies))
        yield claim("recorded energies are <H>", method, worst, 0, 1e-8)
        tolerance = _variance_per_qubit(dataset)
        fact = "energy variance per qubit is what the bond limit leaves"
        yield claim(fact, method, np.max(variances) / dataset.n_qubits, 0, tolerance)

    return fact


def _free_fermions(dataset: Dataset) -> Iterator[Row]:
    """Compare with minus the sum of the singular values of g on and 1 beside the diagonal.

    Twice each value is the energy of a mode. In the ordered phase the smallest one is the
    splitting of two states, either of which may be found; variance / gap bounds the rest.
    """
    n, errors, bounds = dataset.n_qubits, [], []
    exact = exact_states(dataset)
    for g, (_, energy, variance) in zip(
        exact.couplings, _energies(dataset, _ising_words), strict=True
    ):
        values = np.linalg.svd(g * np.eye(n) + np.eye(n, k=1), compute_uv=False)
        splitting, gap = (2 * values[-1], 2 * values[-2]) if g < 1 else (0, 2 * values[-1])
        errors.append(abs(energy + values.sum()))
        bounds.append(abs(variance) / gap + splitting + 1e-9)
    excess = np.max(np.array(errors) / bounds)
    fact = "energies are those of free fermions within variance / gap"
    method = f"largest error over bound, {len(errors)} ground states"
    yield claim(fact, method, excess, 0, 1)


def _facts(strings: _Strings, words: _Words, *more: Fact) -> tuple[Fact, ...]:
    own = (_string_order(strings), _energy(words), *more)
    return (norms, *own, no_shared_coupling, pair_marginals, entanglement)


CLUSTER_ISING_FACTS = _facts(_cluster_strings, _cluster_words)
TFIM_FACTS = _facts(_ising_strings, _ising_words, _free_fermions)
XXZ_FACTS = _facts(_dimer_strings, _xxz_words)
