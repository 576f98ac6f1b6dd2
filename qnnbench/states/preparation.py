"""Circuits that make stored states of |0…0>: isometries along a chain, graph states.

Cirq is imported on first use.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from qnnbench.registry import lookup
from qnnbench.states.chain import Chain
from qnnbench.states.mps import PureState
from qnnbench.states.stabilizer import StabilizerState

if TYPE_CHECKING:
    import cirq

MAX_CIRCUIT_BOND = 8  # blocks of four qubits: about 110 CZ and a second per site


def to_cirq(state: PureState) -> "cirq.Circuit":
    """Return a circuit that makes ``state`` of |0…0>, up to a global phase.

    A product state takes one gate per qubit. Bond 2 takes one isometry of two neighbours
    per bond, two CZ each: with the orthogonality centre on site 0 every tensor is an
    isometry from the left bond to its qubit and the right bond, and the left bond is the
    qubit that the isometry before has left behind. Bonds up to 2^k take isometries of
    k + 1 qubits, broken up by the quantum Shannon decomposition. A stabilizer state is
    Hadamards, CZ and one-qubit Cliffords: a graph state and local gates.

    Returns:
        Gates on ``cirq.LineQubit.range(n_qubits)``: CZ and one-qubit gates, no symbols.

    Raises:
        ValueError: Bonds above 8, after cutting what is rounding noise.

    Source:
        Schön, Solano, Verstraete, Cirac and Wolf, Phys. Rev. Lett. 95, 110503 (2005); the
        Shannon decomposition is Cirq's, after Shende, Bullock and Markov,
        arXiv:quant-ph/0406176.
    """
    import cirq

    if isinstance(state, StabilizerState):
        return _clifford_circuit(state)
    chain = Chain(state.tensors, state.max_bond_dim)
    for site in range(state.n_qubits - 1):  # cuts every bond to the rank of the state
        chain.apply(np.eye(4), (site, site + 1))
    chain.move(0)
    bond = max(tensor.shape[2] for tensor in chain.tensors)
    if bond > MAX_CIRCUIT_BOND:
        raise ValueError(
            f"a circuit is made for bonds up to {MAX_CIRCUIT_BOND}, this state has {bond}. "
            "Families may know a circuit of their own: "
            "qnnbench.states.datasets.preparation_circuit; state.truncated(bond) gives a "
            "near state of smaller bond and its error; quimb takes any bond."
        )
    qubits = cirq.LineQubit.range(state.n_qubits)
    gates = cirq.Circuit(_isometries(chain.tensors, qubits))
    return cirq.merge_single_qubit_gates_to_phxz(gates)


def _isometries(
    tensors: Sequence[np.ndarray], qubits: "Sequence[cirq.Qid]"
) -> "Iterator[cirq.OP_TREE]":
    """Yield gates, site after site, of tensors with the orthogonality centre on site 0.

    The bond index stands on ``held`` qubits from the current site on, high bit first; the
    further qubits of the block are still |0>.
    """
    held = 0
    for site, tensor in enumerate(tensors):
        left, _, right = tensor.shape
        carried = (right - 1).bit_length()
        block = qubits[site : site + carried + 1]
        columns = np.zeros((left, 2, 2**carried), tensor.dtype)
        columns[:, :, :right] = tensor
        free = len(block) - held  # qubits in |0>
        yield _block(_completed(columns.reshape(left, -1).T, 2**free), block, free > 0)
        held = carried


def _completed(columns: np.ndarray, stride: int) -> np.ndarray:
    """Return a unitary whose every ``stride``-th column, from 0, is one of ``columns``."""
    given = columns.shape[1]
    unitary = np.linalg.qr(columns, mode="complete")[0]
    unitary[:, :given] = columns
    places = stride * np.arange(given)
    order = [*places, *np.setdiff1d(np.arange(len(columns)), places)]
    return unitary[:, np.argsort(order)]


def _block(
    unitary: np.ndarray, qubits: "Sequence[cirq.Qid]", last_is_zero: bool = False
) -> "Iterator[cirq.OP_TREE]":
    """Yield CZ and one-qubit gates that act as ``unitary``, on the last qubit in |0> if so."""
    import cirq

    if len(qubits) == 1:
        yield cirq.MatrixGate(unitary).on(*qubits)
    elif len(qubits) > 2:
        for gate in cirq.quantum_shannon_decomposition(list(qubits), unitary):
            if gate.qubits:  # not a global phase
                yield _block(cirq.unitary(gate), gate.qubits)
    elif last_is_zero:  # a diagonal that comes first then acts on the first qubit alone
        first, last = qubits
        diagonal, gates = cirq.two_qubit_matrix_to_diagonal_and_cz_operations(
            first, last, unitary, clean_operations=False
        )
        turn = np.angle(diagonal[2, 2] / diagonal[0, 0])
        yield cirq.ZPowGate(exponent=turn / np.pi).on(first)
        yield gates
    else:
        first, last = qubits
        yield cirq.two_qubit_matrix_to_cz_operations(
            first, last, unitary, allow_partial_czs=False, clean_operations=False
        )


def _clifford_circuit(state: StabilizerState) -> "cirq.Circuit":
    import cirq

    gates = {  # of stim's graph_state synthesis; RX makes |+> of |0>
        "RX": cirq.H,
        "CZ": cirq.CZ,
        "H": cirq.H,
        "S": cirq.S,
        "X": cirq.X,
        "Y": cirq.Y,
        "Z": cirq.Z,
    }
    circuit = cirq.Circuit()
    for step in state.tableau.to_circuit("graph_state"):
        if step.name != "TICK":
            for group in step.target_groups():
                qubits = [cirq.LineQubit(target.value) for target in group]
                circuit.append(lookup(gates, step.name, "gate").on(*qubits))
    return circuit
