"""The GHZ state against its dephased mixture: equal but for one global Pauli."""

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from qnnbench.states.mps import MPS, Mixture, State
from qnnbench.states.samples import Dataset, generator, local_noise, samples, split_sizes

if TYPE_CHECKING:  # importing Cirq costs seconds: only the circuit below needs it
    import cirq

NAME = "ghz_dephased"


def ghz_state(n_qubits: int) -> MPS:
    """Return (|0…0> + |1…1>)/√2; bond dimension 2, real."""
    copy = np.zeros((2, 2, 2))
    copy[0, 0, 0] = copy[1, 1, 1] = 1
    first, last = np.eye(2)[None] / np.sqrt(2), np.eye(2)[:, :, None]
    return MPS((first, *[copy] * (n_qubits - 2), last))


def dephased_ghz(n_qubits: int) -> Mixture:
    """Return the equal mixture of |0…0> and |1…1>."""
    bits = np.eye(2)
    return Mixture((0.5, 0.5), tuple(MPS.product([bit] * n_qubits) for bit in bits))


def ghz_circuit(n_qubits: int) -> "cirq.Circuit":
    """Return the circuit that makes ``ghz_state`` of |0…0>: H and a line of CNOTs."""
    import cirq

    qubits = cirq.LineQubit.range(n_qubits)
    return cirq.Circuit(cirq.H(qubits[0]), [cirq.CNOT(a, b) for a, b in pairwise(qubits)])


def ghz_dephased(
    n_qubits: int,
    *,
    seed: int,
    n_samples: int | Mapping[str, int] | None = None,
    noise: float = 0.02,
) -> Dataset:
    """Return GHZ states (label 0) and dephased ones (1), each under its own local noise.

    The noise makes samples differ; it lowers the class contrast of <X^n> from 1 to
    about e^(-3 n noise²/2) (0.94 at n = 100): RZ and the z part of the tilt turn the
    phase by N(0, 2n noise²), the y part shrinks every X by its cosine.

    Args:
        n_qubits: Width.
        seed: Seed of the noise.
        n_samples: See ``split_sizes``; the labels alternate.
        noise: Standard deviation in radians, see ``local_noise``; 0 for the exact states.
    """
    pure: dict[int, State] = {0: ghz_state(n_qubits), 1: dephased_ghz(n_qubits)}
    states: list[State] = []
    labels, splits = [], []
    for split, size in split_sizes(n_samples).items():
        for sample in range(size):
            label = sample % 2
            rng = generator(seed, NAME, n_qubits, split, sample)
            turn = local_noise(n_qubits, noise, rng)
            states.append(pure[label].rotated(turn) if noise else pure[label])
            labels.append(label)
            splits.append(split)
    exact = samples(NAME, n_qubits, list(pure.values()), [0, 1], ["train"] * 2)
    return samples(NAME, n_qubits, states, labels, splits, noiseless=exact if noise else None)
