"""quimb: the state as a matrix product state of bond 64, values only."""

import numpy as np
import quimb.tensor as qtn

from benchmarks.cases import Case
from benchmarks.contenders import Work
from benchmarks.rotations import terms
from qnnbench.circuits.program import compile_circuit
from qnnbench.states.mps import PAULIS


def prepare(case: Case, gradient: bool, max_bond_dim: int) -> Work:
    """Return the work: every block of the light cone, then one expectation per string."""
    program = compile_circuit(case.network.circuit, case.network.symbols)
    observable = terms(case)
    blocks, _ = program.light_cone(site for _, string in observable for site, _ in string)
    tensors = [np.asarray(t, complex) for t in case.states[0].tensors]
    ends = [tensors[0][0], *tensors[1:-1], tensors[-1][:, :, 0]]

    def work(params: np.ndarray) -> tuple[np.ndarray, None]:
        state = qtn.MatrixProductState(ends, shape="lpr")
        circuit = qtn.CircuitMPS(psi0=state, max_bond=max_bond_dim)
        unitaries = program.unitaries(params)
        for block in blocks:
            sites, gate = program.sites[block], unitaries[program.gate_of_block[block]]
            circuit.apply_gate_raw(gate if len(sites) == 2 else gate[::2, ::2], sites)
        value = 0.0
        for coefficient, string in observable:
            operator = np.eye(1)
            for _, letter in string:
                operator = np.kron(operator, PAULIS["IXYZ"[letter]])
            sites = [site for site, _ in string]
            mean = circuit.local_expectation(operator, sites).real if sites else 1.0
            value += coefficient * mean
        return np.array([[value]]), None

    return work
