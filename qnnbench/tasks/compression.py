"""The quantum autoencoder: what comes back after compression, and the most that can."""

from collections.abc import Sequence
from dataclasses import dataclass

import cirq
import numpy as np

from qnnbench.backends import BackendCannot, tree
from qnnbench.backends.protocol import Query
from qnnbench.circuits.program import Program
from qnnbench.states.contraction import transfer
from qnnbench.states.mps import MPS
from qnnbench.states.stacking import stack_states

TREE_BATCH = 16  # states at once: what a tree keeps of each is megabytes


@dataclass(frozen=True)
class Compressed:
    """What compression to the first qubits keeps of one state.

    Attributes:
        fidelity: <ψ|reconstruction|ψ>.
        truncation_error: Squared weight cut while the state was evolved.
    """

    fidelity: float
    truncation_error: float


def reconstruction(
    encoder: cirq.Circuit | Program,
    params: np.ndarray,
    state: MPS,
    max_bond_dim: int = 64,
    n_kept: int = 1,
) -> Compressed:
    """Return the fidelity of encode, reset the trash to |0…0>, decode by the inverse.

    Args:
        encoder: U, on the qubits of ``state``.
        params: Its angles in radians, (n_symbols,).
        state: What is compressed, ψ.
        max_bond_dim: Bonds of Uψ above it are cut.
        n_kept: How many qubits are kept, the first ones; the others are trash.

    Raises:
        ValueError: As ``MPS.evolve`` and :func:`kept_fidelity`.
    """
    encoded, lost = state.evolve(encoder, params, max_bond_dim)
    return Compressed(kept_fidelity(encoded, n_kept), lost)


def reconstructions(
    encoder: Program,
    params: np.ndarray,
    states: Sequence[MPS],
    max_bond_dim: int = 64,
    n_kept: int = 1,
) -> list[Compressed]:
    """Return :func:`reconstruction` of each state, exactly where the encoder is a tree.

    On a tree whose root keeps the first qubits no state is evolved and no bond is cut.
    """
    found: list[Compressed] = []
    try:
        for start in range(0, len(states), TREE_BATCH):
            query = Query(encoder, (), tuple(states[start : start + TREE_BATCH]))
            fidelities = tree.kept_fidelities(query, params, n_kept)
            found += [Compressed(float(fidelity), 0.0) for fidelity in fidelities]
    except BackendCannot:
        return [reconstruction(encoder, params, s, max_bond_dim, n_kept) for s in states]
    return found


def kept_fidelity(encoded: MPS, n_kept: int = 1) -> float:
    """Return the fidelity of an encoded state with itself after its trash is reset.

    With φ the encoded state, ρ the kept qubits' state and v = <0…0|φ> over the trash, it
    is <v|ρ|v>: the decoder never has to be run. <v|ρ|v> is the squared norm of <v|φ>, a
    state of the trash, so that no array grows with 2^n_kept: cost n χ³.

    Args:
        encoded: φ; the first ``n_kept`` qubits are kept.
        n_kept: 1 to n_qubits - 1.

    Raises:
        ValueError: ``n_kept`` out of range.

    Source:
        Derived from Romero, Olson and Aspuru-Guzik, Quantum Sci. Technol. 2, 045001
        (2017), Eq. (4).
    """
    if not 1 <= n_kept < encoded.n_qubits:
        raise ValueError(f"n_kept must be 1 to {encoded.n_qubits - 1}, got {n_kept!r}")
    kept = np.ones((1, 1))  # overlaps of the kept side's bond states, [bra, ket]
    for tensor in encoded.tensors[:n_kept]:
        kept = transfer(kept, tensor, tensor)
    trash, amplitude = np.ones((1, 1)), np.ones(1)  # the same of the trash; <0…0| on them
    for tensor in reversed(encoded.tensors[n_kept:]):
        mirrored = tensor.transpose(2, 1, 0)
        trash = transfer(trash, mirrored, mirrored)
        amplitude = tensor[:, 0, :] @ amplitude
    left = amplitude.conj() @ kept  # <v|φ>, in the bond states of the trash
    return float(np.real(left.conj() @ trash @ left))


def spectrum_ceiling(states: Sequence[MPS], weights: np.ndarray, n_kept: int = 1) -> float:
    """Return the largest population of a subspace of ``n_kept`` qubits: the ceiling.

    No encoder followed by this reset brings back more: F_i <= |v_i|², whose mean is the
    population of a 2^n_kept-dimensional subspace. The ensemble's spectrum is that of its
    weighted Gram matrix √p_i <i|j> √p_j.

    Args:
        states: The ensemble.
        weights: Of any sum, (n_states,).
        n_kept: Qubits that are kept.
    """
    n_largest = 2**n_kept
    if n_largest >= len(states):
        return 1.0
    root = np.sqrt(weights / weights.sum())
    spectrum = np.linalg.eigvalsh(root[:, None] * _gram(states) * root)
    return min(float(spectrum[-n_largest:].sum()), 1.0)


def _gram(states: Sequence[MPS]) -> np.ndarray:
    """Return <i|j>, complex (n_states, n_states): each state against all later ones at once."""
    sites = stack_states([state.tensors for state in states])
    bond = sites.shape[2]
    gram = np.empty((len(states), len(states)), dtype=complex)
    for i in range(len(states)):
        overlaps = np.zeros((len(states) - i, bond, bond))  # [later state, bra bond, ket bond]
        overlaps[:, 0, 0] = 1
        for stack in sites:
            met = np.tensordot(overlaps, stack[i].conj(), ([1], [0])).transpose(0, 3, 1, 2)
            kets = stack[i:].reshape(-1, 2 * bond, bond)
            overlaps = met.reshape(-1, bond, 2 * bond) @ kets
        gram[i, i:] = overlaps[:, 0, 0]
        gram[i:, i] = gram[i, i:].conj()
    return gram
