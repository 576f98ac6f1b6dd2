"""Matrix product states as real tensors over Pauli letters."""

from collections.abc import Sequence

import numpy as np

from qnnbench.circuits.pauli_transfer import PAULIS
from qnnbench.states.stacking import stack_states


def _hermitian_basis(bond: int) -> np.ndarray:
    """Return the unitary (bond², bond²) to a Hermitian basis of bond pairs; row 0 is |0><0|."""
    rows = []
    for x in range(bond):
        for y in range(x, bond):
            unit = np.zeros((bond, bond), dtype=complex)
            unit[x, y] = 1
            if x == y:
                rows.append(unit)
            else:
                rows += [(unit + unit.T) / np.sqrt(2), 1j * (unit - unit.T) / np.sqrt(2)]
    return np.array(rows).reshape(bond**2, bond**2)


def pauli_tensors(states: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Return the states' Pauli tensors, float64 (batch, n, X, 4, X) with X = bond²."""
    stacked = stack_states(states)
    n, batch, bond = stacked.shape[:3]
    basis = _hermitian_basis(bond)
    t = stacked.reshape(-1, bond, 2, bond)
    grown = np.einsum("nxsX,psq,nyqY->nxypXY", t.conj(), PAULIS, t, optimize=True)
    flat = grown.reshape(-1, bond**2, 4 * bond**2)
    moved = (basis.conj() @ flat).reshape(-1, 4, bond**2) @ basis.T
    return moved.real.reshape(n, batch, bond**2, 4, bond**2).swapaxes(0, 1)
