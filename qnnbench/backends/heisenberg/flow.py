"""Observables as chains in the Pauli basis, moved back through a circuit, and the way there."""

from dataclasses import dataclass

import numpy as np

from qnnbench.backends.arrays import on_host
from qnnbench.backends.heisenberg.plan import Plan, Row
from qnnbench.backends.heisenberg.split import (
    Environments,
    Split,
    environments,
    environments_pull_back,
    split,
)
from qnnbench.backends.heisenberg.way import Layer

SWAP = np.eye(16).reshape(4, 4, 4, 4).swapaxes(0, 1).reshape(16, 16)  # as a transfer matrix


@dataclass
class _Step:
    """What the backward pass needs of one layer."""

    wide: np.ndarray
    env: Environments | None
    cut: np.ndarray
    halves: Split | None
    gauge: np.ndarray


class OperatorFlow:
    """Observables after their way back through the circuit, and the way there again.

    Args:
        plan: The layers.
        matrices: Transfer matrices of the distinct gates, (n_gates, 16, 16).

    Attributes:
        tensors: All chains in a row, (m, D, 4, D).
        heads: First place of each chain, and m.
        error: Per chain, estimated absolute error: root of the discarded squared norm.
        relative_error: The same, relative to the norm.
    """

    def __init__(self, plan: Plan, matrices: np.ndarray) -> None:
        swap = np.asarray(SWAP[None], like=matrices)
        self._plan, self._matrices = plan, np.concatenate([matrices, swap])
        self._steps: list[_Step] = []
        discarded2, relative2 = np.zeros((2, plan.n_chains))
        tensors, heads = np.zeros((0, 1, 4, 1), like=matrices), np.zeros(1, dtype=int)
        for row in plan.rows:
            tensors, relative, log_norm2 = self._forward(tensors, row)
            relative2[row.chains] += relative
            discarded2[row.chains] += relative * np.exp(np.where(relative > 0, log_norm2, 0))
            heads = np.append(row.heads, row.layer.n_sites)
        self.tensors, self.heads = tensors, heads
        self.error, self.relative_error = np.sqrt(discarded2), np.sqrt(relative2)

    def _forward(self, before: np.ndarray, row: Row) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        layer = row.layer
        bond, old = layer.bond, before.shape[1]
        wide = np.zeros((layer.n_sites, bond, 4, bond), like=before)
        is_new = np.ones(layer.n_sites, dtype=bool)
        is_new[layer.kept] = is_new[row.entering] = False
        wide[is_new, :, 0] = np.eye(bond, like=wide)
        wide[layer.kept, :old, :, :old] = before
        wide[row.entering] = np.asarray(row.start, like=wide)
        weights = np.asarray(row.weights, like=wide)
        alone = self._matrices[layer.single_gates][:, None, ::4, ::4]
        wide[layer.singles] = alone @ wide[layer.singles]
        theta = _merged(wide, layer)
        k = len(layer.pairs)
        moved = (self._matrices[layer.gates][:, None] @ theta).reshape(k, 4 * bond, 4 * bond)
        new = wide.copy()
        _grow(new, moved, layer)
        cut = np.flatnonzero(~(layer.grows_left | layer.grows_right))
        env = halves = None
        relative, log_norm2 = np.zeros((2, len(row.chains)))
        if len(cut):
            env = environments(wide * weights[:, None, :, None], row.heads)
            at = layer.pairs[cut]
            both = weights[at][:, None, :, None, None] * weights[at + 1][:, None, None, :, None]
            pair = (moved[cut].reshape(-1, bond, 4, 4, bond) * both).reshape(-1, *moved.shape[1:])
            halves = split(pair, env.left[at], env.right[at + 1])
            new[at] = halves.left.reshape(-1, bond, 4, bond) / weights[at][:, None, :, None]
            new[at + 1] = (
                halves.right.reshape(-1, bond, 4, bond) / weights[at + 1][:, None, :, None]
            )
            chain = np.searchsorted(row.heads, at, side="right") - 1
            np.add.at(relative, chain, on_host(halves.discarded))
            log_norm2 = env.log_norm2 + row.log_scales
        gauge = _balance(new, row.heads)
        self._steps.append(_Step(wide, env, cut, halves, gauge))
        return new * gauge[:, None, None, None], relative, log_norm2

    def pull_back(self, bar: np.ndarray, out: np.ndarray) -> None:
        """Add to ``out`` (n_gates, 16, 16) the cotangents of the transfer matrices."""
        with_swap = np.zeros_like(self._matrices)
        for row, step in zip(reversed(self._plan.rows), reversed(self._steps), strict=True):
            bar = bar[:, : row.layer.bond, :, : row.layer.bond]
            bar = self._backward(bar * step.gauge[:, None, None, None], row, step, with_swap)
        out += with_swap[:-1]

    def _backward(self, bar: np.ndarray, row: Row, step: _Step, out: np.ndarray) -> np.ndarray:
        layer, weights = row.layer, np.asarray(row.weights, like=bar)
        k, bond = len(layer.pairs), layer.bond
        left_bar, right_bar = bar[layer.pairs], bar[layer.pairs + 1]
        moved_bar = _grow_pull_back(left_bar, right_bar, layer)
        bar[layer.pairs] = bar[layer.pairs + 1] = 0.0
        if step.halves is not None and step.env is not None:
            at = layer.pairs[step.cut]
            first, second = weights[at], weights[at + 1]
            pair_bar, gram_left, gram_right = step.halves.pull_back(
                (left_bar[step.cut] / first[:, None, :, None]).reshape(-1, 4 * bond, bond),
                (right_bar[step.cut] / second[:, None, :, None]).reshape(-1, bond, 4 * bond),
            )
            both = first[:, None, :, None, None] * second[:, None, None, :, None]
            pair_bar = pair_bar.reshape(-1, bond, 4, 4, bond) * both
            moved_bar[step.cut] = pair_bar.reshape(-1, 4 * bond, 4 * bond)
            left_gram_bar, right_gram_bar = np.zeros((2, layer.n_sites, bond, bond), like=bar)
            left_gram_bar[at], right_gram_bar[at + 1] = gram_left, gram_right
            grams = environments_pull_back(step.env, left_gram_bar, right_gram_bar)
            bar += grams * weights[:, None, :, None]
        moved_bar = moved_bar.reshape(k, bond, 16, bond)
        np.add.at(out, layer.gates, _contract_outer(moved_bar, _merged(step.wide, layer)))
        theta_bar = np.swapaxes(self._matrices[layer.gates], 1, 2)[:, None] @ moved_bar
        theta_bar = theta_bar.reshape(k, 4 * bond, 4 * bond)
        left = step.wide[layer.pairs].reshape(k, 4 * bond, bond)
        right = step.wide[layer.pairs + 1].reshape(k, bond, 4 * bond)
        bar[layer.pairs] += (theta_bar @ np.swapaxes(right, 1, 2)).reshape(k, bond, 4, bond)
        bar[layer.pairs + 1] += (np.swapaxes(left, 1, 2) @ theta_bar).reshape(k, bond, 4, bond)
        alone = np.swapaxes(self._matrices[layer.single_gates][:, ::4, ::4], 1, 2)[:, None]
        before = alone @ step.wide[layer.singles]  # orthogonal: the transpose undoes
        slopes = np.einsum("klpr,klqr->kpq", bar[layer.singles], before)
        np.add.at(out[:, ::4, ::4], layer.single_gates, slopes)
        bar[layer.singles] = alone @ bar[layer.singles]
        return bar[layer.kept]


def _merged(wide: np.ndarray, layer: Layer) -> np.ndarray:
    """Return the pair tensors before the gates, (k, D, 16, D)."""
    k, bond = len(layer.pairs), layer.bond
    left = wide[layer.pairs].reshape(k, 4 * bond, bond)
    right = wide[layer.pairs + 1].reshape(k, bond, 4 * bond)
    return (left @ right).reshape(k, bond, 16, bond)


def _right_columns(bond: int) -> np.ndarray:
    """Return for each bond value 4 right + letter its column (letter, right)."""
    right, letter = np.divmod(np.arange(bond), 4)
    return letter * bond + right


def _grow(new: np.ndarray, moved: np.ndarray, layer: Layer) -> None:
    """Split exactly the pairs whose bond fits: one half maps (bond, letter) to the bond."""
    bond = layer.bond
    # (left, letter) to the value 4 left + letter
    identity = np.eye(4 * bond, bond, like=new).reshape(bond, 4, bond)
    at, pair = layer.pairs[layer.grows_left], moved[layer.grows_left]
    new[at], new[at + 1] = identity, pair[:, :bond].reshape(-1, bond, 4, bond)
    at, pair = layer.pairs[layer.grows_right], moved[layer.grows_right]
    new[at] = pair[:, :, _right_columns(bond)].reshape(-1, bond, 4, bond)
    new[at + 1] = identity.transpose(2, 1, 0)


def _grow_pull_back(left_bar: np.ndarray, right_bar: np.ndarray, layer: Layer) -> np.ndarray:
    """Return the cotangents (k, 4D, 4D) of the pairs that were split exactly, else 0."""
    k, bond = left_bar.shape[:2]
    out = np.zeros((k, 4 * bond, 4 * bond), like=left_bar)
    at = layer.grows_left
    out[at, :bond] = right_bar[at].reshape(-1, bond, 4 * bond)
    at = layer.grows_right
    columns = np.ix_(at, np.arange(4 * bond), _right_columns(bond))
    out[columns] = left_bar[at].reshape(-1, 4 * bond, bond)
    return out


def _contract_outer(bar: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Return Σ bar[k, d, x, e] theta[k, d, y, e], shape (k, 16, 16)."""
    k, bond = bar.shape[:2]
    left = np.swapaxes(bar, 1, 2).reshape(k, 16, bond * bond)
    return left @ np.swapaxes(theta, 1, 2).reshape(k, 16, bond * bond).swapaxes(1, 2)


def _balance(tensors: np.ndarray, heads: np.ndarray) -> np.ndarray:
    """Return factors that give all tensors of a chain equal norms, of product 1: pure gauge."""
    norms = np.sqrt(np.einsum("mdpe,mdpe->m", tensors, tensors))
    logs = np.log(np.maximum(on_host(norms), 1e-300))
    lengths = np.diff(np.append(heads, len(logs)))
    gauge = np.exp(np.repeat(np.add.reduceat(logs, heads) / lengths, lengths) - logs)
    return np.asarray(gauge, like=tensors)
