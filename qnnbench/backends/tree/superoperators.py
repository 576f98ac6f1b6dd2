"""Stretches of a chain as real maps from their left bond pair to their right one.

A stretch whose qubits are traced out but for m that are kept maps Hermitian matrices on its
left bond to Hermitian matrices on its right one, for every Pauli string p of the kept
qubits: T[b, p, (x, x'), (y, y')]. Writing a Hermitian S + iK as the real matrix S + K makes
the maps real: T becomes Re T[xx', yy'] + Im T[xx', y'y] (derived here). The string of
ones carries no angle, so cotangents have the others only.
"""

from collections.abc import Sequence

import numpy as np

from qnnbench.backends.heisenberg.contraction import CACHE_BYTES
from qnnbench.backends.tree.cells import strings


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
    batch, bond, size, after = tensor.shape
    ket = environment @ tensor.reshape(batch, bond, size * after)
    bra = tensor.reshape(batch, bond * size, after).conj()
    return bra.swapaxes(1, 2) @ ket.reshape(batch, bond * size, after)


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


def _kept_last(amplitudes: np.ndarray, kept: tuple[int, ...]) -> np.ndarray:
    """Return A[b, k, (s, x, y)]: s the kept qubits, k all others."""
    batch, left, *_, right = amplitudes.shape
    moved = np.moveaxis(amplitudes, (*(axis + 2 for axis in kept), 1), range(-2 - len(kept), -1))
    return moved.reshape(batch, -1, 2 ** len(kept) * left * right)


def superoperator(amplitudes: np.ndarray, kept: tuple[int, ...]) -> np.ndarray:
    """Return the map of a stretch given by amplitudes, float64 (batch, 4^m, x², y²).

    Args:
        amplitudes: (batch, x, 2, …, 2, y), one axis per qubit.
        kept: The m qubits that stay, ascending; the others are traced out.
    """
    batch, left, *_, right = amplitudes.shape
    a, letters, size = _kept_last(amplitudes, kept), strings(len(kept)), 2 ** len(kept)
    out = np.empty((batch, 4 ** len(kept), left, left, right, right))
    for rows in _chunks(batch, 2 * (size * left * right) ** 2):
        pairs = a[rows].conj().swapaxes(1, 2) @ a[rows]
        pairs = pairs.reshape(-1, size, left * right, size, left * right).swapaxes(2, 3)
        pairs = letters.reshape(-1, size**2) @ pairs.reshape(len(pairs), size**2, -1)
        pairs = pairs.reshape(-1, len(letters), left, right, left, right)
        swapped = pairs.imag.transpose(0, 1, 2, 4, 5, 3)  # the pair (y, y') turned round
        np.add(pairs.real.transpose(0, 1, 2, 4, 3, 5), swapped, out=out[rows])
    return out.reshape(batch, len(letters), left**2, right**2)


def superoperator_pull_back(
    bar: np.ndarray, amplitudes: np.ndarray, kept: tuple[int, ...]
) -> np.ndarray:
    """Return W with Re Σ W* dA = Σ bar dT, for ``bar`` of all strings but the ones.

    With T_p = A†P_pA and its complex cotangent B_p, W = Σ_p P_p A (B_p + B_p†).
    """
    batch, left, *bits, right = amplitudes.shape
    a, letters, size = _kept_last(amplitudes, kept), strings(len(kept))[1:], 2 ** len(kept)
    out = np.empty(a.shape, dtype=complex)
    for rows in _chunks(batch, 4 * (size * left * right) ** 2):
        shaped = bar[rows].reshape(-1, len(letters), left, left, right, right)
        turned = (shaped + 1j * shaped.swapaxes(4, 5)).transpose(0, 1, 2, 4, 3, 5)
        # rows of A, then of the new amplitudes: P_p[s, t] (B_p + B_p†)
        square = letters.reshape(-1, size**2).T @ turned.reshape(len(turned), len(letters), -1)
        square = square.reshape(-1, size, size, left * right, left * right)
        square = square.transpose(0, 2, 3, 1, 4).reshape(-1, a.shape[2], a.shape[2])
        out[rows] = a[rows] @ (square + square.conj().swapaxes(1, 2))
    moved = out.reshape(batch, *(2,) * (len(bits) - len(kept)), *(2,) * len(kept), left, right)
    places = (*(axis + 2 for axis in kept), 1)
    return np.moveaxis(moved, range(-2 - len(kept), -1), places)


def _side_by_side(maps: np.ndarray) -> np.ndarray:
    """Return (batch, l, x, z) as matrices (batch, x, l z)."""
    batch, letters, x, z = maps.shape
    return maps.swapaxes(1, 2).reshape(batch, x, letters * z)


def _turned(gate: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return R[b, p, (s, z), y] = Σ_t gate[p, s, t] T_t[z, y]."""
    batch, letters, z, y = right.shape
    flat = gate.reshape(-1, letters) @ right.reshape(batch, letters, z * y)
    return flat.reshape(batch, len(gate), -1, y)


def merged(left: np.ndarray, right: np.ndarray, gate: np.ndarray) -> np.ndarray:
    """Return the map of two neighbouring stretches after a cell that keeps m qubits.

    Costs 1 + (4^m - 1) 4^l products of the maps where the left stretch keeps l.

    Args:
        left: (batch, 4^l, x, z).
        right: (batch, 4^r, z, y).
        gate: gate[p, s, t], (4^m - 1, 4^l, 4^r): what the strings of the kept qubits but the
            ones are of the strings s, t before the cell.

    Returns:
        Float64 (batch, 4^m, x, y).
    """
    out = np.empty((len(left), len(gate) + 1, left.shape[2], right.shape[3]))
    for rows in _chunks(len(left), gate[..., 0].size * right[0, 0].size):
        wide, turned = _side_by_side(left[rows]), _turned(gate, right[rows])
        np.matmul(left[rows, 0], right[rows, 0], out=out[rows, 0])
        for p in range(len(gate)):
            np.matmul(wide, turned[:, p], out=out[rows, p + 1])
    return out


def merged_pull_back(
    bar: np.ndarray, left: np.ndarray, right: np.ndarray, gate: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return cotangents of both maps, without the string of ones, and of the gate."""
    batch, l_letters, x, z = left.shape
    r_letters, y = right.shape[1], right.shape[3]
    left_bar = np.empty((batch, l_letters - 1, x, z))
    right_bar = np.empty((batch, r_letters - 1, z * y))
    flat_gate = gate.reshape(-1, r_letters)
    gate_bar = np.zeros_like(flat_gate)
    for rows in _chunks(batch, 2 * len(flat_gate) * z * y):
        wide, turned = _side_by_side(left[rows]).swapaxes(1, 2), _turned(gate, right[rows])
        turned_bar = np.empty_like(turned)
        wide_bar = np.zeros((len(wide), x, (l_letters - 1) * z))
        for p in range(len(gate)):
            wide_bar += bar[rows, p] @ turned[:, p, z:].swapaxes(1, 2)
            np.matmul(wide, bar[rows, p], out=turned_bar[:, p])
        left_bar[rows] = wide_bar.reshape(-1, x, l_letters - 1, z).swapaxes(1, 2)
        flat = turned_bar.reshape(-1, len(flat_gate), z * y)
        np.matmul(flat_gate[:, 1:].T, flat, out=right_bar[rows])
        gate_bar += (flat @ right[rows].reshape(-1, r_letters, z * y).swapaxes(1, 2)).sum(axis=0)
    right_bar = right_bar.reshape(batch, r_letters - 1, z, y)
    return left_bar, right_bar, gate_bar.reshape(gate.shape)
