"""What a classical learner is given of each state, and the columns made of it.

A record is measured once and read by every rival that asks for it, so that rivals differ in
what they make of the same copies and in nothing else.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qnnbench.states.measurement import measured_each, random_bases
from qnnbench.states.mps import InputState, Mixture, State
from qnnbench.states.quantities.local_means import exact_means, shadow_means, shot_means
from qnnbench.states.samples import Dataset
from qnnbench.states.stabilizer import StabilizerState
from qnnbench.states.stacking import squared_overlaps, stack_states

if TYPE_CHECKING:
    import stim

LENGTH = 3  # neighbours that a local word may touch
ROUNDING_DIGITS = 9  # of exact means: below lies rounding, which must not tell classes apart
_KERNEL_CHUNK = 1 << 22  # pairs of shots compared at once


class NoRecord(ValueError):  # noqa: N818 - says what is wrong, not that something is
    """A record that does not exist for a kind of state; the message says why."""


@dataclass(frozen=True)
class Record:
    """What is measured of every state.

    Attributes:
        name: In the ``record`` column.
        measure: Maps (dataset, n_copies, rng) to the record of all its states, in order.
        takes_copies: Whether copies are used up; else the record is exact, n_copies None.
    """

    name: str
    measure: Callable[[Dataset, int | None, np.random.Generator], Any]
    takes_copies: bool


@dataclass(frozen=True)
class Shadows:
    """Shots in random bases: bits and letters, both (n_states, n_copies, n_qubits)."""

    bits: np.ndarray
    bases: np.ndarray


def _z_shots(dataset: Dataset, n_copies: int | None, rng: np.random.Generator) -> np.ndarray:
    return measured_each(dataset.states, n_copies or 0, rng)


def _shadows(dataset: Dataset, n_copies: int | None, rng: np.random.Generator) -> Shadows:
    bases = random_bases((len(dataset.states), n_copies or 0, dataset.n_qubits), rng)
    return Shadows(measured_each(dataset.states, n_copies or 0, rng, bases), bases)


def _expectations(dataset: Dataset, n_copies: int | None, rng: np.random.Generator) -> np.ndarray:
    return exact_means(dataset.states, min(LENGTH, dataset.n_qubits)).round(ROUNDING_DIGITS)


def _overlaps(dataset: Dataset, n_copies: int | None, rng: np.random.Generator) -> np.ndarray:
    is_train = dataset.splits == "train"
    found = overlaps([dataset.states[i] for i in np.flatnonzero(is_train)], dataset.states).T
    lengths = np.sqrt([_purity(state) for state in dataset.states])
    return np.asarray(found / np.outer(lengths, lengths[is_train]))


RECORDS = {
    record.name: record
    for record in (
        Record("z shots", _z_shots, takes_copies=True),
        Record("shadows", _shadows, takes_copies=True),
        Record("pauli expectations", _expectations, takes_copies=False),
        Record("overlaps", _overlaps, takes_copies=False),
    )
}


def overlaps(first: Sequence[InputState], second: Sequence[InputState]) -> np.ndarray:
    """Return Tr ρσ of every state of ``first`` with every one of ``second``, exactly.

    Returns:
        Float64 (len(first), len(second)).

    Raises:
        NoRecord: Stabilizer states together with others.
    """
    (left, bras), (right, kets) = _by_kind(first), _by_kind(second)
    if not (bras or kets):
        return _stabilizer_overlaps(left, right)
    if left or right:
        raise NoRecord(
            "overlaps between stabilizer states and matrix product states are not computed; "
            "a dataset of one kind has them"
        )
    (below, mixing), (above, mixing_above) = _members(bras), _members(kets)
    return np.asarray(mixing @ squared_overlaps(below, above) @ mixing_above.T)


def _by_kind(states: Sequence[InputState]) -> tuple[list[StabilizerState], list[State]]:
    stabilizers = [state for state in states if isinstance(state, StabilizerState)]
    return stabilizers, [state for state in states if not isinstance(state, StabilizerState)]


def _members(states: Sequence[State]) -> tuple[np.ndarray, np.ndarray]:
    """Return the stacked pure members of all states and the matrix that mixes them."""
    pairs = [(row, w, m) for row, state in enumerate(states) for w, m in state.members]
    mixing = np.zeros((len(states), len(pairs)))
    for column, (row, weight, _) in enumerate(pairs):
        mixing[row, column] = weight
    return stack_states([member.tensors for _, _, member in pairs]), mixing


def _purity(state: InputState) -> float:
    """Return Tr ρ²."""
    if not isinstance(state, Mixture):
        return 1.0
    pairs = itertools.combinations(state.members, 2)
    mixed = sum(v * w * abs(a.overlap(b)) ** 2 for (v, a), (w, b) in pairs)
    return sum(w**2 for w in state.weights) + 2 * mixed


def _stabilizer_overlaps(
    first: Sequence[StabilizerState], second: Sequence[StabilizerState]
) -> np.ndarray:
    """Return |<a|b>|² = |<0…0|A†B|0…0>|²: the chance that A†B|0…0> reads 0 everywhere."""
    import stim

    simulator = stim.TableauSimulator()
    inverses = [state.tableau.inverse() for state in second]
    found = np.empty((len(first), len(second)))
    for row, a in enumerate(first):
        for column, inverse in enumerate(inverses):
            simulator.set_inverse_tableau(a.tableau.then(inverse))  # (A†B)⁻¹ = B†A
            found[row, column] = _chance_of_zeros(simulator)
    return found


def _chance_of_zeros(simulator: "stim.TableauSimulator") -> float:
    chance = 1.0
    for site in range(simulator.num_qubits):
        mean = simulator.peek_z(site)
        if mean < 0:
            return 0.0
        if not mean:
            simulator.postselect_z(site, desired_value=False)
            chance /= 2
    return chance


def z_columns(bits: np.ndarray, is_train: np.ndarray) -> np.ndarray:
    """Return the standard statistics of Z shots, means over the shots of each state.

    They are all Z words on three neighbours (Z, ZZ, Z·Z, ZZZ), the parity of the whole
    register and the squared magnetisation. No other long word is among them: a word picked
    by hand may be the very observable that labels a family, as the parity of half of a
    surface code's rows is its logical Z.

    Args:
        bits: (n_states, n_copies, n_qubits).
        is_train: Not used here.
    """
    signs = 1.0 - 2.0 * bits
    globals_ = np.stack([signs.prod(axis=2), signs.mean(axis=2) ** 2], axis=2).mean(axis=1)
    return np.concatenate([shot_means(bits, min(LENGTH, bits.shape[2])), globals_], axis=1)


def shadow_columns(shadows: Shadows, is_train: np.ndarray) -> np.ndarray:
    """Return the shadow estimates of all Pauli words on three neighbours."""
    length = min(LENGTH, shadows.bits.shape[2])
    return shadow_means(shadows.bits, shadows.bases, length)


def as_recorded(record: np.ndarray, is_train: np.ndarray) -> np.ndarray:
    """Return a record that is a table of columns already."""
    return record


def shadow_kernel(shadows: Shadows, is_train: np.ndarray) -> np.ndarray:
    """Return the shadow kernel of every state with every training state.

    k = exp(τ/T² Σ_{t,t'} exp(γ/n Σ_i Tr σ_i^t σ_i^t')) with σ = 3|s><s| - 1. The trace is 5
    for equal outcomes in equal bases, -4 for opposite ones and 1/2 in different bases:
    (1 + 9 r·r')/2 of vectors r that hold ±1 in the letter's place. τ = 1, and γ = 1 as in the
    source from T = 55 on; below, γ = (1 + ln T)/5, so that the T shots that a training state
    shares with itself, e^5γ each, do not outweigh all others.

    Args:
        shadows: T copies of n_states on n qubits.
        is_train: Which states are for training, bool (n_states,).

    Returns:
        Float64 (n_states, n_train). Costs n T² per pair.

    Source:
        Huang, Kueng, Torlai, Albert and Preskill, Science 377, eabk3333 (2022),
        arXiv:2106.12627, the definition of k^(shadow) and the values τ = γ = 1 used there.
    """
    n_states, n_copies, n_qubits = shadows.bits.shape
    signs = 1 - 2 * shadows.bits.astype(np.float32)
    vectors = np.concatenate([np.where(shadows.bases == p, signs, 0) for p in "XYZ"], axis=2)
    gamma = min(1.0, (1 + np.log(n_copies)) / 5)
    train = np.flatnonzero(is_train)
    kernel = np.empty((n_states, len(train)))
    size = max(1, _KERNEL_CHUNK // n_copies**2)
    for column, index in enumerate(train):
        for k in range(0, n_states, size):
            some = vectors[k : k + size].reshape(-1, 3 * n_qubits)
            traces = (1 + 9 / n_qubits * (some @ vectors[index].T)) / 2
            inner = np.exp(gamma * traces).reshape(-1, n_copies**2).mean(axis=1, dtype=float)
            kernel[k : k + size, column] = np.exp(inner)
    return kernel
