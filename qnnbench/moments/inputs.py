"""Input states as vectors over Pauli strings: their means, and products of these."""

from collections.abc import Sequence
from typing import Any

import cirq
import numpy as np

from qnnbench.moments.chain import Chain, combined, overlap, squared, two_copies
from qnnbench.moments.channels import Alphabet
from qnnbench.moments.pauli_circuit import CannotCompute
from qnnbench.moments.strings import Strings
from qnnbench.states.mps import Mixture

MAX_STATE_BOND_DIM = 4
MAX_SECOND_BOND_DIM = 528  # squares of means of two states of bond 4
EQUAL = 1e-12
ONE = np.eye(4)[0]  # the letter I


def state_means(state: Any, contrast: Any, n_sites: int) -> tuple[Chain, ...]:
    """Return the vector of all <P> for each input: a state, or a difference of two.

    Args:
        state: None for |0…0>, one state, or a sequence of states.
        contrast: Two states (A, B) for the difference <P>_A - <P>_B; None for none.
        n_sites: Width of the circuit.

    Raises:
        CannotCompute: A state has no tensors, or bonds above 4.
        ValueError: The number of tensors is not ``n_sites``, the norm is not one, both
            ``state`` and ``contrast`` are given, or there is no state.
    """
    if contrast is not None:
        if state is not None:
            raise ValueError("Give either state or contrast=(A, B), not both.")
        if len(contrast) != 2:
            raise ValueError(f"contrast takes two states (A, B), got {len(contrast)}")
        parts = [_means(one, n_sites) for one in contrast]
        difference = _shrunk(combined(parts, (1.0, -1.0)))
        sizes = [overlap(chain, chain)[1] / 2 for chain in (difference, *parts)]
        if sizes[0] < max(sizes[1:]) + np.log(EQUAL):  # what rounding leaves of equal states
            difference.tensors[0] = np.zeros_like(difference.tensors[0])
        return (difference,)
    if isinstance(state, list | tuple):
        if not state:
            raise ValueError("state is an empty sequence. Give at least one state, or None.")
        return tuple(_means(one, n_sites) for one in state)
    return (_means(state, n_sites),)


def _means(state: Any, n_sites: int) -> Chain:
    """Return the vector of all <P> of a state; real, bond the square of the state's."""
    if state is None:
        return Chain([np.array([1.0, 0, 0, 1]).reshape(1, 4, 1)] * n_sites)
    if isinstance(state, Mixture):
        return _shrunk(combined([_means(m, n_sites) for m in state.states], state.weights))
    if not hasattr(state, "tensors"):
        raise CannotCompute(
            f"The input state is a {type(state).__name__}. Supported: None for |0…0>, matrix "
            "product states of small bond and mixtures of these. Sample instead."
        )
    tensors = [np.asarray(tensor, dtype=complex) for tensor in state.tensors]
    if len(tensors) != n_sites:
        raise ValueError(f"The state has {len(tensors)} sites, the circuit {n_sites} qubits.")
    bond_dim = max(tensor.shape[2] for tensor in tensors)
    if bond_dim > MAX_STATE_BOND_DIM:
        raise CannotCompute(
            f"The input state has bond dimension {bond_dim}; squared means need its fourth "
            f"power. Supported: up to {MAX_STATE_BOND_DIM}. Sample instead."
        )
    means = Chain([_hermitian_transfer(tensor) for tensor in tensors])
    norm = overlap(means, Chain([ONE.reshape(1, 4, 1)] * n_sites))
    if norm[0] <= 0 or abs(norm[1]) > 1e-8:
        raise ValueError("The input state does not have norm one. Normalise it.")
    return means


def _shrunk(means: Chain) -> Chain:
    """Return a sum of states at the least bond that holds it.

    Raises:
        CannotCompute: That bond is above what one state may need twice.
    """
    limit = 2 * MAX_STATE_BOND_DIM**2
    means.compress(limit)
    if means.truncated:
        raise CannotCompute(
            f"The inputs together need bonds above {limit} for their means. Supported: sums of "
            f"a few states of bond up to {MAX_STATE_BOND_DIM}. Sample instead."
        )
    return means


def second_means(inputs: Sequence[Chain], alphabet: Alphabet) -> Chain:
    """Return <P>² or <P><Q> of all strings, averaged over the inputs, as one chain.

    Nothing but rounding errors is cut off: later passes would not see it.

    Raises:
        CannotCompute: That takes bonds above 528.
    """
    make = squared if alphabet is Alphabet.STRINGS else two_copies
    chain = combined([make(means) for means in inputs], [1 / len(inputs)] * len(inputs))
    if chain.bond_dim > 1:
        chain.compress(MAX_SECOND_BOND_DIM)
    if chain.truncated:
        raise CannotCompute(
            f"Products of means of the inputs need bonds above {MAX_SECOND_BOND_DIM}. Give fewer "
            "inputs or smaller bonds, or sample instead."
        )
    return chain


def expectations(strings: Strings, means: Chain) -> np.ndarray:
    """Return weight * <P> of every string, float64 (n_strings,)."""
    edge = strings.weights[:, None]
    for letters, tensor in zip(strings.letters, means.tensors, strict=True):
        edge = np.einsum("kl,lkr->kr", edge, tensor[:, letters])
    return np.exp(means.log) * edge[:, 0]


def _hermitian_transfer(tensor: np.ndarray) -> np.ndarray:
    """Return the map of bond operators for each letter, real in Hermitian bases."""
    paulis = np.array([cirq.unitary(gate) for gate in (cirq.I, cirq.X, cirq.Y, cirq.Z)])
    left, right = _hermitian_basis(tensor.shape[0]), _hermitian_basis(tensor.shape[2])
    # bra leg a, ket leg b: sum over conj(A)[a,s,c] P[s,t] A[b,t,d]
    return np.einsum(
        "xab,asc,pst,btd,ycd->xpy",
        left,
        tensor.conj(),
        paulis,
        tensor,
        right.conj(),
        optimize=True,
    ).real


def _hermitian_basis(dim: int) -> np.ndarray:
    """Return dim² orthonormal Hermitian matrices, shape (dim², dim, dim)."""
    basis = np.zeros((dim * dim, dim, dim), dtype=complex)
    k = 0
    for a in range(dim):
        basis[k, a, a] = 1
        k += 1
        for b in range(a):
            basis[k, [a, b], [b, a]] = np.sqrt(0.5)
            basis[k + 1, [a, b], [b, a]] = 1j * np.sqrt(0.5), -1j * np.sqrt(0.5)
            k += 2
    return basis
