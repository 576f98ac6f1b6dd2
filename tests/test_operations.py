"""What compiles equals Cirq's unitary, at any angles; what does not is named with the way out."""

import cirq
import numpy as np
import pytest
import sympy

from qnnbench.circuits.ansatze import ANSATZE, build_ansatz
from qnnbench.circuits.gates import UnsupportedCircuit
from qnnbench.circuits.program import compile_circuit
from tests.circuits import random_circuit

A, B, C = cirq.LineQubit.range(3)
G, H = cirq.GridQubit.rect(1, 2)
s, t, u = sympy.symbols("s t u")
X, Y, Z = (np.array(m) for m in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]))
SHIFTED = cirq.XPowGate(exponent=t, global_shift=0.3)  # its phase shows under a control
PART = cirq.FrozenCircuit(cirq.rx(t)(A), cirq.CZ(A, B) ** u)


def unitary_of(program, params):
    gates = program.unitaries(params)
    n_qubits = program.n_qubits
    out = np.eye(2**n_qubits).reshape([2] * n_qubits + [-1])
    for sites, gate in zip(program.sites, program.gate_of_block, strict=True):
        k = len(sites)
        matrix = gates[gate] if k == 2 else gates[gate][::2, ::2]
        out = np.tensordot(matrix.reshape([2] * 2 * k), out, (range(k, 2 * k), sites))
        out = np.moveaxis(out, range(k), sites)
    return out.reshape(2**n_qubits, -1)


def assert_compiles(circuit, symbols=None, seed=0):
    """Compare with Cirq at random angles, up to a global phase."""
    program = compile_circuit(circuit, symbols)
    params = np.random.default_rng(seed).uniform(0, 7, len(program.symbols))
    found = unitary_of(program, params)
    values = dict(zip(program.symbols, params, strict=True))
    # Cirq makes floats of sympy numbers only when there is something to resolve.
    expected = cirq.unitary(cirq.resolve_parameters(circuit, values or {t: 0.0}))
    phase = np.vdot(expected, found) / len(found)
    np.testing.assert_allclose(found, phase * expected, atol=1e-12)
    assert abs(phase) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_random_circuits(seed):
    assert_compiles(random_circuit(5, 30, np.random.default_rng(seed))[0], seed=seed)


@pytest.mark.parametrize("n_qubits", [2, 5, 6])
@pytest.mark.parametrize("name", ANSATZE)
def test_every_ansatz(name, n_qubits):
    assert_compiles(build_ansatz(name, n_qubits).circuit)


SUPPORTED = {
    # one angle
    "rx": cirq.rx(t)(A),
    "ry": cirq.ry(2 * t - u / 3 + 0.1)(A),
    "rz": cirq.rz(sympy.pi * t)(A),
    "constant in sympy": cirq.rx(sympy.pi / 3)(A),
    "H power": cirq.H(A) ** t,
    "shifted power": SHIFTED(A),
    "SWAP power": cirq.SWAP(B, A) ** t,
    "ISWAP power": cirq.ISWAP(B, A) ** t,
    "ms": cirq.ms(t)(A, B),
    "XX": cirq.XXPowGate(exponent=t, global_shift=0.2)(A, B),
    "givens": cirq.givens(t)(B, A),
    "riswap": cirq.riswap(t)(A, B),
    "interaction": cirq.PauliInteractionGate(cirq.X, False, cirq.Y, True, exponent=t)(B, A),
    "Pauli phasor": cirq.PauliStringPhasor(cirq.X(A) * cirq.Y(B), exponent_neg=t, exponent_pos=u),
    "Pauli exponential": list(cirq.PauliSumExponential(cirq.X(A) * cirq.Z(B), t)),
    # several angles
    "PhasedX": cirq.PhasedXPowGate(phase_exponent=t, exponent=u, global_shift=0.3)(A),
    "PhasedXZ": cirq.PhasedXZGate(x_exponent=s, z_exponent=t, axis_phase_exponent=u)(A),
    "PhasedISwap": cirq.PhasedISwapPowGate(phase_exponent=t, exponent=u)(B, A),
    "PhasedISwap at a fixed phase": cirq.PhasedISwapPowGate(phase_exponent=0.2, exponent=u)(B, A),
    "FSim": cirq.FSimGate(t, u)(B, A),
    "PhasedFSim": cirq.PhasedFSimGate(s, t, u, t / 2, 0.3)(A, B),
    "diagonal": cirq.DiagonalGate([s, t, 0.3, u])(A, B),
    "two-qubit diagonal": cirq.TwoQubitDiagonalGate([s, t, 0.3, u])(A, B),
    "phase gradient": cirq.PhaseGradientGate(num_qubits=2, exponent=t)(A, B),
    "Boolean": cirq.BooleanHamiltonianGate(["a", "b"], ["a ^ b"], 0.3)(A, B),
    # under controls
    "on 1": SHIFTED(B).controlled_by(A),
    "on 0": SHIFTED(B).controlled_by(A, control_values=[0]),
    "on 0 or 1": SHIFTED(B).controlled_by(A, control_values=[(0, 1)]),
    "controlled gate": cirq.ControlledGate(SHIFTED, control_values=[0])(B, A),
    "gate operation": cirq.GateOperation(cirq.ControlledGate(SHIFTED), (B, A)),
    "controlled rx": cirq.rx(t)(B).controlled_by(A),
    "shift by two": [
        cirq.XPowGate(exponent=t, global_shift=2)(B).controlled_by(A),
        cirq.XPowGate(exponent=t, global_shift=0)(B).controlled_by(A),
    ],
    "controlled PhasedX": cirq.PhasedXPowGate(phase_exponent=t, exponent=u, global_shift=0.3)(
        A
    ).controlled_by(B, control_values=[0]),
    "controlled diagonal": cirq.DiagonalGate([s, t])(A).controlled_by(B),
    "controlled matrix": cirq.MatrixGate((X + Z) / np.sqrt(2))(A).controlled_by(B),
    "controlled phase": cirq.GlobalPhaseGate(sympy.exp(sympy.I * t)).controlled()(A),
    "phase under two": cirq.ControlledGate(
        cirq.GlobalPhaseGate(1j**t), control_values=cirq.SumOfProducts([(0, 1), (1, 0)])
    )(A, B),
    "CNOT power under none": cirq.Z(A).controlled_by(B) ** t,
    "controlled circuit": cirq.CircuitOperation(
        cirq.FrozenCircuit(cirq.rx(t)(A), cirq.Z(A) ** u)
    ).controlled_by(B),
    "controlled Pauli string": cirq.PauliString(cirq.Y(A), coefficient=-1).controlled_by(B),
    # without symbols
    "matrix": cirq.MatrixGate(cirq.testing.random_unitary(4, random_state=1))(B, A),
    "permutation": cirq.QubitPermutationGate([1, 0])(A, B),
    "Clifford": cirq.CliffordGate.from_op_list([cirq.H(A), cirq.CX(A, B)], [A, B])(A, B),
    "one-qubit Clifford": cirq.SingleQubitCliffordGate.X_sqrt(A),
    "Fourier": cirq.QuantumFourierTransformGate(2)(A, B),
    "global phase": [cirq.global_phase_operation(1j), cirq.H(A)],
    "free global phase": [cirq.global_phase_operation(sympy.exp(sympy.I * t)), cirq.H(A)],
    # what holds others
    "tags": cirq.rx(t)(A).with_tags("a", "b"),
    "circuit": cirq.CircuitOperation(PART, repetitions=3),
    "inverse": cirq.CircuitOperation(PART, repetitions=-2, qubit_map={A: B, B: A}),
    "resolved": cirq.CircuitOperation(PART, param_resolver={t: 2 * s + u, u: 0.3}),
    "nested": cirq.CircuitOperation(
        cirq.FrozenCircuit(cirq.CircuitOperation(PART, param_resolver={u: t}), cirq.H(A))
    ),
    "wide circuit": cirq.CircuitOperation(cirq.FrozenCircuit(PART, cirq.CX(B, C) ** t)),
    "layer": cirq.ParallelGate(cirq.X**t, 3)(A, B, C),
    "wide Pauli string": cirq.X(A) * cirq.Y(B) * cirq.Z(C),
    "identity": [cirq.IdentityGate(3)(A, B, C), cirq.rx(t)(A)],
    "wait": [cirq.WaitGate(cirq.Duration(picos=t), num_qubits=3)(A, B, C), cirq.rx(u)(C)],
    # other qubits
    "grid": [cirq.rx(t)(G), cirq.FSimGate(t, u)(H, G)],
    "names": [cirq.CX(cirq.NamedQubit("b"), cirq.NamedQubit("a")) ** t],
}


@pytest.mark.parametrize("operations", SUPPORTED.values(), ids=SUPPORTED)
def test_operation(operations):
    circuit = cirq.Circuit(operations)
    symbols = [s, t, u]  # listed, as Cirq forgets those of PhasedFSimGate
    assert_compiles(circuit, symbols)
    between = [cirq.CX(*sorted(circuit.all_qubits())[:2])] if cirq.num_qubits(circuit) > 1 else []
    assert_compiles(cirq.Circuit(operations, between, operations), symbols)


@pytest.mark.parametrize(
    "angle",
    [
        t,
        -t,
        t / 3 - 2 * u / sympy.pi + sympy.sqrt(2),
        (t + u) / 7,
        0.1 * (t + 2 * (u - 1)) - t,
        t * (1 + u) - t * u,
        (t + 1) ** 2 - t**2,
        sympy.cos(1) * t + sympy.Rational(1, 3),
    ],
    ids=str,
)
def test_affine_angles(angle):
    assert_compiles(cirq.Circuit(cirq.X(A) ** angle, cirq.rz(angle)(A)))


@pytest.mark.parametrize(
    "angle", [t**2, t * u, sympy.sin(t), 1 / t, sympy.I * t, sympy.oo * t, sympy.nan + t], ids=str
)
def test_other_angles_are_refused(angle):
    with pytest.raises(UnsupportedCircuit, match=r"is not affine in its symbols\. Give"):
        compile_circuit(cirq.Circuit(cirq.ZPowGate(exponent=angle)(A)), [t, u])


def test_a_symbol_that_is_not_listed_is_named():
    circuit = cirq.Circuit(cirq.rx(s + t - u)(A))
    with pytest.raises(UnsupportedCircuit, match=r"not listed: \['s', 'u'\]. Add them"):
        compile_circuit(circuit, [t])


class Opaque(cirq.Gate):
    """A gate with a free angle that says nothing of itself."""

    def _num_qubits_(self):
        return 1

    def _is_parameterized_(self):
        return True


REFUSED = {
    "three qubits": (cirq.CCX(A, B, C), "TOFFOLI.*not a unitary gate on one or two.*Decompose it"),
    "two controls": (cirq.rx(t)(A).controlled_by(B, C), "Rx.*not a unitary gate on one or two"),
    "controlled pair": (cirq.CZ(A, B).controlled_by(C) ** t, "not a unitary gate on one or two"),
    "in a circuit": (
        cirq.CircuitOperation(cirq.FrozenCircuit(cirq.rx(t)(A), cirq.CCZ(A, B, C))),
        r"CCZ\(.*not a unitary gate on one or two",
    ),
    "wide phasor": (
        cirq.PauliStringPhasor(cirq.X(A) * cirq.Y(B) * cirq.Z(C), exponent_neg=t),
        "not a unitary gate on one or two.*cirq.decompose",
    ),
    "measurement": (cirq.measure(A, B), "cirq.M.*not a unitary gate.*drop it"),
    "Pauli measurement": (cirq.measure_single_paulistring(cirq.X(A) * cirq.X(B)), "not a unitary"),
    "noise": (cirq.depolarize(0.1)(A), "depolarize.*not unitary; noise and resets.*Drop it"),
    "reset": (cirq.ResetChannel()(A), "not unitary; noise and resets"),
    "chance": (cirq.X(A).with_probability(0.5), "not unitary; noise and resets"),
    "classical control": (cirq.X(A).with_classical_controls("m"), "classically controlled.*defer"),
    "free classical control": (cirq.rx(t)(A).with_classical_controls("m"), "defer_measurements"),
    "open loop": (
        cirq.CircuitOperation(PART, repetitions=u, use_repetition_ids=False),
        "number of times. Give the number",
    ),
    "not finite": (cirq.X(A) ** float("nan"), "not finite. Check its angle"),
    "opaque": (Opaque()(A), "neither an eigen-decomposition.*Write it with rotation gates"),
    "qutrit": (cirq.IdentityGate(1, (3,))(cirq.LineQid(0, 3)), "Only qubits are supported"),
}


@pytest.mark.parametrize(("operation", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_is_named_with_the_way_out(operation, message):
    circuit = cirq.Circuit(operation)
    with pytest.raises(UnsupportedCircuit, match=f"(?s){message}"):
        compile_circuit(circuit)
