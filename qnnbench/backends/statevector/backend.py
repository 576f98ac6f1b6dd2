"""Exact values and adjoint gradients on state vectors, after a light-cone cut.

The vector of a light cone grows site by site from the input's tensors while the circuit is
applied. What the cone leaves out turns the input into several unnormalised states whose
projectors add up to the reduced one.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from qnnbench.backends.protocol import BackendCannot, Cost, Evaluation, Query
from qnnbench.backends.statevector import kernel as compiled
from qnnbench.backends.statevector.light_cones import Cone, light_cones, parts
from qnnbench.backends.statevector.plan import Plan, plan

MAX_QUBITS = 24
MAX_BYTES = 17e9
CALL_S = 1.2e-3  # of one value and gradient, whatever its size

Tensors = Sequence[np.ndarray]
Chains = list[tuple[list[np.ndarray], np.ndarray | None]]  # so far, and what waits for a site


def roots(tensors: Tensors) -> list[np.ndarray]:
    """Return square roots R (r, bond) of what lies left of each site: R†R is its Gram matrix."""
    found: list[np.ndarray] = [np.ones((1, 1))]
    for tensor in tensors[:-1]:
        part = np.tensordot(found[-1], tensor, 1).reshape(-1, tensor.shape[2])
        is_column = part.shape[1] == 1
        root = np.linalg.norm(part).reshape(1, 1) if is_column else np.linalg.qr(part, mode="r")
        found.append(np.asarray(root))
    return found


def mirrored(tensors: Tensors) -> list[np.ndarray]:
    """Return the same state with its sites counted from the other end."""
    return [tensor.transpose(2, 1, 0) for tensor in reversed(tensors)]


def branches(
    tensors: Tensors, sites: Sequence[int], left: np.ndarray, right: np.ndarray
) -> list[list[np.ndarray]]:
    """Return matrix product states on ``sites`` whose projectors add up to the reduced state.

    Args:
        tensors: Arrays (left, 2, right) of a normalised state.
        sites: Ascending sites to keep.
        left: Root (r, bond) of what lies left of the first.
        right: Root of what lies right of the last.
    """
    chains: Chains = [([], row[None]) for row in left]
    for site in range(sites[0], sites[-1] + 1):
        tensor, longer = tensors[site], Chains()
        for chain, end in chains:
            grown = tensor if end is None else np.asarray(np.tensordot(end, tensor, 1))
            if site in sites:
                longer.append(([*chain, grown], None))
            else:
                longer += [(chain, grown[:, 0]), (chain, grown[:, 1])]
        chains = longer
    return [[*chain[:-1], chain[-1] @ row[:, None]] for chain, _ in chains for row in right]


def _bonds(query: Query, sites: tuple[int, ...]) -> tuple[int, ...]:
    """Return the bonds of the branches on ``sites``, joined by one idle qubit if only one."""
    inner = [max(t[site].shape[2] for t in query.tensors) for site in sites[:-1]]
    return (1, *(inner or [1]), 1)


def _padded(chain: list[np.ndarray], chosen: Plan) -> np.ndarray:
    bond, width = int(chosen.bonds.max()), len(chosen.bonds) - 1
    if len(chain) < width:
        chain = [*chain, np.array([[[1.0], [0.0]]])]
    out = np.zeros((width, bond, 2, bond), dtype=complex)
    for tensor, target in zip(mirrored(chain) if chosen.is_mirrored else chain, out, strict=True):
        target[: tensor.shape[0], :, : tensor.shape[2]] = tensor
    return out


class Reads(NamedTuple):
    """Which values follow from which run: one entry per part, cone and input.

    Attributes:
        runs, states, columns: Indices of the run, and of the value it adds to, each (m,).
        places: Index of the pair or string among those of the plan, (m,).
        weights: Operators on the pair, complex (m, 4, 4), or factors of the string, (m,).
    """

    runs: np.ndarray
    states: np.ndarray
    columns: np.ndarray
    places: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(
        cls, uses: Sequence[tuple[int, int, Cone]], kind: Literal["pairs", "strings"]
    ) -> "Reads":
        """Return the reads of cones, each with the run and the state it is evaluated on."""
        parts = [getattr(cone, kind) for _, _, cone in uses]
        counts = [len(part.columns) for part in parts]
        return cls(
            np.repeat([run for run, _, _ in uses], counts),
            np.repeat([state for _, state, _ in uses], counts),
            np.concatenate([part.columns for part in parts]),
            np.concatenate([part.places for part in parts]),
            np.concatenate([part.weights for part in parts]),
        )


@dataclass(frozen=True, eq=False)
class Family:
    """Runs of one plan: every distinct choice of gates and input.

    Attributes:
        plan: What all runs do.
        tensors: Inputs, complex (runs, w, χ, 2, χ).
        slots, last: Gates in the slots of the plan and before its pairs, (runs, …).
        pairs, strings: What is read from them.
    """

    plan: Plan
    tensors: np.ndarray
    slots: np.ndarray
    last: np.ndarray
    pairs: Reads
    strings: Reads


@lru_cache(maxsize=4)
def families(query: Query) -> tuple[Family, ...]:
    """Return the runs of all cones on all states, equal ones once."""
    every_cone = light_cones(query.program, query.observables)
    first = max((cone.sites[0] for cone in every_cone), default=0)
    last = min((cone.sites[-1] for cone in every_cone), default=0)
    lefts = [roots(tensors[: first + 1]) for tensors in query.tensors]
    rights = [roots(mirrored(tensors[last:]))[::-1] for tensors in query.tensors]
    alike = defaultdict(list)
    for cone in every_cone:
        alike[cone.layout, _bonds(query, cone.sites)].append(cone)
    found = []
    for (layout, bonds), cones in alike.items():
        chosen = plan(layout, bonds)
        runs: dict[tuple[bytes, ...], tuple[int, np.ndarray, Cone]] = {}
        uses = []
        for cone in cones:
            gates = cone.slots.tobytes(), cone.last.tobytes()
            for state, tensors in enumerate(query.tensors):
                ends = lefts[state][cone.sites[0]], rights[state][cone.sites[-1] - last]
                for chain in branches(tensors, cone.sites, *ends):
                    padded = _padded(chain, chosen)
                    key = (padded.tobytes(), *gates)
                    run = runs.setdefault(key, (len(runs), padded, cone))[0]
                    uses.append((run, state, cone))
        found.append(
            Family(
                chosen,
                np.array([padded for _, padded, _ in runs.values()]),
                np.array([cone.slots for _, _, cone in runs.values()]),
                np.array([cone.last for _, _, cone in runs.values()]),
                Reads.of(uses, "pairs"),
                Reads.of(uses, "strings"),
            )
        )
    return tuple(found)


class Kernel(Protocol):
    """What runs a plan: compiled loops, or arrays on an accelerator."""

    @property
    def forward(self) -> Callable[..., tuple[np.ndarray, np.ndarray, Any]]:
        """As in ``kernel``."""

    @property
    def backward(self) -> Callable[..., None]:
        """As in ``kernel``."""


class _Ran:
    """A family after the forward pass.

    Args:
        family: What to run.
        gates: Complex (n_gates + 1, 4, 4), the identity last.
        kernel: What runs it.
    """

    def __init__(self, family: Family, gates: np.ndarray, kernel: Kernel) -> None:
        self._family, self._last, self._kernel = family, gates[family.last], kernel
        self._arguments = (family.plan, family.tensors, family.slots)
        marginals, self._means, self._store = kernel.forward(*self._arguments, gates)
        self._marginals = self._last @ marginals @ self._last.conj().swapaxes(-1, -2)

    def add_values(self, values: np.ndarray) -> None:
        """Add what is read to ``values`` (n_states, n_observables)."""
        pairs, strings = self._family.pairs, self._family.strings
        marginals = self._marginals[pairs.runs, pairs.places]
        read = np.einsum("mij,mji->m", pairs.weights, marginals).real
        np.add.at(values, (pairs.states, pairs.columns), read)
        read = strings.weights * self._means[strings.runs, strings.places]
        np.add.at(values, (strings.states, strings.columns), read)

    def pull_back(self, cotangent: np.ndarray, inverses: np.ndarray, out: np.ndarray) -> None:
        """Add Σ |λ><ψ| after each gate to ``out`` (n_gates + 1, 4, 4)."""
        family, pairs, strings = self._family, self._family.pairs, self._family.strings
        matrices, factors = np.zeros_like(self._marginals), np.zeros_like(self._means)
        bars = cotangent[pairs.states, pairs.columns, None, None]
        np.add.at(matrices, (pairs.runs, pairs.places), bars * pairs.weights)
        bars = cotangent[strings.states, strings.columns]
        np.add.at(factors, (strings.runs, strings.places), bars * strings.weights)
        np.add.at(out, family.last, matrices @ self._marginals)
        matrices = self._last.conj().swapaxes(-1, -2) @ matrices @ self._last
        kept = (inverses, self._store)
        self._kernel.backward(*self._arguments, *kept, matrices, factors, out)


@lru_cache(maxsize=4)
def cost(query: Query) -> Cost:
    """Return the static cost of one value and gradient.

    Raises:
        BackendCannot: A light cone (with the outside it is entangled to) is too large.
    """
    seconds, stored, work = CALL_S, 0.0, 0.0
    for cone in light_cones(query.program, query.observables):
        bonds = _bonds(query, cone.sites)
        sizes = [16.0 * bond * 2.0 ** min(k, 60) for k, bond in enumerate(bonds)]
        runs = _n_branches(query, cone.sites)
        stored, work = stored + runs * sum(sizes), max(work, 3 * max(sizes))
        if len(cone.sites) > MAX_QUBITS or stored + work > MAX_BYTES:
            raise BackendCannot(
                f"statevector: an observable depends on {len(cone.sites)} qubits, "
                f"{(stored + work) / 1e9:.3g} GB; supported are {MAX_QUBITS} qubits within "
                f"{MAX_BYTES / 1e9:.0f} GB. Use 'heisenberg'."
            )
        seconds += runs * plan(cone.layout, bonds).seconds
    return Cost(seconds, stored + work)


def _n_branches(query: Query, sites: tuple[int, ...]) -> float:
    """Return how many runs a cone takes at most, over all states."""
    first, last = sites[0], sites[-1]
    idle = last - first + 1 - len(sites)
    return float(
        sum(
            2.0 ** min(idle, 60)
            * min(2.0 ** min(first, 60), t[first].shape[0])
            * min(2.0 ** min(len(t) - 1 - last, 60), t[last].shape[2])
            for t in query.tensors
        )
    )


def evaluate(query: Query, params: np.ndarray, kernel: Kernel = compiled) -> Evaluation:
    """Return exact complex128 values, and gradients by adjoint differentiation.

    Source: Jones and Gacon, arXiv:2009.02823, Algorithm 1, on fused blocks.
    """
    cost(query)
    unitaries = query.program.unitaries(params)
    gates = np.concatenate([unitaries, np.eye(4, dtype=complex)[None]])
    ran = [_Ran(family, gates, kernel) for family in families(query)]
    values = np.zeros((len(query.states), len(query.observables)))
    for part in parts(query.observables):
        values[:, part.column] += 0 if part.sites else part.coefficient
    for each in ran:
        each.add_values(values)

    def pull_back(cotangent: np.ndarray) -> np.ndarray:
        out = np.zeros_like(gates)
        inverses = np.ascontiguousarray(gates.conj().swapaxes(1, 2))
        for each in ran:
            each.pull_back(cotangent, inverses, out)
        return query.program.pull_back(params, 2 * out[:-1] @ unitaries)

    return Evaluation(values, np.zeros_like(values), True, pull_back)
