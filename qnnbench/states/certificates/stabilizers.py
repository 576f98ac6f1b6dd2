"""Facts of stabilizer families: states told apart by generators, circuits, noise."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from qnnbench.states.certificates import any_family
from qnnbench.states.certificates.claims import N_WINDOWS, Row, claim, evenly, exact_states
from qnnbench.states.samples import Dataset
from qnnbench.states.stabilizer import StabilizerState

if TYPE_CHECKING:
    import stim


def own_generators(state: StabilizerState) -> "list[stim.PauliString]":
    """Return the signed generators of the stabilizer group."""
    return [state.tableau.z_output(k) for k in range(state.n_qubits)]


def n_unmet(state: StabilizerState, strings: "Sequence[stim.PauliString]") -> int:
    """Return how many strings do not have mean 1.

    Zero for n independent strings that commute iff the state is the one they stabilize.
    """
    return sum(state.mean(string) != 1 for string in strings)


def n_unmet_up_to_sign(state: StabilizerState, strings: "Sequence[stim.PauliString]") -> int:
    """Return how many strings have mean 0; zero iff Pauli errors make the state."""
    return sum(state.mean(string) == 0 for string in strings)


def norms(dataset: Dataset) -> Iterator[Row]:
    """Contract the matrix product states, if any; stabilizer states have norm one."""
    if dataset.max_bond_dim:
        yield from any_family.norms(dataset)


def prepared(dataset: Dataset) -> Iterator[Row]:
    """Compare preparation circuits with the stored states they claim to make."""
    from qnnbench.states.datasets import preparation_circuit

    if dataset.max_bond_dim:
        yield from any_family.prepared(dataset)
        return
    exact, unmet = exact_states(dataset), []
    for index in evenly(exact, N_WINDOWS // 2):
        circuit = preparation_circuit(exact, int(index))
        made = StabilizerState.from_circuit(circuit, dataset.n_qubits)
        stored = exact.states[index]
        if isinstance(stored, StabilizerState):
            unmet.append(n_unmet(stored, own_generators(made)))
    method = f"stabilizers of the circuit's state unmet by the stored one, {len(unmet)} circuits"
    yield claim("preparation circuits make the states", method, sum(unmet), 0, 0)
