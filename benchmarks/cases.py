"""What is timed: a network, its angles and input states, and who takes part."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Literal

import cirq
import numpy as np

from qnnbench.circuits.ansatze import Network, build_ansatz
from qnnbench.circuits.program import Program, compile_circuit
from qnnbench.states.mps import MPS

RANDOM_BOND, N_RANDOM_STATES = 8, 32
DENSE = ("tensorcircuit", "tensorcircuit_c64", "pennylane", "qulacs", "qsim")
VALUES_ONLY = ("quimb_mps", "aer_mps", "pauli_prop")
ALL_PEERS = (*DENSE, "quimb_exact", *VALUES_ONLY)


@dataclass(frozen=True)
class Case:
    """One thing to time.

    Attributes:
        name: Key on the command line and in the tables.
        build: Makes the network.
        own: Our contenders; ratios are taken to the first.
        peers: Contenders from other packages.
        std: Standard deviation of normal angles; None: uniform on [0, 2π).
        state: Input: |0…0>, the cluster state, or 32 random real states of bond 8.
        reference: Contender that errors are measured against; "" for our first.
        targets: CPU seconds asked of our own contenders.
        is_quick: Part of ``--quick``.
    """

    name: str
    build: Callable[[], Network]
    own: tuple[str, ...]
    peers: tuple[str, ...] = ()
    std: float | None = None
    state: Literal["zero", "cluster", "random"] = "zero"
    reference: str = ""
    targets: dict[str, float] = field(default_factory=dict)
    is_quick: bool = False

    @cached_property
    def network(self) -> Network:
        """The network."""
        return self.build()

    @property
    def params(self) -> np.ndarray:
        """Angles in radians, (n_symbols,), of seed 1."""
        rng, shape = np.random.default_rng(1), len(self.network.symbols)
        if self.std is None:
            return rng.uniform(0, 2 * np.pi, shape)
        return rng.normal(0, self.std, shape)

    @cached_property
    def states(self) -> list[MPS]:
        """The input states."""
        n_qubits = self.network.n_qubits
        if self.state == "random":
            return random_states(n_qubits, np.random.default_rng(0))
        return [MPS.from_circuit(cirq.Circuit(self._preparation()), n_qubits)]

    def prepared_circuit(self) -> cirq.Circuit:
        """Return the circuit with the preparation of its input state in front."""
        if self.state == "random":
            raise ValueError(f"case {self.name!r} has random states; no circuit prepares them")
        return cirq.Circuit([*self._preparation(), *self.network.circuit.all_operations()])

    def prepared_program(self) -> Program:
        """Return the same, compiled to our fused blocks, for peers that take matrices."""
        return compile_circuit(self.prepared_circuit(), self.network.symbols)

    def _preparation(self) -> list[cirq.Operation]:
        qubits = cirq.LineQubit.range(self.network.n_qubits)
        if self.state == "zero":
            return [cirq.I(q) for q in qubits]
        pairs = [*range(1, len(qubits) - 1, 2), *range(0, len(qubits) - 1, 2)]
        return [cirq.H(q) for q in qubits] + [cirq.CZ(qubits[i], qubits[i + 1]) for i in pairs]


def random_states(n_qubits: int, rng: np.random.Generator) -> list[MPS]:
    """Return 32 random real states of bond 8."""
    dims = [min(RANDOM_BOND, 2 ** min(i, n_qubits - i)) for i in range(n_qubits + 1)]
    shapes = [(dims[i], 2, dims[i + 1]) for i in range(n_qubits)]
    return [MPS.from_tensors([rng.normal(size=s) for s in shapes]) for _ in range(N_RANDOM_STATES)]


def _qcnn(n_qubits: int) -> Callable[[], Network]:
    return partial(build_ansatz, "qcnn", n_qubits)


def _brickwork(n_qubits: int, n_layers: int) -> Callable[[], Network]:
    return partial(build_ansatz, "brickwork", n_qubits, n_layers=n_layers)


CASES = {
    c.name: c
    for c in (
        *(
            Case(
                name,
                build,
                ("statevector",),
                DENSE,
                targets={"statevector": target},
                is_quick=name == "qcnn16",
            )
            for name, build, target in (
                ("qcnn16", _qcnn(16), 0.007),
                ("qcnn20", _qcnn(20), 0.29),
                ("brickwork20", _brickwork(20, 8), 0.46),
            )
        ),
        Case(
            "brickwork100",
            _brickwork(100, 4),
            ("statevector",),
            ("tensorcircuit", "pennylane", "qulacs"),
            is_quick=True,
        ),
        Case(
            "qcnn16_cluster",
            _qcnn(16),
            ("tensor_network", "statevector"),
            ("quimb_exact",),
            state="cluster",
            is_quick=True,
        ),
        *(
            Case(
                f"qcnn{n}_cluster",
                _qcnn(n),
                ("tensor_network",),
                ("quimb_exact",),
                state="cluster",
                targets=targets,
            )
            for n, targets in (
                (32, {"tensor_network": 0.15}),
                (64, {"tensor_network": 60.0}),
                (100, {}),
            )
        ),
        *(
            Case(
                f"qcnn{n}_small",
                _qcnn(n),
                ("tensor_network", "heisenberg_16", "heisenberg_32"),
                VALUES_ONLY,
                std=0.1,
                state="cluster",
            )
            for n in (32, 64, 100)
        ),
        Case(
            "qcnn100_batch",
            _qcnn(100),
            ("heisenberg_16", "heisenberg_32"),
            std=0.1,
            state="random",
            reference="heisenberg_64",
            targets={"heisenberg_16": 0.35, "heisenberg_32": 1.0},
        ),
        Case(
            "qcnn1024_batch",
            _qcnn(1024),
            ("heisenberg_16",),
            std=0.1,
            state="random",
            targets={"heisenberg_16": 4.0},
        ),
        Case("qcnn1024_compile", _qcnn(1024), ("compile",), targets={"compile": 1.0}),
        Case(
            "rg_tree1024_batch", partial(build_ansatz, "rg_tree", 1024), ("tree",), state="random"
        ),
        Case("hea100_moments", partial(build_ansatz, "hea", 100), ("moments",)),
    )
}

CHECKS = {  # so small that every contender is exact up to rounding
    c.name: c
    for c in (
        Case("check_qcnn", _qcnn(6), ("statevector",), ALL_PEERS, state="cluster"),
        Case("check_brickwork", _brickwork(6, 3), ("statevector",), ALL_PEERS),
    )
}
