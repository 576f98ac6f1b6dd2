"""Batches of matrix product states as one array."""

from collections.abc import Sequence

import numpy as np


def stack_states(states: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Return the tensors of all states, zero-padded, shape (n, batch, c, 2, c)."""
    bond = max(t.shape[2] for tensors in states for t in tensors)
    is_complex = any(np.iscomplexobj(t) for tensors in states for t in tensors)
    shape = (len(states[0]), len(states), bond, 2, bond)
    out = np.zeros(shape, dtype=complex if is_complex else float)
    for b, tensors in enumerate(states):
        for i, tensor in enumerate(tensors):
            out[i, b, : tensor.shape[0], :, : tensor.shape[2]] = tensor
    return out
