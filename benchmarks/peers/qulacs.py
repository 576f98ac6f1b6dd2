"""qulacs: a parametric circuit and its backprop."""

import numpy as np
import qulacs

from benchmarks.cases import Case
from benchmarks.contenders import Work
from benchmarks.rotations import Part, constant, parts, pauli_rotations


class _Circuit:
    """One light cone; qulacs rotates by exp(+iθP/2), hence the signs."""

    def __init__(self, part: Part) -> None:
        self._part, self._state = part, qulacs.QuantumState(part.n_qubits)
        self._circuit = qulacs.ParametricQuantumCircuit(part.n_qubits)
        self._observable = qulacs.Observable(part.n_qubits)
        for coefficient, string in part.strings:
            word = " ".join(f"{'_XYZ'[letter]} {site}" for site, letter in string)
            self._observable.add_operator(coefficient, word)
        scales: list[tuple[int, float]] = []
        for gate in part.gates:
            if gate.angle is None:
                getattr(self._circuit, f"add_{gate.name}_gate")(*gate.sites)
                continue
            for string, factor in pauli_rotations(gate):
                self._rotate(string)
                scales.append((gate.angle, -factor))
        self._angles = np.array([angle for angle, _ in scales])
        self._factors = np.array([factor for _, factor in scales])

    def _rotate(self, string: tuple[tuple[int, int], ...]) -> None:
        sites, letters = map(list, zip(*string, strict=True))
        if len(sites) == 1:
            add = getattr(self._circuit, f"add_parametric_R{'_XYZ'[letters[0]]}_gate")
            add(sites[0], 0.0)
        else:
            self._circuit.add_parametric_multi_Pauli_rotation_gate(sites, letters, 0.0)

    def __call__(self, params: np.ndarray, gradient: bool) -> tuple[float, np.ndarray]:
        angles = self._part.angles(params)
        for i, angle in enumerate((self._factors * angles[self._angles]).tolist()):
            self._circuit.set_parameter(i, angle)
        self._state.set_zero_state()
        self._circuit.update_quantum_state(self._state)
        value = self._observable.get_expectation_value(self._state)
        by_angle = np.zeros(len(angles))
        if gradient:
            derivatives = np.array(self._circuit.backprop(self._observable))
            np.add.at(by_angle, self._angles, self._factors * derivatives)
        return value, self._part.gradient(by_angle)


def prepare(case: Case, gradient: bool) -> Work:
    """Return the work: one circuit per light cone."""
    circuits, offset = [_Circuit(part) for part in parts(case)], constant(case)

    def work(params: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        values, slopes = zip(*(circuit(params, gradient) for circuit in circuits), strict=True)
        return np.array([[offset + sum(values)]]), sum(slopes) if gradient else None

    return work
