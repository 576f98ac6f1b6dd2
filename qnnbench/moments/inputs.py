"""Input states as vectors over Pauli strings: their means, and products of these."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cirq
import numpy as np

from qnnbench.moments.chain import Chain, combined, overlap, squared, two_copies
from qnnbench.moments.channels import Alphabet
from qnnbench.moments.pauli_circuit import CannotCompute
from qnnbench.moments.strings import Strings
from qnnbench.states.mps import InputState, Mixture
from qnnbench.states.stabilizer import StabilizerState

MAX_STATE_BOND_DIM = 4
MAX_SECOND_BOND_DIM = 528  # squares of means of two states of bond 4
EQUAL = 1e-12


@dataclass(frozen=True)
class Inputs:
    """One loss for each input state, or the difference of two of them.

    Attributes:
        states: None stands for |0…0>.
        is_contrast: Whether the loss is C(A) - C(B) of the two states.
    """

    states: tuple[InputState | None, ...] = (None,)
    is_contrast: bool = False

    @classmethod
    def checked(cls, state: Any, contrast: Any, n_sites: int) -> "Inputs":
        """Return the inputs that ``state`` or ``contrast`` ask for.

        Args:
            state: None, one state, or a list or tuple of these.
            contrast: Two of these (A, B); None for none.
            n_sites: Width of circuit and observable.

        Raises:
            TypeError: Something else.
            ValueError: Both are given, a contrast of other than two, no state, or a state
                of another width.
        """
        if contrast is not None and state is not None:
            raise ValueError("Got state and contrast. Give state, or contrast=(A, B).")
        asked = state if contrast is None else contrast
        given = tuple(asked) if isinstance(asked, list | tuple) else (asked,)
        if contrast is not None and len(given) != 2:
            raise ValueError(f"contrast must be two input states (A, B), got {len(given)} of them")
        if not given:
            raise ValueError("state is an empty sequence. Give at least one state, or None.")
        for one in given:
            if not isinstance(one, InputState | None):
                raise TypeError(
                    "An input state must be None for |0…0>, an MPS, a Mixture or a "
                    f"StabilizerState, got {type(one).__name__}"
                )
            if one is not None and one.n_qubits != n_sites:
                raise ValueError(
                    f"The state has {one.n_qubits} qubits, circuit and observable {n_sites}. Give "
                    "a state of this width, or let the circuit act on all qubits (cirq.I)."
                )
        return cls(given, contrast is not None)


def state_means(inputs: Inputs, n_sites: int) -> tuple[Chain, ...]:
    """Return the vector of all <P> for each input: a state, or a difference of two.

    Raises:
        CannotCompute: A state has no tensors, or bonds above 4.
    """
    if inputs.is_contrast:
        parts = [_means(one, n_sites) for one in inputs.states]
        difference = _shrunk(combined(parts, (1.0, -1.0)))
        sizes = [overlap(chain, chain)[1] / 2 for chain in (difference, *parts)]
        if sizes[0] < max(sizes[1:]) + np.log(EQUAL):  # what rounding leaves of equal states
            difference.tensors[0] = np.zeros_like(difference.tensors[0])
        return (difference,)
    return tuple(_means(one, n_sites) for one in inputs.states)


def _means(state: InputState | None, n_sites: int) -> Chain:
    """Return the vector of all <P> of a state; real, bond the square of the state's."""
    if state is None:
        return Chain([np.array([1.0, 0, 0, 1]).reshape(1, 4, 1)] * n_sites)
    if isinstance(state, Mixture):
        return _shrunk(combined([_means(m, n_sites) for m in state.states], state.weights))
    if isinstance(state, StabilizerState):
        raise CannotCompute(
            "The input state is a StabilizerState. Supported: None for |0…0>, matrix product "
            "states of small bond and mixtures of these. Sample instead."
        )
    if state.max_bond_dim > MAX_STATE_BOND_DIM:
        raise CannotCompute(
            f"The input state has bond dimension {state.max_bond_dim}; squared means need its "
            f"fourth power. Supported: up to {MAX_STATE_BOND_DIM}. Sample instead."
        )
    return Chain([_hermitian_transfer(tensor) for tensor in state.tensors])


def _shrunk(means: Chain) -> Chain:
    """Return a sum of states at the least bond that holds it.

    Raises:
        CannotCompute: That bond is above what one state may need twice.
    """
    limit = 2 * MAX_STATE_BOND_DIM**2
    means.compress(limit)
    if means.truncated:
        raise CannotCompute(
            f"The inputs together need bonds above {limit} for their means. Supported: sums of "
            f"a few states of bond up to {MAX_STATE_BOND_DIM}. Sample instead."
        )
    return means


def second_means(inputs: Sequence[Chain], alphabet: Alphabet) -> Chain:
    """Return <P>² or <P><Q> of all strings, averaged over the inputs, as one chain.

    Nothing but rounding errors is cut off: later passes would not see it.

    Raises:
        CannotCompute: That takes bonds above 528.
    """
    make = squared if alphabet is Alphabet.STRINGS else two_copies
    chain = combined([make(means) for means in inputs], [1 / len(inputs)] * len(inputs))
    if chain.bond_dim > 1:
        chain.compress(MAX_SECOND_BOND_DIM)
    if chain.truncated:
        raise CannotCompute(
            f"Products of means of the inputs need bonds above {MAX_SECOND_BOND_DIM}. Give fewer "
            "inputs or smaller bonds, or sample instead."
        )
    return chain


def expectations(strings: Strings, means: Chain) -> np.ndarray:
    """Return weight * <P> of every string, float64 (n_strings,)."""
    edge = strings.weights[:, None]
    for letters, tensor in zip(strings.letters, means.tensors, strict=True):
        edge = np.einsum("kl,lkr->kr", edge, tensor[:, letters])
    return np.exp(means.log) * edge[:, 0]


def _hermitian_transfer(tensor: np.ndarray) -> np.ndarray:
    """Return the map of bond operators for each letter, real in Hermitian bases."""
    paulis = np.array([cirq.unitary(gate) for gate in (cirq.I, cirq.X, cirq.Y, cirq.Z)])
    left, right = _hermitian_basis(tensor.shape[0]), _hermitian_basis(tensor.shape[2])
    # bra leg a, ket leg b: sum over conj(A)[a,s,c] P[s,t] A[b,t,d]
    return np.einsum(
        "xab,asc,pst,btd,ycd->xpy",
        left,
        tensor.conj(),
        paulis,
        tensor,
        right.conj(),
        optimize=True,
    ).real


def _hermitian_basis(dim: int) -> np.ndarray:
    """Return dim² orthonormal Hermitian matrices, shape (dim², dim, dim)."""
    basis = np.zeros((dim * dim, dim, dim), dtype=complex)
    k = 0
    for a in range(dim):
        basis[k, a, a] = 1
        k += 1
        for b in range(a):
            basis[k, [a, b], [b, a]] = np.sqrt(0.5)
            basis[k + 1, [a, b], [b, a]] = 1j * np.sqrt(0.5), -1j * np.sqrt(0.5)
            k += 2
    return basis
