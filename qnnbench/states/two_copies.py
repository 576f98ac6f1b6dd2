"""Two copies of a state side by side: what a network may measure jointly."""

import itertools

import numpy as np

from qnnbench.states.mps import MPS, InputState, Mixture
from qnnbench.states.stabilizer import StabilizerState


def two_copies(state: InputState) -> InputState:
    """Return ρ⊗ρ on 2n sites, interleaved: qubit k of copies 1 and 2 at sites 2k and 2k + 1.

    Gates that compare the copies of one qubit therefore meet neighbours. Reversing the
    copies of a mixture gives another member: gates across copies tell them apart.

    Returns:
        The same kind of state. An MPS of bonds χ_k gets χ_k² between qubits and
        χ_k χ_(k+1) inside them, real where ``state`` is; a mixture of m members gets m².

    Raises:
        ValueError: No state of this package.

    Source:
        Derived here: a product of two chains, the other copy's bond carried along.
    """
    if isinstance(state, StabilizerState):
        return _stabilizer_copies(state)
    if isinstance(state, MPS):
        return _interleaved(state, state)
    if not isinstance(state, Mixture):
        raise ValueError(
            f"two_copies takes MPS, Mixture or StabilizerState, got {type(state).__name__}"
        )
    pairs = list(itertools.product(state.members, repeat=2))
    return Mixture(
        tuple(v * w for (v, _), (w, _) in pairs),
        tuple(_interleaved(a, b) for (_, a), (_, b) in pairs),
    )


def _interleaved(first: MPS, second: MPS) -> MPS:
    tensors = []
    for a, b in zip(first.tensors, second.tensors, strict=True):
        before, after = np.eye(b.shape[0]), np.eye(a.shape[2])  # bonds of the other copy
        upper = np.einsum("asA,bB->absAB", a, before)
        lower = np.einsum("aA,btB->abtAB", after, b)
        tensors += [_merged(upper), _merged(lower)]
    return MPS(tuple(tensors))


def _merged(tensor: np.ndarray) -> np.ndarray:
    left, other_left, _, right, other_right = tensor.shape
    return tensor.reshape(left * other_left, 2, right * other_right)


def _stabilizer_copies(state: StabilizerState) -> StabilizerState:
    import stim

    simulator = stim.TableauSimulator()
    for copy in (0, 1):
        simulator.do_tableau(state.tableau, range(copy, 2 * state.n_qubits, 2))
    return StabilizerState(simulator.current_inverse_tableau().inverse())
