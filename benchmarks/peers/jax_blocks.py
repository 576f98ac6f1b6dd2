"""Unitaries of fused blocks as JAX expressions of the angles: equal blocks at once."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array

from benchmarks.rotations import Block, Gate, Part
from qnnbench.states.mps import PAULIS

FIXED = {
    "H": np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2),
    "CZ": np.diag([1.0, 1.0, 1.0, -1.0]),
}


def angles(part: Part, params: Array) -> Array:
    """Return the angles of a part in radians, (n_angles,)."""
    entries = part.slopes.tocoo()
    rows, columns = entries.coords
    return jnp.asarray(part.offsets).at[rows].add(entries.data * params[columns])


def _matrix(name: str, theta: Array) -> Array:
    """Return gates of one name, (k, d, d), for angles of shape (k,)."""
    if name in FIXED:
        return jnp.asarray(FIXED[name])[None]
    pauli = np.eye(1)
    for letter in name.lstrip("CR"):
        pauli = np.kron(pauli, PAULIS[letter])
    half = theta[:, None, None] / 2
    rotation = jnp.cos(half) * np.eye(len(pauli)) - 1j * jnp.sin(half) * pauli
    if name.startswith("C"):
        idle = np.diag([1.0, 1.0, 0.0, 0.0])
        return idle + jnp.pad(rotation, ((0, 0), (2, 0), (2, 0)))
    return rotation


def _on_block(matrix: Array, slots: tuple[int, ...], n_sites: int) -> Array:
    if len(slots) == n_sites:
        if slots != (1, 0):
            return matrix
        shaped = matrix.reshape(-1, 2, 2, 2, 2)
        return shaped.transpose(0, 2, 1, 4, 3).reshape(-1, 4, 4)
    idle = np.eye(2)[None]
    return jnp.kron(matrix, idle) if slots == (0,) else jnp.kron(idle, matrix)


def _kind(block: Block) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return tuple((g.name, tuple(block.sites.index(s) for s in g.sites)) for g in block.gates)


def unitaries(blocks: Sequence[Block], theta: Array) -> list[Array]:
    """Return the unitary of each block, (2, 2) or (4, 4), at angles of shape (n_angles,)."""
    kinds: dict[tuple, list[int]] = {}
    for i, block in enumerate(blocks):
        kinds.setdefault(_kind(block), []).append(i)
    out: dict[int, Array] = {}
    for kind, members in kinds.items():
        n_sites, product = (
            len(blocks[members[0]].sites),
            np.eye(2 ** len(blocks[members[0]].sites)),
        )
        for place, (name, slots) in enumerate(kind):
            gates: list[Gate] = [blocks[i].gates[place] for i in members]
            ids = np.array([gate.angle for gate in gates if gate.angle is not None], int)
            product = _on_block(_matrix(name, theta[ids]), slots, n_sites) @ product
        together = jnp.broadcast_to(product, (len(members), *product.shape[-2:]))
        out.update(zip(members, together, strict=True))
    return [out[i] for i in range(len(blocks))]
