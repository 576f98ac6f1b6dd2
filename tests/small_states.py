"""Small states of every kind and the laws of their measurements, from dense vectors."""

import numpy as np

from qnnbench.states.mps import MPS, PAULIS, Mixture
from qnnbench.states.stabilizer import StabilizerState
from tests.circuits import random_mps

KINDS = ("complex", "real", "mixture", "stabilizer", "one outcome")


def kron(matrices):
    out = np.ones((1, 1))
    for matrix in matrices:
        out = np.kron(out, matrix)
    return out


def law(state, letters):
    """Return the probabilities of all outcomes from the eigenvectors of the letters."""
    turns = []
    for letter in letters:
        _, vectors = np.linalg.eigh(PAULIS[letter])
        turns.append(vectors[:, ::-1].conj().T)  # +1 first
    turned = [(w, kron(turns) @ member.state_vector()) for w, member in state.members]
    return sum(w * np.abs(vector) ** 2 for w, vector in turned)


def small_states(n_qubits):
    rng = np.random.default_rng(5)
    turns = [PAULIS["I"], (PAULIS["X"] + PAULIS["Z"]) / np.sqrt(2), np.diag([1, 1j])]
    ring = StabilizerState.graph(n_qubits, [(i, (i + 1) % n_qubits) for i in range(n_qubits)])
    return {
        "complex": random_mps(n_qubits, 4, rng),
        "real": random_mps(n_qubits, 3, rng, is_complex=False),
        "mixture": Mixture(
            (0.2, 0.5, 0.3), tuple(random_mps(n_qubits, bond, rng) for bond in (1, 2, 4))
        ),
        "stabilizer": ring.rotated([turns[i % 3] for i in range(n_qubits)]),
        "one outcome": MPS.product([np.eye(2)[i % 2] for i in range(n_qubits)]),
    }
