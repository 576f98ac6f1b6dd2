"""Random circuits in which every symbol turns one gate, with observables and states."""

from collections.abc import Callable
from dataclasses import dataclass

import cirq
import numpy as np
import sympy

from qnnbench.circuits.angles import AngleLaw, Fixed, Gaussian, Uniform
from qnnbench.states.mps import Mixture
from tests.circuits import random_mps

# Gates as functions of an angle in radians, on one or two qubits.
PAULI = {
    1: [cirq.rx, cirq.ry, cirq.rz],
    2: [lambda x, g=g: g ** (x / sympy.pi) for g in (cirq.XX, cirq.YY, cirq.ZZ)],
}
CONTROLLED = {
    1: PAULI[1],
    2: [
        *PAULI[2],
        lambda x: cirq.ControlledGate(cirq.rx(x)),
        lambda x: cirq.ControlledGate(cirq.rz(x)),
        lambda x: cirq.CZ ** (x / sympy.pi),
        lambda x: cirq.CX ** (x / sympy.pi),
    ],
}
ANY = {
    1: [
        *PAULI[1],
        lambda x: cirq.H ** (x / sympy.pi),
        lambda x: cirq.PhasedXPowGate(phase_exponent=0.2, exponent=x / sympy.pi),
    ],
    2: [
        *CONTROLLED[2],
        lambda x: cirq.ControlledGate(cirq.ry(x)),
        lambda x: cirq.ISWAP ** (x / sympy.pi),
        lambda x: cirq.SWAP ** (x / sympy.pi),
    ],
}
CLIFFORDS = {
    1: [cirq.H, cirq.S, cirq.X, cirq.X**0.5, cirq.Y**-0.5],
    2: [cirq.CX, cirq.CZ, cirq.ISWAP, cirq.SWAP],
}


@dataclass(frozen=True)
class Family:
    """What random circuits are made of.

    Attributes:
        turned: Gates with a symbol, by number of qubits.
        reach: Largest distance of the qubits of a gate; a ring if 0.
        is_clifford: Whether gates without a symbol are Clifford gates.
        frequencies: Of the symbol in its angle.
        offsets: Of the angle, radians.
        law: Draws the law of one symbol.
    """

    turned: dict[int, list[Callable]]
    law: Callable[[np.random.Generator], AngleLaw]
    reach: int = 1
    is_clifford: bool = True
    frequencies: tuple[float, ...] = (1, -1)
    offsets: tuple[float, ...] = (0.0,)


def mixed_law(rng: np.random.Generator) -> AngleLaw:
    """Return one of all laws of single angles."""
    laws = [Uniform(), Uniform(), Gaussian(0.3), Gaussian(1.1), Fixed(0.7), Fixed(-2.0)]
    return laws[rng.integers(len(laws))]


FAMILIES = {
    "line": Family(PAULI, lambda rng: Uniform(), offsets=(0.0, 0.3), frequencies=(1, -1, 2)),
    "long range": Family(PAULI, lambda rng: Uniform(), reach=9),
    "ring": Family(PAULI, lambda rng: Uniform(), reach=0),
    "controlled": Family(CONTROLLED, lambda rng: Uniform(), reach=9),
    "matrices": Family(PAULI, lambda rng: Uniform(), reach=9, is_clifford=False),
    "gaussian": Family(PAULI, lambda rng: Gaussian((0.2, 0.9)[rng.integers(2)]), offsets=(0, 0.4)),
    "mixed laws": Family(CONTROLLED, mixed_law, reach=9, offsets=(0.0, 0.5)),
    "half frequencies": Family(PAULI, lambda rng: Uniform(), frequencies=(0.5, 1.5, 1)),
    "everything": Family(
        ANY, mixed_law, 9, False, frequencies=(1, -1, 2, 0.5), offsets=(0.0, 0.3)
    ),
}


def random_network(
    family: Family, n_qubits: int, n_symbols: int, rng: np.random.Generator
) -> tuple[cirq.Circuit, tuple[sympy.Symbol, ...], tuple[AngleLaw, ...]]:
    """Return a circuit whose symbols each turn one gate, its symbols and their laws.

    About one gate in three has no symbol.
    """
    qubits, symbols = cirq.LineQubit.range(n_qubits), sympy.symbols(f"a0:{n_symbols}")
    laws = tuple(family.law(rng) for _ in symbols)
    ops: list[cirq.Operation] = []
    for symbol in symbols:
        if rng.random() < 0.5:
            size = int(rng.integers(1, 3))
            fixed = CLIFFORDS[size][rng.integers(len(CLIFFORDS[size]))]
            if not family.is_clifford and rng.random() < 0.5:
                seed = int(rng.integers(1 << 30))
                fixed = cirq.MatrixGate(cirq.testing.random_unitary(2**size, random_state=seed))
            ops.append(fixed(*_placed(qubits, size, family.reach, rng)))
        size = int(rng.integers(1, 3))
        angle = family.frequencies[rng.integers(len(family.frequencies))] * symbol
        angle = angle + family.offsets[rng.integers(len(family.offsets))]
        gate = family.turned[size][rng.integers(len(family.turned[size]))](angle)
        ops.append(gate(*_placed(qubits, size, family.reach, rng)))
    ops += [cirq.I(q) for q in qubits]
    return cirq.Circuit(ops), symbols, laws


def _placed(
    qubits: list[cirq.LineQubit], size: int, reach: int, rng: np.random.Generator
) -> list[cirq.LineQubit]:
    first = int(rng.integers(len(qubits)))
    if size == 1:
        return [qubits[first]]
    if reach == 0:
        pair = [first, (first + 1) % len(qubits)]
    else:
        near = [j for j in range(len(qubits)) if 0 < abs(j - first) <= reach]
        pair = [first, int(rng.choice(near))]
    return [qubits[k] for k in rng.permutation(pair)]


def random_observables(n_qubits: int, rng: np.random.Generator) -> dict:
    """Return one observable of each kind."""
    qubits = cirq.LineQubit.range(n_qubits)

    def string() -> cirq.PauliString:
        letters = rng.integers(4, size=n_qubits)
        letters[rng.integers(n_qubits)] = rng.integers(1, 4)
        letters[letters == 0] = 0
        chosen = {q: "IXYZ"[k] for q, k in zip(qubits, letters, strict=True)}
        return cirq.PauliString(chosen, coefficient=round(float(rng.normal()), 3))

    def projector(n_bits: int) -> cirq.ProjectorString:
        where = rng.choice(n_qubits, size=n_bits, replace=False)
        bits = {qubits[k]: int(rng.integers(2)) for k in where}
        return cirq.ProjectorString(bits, coefficient=round(float(rng.normal()), 3))

    return {
        "string": string(),
        "one letter": cirq.PauliString(cirq.Z(qubits[n_qubits // 2])),
        "sum": string() + string() + string() + 0.4,
        "local": sum(cirq.Z(q) for q in qubits) / (2 * n_qubits),
        "global": cirq.ProjectorString(dict.fromkeys(qubits, 0)),
        "projector": projector(2),
        "projector sum": cirq.ProjectorSum.from_projector_strings([projector(1), projector(2)]),
    }


def random_state(kind: str, n_qubits: int, rng: np.random.Generator):
    """Return an input state: "zeros", "product", "mps" or "mixture"."""
    if kind == "zeros":
        return None
    if kind == "mixture":
        return Mixture((0.3, 0.7), tuple(random_mps(n_qubits, 2, rng) for _ in range(2)))
    return random_mps(n_qubits, {"product": 1, "mps": 2}[kind], rng)
