"""Compile a Cirq circuit: consecutive gates on one pair of qubits fuse into blocks."""

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cirq
import numpy as np
import sympy

from qnnbench.circuits.affine import Affine
from qnnbench.circuits.fusion import Block, fuse
from qnnbench.circuits.gates import UnsupportedCircuit
from qnnbench.circuits.template import Template


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
        last, before = self._links
        support = set(sites)
        blocks: set[int] = set()
        found = [last[site] for site in support if site in last]
        while found:
            block = found.pop()
            if block not in blocks:
                blocks.add(block)
                support.update(self.sites[block])
                found += before[block]
        return tuple(sorted(blocks)), frozenset(support)

    @cached_property
    def _links(self) -> tuple[dict[int, int], list[list[int]]]:
        """Return the last block on each site, and per block those just before on its sites."""
        last: dict[int, int] = {}
        before = []
        for block, sites in enumerate(self.sites):
            before.append([last[site] for site in sites if site in last])
            last.update(dict.fromkeys(sites, block))
        return last, before

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
    odd = [symbol for symbol in order if not isinstance(symbol, sympy.Symbol)]
    if odd:
        raise UnsupportedCircuit(
            f"symbols holds {odd[0]!r}, a {type(odd[0]).__name__}; pass sympy.Symbol({odd[0]!r})"
        )
    index = {symbol.name: i for i, symbol in enumerate(order)}
    if len(index) < len(order):
        twice = sorted({s.name for i, s in enumerate(order) if index[s.name] != i})
        raise UnsupportedCircuit(f"symbols holds one name twice: {twice}. List each once.")
    sites = site_index({*circuit.all_qubits(), *extra_qubits})
    blocks = fuse(circuit.all_operations(), sites, index)
    alike: dict[Hashable, tuple[Block, dict[tuple[Affine, ...], int]]] = {}
    gate_of_block, n_gates = [], 0
    for block in blocks:
        _, gates = alike.setdefault(block.key, (block, {}))
        gate = gates.setdefault(block.angles, n_gates)
        n_gates += gate == n_gates
        gate_of_block.append(gate)
    return Program(
        n_qubits=max(sites.values(), default=-1) + 1,
        symbols=order,
        sites=tuple(block.sites for block in blocks),
        gate_of_block=np.array(gate_of_block, dtype=int),
        n_gates=n_gates,
        templates=tuple(Template.of(block.elements, gates) for block, gates in alike.values()),
    )
