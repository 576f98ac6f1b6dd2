"""A few samples of every family, made once: ground states cost seconds."""

from functools import cache

from qnnbench.states.datasets import DATASETS, build_dataset, has_width

SMALL = {"train": 4, "validation": 2, "test": 2}


@cache
def small(name):
    """Return the family at 8 qubits or its next width; ensembles are whole."""
    width = next(n for n in range(8, 101) if has_width(DATASETS[name], n))
    return build_dataset(name, width, None if name in ("two_state", "low_bond") else SMALL, seed=1)
