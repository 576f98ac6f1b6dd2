"""Facts of the two-state ensemble: chance and ceiling of its compression."""

from collections.abc import Iterator

import numpy as np

from qnnbench.states.certificates.any_family import entanglement, norms
from qnnbench.states.certificates.claims import ROUNDING, Row, claim, pure_members
from qnnbench.states.contraction import inner_product
from qnnbench.states.samples import Dataset


def _ensemble(dataset: Dataset) -> Iterator[Row]:
    """Scores of the two-state ensemble when qubit 0 is kept and nothing is done."""
    weights = dataset.details["weights"]
    pair = [member for _, member in pure_members(*dataset.states[:2])]
    empty = dict.fromkeys(range(1, dataset.n_qubits), np.diag([1.0, 0.0]))
    identity = sum(
        w * inner_product(s.tensors, s.tensors, empty).real
        for w, s in zip(weights, pair, strict=True)
    )
    fact, method = "score of the identity encoder", "Σ weight · <|0…0><0…0| on qubits 1 … n-1>"
    yield claim(fact, method, identity, 2 / 3, ROUNDING)
    roots = np.sqrt(weights)
    gram = np.array([[a.overlap(b) for b in pair] for a in pair]) * np.outer(roots, roots)
    optimum = float(np.sum(np.sort(np.linalg.eigvalsh(gram))[-2:]))
    method = "two largest eigenvalues of the weighted Gram matrix"
    yield claim("best score of one kept qubit", method, optimum, 1, ROUNDING)
    losses = [
        1 - abs(member.overlap(pair[i % 2])) ** 2
        for i, (_, member) in enumerate(pure_members(*dataset.states))
    ]
    yield claim("every split holds the same two states", "1 - fidelity", max(losses), 0, ROUNDING)


FACTS = (norms, _ensemble, entanglement)
