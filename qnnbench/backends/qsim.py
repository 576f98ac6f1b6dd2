"""qsim: single-precision values and samples, quick and never called exact."""

from collections.abc import Sequence

import cirq
import numpy as np

from qnnbench.backends.protocol import BackendCannot, Cost, Evaluation, Query

MAX_QUBITS = 26
SINGLE_PRECISION = 1e-6  # rounding per block, relative to the norm


def cost(query: Query) -> Cost:
    """Return the static cost of one value.

    Raises:
        BackendCannot: More than ``MAX_QUBITS`` qubits.
    """
    n = query.program.n_qubits
    if n > MAX_QUBITS:
        raise BackendCannot(
            f"qsim: {n} qubits asked, supported are {MAX_QUBITS}. Use 'heisenberg' or 'tree'."
        )
    size = 2.0**n * len(query.states)
    return Cost(2e-9 * size * len(query.program.sites), 32 * 2.0**n)


def bound_circuit(query: Query, params: np.ndarray) -> cirq.Circuit:
    """Return the compiled blocks at ``params`` as a Cirq circuit on a full line of qubits."""
    qubits = cirq.LineQubit.range(query.program.n_qubits)
    unitaries = query.program.unitaries(params)
    ops: list[cirq.Operation] = [cirq.I(q) for q in qubits]
    for sites, gate in zip(query.program.sites, query.program.gate_of_block, strict=True):
        matrix = unitaries[gate] if len(sites) == 2 else unitaries[gate][::2, ::2]
        ops.append(cirq.MatrixGate(matrix, unitary_check=False).on(*(qubits[s] for s in sites)))
    return cirq.Circuit(ops)


def dense(tensors: Sequence[np.ndarray]) -> np.ndarray:
    """Return the state vector of a matrix product state, complex64 (2^n,)."""
    vector = np.ones((1, 1))
    for tensor in tensors:
        vector = np.tensordot(vector, tensor, (1, 0)).reshape(-1, tensor.shape[2])
    return vector[:, 0].astype(np.complex64)


def output_vectors(query: Query, params: np.ndarray) -> np.ndarray:
    """Return the circuit's output for every state, complex64 (n_states, 2^n)."""
    import qsimcirq  # loads a compiled simulator: only when asked for

    cost(query)
    simulator = qsimcirq.QSimSimulator()
    circuit = bound_circuit(query, params)
    out = []
    for tensors in query.tensors:
        result = simulator.simulate(circuit, initial_state=dense(tensors))
        out.append(result.final_state_vector)
    return np.array(out)


def trajectories(
    circuit: cirq.Circuit, query: Query, members: np.ndarray, seed: int
) -> np.ndarray:
    """Return one quantum trajectory of a noisy circuit for each entry of ``members``.

    Args:
        circuit: Unitaries and channels on ``cirq.LineQubit.range(n_qubits)``, all present.
        query: Gives the input states and the limit of their width.
        members: Which input state each trajectory starts from, shape (k,).
        seed: Of qsim's random numbers.

    Returns:
        Complex64 (k, 2^n), normalised. Source: Isakov et al., arXiv:2111.02396, Sec. III.
    """
    import qsimcirq  # loads a compiled simulator: only when asked for

    cost(query)
    simulator = qsimcirq.QSimSimulator(seed=seed, circuit_memoization_size=1)
    starts = [dense(tensors) for tensors in query.tensors]
    runs = (simulator.simulate(circuit, initial_state=starts[m]) for m in members)
    return np.array([run.final_state_vector for run in runs])


def evaluate(query: Query, params: np.ndarray) -> Evaluation:
    """Return single-precision values; gradients are declined."""
    vectors = output_vectors(query, params).astype(complex)  # coefficients may be any size
    shaped = vectors.reshape((len(vectors),) + (2,) * query.program.n_qubits)
    values = np.zeros((len(vectors), len(query.observables)))
    for column, observable in enumerate(query.observables):
        image = observable.apply(shaped).reshape(vectors.shape)
        values[:, column] = np.einsum("ki,ki->k", vectors.conj(), image).real
    rounding = SINGLE_PRECISION * max(1, len(query.program.sites)) ** 0.5
    error = np.tile([rounding * o.bound for o in query.observables], (len(vectors), 1))

    def pull_back(cotangent: np.ndarray) -> np.ndarray:
        raise BackendCannot(
            "qsim: gradients asked; it gives single-precision values and samples. "
            "Use 'statevector' for exact gradients."
        )

    return Evaluation(values, error, False, pull_back)
