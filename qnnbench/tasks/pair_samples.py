"""Samples of two states under unitaries of their own: a class and two seeds, nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from qnnbench.states.families.lu_orbit import unitaries_of
from qnnbench.states.mps import State
from qnnbench.states.quantities.pair_shots import outcomes_at

_CHUNK_SHOTS = 1024  # whose bases are held at once


def purpose_generator(seed_path: str, purpose: str) -> np.random.Generator:
    """Return the random numbers of one purpose of a run; asked twice, they come again.

    Args:
        seed_path: "seed/n_qubits/repeat", the column of every row.
        purpose: What they are for.
    """
    seed, *key = map(int, seed_path.split("/"))
    sequence = np.random.SeedSequence(seed, spawn_key=(*key, crc32(purpose.encode())))
    return np.random.default_rng(sequence)


@dataclass(frozen=True)
class PairSamples:
    """Samples whose pairs of copies are turned by the same unitaries and read.

    Attributes:
        labels: Class of each sample, int64 (n_samples,).
        unitaries_seeds: Of its unitaries, see ``unitaries_of``, int64 (n_samples,).
        shot_seeds: Of what its pairs show, int64 (n_samples,).
        n_pairs: Pairs of copies of each.
    """

    labels: np.ndarray
    unitaries_seeds: np.ndarray
    shot_seeds: np.ndarray
    n_pairs: int

    @classmethod
    def drawn(cls, n_samples: int, n_pairs: int, rng: np.random.Generator) -> "PairSamples":
        """Return so many samples of each of two classes, class 0 first."""
        of_unitaries, of_shots = rng.integers(1 << 63, size=(2, 2 * n_samples))
        return cls(np.repeat([0, 1], n_samples), of_unitaries, of_shots, n_pairs)

    @classmethod
    def of_run(cls, seed_path: str, split: str, n_samples: int, n_pairs: int) -> "PairSamples":
        """Return the samples of a run of the two-copy network: its score rows tell all of it.

        Args:
            seed_path: The row's.
            split: "train", "validation" or "test".
            n_samples: Of each class: half the row's ``n_samples`` for "test".
            n_pairs: Of each sample: half the row's ``n_copies``.
        """
        rng = purpose_generator(seed_path, f"{split} {n_pairs}")
        return cls.drawn(n_samples, n_pairs, rng)

    def only(self, numbers: Sequence[int] | np.ndarray) -> "PairSamples":
        """Return the samples of these numbers."""
        chosen = np.asarray(numbers)
        seeds = self.unitaries_seeds[chosen], self.shot_seeds[chosen]
        return PairSamples(self.labels[chosen], *seeds, self.n_pairs)

    def unitaries(self, n_qubits: int, ensemble: str = "haar") -> np.ndarray:
        """Return the unitaries of all samples, complex128 (n_samples, n_qubits, 2, 2)."""
        seeds = self.unitaries_seeds.tolist()
        return np.array([unitaries_of(seed, n_qubits, ensemble) for seed in seeds])

    def measured(
        self,
        states: tuple[State, State],
        blocks: Sequence[np.ndarray],
        ensemble: str = "haar",
        shuffled: bool = False,
    ) -> list[np.ndarray]:
        """Return what blocks read: copies are turned, meet in the block, and are measured.

        A sample's symbols depend on its class and seeds alone, not on those beside it.

        Args:
            states: States of classes 0 and 1.
            blocks: Every V, shape (4, 4), see ``block_unitary``; all see the same samples.
            ensemble: A key of ``UNITARIES``.
            shuffled: Whether the qubits of every sample stand in an order of its own, which
                its unitaries' seed decides.

        Returns:
            For every block uint8 (n_samples, n_pairs, n_qubits).
        """
        n_qubits = states[0].n_qubits
        shape = (len(self.labels), self.n_pairs, n_qubits)
        found = [np.empty(shape, dtype=np.uint8) for _ in blocks]
        size = max(_CHUNK_SHOTS // self.n_pairs, 1)
        for label, state in enumerate(states):
            mine = np.flatnonzero(self.labels == label)
            for start in range(0, len(mine), size):
                part = mine[start : start + size]
                some = self.only(part)
                turns = some.unitaries(n_qubits, ensemble)
                twice = np.einsum("zqac,zqbd->zqabcd", turns, turns).reshape(
                    *turns.shape[:2], 4, 4
                )
                levels = some._levels(n_qubits)
                for symbols, block in zip(found, blocks, strict=True):
                    symbols[part] = outcomes_at(state, block @ twice, levels)
        return [self._in_hidden_order(symbols) for symbols in found] if shuffled else found

    def _levels(self, n_qubits: int) -> np.ndarray:
        shape = (self.n_pairs, n_qubits + 2)
        return np.array([np.random.default_rng(s).random(shape) for s in self.shot_seeds.tolist()])

    def _in_hidden_order(self, symbols: np.ndarray) -> np.ndarray:
        seeds, n_qubits = self.unitaries_seeds.tolist(), symbols.shape[2]
        orders = [np.random.default_rng([seed, 1]).permutation(n_qubits) for seed in seeds]
        return np.take_along_axis(symbols, np.array(orders)[:, None], axis=2)
