"""Inner products <w|T|p> through one layer, and what multiplies each of its channels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qnnbench.moments.chain import Chain, log_of, normalised


@dataclass(frozen=True)
class Environment:
    """exp(log) * matrix: <w|T|p> is the sum of matrix * T for the channel T of a block.

    Attributes:
        matrix: Shape (d, d), [out, in].
        log: Natural log of the prefactor.
    """

    matrix: np.ndarray
    log: float

    def log_values(self, channels: np.ndarray, signed: bool) -> np.ndarray:
        """Return log|<w|T|p>| for a stack of channels in place of T.

        Unless values may be ``signed``, what is not positive is zero: -inf.
        """
        values = np.tensordot(channels, self.matrix, 2)
        return log_of(np.abs(values) if signed else np.maximum(values, 0)) + self.log


def environments(
    w: Chain, p: Chain, channels: Sequence[tuple[int, np.ndarray | None]]
) -> tuple[float, float, list[Environment]]:
    """Return sign and log of <w|T|p> for a layer T, and one environment per channel.

    Args:
        w: After the layer, seen from the input state.
        p: Before the layer, seen from the observable.
        channels: Pairs (number of sites, matrix [out, in] or None for the identity) from
            left to right, covering the chain.
    """
    triples = _grouped(w, p, channels)
    right = [(np.ones((1, 1)), 0.0)]
    for a, _, moved in reversed(triples):
        edge, log = right[-1]
        step = np.tensordot(moved, edge, (2, 1))
        edge, norm = normalised(np.tensordot(a, step, ([1, 2], [1, 2])))
        right.append((edge, log + norm))
    right.reverse()
    left, log, found = np.ones((1, 1)), w.log + p.log, []
    for (a, b, moved), (edge, log_right) in zip(triples, right[1:], strict=True):
        above = np.tensordot(a, edge, (2, 0))
        below = np.tensordot(left, b, (1, 0))
        found.append(Environment(np.tensordot(above, below, ([0, 2], [0, 2])), log + log_right))
        left, norm = normalised(
            np.tensordot(a, np.tensordot(left, moved, (1, 0)), ([0, 1], [0, 1]))
        )
        log += norm
    value = left.item()
    return float(np.sign(value)), log + float(log_of(abs(value))), found


def _grouped(
    w: Chain, p: Chain, channels: Sequence[tuple[int, np.ndarray | None]]
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return the tensors of w, p and T p, sites of one channel joined."""
    triples, j = [], 0
    for n_sites, matrix in channels:
        a, b = w.tensors[j], p.tensors[j]
        if n_sites == 2:
            a, b = _joined(a, w.tensors[j + 1]), _joined(b, p.tensors[j + 1])
        triples.append((a, b, b if matrix is None else np.matmul(matrix, b)))
        j += n_sites
    return triples


def _joined(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    pair = np.tensordot(left, right, (2, 0))
    return pair.reshape(pair.shape[0], -1, pair.shape[3])
