"""Training of the two-copy network, and its scores beside what needs no training.

The block is trained on shots without labels: by default singlet patterns of the two states
and the symbols that they give, which is exactly the law of one pair of copies under fresh
local unitaries. The head is fitted, chosen and tested on pairs whose unitaries are drawn and
applied, in the test several pairs per sample under the same ones. The last angles are scored:
validation pairs choose what the head reads, never the angles.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qnnbench.registry import lookup
from qnnbench.results import Meter
from qnnbench.states.families.lu_orbit import base_states
from qnnbench.states.mps import State
from qnnbench.states.samples import Dataset
from qnnbench.tasks.pair_samples import purpose_generator
from qnnbench.tasks.two_copies import N_ANGLES, block_unitary, singlet_overlaps
from qnnbench.training.pair_scores import TRAINED, PairScorer, Rows
from qnnbench.training.pair_stages import ENGINES, PRETEXTS, Batches, Pretext, shown
from qnnbench.training.spsa import spsa

log = logging.getLogger(__name__)

_TASK = "two_copy_classification"
_SHIFTS = (0.1, 0.05)  # radians by which SPSA moves every angle, in either stage
_SLOWER = 0.1  # learning rate of the second stage over that of the first
_SIZES = {"train": 3000, "validation": 3000, "test": 20000}


@dataclass(frozen=True)
class PairSettings:
    """How the two-copy network is trained and tested.

    Attributes:
        pretext: A key of ``PRETEXTS``. "covariance" sees the two states without labels;
            "product" pairs of identical random product states, whatever the task; "none"
            trains the parity on labels, as a control.
        engine: "fast" draws the block's training shots from the law of singlet patterns,
            "unitaries" turns and measures copies: the same law.
        shuffled: Whether the qubits of every sample stand in a hidden order of its own.
        n_steps: SPSA steps, half of them on either loss; two batches each.
        learning_rate: Of Adam on the first loss, radians; a tenth on the second.
        batch_size: Pairs of copies per loss value, half of each class.
        n_pairs: Labelled pairs that fit the head ("train") and choose what it reads
            ("validation"), and test pairs ("test").
        pairs_per_sample: Pairs of copies of one test sample, one row of scores each.
    """

    pretext: str = "covariance"
    engine: str = "fast"
    shuffled: bool = False
    n_steps: int = 400
    learning_rate: float = 0.1
    batch_size: int = 400
    n_pairs: Mapping[str, int] = field(default_factory=lambda: dict(_SIZES))
    pairs_per_sample: tuple[int, ...] = (1, 4, 16)

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "PairSettings":
        """Return the settings of a config entry, defaults where it is silent."""
        own = {key: entry[key] for key in cls.__dataclass_fields__ if key in entry}
        return cls(**{**own, "n_pairs": {**_SIZES, **own.get("n_pairs", {})}})

    def __post_init__(self) -> None:
        lookup(PRETEXTS, self.pretext, "pretext")
        lookup(dict.fromkeys(ENGINES), self.engine, "engine")
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

    Scores stand beside the untrained block with a head of its own on the same test pairs.
    Arm "xor" measures both copies of these separately and adds the bits, arm "both_copies"
    keeps them; their ceiling, arm "ppt_bound", holds for every strategy without a gate
    between the copies where it is known. ``n_unlabelled`` and ``n_labelled`` of "runs" are
    the pairs of copies that training used up; test pairs are ``n_samples`` of each score
    times half its ``n_copies``.

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
        seed_path = f"{seed}/{n_qubits}/{repeat}"
        run = _Run(entry, dataset, base_states(dataset), settings, seed_path, repeat)
        for table, rows in run.rows().items():
            tables[table] += rows
    return tables


@dataclass(frozen=True)
class _Run:
    entry: Mapping[str, Any]
    dataset: Dataset
    states: tuple[State, State]
    settings: PairSettings
    seed_path: str
    repeat: int

    def rows(self) -> dict[str, Rows]:
        """Train from random angles and score; a run takes minutes at most, so none is resumed."""
        common = {
            "task": _TASK,
            "dataset": self.entry["dataset"],
            "n_qubits": self.dataset.n_qubits,
            "repeat": self.repeat,
            "seed_path": self.seed_path,
            "backend": "pairs",
        }
        pretext = PRETEXTS[self.settings.pretext]
        network = {
            **common,
            "arm": self.entry["arm"],
            "loss_name": ", ".join(pretext.losses),
            "observable": "symbols",
            "ansatz": "pair_block",
            "n_layers": 1,
            "sharing": "layer",
        }
        with Meter() as meter:
            initial = purpose_generator(self.seed_path, "init").uniform(0, 2 * np.pi, N_ANGLES)
            angles, steps, n_used = self._train(pretext, initial)
            judge = PairScorer(
                self.dataset,
                (block_unitary(angles), block_unitary(initial)),
                self.settings.n_pairs,
                tuple(self.settings.pairs_per_sample),
                self.seed_path,
                self.settings.shuffled,
            )
            scores, rivals = judge.scores(), judge.rivals()
        run = {
            **network,
            "status": "ok",
            "error_estimate": 0.0,
            "n_symbols": N_ANGLES,
            "n_steps": len(steps),
            "best_step": len(steps),
            "train_loss": steps[-1]["loss"],
            "validation_score": judge.heads[TRAINED][1],
            "params": angles.tolist(),
            **self._counts(n_used, has_labels=pretext.signals is None),
            **meter.columns(),
        }
        log.info(
            "%s at n=%d, 2n=%d measured at once, repeat %d: singlet overlap %.5f, "
            "accuracy %.4g (%.0f s)",
            *(self.entry["arm"], self.dataset.n_qubits, 2 * self.dataset.n_qubits, self.repeat),
            *(singlet_overlaps(judge.blocks[0]).max(), scores[0]["value"], run["wall_time_s"]),
        )
        return {
            "runs": [run],
            "steps": [{**network, **row} for row in steps],
            "scores": [{**network, **row} for row in scores]
            + [{**common, **row} for row in rivals],
        }

    def _counts(self, n_used: int, has_labels: bool) -> dict[str, int]:
        """Return the pairs that training used up, without labels and with."""
        heads = self.settings.n_pairs["train"] + self.settings.n_pairs["validation"]
        return {
            "n_unlabelled": 0 if has_labels else n_used,
            "n_labelled": heads + has_labels * n_used,
        }

    def _train(self, pretext: Pretext, angles: np.ndarray) -> tuple[np.ndarray, Rows, int]:
        """Return the trained angles, the rows of all steps, and the pairs that were used up."""
        rng = purpose_generator(self.seed_path, "training")
        turned = self.settings.engine == "unitaries"
        ensemble = self.dataset.details["options"]["unitaries"] if turned else None
        batches = Batches(shown(pretext, self.states), self.settings.batch_size, rng, ensemble)
        n_steps, learning_rate = self.settings.n_steps, self.settings.learning_rate
        if (signals := pretext.signals) is None:
            settings = (n_steps, learning_rate, _SHIFTS[0], rng)
            angles, steps = spsa(batches.parity_error, angles, *settings)
            return angles, _numbered(pretext.losses, [steps]), batches.n_used
        angles, first = spsa(
            lambda at: -float(signals(batches.symbols(at)).sum()),
            *(angles, n_steps // 2, learning_rate, _SHIFTS[0], rng),
        )
        singlet = int(np.argmax(signals(batches.symbols(angles))))
        angles, second = spsa(
            lambda at: pretext.sharpened(batches.symbols(at), singlet),
            *(angles, n_steps - n_steps // 2, _SLOWER * learning_rate, _SHIFTS[1], rng),
        )
        return angles, _numbered(pretext.losses, [first, second]), batches.n_used


def _numbered(losses: tuple[str, ...], stages: list[Rows]) -> Rows:
    """Return the rows of all stages with their losses' names and their numbers."""
    pairs = zip(losses, stages, strict=True)
    rows = [{**row, "loss_name": name} for name, stage in pairs for row in stage]
    return [{**row, "step": step} for step, row in enumerate(rows, 1)]
