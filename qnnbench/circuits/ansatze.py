"""The ansätze: plain Cirq circuits with free angles, and what is claimed of their gradients.

Conventions, stated once: qubit 0 is the most significant bit (as in Cirq),
R_P(θ) = exp(-iθP/2), angles in radians, logarithms base 10 in names ``log10_…``.
Adding an ansatz is one function and one entry of ``ANSATZE``; contract tests find it.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from inspect import signature
from math import ceil, log2
from typing import Any, Literal

import cirq
import numpy as np
import sympy

from qnnbench.registry import lookup

Observable = cirq.PauliString | cirq.PauliSum | cirq.ProjectorString


@dataclass(frozen=True)
class Network:
    """An ansatz at one width: what every backend takes.

    Attributes:
        circuit: On ``cirq.LineQubit.range(n_qubits)``; unitary gates only.
        symbols: Order of every parameter array.
        observables: What is read out, one column of values each: first Z of the
            discarded qubits, if the ansatz reads them, then the readout proper.
        n_discarded: How many of the observables are Z of discarded qubits.
        n_layers: Layers of the circuit, whatever the ansatz repeats.
    """

    circuit: cirq.Circuit
    symbols: tuple[sympy.Symbol, ...]
    observables: tuple[Observable, ...]
    n_discarded: int = 0
    n_layers: int = 0

    @property
    def n_qubits(self) -> int:
        """Width of the circuit."""
        return len(self.circuit.all_qubits())


@dataclass(frozen=True)
class Ansatz:
    """A circuit family and what is claimed of its gradients.

    Attributes:
        name: Key in configs, file names and the ``ansatz`` column.
        build: Maps (n_qubits, **options) to a :class:`Network`.
        plateau: Whether the largest gradient variance vanishes exponentially in
            n_qubits for ``claim_options``, uniform independent angles, input |0…0>.
            A test measures it.
        claim_options: Options for which ``plateau`` is claimed.
        source: DOI or arXiv id of the claim, with the place in the text.
        bibtex: Key of that source in ``qnnbench/report/references.bib``.
    """

    name: str
    build: Callable[..., Network]
    plateau: Literal["yes", "no"]
    source: str
    bibtex: str
    claim_options: dict[str, Any] = field(default_factory=dict)


class SymbolTable:
    """Hands out symbols in order of first use; a key met again is a shared parameter."""

    def __init__(self) -> None:
        self._known: dict[str, sympy.Symbol] = {}

    def __call__(self, key: str) -> sympy.Symbol:
        """Return the symbol named ``key``."""
        if key not in self._known:
            self._known[key] = sympy.Symbol(key)
        return self._known[key]

    def all(self) -> tuple[sympy.Symbol, ...]:
        """Return every symbol handed out, in order of first use."""
        return tuple(self._known.values())


ROTATIONS: dict[str, type[cirq.EigenGate]] = {
    "X": cirq.XPowGate,
    "Y": cirq.YPowGate,
    "Z": cirq.ZPowGate,
    "XX": cirq.XXPowGate,
    "YY": cirq.YYPowGate,
    "ZZ": cirq.ZZPowGate,
}


@lru_cache(maxsize=4096)
def _rotation_gate(pauli: str, angle: sympy.Expr) -> cirq.EigenGate:
    gate = lookup(ROTATIONS, pauli, "rotation axis")
    return gate(exponent=angle / sympy.pi, global_shift=-0.5)


def pauli_rotation(pauli: str, angle: sympy.Expr, *qubits: cirq.Qid) -> cirq.Operation:
    """Return exp(-i angle P/2) for P = "X", "Y", "Z", "XX", "YY" or "ZZ".

    Equal gates are one object, so that a shared angle is built and compiled once.
    """
    return _rotation_gate(pauli, angle).on(*qubits)


def block(symbol: SymbolTable, key: str, a: cirq.Qid, b: cirq.Qid) -> Iterator[cirq.Operation]:
    """Yield the 15-angle two-qubit block: Euler angles, XX, YY, ZZ, Euler angles.

    Symbols ``{key}_0`` … ``{key}_14``: RZ RY RZ on ``a`` (0-2) and ``b`` (3-5), the
    three two-qubit rotations (6-8), RZ RY RZ on ``a`` (9-11) and ``b`` (12-14).
    Universal on SU(4): Kraus and Cirac, Phys. Rev. A 63, 062309 (2001), Eq. (1).
    """
    angles = [symbol(f"{key}_{k}") for k in range(15)]
    for first, qubit in ((0, a), (3, b)):
        for k, axis in enumerate("ZYZ"):
            yield pauli_rotation(axis, angles[first + k], qubit)
    for k, axis in enumerate(("XX", "YY", "ZZ")):
        yield pauli_rotation(axis, angles[6 + k], a, b)
    for first, qubit in ((9, a), (12, b)):
        for k, axis in enumerate("ZYZ"):
            yield pauli_rotation(axis, angles[first + k], qubit)


def mean_zero_projector(qubits: Sequence[cirq.Qid]) -> cirq.PauliSum:
    """Return the average of |0><0| over ``qubits``: 1/2 + ΣZ/(2n)."""
    strings: list[cirq.PauliString] = [cirq.PauliString(coefficient=0.5)]
    strings += [cirq.PauliString({q: cirq.Z}, coefficient=0.5 / len(qubits)) for q in qubits]
    return cirq.PauliSum.from_pauli_strings(strings)


def layered_readout(qubits: list[cirq.LineQubit], readout: str) -> tuple[Observable, ...]:
    """Return the observable of a layered circuit: "local", "middle" or "global".

    local: mean of the projectors |0><0|; middle: Z on qubit n//2; global: |0…0><0…0|.
    """
    choices: dict[str, Callable[[], Observable]] = {
        "local": lambda: mean_zero_projector(qubits),
        "middle": lambda: cirq.PauliString(cirq.Z(qubits[len(qubits) // 2])),
        "global": lambda: cirq.ProjectorString(dict.fromkeys(qubits, 0)),
    }
    return (lookup(choices, readout, "readout")(),)


def _check_sharing(sharing: str, allowed: tuple[str, ...]) -> None:
    lookup(dict.fromkeys(allowed), sharing, "parameter sharing")


def hea(
    n_qubits: int, n_layers: int | None = None, readout: str = "global", mirror: int = 0
) -> Network:
    """Hardware-efficient ansatz: [RY on all, RZ on all, CZ ladder], ``n_layers`` = n.

    With ``mirror`` = m > 0, blocks of m layers are each followed by their mirror image, so
    that angles exist at which every block is the identity, after RY(π/4) on all qubits
    (Grant et al., Quantum 3, 214 (2019), Sec. 3); n_layers must be a multiple of 2m.
    """
    qubits, symbol = cirq.LineQubit.range(n_qubits), SymbolTable()
    depth = n_qubits if n_layers is None else n_layers
    if mirror < 0 or (mirror and depth % (2 * mirror)):
        raise ValueError(f"n_layers={depth} is no multiple of 2 * mirror={2 * mirror}")
    ops: list[cirq.Operation] = [cirq.ry(np.pi / 4)(q) for q in qubits] if mirror else []
    for layer in range(depth):
        ops_of_layer: list[cirq.Operation] = []
        for axis in "YZ":
            for i, q in enumerate(qubits):
                angle = symbol(f"r{axis.lower()}_{layer}_{i}")
                ops_of_layer.append(pauli_rotation(axis, angle, q))
        ops_of_layer += [cirq.CZ(a, b) for a, b in itertools.pairwise(qubits)]
        is_mirrored = bool(mirror) and (layer // mirror) % 2 == 1
        ops += reversed(ops_of_layer) if is_mirrored else ops_of_layer
    reads = layered_readout(qubits, readout)
    return Network(cirq.Circuit(ops), symbol.all(), reads, n_layers=depth)


def brickwork(
    n_qubits: int,
    n_layers: int | None = None,
    sharing: str = "none",
    readout: str = "local",
) -> Network:
    """Alternate blocks on even and odd bonds, even first; ``n_layers`` = ⌈log2 n⌉."""
    _check_sharing(sharing, ("none", "layer"))
    qubits, symbol = cirq.LineQubit.range(n_qubits), SymbolTable()
    depth = ceil(log2(n_qubits)) if n_layers is None else n_layers
    ops: list[cirq.Operation] = []
    for layer in range(depth):
        for i in range(layer % 2, n_qubits - 1, 2):
            key = f"b_{layer}" if sharing == "layer" else f"b_{layer}_{i}"
            ops += block(symbol, key, qubits[i], qubits[i + 1])
    met = {q for op in ops for q in op.qubits}
    ops += [cirq.I(q) for q in qubits if q not in met]
    reads = layered_readout(qubits, readout)
    return Network(cirq.Circuit(ops), symbol.all(), reads, n_layers=depth)


def deep_brickwork(
    n_qubits: int,
    n_layers: int | None = None,
    sharing: str = "none",
    readout: str = "middle",
) -> Network:
    """Brickwork of linear depth, an approximate 2-design; ``n_layers`` = 2n."""
    return brickwork(n_qubits, 2 * n_qubits if n_layers is None else n_layers, sharing, readout)


def qcnn(n_qubits: int, sharing: str = "layer", pooling: str = "controlled") -> Network:
    """Quantum convolutional network: even blocks, odd blocks, pool, until one is left.

    Pooling "controlled": controlled-RZ then controlled-RX from each second qubit of
    the active list onto its left neighbour; "discard": nothing. Every second active
    qubit stays. Reads Z on the last one.
    """
    _check_sharing(sharing, ("none", "layer"))
    lookup({"controlled": 1, "discard": 0}, pooling, "pooling")
    qubits, symbol = cirq.LineQubit.range(n_qubits), SymbolTable()
    ops: list[cirq.Operation] = []
    active, layer = qubits, 0
    while len(active) > 1:
        for offset in (0, 1):
            for i in range(offset, len(active) - 1, 2):
                key = f"c_{layer}_{offset}" + ("" if sharing == "layer" else f"_{i}")
                ops += block(symbol, key, active[i], active[i + 1])
        for i in range(0, len(active) - 1, 2) if pooling == "controlled" else ():
            key = f"p_{layer}" + ("" if sharing == "layer" else f"_{i}")
            for axis in "ZX":
                rotation = pauli_rotation(axis, symbol(f"{key}_{axis.lower()}"), active[i])
                ops.append(rotation.controlled_by(active[i + 1]))
        active, layer = active[::2], layer + 1
    reads: tuple[Observable, ...] = (cirq.PauliString(cirq.Z(active[0])),)
    return Network(cirq.Circuit(ops), symbol.all(), reads, n_layers=layer)


def _tree_blocks(
    n_qubits: int, sharing: str
) -> tuple[list[cirq.Operation], SymbolTable, list[cirq.Qid]]:
    """Return operations, symbols and the discarded qubits, in order of discarding."""
    _check_sharing(sharing, ("none", "layer", "shape", "scale"))
    symbol = SymbolTable()
    ops: list[cirq.Operation] = []
    discarded: list[cirq.Qid] = []
    active = [(q, 1) for q in cirq.LineQubit.range(n_qubits)]  # qubit, sites it stands for
    layer = 0
    while len(active) > 1:
        merged = []
        for i in range(0, len(active) - 1, 2):
            (a, size_a), (b, size_b) = active[i], active[i + 1]
            keys = {
                "none": f"g_{layer}_{i}",
                "layer": f"g_{layer}",
                "shape": f"g_{size_a}_{size_b}",
                "scale": "g",
            }
            ops += block(symbol, keys[sharing], a, b)
            merged.append((a, size_a + size_b))
            discarded.append(b)
        active = merged + active[2 * (len(active) // 2) :]
        layer += 1
    return ops, symbol, discarded


def tree(n_qubits: int, sharing: str = "none") -> Network:
    """Binary tree: one block per pair of neighbours, keep the first; reads Z on the root."""
    ops, symbol, _ = _tree_blocks(n_qubits, sharing)
    reads: tuple[Observable, ...] = (cirq.PauliString(cirq.Z(cirq.LineQubit(0))),)
    return Network(cirq.Circuit(ops), symbol.all(), reads, n_layers=ceil(log2(n_qubits)))


def rg_tree(n_qubits: int, sharing: str = "shape") -> Network:
    """The tree read twice: Z of every discarded qubit (n-1), then X, Y, Z of the root.

    Trained without labels on the population of the discarded qubits, then read.
    Sharing "shape": blocks are equal iff their children stand for equally many sites.
    """
    ops, symbol, discarded = _tree_blocks(n_qubits, sharing)
    root = cirq.LineQubit(0)
    trash: tuple[Observable, ...] = tuple(cirq.PauliString(cirq.Z(q)) for q in discarded)
    reads: tuple[Observable, ...] = tuple(
        cirq.PauliString(pauli(root)) for pauli in (cirq.X, cirq.Y, cirq.Z)
    )
    depth = ceil(log2(n_qubits))
    return Network(cirq.Circuit(ops), symbol.all(), trash + reads, len(trash), depth)


def build_ansatz(name: str, n_qubits: int, **options: Any) -> Network:
    """Return the network of ansatz ``name`` at ``n_qubits``.

    Raises:
        ValueError: Unknown name, option or option value, or ``n_qubits`` below 2.
    """
    entry = lookup(ANSATZE, name, "ansatz")
    if isinstance(n_qubits, bool) or not isinstance(n_qubits, int) or n_qubits < 2:
        raise ValueError(f"n_qubits must be a whole number >= 2, got {n_qubits!r}")
    known = dict.fromkeys(name for name in signature(entry.build).parameters if name != "n_qubits")
    for option in options:
        lookup(known, option, f"option of ansatz {name!r}")
    n_layers = options.get("n_layers")
    if n_layers is not None and (type(n_layers) is not int or n_layers < 1):
        raise ValueError(f"n_layers must be a whole number >= 1, got {n_layers!r}")
    return entry.build(n_qubits, **options)


ANSATZE = {
    a.name: a
    for a in (
        Ansatz(
            "qcnn",
            qcnn,
            "no",
            "doi:10.1103/PhysRevX.11.041011, Theorem 1",
            "pesah2021",
            {"sharing": "none", "pooling": "discard"},
        ),
        Ansatz("tree", tree, "no", "doi:10.1103/PhysRevX.11.041011, Sec. V", "pesah2021"),
        Ansatz(
            "rg_tree",
            rg_tree,
            "no",
            "doi:10.1103/PhysRevX.11.041011, Sec. V (local trash, one block per scale)",
            "pesah2021",
            {"sharing": "none"},
        ),
        Ansatz(
            "brickwork", brickwork, "no", "doi:10.1038/s41467-021-21728-w, Theorem 2", "cerezo2021"
        ),
        Ansatz(
            "deep_brickwork",
            deep_brickwork,
            "yes",
            "doi:10.1038/s41467-018-07090-4, Eq. (7)",
            "mcclean2018",
        ),
        Ansatz("hea", hea, "yes", "doi:10.1038/s41467-021-21728-w, Theorem 1", "cerezo2021"),
    )
}
