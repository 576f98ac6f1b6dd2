"""Distinct gates built alike: constant unitaries and diagonal phases in turn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qnnbench.circuits.affine import Affine
from qnnbench.circuits.gates import SpectralGate, matrix_on_pair
from qnnbench.circuits.operations import Element


@dataclass(frozen=True)
class Template:
    """Gates U = C_m D_m C_{m-1} … D_1 C_0 that differ only in the angles of their D.

    D_j = diag(exp(i ω_j t_j)) with t_j affine in the symbols. C_j leads from the
    eigenvectors of one spectral gate to those of the next; constant gates are part of it.

    Attributes:
        bases: C_0 … C_m, complex (m + 1, 4, 4).
        frequencies: ω_j, float (m, 4).
        gates: Ids of the k distinct gates, shape (k,).
        offsets: Float (k, m) radians.
        slopes: Float (k, m, width): up to ``width`` symbols in one angle.
        symbols: Index of the symbol behind each slope, (k, m, width).
    """

    bases: np.ndarray
    frequencies: np.ndarray
    gates: np.ndarray
    offsets: np.ndarray
    slopes: np.ndarray
    symbols: np.ndarray

    @classmethod
    def of(
        cls, elements: Sequence[Element], gates: Mapping[tuple[Affine, ...], int]
    ) -> "Template":
        """Return the template of a block's elements, for the gates with these angles."""
        bases, frequencies = [np.eye(4, dtype=complex)], []
        for gate, slots, _ in elements:
            if isinstance(gate, SpectralGate):
                vectors = matrix_on_pair(gate.vectors, slots)
                bases[-1] = vectors.conj().T @ bases[-1]
                bases.append(vectors)
                frequencies.append(np.diag(matrix_on_pair(np.diag(gate.frequencies), slots)))
            else:
                bases[-1] = matrix_on_pair(gate, slots) @ bases[-1]
        shape = (len(gates), len(frequencies))
        width = max((len(terms) for angles in gates for _, terms in angles), default=0)
        slopes, symbols = np.zeros((*shape, width)), np.zeros((*shape, width), dtype=int)
        for row, angles in enumerate(gates):
            for column, (_, terms) in enumerate(angles):
                for place, (symbol, slope) in enumerate(terms):
                    slopes[row, column, place], symbols[row, column, place] = slope, symbol
        return cls(
            np.array(bases),
            np.array(frequencies).reshape(-1, 4),
            np.array(list(gates.values())),
            np.array([[offset for offset, _ in angles] for angles in gates]).reshape(shape),
            slopes,
            symbols,
        )

    def unitaries(self, params: np.ndarray) -> np.ndarray:
        """Return complex unitaries, shape (k, 4, 4)."""
        last = self._partial_products(self._phases(params))[-1]
        return np.swapaxes(last @ self.bases[-1].T, 1, 2)

    def pull_back(self, params: np.ndarray, cotangents: np.ndarray, out: np.ndarray) -> None:
        """Add to ``out`` (n_symbols,) the gradient of a loss with Re Tr(W† dU) = d loss.

        With A_j = D_j C_{j-1} … C_0 and B_j = W† C_m D_m … C_j, the derivative by the
        angle of D_j is Re Tr(B_j iω_j A_j).
        """
        phases = self._phases(params)
        products = self._partial_products(phases)
        after = np.conj(np.swapaxes(cotangents, 1, 2))
        by_angle = np.empty(self.offsets.shape)
        for j in range(len(phases), 0, -1):
            after = _times(after, self.bases[j])
            diagonal = np.einsum("kia,kia->ka", after, products[j]).imag
            by_angle[:, j - 1] = -diagonal @ self.frequencies[j - 1]
            after = after * phases[j - 1]
        weights = self.slopes * by_angle[:, :, None]
        out += np.bincount(self.symbols.ravel(), weights.ravel(), len(out))

    def _phases(self, params: np.ndarray) -> np.ndarray:
        """Return the diagonals of D_1 … D_m, complex (m, k, 1, 4)."""
        angles = self.offsets + (self.slopes * params[self.symbols]).sum(axis=2)
        return np.exp(1j * angles.T[:, :, None, None] * self.frequencies[:, None, None, :])

    def _partial_products(self, phases: np.ndarray) -> list[np.ndarray]:
        """Return A_0 = 1, A_1 … A_m, each transposed: rows stay, columns are multiplied."""
        shape = (len(self.gates), 4, 4)
        products = [np.broadcast_to(np.eye(4, dtype=complex), shape)]
        for basis, phase in zip(self.bases, phases, strict=False):
            products.append(_times(products[-1], basis.T) * phase)
        return products


def _times(matrices: np.ndarray, constant: np.ndarray) -> np.ndarray:
    """Return ``matrices`` (k, 4, 4), each times one (4, 4), as a single product."""
    return (matrices.reshape(-1, 4) @ constant).reshape(matrices.shape)
