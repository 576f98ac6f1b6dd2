"""Exact values and gradients of trees: stretches of qubits merge, a few of them go on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from qnnbench.backends.protocol import Cost, Evaluation, Query
from qnnbench.backends.tree.ascent import Ascent, patches_and_merges
from qnnbench.backends.tree.cells import Cells, strings
from qnnbench.backends.tree.plan import (
    MAX_KEPT,
    Sites,
    Stretch,
    declined,
    finishing,
    plan,
)
from qnnbench.backends.tree.projections import Projection, unprojected
from qnnbench.backends.tree.superoperators import site_tensors
from qnnbench.circuits.observables import PauliTerms, Projector


@dataclass(frozen=True)
class _Read:
    """One term of an observable.

    Attributes:
        column: Which observable.
        coefficient: Of the term.
        sites: Of its Pauli string; empty for the identity.
        letters: The string among all of ``sites``, the first site the high digit.
    """

    column: int
    coefficient: float
    sites: Sites
    letters: int


def _reads(query: Query, tops: tuple[Stretch, ...]) -> list[_Read]:
    """Return the Pauli strings of a query.

    Raises:
        BackendCannot: A string on qubits that do not finish in one stretch.
    """
    place = finishing(tops)
    reads = []
    for column, observable in enumerate(query.observables):
        if not isinstance(observable, PauliTerms):
            continue
        for c, string in zip(observable.coefficients, observable.strings, strict=True):
            sites = tuple(site for site, _ in string)
            if len({id(place[site]) for site in sites}) > 1 or len(sites) > MAX_KEPT:
                raise declined(f"a Pauli string joins qubits {sites} that are left apart")
            letters = sum(4**k * letter for k, (_, letter) in enumerate(reversed(string)))
            reads.append(_Read(column, c, sites, letters))
    return reads


def _projectors(query: Query, tops: tuple[Stretch, ...]) -> dict[int, Projector]:
    """Return the projectors of a query, by column.

    Raises:
        BackendCannot: A projector that says nothing of a qubit left below the tops.
    """
    found = {c: o for c, o in enumerate(query.observables) if isinstance(o, Projector)}
    for projector in found.values():
        free = unprojected(tops, dict(projector.bits))
        if free:
            raise declined(f"a projector leaves out qubit {free[0]}, which is left early")
    return found


def _price(stretch: Stretch, bonds: list[int], is_patch: bool) -> np.ndarray:
    """Return seconds and bytes per state of the map of a stretch."""
    x, y = bonds[stretch.start] ** 2, bonds[stretch.end] ** 2
    strings_kept = 4 ** len(stretch.kept)
    if is_patch:
        held = 16 * 2**stretch.size * bonds[stretch.start] * bonds[stretch.end]
        seconds = x * y * strings_kept * (4e-10 * 2**stretch.size + 2.5e-8)
        return np.array([seconds, 8 * strings_kept * x * y + held])
    left, right = (4 ** len(child.kept) for child in stretch.children)
    z = bonds[stretch.children[1].start] ** 2
    products = (strings_kept - 1) * left
    return np.array([3e-10 * products * (x + 3 * right) * z * y, 8 * strings_kept * x * y])


def cost(query: Query) -> Cost:
    """Return the static cost of one value and gradient.

    Raises:
        BackendCannot: The circuit is not a tree, or an observable joins qubits that it
            leaves in different places.
    """
    tops = plan(query.program)
    reads, projectors = _reads(query, tops), _projectors(query, tops)
    bonds = [1, *(max(t.shape[2] for t in site) for site in zip(*query.tensors, strict=True))]
    seconds, held = 0.0, 0.0
    if reads:
        patches, merges = patches_and_merges(tops, max(bonds))
        prices = [_price(patch, bonds, True) for patch in patches]
        prices += [_price(merge, bonds, False) for merge in merges]
        seconds, held = np.sum(prices, axis=0) * len(query.states)
        seconds += 3.5e-4 * len(query.program.sites)
    inside = [stretch for top in tops for stretch in top.inside]
    for _ in projectors:
        prices = [_projected_price(stretch, bonds) for stretch in inside]
        more, most = np.sum(prices, axis=0) * len(query.states)
        seconds += more + 1.5e-4 * len(query.program.sites)
        held += most
    return Cost(float(seconds), float(held))


def _projected_price(stretch: Stretch, bonds: list[int]) -> np.ndarray:
    """Return seconds and bytes per state of the amplitudes of a stretch."""
    x, y, size = bonds[stretch.start], bonds[stretch.end], 2 ** len(stretch.qubits)
    z = bonds[stretch.children[1].start] if stretch.children else 1
    return np.array([3e-9 * size * x * y * (z + 2 * size), 32.0 * size * x * y])


def evaluate(query: Query, params: np.ndarray) -> Evaluation:
    """Return exact values and gradients of what a tree leaves.

    Pauli strings on qubits that are left by one cell cost bond⁴ 2^m per state for a patch of
    m qubits, and bond⁶ 4^(2k) for each merge of stretches that keep k; patches leave few of
    these. Projectors on all qubits that are left cost bond³ 2^(2k) per merge.

    Source:
        Vidal, Phys. Rev. Lett. 101, 110501 (2008), ascending superoperators, with a matrix
        product state as input.
    """
    tops = plan(query.program)
    reads, projectors = _reads(query, tops), _projectors(query, tops)
    unitaries = query.program.unitaries(params)
    cells, tensors = Cells(unitaries), site_tensors(query.tensors)
    values = np.zeros((len(query.states), len(query.observables)))
    wanted = {read.sites: None for read in reads if read.sites}
    ascent = Ascent(tops, cells, unitaries, tensors, wanted) if wanted else None
    for read in reads:
        means = ascent.reads[read.sites][:, read.letters] if ascent and read.sites else 1.0
        values[:, read.column] += read.coefficient * means
    projections = {
        c: Projection(tops, cells, tensors, dict(p.bits)) for c, p in projectors.items()
    }
    for column, projection in projections.items():
        values[:, column] = projectors[column].coefficient * projection.probabilities

    def pull_back(cotangent: np.ndarray) -> np.ndarray:
        out = np.zeros_like(unitaries)
        if ascent:
            out += ascent.pull_back(_bars(reads, cotangent))
        for column, projection in projections.items():
            out += projection.pull_back(projectors[column].coefficient * cotangent[:, column])
        return query.program.pull_back(params, out)

    return Evaluation(values, np.zeros_like(values), True, pull_back)


def _bars(reads: list[_Read], cotangent: np.ndarray) -> dict[Sites, np.ndarray]:
    """Return the cotangents of all strings on the sites that are read together."""
    bars: dict[Sites, np.ndarray] = {}
    for read in reads:
        if read.sites:
            blank = np.zeros((len(cotangent), 4 ** len(read.sites)))
            bar = bars.setdefault(read.sites, blank)
            bar[:, read.letters] += read.coefficient * cotangent[:, read.column]
    return bars


def kept_fidelities(query: Query, params: np.ndarray, n_kept: int) -> np.ndarray:
    """Return <ψ|reconstruction|ψ> after all but the first qubits are reset to |0>, exactly.

    With ρ the state of the kept qubits and v = <0…0|Uψ> over the others, it is <v|ρ|v> =
    2^-k Σ_P <P>_ρ <v|P|v> over the Pauli strings of the k kept qubits.

    Args:
        query: A tree and the states ψ; its observables are not looked at.
        params: Angles in radians, (n_symbols,).
        n_kept: k, the first qubits; they must be left by one cell that completes the tree.

    Returns:
        Float64 (n_states,).

    Raises:
        BackendCannot: The circuit is not one tree, or leaves the kept qubits elsewhere.

    Source:
        Derived from Romero, Olson and Aspuru-Guzik, Quantum Sci. Technol. 2, 045001 (2017),
        Eq. (4).
    """
    tops, kept = plan(query.program), tuple(range(n_kept))
    if len(tops) > 1 or not set(kept) <= set(tops[0].finished) or n_kept > MAX_KEPT:
        raise declined(f"the first {n_kept} qubits are not what one root keeps")
    unitaries = query.program.unitaries(params)
    cells, tensors = Cells(unitaries), site_tensors(query.tensors)
    means = Ascent(tops, cells, unitaries, tensors, [kept]).reads[kept]
    trash: Mapping[int, int] = dict.fromkeys(range(n_kept, query.program.n_qubits), 0)
    v = Projection(tops, cells, tensors, trash).vector(tops[0])[..., 0, 0]
    letters = np.einsum("br,prs,bs->bp", v.conj(), strings(n_kept), v).real
    return np.sum(means * letters, axis=1) / 2**n_kept
