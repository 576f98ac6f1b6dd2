"""Heisenberg picture: one truncated operator per parameter vector for all input states.

The observable is a chain in the Pauli basis on the sites it has reached. Blocks are
applied last first, all disjoint ones at once; a block that meets a new site inserts it as
an identity letter. Bonds that fit are split exactly, larger ones are cut in the metric of
product states (``operator_split``). Timings: ``benchmarks/README.md``.
"""

from dataclasses import dataclass

import numpy as np

from qnnbench.backends.contraction import Contraction, stack_states
from qnnbench.backends.operator_plan import OPERATOR_METRIC, Layer, Plan, plan
from qnnbench.backends.operator_split import (
    Environments,
    Split,
    environments,
    environments_pull_back,
    split,
    weights,
)
from qnnbench.backends.protocol import Cost, Evaluation, Query
from qnnbench.circuits.pauli_transfer import transfer, transfer_pull_back


@dataclass
class _Step:
    """What the backward pass needs of one layer."""

    wide: np.ndarray
    moved: np.ndarray
    env: Environments | None
    cut: np.ndarray
    halves: Split | None
    gauge: np.ndarray


class OperatorFlow:
    """One observable after its way back through the circuit, and the way there again.

    Attributes:
        chain: The operator, (m, D, 4, D) on ``plan.sites``.
        error: Estimated absolute error: root of the discarded squared norm.
        relative_error: The same, relative to the norm.
    """

    def __init__(self, plan: Plan, matrices: np.ndarray) -> None:
        self._plan, self._matrices = plan, matrices
        self._steps: list[_Step] = []
        discarded2 = relative2 = 0.0
        chain = plan.start
        for layer in plan.layers:
            chain, relative, log_norm2 = self._forward(chain, layer)
            relative2 += relative
            if relative:
                discarded2 += relative * np.exp(log_norm2 + self._log_scale(layer.n_sites))
        self.chain = chain
        self.error, self.relative_error = float(np.sqrt(discarded2)), float(np.sqrt(relative2))

    def _log_scale(self, n_sites: int) -> float:
        """Return log 2 per site where the norm is Hilbert-Schmidt's: Tr 1 = 2."""
        return n_sites * np.log(2.0) if self._plan.metric == OPERATOR_METRIC else 0.0

    def _forward(self, chain: np.ndarray, layer: Layer) -> tuple[np.ndarray, float, float]:
        bond = chain.shape[1]
        wide = np.zeros((layer.n_sites, bond, 4, bond))
        wide[:, range(bond), 0, range(bond)] = 1.0
        wide[layer.kept] = chain
        for place, gate in zip(layer.singles, layer.single_gates, strict=True):
            wide[place] = np.einsum("pq,lqr->lpr", self._matrices[gate][::4, ::4], wide[place])
        left, right = wide[layer.pairs], wide[layer.pairs + 1]
        k = len(layer.pairs)
        theta = (left.reshape(k, 4 * bond, bond) @ right.reshape(k, bond, 4 * bond)).reshape(
            k, bond, 16, bond
        )
        moved = (self._matrices[layer.gates][:, None] @ theta).reshape(k, bond, 4, 4, bond)
        new = wide.copy()
        identity = _identity_half(bond)
        for rows, half in ((layer.grows_left, 0), (layer.grows_right, 1)):
            at, pair = layer.pairs[rows], moved[rows].reshape(-1, 4 * bond, 4 * bond)
            if half == 0:
                new[at], new[at + 1] = identity, pair[:, :bond].reshape(-1, bond, 4, bond)
            else:
                new[at] = pair[:, :, _right_columns(bond)].reshape(-1, bond, 4, bond)
                new[at + 1] = identity.transpose(2, 1, 0)
        cut = np.flatnonzero(~(layer.grows_left | layer.grows_right))
        env = halves = None
        relative = log_norm2 = 0.0
        if len(cut):
            env = environments(wide, self._plan.metric)
            halves = self._split(moved[cut], layer.pairs[cut], env)
            w = weights(self._plan.metric)[:, None]
            new[layer.pairs[cut]] = halves.left.reshape(-1, bond, 4, bond) / w
            new[layer.pairs[cut] + 1] = halves.right.reshape(-1, bond, 4, bond) / w
            relative, log_norm2 = float(halves.discarded.sum()), env.log_norm2
        gauge = _balance(new)
        self._steps.append(_Step(wide, theta, env, cut, halves, gauge))
        return new * gauge[:, None, None, None], relative, log_norm2

    def _split(self, moved: np.ndarray, at: np.ndarray, env: Environments) -> Split:
        w = weights(self._plan.metric)
        bond = moved.shape[1]
        pair = (moved * np.outer(w, w)[:, :, None]).reshape(-1, 4 * bond, 4 * bond)
        return split(pair, env.left[at], env.right[at + 2])

    def pull_back(self, chain_bar: np.ndarray, out: np.ndarray) -> None:
        """Add to ``out`` (n_gates, 16, 16) the cotangents of the transfer matrices."""
        for layer, step in zip(reversed(self._plan.layers), reversed(self._steps), strict=True):
            chain_bar = self._backward(
                chain_bar * step.gauge[:, None, None, None], layer, step, out
            )

    def _backward(self, bar: np.ndarray, layer: Layer, step: _Step, out: np.ndarray) -> np.ndarray:
        k, bond = len(layer.pairs), bar.shape[1]
        left_bar, right_bar = bar[layer.pairs], bar[layer.pairs + 1]
        moved_bar = np.zeros((k, 4 * bond, 4 * bond))
        moved_bar[layer.grows_left, :bond] = right_bar[layer.grows_left].reshape(
            -1, bond, 4 * bond
        )
        moved_bar[np.ix_(layer.grows_right, np.arange(4 * bond), _right_columns(bond))] = left_bar[
            layer.grows_right
        ].reshape(-1, 4 * bond, bond)
        wide_bar = bar.copy()
        if step.halves is not None and step.env is not None:
            w = weights(self._plan.metric)
            pair_bar, gram_left, gram_right = step.halves.pull_back(
                (left_bar[step.cut] / w[:, None]).reshape(-1, 4 * bond, bond),
                (right_bar[step.cut] / w[:, None]).reshape(-1, bond, 4 * bond),
            )
            pair_bar = pair_bar.reshape(-1, bond, 4, 4, bond) * np.outer(w, w)[:, :, None]
            moved_bar[step.cut] = pair_bar.reshape(-1, 4 * bond, 4 * bond)
            wide_bar = self._gram_bar(
                layer, step.env, layer.pairs[step.cut], gram_left, gram_right
            )
            untouched = np.ones(layer.n_sites, dtype=bool)
            untouched[layer.pairs] = untouched[layer.pairs + 1] = False
            wide_bar[untouched] += bar[untouched]
        else:
            wide_bar[layer.pairs] = wide_bar[layer.pairs + 1] = 0.0
        moved_bar = moved_bar.reshape(k, bond, 16, bond)
        np.add.at(out, layer.gates, _contract_outer(moved_bar, step.moved))
        theta_bar = np.swapaxes(self._matrices[layer.gates], 1, 2)[:, None] @ moved_bar
        theta_bar = theta_bar.reshape(k, 4 * bond, 4 * bond)
        left = step.wide[layer.pairs].reshape(k, 4 * bond, bond)
        right = step.wide[layer.pairs + 1].reshape(k, bond, 4 * bond)
        wide_bar[layer.pairs] += (theta_bar @ np.swapaxes(right, 1, 2)).reshape(k, bond, 4, bond)
        wide_bar[layer.pairs + 1] += (np.swapaxes(left, 1, 2) @ theta_bar).reshape(
            k, bond, 4, bond
        )
        for place, gate in zip(layer.singles, layer.single_gates, strict=True):
            matrix = self._matrices[gate][::4, ::4]
            before = np.einsum("qp,lqr->lpr", matrix, step.wide[place])  # orthogonal: undo
            out[gate, ::4, ::4] += np.einsum("lpr,lqr->pq", wide_bar[place], before)
            wide_bar[place] = np.einsum("qp,lqr->lpr", matrix, wide_bar[place])
        return wide_bar[layer.kept]

    def _gram_bar(
        self,
        layer: Layer,
        env: Environments,
        at: np.ndarray,
        gram_left: np.ndarray,
        gram_right: np.ndarray,
    ) -> np.ndarray:
        bond = gram_left.shape[1]
        left_bar, right_bar = np.zeros((2, layer.n_sites + 1, bond, bond))
        left_bar[at], right_bar[at + 2] = gram_left, gram_right
        return environments_pull_back(env, left_bar, right_bar, self._plan.metric)


def _identity_half(bond: int) -> np.ndarray:
    """Return the tensor (D, 4, D) that maps (left, letter) to the bond value 4 left + letter."""
    return np.eye(4 * bond, bond).reshape(bond, 4, bond)


def _right_columns(bond: int) -> np.ndarray:
    """Return for each bond value 4 right + letter its column (letter, right)."""
    right, letter = np.divmod(np.arange(bond), 4)
    return letter * bond + right


def _contract_outer(bar: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Return Σ bar[k, d, x, e] theta[k, d, y, e], shape (k, 16, 16)."""
    k, bond = bar.shape[:2]
    left = np.swapaxes(bar, 1, 2).reshape(k, 16, bond * bond)
    return left @ np.swapaxes(theta, 1, 2).reshape(k, 16, bond * bond).swapaxes(1, 2)


def _balance(chain: np.ndarray) -> np.ndarray:
    """Return factors, of product 1, that give all tensors equal norms: pure gauge."""
    log_norms = np.log(np.maximum(np.sqrt((chain**2).sum(axis=(1, 2, 3))), 1e-300))
    return np.exp(log_norms.mean() - log_norms)


def cost(query: Query, max_bond_dim: int = 16) -> Cost:
    """Return the static cost of one value and gradient at operator bond ``max_bond_dim``.

    Raises:
        BackendCannot: See :func:`plan`.
    """
    seconds = memory = 0.0
    d, c, batch = max_bond_dim, query.max_bond_dim, len(query.states)
    is_complex = any(np.iscomplexobj(t) for tensors in query.tensors for t in tensors)
    for observable in query.observables:
        way = plan(query.program, observable, d)
        sites = sum(layer.n_sites for layer in way.layers)
        pairs = sum(len(layer.pairs) for layer in way.layers)
        seconds += 3e-9 * pairs * (4 * d) ** 3 + 6e-5 * sites
        reads = batch * query.program.n_qubits
        seconds += (3 if is_complex else 1) * 4e-10 * reads * (16 * d * c**3 + 8 * d**2 * c**2)
        memory += 8.0 * (sites * 8 * d**2 + pairs * 96 * d**2 + reads * d * c**2)
    return Cost(seconds, memory)


def evaluate(query: Query, params: np.ndarray, max_bond_dim: int = 16) -> Evaluation:
    """Return values with an estimated error, and gradients, at a fixed operator bond.

    The estimate is the root of the discarded squared norm, typical for product states;
    strongly correlated states can exceed it a few times: an estimate, not a bound.
    """
    unitaries = query.program.unitaries(params)
    matrices = transfer(unitaries)
    states = stack_states(query.tensors)
    shape = (len(query.states), len(query.observables))
    values, error = np.empty(shape), np.empty(shape)
    flows, reads, is_exact = [], [], True
    for column, observable in enumerate(query.observables):
        way = plan(query.program, observable, max_bond_dim)
        flow = OperatorFlow(way, matrices)
        read = Contraction(flow.chain, way.sites, states)
        values[:, column] = way.constant + (read.values if way.sites else 0.0)
        error[:, column] = flow.error
        is_exact &= not way.truncates
        flows.append(flow)
        reads.append(read)

    def pull_back(cotangent: np.ndarray) -> np.ndarray:
        out = np.zeros_like(matrices)
        for flow, read, column in zip(flows, reads, cotangent.T, strict=True):
            flow.pull_back(read.pull_back(column), out)
        return query.program.pull_back(params, transfer_pull_back(unitaries, out))

    relative = max((flow.relative_error for flow in flows), default=0.0)
    return Evaluation(values, error, is_exact, pull_back, relative, max_bond_dim)
