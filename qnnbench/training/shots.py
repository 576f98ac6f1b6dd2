"""Expectation values estimated from outcomes that are drawn, as a machine would give them."""

from collections.abc import Sequence

import cirq
import numpy as np

from qnnbench.circuits.ansatze import Network, Observable
from qnnbench.circuits.observables import Projector, SiteObservable, on_sites
from qnnbench.tasks.batch import Batch

_LETTERS = " XYZ"


def sampled_values(
    network: Network,
    observables: Sequence[Observable],
    params: np.ndarray,
    states: Batch,
    n_shots: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return estimates of all observables, float64 (n_states, n_observables).

    All qubits are measured at once, in as few product bases as the observables need:
    ``n_shots`` shots of each state in each basis. What one basis serves is estimated from
    the same shots, so that estimates are correlated as they are on a machine.

    Args:
        network: Its circuit is run.
        observables: Pauli strings, sums of them and projectors.
        params: Angles in radians, (n_symbols,).
        states: Input states.
        n_shots: Shots of each state and basis.
        rng: Draws the outcomes.

    Raises:
        ValueError: A sum of strings that no one basis measures.
        BackendCannot: More qubits than can be sampled.
    """
    from qnnbench.backends.sampling import sample  # imports qsim

    sites: dict[cirq.Qid, int] = {
        q: i for i, q in enumerate(cirq.LineQubit.range(network.n_qubits))
    }
    reads = [on_sites(observable, sites) for observable in observables]
    grouped: list[tuple[dict[int, str], list[int]]] = []
    for column, read in enumerate(reads):
        wanted = _letters(read)
        for basis, columns in grouped:
            if all(basis.get(site, letter) == letter for site, letter in wanted.items()):
                basis.update(wanted)
                columns.append(column)
                break
        else:
            grouped.append((dict(wanted), [column]))
    values = np.empty((len(states.states), len(reads)))
    for row, state in enumerate(states.states):
        for basis, columns in grouped:
            word = "".join(basis.get(site, "Z") for site in range(network.n_qubits))
            bits = sample(
                network.circuit, params, state, n_shots, rng, basis=word, symbols=network.symbols
            )
            for column in columns:
                values[row, column] = _mean(reads[column], bits)
    return values


def _letters(read: SiteObservable) -> dict[int, str]:
    """Return the letter each site has to be measured in."""
    if isinstance(read, Projector):
        return dict.fromkeys(dict(read.bits), "Z")
    wanted: dict[int, str] = {}
    for string in read.strings:
        for site, letter in string:
            if wanted.setdefault(site, _LETTERS[letter]) != _LETTERS[letter]:
                raise ValueError(
                    f"qubit {site} is read in {wanted[site]} and {_LETTERS[letter]} by one "
                    "observable: no product basis measures it; use the optimiser adam, which "
                    "takes exact gradients with the noise of n_shots"
                )
    return wanted


def _mean(read: SiteObservable, bits: np.ndarray) -> float:
    """Return the mean of an observable over shots, (n_shots, n_qubits) bits."""
    if isinstance(read, Projector):
        met = np.all([bits[:, site] == bit for site, bit in dict(read.bits).items()], axis=0)
        return float(read.coefficient * met.mean())
    total = 0.0
    for coefficient, string in zip(read.coefficients, read.strings, strict=True):
        parity = bits[:, [site for site, _ in string]].sum(axis=1) % 2
        total += coefficient * float(1 - 2 * parity.mean())
    return total
