"""Compiled loops over state vectors: grow by a site, apply gates, undo them with gradients.

A vector with bond χ on k qubits is one float64 array of 2 χ 2^k numbers: all real parts, then
all imaginary parts, bond index slowest. Separate planes vectorise where complex numbers do
not. Gates go through small buffers with a fixed stride, so that LLVM can prove that loads
and stores do not overlap; indices there are unsigned, which drops Python's wrap-around.
"""

import numpy as np
from numba import njit

from qnnbench.backends.statevector_plan import Plan

CHUNK = 128  # groups of four amplitudes that pass through a buffer at a time
RUN = 32  # contiguous amplitudes from which copying whole runs beats gathering

_FAST = {"contract", "reassoc", "nsz"}  # fused multiply-add and sums in any order
_U = np.uint64


@njit(fastmath=_FAST, cache=True)
def _copy(source, s, target, t, count):
    s, t = _U(s), _U(t)
    for c in range(_U(count)):
        target[t + c] = source[s + c]


@njit(fastmath=_FAST, cache=True)
def _group(g, low, high):
    """Return the first amplitude of group ``g``: zeros inserted at two bit positions."""
    g = ((g >> low) << (low + 1)) | (g & ((1 << low) - 1))
    return ((g >> high) << (high + 1)) | (g & ((1 << high) - 1))


@njit(fastmath=_FAST, cache=True)
def _load(vector, size, start, count, first, second, buffer):
    """Copy ``count`` groups into ``buffer``: rows 00, 01, 10, 11 real, then imaginary."""
    low, high = min(first, second), max(first, second)
    run = min(count, 1 << low)
    if run >= RUN:
        for r in range(0, count, run):
            base = _group(start + r, low, high)
            for k in range(4):
                at = base + ((k >> 1) << first) + ((k & 1) << second)
                _copy(vector, at, buffer, k * CHUNK + r, run)
                _copy(vector, size + at, buffer, (4 + k) * CHUNK + r, run)
        return
    for c in range(count):
        base = _group(start + c, low, high)
        for k in range(4):
            at = base + ((k >> 1) << first) + ((k & 1) << second)
            buffer[_U(k * CHUNK + c)] = vector[_U(at)]
            buffer[_U((4 + k) * CHUNK + c)] = vector[_U(size + at)]


@njit(fastmath=_FAST, cache=True)
def _store(vector, size, start, count, first, second, buffer):
    """Copy ``buffer`` back; the inverse of :func:`_load`."""
    low, high = min(first, second), max(first, second)
    run = min(count, 1 << low)
    if run >= RUN:
        for r in range(0, count, run):
            base = _group(start + r, low, high)
            for k in range(4):
                at = base + ((k >> 1) << first) + ((k & 1) << second)
                _copy(buffer, k * CHUNK + r, vector, at, run)
                _copy(buffer, (4 + k) * CHUNK + r, vector, size + at, run)
        return
    for c in range(count):
        base = _group(start + c, low, high)
        for k in range(4):
            at = base + ((k >> 1) << first) + ((k & 1) << second)
            vector[_U(at)] = buffer[_U(k * CHUNK + c)]
            vector[_U(size + at)] = buffer[_U((4 + k) * CHUNK + c)]


@njit(fastmath=_FAST, cache=True)
def _row(matrix, i, buffer, target, real, imag, count):
    """Write row ``i`` of ``matrix`` times ``buffer`` at two places of ``target``."""
    a0, a1, a2, a3 = matrix[i, 0].real, matrix[i, 1].real, matrix[i, 2].real, matrix[i, 3].real
    b0, b1, b2, b3 = matrix[i, 0].imag, matrix[i, 1].imag, matrix[i, 2].imag, matrix[i, 3].imag
    real, imag = _U(real), _U(imag)
    for c in range(_U(count)):
        x0, x1 = buffer[c], buffer[_U(CHUNK) + c]
        x2, x3 = buffer[_U(2 * CHUNK) + c], buffer[_U(3 * CHUNK) + c]
        y0, y1 = buffer[_U(4 * CHUNK) + c], buffer[_U(5 * CHUNK) + c]
        y2, y3 = buffer[_U(6 * CHUNK) + c], buffer[_U(7 * CHUNK) + c]
        target[real + c] = (
            a0 * x0 - b0 * y0 + a1 * x1 - b1 * y1 + a2 * x2 - b2 * y2 + a3 * x3 - b3 * y3
        )
        target[imag + c] = (
            a0 * y0 + b0 * x0 + a1 * y1 + b1 * x1 + a2 * y2 + b2 * x2 + a3 * y3 + b3 * x3
        )


@njit(fastmath=_FAST, cache=True)
def _write(matrix, buffer, vector, size, start, count, first, second, spare):
    """Overwrite the groups of ``vector`` with ``matrix`` times ``buffer``."""
    low, high = min(first, second), max(first, second)
    if count <= (1 << low):
        base = _group(start, low, high)
        for k in range(4):
            at = base + ((k >> 1) << first) + ((k & 1) << second)
            _row(matrix, k, buffer, vector, at, size + at, count)
        return
    for k in range(4):
        _row(matrix, k, buffer, spare, k * CHUNK, (4 + k) * CHUNK, count)
    _store(vector, size, start, count, first, second, spare)


@njit(fastmath=_FAST, cache=True)
def _dots(bra, ket, count, out):
    """Add Σ_c bra_i[c] ket_j[c]* of two buffers to ``out`` (4, 4)."""
    for i in range(4):
        r0 = r1 = r2 = r3 = s0 = s1 = s2 = s3 = 0.0
        real, imag = _U(i * CHUNK), _U((4 + i) * CHUNK)
        for c in range(_U(count)):
            x, y = bra[real + c], bra[imag + c]
            x0, x1 = ket[c], ket[_U(CHUNK) + c]
            x2, x3 = ket[_U(2 * CHUNK) + c], ket[_U(3 * CHUNK) + c]
            y0, y1 = ket[_U(4 * CHUNK) + c], ket[_U(5 * CHUNK) + c]
            y2, y3 = ket[_U(6 * CHUNK) + c], ket[_U(7 * CHUNK) + c]
            r0 += x * x0 + y * y0
            s0 += y * x0 - x * y0
            r1 += x * x1 + y * y1
            s1 += y * x1 - x * y1
            r2 += x * x2 + y * y2
            s2 += y * x2 - x * y2
            r3 += x * x3 + y * y3
            s3 += y * x3 - x * y3
        out[i, 0] += r0 + 1j * s0
        out[i, 1] += r1 + 1j * s1
        out[i, 2] += r2 + 1j * s2
        out[i, 3] += r3 + 1j * s3


@njit(fastmath=_FAST, cache=True)
def _apply(vector, first, second, matrix, work):
    size = len(vector) // 2
    for start in range(0, size >> 2, CHUNK):
        count = min(CHUNK, (size >> 2) - start)
        _load(vector, size, start, count, first, second, work[0])
        _write(matrix, work[0], vector, size, start, count, first, second, work[2])


@njit(fastmath=_FAST, cache=True)
def _undo(ket, bra, first, second, inverse, out, work):
    """Apply ``inverse`` to both vectors; add Σ |bra><ket| from before that to ``out``."""
    size = len(ket) // 2
    for start in range(0, size >> 2, CHUNK):
        count = min(CHUNK, (size >> 2) - start)
        _load(ket, size, start, count, first, second, work[0])
        _load(bra, size, start, count, first, second, work[1])
        _dots(work[1], work[0], count, out)
        _write(inverse, work[0], ket, size, start, count, first, second, work[2])
        _write(inverse, work[1], bra, size, start, count, first, second, work[2])


@njit(fastmath=_FAST, cache=True)
def _marginal(ket, first, second, out, work):
    """Add the (4, 4) density matrix of two qubits to ``out``."""
    size = len(ket) // 2
    for start in range(0, size >> 2, CHUNK):
        count = min(CHUNK, (size >> 2) - start)
        _load(ket, size, start, count, first, second, work[0])
        _dots(work[0], work[0], count, out)


@njit(fastmath=_FAST, cache=True)
def _add_image(ket, first, second, matrix, bra, work):
    """Add ``matrix`` on two qubits times ``ket`` to ``bra``."""
    size = len(ket) // 2
    for start in range(0, size >> 2, CHUNK):
        count = min(CHUNK, (size >> 2) - start)
        _load(ket, size, start, count, first, second, work[0])
        _load(bra, size, start, count, first, second, work[1])
        for k in range(4):
            _row(matrix, k, work[0], work[2], k * CHUNK, (4 + k) * CHUNK, count)
        for c in range(8 * CHUNK):
            work[1][c] += work[2][c]
        _store(bra, size, start, count, first, second, work[1])


@njit(fastmath=_FAST, cache=True)
def _add_scaled(source, s, s_size, target, t, t_size, a, count):
    """Add ``a`` times ``count`` amplitudes of ``source`` from ``s`` to ``target`` at ``t``."""
    x, y, s, t = a.real, a.imag, _U(s), _U(t)
    s_imag, t_imag = s + _U(s_size), t + _U(t_size)
    for c in range(_U(count)):
        target[t + c] += x * source[s + c] - y * source[s_imag + c]
        target[t_imag + c] += x * source[s_imag + c] + y * source[s + c]


@njit(fastmath=_FAST, cache=True)
def _place(buffer, b_size, start, count, run, bit, vector, v_size):
    """Copy amplitudes ``start`` … to where a new qubit of stride ``run`` is ``bit``."""
    step = min(run, count)
    for c in range(0, count, step):
        at = start + c
        at = 2 * at - (at & (run - 1)) + bit * run
        for e in range(_U(step)):
            vector[_U(at) + e] = buffer[_U(c) + e]
            vector[_U(v_size + at) + e] = buffer[_U(b_size + c) + e]


@njit(fastmath=_FAST, cache=True)
def _take(vector, v_size, start, count, run, bit, buffer, b_size):
    """Copy the same amplitudes back; the inverse of :func:`_place`."""
    step = min(run, count)
    for c in range(0, count, step):
        at = start + c
        at = 2 * at - (at & (run - 1)) + bit * run
        for e in range(_U(step)):
            buffer[_U(c) + e] = vector[_U(at) + e]
            buffer[_U(b_size + c) + e] = vector[_U(v_size + at) + e]


@njit(fastmath=_FAST, cache=True)
def _grow(before, after, bonds, tensor, position, buffer):
    """Contract the next tensor (left, 2, right); its qubit enters at bit ``position``.

    Sums over the left bond go through a contiguous buffer, whatever the position.
    """
    left, right = bonds
    small, large = len(before) // 2, len(after) // 2
    width, block = small // left, len(buffer) // 2
    for r in range(right):
        whole = after[2 * width * r :]
        for bit in range(2):
            for start in range(0, width, block):
                count = min(block, width - start)
                buffer[:count] = 0.0
                buffer[block : block + count] = 0.0
                for l in range(left):  # noqa: E741
                    if tensor[l, bit, r] != 0:
                        at = l * width + start
                        _add_scaled(before, at, small, buffer, 0, block, tensor[l, bit, r], count)
                _place(buffer, block, start, count, 1 << position, bit, whole, large)


@njit(fastmath=_FAST, cache=True)
def _shrink(after, before, bonds, tensor, position, buffer):
    """Add to ``before`` the adjoint map of :func:`_grow` on ``after``."""
    left, right = bonds
    small, large = len(before) // 2, len(after) // 2
    width, block = small // left, len(buffer) // 2
    for r in range(right):
        whole = after[2 * width * r :]
        for bit in range(2):
            for start in range(0, width, block):
                count = min(block, width - start)
                _take(whole, large, start, count, 1 << position, bit, buffer, block)
                for l in range(left):  # noqa: E741
                    a, at = np.conj(tensor[l, bit, r]), l * width + start
                    if a != 0:
                        _add_scaled(buffer, 0, block, before, at, small, a, count)


@njit(fastmath=_FAST, cache=True)
def _sign(j, z_mask):
    j &= z_mask
    for shift in (32, 16, 8, 4, 2, 1):
        j ^= j >> shift
    return 1.0 - 2.0 * (j & 1)


@njit(fastmath=_FAST, cache=True)
def _string_mean(ket, string):
    """Return <P> of a string (flipped bits, signed bits, number of Y, fixed bits, their value).

    P maps |j> to i^Y (-1)^|j & signed| |j ^ flipped| where j agrees with the fixed bits.
    """
    flip, signed, n_y, fixed, value = string
    size = len(ket) // 2
    real = imag = 0.0
    for j in range(size):
        if j & fixed == value:
            i, sign = _U(j ^ flip), _sign(j, signed)
            x, y, u, v = ket[_U(j)], ket[_U(size + j)], ket[i], ket[i + _U(size)]
            real += sign * (u * x + v * y)
            imag += sign * (u * y - v * x)
    return (1j**n_y * (real + 1j * imag)).real


@njit(fastmath=_FAST, cache=True)
def _add_string_image(ket, string, coefficient, bra):
    """Add ``coefficient`` P|ket> to ``bra``; see :func:`_string_mean`."""
    flip, signed, n_y, fixed, value = string
    size = len(ket) // 2
    a = coefficient * 1j**n_y
    for j in range(size):
        if j & fixed == value:
            i, sign = _U(j ^ flip), _sign(j, signed)
            x, y = sign * ket[_U(j)], sign * ket[_U(size + j)]
            bra[i] += a.real * x - a.imag * y
            bra[i + _U(size)] += a.real * y + a.imag * x


@njit(fastmath=_FAST, cache=True)
def _rise(steps, bonds, starts, tensors, slots, gates, store, work):
    """Fill ``store`` for one state: the vectors on every number of sites, gates applied."""
    k = 0
    ket = store[starts[0] : starts[1]]
    ket[0], ket[1] = 1.0, 0.0
    for slot, first, second in steps:
        if slot >= 0:
            _apply(ket, first, second, gates[slots[slot]], work)
            continue
        before, ket = ket, store[starts[k + 1] : starts[k + 2]]
        _grow(before, ket, (bonds[k], bonds[k + 1]), tensors[k], first, work[0])
        k += 1
    return ket


@njit(fastmath=_FAST, cache=True)
def _descend(steps, bonds, starts, tensors, slots, inverses, store, scratch, out, work):
    """Undo the steps of one state on ψ and λ in ``scratch``; see :func:`backward`."""
    k = len(bonds) - 1
    size = starts[k + 1] - starts[k]
    ket, bra, spare = scratch[0, :size], scratch[1], scratch[2]
    for i in range(len(steps) - 1, -1, -1):
        slot, first, second = steps[i]
        if slot >= 0:
            gate = slots[slot]
            _undo(ket, bra[:size], first, second, inverses[gate], out[gate], work)
            continue
        k -= 1
        grown, size = size, starts[k + 1] - starts[k]
        ket = scratch[0, :size]
        ket[:] = store[starts[k] : starts[k + 1]]
        spare[:size] = 0.0
        pair = bonds[k], bonds[k + 1]
        _shrink(bra[:grown], spare[:size], pair, tensors[k], first, work[0])
        bra, spare = spare, bra


Arrays = tuple[np.ndarray, ...]


@njit(fastmath=_FAST, cache=True)
def _forward(steps, bonds, starts, pairs, strings, tensors, slots, gates, store):
    work = np.zeros((3, 8 * CHUNK))
    marginals = np.zeros((len(tensors), len(pairs), 4, 4), dtype=np.complex128)
    means = np.zeros((len(tensors), len(strings)))
    for run in range(len(tensors)):
        ket = _rise(steps, bonds, starts, tensors[run], slots[run], gates, store[run], work)
        for i in range(len(pairs)):
            _marginal(ket, pairs[i, 0], pairs[i, 1], marginals[run, i], work)
        for i in range(len(strings)):
            means[run, i] = _string_mean(ket, strings[i])
    return marginals, means


@njit(fastmath=_FAST, cache=True)
def _backward(
    steps,
    bonds,
    starts,
    pairs,
    strings,
    tensors,
    slots,
    inverses,
    store,
    matrices,
    factors,
    scratch,
    out,
):
    work = np.zeros((3, 8 * CHUNK))
    last = len(bonds) - 1
    size = starts[last + 1] - starts[last]
    ket, bra = scratch[0, :size], scratch[1, :size]
    for run in range(len(tensors)):
        ket[:] = store[run, starts[last] : starts[last + 1]]
        bra[:] = 0.0
        for i in range(len(pairs)):
            _add_image(ket, pairs[i, 0], pairs[i, 1], matrices[run, i], bra, work)
        for i in range(len(strings)):
            _add_string_image(ket, strings[i], factors[run, i], bra)
        _descend(
            steps,
            bonds,
            starts,
            tensors[run],
            slots[run],
            inverses,
            store[run],
            scratch,
            out,
            work,
        )


def forward(
    plan: Plan, tensors: np.ndarray, slots: np.ndarray, gates: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Run a plan on matrix product states.

    Args:
        plan: Steps, bonds and readings.
        tensors: Complex (runs, w, χ, 2, χ), zero-padded.
        slots: Int64 (runs, n_slots): the gate in each slot.
        gates: Complex (n_gates, 4, 4).

    Returns:
        Density matrices of the plan's pairs, complex (runs, p, 4, 4), means of its strings,
        float64 (runs, s), and what :func:`backward` needs.
    """
    store = np.empty((len(tensors), plan.starts[-1]))
    arguments = (*plan.arrays, tensors, slots, gates, store)
    return *_forward(*arguments), store


def backward(
    plan: Plan,
    tensors: np.ndarray,
    slots: np.ndarray,
    inverses: np.ndarray,
    store: np.ndarray,
    matrices: np.ndarray,
    factors: np.ndarray,
    out: np.ndarray,
) -> None:
    """Run a plan backwards from the observable that is read at its end.

    Args:
        plan: As for :func:`forward`.
        tensors: Likewise.
        slots: Likewise.
        inverses: Adjoints of the gates, complex (n_gates, 4, 4).
        store: As :func:`forward` left it; not changed.
        matrices: Observable on each pair, complex (runs, p, 4, 4).
        factors: Of the strings, float64 (runs, s).
        out: Complex (n_gates, 4, 4); Σ |λ><ψ| after each gate is added to it.
    """
    scratch = np.empty((3, int(np.diff(plan.starts).max())))  # by NumPy: in huge pages
    arguments = (*plan.arrays, tensors, slots, inverses, store, matrices, factors, scratch, out)
    _backward(*arguments)
