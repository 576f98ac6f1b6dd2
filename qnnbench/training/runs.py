"""One repeat of an arm: trained, selected on the validation split, then scored once."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qnnbench.results import Meter
from qnnbench.states.samples import Dataset
from qnnbench.training.checkpoints import Checkpoint
from qnnbench.training.loop import Progress, train
from qnnbench.training.scoring import Rows, Scorer, scorer, verdict

if TYPE_CHECKING:
    from qnnbench.training.arms import Arm

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """One repeat.

    Attributes:
        arm: What is trained, with its backend.
        datasets: All splits, by width; the widest is scored.
        seed: Root of all randomness.
        repeat: Which one.
    """

    arm: "Arm"
    datasets: Mapping[int, Dataset]
    seed: int
    repeat: int

    def rows(self, folder: Path, name: str) -> dict[str, Rows]:
        """Train from the initial angles, or from checkpoints in a folder, and score.

        Every learning rate starts from the same angles and draws the same batches; what
        validates best is scored.
        """
        arm, initial = self.arm, self.arm.initial(self.seed, self.repeat)
        n_qubits = arm.network.n_qubits
        judge = scorer(arm.task, arm.network, self.datasets[n_qubits], arm.settings)
        common = {
            **arm.columns,
            "repeat": self.repeat,
            "seed_path": f"{self.seed}/{n_qubits}/{self.repeat}",
        }
        with Meter() as meter:
            tried = {
                rate: self._trained(rate, initial, judge, Checkpoint(folder, f"{name}-{key}"))
                for rate, key in self._keys().items()
            }
            rate, progress = max(tried.items(), key=lambda item: item[1].best)
            scores, bond = self._judged(judge, progress, initial)
        spent = meter.columns()
        wall_time_s = spent.pop("wall_time_s")
        run = {
            **common,
            **self._run_row(progress, bond),
            "learning_rate": rate,
            "status": scores[0]["status"],
            "reason": scores[0]["reason"],
            "error_estimate": scores[0]["error_estimate"],
            **spent,
        }
        log.info(
            "%s at n=%d, repeat %d: loss %.4g, validation %.4g, %s %.4g (%.0f s)",
            *(arm.name, n_qubits, self.repeat, run["train_loss"]),
            *(run["validation_score"], scores[0]["metric"], scores[0]["value"], wall_time_s),
        )
        return {
            "runs": [{**run, "wall_time_s": wall_time_s}],
            "steps": [
                {**common, "learning_rate": rate, **row}
                for rate, progress in tried.items()
                for row in progress.rows
            ],
            "scores": [{**common, **row, "backend": run["backend"]} for row in scores],
        }

    def _keys(self) -> dict[float, str]:
        """Return what tells the checkpoint of each learning rate apart."""
        return {rate: f"{self.repeat}-{i}" for i, rate in enumerate(self.arm.grid)}

    def _trained(
        self, rate: float, initial: np.ndarray, judge: Scorer, checkpoint: Checkpoint
    ) -> Progress:
        with checkpoint.held() as place:
            return train(
                self.arm.grid[rate],
                self.arm.networks,
                self.datasets,
                initial,
                self.arm.settings,
                self.arm.generator(self.seed, self.repeat, "training"),
                judge.validate,
                place,
            )

    def _judged(self, judge: Scorer, progress: Progress, initial: np.ndarray) -> tuple[Rows, int]:
        """Return score rows with their verdicts and the operator bond they rest on.

        The bond doubles, within the run's limit, until truncation does not decide: the
        angles stay what validation chose.
        """
        bond = progress.bond_dim
        while True:
            rng = self.arm.generator(self.seed, self.repeat, "scores")
            scores, error = judge.test(progress.best_params, initial, rng, bond)
            scores = [{**verdict(row, error), **row} for row in scores]
            is_sure = all(row["status"] == "ok" for row in scores)
            if is_sure or 2 * bond > self.arm.settings.max_bond_dim:
                return scores, bond
            bond *= 2

    def _run_row(self, progress: Progress, bond: int) -> dict[str, Any]:
        return {
            "backend": self.arm.settings.backend,
            "backend_reason": self.arm.backend_reason,
            "n_symbols": len(self.arm.network.symbols),
            "n_steps": progress.step,
            "best_step": progress.best_step,
            "max_bond_dim": bond,
            "train_loss": progress.rows[-1]["loss"],
            "validation_score": progress.best[0],
            "params": progress.best_params.tolist(),
        }
