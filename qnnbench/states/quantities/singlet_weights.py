"""How many singlets two copies show: all that is left where the order of qubits is hidden.

A sample whose qubits stand in an unknown order, drawn anew for every sample and equal in
both copies, shows each singlet pattern as often as any other of its weight.
"""

import numpy as np

from qnnbench.states.mps import State
from qnnbench.states.quantities.singlets import swap_means


def weight_law(state: State, singlet: float = 1.0, triplet: float = 0.0) -> np.ndarray:
    """Return the probability of each number of ones among the bits of two copies.

    The mean of z^weight is that of a product over qubits, (1 - s + s z) on a singlet and
    (1 - t + t z) on a triplet; at the (n + 1)-th roots of unity it is the law's discrete
    Fourier transform.

    Args:
        state: The state of one copy.
        singlet: Chance s that a singlet is read as 1.
        triplet: Chance t that a triplet is read as 1.

    Returns:
        Float64 (n_qubits + 1,), weights 0 … n_qubits; rounding errors are near 1e-16.
    """
    n_qubits = state.n_qubits
    roots = np.exp(-2j * np.pi * np.arange(n_qubits + 1) / (n_qubits + 1))
    of_singlet, of_triplet = (1 - chance + chance * roots for chance in (singlet, triplet))
    shape = (n_qubits + 1, n_qubits)
    ones = np.broadcast_to((of_triplet + of_singlet)[:, None] / 2, shape)
    swaps = np.broadcast_to((of_triplet - of_singlet)[:, None] / 2, shape)
    return np.asarray(np.fft.ifft(swap_means(state, ones, swaps)).real)


def shuffled_optimum(a: State, b: State, singlet: float = 1.0, triplet: float = 0.0) -> float:
    """Return the best accuracy between two states from one pattern in hidden order, exactly.

    It is 1/2 + TV/2 of the two laws of weights, whatever the states' own symmetry.

    Args:
        a: State of class 0.
        b: State of class 1, as frequent.
        singlet: See ``weight_law``.
        triplet: See ``weight_law``.
    """
    laws = [weight_law(state, singlet, triplet) for state in (a, b)]
    return 0.5 + 0.25 * float(np.abs(laws[0] - laws[1]).sum())
