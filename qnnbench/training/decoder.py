"""Training of a network that decodes the surface code, and its scores beside matching.

The network is given a syndrome as a basis state, one qubit per check and one more in |0>, and
its Z is read: above zero means that the errors flip the logical Z. Without the spare qubit Z
would have mean zero over all syndromes, whatever the angles. Shots are drawn afresh at every
step and for the test; the last angles are scored, so nothing is selected.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import isqrt
from typing import Any
from zlib import crc32

import cirq
import numpy as np

from qnnbench.backends import BackendCannot, Evaluator, Limits, OverBudget
from qnnbench.circuits.angles import angle_law
from qnnbench.circuits.ansatze import Network, build_ansatz
from qnnbench.own import name_of
from qnnbench.results import Meter
from qnnbench.states.mps import MPS
from qnnbench.states.samples import Dataset
from qnnbench.tasks import NetworkLoss, check_served, task_loss
from qnnbench.tasks.batch import Batch
from qnnbench.tasks.decoding import BitFlips, NoMatching, Shots
from qnnbench.tasks.scores import accuracy_score, paired_difference
from qnnbench.training.optimisers import Adam, cosine
from qnnbench.training.step_rows import gradient_sizes

log = logging.getLogger(__name__)

Rows = list[dict[str, Any]]

_TASK = "decoding"
_LOT = 256  # syndromes evaluated at once in the test
_BITS = np.eye(2).reshape(2, 1, 2, 1)


@dataclass(frozen=True)
class DecoderSettings:
    """How a decoder is trained and tested.

    Attributes:
        error_rate: Probability of a bit flip per data qubit, in training and test.
        n_steps: Optimiser steps.
        learning_rate: Of Adam, radians; falls on a cosine to 3 %.
        batch_size: Shots per step.
        n_test: Test shots.
    """

    error_rate: float = 0.05
    n_steps: int = 150
    learning_rate: float = 0.05
    batch_size: int = 256
    n_test: int = 4000

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "DecoderSettings":
        """Return the settings of a config entry, defaults where it is silent."""
        return cls(**{key: entry[key] for key in cls.__dataclass_fields__ if key in entry})

    def __post_init__(self) -> None:
        if not 0 < self.error_rate < 0.5:
            raise ValueError(f"error_rate must lie in (0, 1/2), got {self.error_rate!r}")
        if min(self.n_steps, self.batch_size, self.n_test) < 1:
            raise ValueError(
                f"n_steps, batch_size and n_test must be >= 1, got {self.n_steps}, "
                f"{self.batch_size} and {self.n_test}"
            )


def train_decoder(
    entry: Mapping[str, Any], dataset: Dataset, *, n_qubits: int, seed: int, budget: Limits
) -> dict[str, Rows]:
    """Return the rows of tables "runs", "steps" and "scores" of one arm on one code.

    Beside the network stand arm "matching", minimum-weight matching, and, up to distance 5,
    arm "maximum_likelihood", the best decoder there is, on the same test shots. Equal error
    rates and seeds give all arms equal test shots. Chance is the logical Z uncorrected.

    Args:
        entry: Of a config: arm, dataset, ansatz, angles, repeats, options, and any field of
            ``DecoderSettings``.
        dataset: Of family ``surface_code``: its width gives the code, its states are not used.
        n_qubits: Data qubits of the code, d²; the dataset's.
        seed: Root of all randomness.
        budget: Seconds that all the optimiser's steps may take and memory of one of them, by
            static operation count.

    Raises:
        ValueError: A dataset of another width or family, an ansatz that is not read by a
            Pauli string, or settings out of range.
    """
    check_served(_TASK, dataset.name)
    if dataset.n_qubits != n_qubits:
        raise ValueError(f"arm at n_qubits={n_qubits}, dataset at n_qubits={dataset.n_qubits}")
    code, decoder, settings = decoder_of(entry, n_qubits)
    tables: dict[str, Rows] = {"runs": [], "steps": [], "scores": []}
    for repeat in range(entry["repeats"]):
        for table, rows in _Run(entry, code, decoder, settings, budget, seed, repeat).tables():
            tables[table] += rows
    return tables


@dataclass(frozen=True)
class Decoder:
    """A network that reads syndromes.

    Attributes:
        network: One qubit per check, and the spare one last.
        loss: What is minimised.
        evaluator: Of what it reads.
    """

    network: Network
    loss: NetworkLoss
    evaluator: Evaluator

    @classmethod
    def of(cls, entry: Mapping[str, Any], code: BitFlips) -> "Decoder":
        """Return the decoder that a config entry names.

        Raises:
            ValueError: Unknown ansatz, option or loss, or a readout that is no Pauli string.
        """
        width, options = len(code.checks) + 1, entry.get("options", {})
        network = build_ansatz(entry["ansatz"], width, **options)
        loss = task_loss(_TASK, entry.get("loss", ""), network)
        if not isinstance(loss.observables[-1], cirq.PauliString):
            raise ValueError(
                f"a decoder is read by the sign of a Pauli string; {name_of(entry['ansatz'])!r} "
                f"with {dict(options)} reads {loss.observables[-1]}: choose another readout"
            )
        return cls(network, loss, Evaluator(network.circuit, loss.observables, network.symbols))

    def answers(self, params: np.ndarray, syndromes: np.ndarray) -> np.ndarray:
        """Return whether the network says flip, uint8 (n_shots,)."""
        different, place = np.unique(syndromes, axis=0, return_inverse=True)
        lots = [different[i : i + _LOT] for i in range(0, len(different), _LOT)]
        values = [self.evaluator(params, basis_states(lot)).values[:, -1] for lot in lots]
        return (np.concatenate(values)[place] > 0).astype(np.uint8)


def decoder_of(
    entry: Mapping[str, Any], n_qubits: int
) -> tuple[BitFlips, Decoder, DecoderSettings]:
    """Return what a config entry asks for on a code of ``n_qubits`` data qubits.

    Raises:
        ValueError: As ``BitFlips``, ``Decoder.of`` and ``DecoderSettings``.
    """
    settings = DecoderSettings.of(entry)
    code = BitFlips(isqrt(n_qubits), settings.error_rate)
    return code, Decoder.of(entry, code), settings


def basis_states(syndromes: np.ndarray) -> tuple[MPS, ...]:
    """Return the state of each syndrome: |check 0, check 1, …, 0>."""
    return tuple(MPS(tuple(_BITS[bit] for bit in (*syndrome, 0))) for syndrome in syndromes)


def batch_of(shots: Shots) -> Batch:
    """Return shots for a loss: what was met k times is one state of weight k."""
    met = np.column_stack([shots.syndromes, shots.flips])
    different, counts = np.unique(met, axis=0, return_counts=True)
    flips = different[:, -1].astype(int)
    return Batch(basis_states(different[:, :-1]), flips, counts.astype(float), 2.0 * flips - 1)


@dataclass(frozen=True)
class _Run:
    entry: Mapping[str, Any]
    code: BitFlips
    decoder: Decoder
    settings: DecoderSettings
    budget: Limits
    seed: int
    repeat: int

    def generator(self, purpose: str) -> np.random.Generator:
        """Return the random numbers of "init", "training" or "scores"."""
        key = (self.code.distance**2, self.repeat, crc32(purpose.encode()))
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    @property
    def common(self) -> dict[str, Any]:
        """What all rows share."""
        n_qubits = self.code.distance**2
        return {
            "task": _TASK,
            "dataset": self.entry["dataset"],
            "n_qubits": n_qubits,
            "error_rate": self.code.error_rate,
            "repeat": self.repeat,
            "seed_path": f"{self.seed}/{n_qubits}/{self.repeat}",
        }

    def tables(self) -> Iterator[tuple[str, Rows]]:
        """Yield the rows of each table; a run takes minutes at most, so none is resumed."""
        options, network = self.entry.get("options", {}), self.decoder.network
        own = {
            **self.common,
            "arm": self.entry["arm"],
            "loss_name": self.decoder.loss.name,
            "observable": str(self.decoder.loss.observables[-1]),
            "ansatz": name_of(self.entry["ansatz"]),
            "n_layers": network.n_layers,
            "sharing": options.get("sharing"),
        }
        if obstacle := self._obstacle():
            yield "runs", [{**own, **obstacle}]
            return
        angles = self.entry["angles"]
        law = angle_law(angles["law"], angles.get("std", 0.1))
        initial = law.sample(len(network.symbols), self.generator("init"))
        with Meter() as meter:
            params, steps = self._train(initial)
            shots = self.code.shots(self.settings.n_test, self.generator("scores"))
            score = self._score(params, initial, shots)
        ended = {"backend": steps[-1]["backend"], "status": "ok", "error_estimate": 0.0}
        run = {
            **own,
            **ended,
            "n_symbols": len(network.symbols),
            "n_steps": len(steps),
            "best_step": len(steps),
            "learning_rate": self.settings.learning_rate,
            "train_loss": steps[-1]["loss"],
            "params": params.tolist(),
            **meter.columns(),
        }
        log.info(
            "%s at distance %d, error rate %g, repeat %d: loss %.4g, accuracy %.4g",
            *(self.entry["arm"], self.code.distance, self.code.error_rate, self.repeat),
            *(run["train_loss"], score["value"]),
        )
        yield "runs", [run]
        yield "steps", [{**own, **row} for row in steps]
        yield "scores", [{**own, **ended, **score}, *self._rivals(shots)]

    def _obstacle(self) -> dict[str, str]:
        """Return status and reason where the steps cannot or should not be taken, else nothing."""
        states = basis_states(np.zeros((self.settings.batch_size, len(self.code.checks)), int))
        n_steps = self.settings.n_steps
        limits = replace(self.budget, seconds=self.budget.seconds / n_steps)
        try:
            choice = self.decoder.evaluator.choice(states, limits=limits)
        except OverBudget as costly:
            reason = f"{n_steps} steps of a repeat within {self.budget.seconds:g} s: {costly}"
            return {"status": "over_budget", "reason": reason}
        except BackendCannot as declined:
            return {"status": "skipped", "reason": str(declined)}
        if not choice.backend.is_exact:
            reason = f"{choice.backend.name} truncates, and answers are not evaluated again finer"
            return {"status": "skipped", "reason": reason}
        return {}

    def _train(self, params: np.ndarray) -> tuple[np.ndarray, Rows]:
        """Return the angles after training on fresh shots, and one row per step."""
        rng, optimiser = self.generator("training"), Adam(self.settings.learning_rate)
        memory, rows = optimiser.init(params), []
        for step in range(self.settings.n_steps):
            clock = time.perf_counter()
            states = batch_of(self.code.shots(self.settings.batch_size, rng))
            result = self.decoder.evaluator(params, states.states)
            loss, cotangent = self.decoder.loss.evaluate(result.values, states)
            gradient = result.gradient(cotangent)
            factor = cosine(step, self.settings.n_steps)
            params, memory = optimiser.step(params, gradient, memory, factor)
            row = {
                "step": step + 1,
                "stage": 1,
                "learning_rate": self.settings.learning_rate,
                "loss": loss,
                **gradient_sizes(gradient),
                "error_estimate": float(result.error.max()),
                "backend": result.backend,
                "status": "ok",
                "wall_time_s": time.perf_counter() - clock,
            }
            rows.append(row)
        return params, rows

    def _score(self, params: np.ndarray, initial: np.ndarray, shots: Shots) -> dict[str, Any]:
        trained, untrained = (
            self.decoder.answers(angles, shots.syndromes) == shots.flips
            for angles in (params, initial)
        )
        difference, lower = paired_difference(trained, untrained)
        compared = {
            "untrained_value": float(untrained.mean()),
            "paired_difference": difference,
            "paired_lower": lower,
            "value_at_double_bond": float(trained.mean()),
        }
        return {**self._accuracy(trained), **compared}

    def _accuracy(self, correct: np.ndarray) -> dict[str, Any]:
        ceiling = self.code.best_accuracy if self.code.is_enumerable else np.nan
        return {
            "record": f"syndrome at error rate {self.code.error_rate:g}",
            **accuracy_score(correct, "logical_accuracy", ceiling),
            "chance": self.code.uncorrected_accuracy,
            "n_samples": len(correct),
        }

    def _rivals(self, shots: Shots) -> Iterator[dict[str, Any]]:
        """Yield a row of each decoder that needs no training, on the same shots."""
        rivals = {"matching": self.code.matched}
        if self.code.is_enumerable:
            rivals["maximum_likelihood"] = self.code.likelier
        for arm, answer in rivals.items():
            row = {**self.common, "arm": arm, "error_estimate": 0.0}
            try:
                correct = answer(shots.syndromes) == shots.flips
            except NoMatching as missing:
                yield {**row, "status": "skipped", "reason": str(missing)}
                continue
            yield {**row, **self._accuracy(correct), "status": "ok"}
