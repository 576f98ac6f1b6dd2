"""Exact values and adjoint gradients on state vectors, after a light-cone cut.

Each observable sees only the qubits in its backward light cone. The state vector of
those qubits is contracted from the input's tensors; everything outside becomes a batch
of unnormalised vectors whose projectors add up to the reduced density matrix.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qnnbench.backends.protocol import BackendCannot, Cost, Evaluation, Query
from qnnbench.circuits.observables import PauliTerms, Projector, SiteObservable
from qnnbench.circuits.program import Program

MAX_QUBITS = 24


@dataclass(frozen=True)
class _Cone:
    """Observables that share a light cone, and the blocks inside it."""

    columns: tuple[int, ...]
    terms: tuple[SiteObservable, ...]
    sites: tuple[int, ...]
    blocks: tuple[int, ...]


def _shifted(observable: SiteObservable, place: dict[int, int]) -> SiteObservable:
    if isinstance(observable, Projector):
        return Projector(observable.coefficient, tuple((place[s], b) for s, b in observable.bits))
    strings = tuple(tuple((place[s], p) for s, p in string) for string in observable.strings)
    return PauliTerms(observable.coefficients, strings)


def _parts(observable: SiteObservable) -> Sequence[SiteObservable]:
    """Split a Pauli sum into its strings, each with a light cone of its own."""
    if isinstance(observable, Projector):
        return [observable]
    return [
        PauliTerms((c,), (s,))
        for c, s in zip(observable.coefficients, observable.strings, strict=True)
    ]


@lru_cache(maxsize=64)
def _cones(program: Program, observables: tuple[SiteObservable, ...]) -> list[_Cone]:
    """Group observables by light cone; one inside another is evaluated together with it."""
    found: list[tuple[set[int], set[int], list[tuple[int, SiteObservable]]]] = []
    parts = [(column, part) for column, o in enumerate(observables) for part in _parts(o)]
    cones = [(program.light_cone(part.sites), (column, part)) for column, part in parts]
    for (blocks, support), part in sorted(cones, key=lambda c: -len(c[0][1])):
        home = next((f for f in found if support <= f[0]), None)
        if home is None:
            found.append((set(support), set(blocks), [part]))
        else:
            home[1].update(blocks)
            home[2].append(part)
    return [_cone(tuple(sorted(s)), tuple(sorted(b)), members) for s, b, members in found]


def _cone(
    sites: tuple[int, ...], blocks: tuple[int, ...], parts: list[tuple[int, SiteObservable]]
) -> _Cone:
    place = {site: i for i, site in enumerate(sites)}
    terms = tuple(_shifted(part, place) for _, part in parts)
    return _Cone(tuple(column for column, _ in parts), terms, sites, blocks)


def reduced_vectors(tensors: Sequence[np.ndarray], sites: Sequence[int]) -> np.ndarray:
    """Return unnormalised vectors whose projectors sum to the reduced state of ``sites``.

    Args:
        tensors: Arrays (left, 2, right) of a normalised state.
        sites: Ascending sites to keep.

    Returns:
        Complex (k, 2, …, 2), one axis per kept site after the first.
    """
    if not sites:
        return np.ones((1,), dtype=complex)
    first, last = sites[0], sites[-1]
    left: np.ndarray = np.ones((1, 1))
    for tensor in tensors[:first]:
        part = np.tensordot(left, tensor, (1, 0))
        left = np.asarray(np.linalg.qr(part.reshape(-1, tensor.shape[2]), mode="r"))
    right: np.ndarray = np.ones((1, 1))
    for tensor in reversed(tensors[last + 1 :]):
        part = np.tensordot(tensor, right, (2, 0))
        right = np.asarray(np.linalg.qr(part.reshape(tensor.shape[0], -1).T, mode="r")).T
    vectors = left[:, None, :]  # (outside, kept, bond)
    for site in range(first, last + 1):
        grown = np.tensordot(vectors, tensors[site], (2, 0))
        outside, kept, _, bond = grown.shape
        if site in sites:
            vectors = grown.reshape(outside, 2 * kept, bond)
        else:
            vectors = grown.transpose(0, 2, 1, 3).reshape(2 * outside, kept, bond)
    vectors = np.tensordot(vectors, right, (2, 0)).transpose(0, 2, 1)
    return vectors.reshape((-1,) + (2,) * len(sites)).astype(complex)


def _apply(vectors: np.ndarray, gate: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Apply a (2, …)-shaped gate to qubit ``axes`` of vectors (k, 2, …, 2)."""
    k = len(axes)
    moved = np.tensordot(gate, vectors, (range(k, 2 * k), axes))
    return np.moveaxis(moved, range(k), axes)


def _gate(unitary: np.ndarray, n_sites: int) -> np.ndarray:
    return unitary.reshape(2, 2, 2, 2) if n_sites == 2 else unitary[::2, ::2]


@dataclass(frozen=True)
class _Run:
    """One cone after the forward pass: output vectors and which state each belongs to."""

    cone: _Cone
    axes: tuple[tuple[int, ...], ...]
    gates: np.ndarray
    vectors: np.ndarray
    owner: np.ndarray


def _forward(query: Query, cone: _Cone, unitaries: np.ndarray) -> _Run:
    place = {site: i + 1 for i, site in enumerate(cone.sites)}
    axes = tuple(tuple(place[s] for s in query.program.sites[b]) for b in cone.blocks)
    gates = query.program.gate_of_block[list(cone.blocks)]
    inputs = [reduced_vectors(tensors, cone.sites) for tensors in query.tensors]
    owner = np.repeat(np.arange(len(inputs)), [len(v) for v in inputs])
    vectors = np.concatenate(inputs)
    for gate, at in zip(gates, axes, strict=True):
        vectors = _apply(vectors, _gate(unitaries[gate], len(at)), at)
    return _Run(cone, axes, gates, vectors, owner)


def _add_values(run: _Run, values: np.ndarray) -> None:
    flat = run.vectors.reshape(len(run.vectors), -1)
    for column, term in zip(run.cone.columns, run.cone.terms, strict=True):
        image = term.apply(run.vectors).reshape(len(flat), -1)
        each = np.einsum("ki,ki->k", flat.conj(), image).real
        np.add.at(values[:, column], run.owner, each)


def _backward(run: _Run, unitaries: np.ndarray, cotangent: np.ndarray, out: np.ndarray) -> None:
    """Add to ``out`` the cotangents of the distinct gates: W† = 2 Σ |ψ><λ| on their qubits."""
    shape = (-1,) + (1,) * len(run.cone.sites)
    adjoint = np.zeros_like(run.vectors)
    for column, term in zip(run.cone.columns, run.cone.terms, strict=True):
        adjoint += cotangent[run.owner, column].reshape(shape) * term.apply(run.vectors)
    vectors = run.vectors
    for gate, at in zip(run.gates[::-1], run.axes[::-1], strict=True):
        undo = _gate(unitaries[gate].conj().T, len(at))
        vectors = _apply(vectors, undo, at)
        size = 2 ** len(at)
        bra = np.moveaxis(adjoint, at, range(len(at))).reshape(size, -1)
        ket = np.moveaxis(vectors, at, range(len(at))).reshape(size, -1)
        step = slice(None) if size == 4 else slice(None, None, 2)
        out[gate, step, step] += 2 * (bra @ ket.conj().T)
        adjoint = _apply(adjoint, undo, at)


def cost(query: Query) -> Cost:
    """Return the static cost of one value and gradient.

    Raises:
        BackendCannot: A light cone (with the outside it is entangled to) is too large.
    """
    seconds = memory = 0.0
    for cone in _cones(query.program, query.observables):
        width, bond = len(cone.sites), query.max_bond_dim
        idle = cone.sites[-1] - cone.sites[0] + 1 - width if cone.sites else 0
        outside = 2.0 ** min(idle, 60) * bond ** (2 * (width < query.program.n_qubits))
        size = len(query.states) * outside * 2.0**width
        if width > MAX_QUBITS or 64 * size > 2**34:
            raise BackendCannot(
                f"statevector: an observable depends on {width} qubits, {64 * size / 1e9:.3g} GB; "
                f"supported are {MAX_QUBITS} qubits within 17 GB. Use 'heisenberg'."
            )
        seconds += (len(cone.blocks) + len(cone.terms)) * (1e-4 + 3.2e-8 * size)
        memory = max(memory, 64 * size)
    return Cost(seconds, memory)


def evaluate(query: Query, params: np.ndarray) -> Evaluation:
    """Return exact complex128 values, and gradients by adjoint differentiation.

    Source: Jones and Gacon, arXiv:2009.02823, Algorithm 1, on fused blocks.
    """
    cost(query)
    unitaries = query.program.unitaries(params)
    runs = [_forward(query, cone, unitaries) for cone in _cones(query.program, query.observables)]
    values = np.zeros((len(query.states), len(query.observables)))
    for run in runs:
        _add_values(run, values)

    def pull_back(cotangent: np.ndarray) -> np.ndarray:
        out = np.zeros_like(unitaries)
        for run in runs:
            _backward(run, unitaries, cotangent, out)
        return query.program.pull_back(params, out)

    return Evaluation(values, np.zeros_like(values), True, pull_back)
