"""Circuits that read the same backward: one pass gives both vectors."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from qnnbench.moments.chain import Chain
from qnnbench.moments.reduction import Reduction
from qnnbench.moments.schedule import Block, Step

CLOSE = 1e-12


def is_palindrome(
    steps: Sequence[Step], reduction: Reduction, observable: Chain, state: Chain
) -> bool:
    """Return whether the vector of the state, seen backward, is that of the observable.

    That holds where the reversed list of transposed steps equals the list itself and
    the two vectors have parallel tensors. Sufficient: False only costs a second pass.
    """
    if len({step.sites for step in steps}) != 1 or not _parallel(observable, state):
        return False
    same = _comparison(reduction)
    return all(
        _mirrors(step, steps[-1 - k], reduction, same)
        for k, step in enumerate(steps[: (len(steps) + 1) // 2])
    )


def _parallel(observable: Chain, state: Chain) -> bool:
    """Return whether all tensors agree but for positive factors."""
    if len(observable) != len(state):
        return False
    for a, b in zip(observable.tensors, state.tensors, strict=True):
        if a.shape != b.shape:
            return False
        if not (a.any() and b.any()):
            return False
        if not np.allclose(a / np.linalg.norm(a), b / np.linalg.norm(b), rtol=0, atol=CLOSE):
            return False
    return True


def _comparison(reduction: Reduction) -> Callable[[Block, Block], bool]:
    """Return a memoised test whether one block is the transpose of another."""
    known: dict[tuple, bool] = {}

    def same(a: Block, b: Block) -> bool:
        key = (reduction.key(a), reduction.key(b))
        if key not in known:
            left, right = reduction.channel(a).total, reduction.channel(b).total.T
            known[key] = np.allclose(left, right, rtol=0, atol=CLOSE)
        return known[key]

    return same


def _mirrors(
    step: Step, other: Step, reduction: Reduction, same: Callable[[Block, Block], bool]
) -> bool:
    if step.is_ladder != other.is_ladder or len(step.blocks) != len(other.blocks):
        return False
    others = {block.sites: block for block in other.blocks}
    if any(b.sites not in others or not same(b, others[b.sites]) for b in step.blocks):
        return False
    order = [block.sites for block in step.blocks]
    return order == [b.sites for b in reversed(other.blocks)] or (
        not step.is_ladder or _commute(step.blocks, reduction)
    )


def _commute(blocks: Sequence[Block], reduction: Reduction) -> bool:
    """Return whether all blocks of a ladder commute with each other."""
    known: dict[tuple, bool] = {}
    ordered = sorted(blocks, key=lambda block: block.sites)
    for a, b in pairwise(ordered):
        if a.sites[1] != b.sites[0]:
            continue
        key = (reduction.key(a), reduction.key(b))
        if key not in known:
            left = np.kron(reduction.channel(a).total, np.eye(len(reduction.bases[b.sites[1]])))
            right = np.kron(np.eye(len(reduction.bases[a.sites[0]])), reduction.channel(b).total)
            known[key] = np.allclose(left @ right, right @ left, rtol=0, atol=CLOSE)
        if not known[key]:
            return False
    return True
