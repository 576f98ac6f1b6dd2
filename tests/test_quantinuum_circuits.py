"""Machine circuits in pytket: the same gates, one for one."""

import cirq
import numpy as np
import pytest

pytest.importorskip("pytket")

import qnnbench
from qnnbench.hardware.machine import MachineCircuit, machine_circuit
from qnnbench.hardware.quantinuum.pytket_circuits import compiled, to_pytket

pytestmark = pytest.mark.vendor


def native(n_qubits, n_gates, seed):
    """Return random native gates on every qubit, nothing measured."""
    rng = np.random.default_rng(seed)
    qubits = cirq.LineQubit.range(n_qubits)
    ops = [cirq.PhasedXPowGate(phase_exponent=0.3, exponent=rng.uniform(-2, 2))(q) for q in qubits]
    for _ in range(n_gates):
        turn, axis = rng.uniform(-2, 2, size=2)
        pair = [qubits[k] for k in rng.permutation(n_qubits)[:2]]
        ops.append(
            [
                cirq.PhasedXPowGate(exponent=turn, phase_exponent=axis).on(pair[0]),
                cirq.ZPowGate(exponent=turn, global_shift=axis).on(pair[0]),
                cirq.ZZPowGate(exponent=turn, global_shift=axis).on(*pair),
            ][rng.integers(3)]
        )
    return MachineCircuit(cirq.Circuit(ops), (), n_qubits)


def n_gates(circuit):
    """Return how often each gate occurs, those under a condition included."""
    names = [
        (c.op.op if c.op.type.name == "Conditional" else c.op).type.name
        for c in circuit.get_commands()
    ]
    return {name: names.count(name) for name in set(names)}


@pytest.mark.parametrize("seed", range(4))
def test_unitaries_agree_up_to_a_phase(seed):
    machine = native(4, 30, seed)
    cirq.testing.assert_allclose_up_to_global_phase(
        to_pytket(machine).get_unitary(), cirq.unitary(machine.circuit), atol=1e-9
    )


@pytest.mark.parametrize("pooling", ["feed_forward", "coherent"])
@pytest.mark.parametrize("device", ["H2-1", "H2-2E"])
def test_no_gate_is_lost_or_added(pooling, device):
    network = qnnbench.ansatz("qcnn", 8)
    params = np.random.default_rng(2).normal(0, 0.4, len(network.symbols))
    machine = machine_circuit(network, params, [0, 7], pooling=pooling)
    wanted = {
        "PhasedX": machine.n_one_qubit,
        "ZZPhase": machine.n_two_qubit,
        "Measure": machine.n_measurements,
        "Reset": machine.n_resets,
    }
    for circuit in (to_pytket(machine), compiled(machine, device)):
        found = n_gates(circuit)
        assert {name: found.get(name, 0) for name in wanted} == wanted
        assert set(found) <= {*wanted, "Rz"}
    kinds = [command.op.type.name for command in circuit.get_commands()]
    assert ("Conditional" in kinds) == (pooling == "feed_forward")


def test_a_bit_controls_the_gate_that_it_controls():
    q = cirq.LineQubit.range(2)
    flip = cirq.PhasedXPowGate(phase_exponent=0.25, exponent=0.5)
    circuit = cirq.Circuit(
        cirq.measure(q[1], key="first"),
        flip(q[0]).with_classical_controls("first"),
        cirq.measure(q[0], key="second"),
    )
    lowered = to_pytket(MachineCircuit(circuit, ("second",), 2))
    assert [str(command) for command in lowered.get_commands()] == [
        "Measure q[1] --> c0000[0];",
        "IF ([c0000[0]] == 1) THEN PhasedX(0.5, 0.25) q[0];",
        "Measure q[0] --> r0000[0];",
    ]


def test_more_qubits_than_the_machine_has_are_refused():
    with pytest.raises(ValueError, match="H2-1 takes no such circuit"):
        compiled(native(57, 0, 0), "H2-1")
