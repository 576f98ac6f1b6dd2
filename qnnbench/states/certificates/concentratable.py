"""Facts of the entangled blocks: concentratable entanglement by two-copy contraction."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from qnnbench.states.certificates.any_family import (
    no_shared_coupling,
    no_shared_state,
    norms,
    pair_marginals,
    prepared,
)
from qnnbench.states.certificates.claims import (
    N_SPREAD,
    N_WINDOWS,
    Row,
    claim,
    evenly,
    exact_states,
    measured,
    pure_members,
)
from qnnbench.states.quantities.entanglement import bond_entropies, concentratable_entanglement
from qnnbench.states.samples import Dataset


def _entanglement(dataset: Dataset) -> Iterator[Row]:
    chosen = evenly(dataset, 2 * N_SPREAD)
    labels = dataset.labels[chosen]
    states = [state for _, state in pure_members(*(dataset.states[i] for i in chosen))]
    found = np.array([concentratable_entanglement(state) for state in states])
    worst = np.max(np.abs(found - dataset.targets[chosen]))
    method = f"largest deviation, two-copy contraction of {len(found)} states"
    yield claim("targets are concentratable entanglements", method, worst, 0, 1e-12)
    low, high = found[labels == 0].max(), found[labels == 1].min()
    fact, method = "label 1 is more entangled than label 0", "overlap of the two ranges"
    yield claim(fact, method, max(low - high, 0.0), 0, 0)
    yield measured("largest concentratable entanglement of class 0", "two copies", low)
    yield measured("least concentratable entanglement of class 1", "two copies", high)


def _dense_purity(length: int, phase: float) -> float:
    """Return the mean purity of a block over all sets, of its 2^length amplitudes."""
    bits = np.indices((2,) * length)
    state = np.exp(1j * phase * np.sum(bits[1:] * bits[:-1], axis=0)) / 2 ** (length / 2)
    total = 0.0
    for size in range(length + 1):
        for kept in combinations(range(length), size):
            rest = [k for k in range(length) if k not in kept]
            matrix = state.transpose(*kept, *rest).reshape(2**size, -1)
            total += np.sum(np.abs(matrix @ matrix.conj().T) ** 2)
    return float(total / 2**length)


def _blocks(dataset: Dataset) -> Iterator[Row]:
    """CE of independent blocks: 1 - CE is the product of theirs."""
    exact, gaps, cuts = exact_states(dataset), [], []
    for i in evenly(exact, N_WINDOWS):
        facts = exact.parameters[i]
        starts, length = facts["starts"], facts["block_length"]
        purity = _dense_purity(length, facts["phase"]) ** len(starts)
        gaps.append(abs(1 - purity - exact.targets[i]))
        ((_, state),) = pure_members(exact.states[i])
        inside = [s + k for s in starts for k in range(length - 1)]
        outside = np.setdiff1d(np.arange(dataset.n_qubits - 1), inside)
        cuts.append(np.max(bond_entropies(state)[outside], initial=0.0))
    method = f"largest deviation, all sets of one block's qubits, {len(gaps)} states"
    yield claim("targets are those of the blocks' phases", method, max(gaps), 0, 1e-12)
    method = f"largest entropy of a cut between blocks in bits, {len(cuts)} states"
    yield claim("blocks begin where they are said to", method, max(cuts), 0, 1e-9)


FACTS = (
    norms,
    _entanglement,
    _blocks,
    prepared,
    no_shared_coupling,
    no_shared_state,
    pair_marginals,
)
