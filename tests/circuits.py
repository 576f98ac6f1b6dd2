"""Random circuits and states for tests, made with Cirq and NumPy alone."""

import cirq
import numpy as np
import sympy

from qnnbench.states.mps import MPS

ONE = (cirq.X, cirq.Y, cirq.Z)
TWO = (cirq.XX, cirq.YY, cirq.ZZ, cirq.CZ, cirq.ISWAP, cirq.SWAP)


def random_circuit(
    n_qubits: int, n_gates: int, rng: np.random.Generator, reach: int | None = None
) -> tuple[cirq.Circuit, tuple[sympy.Symbol, ...]]:
    """Return a circuit of powers, controlled powers and fixed gates, some angles shared.

    ``reach`` bounds the distance of two-qubit gates; None for any pair.
    """
    qubits = cirq.LineQubit.range(n_qubits)
    symbols = sympy.symbols(f"a0:{max(2, n_gates // 2)}")
    ops: list[cirq.Operation] = [cirq.H(q) for q in qubits]
    for _ in range(n_gates):
        angle = (
            rng.choice([1, -1, 2]) * symbols[rng.integers(len(symbols))] / sympy.pi
            + rng.choice([0, 1]) * symbols[rng.integers(len(symbols))]
            + round(float(rng.normal()), 3)
        )
        first = int(rng.integers(n_qubits - 1))
        second = first + int(rng.integers(1, min(reach or n_qubits, n_qubits - first - 1) + 1))
        pair = rng.permutation([first, second])
        a, b = qubits[pair[0]], qubits[pair[1]]
        kind = rng.integers(5)
        if kind == 0:
            ops.append((ONE[rng.integers(3)] ** angle)(a))
        elif kind == 1:
            ops.append((TWO[rng.integers(len(TWO))] ** angle)(a, b))
        elif kind == 2:
            ops.append(cirq.rx(angle * sympy.pi)(a).controlled_by(b))
        elif kind == 3:
            ops.append(cirq.PhasedXPowGate(phase_exponent=angle, exponent=0.3)(a))
        else:
            fixed = cirq.testing.random_unitary(4, random_state=int(rng.integers(1 << 30)))
            ops.append(cirq.MatrixGate(fixed)(a, b))
    circuit = cirq.Circuit(ops)
    return circuit, tuple(
        sorted((sympy.Symbol(n) for n in cirq.parameter_names(circuit)), key=str)
    )


def random_mps(n_qubits: int, bond: int, rng: np.random.Generator, is_complex: bool = True) -> MPS:
    """Return a random state of at most this bond."""
    tensors = []
    for i in range(n_qubits):
        left = min(bond, 2 ** min(i, n_qubits - i))
        right = min(bond, 2 ** min(i + 1, n_qubits - i - 1))
        tensor = rng.normal(size=(left, 2, right))
        tensors.append(tensor + 1j * rng.normal(size=tensor.shape) if is_complex else tensor)
    return MPS.from_tensors(tensors)


def cirq_values(
    circuit: cirq.Circuit,
    observables: list,
    assignment: dict[sympy.Symbol, float],
    state_vector: np.ndarray,
    n_qubits: int,
) -> np.ndarray:
    """Return expectation values by cirq.Simulator in double precision."""
    qubits = cirq.LineQubit.range(n_qubits)
    final = cirq.Simulator(dtype=np.complex128).simulate(
        circuit, assignment, qubit_order=qubits, initial_state=state_vector.astype(complex)
    )
    place = {q: i for i, q in enumerate(qubits)}
    vector = final.final_state_vector
    return np.array(
        [float(np.real(o.expectation_from_state_vector(vector, place))) for o in observables]
    )


def cirq_gradient(
    circuit: cirq.Circuit,
    observables: list,
    symbols: tuple[sympy.Symbol, ...],
    params: np.ndarray,
    state_vector: np.ndarray,
    n_qubits: int,
    step: float = 2e-3,
) -> np.ndarray:
    """Return d values / d params, (n_symbols, n_observables), by a six-point difference.

    Truncation h⁶ and rounding 1e-16/h are both below 1e-12 at this step.
    """
    out = []
    for k in range(len(params)):
        total = 0.0
        for shift, weight in ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60)):
            for sign in (1, -1):
                moved = params.copy()
                moved[k] += sign * shift * step
                assignment = dict(zip(symbols, moved, strict=True))
                values = cirq_values(circuit, observables, assignment, state_vector, n_qubits)
                total = total + sign * weight * values / step
        out.append(total)
    return np.array(out)
