"""Shots of two copies, qubit pair by qubit pair: any measurement across them, drawn exactly."""

from itertools import product

import numpy as np

from qnnbench.states.mps import InputState, State
from qnnbench.states.stabilizer import StabilizerState

BELL = np.array([[1, 0, 0, 1], [1, 0, 0, -1], [0, 1, 1, 0], [0, 1, -1, 0]]) * np.sqrt(0.5)
SINGLET = 3  # row of ``BELL``

_CHUNK_NUMBERS = 1 << 20  # of shots held at once


def singlet_patterns(state: InputState, n_shots: int, rng: np.random.Generator) -> np.ndarray:
    """Return singlet patterns of so many pairs of copies, drawn from their exact law.

    Returns:
        Uint8 (n_shots, n_qubits), 1 for a singlet.
    """
    bell = np.broadcast_to(BELL, (1, state.n_qubits, 4, 4))
    return (measured_pairs(state, bell, n_shots, rng)[0] == SINGLET).astype(np.uint8)


def measured_pairs(
    state: InputState, bases: np.ndarray, n_shots: int, rng: np.random.Generator
) -> np.ndarray:
    """Return what measurements across two copies find, qubit by qubit, from the exact law.

    Args:
        state: State of one copy; a stabilizer state is measured in the Bell basis alone.
        bases: Orthonormal bras <k| over (qubit of copy 1, qubit of copy 2), shape
            (n_settings, n_qubits, 4, 4), indexed [setting, qubit, k, bits of the pair].
        n_shots: Pairs of copies measured in each setting.
        rng: Source of the randomness.

    Returns:
        Uint8 (n_settings, n_shots, n_qubits): the k that was found.

    Raises:
        ValueError: Bases of another shape, or others than ``BELL`` of a stabilizer state.
    """
    n_settings, n_qubits = bases.shape[0], state.n_qubits
    if bases.shape != (n_settings, n_qubits, 4, 4):
        raise ValueError(
            f"bases must have shape (n_settings, {n_qubits}, 4, 4), got {bases.shape}"
        )
    if isinstance(state, StabilizerState):
        return _bell_measured(state, bases, n_shots, rng)
    return outcomes_at(state, bases, rng.random((n_settings, n_shots, n_qubits + 2)))


def outcomes_at(state: State, bases: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return what measurements across two copies find at given random levels.

    Outcomes follow from left to right, each from its law given those before it, with one
    vector of χ² amplitudes per shot: n χ⁴ operations. Levels uniform on [0, 1) give the
    exact law; equal levels give equal outcomes, whatever other shots stand beside them.

    Args:
        state: State of one copy; of a mixture, either copy is a member of its own.
        bases: As for ``measured_pairs``.
        levels: Shape (n_settings, n_shots, n_qubits + 2): two that choose the members of
            the copies, then one per qubit.

    Returns:
        Uint8 (n_settings, n_shots, n_qubits).

    Source:
        Ferris and Vidal, Phys. Rev. B 85, 165146 (2012), Sec. II, on a chain of pairs.
    """
    n_settings, n_shots, _ = levels.shape
    below = np.cumsum([weight for weight, _ in state.members])
    chains = [member.canonical(0).tensors for _, member in state.members]
    settings, flat = np.repeat(np.arange(n_settings), n_shots), levels.reshape(-1, levels.shape[2])
    drawn = np.searchsorted(below[:-1] / below[-1], flat[:, :2], side="right")
    size = max(_CHUNK_NUMBERS // (32 * state.max_bond_dim**2), 1)
    found = np.empty((len(settings), state.n_qubits), dtype=np.uint8)
    for start in range(0, len(settings), size):
        shots = np.arange(start, min(start + size, len(settings)))
        for i, j in product(range(len(chains)), repeat=2):
            some = shots[(drawn[shots] == (i, j)).all(axis=1)]
            own = settings[some], flat[some, 2:]
            found[some] = _outcomes(chains[i], chains[j], bases, *own)
    return found.reshape(n_settings, n_shots, -1)


def _outcomes(
    first: tuple[np.ndarray, ...],
    second: tuple[np.ndarray, ...],
    bases: np.ndarray,
    settings: np.ndarray,
    levels: np.ndarray,
) -> np.ndarray:
    """Return outcomes (n_shots, n_qubits) of right-canonical chains, a setting per shot."""
    outcomes = np.empty((len(settings), len(first)), dtype=np.uint8)
    before = np.ones((len(settings), 1))  # amplitudes of the outcomes so far, per bond
    for site, (a, b) in enumerate(zip(first, second, strict=True)):
        pair = np.einsum("asc,btd->abstcd", a, b).reshape(before.shape[1], 4, -1)
        if len(bases) == 1:
            pair = np.einsum("kp,lpr->lkr", bases[0, site], pair)
        branches = before @ pair.reshape(len(pair), -1)
        branches = branches.reshape(len(settings), 4, pair.shape[2])
        if len(bases) > 1:
            branches = bases[settings, site] @ branches
        chances = np.einsum("zkr,zkr->zk", branches, branches.conj()).real
        below = np.cumsum(chances, axis=1)
        level = levels[:, site] * below[:, -1]
        chosen = (level[:, None] >= below[:, :-1]).sum(axis=1)[:, None]
        kept = np.take_along_axis(branches, chosen[..., None], axis=1)[:, 0]
        before = kept / np.sqrt(np.take_along_axis(chances, chosen, axis=1))
        outcomes[:, site] = chosen[:, 0]
    return outcomes


def _bell_measured(
    state: StabilizerState, bases: np.ndarray, n_shots: int, rng: np.random.Generator
) -> np.ndarray:
    """Return Bell outcomes of two copies, drawn by stim: CNOT and H turn ``BELL`` into bits."""
    if not np.allclose(bases, BELL):
        raise ValueError("stabilizer states are measured in the Bell basis alone, as in BELL")
    n_settings, n_qubits = bases.shape[:2]
    circuit = (state.tableau + state.tableau).to_circuit("elimination")
    for qubit in range(n_qubits):
        circuit.append("CX", [qubit, n_qubits + qubit])
        circuit.append("H", [qubit])
    circuit.append("M", range(2 * n_qubits))
    sampler = circuit.compile_sampler(seed=int(rng.integers(1 << 62)))
    bits = sampler.sample(n_settings * n_shots).astype(np.uint8)
    phase, parity = bits[:, :n_qubits], bits[:, n_qubits:]
    return (2 * parity + phase).reshape(n_settings, n_shots, n_qubits)
