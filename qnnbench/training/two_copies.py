"""Training of the two-copy network, and its scores beside what needs no training.

Trained on shots: singlet patterns of the two states and the symbols that they give, which is
exactly the law of one pair of copies under fresh local unitaries. Tested on pairs whose
unitaries are drawn and applied, several pairs per sample under the same ones. The last
angles are scored; nothing is selected, so there are no validation pairs.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np

from qnnbench.results import Meter
from qnnbench.states.families.lu_orbit import base_states
from qnnbench.states.mps import State
from qnnbench.states.quantities.singlets import singlet_patterns
from qnnbench.states.samples import Dataset
from qnnbench.tasks import TASKS
from qnnbench.tasks.two_copies import (
    N_ANGLES,
    block_unitary,
    covariances,
    low_count,
    singlet_overlaps,
    statistics,
    symbols_of,
)
from qnnbench.training.pair_scores import PairScorer, Rows
from qnnbench.training.spsa import spsa

log = logging.getLogger(__name__)

_TASK = "two_copy_classification"
_LOSSES = TASKS[_TASK].losses  # one stage each
_SHIFTS = (0.1, 0.05)  # radians by which SPSA moves every angle, in either stage
_SLOWER = 0.1  # learning rate of the second stage over that of the first
_LOT = 64  # batches whose patterns are drawn at once


@dataclass(frozen=True)
class PairSettings:
    """How the two-copy network is trained and tested.

    Attributes:
        n_steps: SPSA steps, half of them on either loss; two batches each.
        learning_rate: Of Adam on the first loss, radians; a tenth on the second.
        batch_size: Pairs of copies per loss value, half of each class, labels not used.
        n_pairs: Labelled pairs that train the head ("train"), and test pairs ("test").
        pairs_per_sample: Pairs of copies of one test sample, one row of scores each.
    """

    n_steps: int = 400
    learning_rate: float = 0.1
    batch_size: int = 400
    n_pairs: Mapping[str, int] = field(default_factory=lambda: {"train": 3000, "test": 10000})
    pairs_per_sample: tuple[int, ...] = (1, 4, 16)

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "PairSettings":
        """Return the settings of a config entry, defaults where it is silent."""
        return cls(**{key: entry[key] for key in cls.__dataclass_fields__ if key in entry})

    def __post_init__(self) -> None:
        if self.n_steps < 2 or self.batch_size < 8:
            raise ValueError(
                f"n_steps must be >= 2 (two losses) and batch_size >= 8, got {self.n_steps} "
                f"and {self.batch_size}"
            )
        most = max(self.pairs_per_sample)
        if min(self.n_pairs.values()) < 2 * most or min(self.pairs_per_sample) < 1:
            raise ValueError(
                f"n_pairs must hold a sample of each class, 2 * {most} pairs or more, got "
                f"{dict(self.n_pairs)}"
            )


def train_two_copies(
    entry: Mapping[str, Any], dataset: Dataset, *, n_qubits: int, seed: int
) -> dict[str, Rows]:
    """Return the rows of tables "runs", "steps" and "scores" of one arm at one width.

    Scores stand beside the untrained block with a head of its own on the same test pairs;
    arm "xor" measures both copies of these separately, and its ceiling, arm "ppt_bound",
    holds for every strategy without a gate between the copies where it is known.

    Args:
        entry: Of a config: arm, dataset, repeats, and any field of ``PairSettings``.
        dataset: Of family ``lu_orbit``: its unturned states and kind of unitaries are used.
        n_qubits: Width of one copy; the dataset's.
        seed: Root of all randomness.

    Raises:
        ValueError: A dataset of another width or family, or settings out of range.
    """
    if dataset.n_qubits != n_qubits:
        raise ValueError(f"arm at n_qubits={n_qubits}, dataset at n_qubits={dataset.n_qubits}")
    settings = PairSettings.of(entry)
    tables: dict[str, Rows] = {"runs": [], "steps": [], "scores": []}
    for repeat in range(entry["repeats"]):
        run = _Run(entry, dataset, base_states(dataset), settings, seed, repeat)
        for table, rows in run.rows().items():
            tables[table] += rows
    return tables


@dataclass(frozen=True)
class _Run:
    entry: Mapping[str, Any]
    dataset: Dataset
    states: tuple[State, State]
    settings: PairSettings
    seed: int
    repeat: int

    def generator(self, purpose: str) -> np.random.Generator:
        """Return the random numbers of one purpose; asked twice, they come again."""
        key = (self.dataset.n_qubits, self.repeat, crc32(purpose.encode()))
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    def rows(self) -> dict[str, Rows]:
        """Train from random angles and score; a run takes minutes at most, so none is resumed."""
        common = {
            "task": _TASK,
            "dataset": self.entry["dataset"],
            "n_qubits": self.dataset.n_qubits,
            "repeat": self.repeat,
            "seed_path": f"{self.seed}/{self.dataset.n_qubits}/{self.repeat}",
            "backend": "pairs",
        }
        network = {
            **common,
            "arm": self.entry["arm"],
            "loss_name": ", ".join(_LOSSES),
            "observable": "symbols",
            "ansatz": "pair_block",
            "n_layers": 1,
            "sharing": "layer",
        }
        initial = self.generator("init").uniform(0, 2 * np.pi, N_ANGLES)
        with Meter() as meter:
            angles, steps = self._train(initial)
            block, idle = block_unitary(angles), block_unitary(initial)
            judge = PairScorer(
                self.dataset,
                self.settings.n_pairs,
                tuple(self.settings.pairs_per_sample),
                self.generator,
            )
            scores = judge.scores(block, idle, judge.head(block, statistics))
            rivals = judge.rivals()
        spent = meter.columns()
        run = {
            **network,
            "status": "ok",
            "error_estimate": 0.0,
            "n_symbols": N_ANGLES,
            "n_steps": len(steps),
            "best_step": len(steps),
            "train_loss": steps[-1]["loss"],
            "params": angles.tolist(),
            **spent,
        }
        log.info(
            "%s at n=%d, 2n=%d measured at once, repeat %d: singlet overlap %.5f, "
            "accuracy %.4g (%.0f s)",
            *(self.entry["arm"], self.dataset.n_qubits, 2 * self.dataset.n_qubits, self.repeat),
            *(singlet_overlaps(block).max(), scores[0]["value"], spent["wall_time_s"]),
        )
        return {
            "runs": [run],
            "steps": [{**network, **row} for row in steps],
            "scores": [{**network, **row} for row in scores]
            + [{**common, **row} for row in rivals],
        }

    def _train(self, angles: np.ndarray) -> tuple[np.ndarray, Rows]:
        """Minimise minus the covariance, then the low count of the symbol that varies most."""
        rng = self.generator("training")
        batches = _unlabelled(self.states, self.settings.batch_size, rng)
        n_first = self.settings.n_steps // 2

        def symbols(at: np.ndarray) -> np.ndarray:
            return symbols_of(next(batches), singlet_overlaps(block_unitary(at)), rng)

        rate = self.settings.learning_rate
        angles, first = spsa(
            lambda at: -float(covariances(symbols(at)).sum()),
            *(angles, n_first, rate, _SHIFTS[0], rng),
        )
        singlet = int(np.argmax(covariances(symbols(angles))))
        angles, second = spsa(
            lambda at: low_count(symbols(at), singlet),
            *(angles, self.settings.n_steps - n_first, _SLOWER * rate, _SHIFTS[1], rng),
        )
        stages = zip(_LOSSES, (first, second), strict=True)
        rows = [{**row, "loss_name": name} for name, stage in stages for row in stage]
        return angles, [{**row, "step": step} for step, row in enumerate(rows, 1)]


def _unlabelled(
    states: tuple[State, State], size: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield singlet patterns of so many pairs, half of each class, drawn in larger lots."""
    half = size // 2
    while True:
        lots = [singlet_patterns(state, _LOT * half, rng) for state in states]
        for start in range(0, _LOT * half, half):
            yield np.concatenate([lot[start : start + half] for lot in lots])
