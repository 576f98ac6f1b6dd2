"""The blocks of a cell as one unitary, and what it makes of Pauli letters.

A cell acts on the k qubits that two stretches keep; k is at most six. Equal cells are
computed once.
"""

from functools import lru_cache

import numpy as np

from qnnbench.backends.tree.plan import Placed, Sites, Stretch
from qnnbench.circuits.pauli_transfer import PAULIS

Key = tuple[int, tuple[Placed, ...]]


def applied(amplitudes: np.ndarray, unitary: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Return ``amplitudes`` after a two-qubit unitary (4, 4) on two ``axes`` of length 2."""
    moved = np.tensordot(unitary.reshape(2, 2, 2, 2), amplitudes, ((2, 3), axes))
    return np.moveaxis(moved, (0, 1), axes)


def unapplied(
    ket: np.ndarray, ket_bar: np.ndarray, unitary: np.ndarray, axes: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return amplitudes and their cotangent before a unitary, and the unitary's own W.

    Cotangents are complex: a change d has the slope Re Σ cotangent* d.
    """
    dagger = unitary.conj().T
    before = applied(ket, dagger, axes)
    rest = tuple(axis for axis in range(ket.ndim) if axis not in axes)
    both = np.tensordot(ket_bar, before.conj(), (rest, rest))
    return before, applied(ket_bar, dagger, axes), both.reshape(4, 4)


@lru_cache(maxsize=8)
def strings(n_qubits: int) -> np.ndarray:
    """Return all Pauli strings, complex (4^m, 2^m, 2^m), the first qubit the high digit."""
    out = np.ones((1, 1, 1), dtype=complex)
    for _ in range(n_qubits):
        size = 2 * out.shape[1]
        out = np.einsum("pac,qbd->pqabcd", out, PAULIS).reshape(-1, size, size)
    out.setflags(write=False)
    return out


def _coefficients(operators: np.ndarray, n_qubits: int) -> np.ndarray:
    """Return tr(P O) / 2^k of Hermitian operators (m, 2^k, 2^k), float64 (m, 4^k)."""
    out = operators.reshape(len(operators), *(2,) * (2 * n_qubits))
    for qubit in range(n_qubits):  # axes: m, letters so far, rows left, columns left
        rows, columns = 1 + qubit, 1 + n_qubits
        out = np.tensordot(out, PAULIS / 2, ((rows, columns), (2, 1)))
        out = np.moveaxis(out, -1, rows)
    return out.reshape(len(operators), -1).real


def _operators(coefficients: np.ndarray, n_qubits: int) -> np.ndarray:
    """Return Σ c_P P of coefficients (m, 4^k), complex (m, 2^k, 2^k)."""
    out = coefficients.reshape(len(coefficients), *(4,) * n_qubits)
    for _ in range(n_qubits):  # the first letter left becomes a row and a column at the end
        out = np.tensordot(out, PAULIS, (1, 0))
    rows = range(1, 2 * n_qubits, 2)
    out = out.transpose(0, *rows, *(axis + 1 for axis in rows))
    return out.reshape(len(coefficients), 2**n_qubits, -1)


class Cells:
    """The cells of a tree at given gates.

    Args:
        unitaries: Distinct gates, complex (n_gates, 4, 4).
    """

    def __init__(self, unitaries: np.ndarray) -> None:
        self._gates = unitaries
        self._unitaries: dict[Key, np.ndarray] = {}
        self._letters: dict[tuple[Key, Sites], np.ndarray] = {}

    def unitary(self, cell: Stretch) -> np.ndarray:
        """Return all blocks of ``cell`` as one unitary, (2^k, 2^k)."""
        key = _key(cell)
        if key not in self._unitaries:
            size = 2 ** len(cell.qubits)
            grown = np.eye(size, dtype=complex).reshape(*(2,) * len(cell.qubits), size)
            for gate, places in cell.blocks:
                grown = applied(grown, self._gates[gate], places)
            self._unitaries[key] = grown.reshape(size, size)
        return self._unitaries[key]

    def letters(self, cell: Stretch, sites: Sites) -> np.ndarray:
        """Return what the letters of ``sites`` after a cell are of those before it.

        Returns:
            Float64 (4^m, 4^l, 4^r) for m sites and children that keep l and r qubits.
        """
        key = _key(cell), cell.places(sites)
        left, right = (4 ** len(child.kept) for child in cell.children)
        if key not in self._letters:
            unitary = self.unitary(cell)
            before = unitary.conj().T @ self._turned(cell, sites, unitary)
            self._letters[key] = _coefficients(before, len(cell.qubits))
        return self._letters[key].reshape(-1, left, right)

    def letters_pull_back(self, cell: Stretch, sites: Sites, bar: np.ndarray) -> np.ndarray:
        """Return W of a cell's unitary for a cotangent of its letters, 2^(1-k) Σ P U M.

        From d tr(P_b U†P_aU) = 2 Re tr(P_b U†P_a dU), with M_a = Σ_b bar[a, b] P_b.
        """
        n_qubits = len(cell.qubits)
        mixed = _operators(bar.reshape(len(bar), -1), n_qubits)
        acted = self._turned(cell, sites, self.unitary(cell)) @ mixed
        return acted.sum(axis=0) * 2.0 ** (1 - n_qubits)

    def pull_back(self, bars: dict[Key, np.ndarray]) -> np.ndarray:
        """Return W (n_gates, 4, 4) of the distinct gates for those of the cells."""
        out = np.zeros_like(self._gates)
        for key, bar in bars.items():
            n_qubits, blocks = key
            shape = (*(2,) * n_qubits, 2**n_qubits)
            ket, ket_bar = self._unitaries[key].reshape(shape), bar.reshape(shape)
            for gate, places in reversed(blocks):
                ket, ket_bar, both = unapplied(ket, ket_bar, self._gates[gate], places)
                out[gate] += both
        return out

    @staticmethod
    def add(bars: dict[Key, np.ndarray], cell: Stretch, bar: np.ndarray) -> None:
        """Add the cotangent W of a cell's unitary to those of equal cells."""
        key = _key(cell)
        bars[key] = bars[key] + bar if key in bars else bar

    def _turned(self, cell: Stretch, sites: Sites, unitary: np.ndarray) -> np.ndarray:
        """Return P U for every string P on ``sites``, (4^m, 2^k, 2^k)."""
        places = cell.places(sites)
        size, front = len(unitary), tuple(range(len(places)))
        opened = unitary.reshape(*(2,) * len(cell.qubits), size)
        moved = np.moveaxis(opened, places, front)
        acted = np.tensordot(strings(len(places)), moved.reshape(2 ** len(places), -1), 1)
        acted = np.moveaxis(
            acted.reshape(-1, *moved.shape),
            tuple(f + 1 for f in front),
            tuple(p + 1 for p in places),
        )
        return acted.reshape(-1, size, size)


def _key(cell: Stretch) -> Key:
    return len(cell.qubits), cell.blocks
