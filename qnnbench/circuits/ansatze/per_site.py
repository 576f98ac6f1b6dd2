"""One block on every site and a parity over all of them: a trap for measures of plateaus."""

import cirq

from qnnbench.circuits.ansatze.network import Network
from qnnbench.circuits.ansatze.readouts import layered_readout
from qnnbench.circuits.ansatze.rotations import SymbolTable, check_sharing, pauli_rotation


def per_site_blocks(n_qubits: int, sharing: str = "none", readout: str = "parity") -> Network:
    """RX and RY on every site, then the parity of all: C = Π cos φ_j cos θ_j.

    A trap. Unshared, Var[C] and every gradient variance are 4^-n. Sharing "layer" has two
    angles, C = (cos φ cos θ)ⁿ, and Var[∂C/∂φ] = (n/2) e(n-1) e(n) with
    e(k) = E[cos^2k φ] = binom(2k, k)/4^k tends to 1/(2π) at any width, while the median of
    |∂C/∂φ| falls as n 0.36ⁿ, 0.36 the median of |cos φ cos θ|. A variance carried by
    angles within 1/√n of 0 or π is no gradient that a random start sees: read the median
    beside the variance.

    Source:
        Cerezo et al., Nat. Commun. 12, 1791 (2021), the warm-up example (global cost of a
        product circuit); the shared block derived above.
    """
    check_sharing(sharing, ("none", "layer"))
    qubits, symbol = cirq.LineQubit.range(n_qubits), SymbolTable()
    ops: list[cirq.Operation] = []
    for i, q in enumerate(qubits):
        for axis in "XY":
            key = f"r{axis.lower()}" + ("" if sharing == "layer" else f"_{i}")
            ops.append(pauli_rotation(axis, symbol(key), q))
    reads = layered_readout(qubits, readout)
    return Network(cirq.Circuit(ops), symbol.all(), reads, n_layers=1)
