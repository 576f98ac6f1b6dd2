"""Batches of matrix product states as one array, and their contractions all at once."""

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


def right_canonical(stack: np.ndarray) -> np.ndarray:
    """Return the same states, scaled to one, every tensor but the first a right isometry.

    What lies right of a site then leaves norms as they are, so that laws and marginals
    need nothing from there. Rows that pad a tensor become arbitrary ones of the isometry:
    nothing reaches them.

    Args:
        stack: As ``stack_states`` returns it.

    Returns:
        Array of the same shape.

    Source:
        Schollwöck, Ann. Phys. 326, 96 (2011), Sec. 4.4, for a batch.
    """
    _, batch, bond = stack.shape[:3]
    out = stack.copy()
    for site in range(len(stack) - 1, 0, -1):
        q, r = np.linalg.qr(np.swapaxes(out[site].reshape(batch, bond, -1), 1, 2))
        out[site] = np.swapaxes(q, 1, 2).reshape(out[site].shape)
        carried = np.swapaxes(r, 1, 2) / np.linalg.norm(r, axis=(1, 2), keepdims=True)
        out[site - 1] = out[site - 1] @ carried[:, None]
    out[0] /= np.linalg.norm(out[0].reshape(batch, -1), axis=1)[:, None, None, None]
    return out


def squared_overlaps(bras: np.ndarray, kets: np.ndarray) -> np.ndarray:
    """Return |<a|b>|² of every state of one stack with every state of another.

    Args:
        bras: As ``stack_states`` returns it, batch A.
        kets: The same on as many sites, batch B.

    Returns:
        Float64 (A, B). Cost A B χ³ per site.
    """
    a, b = bras.shape[1], kets.shape[1]
    x, y = bras.shape[2], kets.shape[2]
    env = np.zeros((b, a * x, y), dtype=np.result_type(bras, kets))
    env[:, ::x, 0] = 1
    for bra, ket in zip(bras, kets, strict=True):
        half = (env @ ket.reshape(b, y, 2 * y)).reshape(b, a, x * 2, y)
        half = half.transpose(1, 2, 0, 3).reshape(a, x * 2, b * y)
        new = np.swapaxes(bra.conj().reshape(a, x * 2, x), 1, 2) @ half
        env = new.reshape(a, x, b, y).transpose(2, 0, 1, 3).reshape(b, a * x, y)
    return np.abs(env[:, ::x, 0].T) ** 2
