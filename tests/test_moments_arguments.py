"""What moments are asked of: every method accepts and refuses the same arguments."""

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from tests.circuits import random_mps

A, B = cirq.LineQubit.range(2)
S, T = sympy.symbols("s t")
Z = cirq.Z(A)
UNTIED = cirq.Circuit(cirq.ry(S)(A), cirq.CNOT(A, B), cirq.rx(T)(B), cirq.CNOT(B, A))
TIED = cirq.Circuit(cirq.ry(S)(A), cirq.CNOT(A, B), cirq.rx(S)(B), cirq.rz(T)(B), cirq.CNOT(B, A))
METHODS = {"strings": (UNTIED, {}), "grid": (TIED, {})}
METHODS["samples"] = (UNTIED, {"n_samples": 20, "sampled": True})
ZERO, STATE, WIDE, NARROW = (
    qnnbench.MPS.product([np.array([1.0, 0.0])] * 2),
    *(random_mps(n, 2, np.random.default_rng(n)) for n in (2, 3, 1)),
)

pytestmark = pytest.mark.parametrize("method", METHODS)


def asked(method, observable=Z, **options):
    circuit, own = METHODS[method]
    return qnnbench.moments(circuit, observable, **own | options)


def same(found, other):
    pairs = [
        (one.mean, *10 ** np.append(one.log10_gradient_variance, one.log10_variance))
        for one in (found, other)
    ]
    np.testing.assert_allclose(*pairs, atol=1e-14)


def test_each_circuit_takes_its_method(method):
    assert asked(method, state=STATE).chain == method


def test_none_is_the_zero_state_wherever_it_stands(method):
    same(asked(method, contrast=(STATE, None)), asked(method, contrast=[STATE, ZERO]))
    same(asked(method, contrast=(None, STATE)), asked(method, contrast=(ZERO, STATE)))
    same(asked(method, state=[None, STATE]), asked(method, state=(ZERO, STATE)))
    same(asked(method, state=None), asked(method, state=ZERO))
    nothing = asked(method, contrast=(None, None))
    assert (nothing.mean, nothing.log10_variance) == (0, -np.inf)


BAD = {
    "both": ({"state": STATE, "contrast": (STATE, None)}, "Got state and contrast"),
    "three": ({"contrast": (STATE, None, None)}, r"two input states \(A, B\), got 3 of them"),
    "no pair": ({"contrast": STATE}, r"two input states \(A, B\), got 1"),
    "no state": ({"state": []}, "empty sequence"),
    "wide": ({"state": WIDE}, "has 3 qubits, circuit and observable 2"),
    "wide in a contrast": ({"contrast": (STATE, WIDE)}, "has 3 qubits, circuit and observable 2"),
    "narrow": ({"state": [NARROW, STATE]}, "has 1 qubits, circuit and observable 2"),
    "complex": ({"observable": 1j * Z}, "real and finite"),
    "complex in a sum": ({"observable": cirq.X(B) + 1j * Z}, "real and finite"),
    "complex projector": ({"observable": cirq.ProjectorString({A: 0}, 1j)}, "real and finite"),
    "not finite": ({"observable": Z * float("nan")}, "real and finite"),
    "free": ({"observable": cirq.PauliString({A: "Z"}, coefficient=T)}, "real and finite"),
    "tolerance": ({"tolerance": float("nan")}, "tolerance must be"),
    "bond": ({"max_bond_dim": 0}, "max_bond_dim must be"),
    "one sample": ({"n_samples": 1}, "n_samples must be"),
    "half a sample": ({"n_samples": 2.5}, "n_samples must be"),
    "true samples": ({"n_samples": True}, "n_samples must be"),
    "no samples": ({"n_samples": 0, "sampled": True}, "n_samples must be at least 2"),
    "symbol twice": ({"symbols": [S, S, T]}, "each once"),
    "text for symbols": ({"symbols": ["s", "t"]}, "each once"),
    "missing symbol": ({"symbols": [S]}, "not listed"),
    "law": ({"angles": "unifrom"}, "angle law"),
}


@pytest.mark.parametrize(("options", "message"), BAD.values(), ids=BAD)
def test_bad_arguments_are_refused_alike(method, options, message):
    with pytest.raises(ValueError, match=message):
        asked(method, **options)


OTHER_TYPES = {
    "state": ({"state": "zeros"}, "MPS, a Mixture or a StabilizerState, got str"),
    "in a contrast": ({"contrast": (STATE, 0)}, "MPS, a Mixture or a StabilizerState, got int"),
    "observable": ({"observable": "Z"}, "observable must be"),
}


@pytest.mark.parametrize(("options", "message"), OTHER_TYPES.values(), ids=OTHER_TYPES)
def test_other_types_are_refused_alike(method, options, message):
    with pytest.raises(TypeError, match=message):
        asked(method, **options)


def test_gradients_can_be_left_out(method):
    found = asked(method, gradients=False)
    assert found.log10_gradient_variance.shape == found.gradient_relative_error.shape == (0,)
    assert found.log10_variance == pytest.approx(asked(method).log10_variance)
    assert np.isnan(found.visible_share)
    assert not found.quantiles


def test_fixed_angles_have_no_variance(method):
    found = asked(method, angles=qnnbench.Fixed(0.7))
    assert (found.log10_variance, found.relative_error) == (-np.inf, 0)
    assert np.isneginf(found.log10_gradient_variance).all()
