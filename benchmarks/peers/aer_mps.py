"""Qiskit Aer: matrix product state of bond 64, values only."""

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import UnitaryGate
from qiskit.quantum_info import Pauli
from qiskit_aer import AerSimulator

from benchmarks.cases import Case
from benchmarks.contenders import Work
from benchmarks.rotations import terms


def prepare(case: Case, gradient: bool, max_bond_dim: int) -> Work:
    """Return the work: every block of the light cone, and one saved expectation per string."""
    program, observable = case.prepared_program(), terms(case)
    blocks, _ = program.light_cone(site for _, string in observable for site, _ in string)
    simulator = AerSimulator(
        method="matrix_product_state",
        matrix_product_state_max_bond_dimension=max_bond_dim,
        max_parallel_threads=1,
        max_memory_mb=10**9,  # it would refuse by an estimate of unlimited bonds
    )

    def work(params: np.ndarray) -> tuple[np.ndarray, None]:
        circuit, unitaries = QuantumCircuit(program.n_qubits), program.unitaries(params)
        for block in blocks:
            sites, gate = program.sites[block], unitaries[program.gate_of_block[block]]
            matrix = gate if len(sites) == 2 else gate[::2, ::2]
            circuit.append(UnitaryGate(matrix), sites[::-1])  # Qiskit: the last is the highest
        for number, (_, string) in enumerate(observable):
            letters = "".join("IXYZ"[letter] for _, letter in reversed(string)) or "I"
            qubits = [site for site, _ in string] or [0]
            circuit.save_expectation_value(Pauli(letters), qubits, label=str(number))
        data = simulator.run(circuit).result().data()
        value = sum(c * data[str(number)] for number, (c, _) in enumerate(observable))
        return np.array([[value]]), None

    return work
