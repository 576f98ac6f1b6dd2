"""Measurement records of states at any width: shots in a Pauli basis of every qubit.

A basis is one letter per qubit; bit 0 stands for the eigenvalue +1 of that letter.
"""

from collections.abc import Sequence

import numpy as np

from qnnbench.registry import lookup
from qnnbench.states.mps import MPS, InputState
from qnnbench.states.stabilizer import StabilizerState
from qnnbench.states.stacking import right_canonical, stack_states

BASES = "XYZ"
Bases = str | Sequence[str] | np.ndarray

_HALF = np.sqrt(0.5)
_BRAS = np.array(  # rows are the bras of the eigenvalues +1 and -1 of each letter
    [
        [[_HALF, _HALF], [_HALF, -_HALF]],
        [[_HALF, -1j * _HALF], [_HALF, 1j * _HALF]],
        [[1, 0], [0, 1]],
    ]
)
_X, _Y, _Z = range(3)
_CHUNK_BYTES = 1 << 23  # of the amplitudes of shots taken at once


def random_bases(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return an array of uniformly random letters "X", "Y", "Z": what shadows measure."""
    return np.array(list(BASES))[rng.integers(3, size=shape)]


def measured(
    state: InputState, n_shots: int, rng: np.random.Generator, bases: Bases = "Z"
) -> np.ndarray:
    """Return shots of all qubits of one state; see :func:`measured_each`.

    Args:
        state: The state; a fresh copy for every shot.
        n_shots: Number of shots.
        rng: Source of the randomness.
        bases: One letter for all qubits, one per qubit, or one per shot and qubit.

    Returns:
        Uint8 bits (n_shots, n_qubits), qubit 0 first.

    Raises:
        ValueError: n_shots < 1, a letter other than X, Y, Z, or a shape that fits nothing.
    """
    return measured_each([state], n_shots, rng, bases)[0]


def measured_each(
    states: Sequence[InputState], n_shots: int, rng: np.random.Generator, bases: Bases = "Z"
) -> np.ndarray:
    """Return as many shots of every state, each from its exact law.

    Matrix product states are sampled qubit by qubit, each from its law given the bits
    before it, at n χ² per shot; a mixture draws a member per shot. stim measures
    stabilizer states.

    Args:
        states: States of one width; a fresh copy for every shot.
        n_shots: Number of shots of each.
        rng: Source of the randomness.
        bases: One letter for all qubits, one per qubit, or an array of letters that
            broadcasts to (n_states, n_shots, n_qubits).

    Returns:
        Uint8 bits (n_states, n_shots, n_qubits), qubit 0 first; 0 for the eigenvalue +1.

    Raises:
        ValueError: n_shots < 1, a letter other than X, Y, Z, or a shape that fits nothing.

    Source:
        Ferris and Vidal, Phys. Rev. B 85, 165146 (2012), arXiv:1201.3974, for
        unitary matrix product states;
        Aaronson and Gottesman, Phys. Rev. A 70, 052328 (2004), for stabilizer states.
    """
    if isinstance(n_shots, bool) or not isinstance(n_shots, int | np.integer) or n_shots < 1:
        raise ValueError(f"n_shots must be a whole number >= 1, got {n_shots!r}")
    shape = (len(states), int(n_shots), states[0].n_qubits)
    codes, bits = _codes(bases, shape), np.empty(shape, dtype=np.uint8)
    chains: list[tuple[MPS, int, np.ndarray]] = []
    for index, state in enumerate(states):
        if isinstance(state, StabilizerState):
            bits[index] = _stabilizer_shots(state, rng, codes[index])
            continue
        weights = np.array([weight for weight, _ in state.members])
        drawn = rng.choice(len(weights), size=n_shots, p=weights / weights.sum())
        for number, (_, member) in enumerate(state.members):
            shots = np.flatnonzero(drawn == number)
            chains += [(member, index, shots)] if len(shots) else []
    for some in _chunks(chains):
        length = max(len(shots) for _, _, shots in some)
        asked = np.full((len(some), length, shape[2]), _Z)
        for row, (_, index, shots) in enumerate(some):
            asked[row, : len(shots)] = codes[index, shots]
        stack = right_canonical(stack_states([member.tensors for member, _, _ in some]))
        found = _chain_shots(stack, rng, asked)
        for row, (_, index, shots) in enumerate(some):
            bits[index, shots] = found[row, : len(shots)]
    return bits


def _codes(bases: Bases, shape: tuple[int, ...]) -> np.ndarray:
    """Return letters as places in ``BASES``, broadcast to (n_states, n_shots, n_qubits)."""
    letters = np.array(list(bases) if isinstance(bases, str) else bases)
    codes = np.full(letters.shape, len(BASES), dtype=np.uint8)
    for code, letter in enumerate(BASES):
        codes[letters == letter] = code
    for odd in letters[codes == len(BASES)]:
        lookup(dict.fromkeys(BASES), str(odd), "measurement basis")
    try:
        return np.broadcast_to(codes, shape)
    except ValueError:
        raise ValueError(
            f"bases must be one letter, {shape[2]} letters, or an array that broadcasts to "
            f"{shape} (states, shots, qubits), got shape {letters.shape}"
        ) from None


def _chunks(chains: list[tuple[MPS, int, np.ndarray]]) -> list[list[tuple[MPS, int, np.ndarray]]]:
    """Return the chains in groups whose amplitudes fit into ``_CHUNK_BYTES``."""
    if not chains:
        return []
    bond = max(member.max_bond_dim for member, _, _ in chains)
    longest = max(len(shots) for _, _, shots in chains)
    size = max(1, _CHUNK_BYTES // (32 * bond * longest))
    return [chains[k : k + size] for k in range(0, len(chains), size)]


def _chain_shots(stack: np.ndarray, rng: np.random.Generator, codes: np.ndarray) -> np.ndarray:
    """Return bits (batch, n_shots, n) of right-canonical states, in bases of that shape."""
    batch, n_shots, _ = codes.shape
    bond = stack.shape[2]
    bits = np.empty(codes.shape, dtype=np.uint8)
    before = np.zeros((batch, n_shots, bond))  # amplitudes of the bits so far, per bond
    before[..., 0] = 1
    for site, tensors in enumerate(stack):
        branches = (before @ tensors.reshape(batch, bond, -1)).reshape(batch, n_shots, 2, bond)
        if np.any(codes[..., site] != _Z):
            branches = _BRAS[codes[..., site]] @ branches
        chances = np.sum(np.abs(branches) ** 2, axis=3)
        levels = rng.random((batch, n_shots)) * chances.sum(axis=2)
        chosen = (levels >= chances[..., 0]).astype(int)[..., None]
        kept = np.take_along_axis(branches, chosen[..., None], axis=2)[:, :, 0]
        before = kept / np.sqrt(np.take_along_axis(chances, chosen, axis=2))
        bits[..., site] = chosen[..., 0]
    return bits


def _stabilizer_shots(
    state: StabilizerState, rng: np.random.Generator, codes: np.ndarray
) -> np.ndarray:
    """Return bits of the shape of ``codes`` (n_shots, n): an outcome and random flips.

    A random element of the stabilizer group leaves the state as it is and flips what it
    anticommutes with; all outcomes in one basis, equally likely, differ by such flips. So
    stim measures once per distinct basis, whatever the number of shots.
    """
    import stim

    n_shots, n_qubits = codes.shape
    elements = rng.integers(2, size=(n_shots, n_qubits)).astype(np.float32)
    simulator = stim.TableauSimulator(seed=int(rng.integers(1 << 62)))
    flipping = anticommuting(state).astype(np.float32)
    inverse = state.tableau.inverse()
    distinct, groups = np.unique(codes, axis=0, return_inverse=True)
    bits = np.empty(codes.shape, dtype=np.uint8)
    for group, basis in enumerate(distinct):
        simulator.set_inverse_tableau(inverse)
        simulator.h(*np.flatnonzero(basis == _X).tolist())
        simulator.h_yz(*np.flatnonzero(basis == _Y).tolist())
        outcome = np.array(simulator.measure_many(*range(n_qubits)), dtype=np.uint8)
        shots = np.flatnonzero(groups == group)
        flips = elements[shots] @ flipping[basis, np.arange(n_qubits)].T  # exact counts
        bits[shots] = outcome ^ (flips % 2).astype(np.uint8)
    return bits


def anticommuting(state: StabilizerState) -> np.ndarray:
    """Return which generators anticommute with each letter on each qubit.

    Returns:
        Bool (3, n_qubits, n_generators), letters in the order of ``BASES``.
    """
    _, _, flips, phases, _, _ = state.tableau.to_numpy()
    return np.stack([phases.T, (flips ^ phases).T, flips.T])
