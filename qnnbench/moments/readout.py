"""Observables and input states as vectors over Pauli strings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol

import cirq
import numpy as np

from qnnbench.moments.chain import (
    Chain,
    combined,
    overlap,
    squared,
    two_copies,
    without_identity,
)
from qnnbench.moments.channels import PRODUCT, Alphabet
from qnnbench.moments.pauli_circuit import CannotCompute
from qnnbench.moments.strings import Strings
from qnnbench.states.mps import Mixture

LETTERS: dict[Any, int] = {cirq.I: 0, cirq.X: 1, cirq.Y: 2, cirq.Z: 3}
MAX_STATE_BOND_DIM = 4
MAX_EXPANDED, MAX_PROJECTORS = 4096, 32
ONE = np.eye(4)[0]  # the letter I


class Observable(Protocol):
    """A constant and a sum of Pauli strings, none of them the identity."""

    @property
    def constant(self) -> float:
        """Weight of the identity string."""

    @property
    def is_empty(self) -> bool:
        """Whether there is no string but the identity."""

    def generators(self) -> np.ndarray:
        """Return letters (n_sites, k) that generate every product of two strings."""

    def possible_letters(self) -> np.ndarray:
        """Return which letters a site can hold, bool (n_sites, 4)."""

    def weights(self, sites: Sequence[int]) -> Chain:
        """Return the weights on ``sites``, which must hold every letter, without identity."""

    def squares(self, sites: Sequence[int]) -> Chain:
        """Return the squared weights on ``sites``, likewise."""


@dataclass(frozen=True)
class Projectors:
    """Σ coefficient * |b><b|, each on some sites: strings of I and Z there.

    Attributes:
        terms: Pairs of a coefficient and {site: bit}.
        n_sites: Width of the circuit.
    """

    terms: tuple[tuple[float, Mapping[int, int]], ...]
    n_sites: int

    @property
    def constant(self) -> float:
        """Weight of the identity string."""
        return float(sum(c / 2 ** len(bits) for c, bits in self.terms))

    @property
    def is_empty(self) -> bool:
        """Whether there is no string but the identity."""
        return not any(c and bits for c, bits in self.terms)

    @property
    def _sites(self) -> list[int]:
        return sorted({site for c, bits in self.terms if c for site in bits})

    def generators(self) -> np.ndarray:
        """Return letters (n_sites, k) that generate every product of two strings."""
        sites = self._sites
        letters = np.zeros((self.n_sites, len(sites)), dtype=np.int8)
        letters[sites, range(len(sites))] = 3
        return letters

    def possible_letters(self) -> np.ndarray:
        """Return which letters a site can hold, bool (n_sites, 4)."""
        letters = np.zeros((self.n_sites, 4), dtype=bool)
        letters[:, 0] = letters[self._sites, 3] = True
        return letters

    def weights(self, sites: Sequence[int]) -> Chain:
        """Return the weights on ``sites``, which must hold every letter, without identity."""
        return without_identity(self._sum(sites))

    def squares(self, sites: Sequence[int]) -> Chain:
        """Return the squared weights on ``sites``, likewise."""
        return without_identity(squared(self._sum(sites)))

    def _sum(self, sites: Sequence[int]) -> Chain:
        chains, signs = [], []
        for coefficient, bits in self.terms:
            if coefficient:
                local = np.zeros((len(sites), 4))
                local[:, 0] = 1
                local[:, 3] = [1 - 2 * bits[s] if s in bits else 0 for s in sites]
                log = np.log(abs(coefficient)) - len(bits) * np.log(2)
                chains.append(Chain([v.reshape(1, 4, 1) for v in local], float(log)))
                signs.append(np.sign(coefficient))
        return combined(chains, signs)


@dataclass(frozen=True)
class PauliTerms:
    """constant + a sum of distinct Pauli strings, none of them the identity."""

    strings: Strings
    constant: float

    def generators(self) -> np.ndarray:
        """Return letters (n_sites, k) that generate every product of two strings."""
        letters = self.strings.letters
        return PRODUCT[letters[:, 1:], letters[:, :1]]

    @property
    def is_empty(self) -> bool:
        """Whether there is no string but the identity."""
        return len(self.strings) == 0

    def possible_letters(self) -> np.ndarray:
        """Return which letters a site can hold, bool (n_sites, 4)."""
        return np.stack([(self.strings.letters == k).any(axis=1) for k in range(4)], axis=1)

    def weights(self, sites: Sequence[int]) -> Chain:
        """Return the weights on ``sites``, which must hold every letter, without identity."""
        return self._automaton(sites, 1)

    def squares(self, sites: Sequence[int]) -> Chain:
        """Return the squared weights on ``sites``, likewise."""
        return self._automaton(sites, 2)

    def _automaton(self, sites: Sequence[int], power: int) -> Chain:
        """Return the weights to a power.

        An automaton reads a string from left to right: not begun, done, or inside one
        of the strings that straddle the bond.
        """
        letters, weights = self.strings.letters[list(sites)], self.strings.weights
        scale = np.max(np.abs(weights))
        first = np.argmax(letters > 0, axis=0)
        last = len(sites) - 1 - np.argmax(letters[::-1] > 0, axis=0)
        tensors, inside = [], np.array([], dtype=int)
        for j in range(len(sites)):
            after = np.flatnonzero((first <= j) & (last > j))
            tensor = np.zeros((2 + inside.size, 4, 2 + after.size))
            tensor[0, 0, 0] = tensor[1, 0, 1] = 1
            for k in np.flatnonzero((first <= j) & (last >= j)):
                begins, ends = first[k] == j, last[k] == j
                row = 0 if begins else 2 + np.searchsorted(inside, k)
                column = 1 if ends else 2 + np.searchsorted(after, k)
                tensor[row, letters[j, k], column] += (
                    (weights[k] / scale) ** power if begins else 1
                )
            tensors.append(tensor)
            inside = after
        tensors[0] = tensors[0][:1]
        tensors[-1] = tensors[-1][:, :, 1:2]
        return Chain(tensors, power * float(np.log(scale)))


def observable_qubits(observable: Any) -> frozenset[cirq.Qid]:
    """Return the qubits an observable acts on.

    Raises:
        TypeError: Neither Pauli string, Pauli sum, projector nor sum of projectors.
    """
    if isinstance(observable, cirq.ProjectorString):
        return frozenset(observable.projector_dict)
    if isinstance(observable, cirq.PauliString | cirq.PauliSum | cirq.ProjectorSum):
        return frozenset(observable.qubits)
    raise TypeError(
        "observable must be a cirq.PauliString, PauliSum, ProjectorString or ProjectorSum, "
        f"got {type(observable).__name__}"
    )


def read_observable(
    observable: Any, site: Mapping[cirq.Qid, int], n_sites: int
) -> Projectors | PauliTerms:
    """Return ``observable`` as strings on sites.

    Projectors on few sites are expanded into strings.

    Args:
        observable: Pauli string, Pauli sum, projector or sum of projectors.
        site: Of every qubit.
        n_sites: Width of the circuit.

    Raises:
        ValueError: A coefficient is complex or not finite.
        CannotCompute: A sum of too many projectors on many sites.
    """
    if isinstance(observable, cirq.ProjectorString | cirq.ProjectorSum):
        parts = [observable] if isinstance(observable, cirq.ProjectorString) else observable
        terms = tuple(
            (_real(p.coefficient), {site[q]: int(b) for q, b in p.projector_dict.items()})
            for p in parts
        )
        if len(terms) > 1 and sum(2 ** len(bits) for _, bits in terms) <= MAX_EXPANDED:
            return _pauli_terms(_expanded(terms), n_sites)
        if len(terms) > MAX_PROJECTORS:
            raise CannotCompute(
                f"The observable is a sum of {len(terms)} projectors on many qubits. Supported: "
                f"{MAX_PROJECTORS}, or {MAX_EXPANDED} Pauli strings. Sample instead."
            )
        return Projectors(terms, n_sites)
    return _pauli_terms(
        (
            ({site[q]: LETTERS[pauli] for q, pauli in term.items()}, _real(term.coefficient))
            for term in cirq.PauliSum.wrap(observable)
        ),
        n_sites,
    )


def _expanded(
    terms: Iterable[tuple[float, Mapping[int, int]]],
) -> Iterator[tuple[dict[int, int], float]]:
    """Yield the Pauli strings of projectors: |b><b| = (1 + (-1)^b Z)/2 on each site."""
    for coefficient, bits in terms:
        for chosen in product((False, True), repeat=len(bits)):
            read = [s for s, is_read in zip(bits, chosen, strict=True) if is_read]
            sign = (-1) ** sum(bits[s] for s in read)
            yield dict.fromkeys(read, 3), sign * coefficient / 2 ** len(bits)


def _pauli_terms(terms: Iterable[tuple[dict[int, int], float]], n_sites: int) -> PauliTerms:
    """Return strings, given as {site: letter} with weights, equal ones added up."""
    weights: dict[tuple[tuple[int, int], ...], float] = {}
    for letters, weight in terms:
        key = tuple(sorted(letters.items()))
        weights[key] = weights.get(key, 0.0) + weight
    constant = weights.pop((), 0.0)
    kept = [(key, weight) for key, weight in weights.items() if weight != 0]
    columns = np.zeros((n_sites, len(kept)), dtype=np.int8)
    for k, (key, _) in enumerate(kept):
        for site, letter in key:
            columns[site, k] = letter
    return PauliTerms(Strings(columns, np.array([w for _, w in kept])), constant)


def _real(coefficient: Any) -> float:
    number = complex(coefficient)
    if not np.isfinite(number) or abs(number.imag) > 1e-12 * abs(number):
        raise ValueError(f"Coefficients must be real and finite, got {coefficient!r}")
    return number.real


def state_means(state: Any, contrast: Any, n_sites: int) -> tuple[Chain, ...]:
    """Return the vector of all <P> for each input: a state, or a difference of two.

    Args:
        state: None for |0…0>, one state, or a sequence of states.
        contrast: Two states (A, B) for the difference <P>_A - <P>_B; None for none.
        n_sites: Width of the circuit.

    Raises:
        CannotCompute: A state has no tensors, or bonds above 4.
        ValueError: The number of tensors is not ``n_sites``, the norm is not one, both
            ``state`` and ``contrast`` are given, or there is no state.
    """
    if contrast is not None:
        if state is not None:
            raise ValueError("Give either state or contrast=(A, B), not both.")
        if len(contrast) != 2:
            raise ValueError(f"contrast takes two states (A, B), got {len(contrast)}")
        parts = [_means(one, n_sites) for one in contrast]
        return (_shrunk(combined(parts, (1.0, -1.0))),)
    if isinstance(state, list | tuple):
        if not state:
            raise ValueError("state is an empty sequence. Give at least one state, or None.")
        return tuple(_means(one, n_sites) for one in state)
    return (_means(state, n_sites),)


def _means(state: Any, n_sites: int) -> Chain:
    """Return the vector of all <P> of a state; real, bond the square of the state's."""
    if state is None:
        return Chain([np.array([1.0, 0, 0, 1]).reshape(1, 4, 1)] * n_sites)
    if isinstance(state, Mixture):
        return _shrunk(combined([_means(m, n_sites) for m in state.states], state.weights))
    if not hasattr(state, "tensors"):
        raise CannotCompute(
            f"The input state is a {type(state).__name__}. Supported: None for |0…0>, matrix "
            "product states of small bond and mixtures of these. Sample instead."
        )
    tensors = [np.asarray(tensor, dtype=complex) for tensor in state.tensors]
    if len(tensors) != n_sites:
        raise ValueError(f"The state has {len(tensors)} sites, the circuit {n_sites} qubits.")
    bond_dim = max(tensor.shape[2] for tensor in tensors)
    if bond_dim > MAX_STATE_BOND_DIM:
        raise CannotCompute(
            f"The input state has bond dimension {bond_dim}; squared means need its fourth "
            f"power. Supported: up to {MAX_STATE_BOND_DIM}. Sample instead."
        )
    means = Chain([_hermitian_transfer(tensor) for tensor in tensors])
    norm = overlap(means, Chain([ONE.reshape(1, 4, 1)] * n_sites))
    if norm[0] <= 0 or abs(norm[1]) > 1e-8:
        raise ValueError("The input state does not have norm one. Normalise it.")
    return means


def _shrunk(means: Chain) -> Chain:
    """Return a sum of states at the least bond that holds it.

    Raises:
        CannotCompute: That bond is above what one state may need twice.
    """
    limit = 2 * MAX_STATE_BOND_DIM**2
    means.compress(limit)
    if means.truncated:
        raise CannotCompute(
            f"The inputs together need bonds above {limit} for their means. Supported: sums of "
            f"a few states of bond up to {MAX_STATE_BOND_DIM}. Sample instead."
        )
    return means


def second_means(inputs: Sequence[Chain], alphabet: Alphabet, max_bond_dim: int) -> Chain:
    """Return <P>² or <P><Q> of all strings, averaged over the inputs, as one chain."""
    make = squared if alphabet is Alphabet.STRINGS else two_copies
    chain = combined([make(means) for means in inputs], [1 / len(inputs)] * len(inputs))
    if chain.bond_dim > 1:
        chain.compress(max_bond_dim)
    return chain


def expectations(strings: Strings, means: Chain) -> np.ndarray:
    """Return weight * <P> of every string, float64 (n_strings,)."""
    edge = strings.weights[:, None]
    for letters, tensor in zip(strings.letters, means.tensors, strict=True):
        edge = np.einsum("kl,lkr->kr", edge, tensor[:, letters])
    return edge[:, 0]


def _hermitian_transfer(tensor: np.ndarray) -> np.ndarray:
    """Return the map of bond operators for each letter, real in Hermitian bases."""
    paulis = np.array([cirq.unitary(gate) for gate in (cirq.I, cirq.X, cirq.Y, cirq.Z)])
    left, right = _hermitian_basis(tensor.shape[0]), _hermitian_basis(tensor.shape[2])
    # bra leg a, ket leg b: sum over conj(A)[a,s,c] P[s,t] A[b,t,d]
    return np.einsum(
        "xab,asc,pst,btd,ycd->xpy",
        left,
        tensor.conj(),
        paulis,
        tensor,
        right.conj(),
        optimize=True,
    ).real


def _hermitian_basis(dim: int) -> np.ndarray:
    """Return dim² orthonormal Hermitian matrices, shape (dim², dim, dim)."""
    basis = np.zeros((dim * dim, dim, dim), dtype=complex)
    k = 0
    for a in range(dim):
        basis[k, a, a] = 1
        k += 1
        for b in range(a):
            basis[k, [a, b], [b, a]] = np.sqrt(0.5)
            basis[k + 1, [a, b], [b, a]] = 1j * np.sqrt(0.5), -1j * np.sqrt(0.5)
            k += 2
    return basis
