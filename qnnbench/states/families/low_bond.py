"""An ensemble of a few random matrix product states with given weights."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from qnnbench.states.family import DatasetFamily
from qnnbench.states.mps import MPS
from qnnbench.states.samples import SPLITS, Dataset, generator, samples

NAME = "low_bond"
WEIGHTS = (0.4, 0.3, 0.2, 0.1)


def random_state(n_qubits: int, bond_dim: int, rng: np.random.Generator) -> MPS:
    """Return a random state of bond ``bond_dim``, less at the ends: one Haar isometry per site.

    Each tensor, as a matrix from the left bond to the qubit and the right bond, is the first
    rows of a Haar-random unitary.

    Source:
        Garnerone, de Oliveira and Zanardi, Phys. Rev. A 81, 032336 (2010), Sec. II.
    """
    from scipy.stats import unitary_group

    bonds = [min(bond_dim, 2**k, 2 ** (n_qubits - k)) for k in range(n_qubits + 1)]
    tensors = []
    for left, right in pairwise(bonds):
        unitary = unitary_group.rvs(2 * right, random_state=rng)
        tensors.append(unitary[:left].reshape(left, 2, right))
    return MPS(tuple(tensors))


def low_bond(
    n_qubits: int,
    *,
    seed: int,
    n_samples: None = None,
    weights: Sequence[float] = WEIGHTS,
    bond_dim: int = 2,
) -> Dataset:
    """Return as many random states as there are weights; the label is the member's number.

    An ensemble, not a sample, as ``two_state``: all members serve every split. Its rank is
    the number of members; wide states are nearly orthogonal, so that the spectrum is near
    the weights and k kept qubits bring back about the sum of the 2^k largest.

    Args:
        n_qubits: Width.
        seed: Seed of the states.
        n_samples: Only None: the ensemble is whole.
        weights: Positive, of sum one; one per member, two or more.
        bond_dim: Of every member.

    Raises:
        ValueError: ``n_samples`` is given, weights that are none, or a bond below 1.
    """
    if n_samples is not None:
        raise ValueError(
            f"low_bond is an ensemble, every split holds all of it; leave n_samples out, "
            f"got {n_samples!r}"
        )
    chosen = [float(w) for w in weights]
    if len(chosen) < 2 or min(chosen) <= 0 or abs(sum(chosen) - 1) > 1e-9:
        raise ValueError(f"weights are two or more positive numbers of sum 1, got {weights!r}")
    if bond_dim < 1:
        raise ValueError(f"bond_dim must be a whole number >= 1, got {bond_dim!r}")
    members = [
        random_state(n_qubits, bond_dim, generator(seed, NAME, n_qubits, SPLITS[0], k))
        for k in range(len(chosen))
    ]
    n_states = len(SPLITS) * len(members)
    return samples(
        NAME,
        n_qubits,
        members * len(SPLITS),
        list(range(len(members))) * len(SPLITS),
        [split for split in SPLITS for _ in members],
        truncation_error=np.zeros(n_states),
        details={"weights": chosen},
    )


FAMILY = DatasetFamily(
    NAME,
    low_bond,
    tasks=("compression",),
    n_classes=len(WEIGHTS),
    summary="four random matrix product states of bond 2, of weights 0.4, 0.3, 0.2 and 0.1",
    equal="an ensemble, not a sample: train, validation and test are the same states",
    differs="everything: wide members are nearly orthogonal",
    solved_by="the projector on the heaviest members; one kept qubit holds about 0.7",
    limit="no shallow encoder is known to reach the optimum",
    source="doi:10.1103/PhysRevA.81.032336, sequential random matrix product states",
    bibtex="garnerone2010",
)
