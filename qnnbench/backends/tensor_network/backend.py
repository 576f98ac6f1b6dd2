"""Exact values and gradients by contracting each observable's network of Pauli letters.

Made for circuits like the QCNN, where the number of legs that one has to cut grows with
log n only: the operator and the states are contracted together, in an order that is
searched once per structure (``plan``). Timings: ``benchmarks/README.md``.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from qnnbench.backends.protocol import BackendCannot, Cost, Evaluation, Query
from qnnbench.backends.tensor_network.contraction import Contraction, steps
from qnnbench.backends.tensor_network.network import (
    PauliNetwork,
    Readout,
    SiteData,
    pauli_network,
    readouts,
)
from qnnbench.backends.tensor_network.plan import MEMORY_BYTES, Plan, plan, quick_plan
from qnnbench.circuits.pauli_transfer import transfer, transfer_pull_back

MAX_SECONDS = 3600.0
MAX_TENSORS = 2000  # of one network: beyond, an order alone takes many seconds

_CHUNK = 1 << 19  # numbers in the largest result of several states: stays in the cache
_PER_MULTIPLICATION_S = 6e-11  # measured on one core: 20 to 35 Gflop/s
_PER_CALL_S = 1.5e-3  # of one value and gradient, whatever its size
_PER_STEP_S = 3e-5  # measured: value and gradient of a step too small to count
_QUICK_EXCESS = 100.0  # above the limits of what evaluates: no search makes up for that


class _Mean:
    """One product observable: its network and the order in which it is contracted."""

    def __init__(self, network: PauliNetwork, plan: Plan) -> None:
        self.network, self.plan = network, plan
        n_gates = len(network.gates)
        self._order = steps(network.structure, plan, n_gates, n_gates + len(network.vectors))

    def contraction(self, matrices: np.ndarray, data: SiteData) -> Contraction:
        """Return the contraction whose values are the means of some states."""
        constant = [*self.network.block_tensors(matrices), *self.network.vectors]
        tensors = constant + data.tensors(self.network.sites)
        return Contraction(self._order, self.plan.segments, tensors)


def _network(query: Query, readout: Readout) -> PauliNetwork:
    network = pauli_network(query.program, readout)
    if len(network.structure.terms) > MAX_TENSORS:
        raise BackendCannot(
            f"tensor_network: a light cone of {len(network.structure.terms)} tensors; at most "
            f"{MAX_TENSORS} are planned. Use 'heisenberg' or 'statevector'."
        )
    return network


def _terms(query: Query) -> tuple[list[Readout], np.ndarray, np.ndarray]:
    """Return distinct readouts, their weights (m, n_observables) and the constant parts."""
    place: dict[Readout, int] = {}
    entries = []
    for column, observable in enumerate(query.observables):
        for coefficient, readout in readouts(observable):
            row = place.setdefault(readout, len(place)) if readout else -1
            entries.append((row, column, coefficient))
    weights = np.zeros((len(place) + 1, len(query.observables)))
    for row, column, coefficient in entries:
        weights[row, column] += coefficient
    return list(place), weights[:-1], weights[-1]


def _chunk(plans: Sequence[Plan], query: Query) -> int:
    """Return how many states go through together."""
    return min([len(query.states), *(max(1, int(_CHUNK / plan.largest)) for plan in plans)])


def _kept_bytes(plans: Sequence[Plan], query: Query) -> float:
    """Return the memory of all contractions of all states kept for the way back; 0 if not kept.

    What fits is kept, unless it goes through in parts that are made again on the way back.
    """
    kept = 8.0 * len(query.states) * sum(plan.elements for plan in plans)
    is_whole = all(len(plan.segments) == 1 for plan in plans)
    return kept if is_whole and kept < MEMORY_BYTES else 0.0


def _checked_cost(plans: Sequence[Plan], query: Query, excess: float) -> Cost:
    """Return what one value and gradient cost.

    Raises:
        BackendCannot: More than ``excess`` times the limits, with the estimate.
    """
    n_states, chunk, kept = len(query.states), _chunk(plans, query), _kept_bytes(plans, query)
    products = 3 if kept else 4  # per step: value, two on the way back, value again
    multiplications = products * n_states * sum(plan.multiplications for plan in plans)
    n_steps = -(-n_states // chunk) * sum(len(plan.pairs) for plan in plans)
    seconds = _PER_CALL_S + _PER_MULTIPLICATION_S * multiplications + _PER_STEP_S * n_steps
    data = 64.0 * chunk * query.program.n_qubits * query.max_bond_dim**4
    memory = data + chunk * max((plan.memory_bytes for plan in plans), default=0.0)
    if seconds > excess * MAX_SECONDS or memory > excess * MEMORY_BYTES or data > MEMORY_BYTES:
        raise BackendCannot(
            f"tensor_network: value and gradient need {2 * multiplications:.1e} flops, "
            f"{seconds:.2g} s and {memory / 1e9:.2g} GB in the order found; the limits are "
            f"{MAX_SECONDS:.0f} s and {MEMORY_BYTES / 1e9:.0f} GB. Use 'heisenberg', fewer "
            "states or fewer qubits."
        )
    return Cost(seconds, memory + kept)


def cost(query: Query) -> Cost:
    """Return the static cost of one value and gradient, in an order found at once.

    Where none is shipped for the circuit, ``evaluate`` searches for seconds for an order
    that is typically two to six times better, up to fifty (measured), and keeps it on disk.

    Raises:
        BackendCannot: States without tensors, a light cone of too many tensors, or a
            hundred times more than the limits of time or memory.
    """
    plans: list[Plan] = []
    total = _checked_cost(plans, query, _QUICK_EXCESS)
    for readout in _terms(query)[0]:
        plans.append(quick_plan(_network(query, readout).structure, query.max_bond_dim**2))
        total = _checked_cost(plans, query, _QUICK_EXCESS)  # hopeless: stop at once
    return total


def evaluate(query: Query, params: np.ndarray) -> Evaluation:
    """Return exact values and gradients.

    Source: contraction trees, Gray and Kourtis, Quantum 5, 410 (2021); reverse
    differentiation of a tree of matrix products, derived in ``contraction``.

    Raises:
        BackendCannot: More than the limits of time, memory or tensors allow.
    """
    distinct, weights, constants = _terms(query)
    networks = [_network(query, readout) for readout in distinct]
    plans = [plan(network.structure, query.max_bond_dim**2) for network in networks]
    _checked_cost(plans, query, 1.0)
    means = [_Mean(*pair) for pair in zip(networks, plans, strict=True)]
    unitaries = query.program.unitaries(params)
    matrices = transfer(unitaries)
    size = _chunk(plans, query)

    def passes() -> Iterator[tuple[slice, int, Contraction]]:
        for start in range(0, len(query.states) if means else 0, size):
            data = SiteData(query.tensors[start : start + size])
            for column, mean in enumerate(means):
                yield slice(start, start + size), column, mean.contraction(matrices, data)

    kept = list(passes()) if _kept_bytes(plans, query) else None
    means_of = np.zeros((len(query.states), len(means)))
    for rows, column, contraction in passes() if kept is None else kept:
        means_of[rows, column] = contraction.values

    def pull_back(cotangent: np.ndarray) -> np.ndarray:
        bars, out = cotangent @ weights.T, np.zeros_like(matrices)
        for rows, column, contraction in passes() if kept is None else kept:
            means[column].network.pull_back(contraction.pull_back(bars[rows, column]), out)
        return query.program.pull_back(params, transfer_pull_back(unitaries, out))

    values = means_of @ weights + constants
    return Evaluation(values, np.zeros_like(values), True, pull_back)
