"""The ansätze: plain Cirq circuits with free angles, and what is claimed of their gradients.

Conventions, stated once: qubit 0 is the most significant bit (as in Cirq),
R_P(θ) = exp(-iθP/2), angles in radians, logarithms base 10 in names ``log10_…``.
Adding an ansatz is one function and one entry of ``ANSATZE``; contract tests find it.
"""

from collections.abc import Mapping
from inspect import signature
from typing import Any

from qnnbench.circuits.ansatze.layered import (
    brickwork,
    deep_brickwork,
    hea,
    hea_ring,
    identity_blocks,
    random_pauli,
    strongly_entangling,
)
from qnnbench.circuits.ansatze.mera import mera
from qnnbench.circuits.ansatze.network import Ansatz, Network, Observable
from qnnbench.circuits.ansatze.own import own_ansatz
from qnnbench.circuits.ansatze.per_site import per_site_blocks
from qnnbench.circuits.ansatze.readouts import layered_readout, mean_zero_projector
from qnnbench.circuits.ansatze.rotations import ROTATIONS, SymbolTable, block, pauli_rotation
from qnnbench.circuits.ansatze.symmetric import hva, matchgate, permutation_equivariant
from qnnbench.circuits.ansatze.trees import qcnn, rg_tree, tree
from qnnbench.own import Source
from qnnbench.registry import lookup

__all__ = [
    "ANSATZE",
    "ROTATIONS",
    "Ansatz",
    "Network",
    "Observable",
    "SymbolTable",
    "ansatz_of",
    "block",
    "brickwork",
    "build_ansatz",
    "deep_brickwork",
    "hea",
    "hea_ring",
    "hva",
    "identity_blocks",
    "layered_readout",
    "matchgate",
    "mean_zero_projector",
    "mera",
    "own_ansatz",
    "pauli_rotation",
    "per_site_blocks",
    "permutation_equivariant",
    "qcnn",
    "random_pauli",
    "rg_tree",
    "strongly_entangling",
    "tree",
]


def ansatz_of(source: Source) -> Ansatz:
    """Return the entry of ``ANSATZE`` of a name, or the one that a file of the user's makes.

    Raises:
        ValueError: Unknown name, or a file that makes none.
        FileNotFoundError: No such file.
    """
    if not isinstance(source, Mapping):
        return lookup(ANSATZE, source, "ansatz")
    return own_ansatz(source["file"], **{k: v for k, v in source.items() if k != "file"})


def build_ansatz(name: Source, n_qubits: int, **options: Any) -> Network:
    """Return the network of an ansatz at ``n_qubits``.

    Args:
        name: A key of ``ANSATZE``, or {"file", "function"} of a user's own.
        n_qubits: Width, 2 or more.
        **options: Of the ansatz, by keyword.

    Raises:
        ValueError: Unknown name, option or option value, or ``n_qubits`` below 2.
    """
    entry = ansatz_of(name)
    if isinstance(n_qubits, bool) or not isinstance(n_qubits, int) or n_qubits < 2:
        raise ValueError(f"n_qubits must be a whole number >= 2, got {n_qubits!r}")
    known = dict.fromkeys(key for key in signature(entry.build).parameters if key != "n_qubits")
    for option in options:
        lookup(known, option, f"option of ansatz {entry.name!r}")
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
        Ansatz(
            "hea_ring",
            hea_ring,
            "yes",
            "doi:10.1038/s41467-018-07090-4, Eq. (7)",
            "mcclean2018",
            widths=(6, 10),
        ),
        Ansatz(
            "strongly_entangling",
            strongly_entangling,
            "yes",
            "doi:10.1038/s41467-018-07090-4, Eq. (7)",
            "mcclean2018",
            widths=(4, 7),
        ),
        Ansatz(
            "random_pauli",
            random_pauli,
            "yes",
            "doi:10.1038/s41467-018-07090-4, Eq. (7)",
            "mcclean2018",
            widths=(4, 6),
        ),
        Ansatz(
            "per_site_blocks",
            per_site_blocks,
            "yes",
            "doi:10.1038/s41467-021-21728-w, warm-up example (global cost, product circuit)",
            "cerezo2021",
        ),
        Ansatz(
            "identity_blocks",
            identity_blocks,
            "no",
            "doi:10.22331/q-2019-12-09-214, Sec. 3",
            "grant2019",
            angles="identity_blocks",
        ),
        Ansatz(
            "mera",
            mera,
            "no",
            "doi:10.1103/PhysRevX.11.041011, Theorem 1 (a QCNN, its sublayers swapped)",
            "pesah2021",
        ),
        Ansatz(
            "hva",
            hva,
            "no",
            "doi:10.22331/q-2024-02-01-1239, Abstract (small angles: a short evolution in time)",
            "park2024",
            {"terms": "xxz"},
            angles="gaussian_1_over_nl",
            n_samples=100,
            widths=(6, 12),
        ),
        Ansatz(
            "matchgate", matchgate, "no", "doi:10.1038/s41467-024-49909-3, Theorem 1", "ragone2024"
        ),
        Ansatz(
            "permutation_equivariant",
            permutation_equivariant,
            "no",
            "doi:10.1038/s41534-024-00804-1, Abstract",
            "schatzki2024",
            n_samples=60,
            widths=(4, 7),
        ),
    )
}
