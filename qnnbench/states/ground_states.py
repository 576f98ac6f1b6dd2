"""Ground states of spin chains by DMRG, each with its energy, variance and what was cut."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qnnbench.states.contraction import inner_product
from qnnbench.states.exports import to_quimb
from qnnbench.states.mps import MPS, PAULIS
from qnnbench.states.quantities.pauli_sums import PauliWords

if TYPE_CHECKING:  # importing quimb costs 2 s: only DMRG needs it
    import quimb.tensor as qtn

_FIRST_BONDS = (4, 8, 16, 32, 64)  # limits of the first sweeps, where they are below the limit
_MAX_SWEEPS = 20  # met at criticality only
_TOLERANCE = 1e-7  # energy change between sweeps
_CUTOFF = 1e-14  # squared Schmidt weight that DMRG may drop per bond
_REAL = {**PAULIS, "Y": np.array([[0.0, 1.0], [-1.0, 0.0]])}  # iY: a pair of them is -YY


@dataclass(frozen=True)
class GroundState:
    """A ground state and how good it is.

    Attributes:
        state: Real, of bonds within the limit.
        energy: <H> of ``state``; above the lowest energy by at most variance / gap.
        energy_variance: <H²> - <H>² of ``state``; 0 for an eigenstate. Rounding leaves
            about 1e-14 energy² of it.
        truncation_error: Squared Schmidt weight, summed over bonds, that one more sweep
            with twice the bond limit puts above the limit.
    """

    state: MPS
    energy: float
    energy_variance: float
    truncation_error: float


def _placed(word: str, coefficient: float | Sequence[float] | np.ndarray, n: int) -> np.ndarray:
    """Return the coefficient of ``word`` starting at each of ``n`` sites, float64 (n,).

    Args:
        word: Pauli letters of neighbours, such as "ZXZ".
        coefficient: One for all places, or one per place, of which there are
            n - len(word) + 1: words that would stick out at the end do not occur.
        n: Number of qubits.

    Raises:
        ValueError: A letter other than I, X, Y, Z, or coefficients for other places.
    """
    if not word or set(word) - set(PAULIS):
        raise ValueError(f"a Pauli word consists of the letters I, X, Y and Z, got {word!r}")
    found, n_places = np.asarray(coefficient, dtype=float), max(n - len(word) + 1, 0)
    if found.shape not in ((), (n_places,)):
        raise ValueError(
            f"{word!r} has {n_places} places on {n} qubits; give one coefficient or one for "
            f"each place, got shape {found.shape}"
        )
    return np.append(np.broadcast_to(found, n_places), np.zeros(n - n_places))


def matrix_product_operator(n_qubits: int, words: PauliWords) -> list[np.ndarray]:
    """Return a sum of Pauli words as arrays (left, right, 2, 2), float64.

    Bond states: nothing yet; each rest of a word begun; done. The coefficient sits on a
    word's first letter, so that words share their rests.

    Raises:
        ValueError: A word with an odd number of Y, which is not real; a letter other than
            I, X, Y, Z; coefficients for other places than the word has.
    """
    odd = [word for word in words if word.count("Y") % 2]
    if odd:
        raise ValueError(f"ground states are real: {odd[0]!r} has an odd number of Y")
    factors = {word: _placed(word, number, n_qubits) for word, number in words.items()}
    rests = sorted({word[k:] for word in words for k in range(1, len(word))})
    index = {rest: k for k, rest in enumerate(rests, start=1)} | {"": len(rests) + 1}
    middle = np.zeros((n_qubits, len(index) + 1, len(index) + 1, 2, 2))
    middle[:, 0, 0] = middle[:, -1, -1] = PAULIS["I"]
    for rest in rests:
        middle[:, index[rest], index[rest[1:]]] = _REAL[rest[0]]
    for word, numbers in factors.items():
        sign = (-1) ** (word.count("Y") // 2)
        middle[:, 0, index[word[1:]]] += np.multiply.outer(sign * numbers, _REAL[word[0]])
    first, *inner, last = middle
    return [first[:1], *inner, last[:, -1:]]


def _energy_moments(state: MPS, mpo: Sequence[np.ndarray]) -> tuple[float, float]:
    """Return <H> and <H²> - <H>², the latter from the norm of H|state>."""
    image = []  # H|state>: operator and state bonds joined
    for tensor, operator in zip(state.tensors, mpo, strict=True):
        joined = np.tensordot(operator, tensor, (3, 1)).transpose(0, 3, 2, 1, 4)
        left, inner, _, right, outer = joined.shape
        image.append(joined.reshape(left * inner, 2, right * outer))
    energy = inner_product(state.tensors, image).real
    return energy, inner_product(image, image).real - energy**2


def _from_quimb(state: "qtn.MatrixProductState") -> MPS:
    state.permute_arrays("lpr")
    first, *middle, last = state.arrays
    return MPS.from_tensors([first[None], *middle, last[:, :, None]])


def ground_states(
    hamiltonians: Sequence[PauliWords], start: MPS, max_bond_dim: int
) -> list[GroundState]:
    """Return a ground state of each Hamiltonian, in order, by two-site DMRG (quimb).

    The first search starts from ``start``, each next one from what the last one found: no
    randomness. Where ground states are degenerate, up to an amount exponentially small in
    the width, the start decides which combination is found.

    Away from a transition bond 32 meets free-fermion energies of 100 qubits within 1e-8. At
    the transition of the cluster chain (-ΣZXZ - ΣX) the bond sets the error: 1.7e-6 at 64,
    6e-8 at 96, 6.4e-9 at 128 (a minute of CPU time); sweeps beyond the stop change these
    by less than 1e-8.

    Args:
        hamiltonians: Sums of Pauli words, sorted so that neighbours are close; at least
            3 qubits.
        start: A state that no symmetry keeps from the ground state, such as a product.
        max_bond_dim: Limit of the bonds.

    Raises:
        ValueError: See ``matrix_product_operator``.

    Source:
        White, Phys. Rev. Lett. 69, 2863 (1992); Gray, J. Open Source Softw. 3, 819 (2018).
    """
    import quimb.tensor as qtn

    found = []
    guess = to_quimb(start)
    bonds = [*(b for b in _FIRST_BONDS if start.max_bond_dim < b < max_bond_dim), max_bond_dim]
    for words in hamiltonians:
        mpo = matrix_product_operator(start.n_qubits, words)
        operator = qtn.MatrixProductOperator([mpo[0][0], *mpo[1:-1], mpo[-1][:, 0]], shape="lrud")
        search = qtn.DMRG2(operator, bond_dims=bonds, cutoffs=_CUTOFF, p0=guess)
        search.solve(tol=_TOLERANCE, max_sweeps=_MAX_SWEEPS, sweep_sequence="RL", verbosity=0)
        guess, bonds = search.state.copy(), [max_bond_dim]
        search.solve(bond_dims=2 * max_bond_dim, max_sweeps=1, verbosity=0)
        _, beyond = _from_quimb(search.state).truncated(max_bond_dim)
        state = _from_quimb(guess.copy())
        found.append(GroundState(state, *_energy_moments(state, mpo), beyond))
    return found
