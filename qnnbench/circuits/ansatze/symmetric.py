"""Circuits whose generators keep a symmetry: of a Hamiltonian, of free fermions, of all sites."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations

import cirq
import sympy

from qnnbench.circuits.ansatze.network import Network
from qnnbench.circuits.ansatze.readouts import layered_readout
from qnnbench.circuits.ansatze.rotations import SymbolTable, bonds, check_sharing, pauli_rotation
from qnnbench.registry import lookup

Kinds = Mapping[str, Sequence[tuple[cirq.LineQubit, ...]]]  # of rotations, with their places


def hva(
    n_qubits: int,
    n_layers: int | None = None,
    sharing: str = "layer",
    readout: str = "bond",
    terms: str = "tfim",
    connectivity: str = "line",
) -> Network:
    """Hamiltonian variational ansatz: rotations by the terms of a chain; ``n_layers`` = n.

    Terms "tfim": |+…+>, then [ZZ on all bonds, X on all qubits]; the parity X…X is kept.
    "xxz": singlets on even bonds, then [XX + YY and ZZ on odd bonds, the same on even
    bonds]; ΣZ is kept. Sharing "layer", as in the Hamiltonian: one angle for each kind of
    term and layer; "none": one for each gate. At small angles a layer is a short time step.

    Source:
        Wiersema et al., PRX Quantum 1, 020319 (2020), Sec. II.
    """
    check_sharing(sharing, ("none", "layer"))
    qubits, symbol = cirq.LineQubit.range(n_qubits), SymbolTable()
    depth = n_qubits if n_layers is None else n_layers
    pairs = bonds(qubits, connectivity)
    even, odd = pairs[::2], pairs[1::2]
    kinds: dict[str, Kinds] = {
        "tfim": {"ZZ": pairs, "X": [(q,) for q in qubits]},
        "xxz": {"XY_odd": odd, "ZZ_odd": odd, "XY_even": even, "ZZ_even": even},
    }
    chosen = lookup(kinds, terms, "set of terms")
    ops = [cirq.H(q) for q in qubits] if terms == "tfim" else _singlets(qubits)
    ops.extend(_layers(symbol, chosen, depth, sharing))
    reads = layered_readout(qubits, readout)
    return Network(cirq.Circuit(ops), symbol.all(), reads, n_layers=depth)


def _singlets(qubits: list[cirq.LineQubit]) -> list[cirq.Operation]:
    pairs = zip(qubits[::2], qubits[1::2], strict=False)
    return [op for a, b in pairs for op in (cirq.X(a), cirq.X(b), cirq.H(a), cirq.CNOT(a, b))]


def _layers(
    symbol: SymbolTable, kinds: Kinds, depth: int, sharing: str
) -> Iterator[cirq.Operation]:
    """Yield layers of rotations of each kind in turn; its letters stand before any ``_``."""
    for layer in range(depth):
        for kind, places in kinds.items():
            letters = kind.split("_")[0]
            for i, place in enumerate(places):
                key = f"{kind.lower()}_{layer}" + ("" if sharing == "layer" else f"_{i}")
                if letters == "XY":
                    yield _hop(symbol(key)).on(*place)
                else:
                    yield pauli_rotation(letters, symbol(key), *place)


@lru_cache(maxsize=4096)
def _hop(angle: sympy.Expr) -> cirq.ISwapPowGate:
    """Return exp(-i angle (XX + YY)/2), one gate, so that its two terms have one angle."""
    return cirq.ISwapPowGate(exponent=-2 * angle / sympy.pi)


def matchgate(
    n_qubits: int, n_layers: int | None = None, sharing: str = "none", readout: str = "middle"
) -> Network:
    """Free fermions: [XX on even bonds, XX on odd bonds, Z on all qubits], ``n_layers`` = n.

    The generators span so(2n), of dimension n(2n - 1): a deep circuit moves every product
    of two Majorana operators, as Z on a qubit, to any other, and Var[C] tends to 1/(2n - 1).

    Source:
        Jozsa and Miyake, Proc. R. Soc. A 464, 3089 (2008), Theorem 3; the limit from Ragone et
        al., Nat. Commun. 15, 7172 (2024), Theorem 1.
    """
    check_sharing(sharing, ("none", "layer"))
    qubits, symbol = cirq.LineQubit.range(n_qubits), SymbolTable()
    depth = n_qubits if n_layers is None else n_layers
    pairs = bonds(qubits, "line")
    kinds: Kinds = {"XX_even": pairs[::2], "XX_odd": pairs[1::2], "Z": [(q,) for q in qubits]}
    ops = list(_layers(symbol, kinds, depth, sharing))
    reads = layered_readout(qubits, readout)
    return Network(cirq.Circuit(ops), symbol.all(), reads, n_layers=depth)


def permutation_equivariant(
    n_qubits: int, n_layers: int | None = None, readout: str = "local"
) -> Network:
    """Rotations by ΣX, ΣY and ΣZZ over all pairs, one angle each a layer; ``n_layers`` = n.

    The circuit commutes with every permutation of the qubits. From |0…0> it stays among
    n + 1 symmetric states, and the variance of ΣZ/n of a deep one tends to 1/(3n); that of
    the readout "local", 1/2 + ΣZ/(2n), to 1/(12n).

    Source:
        Schatzki et al., npj Quantum Inf. 10, 12 (2024), Results; the limit derived from
        Ragone et al., Nat. Commun. 15, 7172 (2024), Theorem 1.
    """
    qubits, symbol = cirq.LineQubit.range(n_qubits), SymbolTable()
    depth = n_qubits if n_layers is None else n_layers
    ops: list[cirq.Operation] = []
    for layer in range(depth):
        for axis in "XY":
            angle = symbol(f"{axis.lower()}_{layer}")
            ops += [pauli_rotation(axis, angle, q) for q in qubits]
        angle = symbol(f"zz_{layer}")
        ops += [pauli_rotation("ZZ", angle, a, b) for a, b in combinations(qubits, 2)]
    reads = layered_readout(qubits, readout)
    return Network(cirq.Circuit(ops), symbol.all(), reads, n_layers=depth)
