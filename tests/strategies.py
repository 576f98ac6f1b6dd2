"""Hypothesis strategies: any circuit, observable and input state that the package accepts."""

import cirq
import numpy as np
import sympy
from hypothesis import strategies as st

from qnnbench.states.mps import MPS, Mixture
from tests.circuits import ONE, TWO, random_mps

MAX_SYMBOLS = 4
SYMBOLS = sympy.symbols(f"a0:{MAX_SYMBOLS}")
seeds = st.integers(0, 2**32 - 1)


@st.composite
def angles(draw) -> sympy.Expr:
    """Draw an angle in half turns, affine in one or two of few symbols: sharing is common."""
    total = draw(st.sampled_from([0, 0.25, -1.3]))
    for symbol in draw(st.lists(st.sampled_from(SYMBOLS), min_size=1, max_size=2)):
        total += draw(st.sampled_from([1, -1, 0.5, 2])) * symbol / sympy.pi
    return total


@st.composite
def operations(draw, qubits: list[cirq.Qid]) -> cirq.Operation:
    """Draw a gate on one qubit, or on any two: neighbours or far apart, in either order."""
    a, b = draw(st.permutations(qubits))[:2]
    kind = draw(st.sampled_from(["one", "two", "controlled", "matrix", "fixed"]))
    if kind == "one":
        return (draw(st.sampled_from(ONE)) ** draw(angles()))(a)
    if kind == "two":
        return (draw(st.sampled_from(TWO)) ** draw(angles()))(a, b)
    if kind == "controlled":
        return cirq.rx(draw(angles()) * sympy.pi)(a).controlled_by(b)
    if kind == "matrix":
        matrix = cirq.testing.random_unitary(4, random_state=draw(seeds))
        return cirq.MatrixGate(matrix)(a, b)
    return draw(st.sampled_from([cirq.H(a), cirq.T(a), cirq.CX(a, b), cirq.ISWAP(a, b)]))


def circuits(n_qubits: int) -> st.SearchStrategy[cirq.Circuit]:
    """Draw a circuit on a line of qubits; some stay idle."""
    qubits = cirq.LineQubit.range(n_qubits)
    return st.lists(operations(qubits), min_size=1, max_size=3 * n_qubits).map(cirq.Circuit)


@st.composite
def strings(draw, n_qubits: int) -> cirq.PauliString:
    """Draw a Pauli string with a coefficient."""
    letters = draw(st.lists(st.sampled_from("IXYZ"), min_size=n_qubits, max_size=n_qubits))
    coefficient = draw(st.sampled_from([1.0, -0.5, 2.0]))
    placed = zip(cirq.LineQubit.range(n_qubits), letters, strict=True)
    return cirq.PauliString({q: p for q, p in placed if p != "I"}, coefficient=coefficient)


@st.composite
def observables(draw, n_qubits: int) -> list:
    """Draw one to three columns: strings, sums of strings, projectors on some qubits."""
    qubits = cirq.LineQubit.range(n_qubits)
    bits = st.dictionaries(st.sampled_from(qubits), st.integers(0, 1), min_size=1)
    sums = st.lists(strings(n_qubits), min_size=2, max_size=4).map(sum)
    one = st.one_of(strings(n_qubits), sums, bits.map(cirq.ProjectorString))
    return draw(st.lists(one, min_size=1, max_size=3))


@st.composite
def states(draw, n_qubits: int) -> MPS | Mixture | None:
    """Draw |0…0>, a real or complex matrix product state, or a mixture of two."""
    kind = draw(st.sampled_from(["zero", "real", "complex", "mixture"]))
    if kind == "zero":
        return None
    rng, bond = np.random.default_rng(draw(seeds)), draw(st.integers(1, 3))
    if kind == "mixture":
        return Mixture((0.3, 0.7), tuple(random_mps(n_qubits, bond, rng) for _ in range(2)))
    return random_mps(n_qubits, bond, rng, is_complex=kind == "complex")


@st.composite
def trees(draw, n_qubits: int) -> cirq.Circuit:
    """Draw blocks on active neighbours, each of which leaves one of its two qubits for good."""
    active: list[cirq.Qid] = list(cirq.LineQubit.range(n_qubits))
    ops: list[cirq.Operation] = []
    while len(active) > 1:
        place = draw(st.integers(0, len(active) - 2))
        pair = active[place : place + 2]
        ops.append(cirq.CZ(*pair))
        ops += draw(st.lists(operations(pair), min_size=1, max_size=3))
        del active[place + draw(st.integers(0, 1))]
    return cirq.Circuit(ops)


@st.composite
def cliffords(draw, n_qubits: int) -> cirq.Circuit:
    """Draw gates that are Clifford where every symbol is a multiple of π/2."""
    qubits = cirq.LineQubit.range(n_qubits)
    ops = []
    for _ in range(draw(st.integers(1, 3 * n_qubits))):
        a, b = draw(st.permutations(qubits))[:2]
        rotation = draw(st.sampled_from([cirq.rx, cirq.ry, cirq.rz]))
        gates = [cirq.H(a), cirq.S(a), cirq.CX(a, b), cirq.ISWAP(a, b)]
        ops.append(draw(st.sampled_from([*gates, rotation(draw(st.sampled_from(SYMBOLS)))(a)])))
    return cirq.Circuit(ops)


@st.composite
def single_reads(draw, n_qubits: int) -> list:
    """Draw sums of one-qubit Paulis."""
    letters = st.sampled_from([cirq.X, cirq.Y, cirq.Z])
    qubit = st.sampled_from(cirq.LineQubit.range(n_qubits))
    terms = st.lists(st.tuples(letters, qubit), min_size=1, max_size=4)
    return [sum(0.5 * cirq.PauliString(p(q)) for p, q in draw(terms))]
