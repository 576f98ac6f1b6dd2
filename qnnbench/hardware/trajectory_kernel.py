"""Compiled loops over the state vectors of many shots.

Vectors are float32 (2, 2^k, n_shots): real parts and imaginary parts, amplitudes, shots. Shots
stand side by side, so that what differs between them is read along with them. A qubit is named
by its bit, 0 for the least significant.
"""

from typing import Any

from numba import njit

_LOOPS: dict[str, Any] = {
    "fastmath": {"contract", "reassoc", "nsz"},  # fused multiply-add and sums in any order
    "error_model": "numpy",
    "no_rewrites": True,
}


@njit(**_LOOPS)
def turn_pair(vectors, high, low, factors, buffer):
    """Apply a 2x2 matrix to each of two qubits, then a phase where their bits differ.

    Args:
        vectors: Changed in place.
        high: Bit of one qubit.
        low: Bit of the other, below ``high``.
        factors: float32 (18, n_shots), real and imaginary parts in turn: the matrix of
            ``high`` row by row, that of ``low``, the phase.
        buffer: float32 (8, n_shots) to work in: rows that are not those of the vectors.
    """
    shots = vectors.shape[2]
    up, right = 1 << high, 1 << low
    for group in range(vectors.shape[1] >> 2):
        start = ((group >> low) << (low + 1)) | (group & (right - 1))
        start = ((start >> high) << (high + 1)) | (start & (up - 1))
        for j in range(2):
            zero, one = start + j * right, start + j * right + up
            for s in range(shots):
                a, b = vectors[0, zero, s], vectors[1, zero, s]
                c, d = vectors[0, one, s], vectors[1, one, s]
                for row in range(2):
                    p, q = factors[4 * row, s], factors[4 * row + 1, s]
                    u, v = factors[4 * row + 2, s], factors[4 * row + 3, s]
                    buffer[4 * j + 2 * row, s] = p * a - q * b + u * c - v * d
                    buffer[4 * j + 2 * row + 1, s] = p * b + q * a + u * d + v * c
        for j in range(2):
            for row in range(2):
                to = start + j * up + row * right
                for s in range(shots):
                    a, b = buffer[2 * j, s], buffer[2 * j + 1, s]
                    c, d = buffer[4 + 2 * j, s], buffer[5 + 2 * j, s]
                    p, q = factors[8 + 4 * row, s], factors[9 + 4 * row, s]
                    u, v = factors[10 + 4 * row, s], factors[11 + 4 * row, s]
                    vectors[0, to, s] = p * a - q * b + u * c - v * d
                    vectors[1, to, s] = p * b + q * a + u * d + v * c
        for to in (start + right, start + up):
            for s in range(shots):
                a, b = vectors[0, to, s], vectors[1, to, s]
                vectors[0, to, s] = factors[16, s] * a - factors[17, s] * b
                vectors[1, to, s] = factors[16, s] * b + factors[17, s] * a


@njit(**_LOOPS)
def overlaps(vectors, bit, sums):
    """Add up what decides a measurement of one qubit.

    Args:
        vectors: Read.
        bit: Of the qubit.
        sums: float64 (4, n_shots), added to: |x|², |y|², real and imaginary part of x y*, with
            x and y the amplitudes where the bit is 0 and where it is 1.
    """
    for group in range(vectors.shape[1] >> 1):
        zero = ((group >> bit) << (bit + 1)) | (group & ((1 << bit) - 1))
        one = zero + (1 << bit)
        for s in range(vectors.shape[2]):
            a, b = vectors[0, zero, s], vectors[1, zero, s]
            c, d = vectors[0, one, s], vectors[1, one, s]
            sums[0, s] += a * a + b * b
            sums[1, s] += c * c + d * d
            sums[2, s] += a * c + b * d
            sums[3, s] += b * c - a * d


@njit(**_LOOPS)
def project(vectors, bit, factors, kept):
    """Write p x + u y, which lacks the qubit.

    Args:
        vectors: Read.
        bit: Of the qubit; x and y as in :func:`overlaps`.
        factors: float32 (4, n_shots): real and imaginary part of p, of u.
        kept: float32 (2, 2^(k-1), n_shots), overwritten.
    """
    for group in range(kept.shape[1]):
        zero = ((group >> bit) << (bit + 1)) | (group & ((1 << bit) - 1))
        one = zero + (1 << bit)
        for s in range(vectors.shape[2]):
            a, b = vectors[0, zero, s], vectors[1, zero, s]
            c, d = vectors[0, one, s], vectors[1, one, s]
            p, q, u, v = factors[0, s], factors[1, s], factors[2, s], factors[3, s]
            kept[0, group, s] = p * a - q * b + u * c - v * d
            kept[1, group, s] = p * b + q * a + u * d + v * c
