"""Judging a compressor: how much of each state comes back."""

from typing import Any

import numpy as np

from qnnbench.circuits.ansatze import Network
from qnnbench.circuits.program import compile_circuit
from qnnbench.states.mps import MPS
from qnnbench.states.samples import Dataset
from qnnbench.tasks.batch import Batch, batch
from qnnbench.tasks.compression import kept_fidelity, reconstructions, spectrum_ceiling
from qnnbench.tasks.scores import NORMAL_QUANTILE
from qnnbench.training.settings import Settings

Rows = list[dict[str, Any]]

DECODING_BOND_DIM = 64


class Compressor:
    """Judges the mean reconstruction fidelity at the rate that the settings keep.

    Args:
        network: The encoder.
        dataset: All splits. Where it states weights of its members, each split is the whole
            ensemble: such a mean has no sampling error.
        settings: ``n_kept`` of them.

    Raises:
        ValueError: A state that is no MPS: what is scored is the overlap of a pure state
            with its reconstruction.
    """

    def __init__(self, network: Network, dataset: Dataset, settings: Settings) -> None:
        odd = sorted({type(s).__name__ for s in dataset.states if not isinstance(s, MPS)})
        if odd:
            raise ValueError(
                f"compression is scored on pure matrix product states; dataset "
                f"{dataset.name!r} holds {' and '.join(odd)}: take a family that serves it"
            )
        self._encoder = compile_circuit(network.circuit, network.symbols)
        self._splits = {split: batch(dataset.select(split)) for split in ("validation", "test")}
        self._couplings = dataset.select("test").couplings
        self._is_complete = "weights" in dataset.details
        self._n_kept = settings.n_kept

    def validate(self, params: np.ndarray, bond_dim: int) -> tuple[float, float]:
        """Return the mean fidelity, twice: nothing finer breaks ties."""
        states = self._splits["validation"]
        fidelity = float(states.shares @ self._fidelities(params, states)[0])
        return fidelity, fidelity

    def test(
        self, params: np.ndarray, untrained: np.ndarray, rng: np.random.Generator, bond_dim: int
    ) -> tuple[Rows, float]:
        """Return one row of metric "fidelity" and its error; nothing is drawn.

        Chance is the identity encoder, the ceiling what the ensemble's spectrum allows.
        """
        states = self._splits["test"]
        shares, pure = states.shares, _pure(states)
        fidelities, lost = self._fidelities(params, states)
        finer = fidelities
        if lost:  # else no bond was cut, and twice the bond is the same
            finer, _ = self._fidelities(params, states, 2 * DECODING_BOND_DIM)
        idle, _ = self._fidelities(untrained, states)
        value = float(shares @ fidelities)
        half = lost
        if not self._is_complete:
            half += self._half_width(shares * (fidelities - value))
        row = {
            "record": "whole state",
            "metric": "fidelity",
            "value": value,
            "lower": value - half,
            "upper": min(value + half, 1.0),
            "n_samples": len(pure),
            "chance": float(shares @ [kept_fidelity(s, self._n_kept) for s in pure]),
            "ceiling": spectrum_ceiling(pure, states.weights, self._n_kept),
            "untrained_value": float(shares @ idle),
            "value_at_double_bond": float(shares @ finer),
            "error_estimate": lost,
        }
        return [row], lost

    def _half_width(self, off: np.ndarray) -> float:
        """Return half the normal 95 % interval of a sum of weighted distances from the mean.

        States of one coupling are one ground state up to symmetry and noise: they count as
        one draw, and one draw has no interval (NaN).
        """
        couplings = self._couplings
        groups = couplings if np.isfinite(couplings).all() else np.arange(len(couplings))
        sums = np.bincount(np.unique(groups, return_inverse=True)[1], weights=off)
        if len(sums) < 2:
            return float("nan")
        spread = np.linalg.norm(sums) * np.sqrt(len(sums) / (len(sums) - 1))
        return float(NORMAL_QUANTILE * spread)

    def _fidelities(
        self, params: np.ndarray, states: Batch, bond: int = DECODING_BOND_DIM
    ) -> tuple[np.ndarray, float]:
        """Return each state's fidelity, (n_states,), and their truncation error."""
        parts = reconstructions(self._encoder, params, _pure(states), bond, self._n_kept)
        lost = max(part.truncation_error for part in parts)
        return np.array([part.fidelity for part in parts]), float(np.sqrt(lost))


def _pure(states: Batch) -> list[MPS]:
    return [state for state in states.states if isinstance(state, MPS)]
