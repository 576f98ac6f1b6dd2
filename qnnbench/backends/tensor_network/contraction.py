"""Contract a network along a plan, and pull cotangents back through the same tree.

Each step is one matrix product C = A B; on the way back Ā = C̄ Bᵀ and B̄ = Aᵀ C̄. All
gradients together cost two more products per step, however many parameters there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf, prod

import numpy as np

from qnnbench.backends.tensor_network.plan import Plan, Segment, Structure

_BATCH = -1  # the leg that numbers the states


@dataclass(frozen=True)
class Step:
    """One pair of tensors as matrices.

    Attributes:
        left, right: The tensors; the result is numbered after all before it.
        left_axes: Order (shared, free, summed) of the axes of the left one.
        right_axes: Order (shared, summed, free) of the axes of the right one.
        n_shared: 1 where both hold one tensor per state, else 0.
        n_summed: Legs that are summed.
        needs_left, needs_right: Whether a gate lies behind it.
    """

    left: int
    right: int
    left_axes: tuple[int, ...]
    right_axes: tuple[int, ...]
    n_shared: int
    n_summed: int
    needs_left: bool
    needs_right: bool


@lru_cache(maxsize=1024)
def steps(structure: Structure, plan: Plan, n_gates: int, n_constant: int) -> tuple[Step, ...]:
    """Return the steps of a plan.

    Args:
        structure: The network.
        plan: Its order of contraction.
        n_gates: The first tensors, which get cotangents.
        n_constant: The first tensors, which are one for all states.
    """
    legs = [
        ([] if tensor < n_constant else [_BATCH]) + list(term)
        for tensor, term in enumerate(structure.terms)
    ]
    summed_at = _summed_at(legs, plan)
    needs = [tensor < n_gates for tensor in range(len(legs))]
    out = []
    for left, right in plan.pairs:
        a, b = (_latest_first(set(legs[t]), summed_at) for t in (left, right))
        shared = [leg for leg in a if leg == _BATCH and leg in b]
        summed = [leg for leg in a if leg in b and leg != _BATCH]
        free = [[leg for leg in x if leg not in y] for x, y in ((a, b), (b, a))]
        next_use = [min((summed_at[leg] for leg in part), default=inf) for part in free]
        if next_use[0] < next_use[1]:  # legs that go next come last: fewer copies
            left, right, free = right, left, free[::-1]
        out.append(
            Step(
                left,
                right,
                tuple(map(legs[left].index, shared + free[0] + summed)),
                tuple(map(legs[right].index, shared + summed + free[1])),
                len(shared),
                len(summed),
                needs[left],
                needs[right],
            )
        )
        legs.append(shared + free[0] + free[1])
        needs.append(needs[left] or needs[right])
    return tuple(out)


def _summed_at(legs: list[list[int]], plan: Plan) -> dict[int, float]:
    """Return the step that sums each leg; never for the batch."""
    held = [set(tensor) - {_BATCH} for tensor in legs]
    when: dict[int, float] = {_BATCH: inf}
    for step, (left, right) in enumerate(plan.pairs):
        when.update(dict.fromkeys(held[left] & held[right], step))
        held.append(held[left] ^ held[right])
    return when


def _latest_first(legs: set[int], summed_at: dict[int, float]) -> list[int]:
    return sorted(legs, key=lambda leg: (-summed_at[leg], leg))


class Contraction:
    """A contracted network, and the way back.

    Args:
        order: From :func:`steps`.
        segments: Those of the plan.
        tensors: Float64, one per term of the structure; per state the batch comes first.

    Attributes:
        values: One per state.
    """

    def __init__(
        self, order: Sequence[Step], segments: Sequence[Segment], tensors: Sequence[np.ndarray]
    ) -> None:
        self._order, self._segments = order, segments
        self._n_inputs = len(tensors)
        self._tensors: dict[int, np.ndarray] = dict(enumerate(tensors))
        for segment in segments:
            self._contract(segment)
            self._forget(segment)
        self.values = self._tensors[self._n_inputs + len(order) - 1]

    def _contract(self, segment: Segment) -> None:
        for number in segment.steps:
            if self._n_inputs + number not in self._tensors:
                step = self._order[number]
                product = _product(*self._matrices(step)).reshape(self._shape(step))
                self._tensors[self._n_inputs + number] = product

    def _forget(self, segment: Segment) -> None:
        if len(self._segments) > 1:
            for tensor in segment.inner:
                self._tensors.pop(tensor, None)

    def pull_back(self, cotangent: np.ndarray) -> list[np.ndarray | None]:
        """Return the cotangents of the inputs; None where no gate lies behind one."""
        bars = {self._n_inputs + len(self._order) - 1: cotangent}
        for segment in reversed(self._segments):
            self._contract(segment)
            for number in reversed(segment.steps):
                if self._n_inputs + number in bars:
                    self._back(self._order[number], bars.pop(self._n_inputs + number), bars)
            self._forget(segment)
        return [bars.get(tensor) for tensor in range(self._n_inputs)]

    def _back(self, step: Step, bar: np.ndarray, bars: dict[int, np.ndarray]) -> None:
        left, right = self._matrices(step)
        flat = bar.reshape(*left.shape[:-1], right.shape[-1])
        if step.needs_left:
            moved = _product(flat, np.swapaxes(right, -1, -2))
            bars[step.left] = self._as_input(moved, step.left, step.left_axes)
        if step.needs_right:
            moved = _product(np.swapaxes(left, -1, -2), flat)
            bars[step.right] = self._as_input(moved, step.right, step.right_axes)

    def _matrices(self, step: Step) -> tuple[np.ndarray, np.ndarray]:
        left = self._tensors[step.left].transpose(step.left_axes)
        right = self._tensors[step.right].transpose(step.right_axes)
        shared, cut = left.shape[: step.n_shared], left.ndim - step.n_summed
        summed = prod(left.shape[cut:])
        a = left.reshape(*shared, prod(left.shape[step.n_shared : cut]), summed)
        b = right.reshape(*shared, summed, -1)
        return a, b

    def _shape(self, step: Step) -> tuple[int, ...]:
        left = self._tensors[step.left].transpose(step.left_axes).shape
        right = self._tensors[step.right].transpose(step.right_axes).shape
        return left[: len(left) - step.n_summed] + right[step.n_shared + step.n_summed :]

    def _as_input(self, matrix: np.ndarray, tensor: int, axes: tuple[int, ...]) -> np.ndarray:
        shape = [self._tensors[tensor].shape[axis] for axis in axes]
        return matrix.reshape(shape).transpose(np.argsort(axes))


def _product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return left @ right; ``np.dot`` copies strides that BLAS cannot take, ``@`` crawls."""
    if left.ndim == 2:
        return np.dot(left, right)
    return np.ascontiguousarray(left) @ np.ascontiguousarray(right)
