"""The quantum autoencoder: what comes back after compression, and the most that can."""

from collections.abc import Sequence
from dataclasses import dataclass

import cirq
import numpy as np

from qnnbench.circuits.program import Program
from qnnbench.states.mps import MPS


@dataclass(frozen=True)
class Compressed:
    """What compression to the first qubit keeps of one state.

    Attributes:
        fidelity: <ψ|reconstruction|ψ>.
        truncation_error: Squared weight cut while the state was evolved.
    """

    fidelity: float
    truncation_error: float


def reconstruction(
    encoder: cirq.Circuit | Program, params: np.ndarray, state: MPS, max_bond_dim: int = 64
) -> Compressed:
    """Return the fidelity of encode, reset the trash to |0…0>, decode by the inverse.

    With φ = Uψ, ρ the kept qubit's state and v = <0…0|φ> over the trash, the fidelity is
    <v|ρ|v>: the decoder never has to be run. Derived from Romero, Olson and
    Aspuru-Guzik, Quantum Sci. Technol. 2, 045001 (2017), Eq. (4).
    """
    encoded, lost = state.evolve(encoder, params, max_bond_dim)
    first, *rest = encoded.tensors
    amplitude = np.ones(1)
    for tensor in reversed(rest):
        amplitude = tensor[:, 0, :] @ amplitude
    kept = first[0] @ amplitude
    density = encoded.reduced_density_matrix([0])
    return Compressed(float(np.real(kept.conj() @ density @ kept)), lost)


def spectrum_ceiling(states: Sequence[MPS], weights: np.ndarray) -> float:
    """Return the largest population of a two-dimensional subspace: the compression ceiling.

    The ensemble's spectrum is that of its weighted Gram matrix √p_i <i|j> √p_j.
    """
    gram = np.array([[a.overlap(b) for b in states] for a in states])
    root = np.sqrt(weights / weights.sum())
    return float(np.linalg.eigvalsh(root[:, None] * gram * root)[-2:].sum())
