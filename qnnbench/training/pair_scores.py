"""Scores of the two-copy network on pairs under real unitaries, and of what is not trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from qnnbench.states.families.lu_orbit import base_states
from qnnbench.states.mps import State
from qnnbench.states.quantities.singlet_weights import shuffled_optimum
from qnnbench.states.samples import Dataset
from qnnbench.tasks.ceilings import BEST, accuracy_ceiling
from qnnbench.tasks.pair_head import Alphabet, Head, chosen_head
from qnnbench.tasks.pair_samples import PairSamples
from qnnbench.tasks.ppt_bound import MAX_PPT_QUBITS, ppt_bound
from qnnbench.tasks.scores import accuracy_score, paired_difference
from qnnbench.tasks.two_copies import (
    N_SYMBOLS,
    SEPARATE,
    block_optimum,
    singlet_overlaps,
    xor_bits,
    xor_optimum,
)

Rows = list[dict[str, Any]]

JOINT = "joint shots of two copies"
SEPARATELY = "separate shots of two copies"
EXACT = "exact law of one pair"
ANY_SEPARATE = "any shots without a gate across copies"
XOR, BOTH, PPT = "xor", "both_copies", "ppt_bound"  # arms of what is not trained

TRAINED, IDLE = "trained", "untrained"  # what reads the symbols, beside XOR and BOTH


@dataclass(frozen=True)
class PairScorer:
    """Judges a block on one dataset, beside others on the same pairs of copies.

    Each reader, that is the trained block, the untrained one, the XOR of the bits of both
    copies and these bits as they are, has a head of its own, fitted to the training samples
    and chosen on the validation samples.

    Attributes:
        dataset: Of family ``lu_orbit``.
        blocks: The trained block and the untrained one.
        n_pairs: Pairs of copies of samples of one pair, "train" and "validation", and of all
            test samples of a kind, "test".
        pairs_per_sample: Pairs of copies of one test sample, one row each.
        seed_path: Of the run: decides all samples, see ``PairSamples.of_run``.
        shuffled: Whether the qubits of every sample stand in a hidden order.
    """

    dataset: Dataset
    blocks: tuple[np.ndarray, np.ndarray]
    n_pairs: Mapping[str, int]
    pairs_per_sample: tuple[int, ...]
    seed_path: str
    shuffled: bool = False

    @cached_property
    def states(self) -> tuple[State, State]:
        """The unturned states of classes 0 and 1."""
        return base_states(self.dataset)

    def samples(self, split: str, n_pairs: int = 1) -> PairSamples:
        """Return the samples of a split, half of each class, of so many pairs of copies each."""
        n_samples = self.n_pairs[split] // (2 * n_pairs)
        return PairSamples.of_run(self.seed_path, split, n_samples, n_pairs)

    def _read(self, samples: PairSamples) -> dict[str, np.ndarray]:
        """Return the symbols that each reader sees of the same samples."""
        ensemble = self.dataset.details["options"]["unitaries"]
        trained, idle, apart = samples.measured(
            self.states, (*self.blocks, SEPARATE), ensemble, self.shuffled
        )
        return {TRAINED: trained, IDLE: idle, XOR: xor_bits(apart), BOTH: apart}

    @property
    def _alphabets(self) -> dict[str, Alphabet]:
        trained, idle, apart = (
            Alphabet(N_SYMBOLS, int(np.argmax(singlet_overlaps(block))))
            for block in (*self.blocks, SEPARATE)
        )
        return {TRAINED: trained, IDLE: idle, XOR: Alphabet(2, 1), BOTH: apart}

    @cached_property
    def heads(self) -> dict[str, tuple[Head, float]]:
        """The head of each reader, and how often it is right on validation pairs."""
        train, validation = (self.samples(split) for split in ("train", "validation"))
        shown, held = self._read(train), self._read(validation)
        return {
            reader: chosen_head(
                (shown[reader][:, 0], train.labels),
                (held[reader][:, 0], validation.labels),
                alphabet,
            )
            for reader, alphabet in self._alphabets.items()
        }

    @cached_property
    def _correct(self) -> dict[int, dict[str, np.ndarray]]:
        """Whether test samples are told right, by pairs of each and by reader."""
        told = {}
        for n_pairs in self.pairs_per_sample:
            samples = self.samples("test", n_pairs)
            read = self._read(samples)
            told[n_pairs] = {
                reader: head.correct(read[reader], samples.labels)
                for reader, (head, _) in self.heads.items()
            }
        return told

    def scores(self) -> Rows:
        """Return the network's rows: shots for each number of pairs, then exact figures."""
        rows = []
        for n_pairs, correct in self._correct.items():
            difference, lower = paired_difference(correct[TRAINED], correct[IDLE])
            row = {
                "record": JOINT,
                **_measured(correct[TRAINED], n_pairs, self._ceilings[n_pairs]),
                "untrained_value": float(correct[IDLE].mean()),
                "paired_difference": difference,
                "paired_lower": lower,
            }
            rows.append(row)
        best = [block_optimum(self.states, block, self.shuffled) for block in self.blocks]
        if best[0] is not None:
            row = _exact(BEST, best[0], 0.5, self._ceilings[1])
            rows.append({**row, "untrained_value": best[1]})
        overlap, before = (float(singlet_overlaps(b).max()) for b in self.blocks)
        row = _exact("singlet_overlap", overlap, chance=0.25, ceiling=1.0)
        return [*rows, {**row, "untrained_value": before}]

    def rivals(self) -> Rows:
        """Return the rows of separately measured copies, and of the bound on all such."""
        joint, bound = self._ceilings[1], self._bound
        single = joint if bound is None else bound
        rows = []
        for reader in (XOR, BOTH):
            for n_pairs, correct in self._correct.items():
                ceiling = single if n_pairs == 1 else self._ceilings[n_pairs]
                row = {"record": SEPARATELY, **_measured(correct[reader], n_pairs, ceiling)}
                rows.append({"arm": reader, **row})
        best = xor_optimum(self.states, self.shuffled)
        if best is not None:
            rows.append({"arm": XOR, **_exact(BEST, best, 0.5, single)})
        if bound is not None:
            row = _exact(BEST, bound, 0.5, joint)
            rows.append({"arm": PPT, **row, "record": ANY_SEPARATE})
        return rows

    @cached_property
    def _ceilings(self) -> dict[int, float]:
        """The best accuracy of any measurement, by pairs of each sample."""
        numbers = {1, *self.pairs_per_sample}
        found = {n: accuracy_ceiling(self.dataset, 2 * n) for n in numbers}
        return {**found, 1: shuffled_optimum(*self.states)} if self.shuffled else found

    @property
    def _bound(self) -> float | None:
        """The PPT bound where it is derived: for GHZ states against dephased ones."""
        is_ghz = self.dataset.details["options"]["pair"] == "ghz-deph"
        known = is_ghz and self.dataset.n_qubits <= MAX_PPT_QUBITS
        return ppt_bound(self.dataset.n_qubits) if known else None


def _measured(correct: np.ndarray, n_pairs: int, ceiling: float) -> dict[str, Any]:
    return {
        **accuracy_score(correct, ceiling=ceiling),
        "n_copies": 2 * n_pairs,
        "n_samples": len(correct),
        "error_estimate": 0.0,
        "status": "ok",
    }


def _exact(metric: str, value: float, chance: float, ceiling: float) -> dict[str, Any]:
    return {
        "record": EXACT,
        "n_copies": 2,
        "metric": metric,
        "value": value,
        "lower": value,
        "upper": value,
        "chance": chance,
        "ceiling": ceiling,
        "error_estimate": 0.0,
        "status": "ok",
    }
