"""Shots: measure every qubit of a circuit's output."""

from collections.abc import Sequence

import cirq
import numpy as np
import sympy

from qnnbench.backends import qsim
from qnnbench.backends.evaluate import Evaluator
from qnnbench.circuits.program import site_index
from qnnbench.registry import lookup
from qnnbench.states.mps import State

_TO_Z = {"X": cirq.H, "Y": cirq.rx(np.pi / 2), "Z": cirq.I}


def sample(
    circuit: cirq.Circuit,
    params: np.ndarray,
    state: State | None,
    n_shots: int,
    rng: np.random.Generator,
    basis: str = "Z",
    symbols: Sequence[sympy.Symbol] | None = None,
) -> np.ndarray:
    """Return shots of all qubits, drawn from qsim's single-precision output.

    Args:
        circuit: As for :func:`qnnbench.expectations`.
        params: Angles in radians, (n_symbols,).
        state: Input state; None for |0…0>.
        n_shots: Number of shots.
        rng: Source of the randomness.
        basis: "X", "Y" or "Z" for all qubits, or one letter per qubit.
        symbols: Order of the parameters; None sorts naturally.

    Returns:
        Uint8 bits (n_shots, n_qubits), qubit 0 first; 0 for the eigenvalue +1.

    Raises:
        BackendCannot: More qubits than qsim takes.
        ValueError: A basis letter or length that is not one, or n_shots < 1.
    """
    if n_shots < 1:
        raise ValueError(f"n_shots must be >= 1, got {n_shots}")
    program = Evaluator(circuit, [], symbols).program
    n_qubits = program.n_qubits if state is None else state.n_qubits
    letters = basis * n_qubits if len(basis) == 1 else basis
    if len(letters) != n_qubits:
        raise ValueError(f"basis {basis!r} has {len(basis)} letters for {n_qubits} qubits")
    turns = [
        lookup(_TO_Z, letter, "measurement basis")(cirq.LineQubit(i))
        for i, letter in enumerate(letters)
    ]
    on_line: dict[cirq.Qid, cirq.Qid] = {
        q: cirq.LineQubit(i) for q, i in site_index(circuit.all_qubits()).items()
    }
    rotated = circuit.transform_qubits(on_line) + cirq.Circuit(turns)
    evaluator = Evaluator(rotated, [], program.symbols)
    query, mixing = evaluator.query(state)
    vectors = qsim.output_vectors(query, evaluator.checked_params(params))
    chances = mixing[0] @ (np.abs(vectors.astype(complex)) ** 2)
    outcomes = rng.choice(len(chances), size=n_shots, p=chances / chances.sum())
    return ((outcomes[:, None] >> np.arange(n_qubits - 1, -1, -1)) & 1).astype(np.uint8)
