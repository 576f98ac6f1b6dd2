"""Means of Pauli words on neighbouring qubits: exact, from shots and from shadows.

A window is a run of ``length`` neighbours. Words stand in columns, each once: first those
that begin with a letter on qubit 0, and so on; see ``words``.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from qnnbench.states.measurement import BASES, anticommuting
from qnnbench.states.mps import MPS, PAULIS, InputState
from qnnbench.states.stabilizer import StabilizerState
from qnnbench.states.stacking import right_canonical, stack_states

LETTERS = "IXYZ"
_STACK = np.stack([PAULIS[letter] for letter in LETTERS])
_CHUNK_BYTES = 1 << 24  # of the states contracted at once


def words(n_qubits: int, length: int = 3, letters: str = LETTERS) -> list[dict[int, str]]:
    """Return the Pauli words on at most ``length`` neighbours in the order of columns.

    Words may skip a qubit inside, as X·X does. ``letters`` begins with "I".

    Returns:
        One dict per column, qubit to letter other than "I".
    """
    found = []
    for first in range(n_qubits - length + 1):
        for word in itertools.product(letters, repeat=length):
            placed = {first + k: p for k, p in enumerate(word) if p != "I"}
            if placed and (first in placed or first == n_qubits - length):
                found.append(placed)
    return found


def exact_means(states: Sequence[InputState], length: int = 3) -> np.ndarray:
    """Return the mean of every word of ``words(n_qubits, length)`` in every state.

    Args:
        states: States of one width.
        length: Qubits of a window, at most the width.

    Returns:
        Float64 (n_states, n_words), exact up to rounding.
    """
    n_windows = states[0].n_qubits - length + 1
    windows = np.zeros((len(states), n_windows, 4**length))
    chains: list[tuple[int, float, MPS]] = []
    for index, state in enumerate(states):
        if isinstance(state, StabilizerState):
            windows[index] = _stabilizer_windows(state, length)
        else:
            chains += [(index, weight, member) for weight, member in state.members]
    bond = max((member.max_bond_dim for _, _, member in chains), default=1)
    size = max(1, _CHUNK_BYTES // (32 * states[0].n_qubits * bond**2))
    for k in range(0, len(chains), size):
        some = chains[k : k + size]
        stack = right_canonical(stack_states([member.tensors for _, _, member in some]))
        found = _chain_windows(stack, length)
        for (index, weight, _), one in zip(some, found, strict=True):
            windows[index] += weight * one
    return _columns(windows, length)


def shot_means(bits: np.ndarray, length: int = 3) -> np.ndarray:
    """Return estimates of the words ``words(n_qubits, length, "IZ")`` from shots in one basis.

    "Z" stands for the letter that was measured on each qubit.

    Args:
        bits: Shots of every state, (n_states, n_shots, n_qubits).
        length: Qubits of a window.

    Returns:
        Float64 (n_states, n_words): plain means over the shots.
    """
    signs = 1.0 - 2.0 * bits
    return _averaged(np.stack([np.ones_like(signs), signs], axis=3), length)


def shadow_means(bits: np.ndarray, bases: np.ndarray, length: int = 3) -> np.ndarray:
    """Return unbiased estimates of ``words(n_qubits, length)`` from shots in random bases.

    A shot counts ±3^k for a word of k letters if its bases are those letters, else 0.

    Args:
        bits: Shots of every state, (n_states, n_shots, n_qubits).
        bases: Their bases, drawn uniformly as by ``random_bases``; the same shape.
        length: Qubits of a window.

    Returns:
        Float64 (n_states, n_words); variance at most 3^k / n_shots.

    Source:
        Huang, Kueng and Preskill, Nat. Phys. 16, 1050 (2020), arXiv:2002.08953, on random
        Pauli measurements; plain means instead of medians of means.
    """
    signs = 3.0 * (1.0 - 2.0 * bits)
    read = [np.where(bases == letter, signs, 0.0) for letter in BASES]
    return _averaged(np.stack([np.ones_like(signs), *read], axis=3), length)


def _averaged(values: np.ndarray, length: int) -> np.ndarray:
    """Return columns of the means of products of ``values`` (n_states, n_shots, n, d)."""
    n_states, n_shots, n_qubits, d = values.shape
    n_windows = n_qubits - length + 1
    windows = np.empty((n_states, n_windows, d**length))
    for index, one in enumerate(values.swapaxes(1, 2)):  # (n_qubits, n_shots, d)
        rest = np.ones((n_windows, n_shots, 1))
        for k in range(1, length):
            factor = one[k : k + n_windows]
            rest = (rest[..., None] * factor[:, :, None]).reshape(n_windows, n_shots, -1)
        first = one[:n_windows].swapaxes(1, 2)
        windows[index] = (first @ rest / n_shots).reshape(n_windows, -1)
    return _columns(windows, length)


def _columns(windows: np.ndarray, length: int) -> np.ndarray:
    """Return each word once, from windows (n_states, n_windows, d^length) that repeat them."""
    n_states, _, size = windows.shape
    d = round(size ** (1 / length))
    begins = np.arange(size) >= size // d  # a letter other than I on the first qubit
    inner = windows[:, :-1, begins].reshape(n_states, -1)
    return np.concatenate([inner, windows[:, -1, 1:]], axis=1)


def _chain_windows(stack: np.ndarray, length: int) -> np.ndarray:
    """Return means (batch, n_windows, 4^length) in right-canonical states."""
    n_qubits, batch, bond = stack.shape[:3]
    to_words = _STACK
    for _ in range(length - 1):
        to_words = np.einsum("wst,puv->wpsutv", to_words, _STACK).reshape(
            4 * len(to_words), 2 * to_words.shape[1], -1
        )
    means = np.empty((batch, n_qubits - length + 1, 4**length))
    env = np.zeros((batch, bond, bond), dtype=stack.dtype)  # [bra, ket] of all to the left
    env[:, 0, 0] = 1
    for first in range(n_qubits - length + 1):
        block = stack[first].reshape(batch, bond, 2, bond)
        for tensors in stack[first + 1 : first + length]:
            block = block.reshape(batch, -1, bond) @ tensors.reshape(batch, bond, -1)
        block = block.reshape(batch, bond, 2**length, bond)
        half = (env @ block.reshape(batch, bond, -1)).reshape(block.shape)
        kets = half.swapaxes(1, 2).reshape(batch, 2**length, -1)
        bras = block.swapaxes(1, 2).reshape(batch, 2**length, -1)
        density = kets @ bras.conj().swapaxes(1, 2)
        means[:, first] = np.einsum("bst,wts->bw", density, to_words, optimize=True).real
        site = stack[first].reshape(batch, bond, -1)
        carried = (env @ site).reshape(batch, 2 * bond, bond)
        env = stack[first].reshape(batch, 2 * bond, bond).conj().swapaxes(1, 2) @ carried
    return means


def _stabilizer_windows(state: StabilizerState, length: int) -> np.ndarray:
    """Return means (n_windows, 4^length): 0 for words that anticommute with a generator."""
    packed = np.packbits(anticommuting(state), axis=2)
    site = np.concatenate([np.zeros_like(packed[:1]), packed]).swapaxes(0, 1)  # I commutes
    n_windows = state.n_qubits - length + 1
    crossed = np.zeros((n_windows, 1, packed.shape[2]), dtype=np.uint8)
    for k in range(length):
        crossed = crossed[:, :, None] ^ site[k : k + n_windows, None]
        crossed = crossed.reshape(n_windows, -1, packed.shape[2])
    means = np.zeros((n_windows, 4**length))
    for first, number in np.argwhere(~crossed.any(axis=2)):
        word = [(int(number) // 4 ** (length - 1 - k)) % 4 for k in range(length)]
        means[first, number] = state.expectation(
            {int(first) + k: LETTERS[letter] for k, letter in enumerate(word)}
        )
    return means
