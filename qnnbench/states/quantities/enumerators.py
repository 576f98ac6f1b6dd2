"""How many Pauli strings of each weight stabilize a state: its sector lengths, exactly.

A sector length A_k is the sum of <P>² over all Pauli strings P of weight k. For a stabilizer
state it counts the elements of weight k of the stabilizer group, signs left aside. It does
not change under local unitaries.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np

from qnnbench.states.stabilizer import StabilizerState

MAX_WORDS = 2**16  # tails that may be open at once: 4^E at a cut of E ebits


def generators(state: StabilizerState) -> np.ndarray:
    """Return the generators of the stabilizer group, signs left out.

    Returns:
        Bool array of shape (n_qubits, n_qubits, 2): generator, qubit, (X bit, Z bit).
    """
    _, _, flips, phases, _, _ = state.tableau.to_numpy()
    return np.stack([flips, phases], axis=2)


def sector_lengths(
    group: np.ndarray, order: Sequence[int] | None = None, max_weight: int | None = None
) -> list[int]:
    """Return how many products of the ``group``'s generators have each weight.

    Qubits are read one by one, and products that agree on all qubits still to be read are
    added up, as polynomials Σ x^weight packed into one integer: exact at any width. A cut
    of E ebits leaves at most 4^E such tails, so a good ``order`` keeps cuts small.

    Args:
        group: Independent commuting generators, bool (n_generators, n_qubits, 2), such as
            ``generators(state)``.
        order: Qubits in the order of reading; None: 0, 1, …
        max_weight: Largest weight that matters; None: all.

    Returns:
        Counts of weight 0 … ``max_weight``; the first is 1, for the identity.

    Raises:
        ValueError: More than 2^16 tails at once.

    Source:
        Derived above: the minimal trellis of a code, Forney, IEEE Trans. Inf. Theory 34,
        1152 (1988), applied to the group. Sector lengths: Wyderka and Gühne, J. Phys. A
        53, 345302 (2020), arXiv:1905.06928, Sec. 2.
    """
    n_generators, n_qubits, _ = group.shape
    ordered = group if order is None else group[:, list(order)]
    limit = n_qubits if max_weight is None else max_weight
    digit = n_generators + 1  # bits of one coefficient, which is at most 2^n_generators
    kept = (1 << digit * (limit + 1)) - 1
    starting = _by_first_qubit(ordered)
    words = {0: 1}  # tail still to be read -> Σ x^(weight so far)
    for qubit in range(n_qubits):
        behind = 2 * (n_qubits - 1 - qubit)
        for row in starting[qubit]:
            words = _merged([*words.items(), *((tail ^ row, v) for tail, v in words.items())])
        if len(words) > MAX_WORDS:
            raise ValueError(
                f"{len(words)} tails are open at qubit {qubit} of the order, the limit is "
                f"{MAX_WORDS}; read the qubits in an order whose cuts carry fewer ebits"
            )
        rest = (1 << behind) - 1
        words = _merged(
            (tail & rest, (v << digit) & kept if tail >> behind else v)
            for tail, v in words.items()
        )
    return [(words[0] >> digit * k) & ((1 << digit) - 1) for k in range(limit + 1)]


def _merged(words: Iterable[tuple[int, int]]) -> dict[int, int]:
    sums: dict[int, int] = {}
    for tail, polynomial in words:
        sums[tail] = sums.get(tail, 0) + polynomial
    return sums


def _by_first_qubit(ordered: np.ndarray) -> list[list[int]]:
    """Return generators of the same group, as integers, listed by the first qubit they touch.

    At most two start at a qubit, so that no tail is open before it must be.
    """
    n_qubits = ordered.shape[1]
    starting: list[list[int]] = [[] for _ in range(n_qubits)]
    for place, row in _echelon(ordered.reshape(len(ordered), -1)).items():
        starting[n_qubits - 1 - (place - 1) // 2].append(row)
    return starting


def rank(bits: np.ndarray) -> int:
    """Return the rank over GF(2) of the rows of a bool matrix."""
    return len(_echelon(bits))


# Certificates count with this elimination, so it is not ``stabilizer.echelon``, by which the
# states are made; that of signed strings in the certificate of the surface code is a third.
def _echelon(bits: np.ndarray) -> dict[int, int]:
    """Return rows of the same span as integers, each under the place of its highest bit."""
    leading: dict[int, int] = {}
    for row in map(_as_integer, bits):
        while row and row.bit_length() in leading:
            row ^= leading[row.bit_length()]
        if row:
            leading[row.bit_length()] = row
    return leading


def _as_integer(bits: np.ndarray) -> int:
    packed = int.from_bytes(np.packbits(bits).tobytes())
    return packed >> (-len(bits) % 8)


def mean_purity(lengths: Sequence[int]) -> Fraction:
    """Return 2^-n Σ_S Tr ρ_S² = 4^-n Σ_k A_k 3^(n-k), one minus the concentratable entanglement.

    Derived: Tr ρ_S² = 2^-|S| Σ of <P>² over strings inside S, and a string of weight k lies
    in 2^(n-k) sets, which contribute Σ_S 2^-|S| = 2^-k (1 + 1/2)^(n-k).

    Args:
        lengths: All sector lengths A_0 … A_n.
    """
    n_qubits = len(lengths) - 1
    total = sum(count * 3 ** (n_qubits - k) for k, count in enumerate(lengths))
    return Fraction(total, 4**n_qubits)


def light_stabilizers(group: np.ndarray) -> tuple[int, int]:
    """Return (A_1, A_2) of a stabilizer state: at once, whatever its entanglement.

    A string stabilizes the state, up to its sign, iff it commutes with every generator.
    A one-qubit Pauli is told apart by the generators it anticommutes with; A_1 counts those
    that commute with all, A_2 the pairs on different qubits that anticommute with the same.
    Both are zero iff every two-body marginal is I/4.

    Args:
        group: ``generators(state)``, all n of them.
    """
    flips, phases = group[:, :, 0], group[:, :, 1]
    seen: dict[bytes, list[int]] = {}  # anticommuting generators -> qubits
    for syndromes in (phases, flips, flips ^ phases):  # of X, Z and Y on each qubit
        for qubit, column in enumerate(syndromes.T):
            seen.setdefault(np.packbits(column).tobytes(), []).append(qubit)
    commuting = seen.pop(bytes(-(-len(group) // 8)), [])
    alone = len(commuting)
    products = sum(a != b for i, a in enumerate(commuting) for b in commuting[:i])
    pairs = sum(
        a != b for qubits in seen.values() for i, a in enumerate(qubits) for b in qubits[:i]
    )
    return alone, pairs + products
