"""Facts of ground states of spin chains: string orders, energies, free fermions."""

from collections.abc import Callable, Iterator

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import eigsh

from qnnbench.states.certificates.any_family import (
    entanglement,
    no_shared_coupling,
    no_shared_state,
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
# On the shortest chains the energy itself is compared with the lowest one; per qubit, bond 8
# leaves up to 1.3e-4 of it.
EXACT_CHAIN, EXACT_EXCESS = 12, 2e-4

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


def lowest_energy(words: PauliWords, n_qubits: int) -> float:
    """Return the lowest eigenvalue of a sum of Pauli words on up to about 12 qubits.

    A word maps the basis state b to b ^ flips with the factor i^(number of Y)
    (-1)^(number of ones of b under Y and Z).
    """
    states, entries = np.arange(2**n_qubits), []
    for word, coefficient in words.items():
        last = n_qubits - len(word)
        for shift, number in enumerate(np.broadcast_to(coefficient, last + 1)):
            flips, signs = (
                sum((letter in chosen) << k for k, letter in enumerate(reversed(word)))
                << (last - shift)
                for chosen in ("XY", "YZ")
            )
            factors = number * 1j ** word.count("Y") * (-1.0) ** np.bitwise_count(states & signs)
            entries.append((factors, states ^ flips, states))
    values, rows, columns = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    hamiltonian = coo_array((values, (rows, columns))).tocsr()
    start = np.random.default_rng(n_qubits).normal(size=len(states))
    (lowest,) = eigsh(hamiltonian, k=1, which="SA", v0=start, return_eigenvectors=False)
    return float(lowest)


def _lowest(words: _Words) -> Fact:
    def fact(dataset: Dataset) -> Iterator[Row]:
        exact, n = exact_states(dataset), dataset.n_qubits
        if n <= EXACT_CHAIN:
            lowest = [lowest_energy(words(dataset, c), n) for c in exact.couplings.tolist()]
            fact = "energies are the lowest eigenvalues of H"
            method = f"largest excess per qubit, {len(lowest)} sparse diagonalisations"
            excess = np.max(np.abs(exact.energy - lowest)) / n
            yield claim(fact, method, excess, 0, EXACT_EXCESS)

    return fact


def _free_fermions(words: _Words, reach: int, is_free: Callable[[Dataset], bool]) -> Fact:
    """Compare with minus the sum of the singular values of g on and 1 ``reach`` off the diagonal.

    Twice each value is the energy of a mode. Below g = 1 the smallest ``reach`` are the
    splittings of states any of which may be found; variance / gap bounds the rest.
    """

    def fact(dataset: Dataset) -> Iterator[Row]:
        if not is_free(dataset):
            return
        n, errors, bounds = dataset.n_qubits, [], []
        couplings = exact_states(dataset).couplings
        for g, (_, energy, variance) in zip(couplings, _energies(dataset, words), strict=True):
            values = np.linalg.svd(g * np.eye(n) + np.eye(n, k=reach), compute_uv=False)
            n_soft = reach if g < 1 else 0
            gap, splitting = 2 * values[-1 - n_soft], 2 * values[n - n_soft :].sum()
            errors.append(abs(energy + values.sum()))
            bounds.append(abs(variance) / gap + splitting + 1e-9)
        excess = np.max(np.array(errors) / bounds)
        fact = "energies are those of free fermions within variance / gap"
        method = f"largest error over bound, {len(errors)} ground states"
        yield claim(fact, method, excess, 0, 1)

    return fact


def _facts(strings: _Strings, words: _Words, *more: Fact) -> tuple[Fact, ...]:
    own = (_string_order(strings), _energy(words), _lowest(words), *more)
    return (norms, *own, no_shared_coupling, no_shared_state, pair_marginals, entanglement)


CLUSTER_ISING_FACTS = _facts(
    _cluster_strings,
    _cluster_words,
    _free_fermions(_cluster_words, 2, lambda dataset: dataset.details["options"]["h2"] == 0),
)
TFIM_FACTS = _facts(
    _ising_strings, _ising_words, _free_fermions(_ising_words, 1, lambda dataset: True)
)
XXZ_FACTS = _facts(_dimer_strings, _xxz_words)
