"""An exact bond-2 path from the cluster phase to the trivial one, with its circuits.

With g in [-1, 1] and c² = 1/(1 + |g|), s² = |g|/(1 + |g|), the amplitude of the bits
b_0 … b_{n-1} is 2^(-1/2) Π_i w(b_i, b_{i+1}), where w(0,0) = w(1,1) = c, w(0,1) = s and
w(1,0) = s for g >= 0, -s for g < 0. These are the isometric gauge of the tensors
A⁰ = ((0,0),(1,1)), A¹ = ((1,g),(0,0)) of Wolf, Ortiz, Verstraete and Cirac,
Phys. Rev. Lett. 97, 110403 (2006), on an open chain with |+> on the left. They are ground
states of every bulk term of H(g) = Σ 2(g²-1) ZZ - (1+g)² X + (g-1)² ZXZ: g = -1 is a
cluster state, g = 0 the GHZ state at the transition, g = 1 the product |+…+>.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from qnnbench.states.family import DatasetFamily
from qnnbench.states.mps import MPS
from qnnbench.states.samples import Dataset, Sample, drawn

if TYPE_CHECKING:  # importing Cirq costs seconds: only the circuits below need it
    import cirq

NAME = "spt_path"


def _checked_coupling(coupling: float) -> float:
    if not -1 <= coupling <= 1:
        raise ValueError(f"the coupling g of spt_path lies in [-1, 1], got {coupling!r}")
    return float(coupling)


def path_state(n_qubits: int, coupling: float) -> MPS:
    """Return the state of the path at g = ``coupling``; bond dimension 2, real.

    Raises:
        ValueError: The coupling is outside [-1, 1].
    """
    g = _checked_coupling(coupling)
    c, s = np.sqrt([1 / (1 + abs(g)), abs(g) / (1 + abs(g))])
    weights = np.array([[c, s], [s if g >= 0 else -s, c]])
    copied = np.eye(2)[None] / np.sqrt(2)  # the bond carries the bit just met
    middle = np.einsum("ls,sr->lsr", weights, np.eye(2))
    return MPS((copied, *[middle] * (n_qubits - 2), weights[:, :, None]))


def path_circuit(n_qubits: int, coupling: float) -> "cirq.Circuit":
    """Return the circuit that makes ``path_state`` of |0…0>: one CNOT and RY per bond.

    RY(2θ) with sin²θ = |g|/(1+|g|) comes before the CNOT for g >= 0 and after it for
    g < 0. The same states as Smith, Jobst, Green and Pollmann, Phys. Rev. Research 4,
    L022020 (2022), in a shorter circuit; derived from the weights above.

    Raises:
        ValueError: The coupling is outside [-1, 1].
    """
    import cirq

    g = _checked_coupling(coupling)
    qubits = cirq.LineQubit.range(n_qubits)
    turn = cirq.ry(2 * np.arcsin(np.sqrt(abs(g) / (1 + abs(g)))))
    circuit = cirq.Circuit(cirq.H(qubits[0]))
    for left, right in pairwise(qubits):
        pair = [turn.on(right), cirq.CNOT(left, right)]
        circuit += pair if g >= 0 else pair[::-1]
    return circuit


def string_order(coupling: float) -> float:
    """Return what a regression predicts: the order of the phase's own string, signed.

    It is 4|g|/(1 + |g|)², negative in the SPT phase; derived in the certificate.
    """
    g = _checked_coupling(coupling)
    return 4 * g / (1 + abs(g)) ** 2


def spt_path(
    n_qubits: int,
    *,
    seed: int,
    n_samples: int | Mapping[str, int] | None = None,
    coupling_min: float = 0.1,
    coupling_max: float = 1.0,
    noise: float = 0.0,
    noise_kind: str = "rotation",
) -> Dataset:
    """Return states at random couplings: label 0 for g < 0 (SPT), 1 for g > 0 (trivial).

    Args:
        n_qubits: Width.
        seed: Seed of the couplings.
        n_samples: See ``split_sizes``; the labels alternate.
        coupling_min: Smallest |g|; |g| is uniform up to ``coupling_max``.
        coupling_max: Largest |g|, at most 1.
        noise: Strength, see ``local_noise``; 0 for none.
        noise_kind: A key of ``NOISES``.

    Raises:
        ValueError: Not 0 < ``coupling_min`` < ``coupling_max`` <= 1.
    """
    if not 0 < coupling_min < coupling_max <= 1:
        raise ValueError(
            f"needs 0 < coupling_min < coupling_max <= 1, got {coupling_min!r}, {coupling_max!r}"
        )

    def make(label: int, rng: np.random.Generator) -> Sample:
        g = (2 * label - 1) * rng.uniform(coupling_min, coupling_max)
        return Sample(path_state(n_qubits, g), coupling=g, target=string_order(g))

    return drawn(
        NAME,
        n_qubits,
        make,
        seed=seed,
        n_samples=n_samples,
        noise=noise,
        noise_kind=noise_kind,
    )


FAMILY = DatasetFamily(
    NAME,
    spt_path,
    tasks=("classification", "regression", "compression", "preparation"),
    n_classes=2,
    summary="bond-2 ground states on an exactly known path through a topological transition",
    equal="nothing exactly",
    differs="string order: cluster phase against trivial phase",
    solved_by="the three-body ZXZ, or the string order itself",
    limit="the three-body ZXZ separates the classes: the locally easy control",
    source="doi:10.1103/PhysRevLett.97.110403, the example with A⁰, A¹ of bond 2",
    bibtex="wolf2006",
    prepare=lambda dataset, index: path_circuit(dataset.n_qubits, dataset.couplings[index]),
)
