"""The GHZ state against its dephased mixture or another phase: equal below weight n."""

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from qnnbench.states.family import DatasetFamily
from qnnbench.states.mps import MPS, Mixture, State
from qnnbench.states.noise import shrinkage
from qnnbench.states.samples import Dataset, Sample, drawn, samples

if TYPE_CHECKING:  # importing Cirq costs seconds: only the circuit below needs it
    import cirq

NAME = "ghz_dephased"
PHASE_NAME = "ghz_phase"


def ghz_state(n_qubits: int, phase: float = 0.0) -> MPS:
    """Return (|0…0> + e^(i phase)|1…1>)/√2; bond dimension 2, real at phases 0 and π."""
    copy = np.zeros((2, 2, 2))
    copy[0, 0, 0] = copy[1, 1, 1] = 1
    turn = {0.0: 1, np.pi: -1}.get(phase, np.exp(1j * phase))
    first, last = np.eye(2)[None] / np.sqrt(2), np.diag([1, turn])[:, :, None]
    return MPS((first, *[copy] * (n_qubits - 2), last))


def dephased_ghz(n_qubits: int) -> Mixture:
    """Return the equal mixture of |0…0> and |1…1>."""
    bits = np.eye(2)
    return Mixture((0.5, 0.5), tuple(MPS.product([bit] * n_qubits) for bit in bits))


def ghz_circuit(n_qubits: int, phase: float = 0.0) -> "cirq.Circuit":
    """Return the circuit that makes ``ghz_state`` of |0…0>: H and a line of CNOTs.

    The phase is RZ(phase) on the first qubit after H.
    """
    import cirq

    qubits = cirq.LineQubit.range(n_qubits)
    turn = [cirq.rz(phase)(qubits[0])] if phase else []
    line = [cirq.CNOT(a, b) for a, b in pairwise(qubits)]
    return cirq.Circuit(cirq.H(qubits[0]), turn, line)


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


def ghz_phase(
    n_qubits: int,
    *,
    seed: int,
    n_samples: int | Mapping[str, int] | None = None,
    phase: float = np.pi,
    noise: float = 0.02,
    noise_kind: str = "rotation",
) -> Dataset:
    """Return GHZ states of phase 0 (label 0) and of another ``phase`` (1), under local noise.

    Args:
        n_qubits: Width.
        seed: Seed of the noise.
        n_samples: See ``split_sizes``; the labels alternate.
        phase: Of |1…1> in class 1, in radians, in (0, 2π).
        noise: Strength, see ``local_noise``; 0 for the exact states. "rotation" turns the
            phase by N(0, 2n noise²), 0.28 radians at n = 100.
        noise_kind: A key of ``NOISES``.

    Raises:
        ValueError: ``phase`` outside (0, 2π).
    """
    if not 0 < phase < 2 * np.pi:
        raise ValueError(f"phase must lie in (0, 2π), got {phase!r}")
    told = [{"phase": 0.0}, {"phase": float(phase)}]
    pure = [ghz_state(n_qubits, facts["phase"]) for facts in told]
    return drawn(
        PHASE_NAME,
        n_qubits,
        lambda label, rng: Sample(pure[label], parameters=told[label]),
        seed=seed,
        n_samples=n_samples,
        noise=noise,
        noise_kind=noise_kind,
        noiseless=samples(PHASE_NAME, n_qubits, pure, [0, 1], ["train"] * 2, parameters=told),
    )


def dephased_ceiling(dataset: Dataset, n_copies: int) -> float:
    """Return 1 - 2^-(m+1) for m copies: no measurement does better.

    Helstrom: ρ⊗m of the mixture of GHZ± is 2^-m times a sum of projectors, one of which is
    that of GHZ+ alone, so the trace distance is 1 - 2^-m. Noise is a channel, so with it
    this is an upper bound.
    """
    return 1 - 0.5 ** (n_copies + 1)


def phase_ceiling(dataset: Dataset, n_copies: int) -> float:
    """Return 1/2 + √(1 - |<a|b>|^(2m))/2 for m copies, |<a|b>|² = cos²(phase/2).

    Helstrom's bound of two pure states. Noise is a channel, so with it an upper bound.
    """
    (phase,) = {facts["phase"] for facts in dataset.parameters if facts["phase"]}
    return 0.5 + 0.5 * np.sqrt(1 - np.cos(phase / 2) ** (2 * n_copies))


def dephased_contrast(dataset: Dataset) -> float:
    """Return the trace norm of the difference of the class means over all noise.

    The noiseless difference is (|0><1|^⊗n + h.c.)/2, of norm 1. Noise that shrinks X by x and
    Y by y takes |0><1| to a|0><1| + b|1><0| with a, b = (x ± y)/2: what is left is an
    antidiagonal of entries (a^(n-k) b^k + a^k b^(n-k))/2 for the binary words of weight k.
    """
    from scipy.stats import binom

    options = dataset.details["options"]
    x, y, _ = shrinkage(options["noise_kind"], options["noise"])
    n, a, b, sign = dataset.n_qubits, (x + y) / 2, abs(x - y) / 2, np.sign(x - y)
    weights = np.arange(n + 1)
    terms = binom.pmf(weights, n, b / (a + b)) * sign**weights
    return float((a + b) ** n * np.abs(terms + terms[::-1]).sum() / 2)


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
    ceiling=dephased_ceiling,
    contrast=dephased_contrast,
    prepare=_prepare,
)

PHASE = DatasetFamily(
    PHASE_NAME,
    ghz_phase,
    tasks=("classification", "preparation"),
    n_classes=2,
    summary="the GHZ state against the one with another phase",
    equal="all (n-1)-body marginals and the Z histogram, before the local noise; all entanglement",
    differs="<X^n>: 1 against cos(phase)",
    solved_by="one global Pauli string",
    limit="a control: one local rotation maps the classes onto each other, entanglement is equal",
    source="derived: the difference of the classes is (1 - e^(-i phase))|0…0><1…1|/2 + h.c.",
    bibtex="greenberger1989",
    ceiling=phase_ceiling,
    prepare=lambda dataset, index: ghz_circuit(
        dataset.n_qubits, dataset.parameters[index]["phase"]
    ),
)
