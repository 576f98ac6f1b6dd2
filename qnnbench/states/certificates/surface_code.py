"""Facts of the surface code: its distance, counted from the stabilizers of both classes."""

from collections.abc import Iterator
from math import isqrt
from typing import TYPE_CHECKING, cast

import numpy as np

from qnnbench.states.certificates.any_family import pair_marginals, shared_states
from qnnbench.states.certificates.claims import Row, claim, exact_states, measured
from qnnbench.states.certificates.stabilizers import (
    n_unmet,
    n_unmet_up_to_sign,
    own_generators,
    prepared,
)
from qnnbench.states.quantities.enumerators import generators, sector_lengths
from qnnbench.states.samples import Dataset
from qnnbench.states.stabilizer import StabilizerState

if TYPE_CHECKING:
    import stim


def _states(dataset: Dataset) -> list[StabilizerState]:
    return [cast(StabilizerState, state) for state in dataset.states]


def _pair(dataset: Dataset) -> list[StabilizerState]:
    exact = exact_states(dataset)
    return [_states(exact)[int(np.argmax(exact.labels == label))] for label in (0, 1)]


def common_strings(
    a: StabilizerState, b: StabilizerState
) -> "tuple[list[stim.PauliString], list[stim.PauliString]]":
    """Return independent stabilizers of ``a`` that stabilize ``b``, and such that -1 does.

    Products of a's generators that commute with all of b's are b's up to their sign.
    """
    theirs = own_generators(b)
    leading: dict[int, tuple[int, stim.PauliString]] = {}
    agreeing: list[stim.PauliString] = []
    opposed: list[stim.PauliString] = []
    for string in own_generators(a):
        against = sum((not string.commutes(t)) << k for k, t in enumerate(theirs))
        while against and against.bit_length() in leading:
            mask, other = leading[against.bit_length()]
            against, string = against ^ mask, string * other
        if against:
            leading[against.bit_length()] = (against, string)
        else:
            (agreeing if b.mean(string) == 1 else opposed).append(string)
    return agreeing, opposed


def _marginals(dataset: Dataset) -> Iterator[Row]:
    """A marginal on R is 2^-|R| times the sum of the signed stabilizers inside R.

    So two states agree on every k qubits iff no string of weight <= k stabilizes one alone.
    """
    distance, pair = isqrt(dataset.n_qubits), _pair(dataset)
    agreeing, opposed = common_strings(*pair)
    group = agreeing + [opposed[0] * string for string in opposed[1:]]
    bits = np.array([np.stack(string.to_numpy(), axis=1) for string in group])
    both = np.array(sector_lengths(bits, max_weight=distance))
    alone = [np.array(sector_lengths(generators(s), max_weight=distance)) - both for s in pair]
    method = (
        "lightest stabilizer of one class alone, from the weight counts of both stabilizer "
        "groups and of what they share, exact"
    )
    found = np.flatnonzero(np.sum(alone, axis=0))
    lightest = int(found[0]) if len(found) else np.inf
    fact = "all (d-1)-body marginals of the noiseless classes are equal, no further"
    yield claim(fact, method, lightest, distance, 0)
    for name, counts in zip(("|0>", "|+>"), alone, strict=True):
        yield measured(f"lightest strings of logical {name}", method, counts[distance])
    overlap = 0.0 if opposed else 2.0 ** (len(agreeing) - dataset.n_qubits)
    fact, method = "|<0|+>|² of the noiseless classes", "2^-(stabilizers not shared)"
    yield claim(fact, method, overlap, 0.5, 0)


def _half_cuts(dataset: Dataset) -> Iterator[Row]:
    """One ebit per two checks of the line across the cut, which anticommute with the next.

    Cutting the d x d square before line h = ⌊d/2⌋ truncates d - 1 checks inside and the pairs
    of that line at both ends, h odd: two at the columns, none at the rows, h even: the other
    way round; one if d is odd. The logical that crosses the cut lengthens this row by one.
    E is half its rank, ⌊length/2⌋.
    """
    d = isqrt(dataset.n_qubits)
    half = d // 2
    pairs = {"rows": 1, "columns": 1} if d % 2 else {"rows": 2, "columns": 0}
    if d % 2 == 0 and half % 2:
        pairs = {"rows": 0, "columns": 2}
    sites = {
        "rows": range(half * d),
        "columns": [q for q in range(d * d) if q % d < half],
    }
    crossing = {"rows": 1, "columns": 0}  # logical X runs along columns, Z along rows
    for label, (name, state) in enumerate(zip(("|0>", "|+>"), _pair(dataset), strict=True)):
        for cut, chosen in sites.items():
            length = d - 1 + pairs[cut] + (crossing[cut] == label)
            value = state.entropy(chosen)
            fact = f"half-{cut} entropy of logical {name} in bits"
            yield claim(fact, "rank of the cut stabilizers", value, length // 2, 0)


def _logicals(dataset: Dataset) -> Iterator[Row]:
    d = isqrt(dataset.n_qubits)
    strings = {
        "Z on the first row": dict.fromkeys(range(d), "Z"),
        "X on the first column": dict.fromkeys(range(0, d * d, d), "X"),
    }
    for label, (what, letters) in enumerate(strings.items()):
        means = [state.expectation(letters) for state in _pair(dataset)]
        method = "difference of the two noiseless states"
        fact = f"<{what}> tells the classes apart"
        yield claim(fact, method, means[label] - means[1 - label], 1, 0)
        seen = np.array([state.expectation(letters) for state in dataset.states])
        contrast = seen[dataset.labels == label].mean() - seen[dataset.labels != label].mean()
        method = f"difference of class means, {len(seen)} states"
        yield measured(f"contrast of <{what}> with noise", method, contrast)


def _members(dataset: Dataset) -> Iterator[Row]:
    """Compare every state with the first noiseless one of its class."""
    exact = exact_states(dataset)
    strings = [own_generators(state) for state in _pair(dataset)]
    labelled = zip(_states(exact), exact.labels.tolist(), strict=True)
    unmet = sum(n_unmet(state, strings[label]) for state, label in labelled)
    method = f"stabilizers unmet by {len(exact.states)} states"
    yield claim("noiseless states of a class are equal", method, unmet, 0, 0)
    labelled = zip(_states(dataset), dataset.labels.tolist(), strict=True)
    unmet = sum(n_unmet_up_to_sign(state, strings[label]) for state, label in labelled)
    method = f"stabilizers unmet up to sign by {len(dataset.states)} states"
    yield claim("samples are states of their class up to Pauli errors", method, unmet, 0, 0)


FACTS = (_members, _marginals, _half_cuts, _logicals, prepared, pair_marginals, shared_states)
