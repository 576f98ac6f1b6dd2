"""Contract operators in the Pauli basis with a batch of matrix product states.

An environment H[x, y, d] of bra bond x, ket bond y and operator bond d is Hermitian in x, y,
because Pauli coefficients are real. For real states H = S + iK is therefore stored as the
real matrix S + K, which halves the memory and needs a quarter of the operations.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

CACHE_BYTES = 1 << 20  # of a chunk's working set


def _letters(env: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Return t† P_p H t for each letter p, shape (k, b, z, z', 4, d): grown by one site.

    Args:
        env: Environments, (k, b, x, y, d).
        maps: The site's tensors as matrices from the old bond to the new one per basis
            state, (k, 2, b, z, x); the k axis may be 1.
    """
    k, b, c, _, d = env.shape
    tensors = np.swapaxes(maps, 0, 1)
    half = tensors.conj() @ env.reshape(k, b, c, c * d)
    half = half.reshape(2, k, b, c, c, d)
    (g00, g10), (g01, g11) = tensors[:, None, :, :, None] @ half
    out = np.empty((k, b, c, c, 4, d), dtype=env.dtype, like=env)
    np.add(g00, g11, out=out[..., 0, :])
    np.add(g01, g10, out=out[..., 1, :])
    np.subtract(g00, g11, out=out[..., 3, :])
    g01 -= g10
    out[..., 2, :] = -1j * g01 if np.iscomplexobj(env) else np.swapaxes(g01, 2, 3)
    return out


class _Chunk:
    """Some windows on some states: all left environments are kept for the way back.

    The way back is a sweep of right environments that carry the cotangent.
    """

    def __init__(
        self, chains: np.ndarray, maps: np.ndarray, first: np.ndarray, last: np.ndarray
    ) -> None:
        self._chains, self._maps, self._last = chains, maps, last
        n_windows, length, bond = chains.shape[:3]
        env = np.zeros((*first.shape, bond), dtype=maps.dtype, like=maps)
        env[..., 0] = first
        self._envs = []
        for i in range(length):
            self._envs.append(env)
            letters = _letters(env, maps[:, i]).reshape(n_windows, -1, 4 * bond)
            step = np.swapaxes(chains[:, i], 1, 2).reshape(n_windows, 4 * bond, bond)
            env = (letters @ step).reshape(env.shape)
        self.values = np.einsum("kbxy,kbxy->kb", env[..., 0], last).real

    def pull_back(self, cotangent: np.ndarray) -> np.ndarray:
        """Return the cotangent of the chains for one of the values (k, b)."""
        chains = self._chains.copy()
        is_real = not np.iscomplexobj(self._maps)
        if is_real:
            chains[..., 2, :] *= -1  # the adjoint of the step of letter Y in the form S + K
        k, length, bond = chains.shape[:3]
        out = np.empty_like(chains)
        env = np.zeros_like(self._envs[0])
        env[..., 0] = self._last * cotangent[:, :, None, None]
        for i in range(length - 1, -1, -1):
            letters = _letters(env, np.swapaxes(self._maps[:, i], 3, 4))
            letters = letters.reshape(k, -1, 4 * bond)
            before = self._envs[i].reshape(k, -1, bond)
            both = np.swapaxes(before, 1, 2) @ letters
            out[:, i] = both.real.reshape(k, bond, 4, bond)
            step = chains[:, i].transpose(0, 2, 3, 1).reshape(k, 4 * bond, bond)
            env = (letters @ step).reshape(env.shape)
        if is_real:
            out[..., 2, :] *= -1
        return out


def _identity_sweep(maps: np.ndarray) -> list[np.ndarray]:
    """Return the environments (b, x, y) of the identity before each site and after all."""
    env = np.zeros((maps.shape[2], *maps.shape[3:]), dtype=maps.dtype, like=maps)
    env[:, 0, 0] = 1
    out = [env]
    for site in maps:
        env = (site.conj() @ env @ np.swapaxes(site, 2, 3)).sum(axis=0)
        out.append(env)
    return out


class Contraction:
    """<ψ|O|ψ> for several operators and a batch of states, and the gradient.

    An operator is 1 outside the window from its first to its last site, where the
    environments of the identity are shared by all. Windows of one length go together, in
    chunks that by default stay in the processor's cache.

    Args:
        tensors: Operator tensors of all chains, float64 (m, D, 4, D).
        columns: Per value its rows of ``tensors`` and their sites, both ascending.
        states: From ``stack_states``, where ``tensors`` are.
        chunk_bytes: Working set of a chunk.
    """

    def __init__(
        self,
        tensors: np.ndarray,
        columns: Sequence[tuple[np.ndarray, Sequence[int]]],
        states: np.ndarray,
        chunk_bytes: int = CACHE_BYTES,
    ) -> None:
        self._shape = tensors.shape
        maps = states.transpose(0, 3, 1, 4, 2).copy()  # (n, 2, b, z, x)
        windows = [np.arange(sites[0], sites[-1] + 1) for _, sites in columns]
        left = _identity_sweep(maps[: max(w[0] for w in windows)])
        right = _identity_sweep(np.swapaxes(maps[min(w[-1] for w in windows) + 1 :], 3, 4)[::-1])
        filled = np.concatenate([tensors, _identity(tensors)])
        self._rows, by_length = [], defaultdict(list)
        for column, ((rows, sites), window) in enumerate(zip(columns, windows, strict=True)):
            at = np.full(len(window), len(tensors))
            at[np.asarray(sites) - window[0]] = rows
            self._rows.append(at)
            by_length[len(window)].append(column)
        self.values = np.empty((states.shape[1], len(columns)), like=tensors)
        self._chunks = []
        for group in by_length.values():
            for some, batch in _chunks(group, tensors.shape[1], states, chunk_bytes):
                inside = np.array([windows[c] for c in some])
                chunk = _Chunk(
                    filled[np.array([self._rows[c] for c in some])],
                    maps[inside, :, batch] if len(some) > 1 else maps[None, inside[0], :, batch],
                    np.stack([left[windows[c][0]][batch] for c in some]),
                    np.stack([right[len(maps) - 1 - windows[c][-1]][batch] for c in some]),
                )
                self.values[batch, some] = chunk.values.T
                self._chunks.append((some, batch, chunk))

    def pull_back(self, cotangent: np.ndarray) -> np.ndarray:
        """Return the cotangent of ``tensors`` for one of the values (batch, n_columns)."""
        out = np.zeros((self._shape[0] + 1, *self._shape[1:]), like=self.values)
        cotangent = np.asarray(cotangent, like=self.values)
        for some, batch, chunk in self._chunks:
            bars = chunk.pull_back(cotangent[batch, some].T)
            for column, bar in zip(some, bars, strict=True):
                out[self._rows[column]] += bar  # gaps, the only rows met twice, are dropped
        return out[:-1]


def _identity(tensors: np.ndarray) -> np.ndarray:
    """Return the tensor (1, D, 4, D) of a site where an operator is 1."""
    bond = tensors.shape[1]
    out = np.zeros((1, bond, 4, bond), like=tensors)
    out[0, :, 0] = np.eye(bond, like=tensors)
    return out


def _chunks(
    columns: list[int], bond: int, states: np.ndarray, chunk_bytes: int
) -> Iterator[tuple[list[int], slice]]:
    """Yield the columns and the states of each chunk."""
    n_states, c = states.shape[1:3]
    size = max(1, chunk_bytes // (16 * bond * c**2 * states.itemsize))
    n_columns = max(1, size // n_states)
    for k in range(0, len(columns), n_columns):
        for b in range(0, n_states, size):
            yield columns[k : k + n_columns], slice(b, b + size)
