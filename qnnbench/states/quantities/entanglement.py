"""Entanglement of a matrix product state: cut entropies and concentratable entanglement."""

import numpy as np

from qnnbench.states.chain import Chain
from qnnbench.states.mps import MPS

MAX_TWO_COPY_BOND = 32  # χ⁴ numbers of two copies: 16 MB at 32, in complex128


def bond_entropies(state: MPS) -> np.ndarray:
    """Return the entanglement entropy of every cut of the chain, in bits.

    Returns:
        Float64 array of shape (n_qubits - 1,): entry i is the von Neumann entropy of
        qubits 0 … i, between 0 and log2 of the bond dimension.
    """
    chain = Chain(state.tensors, state.max_bond_dim)
    entropies = np.zeros(state.n_qubits - 1)
    for site in range(state.n_qubits - 1):
        chain.move(site)
        tensor = chain.tensors[site]
        values = np.linalg.svd(tensor.reshape(-1, tensor.shape[2]), compute_uv=False)
        probabilities = values[values > 0] ** 2
        entropies[site] = -np.sum(probabilities * np.log2(probabilities))
    return np.maximum(entropies, 0.0)


def mean_subsystem_purity(state: MPS) -> float:
    """Return 2^-n Σ_S Tr ρ_S² over all 2^n sets S of qubits, to full relative precision.

    Tr ρ_S² is the mean of SWAP on S in two copies of the state, so the average over S is
    the mean of Π_j (1 + SWAP_j)/2: a product over sites, contracted site by site and leg
    by leg. Time n χ⁵, memory χ⁴.

    Raises:
        ValueError: A bond above 32.

    Source:
        Derived above; concentratable entanglement is 1 minus it: Beckey, Gigena, Coles and
        Cerezo, Phys. Rev. Lett. 127, 140501 (2021), Definition 1.
    """
    if state.max_bond_dim > MAX_TWO_COPY_BOND:
        raise ValueError(
            f"two copies of bond {state.max_bond_dim} do not fit; the limit is "
            f"{MAX_TWO_COPY_BOND}, MPS.truncated cuts bonds"
        )
    copies = np.ones((1, 1, 1, 1))  # [ket 1, ket 2, bra 1, bra 2]
    for tensor in state.tensors:
        bra = tensor.conj()
        one_ket = np.tensordot(copies, tensor, ([0], [0]))  # [ket2, bra1, bra2, s, ket1']
        kets = np.tensordot(one_ket, tensor, ([0], [0]))  # [bra1, bra2, s, ket1', t, ket2']
        kets = (kets + kets.swapaxes(2, 4)) / 2
        one_bra = np.tensordot(kets, bra, ([0, 2], [0, 1]))  # [bra2, ket1', t, ket2', bra1']
        copies = np.tensordot(one_bra, bra, ([0, 2], [0, 1]))
    return float(copies[0, 0, 0, 0].real)


def concentratable_entanglement(state: MPS) -> float:
    """Return CE = 1 - 2^-n Σ_S Tr ρ_S²: 0 for product states, below 1 always.

    Raises:
        ValueError: A bond above 32.
    """
    return 1.0 - mean_subsystem_purity(state)
