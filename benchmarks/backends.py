"""Time one value and gradient per backend, as a ratio to a peer run in the same minute.

Run with one BLAS thread (``OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1``). The peer is qsim's
single-precision value, the fastest thing a Cirq user has at hand; beyond its reach CPU
seconds stand alone.
"""

import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

from qnnbench.backends import Evaluator
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.moments import moments
from qnnbench.states.mps import MPS

REPEATS = 3


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the least CPU time of three calls after a first one."""
    work()
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def random_states(n_qubits: int, bond: int, n_states: int) -> list[MPS]:
    """Return random real states of one bond."""
    rng = np.random.default_rng(0)
    dims = [min(bond, 2 ** min(i, n_qubits - i)) for i in range(n_qubits + 1)]
    shapes = [(dims[i], 2, dims[i + 1]) for i in range(n_qubits)]
    return [MPS.from_tensors([rng.normal(size=s) for s in shapes]) for _ in range(n_states)]


def value_and_gradient(
    name: str, n_qubits: int, backend: str, states: list[MPS] | None, max_bond_dim: int = 16
) -> float:
    """Return CPU seconds of one value and gradient at angles N(0, 0.1)."""
    network = build_ansatz(name, n_qubits)
    evaluator = Evaluator.of(network)
    params = np.random.default_rng(1).normal(0, 0.1, len(network.symbols))

    def work() -> None:
        result = evaluator(params, states, backend, 1.0, max_bond_dim, first_bond_dim=max_bond_dim)
        result.gradient(np.ones_like(result.values))

    return cpu_seconds(work)


def peer_value(name: str, n_qubits: int) -> float:
    """Return CPU seconds of qsim's value on the same circuit."""
    network = build_ansatz(name, n_qubits)
    evaluator = Evaluator.of(network)
    params = np.random.default_rng(1).normal(0, 0.1, len(network.symbols))
    return cpu_seconds(lambda: evaluator(params, None, "qsim"))


def main() -> None:
    """Print the table."""
    table = Table("what", "CPU s", "ratio to qsim's value")
    for name, n_qubits in (("qcnn", 16), ("qcnn", 20), ("brickwork", 20)):
        own, peer = (
            value_and_gradient(name, n_qubits, "statevector", None),
            peer_value(name, n_qubits),
        )
        table.add_row(f"statevector {name}({n_qubits})", f"{own:.3g}", f"{own / peer:.2g}")
    states = random_states(100, 8, 32)
    for bond in (16, 32):
        own = value_and_gradient("qcnn", 100, "heisenberg", states, bond)
        table.add_row(
            f"heisenberg qcnn(100), 32 bond-8 states, D={bond}", f"{own:.3g}", "out of reach"
        )
    hea = build_ansatz("hea", 100)
    start = time.process_time()
    exact = moments(hea.circuit, hea.observables[0], hea.symbols)
    table.add_row(
        f"moments hea(100, 100): log10 variance {exact.log10_variance:.4f}, "
        f"relative error {exact.relative_error:.1e}",
        f"{time.process_time() - start:.3g}",
        "out of reach",
    )
    Console().print(table)


if __name__ == "__main__":
    main()
