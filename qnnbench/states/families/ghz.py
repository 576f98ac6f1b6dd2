"""The GHZ state against its dephased mixture: equal but for one global Pauli."""

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from qnnbench.states.family import DatasetFamily
from qnnbench.states.mps import MPS, Mixture, State
from qnnbench.states.samples import Dataset, Sample, drawn, samples

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
    noise_kind: str = "rotation",
) -> Dataset:
    """Return GHZ states (label 0) and dephased ones (1), each under its own local noise.

    Noise of kind "rotation" lowers the class contrast of <X^n> from 1 to about
    e^(-3 n noise²/2) (0.94 at n = 100): RZ and the z part of the tilt turn the phase by
    N(0, 2n noise²), the y part shrinks every X by its cosine.

    Args:
        n_qubits: Width.
        seed: Seed of the noise.
        n_samples: See ``split_sizes``; the labels alternate.
        noise: Strength, see ``local_noise``; 0 for the exact states.
        noise_kind: A key of ``NOISES``.
    """
    pure: tuple[State, State] = (ghz_state(n_qubits), dephased_ghz(n_qubits))
    return drawn(
        NAME,
        n_qubits,
        lambda label, rng: Sample(pure[label]),
        seed=seed,
        n_samples=n_samples,
        noise=noise,
        noise_kind=noise_kind,
        noiseless=samples(NAME, n_qubits, pure, [0, 1], ["train"] * 2),
    )


def _prepare(dataset: Dataset, index: int) -> "cirq.Circuit":
    if dataset.labels[index] != 0:
        raise ValueError("the dephased GHZ state is a mixture; its members are |0…0> and |1…1>")
    return ghz_circuit(dataset.n_qubits)


FAMILY = DatasetFamily(
    NAME,
    ghz_dephased,
    tasks=("classification",),
    n_classes=2,
    summary="the GHZ state against the equal mixture of |0…0> and |1…1>",
    equal="all (n-1)-body marginals and the Z histogram, before the local noise",
    differs="<X^n>: 1 against 0",
    solved_by="one global Pauli string",
    limit="one global Pauli solves it; anything truncated below weight n sees nothing",
    source="derived: the difference of the classes is (|0…0><1…1| + h.c.)/2",
    bibtex="greenberger1989",
    prepare=_prepare,
)
