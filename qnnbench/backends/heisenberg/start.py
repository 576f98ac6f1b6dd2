"""Observables as chains in the Pauli basis, with the least bonds that hold them exactly."""

import numpy as np

from qnnbench.backends.protocol import BackendCannot
from qnnbench.circuits.observables import PauliTerms, SiteObservable

_RANK_TOLERANCE = 1e-13
_MOST_OPEN = 16  # times the cap: larger sums are not even written down

_Suffix = tuple[tuple[int, int], ...]


def start_chain(observable: SiteObservable, cap: int) -> tuple[np.ndarray, list[int], float]:
    """Return an observable as tensors (m, D, 4, D) on its sites, and what goes beside.

    Returns:
        The zero-padded tensors, their m + 1 bond ranks and the coefficient of the identity.

    Raises:
        BackendCannot: A bond above ``cap`` is needed.
    """
    if isinstance(observable, PauliTerms):
        tensors, constant = _term_tensors(observable, cap)
    else:
        bits = [bit for _, bit in observable.bits]
        tensors = [np.array([0.5, 0, 0, 0.5 - bit]).reshape(1, 4, 1) for bit in bits]
        constant = 0.0 if bits else observable.coefficient
        tensors[:1] = [observable.coefficient * tensor for tensor in tensors[:1]]
    ranks = [1] + [tensor.shape[2] for tensor in tensors]
    if max(ranks) > cap:
        raise _too_wide(observable, str(max(ranks)), cap)
    chain = np.zeros((len(tensors), max(ranks), 4, max(ranks)))
    for i, tensor in enumerate(tensors):
        chain[i, : tensor.shape[0], :, : tensor.shape[2]] = tensor
    return chain, ranks, constant


def _term_tensors(terms: PauliTerms, cap: int) -> tuple[list[np.ndarray], float]:
    """Return a sum of strings as tensors of least ranks, and the coefficient of the identity.

    Bond states are "before", "after" and the letters still to come of the strings that
    have begun; then singular values that vanish are dropped from both sides.
    """
    place = {site: i for i, site in enumerate(terms.sites)}
    strings = [tuple((place[site], letter) for site, letter in s) for s in terms.strings]
    states: list[dict[_Suffix | None, int]] = [{None: 0, (): 1} for _ in range(len(place) + 1)]
    edges: list[dict[tuple[int, int, int], float]] = [{} for _ in place]
    constant = 0.0
    for coefficient, string in zip(terms.coefficients, strings, strict=True):
        if not string:
            constant += coefficient
            continue
        row, rest = 0, string
        for i in range(string[0][0], string[-1][0] + 1):
            letter = rest[0][1] if rest[0][0] == i else 0
            rest = rest[1:] if letter else rest
            column = states[i + 1].setdefault(rest, len(states[i + 1]))
            edge = (row, letter, column)
            edges[i][edge] = edges[i].get(edge, 0.0) + coefficient if row == 0 else 1.0
            row = column
    widest = max(map(len, states))
    if widest > _MOST_OPEN * cap:
        raise _too_wide(terms, f"up to {widest}", cap)
    tensors = []
    for i, here in enumerate(edges):
        tensor = np.zeros((len(states[i]), 4, len(states[i + 1])))
        tensor[0, 0, 0] = tensor[1, 0, 1] = 1.0
        for edge, value in here.items():
            tensor[edge] = value
        tensors.append(tensor)
    tensors[:1] = [tensor[:1] for tensor in tensors[:1]]
    tensors[-1:] = [tensor[:, :, 1:2] for tensor in tensors[-1:]]
    return _mirrored(_compressed(_mirrored(_compressed(tensors)))), constant


def _mirrored(tensors: list[np.ndarray]) -> list[np.ndarray]:
    return [tensor.transpose(2, 1, 0) for tensor in reversed(tensors)]


def _compressed(tensors: list[np.ndarray]) -> list[np.ndarray]:
    """Return the chain with singular values that vanish dropped, seen from the left."""
    out, carry = [], np.eye(1)
    for tensor in tensors[:-1]:
        grown = np.tensordot(carry, tensor, 1)
        u, s, vt = np.linalg.svd(grown.reshape(-1, grown.shape[2]), full_matrices=False)
        rank = max(1, int((s > _RANK_TOLERANCE * s[0]).sum()))
        out.append(u[:, :rank].reshape(grown.shape[0], 4, rank))
        carry = s[:rank, None] * vt[:rank]
    return out + [np.tensordot(carry, tensor, 1) for tensor in tensors[-1:]]


def _too_wide(observable: SiteObservable, bond: str, cap: int) -> BackendCannot:
    n_strings = len(observable.strings) if isinstance(observable, PauliTerms) else 1
    return BackendCannot(
        f"heisenberg: an observable of {n_strings} overlapping strings needs a bond of {bond}, "
        f"the cap is {cap}. Raise max_bond_dim or split the observable."
    )
