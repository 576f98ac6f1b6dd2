"""Exact values of circuits that are Clifford at the given angles, at a thousand qubits.

Pauli strings are pulled back through the circuit once, for all states; a Clifford maps a
string to a string, whose mean in a stabilizer state is -1, 0 or 1.
"""

import numpy as np

from qnnbench.backends.protocol import BackendCannot, Cost, Evaluation, Query
from qnnbench.circuits.observables import PauliTerms
from qnnbench.states.mps import PureState
from qnnbench.states.stabilizer import (
    NotClifford,
    StabilizerState,
    pauli_string,
    program_tableau,
)

_OTHERS = "Use 'statevector', 'tree' or 'heisenberg' on matrix product states."


def _stabilizer(state: PureState) -> StabilizerState:
    """Return a state as a stabilizer state, or decline."""
    if isinstance(state, StabilizerState):
        return state
    if state.max_bond_dim > 1:
        raise BackendCannot(
            f"stabilizer: a matrix product state of bond {state.max_bond_dim} is no product of "
            f"eigenvectors of X, Y or Z; build a StabilizerState. {_OTHERS}"
        )
    try:
        return StabilizerState.product([tensor[0, :, 0] for tensor in state.tensors])
    except ValueError as reason:
        raise BackendCannot(f"stabilizer: {reason}. {_OTHERS}") from reason


def cost(query: Query) -> Cost:
    """Return the static cost of one value; whether the angles are Clifford shows later.

    Raises:
        BackendCannot: An input that is no stabilizer state.
    """
    for state in query.states:
        _stabilizer(state)
    n, n_states = query.program.n_qubits, len(query.states)
    reads = sum(
        len(o.strings) if isinstance(o, PauliTerms) else len(o.bits) for o in query.observables
    )
    gates = 4e-6 * len(query.program.sites) + 3e-5 * query.program.n_gates
    seconds = gates + (1e-7 + 2e-8 * n_states) * n**2 + 4e-6 * (1 + n_states) * reads
    return Cost(seconds, n**2 * (1.0 + n_states))


def evaluate(query: Query, params: np.ndarray) -> Evaluation:
    """Return exact values of a circuit that is Clifford at ``params``; gradients are declined.

    Raises:
        BackendCannot: A block that is not Clifford, with its qubits and angles.

    Source:
        Gottesman-Knill theorem: Aaronson and Gottesman, arXiv:quant-ph/0406196, Sec. I.
    """
    states = [_stabilizer(state) for state in query.states]
    try:
        circuit = program_tableau(query.program, params)
    except NotClifford as reason:
        raise BackendCannot(f"stabilizer: {reason}. {_OTHERS}") from reason
    back = circuit.inverse()
    values = np.zeros((len(states), len(query.observables)))
    for column, observable in enumerate(query.observables):
        if isinstance(observable, PauliTerms):
            for coefficient, string in zip(
                observable.coefficients, observable.strings, strict=True
            ):
                pulled = back(pauli_string(string, query.program.n_qubits))
                values[:, column] += [coefficient * state.mean(pulled) for state in states]
        else:
            outputs = (StabilizerState(state.tableau.then(circuit)) for state in states)
            chances = [output.probability(observable.bits) for output in outputs]
            values[:, column] = observable.coefficient * np.array(chances)

    def pull_back(cotangent: np.ndarray) -> np.ndarray:
        raise BackendCannot(f"stabilizer: gradients asked; it gives values only. {_OTHERS}")

    return Evaluation(values, np.zeros_like(values), True, pull_back)
