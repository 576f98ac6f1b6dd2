"""Gradients where every block of the circuit begins as the identity.

At such angles the whole circuit is the identity and C a constant. With W the gates before
a rotation exp(-iφG/2) that are not undone before it, ∂C/∂φ = (i/2)<[W†GW, O]>: the
coefficients of W†GW, which start at G, move by independent uniform angles as on the diagonal
chain, and are met by the squares of (i/2)<[P, O]>.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from qnnbench.circuits.angles import Uniform
from qnnbench.moments.chain import Chain, combined, log_of, overlap, squared
from qnnbench.moments.channels import PRODUCT, Alphabet, gate_channel
from qnnbench.moments.exact import FIRST_BOND_DIM, LN10, Question
from qnnbench.moments.inputs import MAX_SECOND_BOND_DIM
from qnnbench.moments.pauli_circuit import (
    STRINGS,
    CannotCompute,
    Clifford,
    Gate,
    Rotation,
)
from qnnbench.moments.record import Moments

LOG_ZERO = np.log(1e-26)  # squares this far below the norms are rounding errors


def identity_block_moments(question: Question) -> Moments:
    """Return the moments at blocks that undo themselves; the laws of the question are ignored.

    The loss is one number there, its variance zero. One-qubit constant gates at the
    beginning belong to the input, unless a later gate undoes them. The error of a
    truncated gradient variance is its change from half the bond.

    Raises:
        CannotCompute: The circuit is not made of blocks whose second half can undo the
            first.

    Source:
        Grant et al., Quantum 3, 214 (2019), Sec. 3; second moments derived above.
    """
    read, n_symbols = question.read, len(question.symbols)
    prefix, gates, undone = _split(question.gates[::-1])
    inputs = [_prepared(means, prefix) for means in question.inputs]
    mean, start = read.constant * question.weight_of_one, Chain([])
    if not read.is_empty:
        weights = read.weights(range(len(inputs[0])))
        values = [overlap(weights, means) for means in inputs]
        mean += float(np.mean([sign * np.exp(log) for sign, log in values]))
        squares = [squared(_commutator_means(weights, means)) for means in inputs]
        start = combined(squares, [1 / len(inputs)] * len(inputs))
        start.compress(MAX_SECOND_BOND_DIM)
    bond_dim = min(FIRST_BOND_DIM, question.max_bond_dim)
    logs, chain = _log_gradients(gates, undone, start, n_symbols, bond_dim)
    errors = np.full(n_symbols, np.inf if chain.truncated else 0.0)
    while chain.truncated and bond_dim < question.max_bond_dim:
        coarse, bond_dim = logs, min(2 * bond_dim, question.max_bond_dim)
        logs, chain = _log_gradients(gates, undone, start, n_symbols, bond_dim)
        errors = _changes(coarse, logs)
        if errors.max() <= question.tolerance:
            break
    return Moments(
        mean=mean,
        log10_variance=-np.inf,
        log10_gradient_variance=logs / LN10 if question.gradients else np.empty(0),
        relative_error=0.0,
        gradient_relative_error=errors if question.gradients else np.empty(0),
        method="truncated" if chain.truncated else "exact",
        chain="strings",
        bond_dim=chain.bond_dim,
        symbols=question.symbols,
    )


def _changes(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return relative changes between logs; zero stays zero."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.nan_to_num(np.abs(np.expm1(before - after)), nan=0.0)


def _split(gates: Sequence[Gate]) -> tuple[list[Gate], list[Gate], dict[int, int]]:
    """Return what prepares the input, all other gates, and which of these undoes which.

    Constant gates that come first on their qubit are preparation if all else undoes itself
    without them; else those of them that nothing undoes are.

    Raises:
        CannotCompute: A gate is left over either way.
    """
    undone = _undone(gates)
    for mirrored in (set[int](), {*undone, *undone.values()}):
        prefix, rest, met = [], [], set[int]()
        for k, gate in enumerate(gates):
            is_constant = isinstance(gate, Clifford) or gate.symbol is None
            is_first = len(gate.sites) == 1 and gate.sites[0] not in met
            if is_constant and is_first and k not in mirrored:
                prefix.append(gate)
            else:
                rest.append(gate)
                met.update(gate.sites)
        undone = _undone(rest)
        if 2 * len(undone) == len(rest):
            return prefix, rest, undone
    left = sorted(set(range(len(rest))) - {*undone, *undone.values()})
    raise CannotCompute(
        f"{len(left)} of {len(gates)} gates are not undone by a mirrored gate, the first on "
        f"sites {rest[left[0]].sites}. Supported: constant one-qubit gates that prepare the "
        "input, then blocks of Pauli rotations and Clifford gates, each followed by its mirror "
        "image (hea with mirror=1)."
    )


def _undone(gates: Sequence[Gate]) -> dict[int, int]:
    """Return which earlier gate each gate undoes, both by position."""
    undone: dict[int, int] = {}
    stacks: dict[int, list[int]] = defaultdict(list)  # open gates on each site
    for k, gate in enumerate(gates):
        tops = {stacks[site][-1] if stacks[site] else -1 for site in gate.sites}
        top = tops.pop() if len(tops) == 1 else -1
        if top >= 0 and _undoes(gate, gates[top]):
            undone[k] = top
        for site in gate.sites:
            if k in undone:
                stacks[site].pop()
            else:
                stacks[site].append(k)
    return undone


def _prepared(means: Chain, prefix: Sequence[Gate]) -> Chain:
    """Return <P> of the input after one-qubit constant gates."""
    chain = means.copy()
    for gate in prefix:
        channel, _ = gate_channel(gate.harmonics, None, Alphabet.MEAN)
        chain.apply_local({gate.sites[0]: channel.T})
    return chain


def _commutator_means(weights: Chain, means: Chain) -> Chain:
    """Return (i/2)<[P, O]> of all strings P; ``weights`` are those of O.

    With O = Σ o_Q Q and PQ = ω R, ω a power of i, this is -Im Σ_Q o_Q ω <R>. A complex number
    a + ib is carried as the real matrix ((a, -b), (b, a)) along the bonds.
    """
    phases = np.zeros((2, 2, 4, 4))
    for p, q in product(range(4), repeat=2):
        string = STRINGS[0][PRODUCT[p, q]]
        omega = np.trace(string @ STRINGS[0][p] @ STRINGS[0][q]) / 2
        phases[:, :, p, q] = [[omega.real, -omega.imag], [omega.imag, omega.real]]
    tensors = []
    for o, f in zip(weights.tensors, means.tensors, strict=True):
        turned = f[:, PRODUCT]  # (left, p, q, right): mean of the letter of PQ
        joined = np.einsum("xypq,aqb,cpqd->xacpybd", phases, o, turned)
        a, c, b, d = o.shape[0], f.shape[0], o.shape[2], f.shape[2]
        tensors.append(joined.reshape(2 * a * c, 4, 2 * b * d))
    tensors[0] = tensors[0][: len(tensors[0]) // 2]  # (1, 0) times the product
    tensors[-1] = tensors[-1][:, :, tensors[-1].shape[2] // 2 :]  # is (a, -b)
    chain = Chain(tensors, weights.log + means.log)
    chain.compress(4 * max(2, chain.bond_dim))
    return chain


def _log_gradients(
    gates: Sequence[Gate],
    undone: Mapping[int, int],
    start: Chain,
    n_symbols: int,
    max_bond_dim: int,
) -> tuple[np.ndarray, Chain]:
    """Return log E[(∂C/∂θ_k)²] by carrying ``start`` through the gates not yet undone."""
    logs = np.full(n_symbols, -np.inf)
    unfinished: list[int] = []
    chain, is_current = start.copy(), True
    for k, gate in enumerate(gates):
        if k in undone:
            unfinished.remove(undone[k])
            is_current = False
            first = gates[undone[k]]
            if isinstance(gate, Rotation) and isinstance(first, Rotation):
                ratio = gate.frequency / first.frequency
                logs[gate.symbol] = logs[first.symbol] + 2 * np.log(abs(ratio))
            continue
        if not is_current:
            earlier, chain, is_current = chain, start.copy(), True
            chain.truncated |= earlier.truncated
            for j in unfinished:
                _carry(chain, gates[j], max_bond_dim)
        if isinstance(gate, Rotation):
            logs[gate.symbol] = _log_weight(chain, gate)
        _carry(chain, gate, max_bond_dim)
        unfinished.append(k)
    return logs, chain


def _undoes(gate: Gate, other: Gate) -> bool:
    """Return whether a gate is the inverse of another, at some angle if it has one."""
    if gate.sites != other.sites:
        return False
    if isinstance(gate, Rotation) and isinstance(other, Rotation):
        return gate.generator == other.generator
    if isinstance(gate, Clifford) and isinstance(other, Clifford):
        image, sign = np.array(gate.image), np.array(gate.sign)
        there, flip = np.array(other.image), np.array(other.sign)
        is_identity = np.array_equal(there[image], np.arange(len(image)))
        return is_identity and bool(np.all(sign * flip[image] == 1))
    return False


def _carry(chain: Chain, gate: Gate, max_bond_dim: int) -> None:
    """Carry the squares of means through one gate, forward in time."""
    law = Uniform() if isinstance(gate, Rotation) else None
    channel, _ = gate_channel(gate.harmonics, law, Alphabet.STRINGS)
    if len(gate.sites) == 1:
        chain.apply_local({gate.sites[0]: channel.T})
        return
    left, right = gate.sites
    if right != left + 1:
        raise CannotCompute(
            f"A gate joins sites {gate.sites}. Identity blocks are supported on neighbours only."
        )
    chain.apply_pairs({left: channel.T}, max_bond_dim)


def _log_weight(chain: Chain, gate: Rotation) -> float:
    """Return the log of the chain's entry at the generator, times the squared frequency."""
    letters = np.zeros(len(chain), dtype=int)
    letters[list(gate.sites)] = gate.generator
    string = Chain([np.eye(4)[letter].reshape(1, 4, 1) for letter in letters])
    sign, log = overlap(chain, string)
    scale = overlap(chain, chain)[1] / 2 + LOG_ZERO / 2
    is_zero = sign <= 0 or log < scale
    return -np.inf if is_zero else log + 2 * float(log_of(abs(gate.frequency)))
