"""What a certificate consists of: claims compared with values, and measured quantities."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from qnnbench.states.mps import MPS, InputState
from qnnbench.states.samples import Dataset

ROUNDING = 1e-10  # tolerance of equalities that hold exactly before floating point
N_SPREAD = 12  # couplings, and states per class, looked at where all would cost too much
N_STRINGS = 44  # states whose strings are read
N_WINDOWS = 4  # neighbours looked at along the chain

Row = dict[str, Any]
Fact = Callable[[Dataset], Iterator[Row]]


def claim(fact: str, method: str, value: float, expected: float, tolerance: float) -> Row:
    """Return the row of a claim; it holds iff |value - expected| <= tolerance."""
    holds = bool(abs(value - expected) <= tolerance)
    numbers = {"value": float(value), "expected": float(expected), "tolerance": tolerance}
    return {"fact": fact, "method": method, **numbers, "holds": holds}


def measured(fact: str, method: str, value: float) -> Row:
    """Return the row of a quantity that is measured and not claimed."""
    numbers = {"value": float(value), "expected": np.nan, "tolerance": np.nan}
    return {"fact": fact, "method": method, **numbers, "holds": True}


def exact_states(dataset: Dataset) -> Dataset:
    """Return the states that exact claims are about."""
    return dataset.noiseless or dataset


def pure_members(*states: InputState) -> list[tuple[float, MPS]]:
    """Return (weight, matrix product state) of every member of the states."""
    members = [member for state in states for member in state.members]
    return [(weight, state) for weight, state in members if isinstance(state, MPS)]


def spread(dataset: Dataset) -> list[tuple[float, MPS]]:
    """Return up to twelve (coupling, state), spread evenly over the sorted couplings."""
    order = np.argsort(dataset.couplings, kind="stable")
    picks = np.unique(np.linspace(0, len(order) - 1, N_SPREAD).round().astype(int))
    chosen = [(float(dataset.couplings[i]), dataset.states[i]) for i in order[picks]]
    return [(coupling, state) for coupling, state in chosen if isinstance(state, MPS)]


def evenly(dataset: Dataset, per_class: int) -> np.ndarray:
    """Return indices of up to ``per_class`` states of each class, evenly spaced."""
    members = [np.flatnonzero(dataset.labels == label) for label in (0, 1)]
    return np.concatenate([m[:: max(-(-len(m) // per_class), 1)] for m in members])
