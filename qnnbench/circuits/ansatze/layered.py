"""Layered circuits on a line or a ring: hardware-efficient, random and brickwork."""

from math import ceil, log2

import cirq
import numpy as np

from qnnbench.circuits.ansatze.network import Network
from qnnbench.circuits.ansatze.readouts import layered_readout
from qnnbench.circuits.ansatze.rotations import (
    SymbolTable,
    block,
    bonds,
    check_sharing,
    pauli_rotation,
)


def hea(
    n_qubits: int,
    n_layers: int | None = None,
    readout: str = "global",
    mirror: int = 0,
    connectivity: str = "line",
) -> Network:
    """Hardware-efficient ansatz: [RY on all, RZ on all, CZ on all bonds], ``n_layers`` = n.

    With ``mirror`` = m > 0, blocks of m layers are each followed by their mirror image, so
    that angles exist at which every block is the identity, after RY(π/4) on all qubits
    (Grant et al., Quantum 3, 214 (2019), Sec. 3); n_layers must be a multiple of 2m.
    """
    qubits, symbol = cirq.LineQubit.range(n_qubits), SymbolTable()
    depth = n_qubits if n_layers is None else n_layers
    if isinstance(mirror, bool) or not isinstance(mirror, int) or mirror < 0:
        raise ValueError(f"mirror must be a whole number >= 0, got {mirror!r}")
    if mirror and depth % (2 * mirror):
        raise ValueError(f"n_layers={depth} is no multiple of 2 * mirror={2 * mirror}")
    ops: list[cirq.Operation] = [cirq.ry(np.pi / 4)(q) for q in qubits] if mirror else []
    for layer in range(depth):
        ops_of_layer: list[cirq.Operation] = []
        for axis in "YZ":
            for i, q in enumerate(qubits):
                angle = symbol(f"r{axis.lower()}_{layer}_{i}")
                ops_of_layer.append(pauli_rotation(axis, angle, q))
        ops_of_layer += [cirq.CZ(a, b) for a, b in bonds(qubits, connectivity)]
        is_mirrored = bool(mirror) and (layer // mirror) % 2 == 1
        ops += reversed(ops_of_layer) if is_mirrored else ops_of_layer
    reads = layered_readout(qubits, readout)
    return Network(cirq.Circuit(ops), symbol.all(), reads, n_layers=depth)


def hea_ring(n_qubits: int, n_layers: int | None = None, readout: str = "middle") -> Network:
    """The hardware-efficient ansatz on a ring, where no qubit is an end; ``n_layers`` = 2n.

    All qubits are alike: on an open line a qubit at the end keeps its gradients where one
    in the middle loses them.
    """
    depth = 2 * n_qubits if n_layers is None else n_layers
    return hea(n_qubits, depth, readout, connectivity="ring")


def identity_blocks(
    n_qubits: int,
    n_layers: int | None = None,
    readout: str = "local",
    mirror: int = 2,
    connectivity: str = "line",
) -> Network:
    """Hardware-efficient blocks, each before its mirror image; ``n_layers`` = n or above.

    Its law of angles is "identity_blocks": the whole circuit begins as the identity, its
    input as RY(π/4) on all qubits. The loss must be local: |<0…0|input>|² = cos²ⁿ(π/8)
    loses 0.23 bits per qubit, its gradient variance twice that.

    Source:
        Grant et al., Quantum 3, 214 (2019), Sec. 3.
    """
    if mirror < 1:
        raise ValueError(f"mirror must be at least 1, got {mirror!r}; hea takes 0")
    depth = 2 * mirror * ceil(n_qubits / (2 * mirror)) if n_layers is None else n_layers
    return hea(n_qubits, depth, readout, mirror, connectivity)


def strongly_entangling(
    n_qubits: int, n_layers: int | None = None, readout: str = "middle"
) -> Network:
    """Alternate RZ RY RZ on all qubits and CNOTs of growing range; ``n_layers`` = n.

    In layer l every qubit i controls qubit i + r modulo n, with r = 1 + l mod (n - 1).

    Source:
        Schuld et al., Phys. Rev. A 101, 032308 (2020), the code blocks.
    """
    qubits, symbol = cirq.LineQubit.range(n_qubits), SymbolTable()
    depth = n_qubits if n_layers is None else n_layers
    ops: list[cirq.Operation] = []
    for layer in range(depth):
        for i, q in enumerate(qubits):
            for k, axis in enumerate("ZYZ"):
                ops.append(pauli_rotation(axis, symbol(f"r_{layer}_{i}_{k}"), q))
        reach = 1 + layer % (n_qubits - 1)
        ops += [cirq.CNOT(q, qubits[(i + reach) % n_qubits]) for i, q in enumerate(qubits)]
    reads = layered_readout(qubits, readout)
    return Network(cirq.Circuit(ops), symbol.all(), reads, n_layers=depth)


def random_pauli(
    n_qubits: int, n_layers: int | None = None, readout: str = "bond", seed: int = 0
) -> Network:
    """RY(π/4) on all, then [RX, RY or RZ at random on each, CZ ladder], ``n_layers`` = 8n.

    ``seed`` draws the axes, independent and equally likely; the angles are free.

    Source:
        McClean et al., Nat. Commun. 9, 4812 (2018), the random circuits of its simulations.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed must be a whole number >= 0, got {seed!r}")
    qubits, symbol = cirq.LineQubit.range(n_qubits), SymbolTable()
    depth = 8 * n_qubits if n_layers is None else n_layers
    axes = np.random.default_rng(seed).choice(list("XYZ"), size=(depth, n_qubits))
    ops: list[cirq.Operation] = [cirq.ry(np.pi / 4)(q) for q in qubits]
    for layer, row in enumerate(axes.tolist()):
        for i, (axis, q) in enumerate(zip(row, qubits, strict=True)):
            ops.append(pauli_rotation(axis, symbol(f"r_{layer}_{i}"), q))
        ops += [cirq.CZ(a, b) for a, b in bonds(qubits, "line")]
    reads = layered_readout(qubits, readout)
    return Network(cirq.Circuit(ops), symbol.all(), reads, n_layers=depth)


def brickwork(
    n_qubits: int,
    n_layers: int | None = None,
    sharing: str = "none",
    readout: str = "local",
) -> Network:
    """Alternate blocks on even and odd bonds, even first; ``n_layers`` = ⌈log2 n⌉."""
    check_sharing(sharing, ("none", "layer"))
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
