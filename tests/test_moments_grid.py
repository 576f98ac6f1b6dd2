"""Exact moments of shared angles on product grids: dense quadrature and closed forms."""

from functools import reduce

import cirq
import numpy as np
import pytest
import sympy

from qnnbench.circuits.angles import Fixed, Gaussian, Uniform
from qnnbench.moments import CannotCompute, moments
from qnnbench.moments.grid import grid_moments
from qnnbench.moments.inputs import Inputs
from qnnbench.states.mps import Mixture
from tests.circuits import random_mps
from tests.dense_moments import angle_quadrature, observable_matrix
from tests.shared_angles import LINE, OBSERVABLES, layered, ordered

A, B, C = SYMBOLS = sympy.symbols("a b c")
ZEROS = Inputs()
LAWS = {
    "uniform": (Uniform(), Uniform(), Fixed(0.3)),
    "gaussian": (Gaussian(0.4), Fixed(-1.1), Gaussian(0.8)),
    "mixed": (Fixed(2.0), Uniform(), Gaussian(0.05)),
}


def dense_values(circuit, observables, symbols, angles, vector):
    """Return <O> of each observable at angles (n_draws, n_symbols)."""
    n_qubits = int(np.log2(len(vector)))
    qubits = LINE[:n_qubits]
    states = np.broadcast_to(vector, (len(angles), len(vector))).reshape(-1, *[2] * n_qubits)
    for op in circuit.all_operations():
        used = [k for k, s in enumerate(symbols) if str(s) in cirq.parameter_names(op)]
        rows, index = np.unique(angles[:, used], axis=0, return_inverse=True)
        values = [dict(zip([symbols[k] for k in used], row, strict=True)) for row in rows]
        gates = np.array([cirq.unitary(cirq.resolve_parameters(op, v)) for v in values])
        axes = [1 + qubits.index(q) for q in op.qubits]
        moved = np.moveaxis(states, axes, range(1, 1 + len(axes)))
        shape, size = moved.shape, 2 ** len(axes)
        flat = gates[index.ravel()] @ moved.reshape(len(angles), size, -1)
        states = np.moveaxis(flat.reshape(shape), range(1, 1 + len(axes)), axes)
    flat = states.reshape(len(angles), -1)
    matrices = np.array([observable_matrix(observable, qubits) for observable in observables])
    return np.einsum("ti,oij,tj->to", flat.conj(), matrices, flat, optimize=True).real


def dense_moments(values_of, laws):
    """Return mean, variance and gradient variances of each value of a function of angles.

    ``values_of`` maps (n_draws, n_symbols) to (n_draws, n_values).
    """
    grids = [angle_quadrature(law) for law in laws]
    angles = np.stack([g.ravel() for g in np.meshgrid(*[x for x, _ in grids])], axis=1)
    weights = reduce(np.multiply, np.meshgrid(*[w for _, w in grids])).ravel()

    def variance(values):
        mean = weights @ values
        return mean, weights @ (values - mean) ** 2

    mean, spread = variance(values_of(angles))
    slopes = []
    for k in range(len(laws)):
        slope = 0.0  # a six-point difference: error below 1e-11
        for shift, factor in ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60)):
            step = 5e-3 * shift * np.eye(len(laws))[k]
            slope = slope + factor * (values_of(angles + step) - values_of(angles - step)) / 5e-3
        slopes.append(variance(slope)[1])
    return zip(mean, spread, np.transpose(slopes), strict=True)


def assert_agree(found, expected):
    mean, variance, slopes = expected
    assert found.mean == pytest.approx(mean, abs=1e-12)
    assert 10**found.log10_variance == pytest.approx(variance, rel=1e-10, abs=1e-14)
    np.testing.assert_allclose(10**found.log10_gradient_variance, slopes, rtol=1e-8, atol=1e-13)
    assert (found.method, found.chain, found.bond_dim) == ("exact", "grid", 0)
    assert found.relative_error < 1e-9


def some_circuit(rng, n_qubits=3, n_gates=6):
    """Return random gates of three shared symbols, with half and double frequencies."""
    kinds = [
        lambda t: cirq.rx(t).on,
        lambda t: cirq.ry(-2 * t + 0.4).on,
        lambda t: (cirq.Z ** (t / sympy.pi + 0.2)).on,
        lambda t: cirq.rz(t / 2).on,
        lambda t: cirq.ms(t / 2).on,
        lambda t: (cirq.CZ ** (t / sympy.pi)).on,
        lambda t: cirq.ControlledGate(cirq.rx(t)).on,
        lambda t: (cirq.ISWAP ** (t / sympy.pi)).on,
    ]
    ops = [cirq.ry(0.3 + q.x).on(q) for q in LINE[:n_qubits]]
    for place in range(n_gates):
        kind = int(rng.integers(len(kinds)))
        chosen = rng.permutation(n_qubits)[: 1 if kind < 4 else 2]
        ops.append(kinds[kind](SYMBOLS[place % 3])(*[LINE[i] for i in chosen]))
        ops.append(cirq.CZ(LINE[place % n_qubits], LINE[(place + 1) % n_qubits]))
    return cirq.Circuit(ops)


@pytest.mark.parametrize("law", LAWS)
def test_grids_are_exact_for_shared_angles_of_any_law(law):
    rng = np.random.default_rng(sum(map(ord, law)))
    circuit, state, laws = some_circuit(rng), random_mps(3, 2, rng), LAWS[law]
    vector, observables = state.state_vector(), OBSERVABLES.values()
    expected = dense_moments(
        lambda angles: dense_values(circuit, observables, SYMBOLS, angles, vector), laws
    )
    inputs = Inputs((state,))
    for observable, numbers in zip(observables, expected, strict=True):
        assert_agree(grid_moments(circuit, observable, SYMBOLS, laws, inputs), numbers)


def two_states(rng):
    pure = [random_mps(3, 2, rng) for _ in range(3)]
    return pure, Mixture((0.3, 0.7), (pure[0], pure[1]))


def test_a_contrast_is_the_loss_of_a_difference():
    rng = np.random.default_rng(3)
    pure, mixture = two_states(rng)
    circuit, observable, laws = some_circuit(rng), OBSERVABLES["sum"], LAWS["mixed"]

    def difference(angles):
        members = [
            dense_values(circuit, [observable], SYMBOLS, angles, state.state_vector())
            for state in pure
        ]
        return 0.3 * members[0] + 0.7 * members[1] - members[2]

    inputs = Inputs((mixture, pure[2]), is_contrast=True)
    found = grid_moments(circuit, observable, SYMBOLS, laws, inputs)
    (expected,) = dense_moments(difference, laws)
    assert_agree(found, expected)


def test_several_states_give_the_average_of_their_moments():
    rng = np.random.default_rng(4)
    pure, mixture = two_states(rng)
    circuit, observable, laws = some_circuit(rng), OBSERVABLES["projector"], LAWS["gaussian"]
    states = (mixture, pure[2])
    alone = [grid_moments(circuit, observable, SYMBOLS, laws, Inputs((s,))) for s in states]
    found = grid_moments(circuit, observable, SYMBOLS, laws, Inputs(states))
    assert found.mean == pytest.approx(np.mean([m.mean for m in alone]))
    assert 10**found.log10_variance == pytest.approx(
        np.mean([10**m.log10_variance for m in alone])
    )
    np.testing.assert_allclose(
        10**found.log10_gradient_variance,
        np.mean([10**m.log10_gradient_variance for m in alone], axis=0),
    )


def test_tying_the_angles_of_a_layer_changes_the_variance_sevenfold():
    projector = cirq.ProjectorString(dict.fromkeys(LINE[:4], 0))
    tied = layered(4, 2, lambda axis, layer, i: f"{axis}{layer}", has_end=False)
    symbols = ordered(tied)
    assert len(symbols) == 3
    found = grid_moments(tied, projector, symbols, [Uniform()] * 3, ZEROS)
    assert 10**found.log10_variance == pytest.approx(0.0603, abs=5e-5)  # quoted in the design
    untied = layered(4, 2, lambda axis, layer, i: f"{axis}{layer}{i}")
    exact = moments(untied, projector, gradients=False)
    assert 10**exact.log10_variance == pytest.approx(0.0088, abs=5e-5)


def test_untied_product_circuits_keep_their_closed_form():
    # C = prod cos²(θ/2): Var ∂C = (1/8)(3/8)^(n-1), Var C = (3/8)^n - (1/4)^n.
    symbols = sympy.symbols("t0:5")
    circuit = cirq.Circuit(cirq.rx(t)(q) for t, q in zip(symbols, LINE[:5], strict=True))
    projector = cirq.ProjectorString(dict.fromkeys(LINE[:5], 0))
    found = grid_moments(circuit, projector, symbols, [Uniform()] * 5, ZEROS)
    assert found.mean == pytest.approx(2.0**-5, rel=1e-12)
    assert 10**found.log10_variance == pytest.approx((3 / 8) ** 5 - (1 / 4) ** 5, rel=1e-12)
    np.testing.assert_allclose(
        10**found.log10_gradient_variance, (1 / 8) * (3 / 8) ** 4, rtol=1e-12
    )


@pytest.mark.parametrize("n_gates", [1, 7, 40])
def test_one_angle_in_many_gates_is_one_rotation_by_their_sum(n_gates):
    # <Z> = cos(mθ): Gaussian angles give E = e^(-m²s²/2), Var = (1 - e^(-m²s²))² / 2,
    # and Var of -m sin(mθ) is m² (1 - e^(-2m²s²)) / 2.
    std = 0.02
    circuit = cirq.Circuit([cirq.ry(A)(LINE[0])] * n_gates)
    found = grid_moments(circuit, cirq.Z(LINE[0]), (A,), (Gaussian(std),), ZEROS)
    damping = (n_gates * std) ** 2
    assert found.mean == pytest.approx(np.exp(-damping / 2), rel=1e-12)
    error = abs(10**found.log10_variance / (np.expm1(-damping) ** 2 / 2) - 1)
    assert error <= found.relative_error < 1e-5
    assert 10 ** found.log10_gradient_variance[0] == pytest.approx(
        -(n_gates**2) * np.expm1(-2 * damping) / 2, rel=1e-9
    )


def test_what_the_observable_cannot_see_costs_nothing_and_has_variance_zero():
    circuit = layered(8, 1, lambda axis, layer, i: f"{axis}{i}")
    symbols = ordered(circuit)
    found = grid_moments(circuit, cirq.Z(LINE[0]), symbols, [Uniform()] * len(symbols), ZEROS)
    assert 10**found.log10_variance == pytest.approx(0.5)
    seen = [str(s) for s, v in zip(symbols, found.log10_gradient_variance, strict=True) if v > -9]
    assert seen == ["y0"]
    assert np.isneginf(
        np.delete(found.log10_gradient_variance, symbols.index(sympy.Symbol("y0")))
    ).all()


def test_a_loss_without_chance_has_variance_zero_but_a_mean():
    circuit = cirq.Circuit(cirq.ry(A)(LINE[0]), cirq.CNOT(*LINE[:2]), cirq.ry(A)(LINE[1]))
    found = grid_moments(circuit, cirq.Z(LINE[1]), (A,), (Fixed(0.7),), ZEROS)
    assert found.mean == pytest.approx(np.cos(0.7) ** 2)
    assert found.log10_variance == -np.inf
    assert np.isneginf(found.log10_gradient_variance).all()
    assert found.relative_error == 0
    bare = grid_moments(cirq.Circuit(cirq.H(LINE[0])), cirq.X(LINE[0]), (), (), ZEROS)
    assert (bare.mean, bare.log10_variance) == (pytest.approx(1), -np.inf)


def test_too_many_symbols_or_points_are_declined_with_the_count():
    projector = cirq.ProjectorString(dict.fromkeys(LINE, 0))
    circuit = layered(4, 1, lambda axis, layer, i: f"{axis}{i}")
    with pytest.raises(CannotCompute, match=r"8 symbols has 6\.56e\+03 points"):
        grid_moments(circuit, projector, ordered(circuit), [Uniform()] * 8, ZEROS)
    tied = layered(8, 2, lambda axis, layer, i: f"{axis}{layer}")
    with pytest.raises(CannotCompute, match=r"4 symbols has 8\.35e\+04 points"):
        grid_moments(tied, projector, ordered(tied), [Uniform()] * 4, ZEROS)


def test_a_loss_that_is_not_periodic_is_declined():
    circuit = cirq.Circuit(cirq.rx(A)(LINE[0]), cirq.ry(sympy.sqrt(2) * A)(LINE[0]))
    with pytest.raises(CannotCompute, match="no common measure"):
        grid_moments(circuit, cirq.Z(LINE[0]), (A,), (Uniform(),), ZEROS)
