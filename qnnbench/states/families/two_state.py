"""The two-state ensemble that a one-qubit autoencoder compresses exactly."""

import numpy as np

from qnnbench.states.family import DatasetFamily
from qnnbench.states.mps import MPS, State
from qnnbench.states.samples import SPLITS, Dataset, samples

NAME = "two_state"
WEIGHTS = (2 / 3, 1 / 3)


def _basis_state(bits: list[int]) -> MPS:
    return MPS.product([np.eye(2)[bit] for bit in bits])


def two_state(n_qubits: int, *, seed: int, n_samples: None = None) -> Dataset:
    """Return |0…0> (label 0) and |1>|1,1,0…0> (label 1) of weights 2/3 and 1/3.

    Cerezo, Sone, Volkoff, Cincio and Coles, Nat. Commun. 12, 1791 (2021), "Quantum
    autoencoder". An ensemble, not a sample: the same two states serve every split, so
    train and test scores agree by construction. Qubit 0 is the one that is kept.

    Args:
        n_qubits: Width, at least 4.
        seed: Recorded; nothing here is random.
        n_samples: Only None: the ensemble has two members.

    Raises:
        ValueError: ``n_samples`` is given.
    """
    if n_samples is not None:
        raise ValueError(
            f"two_state is an ensemble of two states, one pair per split; leave n_samples out, "
            f"got {n_samples!r}"
        )
    pair: list[State] = [
        _basis_state([0] * n_qubits),
        _basis_state([1, 1, 1] + [0] * (n_qubits - 3)),
    ]
    splits = [split for split in SPLITS for _ in pair]
    zero = np.zeros(len(splits))
    return samples(
        NAME,
        n_qubits,
        pair * len(SPLITS),
        [0, 1] * len(SPLITS),
        splits,
        truncation_error=zero,
        details={"weights": list(WEIGHTS)},
    )


FAMILY = DatasetFamily(
    NAME,
    two_state,
    tasks=("compression",),
    n_classes=2,
    summary="two product states of weights 2/3 and 1/3",
    equal="an ensemble, not a sample: train, validation and test are the same two states",
    differs="the first three bits",
    solved_by="two CNOTs from the kept qubit",
    limit="product states; the identity already scores 2/3",
    source="doi:10.1038/s41467-021-21728-w, quantum autoencoder",
    bibtex="cerezo2021",
)
