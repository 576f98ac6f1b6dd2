"""Two phases of a spin chain as a dataset: ground states, their splits and their noise."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import numpy as np

from qnnbench.states.ground_states import GroundState, ground_states
from qnnbench.states.mps import MPS, PAULIS, State
from qnnbench.states.noise import local_noise
from qnnbench.states.quantities.pauli_sums import PauliWords
from qnnbench.states.samples import Dataset, generator, samples, split_sizes

MIN_COUPLINGS = 4  # two ends to train, one coupling to test, one to validate

Letters = Mapping[int, str]
_Row = tuple[State, int, str, float, dict[str, Any]]  # state, label, split, coupling, facts


@dataclass(frozen=True)
class SpinChain:
    """A Hamiltonian with two phases, and what tells them apart.

    Attributes:
        name: Family.
        words: Maps a coupling to H as Pauli words.
        strings: A string order of each phase: site to letter.
        symmetries: Letters X and Z, repeated along the chain, of strings that commute with
            H. Where they break, a ground state is one of several; each sample is turned by
            a random product of them, so that no mean over a class depends on which.
        start: One-qubit vectors, repeated along the chain, that DMRG starts from.
    """

    name: str
    words: Callable[[float], PauliWords]
    strings: tuple[Letters, Letters]
    symmetries: tuple[str, ...]
    start: tuple[tuple[float, float], ...] = ((0.8, 0.6),)

    def target(self, state: MPS) -> float:
        """Return what a regression predicts: the string order of class 1 less that of 0."""
        first, second = self.strings
        return state.expectation(second) - state.expectation(first)


def couplings_of(split: str, couplings: Sequence[float]) -> list[float]:
    """Return the couplings of one split: the ends train, inner ones go round the splits.

    Splits share no coupling, and what is judged lies between what is learned from.
    """
    inner = ("test", "validation", "train")
    roles = ["train", *islice(cycle(inner), len(couplings) - 2), "train"]
    return [c for c, role in zip(couplings, roles, strict=True) if role == split]


def two_phases(
    chain: SpinChain,
    n_qubits: int,
    phases: tuple[Sequence[float], Sequence[float]],
    *,
    seed: int,
    n_samples: int | Mapping[str, int] | None,
    max_bond_dim: int,
    noise: float,
    noise_kind: str,
) -> Dataset:
    """Return ground states of both phases under local noise.

    The splits share no coupling, see ``couplings_of``. Samples of one coupling differ by
    their noise and by the symmetries that they are turned by, which
    ``parameters["turned_by"]`` names.

    Args:
        chain: The Hamiltonian.
        n_qubits: Width.
        phases: At least four couplings in each, sorted: what labels 0 and 1 stand for.
        seed: Seed of noise and turns; the ground states do not depend on it.
        n_samples: See ``split_sizes``; the labels alternate.
        max_bond_dim: Limit of the bonds.
        noise: Strength, see ``local_noise``; 0 for none.
        noise_kind: A key of ``NOISES``.

    Raises:
        ValueError: Fewer than four couplings in a phase.
    """
    if min(map(len, phases)) < MIN_COUPLINGS:
        raise ValueError(f"each phase needs {MIN_COUPLINGS} couplings or more, got {phases}")
    ground = _ground(chain, n_qubits, phases, max_bond_dim)
    sizes = split_sizes(n_samples)
    exact: list[_Row] = [
        (ground[coupling].state, label, split, coupling, {})
        for split in sizes
        for label, couplings in enumerate(phases)
        for coupling in couplings_of(split, couplings)
    ]
    noisy: list[_Row] = []
    for split, size in sizes.items():
        for sample in range(size):
            label, turn_of = sample % 2, sample // 2
            choices = couplings_of(split, phases[label])
            coupling = choices[turn_of % len(choices)]
            rng = generator(seed, chain.name, n_qubits, split, sample)
            turned_by = [word for word in chain.symmetries if rng.integers(2)]
            turn = _turn(turned_by, n_qubits)
            tilt = local_noise(noise_kind, n_qubits, noise, rng)
            state = ground[coupling].state.rotated(tilt @ turn if noise else turn)
            noisy.append((state, label, split, coupling, {"turned_by": turned_by}))
    noiseless = _dataset(chain, exact, ground) if noise else None
    return _dataset(chain, noisy, ground, noiseless=noiseless)


def _ground(
    chain: SpinChain, n_qubits: int, phases: Sequence[Sequence[float]], max_bond_dim: int
) -> dict[float, GroundState]:
    """Return the ground state at each coupling, every phase by a search of its own."""
    start = MPS.product([np.array(v) for v in islice(cycle(chain.start), n_qubits)])
    ground: dict[float, GroundState] = {}
    for couplings in phases:
        hamiltonians = [chain.words(coupling) for coupling in couplings]
        found = ground_states(hamiltonians, start, max_bond_dim)
        ground |= dict(zip(couplings, found, strict=True))
    return ground


def _turn(words: Sequence[str], n_qubits: int) -> np.ndarray:
    """Return the product of the words, each repeated along the chain, (n_qubits, 2, 2)."""
    turn = np.broadcast_to(np.eye(2), (n_qubits, 2, 2))
    for word in words:
        turn = np.stack([PAULIS[letter] for letter in islice(cycle(word), n_qubits)]) @ turn
    return turn


def _dataset(
    chain: SpinChain, rows: list[_Row], ground: Mapping[float, GroundState], **more: Any
) -> Dataset:
    """Return the rows as a dataset with the figures of merit of their ground states."""
    states, labels, splits, couplings, facts = map(list, zip(*rows, strict=True))
    behind = [ground[coupling] for coupling in couplings]
    targets = {coupling: chain.target(found.state) for coupling, found in ground.items()}
    return samples(
        chain.name,
        states[0].n_qubits,
        states,
        labels,
        splits,
        couplings=couplings,
        targets=[targets[coupling] for coupling in couplings],
        energy=[g.energy for g in behind],
        energy_variance=[g.energy_variance for g in behind],
        truncation_error=[g.truncation_error for g in behind],
        parameters=facts,
        **more,
    )
