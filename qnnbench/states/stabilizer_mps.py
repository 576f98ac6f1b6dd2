"""Stabilizer states as matrix product states, exactly and at the least bond."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from qnnbench.registry import lookup
from qnnbench.states.mps import MPS, PAULIS
from qnnbench.states.samples import Dataset
from qnnbench.states.stabilizer import StabilizerState, echelon

MAX_BOND = 64  # 13 MB at 100 qubits

_TURNS = {  # one-qubit gates of stim's graph_state synthesis
    **{letter: PAULIS[letter] for letter in "XYZ"},
    "H": np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2),
    "S": np.diag([1.0, 1.0j]),
}


def stabilizer_mps(state: StabilizerState) -> MPS:
    """Return the same state, up to a global phase, as tensors of complex128.

    Every stabilizer state is a graph state after one Clifford per qubit.

    Raises:
        ValueError: A state that needs a bond above 64 in the order of its qubits.

    Source:
        Van den Nest, Dehaene and De Moor, Phys. Rev. A 69, 022316 (2004),
        arXiv:quant-ph/0308151.
    """
    edges, turns = _graph_form(state)
    return MPS(tuple(_graph_tensors(edges))).rotated(turns)


def in_tensors(dataset: Dataset) -> Dataset:
    """Return the dataset with its stabilizer states as tensors, where a bond of 64 holds all."""
    if not any(isinstance(state, StabilizerState) for state in dataset.states):
        return dataset
    try:
        states = [
            stabilizer_mps(s) if isinstance(s, StabilizerState) else s for s in dataset.states
        ]
    except ValueError:
        return dataset
    return replace(dataset, states=tuple(states))


def _graph_form(state: StabilizerState) -> tuple[np.ndarray, np.ndarray]:
    """Return a graph and one Clifford per qubit: ``state`` is its graph state, so turned.

    Returns:
        Adjacency matrix, uint8 (n_qubits, n_qubits), and complex128 (n_qubits, 2, 2).
    """
    n_qubits = state.n_qubits
    edges = np.zeros((n_qubits, n_qubits), np.uint8)
    turns = np.tile(np.eye(2, dtype=complex), (n_qubits, 1, 1))
    for step in state.tableau.to_circuit("graph_state"):
        places = [target.value for target in step.targets_copy()]
        if step.name == "CZ":
            edges[places[::2], places[1::2]] = edges[places[1::2], places[::2]] = 1
        elif step.name not in ("RX", "TICK"):  # RX: every qubit of a graph begins as |+>
            turns[places] = lookup(_TURNS, step.name, "gate") @ turns[places]
    return edges, turns


def _graph_tensors(edges: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the tensors of the graph state 2^(-n/2) Σ_x (-1)^(Σ_edges x_i x_j) |x>.

    At every cut the edges across it, qubits on the left as rows, have a row basis B over
    GF(2), here in reduced echelon form. The bond carries m, the sum of the rows of the
    qubits that are 1, in coordinates of B: these are its entries at the pivots. Qubit k
    reads its sign (-1)^(x m·B[:, k]) off the bond and adds its own row. The bond is
    2^rank, the least there is.

    Raises:
        ValueError: A bond above 64.

    Source:
        Derived above; that the Schmidt rank is 2^rank: Hein, Eisert and Briegel, Phys. Rev.
        A 69, 062311 (2004).
    """
    basis = np.zeros((0, len(edges)), np.uint8)  # its columns: the qubits not yet placed
    for site, neighbours in enumerate(edges):
        after, pivots = echelon(np.vstack([basis[:, 1:], neighbours[site + 1 :]]))
        if 2 ** len(after) > MAX_BOND:
            raise ValueError(
                f"this stabilizer state needs a bond above {MAX_BOND} in the order of its "
                "qubits. Export it as cirq or qasm3, which take any, or reorder the qubits."
            )
        messages = _bit_strings(len(basis))
        signs = (-1.0) ** (messages @ basis[:, 0])
        kept = messages @ np.take(basis[:, 1:], pivots, axis=1)
        added = np.take(neighbours[site + 1 :], pivots)
        tensor = np.zeros((len(messages), 2, 2 ** len(after)))
        rows = np.arange(len(messages))
        tensor[rows, 0, _numbers(kept)] = 1
        tensor[rows, 1, _numbers(kept + added)] = signs
        yield tensor / np.sqrt(2)
        basis = after


def _bit_strings(length: int) -> np.ndarray:
    """Return all bit strings, int64 (2^length, length), high bit first."""
    return np.arange(2**length)[:, None] >> np.arange(length)[::-1] & 1


def _numbers(bits: np.ndarray) -> np.ndarray:
    """Return what rows of bits, taken modulo 2, are as numbers, high bit first."""
    return bits % 2 @ 2 ** np.arange(bits.shape[1])[::-1]
