"""First moments: Pauli strings carried by Clifford gates and damped by random rotations."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from qnnbench.moments.channels import ANTICOMMUTES, PRODUCT
from qnnbench.moments.pauli_circuit import Clifford, Rotation

SimpleGate = Rotation | Clifford


@dataclass(frozen=True)
class Strings:
    """Weighted Pauli strings.

    Attributes:
        letters: Shape (n_sites, n_strings), int8, I X Y Z = 0 1 2 3.
        weights: Shape (n_strings,), float64.
    """

    letters: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.weights)

    def select(self, mask: np.ndarray) -> "Strings":
        """Return the strings where ``mask`` is true."""
        return Strings(self.letters[:, mask], self.weights[mask])


def average(gates: Iterable[SimpleGate], strings: Strings, cosines: np.ndarray) -> Strings:
    """Return E[U†PU] of every string: one string each, of damped weight.

    With E[sin φ] = 0 a string that anticommutes with a generator keeps E[cos φ] of its
    weight. A uniform angle leaves nothing.

    Args:
        gates: In Heisenberg order.
        strings: Start weights and letters.
        cosines: E[cos φ] of the angle of each symbol.
    """
    letters, weights = strings.letters.copy(), strings.weights.copy()
    for gate in gates:
        if not weights.any():
            break
        if isinstance(gate, Clifford):
            weights = weights * carry(gate, letters)
        else:
            weights = np.where(
                anticommuting(gate, letters), weights * cosines[gate.symbol], weights
            )
    return Strings(letters, weights)


def derivative_averages(
    gates: Iterable[SimpleGate], strings: Strings, cosines: np.ndarray
) -> Strings:
    """Return E[∂U†PU/∂φ_k] of one string for every symbol k, up to sign.

    The derivative of rotation k turns P, if it anticommutes, into iGP E[cos φ_k], which
    then moves like any string; weight zero elsewhere.

    Args:
        gates: In Heisenberg order.
        strings: Exactly one.
        cosines: E[cos φ] of the angle of each symbol.
    """
    n_symbols = len(cosines)
    letters = np.zeros((len(strings.letters), n_symbols + 1), dtype=np.int8)
    weights = np.zeros(n_symbols + 1)
    letters[:, -1], weights[-1] = strings.letters[:, 0], strings.weights[0]
    for gate in gates:
        if isinstance(gate, Clifford):
            carry(gate, letters)
            continue
        moved = anticommuting(gate, letters)
        weights[moved] *= cosines[gate.symbol]
        if moved[-1]:
            letters[:, gate.symbol], weights[gate.symbol] = letters[:, -1], weights[-1]
            sites = list(gate.sites)
            letters[sites, gate.symbol] = PRODUCT[gate.generator, letters[sites, -1]]
    return Strings(letters[:, :-1], weights[:-1])


def carry(gate: Clifford, letters: np.ndarray) -> np.ndarray:
    """Carry all columns of ``letters`` through ``gate`` in place; return their signs."""
    sites = list(gate.sites)
    powers = 4 ** np.arange(len(sites))[::-1]
    index = powers @ letters[sites].astype(int)
    image = np.asarray(gate.image)[index]
    letters[sites] = (image // powers[:, None]) % 4
    return np.asarray(gate.sign)[index]


def anticommuting(gate: Rotation, letters: np.ndarray) -> np.ndarray:
    """Return which columns of ``letters`` anticommute with the generator of ``gate``."""
    differs = [
        ANTICOMMUTES[g, letters[s]] for g, s in zip(gate.generator, gate.sites, strict=True)
    ]
    return np.logical_xor.reduce(differs)
