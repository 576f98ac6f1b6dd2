"""A loss and its derivatives from shots of machine circuits, each value with its interval."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cirq
import numpy as np

from qnnbench.circuits.ansatze import Network
from qnnbench.hardware.machine import Input, MachineCircuit, machine_circuit
from qnnbench.hardware.shifts import drawn, occurrences, shifted

Run = Callable[[MachineCircuit, int, int], Mapping[str, int]]  # circuit, shots, seed -> counts
NORMAL_95 = 1.959964  # two-sided quantile


@dataclass(frozen=True)
class Estimate:
    """A number from shots.

    Attributes:
        value: The estimate.
        standard_error: Of the value, from the scatter of the outcomes.
    """

    value: float
    standard_error: float

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of a normal law."""
        half = NORMAL_95 * self.standard_error
        return self.value - half, self.value + half


def parity(counts: Mapping[str, int]) -> Estimate:
    """Return the mean of (-1)^(sum of bits), the value of the Pauli string that was read."""
    n_shots = sum(counts.values())
    odd = sum(n for outcome, n in counts.items() if outcome.count("1") % 2)
    mean = 1 - 2 * odd / n_shots
    spread = 4 * (odd + 0.5) * (n_shots - odd + 0.5) / (n_shots + 1) ** 2  # never zero
    return Estimate(mean, float(np.sqrt(spread / n_shots)))


@dataclass
class ShotLoss:
    """A weighted sum of the means of one Pauli string on some states, from shots.

    An objective of the optimisers; it counts its shots.

    Attributes:
        network: Its circuit is run.
        observable: The string that is read.
        states: Pure input states, or circuits that make them.
        shares: Weight of each state's mean in the loss.
        run: Maps (machine circuit, n_shots, seed) to counts.
        n_shots: Of each circuit.
        rng: Draws the seeds of shots and the gates that are shifted.
        n_drawn: Gates whose angles are shifted for one gradient.
        spent: Shots so far.
    """

    network: Network
    observable: cirq.PauliString
    states: Sequence[Input]
    shares: np.ndarray
    run: Run
    n_shots: int
    rng: np.random.Generator
    n_drawn: int = 1
    spent: int = 0

    def value(self, params: np.ndarray) -> float:
        """Return the loss at these angles."""
        return self.estimate(params).value

    def estimate(self, params: np.ndarray) -> Estimate:
        """Return the loss at these angles with its standard error."""
        return self._of(self.network.circuit, params)

    def gradient(self, params: np.ndarray) -> np.ndarray:
        """Return an unbiased estimate of the derivatives, (n_symbols,): drawn gates shifted."""
        total = np.zeros(len(params))
        for occurrence, factor in drawn(occurrences(self.network), self.n_drawn, self.rng):
            for radians, share in occurrence.shifts:
                circuit = shifted(self.network.circuit, occurrence, radians)
                moved = self._of(circuit, params).value
                total[occurrence.symbol] += factor * occurrence.slope * share * moved
        return total

    def _of(self, circuit: cirq.Circuit, params: np.ndarray) -> Estimate:
        names = (symbol.name for symbol in self.network.symbols)
        bound = cirq.resolve_parameters(circuit, dict(zip(names, params, strict=True)))
        value, variance = 0.0, 0.0
        for state, share in zip(self.states, self.shares, strict=True):
            machine = machine_circuit(bound, None, self.observable, state)
            mean = parity(self.run(machine, self.n_shots, int(self.rng.integers(1 << 31))))
            self.spent += self.n_shots
            factor = share * self.observable.coefficient.real
            value += factor * mean.value
            variance += (factor * mean.standard_error) ** 2
        return Estimate(value, float(np.sqrt(variance)))
