"""Observables and input states as vectors over Pauli strings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cirq
import numpy as np

from qnnbench.moments.chain import Chain, overlap, without_identity
from qnnbench.moments.channels import PRODUCT
from qnnbench.moments.pauli_circuit import CannotCompute
from qnnbench.moments.strings import Strings

LETTERS: dict[Any, int] = {cirq.I: 0, cirq.X: 1, cirq.Y: 2, cirq.Z: 3}
MAX_STATE_BOND_DIM = 4


@dataclass(frozen=True)
class Projector:
    """coefficient * |b><b| on some sites: all strings of I and Z there.

    Attributes:
        sites: Where it acts.
        bits: b, one bit per site.
        coefficient: Real.
        n_sites: Width of the circuit.
    """

    sites: tuple[int, ...]
    bits: tuple[int, ...]
    coefficient: float
    n_sites: int

    @property
    def constant(self) -> float:
        """Weight of the identity string."""
        return self.coefficient / 2 ** len(self.sites)

    def generators(self) -> np.ndarray:
        """Return letters (n_sites, k) of strings that generate all others as products."""
        letters = np.zeros((self.n_sites, len(self.sites)), dtype=np.int8)
        letters[self.sites, range(len(self.sites))] = 3
        return letters

    @property
    def is_empty(self) -> bool:
        """Whether there is no string but the identity."""
        return self.coefficient == 0 or not self.sites

    @property
    def is_single(self) -> bool:
        """Whether it is one string at most."""
        return self.is_empty

    def weights(self) -> Chain:
        """Return the weights of all strings, the identity included, on all sites."""
        local = np.zeros((self.n_sites, 4))
        local[:, 0] = 1
        local[self.sites, 0] = 0.5
        local[self.sites, 3] = 0.5 - np.array(self.bits)
        local[0] *= self.coefficient
        return Chain([v.reshape(1, 4, 1) for v in local])

    def possible_letters(self) -> np.ndarray:
        """Return which letters a site can hold, bool (n_sites, 4)."""
        letters = np.zeros((self.n_sites, 4), dtype=bool)
        letters[:, 0] = letters[self.sites, 3] = True
        return letters

    def squares(self, sites: Sequence[int]) -> Chain:
        """Return the squared weights of all strings but the identity on ``sites``."""
        local = [np.array([1.0, 0, 0, float(s in self.sites)]) for s in sites]
        log = 2 * np.log(abs(self.coefficient)) - len(self.sites) * np.log(4)
        return without_identity(Chain([v.reshape(1, 4, 1) for v in local], float(log)))

    def meeting(self, squares: Chain) -> Chain:
        """Return the squared means of the state without the identity string.

        Its weight is 1, that of others down to 4^-n: what rounding leaves of the
        identity in the observable would otherwise count.
        """
        return without_identity(squares)


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

    @property
    def is_single(self) -> bool:
        """Whether it is one string at most."""
        return len(self.strings) <= 1

    def weights(self) -> Chain:
        """Return the weights of the strings on all sites."""
        return self._automaton(range(len(self.strings.letters)), 1)

    def possible_letters(self) -> np.ndarray:
        """Return which letters a site can hold, bool (n_sites, 4)."""
        return np.stack([(self.strings.letters == k).any(axis=1) for k in range(4)], axis=1)

    def squares(self, sites: Sequence[int]) -> Chain:
        """Return the squared weights on ``sites``, which must hold every letter."""
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

    def meeting(self, squares: Chain) -> Chain:
        """Return the squared means of the state as they are.

        No string here is the identity, and with it the vector stays a product away from
        the light cone, where strings of low weight keep their relative precision.
        """
        return squares


def observable_qubits(observable: Any) -> frozenset[cirq.Qid]:
    """Return the qubits an observable acts on.

    Raises:
        TypeError: Neither Pauli string, Pauli sum nor projector.
    """
    if isinstance(observable, cirq.ProjectorString):
        return frozenset(observable.projector_dict)
    if isinstance(observable, cirq.PauliString | cirq.PauliSum):
        return frozenset(observable.qubits)
    raise TypeError(
        "observable must be a cirq.PauliString, PauliSum or ProjectorString, "
        f"got {type(observable).__name__}"
    )


def read_observable(observable: Any, qubits: Sequence[cirq.Qid]) -> Projector | PauliTerms:
    """Return ``observable`` as strings on the sites of ``qubits``.

    Args:
        observable: Pauli string, Pauli sum or projector.
        qubits: All qubits; the position of a qubit is its site.

    Raises:
        ValueError: A coefficient is complex or not finite.
    """
    site = {q: i for i, q in enumerate(qubits)}
    if isinstance(observable, cirq.ProjectorString):
        pairs = sorted((site[q], int(bit)) for q, bit in observable.projector_dict.items())
        sites, bits = tuple(s for s, _ in pairs), tuple(b for _, b in pairs)
        return Projector(sites, bits, _real(observable.coefficient), len(qubits))
    weights: dict[tuple[int, ...], float] = {}
    for term in cirq.PauliSum.wrap(observable):
        letters = [0] * len(qubits)
        for qubit, pauli in term.items():
            letters[site[qubit]] = LETTERS[pauli]
        weights[tuple(letters)] = weights.get(tuple(letters), 0.0) + _real(term.coefficient)
    constant = weights.pop((0,) * len(qubits), 0.0)
    kept = [(letters, weight) for letters, weight in weights.items() if weight != 0]
    columns = np.array([letters for letters, _ in kept], dtype=np.int8)
    strings = Strings(columns.reshape(-1, len(qubits)).T, np.array([w for _, w in kept]))
    return PauliTerms(strings, constant)


def _real(coefficient: Any) -> float:
    number = complex(coefficient)
    if not np.isfinite(number) or abs(number.imag) > 1e-12 * abs(number):
        raise ValueError(f"Coefficients must be real and finite, got {coefficient!r}")
    return number.real


def pauli_means(state: Any, n_sites: int) -> Chain:
    """Return the vector of all <P> of an input state.

    Args:
        state: None for |0…0>, or an object with ``tensors``, one array of shape
            (left, 2, right) per site, of norm one.
        n_sites: Width of the circuit.

    Returns:
        A chain of bond dimension 1, or the square of that of ``state``.

    Raises:
        CannotCompute: The bond dimension of ``state`` is above 4.
        ValueError: The number of tensors is not ``n_sites``, or the norm is not one.
    """
    if state is None:
        return Chain([np.array([1.0, 0, 0, 1]).reshape(1, 4, 1)] * n_sites)
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
    norm = overlap(means, Chain([np.eye(4)[0].reshape(1, 4, 1)] * n_sites))
    if norm[0] <= 0 or abs(norm[1]) > 1e-8:
        raise ValueError("The input state does not have norm one. Normalise it.")
    return means


def squared(means: Chain, max_bond_dim: int) -> Chain:
    """Return the vector of all <P>², compressed to ``max_bond_dim``."""
    tensors = []
    for tensor in means.tensors:
        a, d, b = tensor.shape
        square = np.einsum("apb,cpd->acpbd", tensor, tensor)
        tensors.append(square.reshape(a * a, d, b * b))
    chain = Chain(tensors)
    if means.bond_dim > 1:
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
