"""Native gates: canonical forms to rounding, and no two-qubit gate more than needed."""

import cirq
import numpy as np
import pytest
import scipy.linalg

from qnnbench.hardware.canonical import canonical
from qnnbench.hardware.machine import machine_circuit
from qnnbench.hardware.native import diagonal_last
from tests.outcome_laws import distance, machine_law, network_law

PAIRS = [np.kron(cirq.unitary(gate), cirq.unitary(gate)) for gate in (cirq.X, cirq.Y, cirq.Z)]
ANGLES = (0, 1e-11, 1e-8, 1e-4, 0.3, 0.3 + 1e-7, np.pi / 4 - 1e-9, np.pi / 4, np.pi / 2)


def interaction(angles):
    return scipy.linalg.expm(1j * sum(a * pair for a, pair in zip(angles, PAIRS, strict=True)))


def local(rng):
    """Return two one-qubit unitaries, Clifford ones among them."""
    fixed = [cirq.unitary(gate) for gate in (cirq.I, cirq.X, cirq.H, cirq.S)]
    any_ = [cirq.testing.random_unitary(2, random_state=int(rng.integers(1 << 30)))] * 4
    return np.kron(*((fixed + any_)[k] for k in rng.integers(8, size=2)))


def up_to_phase(matrix, other):
    overlap = np.vdot(other, matrix)
    return np.abs(matrix - other * overlap / abs(overlap)).max()


def test_canonical_forms_hold_to_rounding_where_angles_nearly_agree():
    rng = np.random.default_rng(7)
    for _ in range(200):
        angles = rng.choice(ANGLES, size=3) * rng.choice([1, -1], size=3)
        matrix = local(rng) @ interaction(angles) @ local(rng)
        form = canonical(matrix)
        made = np.kron(*form.after) @ interaction(form.angles) @ np.kron(*form.before)
        assert up_to_phase(matrix, made) < 1e-13
        x, y, z = form.angles
        assert np.pi / 4 + 1e-8 > x > y - 1e-8 > abs(z) - 2e-8  # Cirq's own tolerance: 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_a_diagonal_factor_leaves_two_zz_powers(seed):
    matrix = cirq.testing.random_unitary(4, random_state=seed)
    diagonal, rest = diagonal_last(matrix)
    np.testing.assert_allclose(diagonal @ rest, matrix, atol=1e-14)
    np.testing.assert_array_equal(diagonal, np.diag(np.diag(diagonal)))
    assert cirq.num_cnots_required(matrix) == 3
    assert cirq.num_cnots_required(rest) == 2


ZZ_POWERS = [  # a gate between entangled pairs, and how many powers of ZZ it takes
    (cirq.ZZ**0.3, 1),
    (cirq.XX**-0.3, 1),
    (cirq.YY**0.7, 1),
    (cirq.CZ, 1),
    (cirq.CNOT, 1),
    (cirq.CZ**0.2, 1),
    (cirq.ControlledGate(cirq.rx(0.4)), 1),
    (cirq.ControlledGate(cirq.rz(0.4)), 1),
    (cirq.ISWAP**0.4, 2),
    (cirq.SWAP, 3),
    (cirq.MatrixGate(cirq.testing.random_unitary(4, random_state=3)), 3),
]


@pytest.mark.parametrize(
    ("gate", "n_powers"), ZZ_POWERS, ids=[str(g) for g, _ in ZZ_POWERS[:-1]] + ["any"]
)
def test_a_gate_takes_as_many_zz_powers_as_it_has_angles(gate, n_powers):
    # Around it random gates entangle both of its qubits with others: one power each on |00>,
    # two each before four measurements (a diagonal factor drops).
    q = cirq.LineQubit.range(4)
    around = [
        cirq.MatrixGate(cirq.testing.random_unitary(4, random_state=seed)) for seed in range(4)
    ]
    circuit = cirq.Circuit(
        around[0](q[0], q[2]),
        around[1](q[1], q[3]),
        gate(q[0], q[1]),
        around[2](q[0], q[2]),
        around[3](q[1], q[3]),
    )
    machine = machine_circuit(circuit, None, range(4), pooling="coherent")
    assert machine.n_two_qubit == 2 + n_powers + 4
    exact = network_law(circuit, dict.fromkeys(range(4), "Z"), 4)
    assert distance(machine_law(machine), exact) < 1e-10
