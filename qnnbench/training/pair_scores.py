"""Scores of the two-copy network on pairs under real unitaries, and of what is not trained."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from qnnbench.states.families.lu_orbit import UNITARIES, base_states
from qnnbench.states.mps import State
from qnnbench.states.quantities.singlets import singlet_patterns
from qnnbench.states.samples import Dataset
from qnnbench.tasks.ceilings import BEST, accuracy_ceiling
from qnnbench.tasks.ppt_bound import MAX_PPT_QUBITS, ppt_bound
from qnnbench.tasks.scores import accuracy_score, paired_difference
from qnnbench.tasks.two_copies import (
    SEPARATE,
    Head,
    block_optimum,
    singlet_overlaps,
    statistics,
    symbols_of,
    turned_symbols,
    xor_optimum,
    xor_statistics,
)

Rows = list[dict[str, Any]]
Features = Callable[[np.ndarray], np.ndarray]

JOINT = "joint shots of two copies"
SEPARATELY = "separate shots of two copies"
EXACT = "exact law of one pair"
ANY_SEPARATE = "any shots without a gate across copies"
XOR, PPT = "xor", "ppt_bound"  # arms of what is not trained


@dataclass(frozen=True)
class PairScorer:
    """Judges blocks on one dataset: every block on the same pairs of copies.

    Attributes:
        dataset: Of family ``lu_orbit``.
        n_pairs: Labelled pairs that train a head ("train"), and test pairs ("test").
        pairs_per_sample: Pairs of copies of one test sample, one row each.
        generator: Maps a purpose to its random numbers; asked twice, they come again.
    """

    dataset: Dataset
    n_pairs: Mapping[str, int]
    pairs_per_sample: tuple[int, ...]
    generator: Callable[[str], np.random.Generator]

    @cached_property
    def states(self) -> tuple[State, State]:
        """The unturned states of classes 0 and 1."""
        return base_states(self.dataset)

    def head(self, block: np.ndarray, features: Features) -> Head:
        """Return the head of a block, from labelled shots of the training pairs."""
        rng, half = self.generator("train"), self.n_pairs["train"] // 2
        patterns = np.concatenate([singlet_patterns(s, half, rng) for s in self.states])
        symbols = symbols_of(patterns, singlet_overlaps(block), rng)
        return Head.fit(features(symbols), np.repeat([0, 1], half))

    def _correct(
        self, block: np.ndarray, features: Features, head: Head, n_pairs: int
    ) -> np.ndarray:
        """Return whether test samples of so many pairs are told right; any block has the same."""
        unitaries = UNITARIES[self.dataset.details["options"]["unitaries"]]
        shape = (self.n_pairs["test"] // (2 * n_pairs), n_pairs)
        rng = self.generator(f"test {n_pairs}")
        symbols, labels = turned_symbols(self.states, unitaries, block, shape, rng)
        return head.correct(features(symbols), labels)

    def scores(self, block: np.ndarray, idle: np.ndarray, head: Head) -> Rows:
        """Return the network's rows: shots for each number of pairs, then exact figures."""
        idle_head = self.head(idle, statistics)
        rows = []
        for n_pairs in self.pairs_per_sample:
            correct = self._correct(block, statistics, head, n_pairs)
            untrained = self._correct(idle, statistics, idle_head, n_pairs)
            difference, lower = paired_difference(correct, untrained)
            row = {
                "record": JOINT,
                **_measured(correct, n_pairs, self._ceilings[2 * n_pairs]),
                "untrained_value": float(untrained.mean()),
                "paired_difference": difference,
                "paired_lower": lower,
            }
            rows.append(row)
        optimum = block_optimum(self.states, block)
        if optimum is not None:
            row = _exact(BEST, optimum, 0.5, self._ceilings[2])
            rows.append({**row, "untrained_value": block_optimum(self.states, idle)})
        overlap, before = (float(singlet_overlaps(b).max()) for b in (block, idle))
        row = _exact("singlet_overlap", overlap, chance=0.25, ceiling=1.0)
        return [*rows, {**row, "untrained_value": before}]

    def rivals(self) -> Rows:
        """Return the rows of the XOR of separately measured copies, and of the PPT bound."""
        head = self.head(SEPARATE, xor_statistics)
        bound, joint = self._bound, self._ceilings[2]
        single = joint if bound is None else bound
        rows = []
        for n_pairs in self.pairs_per_sample:
            correct = self._correct(SEPARATE, xor_statistics, head, n_pairs)
            ceiling = single if n_pairs == 1 else self._ceilings[2 * n_pairs]
            row = {"record": SEPARATELY, **_measured(correct, n_pairs, ceiling)}
            rows.append({"arm": XOR, **row})
        best = xor_optimum(self.states)
        if best is not None:
            rows.append({"arm": XOR, **_exact(BEST, best, 0.5, single)})
        if bound is not None:
            row = _exact(BEST, bound, 0.5, joint)
            rows.append({"arm": PPT, **row, "record": ANY_SEPARATE})
        return rows

    @cached_property
    def _ceilings(self) -> dict[int, float]:
        copies = {2, *(2 * n_pairs for n_pairs in self.pairs_per_sample)}
        return {n: accuracy_ceiling(self.dataset, n) for n in copies}

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
