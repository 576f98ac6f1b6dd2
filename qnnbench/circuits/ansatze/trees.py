"""Circuits that halve the active qubits: the convolutional network and the trees."""

from itertools import product
from math import ceil, log2

import cirq

from qnnbench.circuits.ansatze.network import Network, Observable
from qnnbench.circuits.ansatze.rotations import SymbolTable, block, check_sharing, pauli_rotation
from qnnbench.registry import lookup


def qcnn(n_qubits: int, sharing: str = "layer", pooling: str = "controlled") -> Network:
    """Quantum convolutional network: even blocks, odd blocks, pool, until one is left.

    Pooling "controlled": controlled-RZ then controlled-RX from each second qubit of
    the active list onto its left neighbour; "discard": nothing. Every second active
    qubit stays. Reads Z on the last one.
    """
    check_sharing(sharing, ("none", "layer"))
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


CELLS = {  # by number of active qubits: pairs that a block acts on, in time order
    2: ((0, 1),),
    3: ((1, 2), (0, 1), (1, 2)),
    4: ((1, 2), (0, 1), (2, 3), (1, 2), (2, 3)),
}


def _tree_blocks(
    n_qubits: int, sharing: str, n_kept: int = 1, n_inner: int = 1
) -> tuple[list[cirq.Operation], SymbolTable, list[list[cirq.Qid]]]:
    """Return operations, symbols and the discarded qubits of each layer.

    Stretches of ``n_inner`` qubits merge in pairs by a cell; the first ``n_inner`` of its
    qubits go on, the first ``n_kept`` of the last one.
    """
    check_sharing(sharing, ("none", "layer", "shape", "scale"))
    symbol, qubits = SymbolTable(), cirq.LineQubit.range(n_qubits)
    ops: list[cirq.Operation] = []
    discarded: list[list[cirq.Qid]] = []
    starts = range(0, n_qubits, n_inner)
    active = [(chunk, len(chunk)) for chunk in (qubits[i : i + n_inner] for i in starts)]
    layer = 0
    while len(active) > 1:
        merged = []
        discarded.append([])
        n_going_on = n_kept if len(active) == 2 else n_inner
        for i in range(0, len(active) - 1, 2):
            (first, size_a), (second, size_b) = active[i], active[i + 1]
            cell = [*first, *second]
            keys = {
                "none": f"g_{layer}_{i}",
                "layer": f"g_{layer}",
                "shape": f"g_{size_a}_{size_b}",
                "scale": f"g_{len(cell)}",
            }
            for place, (a, b) in enumerate(CELLS[len(cell)]):
                ops += block(symbol, f"{keys[sharing]}_b{place}", cell[a], cell[b])
            merged.append((cell[:n_going_on], size_a + size_b))
            discarded[-1] += cell[n_going_on:]
        active = merged + active[2 * (len(active) // 2) :]
        layer += 1
    return ops, symbol, discarded


def tree(n_qubits: int, sharing: str = "none") -> Network:
    """Binary tree: one block per pair of neighbours, keep the first; reads Z on the root."""
    ops, symbol, _ = _tree_blocks(n_qubits, sharing)
    reads: tuple[Observable, ...] = (cirq.PauliString(cirq.Z(cirq.LineQubit(0))),)
    return Network(cirq.Circuit(ops), symbol.all(), reads, n_layers=ceil(log2(n_qubits)))


def rg_tree(
    n_qubits: int, sharing: str = "shape", n_kept: int = 1, n_inner: int | None = None
) -> Network:
    """The tree of which all qubits are read: compress, then read.

    Trained without labels on Z of every discarded qubit (n - n_kept observables), then read
    by the mean Z of the qubits discarded in each layer and every Pauli string of the root:
    X, Y, Z, or the 15 of two qubits; Z (ZZ) last. Cells of two qubits are one universal
    block, those of four are five in a brick pattern. Sharing "shape": cells are equal iff
    their children stand for equally many sites.

    Args:
        n_qubits: Width, above ``n_inner``.
        sharing: "none", "layer", "shape" or "scale".
        n_kept: Qubits of the root, 1 or 2: the first ones.
        n_inner: Qubits that every other cell keeps, 1 or 2; None: ``n_kept``. A stretch of a
            state of bond χ has rank χ² at most: 2 keep all of bond 2.

    Raises:
        ValueError: Not 1 <= ``n_kept`` <= ``n_inner`` <= 2, or no two stretches to merge.
    """
    inner = n_kept if n_inner is None else n_inner
    if not 1 <= n_kept <= inner <= 2 or inner >= n_qubits:
        raise ValueError(
            f"rg_tree takes 1 <= n_kept <= n_inner <= 2 and n_inner < n_qubits, got "
            f"n_kept={n_kept!r}, n_inner={n_inner!r}, n_qubits={n_qubits!r}"
        )
    ops, symbol, discarded = _tree_blocks(n_qubits, sharing, n_kept, inner)
    trash: tuple[Observable, ...] = tuple(
        cirq.PauliString(cirq.Z(q)) for layer in discarded for q in layer
    )
    layers: tuple[Observable, ...] = tuple(_mean_z(layer) for layer in discarded)
    root = cirq.LineQubit.range(n_kept)
    strings: tuple[Observable, ...] = tuple(
        cirq.PauliString(dict(zip(root, letters, strict=True)))
        for letters in product((cirq.I, cirq.X, cirq.Y, cirq.Z), repeat=n_kept)
    )[1:]
    return Network(
        cirq.Circuit(ops), symbol.all(), trash + layers + strings, len(trash), len(discarded)
    )


def _mean_z(qubits: list[cirq.Qid]) -> cirq.PauliSum:
    return cirq.PauliSum.from_pauli_strings(
        [cirq.PauliString(cirq.Z(q), coefficient=1 / len(qubits)) for q in qubits]
    )
