"""Sums of Pauli words as sparse matrices: what ground states and energies are compared with."""

from functools import reduce

import numpy as np
import scipy.sparse as sparse

from qnnbench.states.mps import PAULIS


def dense_sum(n_qubits, words):
    """Return Σ coefficient · word at every place; a coefficient may be one per place."""
    total = sparse.csr_array((2**n_qubits, 2**n_qubits))
    for word, coefficient in words.items():
        n_places = n_qubits - len(word) + 1
        for start, factor in enumerate(np.broadcast_to(coefficient, n_places)):
            letters = "I" * start + word + "I" * (n_qubits - start - len(word))
            paulis = [sparse.csr_array(PAULIS[letter]) for letter in letters]
            total = total + factor * reduce(sparse.kron, paulis)
    return total
