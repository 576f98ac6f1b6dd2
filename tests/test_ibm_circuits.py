"""Machine circuits as Qiskit circuits: gate by gate, then on a machine's couplings."""

import cirq
import numpy as np
import pytest

pytest.importorskip("qiskit_ibm_runtime")

from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import Operator
from qiskit_ibm_runtime.fake_provider import FakeKingston

from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.hardware.ibm.qiskit_circuits import compiled, gate_counts, to_qiskit
from qnnbench.hardware.machine import MachineCircuit, machine_circuit

pytestmark = pytest.mark.vendor


def drawn(n_qubits, n_gates, seed):
    """Return random native gates."""
    rng = np.random.default_rng(seed)
    qubits = cirq.LineQubit.range(n_qubits)
    for _ in range(n_gates):
        t, p = rng.uniform(-2, 2, 2)
        x, y = rng.choice(n_qubits, 2, replace=False)
        yield rng.choice(
            [
                cirq.PhasedXPowGate(exponent=t, phase_exponent=p)(qubits[x]),
                cirq.ZPowGate(exponent=t)(qubits[x]),
                cirq.ZZPowGate(exponent=t)(qubits[x], qubits[y]),
            ]
        )


@pytest.mark.parametrize("seed", range(5))
def test_gates_have_the_same_unitary_up_to_a_phase(seed):
    qubits = cirq.LineQubit.range(4)
    circuit = cirq.Circuit(cirq.Z.on_each(*qubits), drawn(4, 30, seed))
    ours = to_qiskit(MachineCircuit(circuit, (), 4))
    got = Operator(ours.reverse_bits()).data
    expected = circuit.unitary(qubit_order=qubits, dtype=np.complex128)
    overlap = np.vdot(expected, got) / 16
    assert abs(overlap) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("pooling", ["feed_forward", "coherent"])
def test_no_gate_is_lost_and_none_is_added(pooling):
    network = build_ansatz("qcnn", 8)
    params = np.random.default_rng(1).uniform(-3, 3, len(network.symbols))
    machine = machine_circuit(network, params, network.observables[-1], pooling=pooling)
    counts = gate_counts(to_qiskit(machine))
    assert counts["rzz"] == machine.n_two_qubit
    assert counts["r"] == machine.n_one_qubit
    assert counts["measure"] == machine.n_measurements
    assert counts.get("reset", 0) == machine.n_resets
    assert ("if_else" in counts) == (pooling == "feed_forward")


def test_gates_that_one_bit_controls_share_a_branch_where_they_can():
    a, b, c = cirq.LineQubit.range(3)
    pulse = cirq.PhasedXPowGate(exponent=0.3, phase_exponent=0.1)
    early = [pulse(b).with_classical_controls("m0"), pulse(c).with_classical_controls("m0")]
    head = [pulse(a), cirq.measure(a, key="m0")]
    tail = [cirq.measure(b, key="m1"), cirq.measure(c, key="m2")]

    def branches(*ops):
        machine = MachineCircuit(cirq.Circuit(head, ops, tail), ("m1", "m2"), 3)
        counts = gate_counts(to_qiskit(machine))
        return counts["if_else"], counts["r"]

    assert branches(early[0], cirq.ResetChannel()(a), early[1]) == (1, 3)
    # the second gate must wait for the ZZ, which waits for the first
    assert branches(early[0], cirq.ZZ(b, c) ** 0.3, early[1]) == (2, 3)


def test_two_cz_for_each_zz_on_neighbours_and_no_more():
    a, b, c = cirq.LineQubit.range(3)
    circuit = cirq.Circuit(
        cirq.PhasedXPowGate(exponent=0.3, phase_exponent=0.1).on_each(a, b, c),
        cirq.ZZ(a, b) ** 0.3,
        cirq.ZZ(b, c) ** 0.4,
        cirq.PhasedXPowGate(exponent=0.4, phase_exponent=0.2).on_each(a, b, c),
        (cirq.measure(q, key=f"m{q.x}") for q in (a, b, c)),
    )
    native = compiled(to_qiskit(MachineCircuit(circuit, ("m0", "m1", "m2"), 3)), FakeKingston(), 1)
    counts = gate_counts(native)
    assert counts["cz"] == 4
    assert set(counts) <= {"cz", "rz", "sx", "x", "measure"}


def test_what_a_machine_cannot_run_says_so():
    qubits = cirq.LineQubit.range(6)
    wide = cirq.Circuit(cirq.measure(q, key=f"m{q.x}") for q in qubits)
    small = GenericBackendV2(5)
    with pytest.raises(ValueError, match="uses 6 qubits and generic_backend_5q has 5"):
        compiled(to_qiskit(MachineCircuit(wide, (), 6)), small, 1)
    a, b = qubits[:2]
    fed = cirq.Circuit(cirq.measure(a, key="m0"), (cirq.Z(b) ** 0.3).with_classical_controls("m0"))
    with pytest.raises(ValueError, match="generic_backend_5q takes none"):
        compiled(to_qiskit(MachineCircuit(fed, ("m0",), 2)), small, 1)
