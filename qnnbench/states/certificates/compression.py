"""Facts of compression ensembles: their spectra, bonds and known decoders."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from qnnbench.states.certificates.any_family import no_shared_state, norms, prepared
from qnnbench.states.certificates.claims import ROUNDING, Row, claim, measured, pure_members
from qnnbench.states.contraction import inner_product
from qnnbench.states.mps import MPS
from qnnbench.states.quantities.entanglement import bond_entropies
from qnnbench.states.samples import SPLITS, Dataset

N_STATES = 24  # whose overlaps are taken where the samples are many


def _spectrum(states: list[MPS], weights: np.ndarray) -> np.ndarray:
    """Return the ensemble's eigenvalues, largest first: those of its weighted Gram matrix."""
    gram = np.array([[inner_product(a.tensors, b.tensors) for b in states] for a in states])
    roots = np.sqrt(weights)
    return np.linalg.eigvalsh(roots[:, None] * gram * roots)[::-1]


def _members(dataset: Dataset) -> Iterator[Row]:
    """Facts of a weighted ensemble that every split holds whole."""
    weights = np.array(dataset.details["weights"])
    states = [state for _, state in pure_members(*dataset.states)]
    members = states[: len(weights)]
    losses = [
        1 - abs(s.overlap(members[k])) ** 2 for s, k in zip(states, dataset.labels, strict=True)
    ]
    yield claim("every split holds the same states", "1 - fidelity", max(losses), 0, ROUNDING)
    spectrum = _spectrum(members, weights)
    method = "eigenvalues of the weighted Gram matrix"
    yield claim("weights are probabilities", method, float(spectrum.sum()), 1, ROUNDING)
    rank = int(np.sum(spectrum > ROUNDING))
    yield claim("the rank is the number of members", method, rank, len(weights), 0)
    for n_kept in range(1, int(np.ceil(np.log2(len(weights))))):
        fact = f"best fidelity with {n_kept} kept qubits"
        yield measured(fact, method, float(spectrum[: 2**n_kept].sum()))
    excess = max(np.max(bond_entropies(s)) for s in members)
    fact, method = "cuts hold at most log2(bond_dim) bits", "largest entropy in bits, SVD"
    allowed = np.log2(dataset.details["options"]["bond_dim"])
    yield claim(fact, f"{method}, less the limit", max(excess - allowed, 0.0), 0, 1e-9)


def _hidden(dataset: Dataset) -> Iterator[Row]:
    """Facts of a hidden subspace: its dimension, and the decoder that frees the other qubits."""
    states = [state for _, state in pure_members(*dataset.states[:N_STATES])]
    size = 2 ** dataset.details["options"]["n_hidden"]
    spectrum = _spectrum(states, np.full(len(states), 1 / len(states)))
    method = f"Σ of the {size} largest eigenvalues, Gram matrix of {len(states)} states"
    fact = "the samples lie in a subspace of the hidden qubits"
    yield claim(fact, method, float(spectrum[:size].sum()), 1, ROUNDING)
    yield measured("smallest eigenvalue of the subspace", method, float(spectrum[size - 1]))
    angles = np.array(dataset.details["angles"])
    empty = dict.fromkeys(range(size.bit_length() - 1, dataset.n_qubits), np.diag([1.0, 0.0]))
    decoded = [_decoded(state, angles) for state in states[: len(SPLITS)]]
    losses = [1 - inner_product(s.tensors, s.tensors, empty).real for s in decoded]
    method = f"largest 1 - population of |0…0>, {len(losses)} states"
    yield claim("the inverse circuit brings the trash to |0…0>", method, max(losses), 0, ROUNDING)


def _decoded(state: MPS, angles: np.ndarray) -> MPS:
    """Undo the layers, last first: CZ on the layer's neighbours, then RY by minus the angles."""
    import cirq

    qubits = cirq.LineQubit.range(state.n_qubits)
    decoder = cirq.Circuit()
    for layer in reversed(range(len(angles))):
        decoder += [cirq.CZ(a, b) for a, b in pairwise(qubits) if (a.x - layer) % 2 == 0]
        decoder += [cirq.ry(-angle).on(q) for angle, q in zip(angles[layer], qubits, strict=True)]
    return state.evolve(decoder, ())[0]


LOW_BOND_FACTS = (norms, _members)
SUBSPACE_FACTS = (norms, _hidden, prepared, no_shared_state)
