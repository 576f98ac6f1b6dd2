"""Observables as vectors over Pauli strings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import cirq
import numpy as np
import sympy

from qnnbench.moments.chain import Chain, combined, squared, without_identity
from qnnbench.moments.channels import PRODUCT
from qnnbench.moments.pauli_circuit import CannotCompute
from qnnbench.moments.strings import Strings

LETTERS: dict[Any, int] = {cirq.I: 0, cirq.X: 1, cirq.Y: 2, cirq.Z: 3}
MAX_EXPANDED, MAX_PROJECTORS = 4096, 32


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


Observable = Projectors | PauliTerms


def observable_qubits(observable: Any) -> frozenset[cirq.Qid]:
    """Return the qubits an observable acts on, once it is known to be one.

    Raises:
        TypeError: Neither Pauli string, Pauli sum, projector nor sum of projectors.
        ValueError: A coefficient is complex, not finite or a symbol.
    """
    if isinstance(observable, cirq.PauliString | cirq.ProjectorString):
        terms = [observable]
    elif isinstance(observable, cirq.PauliSum | cirq.ProjectorSum):
        terms = list(observable)
    else:
        raise TypeError(
            "observable must be a cirq.PauliString, PauliSum, ProjectorString or ProjectorSum, "
            f"got {type(observable).__name__}"
        )
    for term in terms:
        _check_coefficient(term.coefficient)
    if isinstance(observable, cirq.ProjectorString):
        return frozenset(observable.projector_dict)
    return frozenset(observable.qubits)


def _check_coefficient(coefficient: Any) -> None:
    is_symbol = isinstance(coefficient, sympy.Expr) and not coefficient.is_number
    number = complex("nan") if is_symbol else complex(coefficient)
    if not np.isfinite(number) or abs(number.imag) > 1e-12 * min(1.0, abs(number)):
        raise ValueError(
            "Coefficients of an observable must be real and finite numbers: it is Hermitian. "
            f"Got {coefficient!r}."
        )


def read_observable(observable: Any, site: Mapping[cirq.Qid, int], n_sites: int) -> Observable:
    """Return ``observable`` as strings on sites.

    Projectors on few sites are expanded into strings.

    Args:
        observable: Pauli string, Pauli sum, projector or sum of projectors, of real
            coefficients.
        site: Of every qubit.
        n_sites: Width of the circuit.

    Raises:
        CannotCompute: A sum of too many projectors on many sites.
    """
    if isinstance(observable, cirq.ProjectorString | cirq.ProjectorSum):
        parts = [observable] if isinstance(observable, cirq.ProjectorString) else observable
        terms = tuple(
            (complex(p.coefficient).real, {site[q]: int(b) for q, b in p.projector_dict.items()})
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
            (
                {site[q]: LETTERS[pauli] for q, pauli in term.items()},
                complex(term.coefficient).real,
            )
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
