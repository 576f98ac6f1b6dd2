"""Facts of the bond-2 path: strings, energies and entropies in closed form."""

from collections.abc import Iterator

import numpy as np

from qnnbench.states.certificates.any_family import (
    entanglement,
    no_shared_coupling,
    no_shared_state,
    norms,
    pair_marginals,
    prepared,
)
from qnnbench.states.certificates.claims import (
    N_STRINGS,
    ROUNDING,
    Row,
    claim,
    evenly,
    spread,
)
from qnnbench.states.quantities.entanglement import bond_entropies
from qnnbench.states.quantities.pauli_sums import energy_moments
from qnnbench.states.samples import Dataset


def _strings(n_qubits: int) -> tuple[dict[int, str], dict[int, str]]:
    """Return the strings ZYX…XYZ and X…X over the middle half of the chain."""
    first, last = n_qubits // 4, n_qubits - 1 - n_qubits // 4
    trivial = dict.fromkeys(range(first, last + 1), "X")
    ends = {first - 1: "Z", first: "Y", last: "Y", last + 1: "Z"}
    return {**trivial, **ends}, trivial


def _string_order(dataset: Dataset) -> Iterator[Row]:
    """Both strings have closed forms of any length: 4|g|/(1+|g|)² in one phase, 0 in the other.

    Derived from the weights w of ``spt_path``: flipping a block of bits replaces w² by w(b, b')
    w(b, 1-b') at each end, whose sum is 2cs, or 0 where the signs cancel.
    """
    strings = _strings(dataset.n_qubits)
    chosen = evenly(dataset, N_STRINGS)
    found = np.array([[dataset.states[i].expectation(s) for s in strings] for i in chosen])
    g = np.abs(dataset.couplings[chosen])
    expected = np.zeros_like(found)
    expected[np.arange(len(found)), dataset.labels[chosen]] = 4 * g / (1 + g) ** 2
    worst = np.max(np.abs(found - expected))
    fact = "string orders are 4|g|/(1+|g|)² in their own phase and 0 in the other"
    yield claim(
        fact, f"largest deviation over {len(found)} states, both strings", worst, 0, ROUNDING
    )


def _energy(dataset: Dataset) -> Iterator[Row]:
    """Every bulk term of H(g) is at its minimum -2(1+g²), so the state is a ground state."""
    energies, variances = [], []
    for g, state in spread(dataset)[::3]:
        words = {"ZZI": g * g - 1, "IZZ": g * g - 1, "IXI": -((1 + g) ** 2), "ZXZ": (g - 1) ** 2}
        energy, variance = energy_moments(state, words)
        energies.append(energy / (dataset.n_qubits - 2) + 2 * (1 + g * g))
        variances.append(variance / dataset.n_qubits)
    method = f"largest deviation over {len(energies)} couplings, H(g) as Pauli words"
    worst = max(map(abs, energies))
    yield claim("energy per bulk term is -2(1+g²)", method, worst, 0, ROUNDING)
    yield claim("energy variance per qubit vanishes", method, max(variances), 0, 1e-9)


def _entropy(dataset: Dataset) -> Iterator[Row]:
    """Every cut has Schmidt weights (1±r)/2, r = 2√g/(1+g) for g > 0 and 0 for g < 0."""
    worst = 0.0
    for g, state in spread(dataset):
        r = 2 * np.sqrt(g) / (1 + g) if g > 0 else 0.0
        weights = np.array([p for p in ((1 + r) / 2, (1 - r) / 2) if p > 0])
        expected = -np.sum(weights * np.log2(weights))
        worst = max(worst, float(np.max(np.abs(bond_entropies(state) - expected))))
    fact = "entropy of every cut is that of (1±r)/2, r = 2√g/(1+g) or 0"
    yield claim(fact, "largest deviation in bits over twelve states", worst, 0, 1e-7)


FACTS = (
    norms,
    _string_order,
    _energy,
    _entropy,
    prepared,
    no_shared_coupling,
    no_shared_state,
    pair_marginals,
    entanglement,
)
