"""Projections of the qubits that a tree leaves: amplitudes, which need no map.

A stretch whose finished qubits are all projected on basis states is a vector of amplitudes
between its outer bonds, V[b, k, x, y] with k the qubits that go on. Bonds are not squared:
a merge costs 2^l 2^r bond³.
"""

from collections.abc import Mapping

import numpy as np

from qnnbench.backends.tree.cells import Cells, Key
from qnnbench.backends.tree.plan import Sites, Stretch
from qnnbench.backends.tree.superoperators import idle_environments


class Projection:
    """A forward pass with qubits projected on basis states, and the way back.

    Args:
        tops: The tree.
        cells: Its cells at given gates.
        tensors: Per site the states' tensors, (batch, left, 2, right).
        bits: Site to 0 or 1. Qubits without a bit finish in ``tops``.
    """

    def __init__(
        self,
        tops: tuple[Stretch, ...],
        cells: Cells,
        tensors: list[np.ndarray],
        bits: Mapping[int, int],
    ) -> None:
        self._tops, self._cells, self._bits = tops, cells, bits
        self._stretches = [s for top in tops for s in top.inside]
        self._vectors: dict[Stretch, np.ndarray] = {}
        for stretch in self._stretches:
            if stretch.children:
                joint = self._joint(stretch)
                rows = cells.unitary(stretch)[self._rows(stretch)]
                grown = rows @ joint.reshape(len(joint), joint.shape[1], -1)
                self._vectors[stretch] = grown.reshape(len(joint), len(rows), *joint.shape[2:])
            else:
                site = tensors[stretch.start].transpose(0, 2, 1, 3)
                self._vectors[stretch] = site[:, self._rows(stretch)]
        chain = [self.vector(top).transpose(0, 2, 1, 3) for top in tops]
        self._left, self._right = idle_environments(chain)

    @property
    def probabilities(self) -> np.ndarray:
        """Probability of the bits, float64 (batch,)."""
        return self._left[-1][:, 0, 0].real

    def vector(self, top: Stretch) -> np.ndarray:
        """Return the amplitudes (batch, 2^f, x, y) of a top with f qubits not projected."""
        return self._vectors[top]

    def _rows(self, stretch: Stretch) -> np.ndarray:
        """Return the basis states of ``stretch.qubits`` that agree with the bits."""
        k = len(stretch.qubits)
        rows = np.arange(2**k)
        for place, site in enumerate(stretch.qubits):
            if site in self._bits and site not in stretch.kept:
                rows = rows[(rows >> (k - 1 - place)) & 1 == self._bits[site]]
        return rows

    def _joint(self, stretch: Stretch) -> np.ndarray:
        """Return both children's amplitudes side by side, (batch, 2^k, x, y)."""
        first, second = (self._vectors[child] for child in stretch.children)
        joint = first[:, :, None] @ second[:, None]
        return joint.reshape(len(joint), -1, *joint.shape[3:])

    def pull_back(self, bar: np.ndarray) -> np.ndarray:
        """Return W (n_gates, 4, 4) with Re Tr(W† dU) = Σ bar d probabilities.

        Args:
            bar: Float64 (batch,).
        """
        bars: dict[Stretch, np.ndarray] = {}
        cells: dict[Key, np.ndarray] = {}
        for place, top in enumerate(self._tops):
            closed = self._left[place][:, None] @ self.vector(top)
            closed = closed @ self._right[place + 1].swapaxes(1, 2)[:, None]
            bars[top] = 2 * bar[:, None, None, None] * closed
        for stretch in reversed(self._stretches):
            if stretch.children:
                self._fall(stretch, bars, cells)
        return self._cells.pull_back(cells)

    def _fall(
        self, stretch: Stretch, bars: dict[Stretch, np.ndarray], cells: dict[Key, np.ndarray]
    ) -> None:
        bar, joint = bars.pop(stretch), self._joint(stretch)
        rows, unitary = self._rows(stretch), self._cells.unitary(stretch)
        unitary_bar = np.zeros_like(unitary)
        unitary_bar[rows] = np.einsum("brxy,bcxy->rc", bar, joint.conj(), optimize=True)
        self._cells.add(cells, stretch, unitary_bar)
        down = unitary[rows].conj().T @ bar.reshape(len(bar), len(rows), -1)
        first, second = (self._vectors[child] for child in stretch.children)
        down = down.reshape(len(bar), first.shape[1], second.shape[1], *bar.shape[2:])
        bars[stretch.children[0]] = (down @ second.conj().swapaxes(2, 3)[:, None]).sum(axis=2)
        first_dagger = first.conj().swapaxes(2, 3)[:, :, None]
        bars[stretch.children[1]] = (first_dagger @ down).sum(axis=1)


def unprojected(tops: tuple[Stretch, ...], bits: Mapping[int, int]) -> Sites:
    """Return qubits that finish below the tops and have no bit: they make a state mixed."""
    inside = (s for top in tops for s in top.inside if s is not top)
    return tuple(site for s in inside for site in s.finished if site not in bits)
