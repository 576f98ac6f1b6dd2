"""What is computed of states that a user brought: nothing is known of their family."""

from collections.abc import Iterator

import numpy as np

from qnnbench.states.certificates.any_family import (
    entanglement,
    norms,
    pair_marginals,
    shared_states,
)
from qnnbench.states.certificates.claims import Fact, Row, pure_members
from qnnbench.states.mps import MPS
from qnnbench.states.samples import Dataset


def _norms(dataset: Dataset) -> Iterator[Row]:
    """Contract every matrix product state with itself, where there is one."""
    if pure_members(*dataset.states):
        yield from norms(dataset)


def _pair_marginals(dataset: Dataset) -> Iterator[Row]:
    """Measure how far apart two classes are for an observer of two neighbours."""
    if _has_two_classes(dataset):
        yield from pair_marginals(dataset)


def _entanglement(dataset: Dataset) -> Iterator[Row]:
    """Measure the entanglement of two classes of pure matrix product states."""
    if _has_two_classes(dataset) and all(isinstance(state, MPS) for state in dataset.states):
        yield from entanglement(dataset)


def _has_two_classes(dataset: Dataset) -> bool:
    return np.unique(dataset.labels).tolist() == [0, 1]


FACTS: tuple[Fact, ...] = (_norms, shared_states, _pair_marginals, _entanglement)
