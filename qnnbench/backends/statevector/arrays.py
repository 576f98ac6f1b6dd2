"""The loops of ``kernel`` as array operations, for an accelerator.

The same plans run on the arrays of any module that follows NumPy, all runs of one at once.
Vectors are complex arrays (runs, χ, 2^k), the fastest bit last.
"""

import numpy as np

from qnnbench.backends.arrays import Array, OnDevice, on_host
from qnnbench.backends.statevector.plan import Plan


class ArrayKernel:
    """Runs plans where ``on_device`` moves arrays; arguments as in ``kernel``."""

    def __init__(self, on_device: OnDevice) -> None:
        self._on_device = on_device

    def forward(
        self, plan: Plan, tensors: np.ndarray, slots: np.ndarray, gates: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, list[Array]]:
        """Run a plan; see ``kernel.forward``."""
        runs = len(tensors)
        matrices, inputs = self._on_device(gates), self._on_device(tensors)
        ket = np.ones((runs, 1, 1), dtype=complex, like=inputs)
        store: list[Array] = []
        for slot, first, second in plan.steps.tolist():
            if slot >= 0:
                chosen = matrices[slots[:, slot]]
                ket = _ungrouped(chosen @ _grouped(ket, first, second), ket.shape, first, second)
                continue
            k = len(store)
            store.append(ket)
            ket = _grown(ket, _site(inputs, plan, k), first)
        store.append(ket)
        marginals = np.zeros((runs, len(plan.pairs), 4, 4), dtype=complex, like=ket)
        means = np.zeros((runs, len(plan.strings)), like=ket)
        for i, (first, second) in enumerate(plan.pairs.tolist()):
            grouped = _grouped(ket, first, second)
            marginals[:, i] = _outer(grouped, grouped)
        for i, string in enumerate(plan.strings.tolist()):
            means[:, i] = (ket.conj() * _image(ket, string)).sum(axis=(1, 2)).real
        return on_host(marginals), on_host(means), store

    def backward(
        self,
        plan: Plan,
        tensors: np.ndarray,
        slots: np.ndarray,
        inverses: np.ndarray,
        store: list[Array],
        matrices: np.ndarray,
        factors: np.ndarray,
        out: np.ndarray,
    ) -> None:
        """Run a plan backwards; see ``kernel.backward``."""
        undo, inputs, read = map(self._on_device, (inverses, tensors, matrices))
        means_bar = self._on_device(factors)
        ket, k = store[-1], len(store) - 1
        bra = np.zeros_like(ket)
        for i, (first, second) in enumerate(plan.pairs.tolist()):
            image = read[:, i] @ _grouped(ket, first, second)
            bra += _ungrouped(image, ket.shape, first, second)
        for i, string in enumerate(plan.strings.tolist()):
            bra += means_bar[:, i, None, None] * _image(ket, string)
        for slot, first, second in reversed(plan.steps.tolist()):
            if slot < 0:
                k -= 1
                ket = store[k]
                bra = _shrunk(bra, _site(inputs, plan, k), first)
                continue
            gates = slots[:, slot]
            inverse = undo[gates]
            kets, bras = _grouped(ket, first, second), _grouped(bra, first, second)
            np.add.at(out, gates, on_host(_outer(bras, kets)))
            ket = _ungrouped(inverse @ kets, ket.shape, first, second)
            bra = _ungrouped(inverse @ bras, ket.shape, first, second)


def _site(tensors: Array, plan: Plan, k: int) -> Array:
    """Return the tensors (runs, left, 2, right) of the site that enters after ``k`` others."""
    return tensors[:, k, : plan.bonds[k], :, : plan.bonds[k + 1]]


def _split(size: int, first: int, second: int) -> tuple[tuple[int, ...], tuple[int, int]]:
    """Return the shape that sets two bits apart, and their axes behind (runs, χ)."""
    low, high = min(first, second), max(first, second)
    shape = (size >> (high + 1), 2, 1 << (high - low - 1), 2, 1 << low)
    return shape, ((3, 5) if first > second else (5, 3))


def _grouped(vector: Array, first: int, second: int) -> Array:
    """Return ``vector`` as (runs, 4, rest), the two bits in front."""
    shape, axes = _split(vector.shape[2], first, second)
    apart = vector.reshape(*vector.shape[:2], *shape)
    rest = [axis for axis in range(1, 7) if axis not in axes]
    return apart.transpose(0, *axes, *rest).reshape(len(vector), 4, -1)


def _ungrouped(grouped: Array, shape: tuple[int, ...], first: int, second: int) -> Array:
    """Return the vector of :func:`_grouped` again."""
    inner, axes = _split(shape[2], first, second)
    rest = [axis for axis in range(1, 7) if axis not in axes]
    whole = (*shape[:2], *inner)
    apart = grouped.reshape(shape[0], 2, 2, *(whole[axis] for axis in rest))
    order = np.argsort([0, *axes, *rest]).tolist()
    return apart.transpose(order).reshape(shape)


def _image(ket: Array, string: list[int]) -> Array:
    """Return P|ket>: |j> goes to i^Y (-1)^|j & signed| |j ^ flip>, fixed bits projected."""
    flip, signed, n_y, fixed, value = string
    source = np.arange(ket.shape[2], like=ket) ^ flip
    parity = source & signed
    for shift in (32, 16, 8, 4, 2, 1):
        parity = parity ^ (parity >> shift)
    factor = 1j**n_y * (1 - 2 * (parity & 1)) * (source & fixed == value)
    return factor * ket[:, :, source]


def _outer(bra: Array, ket: Array) -> Array:
    """Return Σ |bra><ket| over the rest, (runs, 4, 4)."""
    return bra @ ket.conj().swapaxes(1, 2)


def _grown(vector: Array, tensor: Array, position: int) -> Array:
    """Contract the next tensor (runs, left, 2, right); its bit enters at ``position``."""
    runs, left, size = vector.shape
    right = tensor.shape[3]
    flat = vector.swapaxes(1, 2) @ tensor.reshape(runs, left, 2 * right)
    apart = flat.reshape(runs, size >> position, 1 << position, 2, right)
    return apart.transpose(0, 4, 1, 3, 2).reshape(runs, right, 2 * size)


def _shrunk(vector: Array, tensor: Array, position: int) -> Array:
    """Return the adjoint map of :func:`_grown` on ``vector``."""
    runs, right, size = vector.shape
    left = tensor.shape[1]
    apart = vector.reshape(runs, right, size >> (position + 1), 2, 1 << position)
    flat = apart.transpose(0, 3, 1, 2, 4).reshape(runs, 2 * right, size // 2)
    return tensor.reshape(runs, left, 2 * right).conj() @ flat
