"""Compile a Cirq circuit: consecutive gates on one pair of qubits fuse into blocks."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import cirq
import numpy as np
import sympy

from qnnbench.circuits.fusion import fuse
from qnnbench.circuits.gates import Affine, SpectralGate, UnsupportedCircuit


@dataclass(frozen=True)
class Template:
    """Distinct gates that differ in their angles only.

    Attributes:
        elements: In time order: a constant (4, 4) unitary, or a spectral gate that
            takes the next angle.
        gates: Ids of the distinct gates built on this template, shape (k,).
        offsets: Float (k, n_angles) radians.
        slopes: Float (k, n_angles, width): up to ``width`` symbols in one angle.
        symbols: Index of the symbol behind each slope, (k, n_angles, width).
    """

    elements: tuple[SpectralGate | np.ndarray, ...]
    gates: np.ndarray
    offsets: np.ndarray
    slopes: np.ndarray
    symbols: np.ndarray

    def angles(self, params: np.ndarray) -> np.ndarray:
        """Return the angles in radians, shape (k, n_angles)."""
        return self.offsets + (self.slopes * params[self.symbols]).sum(axis=2)

    def _factors(self, params: np.ndarray) -> Iterable[tuple[np.ndarray, SpectralGate | None]]:
        angles = iter(self.angles(params).T)
        for element in self.elements:
            if isinstance(element, SpectralGate):
                phases = np.exp(1j * np.outer(next(angles), element.frequencies))
                yield (element.vectors * phases[:, None, :]) @ element.vectors.conj().T, element
            else:
                yield np.broadcast_to(element, (len(self.gates), 4, 4)), None

    def unitaries(self, params: np.ndarray) -> np.ndarray:
        """Return complex unitaries, shape (k, 4, 4)."""
        product = np.broadcast_to(np.eye(4, dtype=complex), (len(self.gates), 4, 4))
        for factor, _ in self._factors(params):
            product = factor @ product
        return product

    def pull_back(self, params: np.ndarray, cotangents: np.ndarray, out: np.ndarray) -> None:
        """Add to ``out`` (n_symbols,) the gradient of a loss with Re Tr(W† dU) = d loss.

        With U = G_m … G_1 and R_j = W† G_m … G_{j+1}, the derivative by the angle of
        G_j = V e^{iωt} V† is Re Tr(P_j R_j G_j V iω V†), P_j = G_{j-1} … G_1.
        """
        factors = list(self._factors(params))
        before = [np.broadcast_to(np.eye(4, dtype=complex), (len(self.gates), 4, 4))]
        for factor, _ in factors:
            before.append(factor @ before[-1])
        after = np.conj(np.swapaxes(cotangents, 1, 2))
        angle = self.offsets.shape[1]
        for (factor, element), prefix in zip(
            reversed(factors), reversed(before[:-1]), strict=True
        ):
            after = after @ factor
            if element is None:
                continue
            angle -= 1
            generator = (element.vectors * element.frequencies) @ element.vectors.conj().T
            slope = -np.imag(np.einsum("kij,kjl,li->k", prefix, after, generator, optimize=True))
            np.add.at(out, self.symbols[:, angle], self.slopes[:, angle] * slope[:, None])


@dataclass(frozen=True, eq=False)
class Program:
    """A compiled circuit: blocks on pairs of sites, in time order; equal only to itself.

    Attributes:
        n_qubits: Sites are 0 … n_qubits - 1; site 0 is the most significant bit.
        symbols: Order of every parameter array.
        sites: For each block its sites, ascending: (i, j), or (i,) where a qubit meets
            one-qubit gates only.
        gate_of_block: Id of the distinct gate of each block, shape (n_blocks,).
        n_gates: Number of distinct gates.
        templates: How the distinct gates are built.
    """

    n_qubits: int
    symbols: tuple[sympy.Symbol, ...]
    sites: tuple[tuple[int, ...], ...]
    gate_of_block: np.ndarray
    n_gates: int
    templates: tuple[Template, ...]

    def unitaries(self, params: np.ndarray) -> np.ndarray:
        """Return the distinct gates, complex (n_gates, 4, 4).

        A block on one site holds U ⊗ 1; its U is ``[::2, ::2]``.
        """
        out = np.empty((self.n_gates, 4, 4), dtype=complex)
        for template in self.templates:
            out[template.gates] = template.unitaries(params)
        return out

    def pull_back(self, params: np.ndarray, cotangents: np.ndarray) -> np.ndarray:
        """Return the gradient (n_symbols,) of a loss with Re Tr(W† dU) = d loss.

        Args:
            params: Angles in radians, shape (n_symbols,).
            cotangents: W of each distinct gate, complex (n_gates, 4, 4).
        """
        out = np.zeros(len(self.symbols))
        for template in self.templates:
            template.pull_back(params, cotangents[template.gates], out)
        return out

    def light_cone(self, sites: Iterable[int]) -> tuple[tuple[int, ...], frozenset[int]]:
        """Return the blocks (ids, in time order) and sites that ``sites`` depend on."""
        support, blocks = set(sites), []
        for block in range(len(self.sites) - 1, -1, -1):
            if not support.isdisjoint(self.sites[block]):
                support.update(self.sites[block])
                blocks.append(block)
        return tuple(reversed(blocks)), frozenset(support)

    def widened(self, n_qubits: int) -> "Program":
        """Return the program on a register of ``n_qubits`` sites, idle ones at the end."""
        return self if n_qubits == self.n_qubits else replace(self, n_qubits=n_qubits)


def natural_order(symbols: Iterable[sympy.Symbol]) -> tuple[sympy.Symbol, ...]:
    """Sort symbols so that a2 comes before a10."""

    def key(symbol: sympy.Symbol) -> list[tuple[bool, int, str]]:
        parts = re.split(r"(\d+)", symbol.name)
        return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]

    return tuple(sorted(symbols, key=key))


def circuit_symbols(circuit: cirq.Circuit) -> tuple[sympy.Symbol, ...]:
    """Return the free symbols of ``circuit`` in natural order."""
    return natural_order(sympy.Symbol(name) for name in cirq.parameter_names(circuit))


def site_index(qubits: Iterable[cirq.Qid]) -> dict[cirq.Qid, int]:
    """Map qubits to sites: ``LineQubit(i)`` is site i, other kinds go in sorted order."""
    found = set(qubits)
    odd = [q for q in found if q.dimension != 2]
    if odd:
        raise UnsupportedCircuit(f"Only qubits are supported, found {odd[0]!r}.")
    on_line: dict[cirq.Qid, int] = {
        q: q.x for q in found if isinstance(q, cirq.LineQubit) and q.x >= 0
    }
    if len(on_line) == len(found):
        return on_line
    return {q: i for i, q in enumerate(sorted(found))}


def _template(
    elements: tuple[SpectralGate | np.ndarray, ...], gates: dict[tuple[Affine, ...], int]
) -> Template:
    n_angles = sum(isinstance(e, SpectralGate) for e in elements)
    width = max((len(terms) for angles in gates for _, terms in angles), default=0)
    offsets = np.zeros((len(gates), n_angles))
    slopes = np.zeros((len(gates), n_angles, width))
    symbols = np.zeros((len(gates), n_angles, width), dtype=int)
    for row, angles in enumerate(gates):
        for column, (offset, terms) in enumerate(angles):
            offsets[row, column] = offset
            for place, (symbol, slope) in enumerate(terms):
                slopes[row, column, place], symbols[row, column, place] = slope, symbol
    return Template(elements, np.array(list(gates.values())), offsets, slopes, symbols)


def compile_circuit(
    circuit: cirq.Circuit,
    symbols: Sequence[sympy.Symbol] | None = None,
    extra_qubits: Iterable[cirq.Qid] = (),
) -> Program:
    """Return the program of any circuit of one- and two-qubit unitary gates.

    Args:
        circuit: Angles must be affine in the symbols; a repeated symbol is a shared
            parameter.
        symbols: Order of the parameters; None sorts the circuit's symbols naturally.
        extra_qubits: Qubits to place as well (an observable's).

    Raises:
        UnsupportedCircuit: A gate on more than two qubits, a measurement, noise, a
            free angle that is not affine, or a symbol that ``symbols`` lacks.
    """
    order = circuit_symbols(circuit) if symbols is None else tuple(symbols)
    index = {symbol.name: i for i, symbol in enumerate(order)}
    if len(index) < len(order):
        raise UnsupportedCircuit(f"symbols holds one name twice: {[s.name for s in order]}")
    sites = site_index({*circuit.all_qubits(), *extra_qubits})
    blocks = fuse(circuit, sites, index)
    gate_of_block, n_gates = [], 0
    found: dict[tuple, tuple[tuple, dict[tuple[Affine, ...], int]]] = {}
    for block in blocks:
        _, gates = found.setdefault(block.key, (block.on_pair(), {}))
        angles = block.angles
        if angles not in gates:
            gates[angles] = n_gates
            n_gates += 1
        gate_of_block.append(gates[angles])
    return Program(
        n_qubits=max(sites.values(), default=-1) + 1,
        symbols=order,
        sites=tuple(block.sites for block in blocks),
        gate_of_block=np.array(gate_of_block, dtype=int),
        n_gates=n_gates,
        templates=tuple(_template(elements, gates) for elements, gates in found.values()),
    )
