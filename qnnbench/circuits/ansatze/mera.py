"""The multiscale entanglement renormalisation ansatz run backwards, from the sites to the root."""

import cirq

from qnnbench.circuits.ansatze.network import Network, Observable
from qnnbench.circuits.ansatze.rotations import SymbolTable, block, check_sharing


def mera(n_qubits: int, sharing: str = "none") -> Network:
    """The tree with disentanglers: blocks between the pairs, then on the pairs, keep the first.

    With active qubits A0, A1, … a layer acts on (A1, A2), (A3, A4), …, then on (A0, A1),
    (A2, A3), … and keeps A0, A2, …, an unpaired last one included; layers follow until one
    qubit is left. What a site does reaches at most three active qubits of any layer. Reads
    Z on the root. Sharing "layer": one disentangler and one pair block per layer; "scale":
    the same two in all layers.

    Source:
        Vidal, Phys. Rev. Lett. 101, 110501 (2008), Fig. 1; backwards as a network: Cong,
        Choi and Lukin, Nat. Phys. 15, 1273 (2019), Fig. 1c.
    """
    check_sharing(sharing, ("none", "layer", "scale"))
    qubits, symbol = cirq.LineQubit.range(n_qubits), SymbolTable()
    ops: list[cirq.Operation] = []
    active, layer = qubits, 0
    while len(active) > 1:
        for name, offset in (("u", 1), ("w", 0)):
            for i in range(offset, len(active) - 1, 2):
                keys = {"none": f"{name}_{layer}_{i}", "layer": f"{name}_{layer}", "scale": name}
                ops += block(symbol, keys[sharing], active[i], active[i + 1])
        active, layer = active[::2], layer + 1
    reads: tuple[Observable, ...] = (cirq.PauliString(cirq.Z(active[0])),)
    return Network(cirq.Circuit(ops), symbol.all(), reads, n_layers=layer)
