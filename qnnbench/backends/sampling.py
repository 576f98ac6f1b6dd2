"""Shots: measure every qubit of a circuit's output."""

from collections.abc import Sequence

import cirq
import numpy as np
import sympy

from qnnbench.backends import qsim
from qnnbench.backends.evaluate import Evaluator
from qnnbench.circuits.program import site_index
from qnnbench.registry import lookup
from qnnbench.states.mps import InputState

_TO_Z = {"X": cirq.H, "Y": cirq.rx(np.pi / 2), "Z": cirq.I}


def sample(
    circuit: cirq.Circuit,
    params: np.ndarray,
    state: InputState | None,
    n_shots: int,
    rng: np.random.Generator,
    basis: str = "Z",
    symbols: Sequence[sympy.Symbol] | None = None,
    noise: cirq.NoiseModel | None = None,
) -> np.ndarray:
    """Return shots of all qubits, drawn from qsim's single-precision output.

    Without noise one state vector serves all shots; with noise every shot is a quantum
    trajectory of its own. Rotations to the measurement basis are free of noise.

    Args:
        circuit: As for :func:`qnnbench.expectations`.
        params: Angles in radians, (n_symbols,).
        state: Input state; None for |0…0>.
        n_shots: Number of shots.
        rng: Source of the randomness.
        basis: "X", "Y" or "Z" for all qubits, or one letter per qubit.
        symbols: Order of the parameters; None sorts naturally.
        noise: Channels that the model puts into the circuit as it stands, moment by
            moment, on every qubit of the state.

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
    on_sites = circuit.transform_qubits(on_line)
    evaluator = Evaluator(on_sites + cirq.Circuit(turns), [], program.symbols)
    params = evaluator.checked_params(params)
    query, mixing = evaluator.query(state)
    if noise is None:
        vectors = qsim.output_vectors(query, params)
        chances = mixing[0] @ _chances(vectors)
        outcomes = rng.choice(len(chances), size=n_shots, p=chances / chances.sum())
    else:
        names = (symbol.name for symbol in program.symbols)
        bound = cirq.resolve_parameters(on_sites, dict(zip(names, params, strict=True)))
        noisy = cirq.Circuit(noise.noisy_moments(bound, cirq.LineQubit.range(n_qubits)), turns)
        members = rng.choice(len(query.states), size=n_shots, p=mixing[0])
        vectors = qsim.trajectories(noisy, query, members, int(rng.integers(1 << 31)))
        below = np.cumsum(_chances(vectors), axis=1)
        levels = rng.random(n_shots) * below[:, -1]
        outcomes = (below <= levels[:, None]).sum(axis=1)
    return ((outcomes[:, None] >> np.arange(n_qubits - 1, -1, -1)) & 1).astype(np.uint8)


def _chances(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(vectors.astype(complex)) ** 2)
