"""Compiled loops over state vectors: grow by a site, apply gates, undo them with gradients.

A vector with bond χ on k qubits is 2 χ 2^k float64 numbers: all real parts, then all
imaginary parts, bond index slowest. Separate planes vectorise where complex numbers do not.
All vectors lie in one array, ``memory``, and are named by where they begin; its first numbers
are three buffers of a fixed stride, so that LLVM can prove that their rows do not overlap.
Flat arrays of two types, few places where a loop is inlined, and no NumPy call in compiled
code keep compilation short. Unsigned indices drop Python's wrap-around.
"""

from typing import Any

import numpy as np
from numba import njit

from qnnbench.backends.statevector.plan import Plan

# Of one type in compiled code: of a Python integer numba would compile a version by value.
CHUNK = np.int64(128)  # groups of four amplitudes that pass through a buffer at a time
RUN = np.int64(32)  # contiguous amplitudes from which copying whole runs beats gathering
BUFFER = 8 * CHUNK  # rows 00, 01, 10, 11 real, then imaginary
BLOCK = 4 * CHUNK  # amplitudes in a buffer
ZERO, ONE = np.int64(0), np.int64(1)

_FAST = {"contract", "reassoc", "nsz"}  # fused multiply-add and sums in any order
_LOOPS: dict[str, Any] = {"fastmath": _FAST, "error_model": "numpy", "no_rewrites": True}
_INNER = {**_LOOPS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # compiled sooner
_ONCE = {**_INNER, "inline": "always"}  # called at one place, short: no code of its own
# Left to LLVM, a process that compiles would inline otherwise than one that loads, and round so.
_ALIKE = {**_INNER, "forceinline": True}
_U = np.uint64

APPLY, READ, ADD, UNDO = np.arange(4)  # what a pass does; bit 0: adds products, 1: needs ``bra``


@njit(**_INNER)
def _at(values, at, imag):
    return complex(values[_U(at)], values[_U(at + imag)])


@njit(**_INNER)
def _put(values, at, imag, z):
    values[_U(at)], values[_U(at + imag)] = z.real, z.imag


@njit(**_INNER)
def _times(a, b):
    """Return a * b; numba's own product heeds infinities, which takes long to compile."""
    x, y, u, v = a.real, a.imag, b.real, b.imag
    return complex(x * u - y * v, x * v + y * u)


@njit(**_INNER)
def _copy(memory, s, s_imag, t, t_imag, count):
    s, s_imag, t, t_imag = _U(s), _U(s_imag), _U(t), _U(t_imag)
    for c in range(_U(count)):
        memory[t + c] = memory[s + c]
        memory[t_imag + c] = memory[s_imag + c]


@njit(**_INNER)
def _fill(memory, t, count):
    t = _U(t)
    for c in range(_U(count)):
        memory[t + c] = 0.0


@njit(**_INNER)
def _group(g, low, high):
    """Return the first amplitude of group ``g``: zeros inserted at two bit positions."""
    g = ((g >> low) << (low + 1)) | (g & ((1 << low) - 1))
    return ((g >> high) << (high + 1)) | (g & ((1 << high) - 1))


@njit(**_INNER)
def _move(memory, vector, size, start, count, first, second, buffer, is_load):
    """Copy ``count`` groups of a vector to a buffer, or back."""
    low, high = (first, second) if first < second else (second, first)
    run = 1 << low
    step = 1 if run < RUN else run if run < count else count
    s_imag, t_imag = (size, BLOCK) if is_load else (BLOCK, size)
    for r in range(0, count, step):
        base = vector + _group(start + r, low, high)
        for k in range(4):
            s = base + ((k >> 1) << first) + ((k & 1) << second)
            t = buffer + k * CHUNK + r
            s, t = (s, t) if is_load else (t, s)
            if step > 1:
                _copy(memory, s, s + s_imag, t, t + t_imag, step)
            else:
                memory[_U(t)] = memory[_U(s)]
                memory[_U(t + t_imag)] = memory[_U(s + s_imag)]


@njit(**_ONCE)
def _row(matrix, m, memory, buffer, real, imag, count):
    """Write a row of a matrix, which begins at ``m``, times a buffer at two places."""
    a, b = _at(matrix, m, ONE), _at(matrix, m + 2, ONE)
    c, d = _at(matrix, m + 4, ONE), _at(matrix, m + 6, ONE)
    for i in range(buffer, buffer + count):
        z = _times(a, _at(memory, i, BLOCK)) + _times(b, _at(memory, i + CHUNK, BLOCK))
        z += _times(c, _at(memory, i + 2 * CHUNK, BLOCK))
        z += _times(d, _at(memory, i + 3 * CHUNK, BLOCK))
        _put(memory, real + i - buffer, imag - real, z)


@njit(**_ONCE)
def _dots(memory, bra, count, out, o):
    """Add Σ_c bra_i[c] ket_j[c]* to a complex (4, 4) that begins at ``o``; ket comes first."""
    for i in range(4):
        a = b = c = d = 0j
        for k in range(count):
            z = _at(memory, bra + i * CHUNK + k, BLOCK).conjugate()
            a += _times(z, _at(memory, k, BLOCK))
            b += _times(z, _at(memory, k + CHUNK, BLOCK))
            c += _times(z, _at(memory, k + 2 * CHUNK, BLOCK))
            d += _times(z, _at(memory, k + 3 * CHUNK, BLOCK))
        r = o + 8 * i
        _put(out, r, ONE, _at(out, r, ONE) + a.conjugate())
        _put(out, r + 2, ONE, _at(out, r + 2, ONE) + b.conjugate())
        _put(out, r + 4, ONE, _at(out, r + 4, ONE) + c.conjugate())
        _put(out, r + 6, ONE, _at(out, r + 6, ONE) + d.conjugate())


@njit(**_ALIKE)
def _pass(what, memory, ket, bra, size, first, second, matrix, m, out, o):
    """Go once through the groups of four amplitudes of one or two vectors.

    APPLY a matrix to ``ket``; UNDO: add Σ |bra><ket| to ``out``, then apply the matrix to
    both; READ: add Σ |ket><ket| to ``out``; ADD the matrix times ``ket`` to ``bra``.
    """
    n_loaded = 1 + (what >> 1)
    n_written = 0 if what == READ else 2 if what == UNDO else 1
    low = first if first < second else second
    groups = size >> 2
    for start in range(0, groups, CHUNK):
        count = groups - start
        count = CHUNK if count > CHUNK else count
        for v in range(n_loaded):
            at = bra if v else ket
            _move(memory, at, size, start, count, first, second, v * BUFFER, ONE)
        if what & 1:
            _dots(memory, BUFFER if what == UNDO else 0, count, out, o)
        is_direct = count <= (1 << low) and what != ADD
        for v in range(n_written):
            at = bra if v or what == ADD else ket
            base = at + _group(start, low, first + second - low)
            for k in range(4):
                real = base + ((k >> 1) << first) + ((k & 1) << second)
                real = real if is_direct else 2 * BUFFER + k * CHUNK
                imag = real + (size if is_direct else BLOCK)
                _row(matrix, m + 8 * k, memory, v * BUFFER, real, imag, count)
            if what == ADD:
                _add_scaled(
                    memory,
                    BUFFER,
                    BUFFER + BLOCK,
                    2 * BUFFER,
                    2 * BUFFER + BLOCK,
                    1.0,
                    0.0,
                    BLOCK,
                )
            if not is_direct:
                _move(memory, at, size, start, count, first, second, 2 * BUFFER, ZERO)


@njit(**_INNER)
def _add_scaled(memory, s, s_imag, t, t_imag, x, y, count):
    """Add x + iy times ``count`` amplitudes to others."""
    a, s_imag, t_imag = complex(x, y), s_imag - s, t_imag - t
    for c in range(count):
        z = _at(memory, t + c, t_imag) + _times(a, _at(memory, s + c, s_imag))
        _put(memory, t + c, t_imag, z)


@njit(**_INNER)
def _place(memory, start, count, run, bit, vector, size, is_load):
    """Copy the buffer's amplitudes to where a new qubit of stride ``run`` is ``bit``, or back."""
    step = run if run < count else count
    for c in range(0, count, step):
        at = start + c
        at = vector + 2 * at - (at & (run - 1)) + bit * run
        s, s_imag = (at, at + size) if is_load else (c, c + BLOCK)
        t, t_imag = (c, c + BLOCK) if is_load else (at, at + size)
        _copy(memory, s, s_imag, t, t_imag, step)


@njit(**_INNER)
def _grow(is_adjoint, memory, before, after, size, left, right, tensors, at, bond, position):
    """Contract the next tensor (left, 2, right); its qubit enters at bit ``position``.

    The adjoint adds to the vector ``before`` instead. Sums over the left bond go through a
    contiguous buffer, whatever the position.

    ``size`` is that of ``before``; the tensor begins at ``at``, padded to (bond, 2, bond).
    """
    width = size // left
    grown = 2 * width * right
    for r in range(2 * right):
        r, bit = r >> 1, r & 1
        whole = after + 2 * width * r
        for start in range(0, width, BLOCK):
            count = width - start
            count = BLOCK if count > BLOCK else count
            if is_adjoint:
                _place(memory, start, count, 1 << position, bit, whole, grown, ONE)
            else:
                _fill(memory, ZERO, BUFFER)
            for l in range(left):  # noqa: E741
                entry = at + 2 * ((2 * l + bit) * bond + r)
                x, y, row = tensors[entry], tensors[entry + 1], before + l * width + start
                if x == 0.0 and y == 0.0:
                    continue
                s, s_imag = (ZERO, BLOCK) if is_adjoint else (row, row + size)
                t, t_imag = (row, row + size) if is_adjoint else (ZERO, BLOCK)
                _add_scaled(memory, s, s_imag, t, t_imag, x, -y if is_adjoint else y, count)
            if not is_adjoint:
                _place(memory, start, count, 1 << position, bit, whole, grown, ZERO)


@njit(**_INNER)
def _parity(j):
    for shift in (32, 16, 8, 4, 2, 1):
        j ^= j >> shift
    return j & 1


@njit(cache=True, **_LOOPS)
def _string_mean(memory, ket, size, flip, signed, fixed, value):
    """Return <P> without its power of i, for a string as in :class:`Plan`: (real, imag)."""
    real = imag = 0.0
    for j in range(size):
        if j & fixed == value:
            i, sign = _U(ket + (j ^ flip)), 1.0 - 2.0 * _parity(j & signed)
            x, y = memory[_U(ket + j)], memory[_U(ket + size + j)]
            u, v = memory[i], memory[i + _U(size)]
            real += sign * (u * x + v * y)
            imag += sign * (u * y - v * x)
    return real, imag


@njit(cache=True, **_LOOPS)
def _add_string_image(memory, ket, bra, size, flip, signed, fixed, value, x, y):
    """Add (x + iy) P|ket> to ``bra``, without the power of i in P."""
    for j in range(size):
        if j & fixed == value:
            i, sign = _U(bra + (j ^ flip)), 1.0 - 2.0 * _parity(j & signed)
            u, v = sign * memory[_U(ket + j)], sign * memory[_U(ket + size + j)]
            memory[i] += x * u - y * v
            memory[i + _U(size)] += x * v + y * u


@njit(cache=True, **_LOOPS)
def _run(
    is_adjoint,
    is_seeded,
    first_run,
    last_run,
    steps,
    bonds,
    starts,
    pairs,
    tensors,
    slots,
    gates,
    matrices,
    memory,
    most,
    bond,
    slots_per_run,
    out,
):
    """Fill the stored vectors and read pairs, or go back from images; see the functions below."""
    sites, n_steps, n_pairs = len(bonds) - 1, len(steps) // 3, len(pairs) // 2
    for run in range(first_run, last_run):
        ket = 3 * BUFFER
        store, bra, spare = ket + 3 * most + run * starts[sites + 1], ket + most, ket + 2 * most
        k, size = ZERO, ONE
        if is_adjoint:
            k, size = sites, (starts[sites + 1] - starts[sites]) >> 1
            at = store + starts[k]
            _copy(memory, at, at + size, ket, ket + size, size)
            if not is_seeded:
                _fill(memory, bra, 2 * size)
        else:
            ket = store
            memory[ket], memory[ket + 1] = 1.0, 0.0
        for i in range(n_steps + n_pairs):
            is_pair = i < n_pairs if is_adjoint else i >= n_steps
            if is_pair:  # read at the end, so first on the way back
                i = i if is_adjoint else i - n_steps
                slot, first, second = ZERO, pairs[2 * i], pairs[2 * i + 1]
            else:
                i = 3 * (n_steps + n_pairs - 1 - i if is_adjoint else i)
                slot, first, second = steps[i], steps[i + 1], steps[i + 2]
            if slot >= 0:  # one call, where LLVM inlines the longest function once
                what = (ADD if is_pair else UNDO) if is_adjoint else READ if is_pair else APPLY
                m = 32 * (run * n_pairs + i if is_pair else slots[run * slots_per_run + slot])
                matrix = matrices if is_pair else gates
                _pass(what, memory, ket, bra, size, first, second, matrix, m, out, m)
                continue
            before, after = (spare, bra) if is_adjoint else (ket, ket + 2 * size)
            if is_adjoint:
                k -= 1
                size = (starts[k + 1] - starts[k]) >> 1
                at = store + starts[k]
                _copy(memory, at, at + size, ket, ket + size, size)
                _fill(memory, spare, 2 * size)
                bra, spare = spare, bra
            at = 4 * (run * sites + k) * bond * bond
            _grow(
                is_adjoint,
                memory,
                before,
                after,
                size,
                bonds[k],
                bonds[k + 1],
                tensors,
                at,
                bond,
                first,
            )
            if not is_adjoint:
                k += 1
                ket, size = after, (starts[k + 1] - starts[k]) >> 1


def _flat(array: np.ndarray) -> np.ndarray:
    """Return an array as one row, complex numbers as pairs of float64."""
    array = np.ascontiguousarray(array)
    return (array.view(np.float64) if np.iscomplexobj(array) else array).reshape(-1)


def _sizes(plan: Plan) -> tuple[int, int]:
    """Return how many numbers the longest and the last vector have."""
    sizes = np.diff(plan.starts)
    return int(sizes.max()), int(sizes[-1])


def _call(
    plan: Plan,
    tensors: np.ndarray,
    slots: np.ndarray,
    gates: np.ndarray,
    matrices: np.ndarray,
    memory: np.ndarray,
    out: np.ndarray,
    is_adjoint: bool,
    seeded: int | None = None,
) -> None:
    """Run all states, or only one whose images of strings lie in ``memory`` already."""
    runs = (0, len(tensors)) if seeded is None else (seeded, seeded + 1)
    _run(
        int(is_adjoint),
        int(seeded is not None),
        *runs,
        *map(_flat, (*plan.arrays[:4], tensors, slots, gates, matrices)),
        memory,
        _sizes(plan)[0],
        tensors.shape[-1],
        slots.shape[1],
        _flat(out),
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
    marginals = np.zeros((len(tensors), len(plan.pairs), 4, 4), dtype=complex)
    means = np.zeros((len(tensors), len(plan.strings)))
    most, last = _sizes(plan)
    memory = np.empty(3 * (BUFFER + most) + len(tensors) * int(plan.starts[-1]))
    _call(plan, tensors, slots, gates, gates, memory, marginals, False)
    for run, i in np.ndindex(means.shape):
        flip, signed, n_y, fixed, value = plan.strings[i].tolist()
        ket = 3 * (BUFFER + most) + (run + 1) * int(plan.starts[-1]) - last
        real, imag = _string_mean(memory, ket, last // 2, flip, signed, fixed, value)
        means[run, i] = (1j**n_y * complex(real, imag)).real
    return marginals, means, memory


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
    most, last = _sizes(plan)
    if not len(plan.strings):
        _call(plan, tensors, slots, inverses, matrices, store, out, True)
        return
    bra = 3 * BUFFER + most
    for run in range(len(tensors)):
        ket = 3 * (BUFFER + most) + (run + 1) * int(plan.starts[-1]) - last
        store[bra : bra + last] = 0.0
        for string, factor in zip(plan.strings.tolist(), factors[run], strict=True):
            flip, signed, n_y, fixed, value = string
            a = factor * 1j**n_y
            _add_string_image(
                store, ket, bra, last // 2, flip, signed, fixed, value, a.real, a.imag
            )
        _call(plan, tensors, slots, inverses, matrices, store, out, True, run)
