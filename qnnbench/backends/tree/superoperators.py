"""Stretches of a chain as real maps from their left bond pair to their right one.

A stretch whose qubits but one are traced out maps Hermitian matrices on its left bond to
Hermitian matrices on its right one, for every Pauli letter p of the qubit that is kept:
T[b, p, (x, x'), (y, y')]. Writing a Hermitian S + iK as the real matrix S + K makes the
maps real: T becomes Re T[xx', yy'] + Im T[xx', y'y] (derived here). The letter 1 of the
kept qubit carries no angle, so cotangents have the letters X, Y, Z only.
"""

from collections.abc import Sequence

import numpy as np

from qnnbench.backends.heisenberg.contraction import CACHE_BYTES
from qnnbench.circuits.pauli_transfer import PAULIS


def site_tensors(states: Sequence[Sequence[np.ndarray]]) -> list[np.ndarray]:
    """Return the tensors of all states, one array (batch, left, 2, right) per site.

    Bonds are padded with zeros to the largest of the batch at that place.
    """
    out = []
    for tensors in zip(*states, strict=True):
        left, right = (max(t.shape[axis] for t in tensors) for axis in (0, 2))
        is_complex = any(np.iscomplexobj(t) for t in tensors)
        stacked = np.zeros((len(tensors), left, 2, right), dtype=complex if is_complex else float)
        for row, tensor in zip(stacked, tensors, strict=True):
            row[: tensor.shape[0], :, : tensor.shape[2]] = tensor
        out.append(stacked)
    return out


def idle_environments(tensors: Sequence[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return at every bond the traced-out chain to its left and to its right.

    Returns:
        Two lists of n + 1 Hermitian arrays (batch, bond, bond), first index the bra's.
    """
    batch = len(tensors[0])
    left, right = [np.ones((batch, 1, 1))], [np.ones((batch, 1, 1))]
    for tensor in tensors:
        left.append(_carried(left[-1], tensor))
    for tensor in reversed(tensors):
        right.append(_carried(right[-1], tensor.transpose(0, 3, 2, 1)))
    return left, right[::-1]


def _carried(environment: np.ndarray, tensor: np.ndarray) -> np.ndarray:
    batch, bond, _, after = tensor.shape
    ket = environment @ tensor.reshape(batch, bond, 2 * after)
    bra = tensor.reshape(batch, 2 * bond, after).conj()
    return bra.swapaxes(1, 2) @ ket.reshape(batch, 2 * bond, after)


def real_left(environment: np.ndarray) -> np.ndarray:
    """Return a Hermitian left environment as the real row vector (batch, bond²)."""
    return (environment.real - environment.imag).reshape(len(environment), -1)


def real_right(environment: np.ndarray) -> np.ndarray:
    """Return a Hermitian right environment as the real column vector (batch, bond²)."""
    return (environment.real + environment.imag).reshape(len(environment), -1)


def _chunks(batch: int, numbers: int) -> list[slice]:
    """Return rows that fit the cache with ``numbers`` float64 each, twice as fast as all."""
    size = max(1, CACHE_BYTES // (8 * numbers))
    return [slice(start, start + size) for start in range(0, batch, size)]


def _kept_first(amplitudes: np.ndarray, kept: int) -> np.ndarray:
    """Return A[b, s, k, (x, y)]: s the kept qubit, k all others."""
    batch, left, *_, right = amplitudes.shape
    moved = np.moveaxis(amplitudes, (kept + 2, 1), (1, -2))
    return moved.reshape(batch, 2, -1, left * right)


def superoperator(amplitudes: np.ndarray, kept: int) -> np.ndarray:
    """Return the map of a stretch given by amplitudes, float64 (batch, 4, x², y²).

    Args:
        amplitudes: (batch, x, 2, …, 2, y), one axis per qubit.
        kept: Which qubit stays; the others are traced out.
    """
    batch, left, *_, right = amplitudes.shape
    a = _kept_first(amplitudes, kept)
    out = np.empty((batch, 4, left, left, right, right))
    for rows in _chunks(batch, 4 * (left * right) ** 2):
        bra = a[rows].reshape(-1, a[0].size // (left * right), left * right)
        bra = bra.conj().swapaxes(1, 2)
        for p, pauli in enumerate(PAULIS):
            ket = np.tensordot(pauli, a[rows], (1, 1)).swapaxes(0, 1)
            pairs = bra @ ket.reshape(len(bra), -1, left * right)
            pairs = pairs.reshape(-1, left, right, left, right)
            swapped = pairs.imag.transpose(0, 1, 3, 4, 2)  # the pair (y, y') turned round
            np.add(pairs.real.transpose(0, 1, 3, 2, 4), swapped, out=out[rows, p])
    return out.reshape(batch, 4, left**2, right**2)


def superoperator_pull_back(bar: np.ndarray, amplitudes: np.ndarray, kept: int) -> np.ndarray:
    """Return W with Re Σ W* dA = Σ bar dT, for ``bar`` of the letters X, Y, Z.

    With T_p = A†P_pA and its complex cotangent B_p, W = Σ_p P_p A (B_p + B_p†).
    """
    batch, left, *_, right = amplitudes.shape
    a = _kept_first(amplitudes, kept)
    shaped = bar.reshape(batch, 3, left, left, right, right)
    turned = shaped + 1j * shaped.swapaxes(4, 5)
    square = turned.transpose(0, 1, 2, 4, 3, 5).reshape(batch, 3, left * right, left * right)
    square = square + square.conj().swapaxes(2, 3)
    out = np.zeros(a.shape, dtype=complex)
    for p in range(3):
        ket = (a.reshape(batch, -1, left * right) @ square[:, p]).reshape(a.shape)
        out += np.tensordot(PAULIS[p + 1], ket, (1, 1)).swapaxes(0, 1)
    bits = amplitudes.shape[2:-1]
    out = out.reshape(batch, 2, *bits[1:], left, right)
    return np.moveaxis(out, (1, -2), (kept + 2, 1))


def _side_by_side(maps: np.ndarray) -> np.ndarray:
    """Return (batch, 4, x, z) as matrices (batch, x, 4 z)."""
    batch, _, x, z = maps.shape
    return maps.swapaxes(1, 2).reshape(batch, x, 4 * z)


def _turned(gate: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return R[b, p, (s, z), y] = Σ_t gate[p, s, t] T_t[z, y]."""
    batch, _, z, y = right.shape
    flat = gate.reshape(12, 4) @ right.reshape(batch, 4, z * y)
    return flat.reshape(batch, 3, 4 * z, y)


def merged(left: np.ndarray, right: np.ndarray, gate: np.ndarray) -> np.ndarray:
    """Return the map of two neighbouring stretches after a block that keeps one qubit.

    Costs 13 products of the maps.

    Args:
        left: (batch, 4, x, z).
        right: (batch, 4, z, y).
        gate: gate[p, s, t], (3, 4, 4): what the letters X, Y, Z of the kept qubit are of
            the letters s, t of the two qubits before the block.

    Returns:
        Float64 (batch, 4, x, y).
    """
    out = np.empty((len(left), 4, left.shape[2], right.shape[3]))
    for rows in _chunks(len(left), 12 * right[0, 0].size):
        wide, turned = _side_by_side(left[rows]), _turned(gate, right[rows])
        np.matmul(left[rows, 0], right[rows, 0], out=out[rows, 0])
        for p in range(3):
            np.matmul(wide, turned[:, p], out=out[rows, p + 1])
    return out


def merged_pull_back(
    bar: np.ndarray, left: np.ndarray, right: np.ndarray, gate: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return cotangents of both maps, letters X, Y, Z, and of the gate (3, 4, 4)."""
    batch, _, x, z = left.shape
    y = right.shape[3]
    left_bar, right_bar = np.empty((batch, 3, x, z)), np.empty((batch, 3, z * y))
    gate_bar = np.zeros((12, 4))
    for rows in _chunks(batch, 24 * z * y):
        wide, turned = _side_by_side(left[rows]).swapaxes(1, 2), _turned(gate, right[rows])
        turned_bar, wide_bar = np.empty_like(turned), np.zeros((len(wide), x, 3 * z))
        for p in range(3):
            wide_bar += bar[rows, p] @ turned[:, p, z:].swapaxes(1, 2)
            np.matmul(wide, bar[rows, p], out=turned_bar[:, p])
        left_bar[rows] = wide_bar.reshape(-1, x, 3, z).swapaxes(1, 2)
        flat = turned_bar.reshape(-1, 12, z * y)
        np.matmul(gate.reshape(12, 4)[:, 1:].T, flat, out=right_bar[rows])
        gate_bar += (flat @ right[rows].reshape(-1, 4, z * y).swapaxes(1, 2)).sum(axis=0)
    return left_bar, right_bar.reshape(batch, 3, z, y), gate_bar.reshape(3, 4, 4)
