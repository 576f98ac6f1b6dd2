"""Cirq circuits as lists of Pauli rotations and Clifford gates, last gate first.

Letters are counted I, X, Y, Z = 0, 1, 2, 3; a string on two sites has index 4a + b.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import cirq
import numpy as np
import sympy

ROTATIONS: dict[type[cirq.EigenGate], tuple[int, ...]] = {
    cirq.XPowGate: (1,),
    cirq.YPowGate: (2,),
    cirq.ZPowGate: (3,),
    cirq.XXPowGate: (1, 1),
    cirq.YYPowGate: (2, 2),
    cirq.ZZPowGate: (3, 3),
}
SUPPORTED = (
    "Supported: rotations about X, Y, Z, XX, YY, ZZ by an angle affine in one symbol, each "
    "symbol used once, and one- or two-qubit Clifford gates."
)
_PAULIS = np.array([cirq.unitary(gate) for gate in (cirq.I, cirq.X, cirq.Y, cirq.Z)])


def pauli_string(letters: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return the matrix of one or two letters, complex (2^k, 2^k)."""
    first, *rest = letters
    return np.kron(_PAULIS[first], _PAULIS[rest[0]]) if rest else _PAULIS[first]


class CannotCompute(ValueError):  # noqa: N818 - reads as the claim it makes
    """The exact method does not cover what was asked; the message says what would."""


@dataclass(frozen=True)
class Rotation:
    """exp(-i φ G/2) with φ = frequency * θ + offset.

    Attributes:
        sites: Increasing site numbers, one or two.
        generator: Letters of G on ``sites``, none of them I.
        symbol: Position of θ in the list of symbols.
        frequency: Dimensionless, not 0.
        offset: Radians.
    """

    sites: tuple[int, ...]
    generator: tuple[int, ...]
    symbol: int
    frequency: float
    offset: float


@dataclass(frozen=True)
class Clifford:
    """A gate U that maps Pauli strings to Pauli strings: U†PU = sign * image.

    Attributes:
        sites: Increasing site numbers, one or two.
        image: Index of the image of each string on ``sites``, 4 or 16 numbers.
        sign: +1 or -1 for each string.
    """

    sites: tuple[int, ...]
    image: tuple[int, ...]
    sign: tuple[int, ...]


Gate = Rotation | Clifford


def heisenberg_gates(
    circuit: cirq.AbstractCircuit,
    qubits: Sequence[cirq.Qid],
    symbols: Sequence[sympy.Symbol],
) -> list[Gate]:
    """Return the gates of ``circuit``, last gate first, on the sites of ``qubits``.

    Args:
        circuit: Unitary gates only.
        qubits: Every qubit of the circuit; its position is its site.
        symbols: Every symbol of the circuit, in the order gates refer to.

    Raises:
        CannotCompute: A gate is no Pauli rotation and no Clifford gate, or a symbol
            occurs in two gates.
        ValueError: A symbol of the circuit is not in ``symbols``, or an angle is NaN.
    """
    site = {q: i for i, q in enumerate(qubits)}
    position = {s: i for i, s in enumerate(symbols)}
    gates: list[Gate] = []
    used: set[int] = set()
    for operation in circuit.all_operations():
        gate = _read(operation.untagged, site, position)
        if isinstance(gate, Rotation):
            if gate.symbol in used:
                raise CannotCompute(
                    f"Symbol {symbols[gate.symbol]} occurs in more than one gate: angles are "
                    f"then not independent. {SUPPORTED} Untie the symbols or sample instead."
                )
            used.add(gate.symbol)
        if gate is not None:
            gates.append(gate)
    return gates[::-1]


def _read(
    operation: cirq.Operation, site: dict[cirq.Qid, int], position: dict[sympy.Symbol, int]
) -> Gate | None:
    """Return one operation as a gate; None for a global phase."""
    sites = tuple(site[q] for q in operation.qubits)
    exponent = getattr(operation.gate, "exponent", None)
    if isinstance(exponent, sympy.Basic) and exponent.free_symbols:
        generator = _generator(operation)
        symbol, frequency, offset = _affine(exponent)
        if symbol not in position:
            raise ValueError(f"Symbol {symbol} of the circuit is not in `symbols`. Add it.")
        return Rotation(tuple(sorted(sites)), generator, position[symbol], frequency, offset)
    if exponent is sympy.nan:
        raise ValueError(f"The exponent of {operation!r} is not a number. Check its angle.")
    if not sites and not cirq.is_parameterized(operation):
        return None
    is_qubit_gate = cirq.qid_shape(operation) in ((2,), (2, 2))
    if not is_qubit_gate or cirq.is_parameterized(operation):
        raise CannotCompute(f"No exact second moments for {operation!r}. {SUPPORTED}")
    is_swapped = sites != tuple(sorted(sites))
    table = _clifford_table(operation.gate or operation, is_swapped)
    if table is None:
        raise CannotCompute(f"{operation!r} has no symbol and is not a Clifford gate. {SUPPORTED}")
    return Clifford(tuple(sorted(sites)), *table)


def _generator(operation: cirq.Operation) -> tuple[int, ...]:
    """Return the letters of a rotation with a symbol."""
    for kind, generator in ROTATIONS.items():
        if isinstance(operation.gate, kind):
            return generator
    raise CannotCompute(f"{operation!r} has a symbol but is no Pauli rotation. {SUPPORTED}")


def _affine(exponent: sympy.Expr) -> tuple[sympy.Symbol, float, float]:
    """Return symbol, frequency and offset (radians) of the angle π * ``exponent``."""
    symbols = exponent.free_symbols
    symbol = next(iter(symbols))
    if exponent.is_Mul and symbol in exponent.args:  # the common case, without calculus
        slope, offset = sympy.Mul(*[a for a in exponent.args if a != symbol]), sympy.Integer(0)
    else:
        slope, offset = exponent.diff(symbol), exponent.subs(symbol, 0)
    if len(symbols) > 1 or slope.free_symbols or slope == 0:
        raise CannotCompute(f"The angle pi*({exponent}) is not affine in one symbol. {SUPPORTED}")
    frequency, radians = _times_pi(slope), _times_pi(offset)
    if not (np.isfinite(frequency) and np.isfinite(radians)):
        raise ValueError(f"The angle pi*({exponent}) is not a finite number. Check it.")
    return symbol, frequency, radians


@lru_cache(maxsize=1024)
def _times_pi(number: sympy.Expr) -> float:
    return float(sympy.pi * number)


@lru_cache(maxsize=1024)
def _clifford_table(
    operator: cirq.Gate | cirq.Operation, is_swapped: bool
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Return images and signs of all strings under U†PU; None if U is not Clifford."""
    unitary = cirq.unitary(operator, None)
    if unitary is None:
        raise CannotCompute(f"{operator!r} is not a unitary gate. {SUPPORTED}")
    if not np.all(np.isfinite(unitary)):
        raise ValueError(f"The matrix of {operator!r} is not finite. Check its angle.")
    if is_swapped:
        unitary = unitary.reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)
    strings = _PAULIS
    if len(unitary) == 4:
        strings = np.array([np.kron(a, b) for a, b in product(_PAULIS, repeat=2)])
    moved = unitary.conj().T @ strings @ unitary
    overlaps = np.einsum("aij,bji->ba", strings, moved).real / len(unitary)
    image = np.argmax(np.abs(overlaps), axis=1)
    sign = overlaps[np.arange(len(image)), image]
    if not np.allclose(np.abs(sign), 1, atol=1e-9):
        return None
    return tuple(image.tolist()), tuple(np.sign(sign).astype(int).tolist())
