"""Moments of shared angles, on product grids and sampled, against dense quadrature."""

from functools import reduce
from itertools import pairwise

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.circuits.angles import Fixed, Gaussian, Uniform
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.moments.grid import grid_moments
from qnnbench.moments.pauli_circuit import CannotCompute
from qnnbench.moments.record import QUANTILES
from qnnbench.moments.sampled import sampled_moments, spreads
from qnnbench.states.mps import MPS, Mixture
from qnnbench.states.stabilizer import StabilizerState
from tests.circuits import random_mps

LINE = cirq.LineQubit.range(8)
A, B, C = SYMBOLS = sympy.symbols("a b c")


# The oracle: matrices from Cirq, all angles at once, Gauss quadrature over the laws.


def nodes(law):
    """Return quadrature nodes and weights, exact here to rounding."""
    if isinstance(law, Fixed):
        return np.array([law.value]), np.ones(1)
    if isinstance(law, Gaussian):
        x, w = np.polynomial.hermite_e.hermegauss(40)
        return law.std * x, w / w.sum()
    x, w = np.polynomial.legendre.leggauss(40)
    return np.pi * (x + 1), w / 2


def matrix(observable, qubits):
    if isinstance(observable, cirq.PauliString | cirq.PauliSum):
        return observable.matrix(qubits)
    strings = [observable] if isinstance(observable, cirq.ProjectorString) else list(observable)
    basis = {None: np.eye(2), 0: np.diag([1, 0]), 1: np.diag([0, 1])}
    return sum(
        s.coefficient * reduce(np.kron, [basis[s.projector_dict.get(q)] for q in qubits])
        for s in strings
    )


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
    matrices = np.array([matrix(observable, qubits) for observable in observables])
    return np.einsum("ti,oij,tj->to", flat.conj(), matrices, flat, optimize=True).real


def dense_moments(values_of, laws):
    """Return mean, variance and gradient variances of each value of a function of angles.

    ``values_of`` maps (n_draws, n_symbols) to (n_draws, n_values).
    """
    grids = [nodes(law) for law in laws]
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


OBSERVABLES = {
    "string": cirq.X(LINE[1]) * cirq.Z(LINE[2]),
    "sum": 0.7 * cirq.Z(LINE[0]) - 1.2 * cirq.Y(LINE[1]) * cirq.X(LINE[2]) + 0.4,
    "projector": cirq.ProjectorString({LINE[0]: 1, LINE[2]: 0}, -2.0),
    "projectors": cirq.ProjectorSum.from_projector_strings(
        [cirq.ProjectorString({LINE[0]: 0}), cirq.ProjectorString({LINE[1]: 1, LINE[2]: 1}, 0.5)]
    ),
}
LAWS = {
    "uniform": (Uniform(), Uniform(), Fixed(0.3)),
    "gaussian": (Gaussian(0.4), Fixed(-1.1), Gaussian(0.8)),
    "mixed": (Fixed(2.0), Uniform(), Gaussian(0.05)),
}


@pytest.mark.parametrize("law", LAWS)
def test_grids_are_exact_for_shared_angles_of_any_law(law):
    rng = np.random.default_rng(sum(map(ord, law)))
    circuit, state, laws = some_circuit(rng), random_mps(3, 2, rng), LAWS[law]
    vector, observables = state.state_vector(), OBSERVABLES.values()
    expected = dense_moments(
        lambda angles: dense_values(circuit, observables, SYMBOLS, angles, vector), laws
    )
    for observable, numbers in zip(observables, expected, strict=True):
        assert_agree(grid_moments(circuit, observable, SYMBOLS, laws, state), numbers)


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

    found = grid_moments(circuit, observable, SYMBOLS, laws, contrast=(mixture, pure[2]))
    (expected,) = dense_moments(difference, laws)
    assert_agree(found, expected)


def test_several_states_give_the_average_of_their_moments():
    rng = np.random.default_rng(4)
    pure, mixture = two_states(rng)
    circuit, observable, laws = some_circuit(rng), OBSERVABLES["projector"], LAWS["gaussian"]
    alone = [grid_moments(circuit, observable, SYMBOLS, laws, s) for s in (mixture, pure[2])]
    found = grid_moments(circuit, observable, SYMBOLS, laws, [mixture, pure[2]])
    assert found.mean == pytest.approx(np.mean([m.mean for m in alone]))
    assert 10**found.log10_variance == pytest.approx(
        np.mean([10**m.log10_variance for m in alone])
    )
    np.testing.assert_allclose(
        10**found.log10_gradient_variance,
        np.mean([10**m.log10_gradient_variance for m in alone], axis=0),
    )


def layered(n_qubits, n_layers, name, has_end=True):
    """Return [RY, RZ, CZ line] per layer, angle named by axis, layer and qubit.

    Without its end, the last RZ and CZ, which do not move basis states.
    """
    ops = []
    for layer in range(n_layers):
        line, is_last = LINE[:n_qubits], layer == n_layers - 1
        for axis, gate in (("y", cirq.ry), ("z", cirq.rz)):
            if axis == "y" or has_end or not is_last:
                ops += [gate(sympy.Symbol(name(axis, layer, q.x)))(q) for q in line]
        if has_end or not is_last:
            ops += [cirq.CZ(a, b) for a, b in pairwise(line)]
    return cirq.Circuit(ops)


def ordered(circuit):
    return tuple(sorted(cirq.parameter_symbols(circuit), key=str))


def test_tying_the_angles_of_a_layer_changes_the_variance_sevenfold():
    projector = cirq.ProjectorString(dict.fromkeys(LINE[:4], 0))
    tied = layered(4, 2, lambda axis, layer, i: f"{axis}{layer}", has_end=False)
    symbols = ordered(tied)
    assert len(symbols) == 3
    found = grid_moments(tied, projector, symbols, [Uniform()] * 3)
    assert 10**found.log10_variance == pytest.approx(0.0603, abs=5e-5)  # quoted in the design
    untied = layered(4, 2, lambda axis, layer, i: f"{axis}{layer}{i}")
    names = ordered(untied)
    sampled = sampled_moments(
        untied,
        projector,
        names,
        [Uniform()] * len(names),
        None,
        None,
        2000,
        np.random.default_rng(0),
        gradients=False,
    )
    z = (10**sampled.log10_variance / 0.0088 - 1) / sampled.relative_error
    assert abs(z) < 5


def test_untied_product_circuits_keep_their_closed_form():
    # C = prod cos²(θ/2): Var ∂C = (1/8)(3/8)^(n-1), Var C = (3/8)^n - (1/4)^n.
    symbols = sympy.symbols("t0:5")
    circuit = cirq.Circuit(cirq.rx(t)(q) for t, q in zip(symbols, LINE[:5], strict=True))
    projector = cirq.ProjectorString(dict.fromkeys(LINE[:5], 0))
    found = grid_moments(circuit, projector, symbols, [Uniform()] * 5)
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
    found = grid_moments(circuit, cirq.Z(LINE[0]), (A,), (Gaussian(std),))
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
    found = grid_moments(circuit, cirq.Z(LINE[0]), symbols, [Uniform()] * len(symbols))
    assert 10**found.log10_variance == pytest.approx(0.5)
    seen = [str(s) for s, v in zip(symbols, found.log10_gradient_variance, strict=True) if v > -9]
    assert seen == ["y0"]
    assert np.isneginf(
        np.delete(found.log10_gradient_variance, symbols.index(sympy.Symbol("y0")))
    ).all()


def test_a_loss_without_chance_has_variance_zero_but_a_mean():
    circuit = cirq.Circuit(cirq.ry(A)(LINE[0]), cirq.CNOT(*LINE[:2]), cirq.ry(A)(LINE[1]))
    fixed = grid_moments(circuit, cirq.Z(LINE[1]), (A,), (Fixed(0.7),))
    sampled = sampled_moments(
        circuit, cirq.Z(LINE[1]), (A,), (Fixed(0.7),), None, None, 5, np.random.default_rng(0)
    )
    for found in (fixed, sampled):
        assert found.mean == pytest.approx(np.cos(0.7) ** 2)
        assert found.log10_variance == -np.inf
        assert np.isneginf(found.log10_gradient_variance).all()
        assert found.relative_error == 0
    bare = grid_moments(cirq.Circuit(cirq.H(LINE[0])), cirq.X(LINE[0]), (), ())
    assert (bare.mean, bare.log10_variance) == (pytest.approx(1), -np.inf)


def test_gradients_can_be_left_out():
    circuit = cirq.Circuit(cirq.ry(A)(LINE[0]))
    arguments = (circuit, cirq.Z(LINE[0]), (A,), (Uniform(),), None, None)
    for found in (
        grid_moments(*arguments, gradients=False),
        sampled_moments(*arguments, 9, np.random.default_rng(0), gradients=False),
    ):
        assert found.log10_gradient_variance.shape == (0,)
        assert found.gradient_relative_error.shape == (0,)
        assert np.isnan(found.visible_share)
        assert not found.quantiles


def shared_case():
    circuit = layered(3, 2, lambda axis, layer, i: f"{axis}{layer}", has_end=False)
    return circuit, OBSERVABLES["sum"], ordered(circuit)


def test_samples_agree_with_the_grid_within_their_errors():
    circuit, observable, symbols = shared_case()
    laws = [Uniform(), Gaussian(0.8), Uniform()]
    exact = grid_moments(circuit, observable, symbols, laws)
    found = sampled_moments(
        circuit, observable, symbols, laws, None, None, 1500, np.random.default_rng(11)
    )
    assert (found.method, found.chain, found.n_samples) == ("monte-carlo", "samples", 1500)

    def z(sampled, truth, error):
        return (10 ** (np.asarray(sampled) - truth) - 1) / error

    assert abs(z(found.log10_variance, exact.log10_variance, found.relative_error)) < 5
    scores = z(
        found.log10_gradient_variance,
        exact.log10_gradient_variance,
        found.gradient_relative_error,
    )
    assert np.abs(scores).max() < 5
    error = 10 ** (exact.log10_variance / 2) / 1500**0.5
    assert abs(found.mean - exact.mean) < 5 * error
    for low, high, middle in (
        (*found.interval, found.log10_variance),
        (*found.gradient_interval.T, found.log10_gradient_variance),
    ):
        assert np.all((low < middle) & (middle < high))


def test_samples_are_those_of_the_backends():
    circuit, observable, symbols = shared_case()
    rng = np.random.default_rng(5)
    states = [random_mps(3, 2, rng), random_mps(3, 2, rng)]
    laws, n_samples = [Uniform(), Gaussian(0.8), Fixed(1.0)], 20
    params = np.random.default_rng(1)
    draws = np.stack([law.sample(n_samples, params) for law in laws], axis=1)
    results = [qnnbench.expectations(circuit, observable, d, states, symbols) for d in draws]
    values = np.array([result.values[:, 0] for result in results])
    slopes = np.array([[r.gradient(row[:, None]) for row in np.eye(2)] for r in results])

    def sampled(states=None, contrast=None):
        rng = np.random.default_rng(1)
        return sampled_moments(circuit, observable, symbols, laws, states, contrast, 20, rng)

    average, contrast = sampled(states), sampled(contrast=tuple(states))
    assert average.mean == pytest.approx(values.mean())
    assert 10**average.log10_variance == pytest.approx(values.var(axis=0, ddof=1).mean())
    np.testing.assert_allclose(
        10**average.log10_gradient_variance, slopes.var(axis=0, ddof=1).mean(axis=0)
    )
    difference = slopes[:, 0] - slopes[:, 1]
    assert 10**contrast.log10_variance == pytest.approx((values @ [1, -1]).var(ddof=1))
    np.testing.assert_allclose(
        10**contrast.log10_gradient_variance, difference.var(axis=0, ddof=1)
    )
    for found, sizes in ((average, np.abs(slopes)), (contrast, np.abs(difference))):
        assert tuple(found.quantiles) == QUANTILES
        np.testing.assert_allclose(
            list(found.quantiles.values()), np.quantile(sizes, QUANTILES), atol=1e-14
        )
        assert found.visible_share == pytest.approx(np.mean(sizes > 0.01))


def test_equal_seeds_give_equal_samples():
    circuit, observable, symbols = shared_case()

    def sampled(seed):
        rng = np.random.default_rng(seed)
        return sampled_moments(circuit, observable, symbols, [Uniform()] * 3, None, None, 30, rng)

    first, second, other = sampled(0), sampled(0), sampled(1)
    assert first.interval == second.interval != other.interval
    assert first.log10_variance == second.log10_variance != other.log10_variance


def test_intervals_and_standard_errors_cover_the_truth_as_often_as_they_say():
    # Losses cos θ of uniform θ have variance 1/2; a second column has kurtosis 3.
    rng = np.random.default_rng(8)
    truth, hits, scores = np.array([0.5, 1.0]), np.zeros(2), []
    n_trials, n_draws = 200, 200
    for _ in range(n_trials):
        draws = np.stack(
            [np.cos(rng.uniform(0, 7 * 2 * np.pi, n_draws)), rng.normal(size=n_draws)], axis=1
        )
        log_variances, errors, intervals = spreads(draws[:, None], rng)
        hits += (intervals[:, 0] < np.log10(truth)) & (np.log10(truth) < intervals[:, 1])
        scores.append((10**log_variances / truth - 1) / errors)
    # 95 % less up to 3 % for percentile intervals of 200 draws; 200 trials give 1.6 % (1σ).
    assert np.all(np.abs(hits / n_trials - 0.94) < 0.05), hits / n_trials
    assert np.std(scores, axis=0) == pytest.approx(1, abs=0.25)


def test_average_over_losses_uses_their_correlation():
    # Two equal losses know no more than one.
    draws = np.random.default_rng(0).normal(size=(50, 1, 3))
    once = spreads(draws, np.random.default_rng(1))
    twice = spreads(np.repeat(draws, 2, axis=1), np.random.default_rng(1))
    for one, two in zip(once, twice, strict=True):
        np.testing.assert_allclose(one, two)


def untied(n_qubits):
    circuit = layered(n_qubits, 1, lambda axis, layer, i: f"{axis}{i}")
    return circuit, ordered(circuit)


def test_too_many_symbols_or_points_are_declined_with_the_count():
    projector = cirq.ProjectorString(dict.fromkeys(LINE, 0))
    circuit, symbols = untied(4)
    with pytest.raises(CannotCompute, match=r"8 symbols has 6\.56e\+03 points"):
        grid_moments(circuit, projector, symbols, [Uniform()] * 8)
    tied = layered(8, 2, lambda axis, layer, i: f"{axis}{layer}")
    with pytest.raises(CannotCompute, match=r"4 symbols has 8\.35e\+04 points"):
        grid_moments(tied, projector, ordered(tied), [Uniform()] * 4)


def test_a_loss_that_is_not_periodic_is_declined():
    circuit = cirq.Circuit(cirq.rx(A)(LINE[0]), cirq.ry(sympy.sqrt(2) * A)(LINE[0]))
    with pytest.raises(CannotCompute, match="no common measure"):
        grid_moments(circuit, cirq.Z(LINE[0]), (A,), (Uniform(),))


def test_truncating_backends_are_not_used():
    network = build_ansatz("hea", 40, n_layers=20)
    laws = [Uniform()] * len(network.symbols)
    observable = cirq.Z(cirq.LineQubit(20))
    with pytest.raises(CannotCompute, match="exact"):
        sampled_moments(
            network.circuit,
            observable,
            network.symbols,
            laws,
            None,
            None,
            10,
            np.random.default_rng(0),
        )


def test_states_that_give_no_gradients_are_declined():
    state = StabilizerState.from_circuit(cirq.Circuit(cirq.H(LINE[0])), 1)
    circuit, observable = cirq.Circuit(cirq.ry(A)(LINE[0])), cirq.Z(LINE[0])
    for gradients in (True, False):  # values exist at Clifford angles only
        with pytest.raises(CannotCompute):
            sampled_moments(
                circuit,
                observable,
                (A,),
                (Uniform(),),
                state,
                None,
                10,
                np.random.default_rng(0),
                gradients,
            )


@pytest.mark.parametrize("n_samples", [1, 0, True, 2.5])
def test_too_few_samples_are_refused(n_samples):
    circuit = cirq.Circuit(cirq.ry(A)(LINE[0]))
    with pytest.raises(ValueError, match="n_samples"):
        sampled_moments(
            circuit,
            cirq.Z(LINE[0]),
            (A,),
            (Uniform(),),
            None,
            None,
            n_samples,
            np.random.default_rng(0),
        )


def test_states_and_contrast_exclude_each_other():
    state = MPS.product([np.array([1.0, 0.0])])
    circuit = cirq.Circuit(cirq.ry(A)(LINE[0]))
    with pytest.raises(ValueError, match="leave state None"):
        grid_moments(circuit, cirq.Z(LINE[0]), (A,), (Uniform(),), state, (state, state))
    with pytest.raises(ValueError, match="two input states"):
        grid_moments(circuit, cirq.Z(LINE[0]), (A,), (Uniform(),), None, (state,) * 3)
