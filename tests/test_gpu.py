"""The GPU backends: on CuPy where it finds a device, and everywhere on arrays by its rules."""

import sys
from contextlib import nullcontext
from types import SimpleNamespace

import cirq
import numpy as np
import pytest

import qnnbench
from qnnbench.backends import BackendCannot
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.states.mps import MPS
from tests.circuits import cirq_gradient, cirq_values, random_circuit, random_mps


def unwrapped(found):
    if isinstance(found, list | tuple):
        return type(found)(unwrapped(each) for each in found)
    return found._array if isinstance(found, DeviceArray) else found


def wrapped(found):
    if isinstance(found, tuple):
        return tuple(wrapped(each) for each in found)
    return DeviceArray(found) if isinstance(found, np.ndarray | np.generic) else found


def refuse_host_arrays(found):
    if isinstance(found, list | tuple):
        for each in found:
            refuse_host_arrays(each)
    if isinstance(found, np.ndarray):
        raise TypeError("a host array among those of the device")


class DeviceArray(np.lib.mixins.NDArrayOperatorsMixin):
    """Stands in for ``cupy.ndarray``: host arrays are refused, except as indices."""

    def __init__(self, array):
        self._array = np.asarray(array)

    def get(self):
        return self._array.copy()

    def __array__(self, *_, **__):
        raise TypeError("implicit copy to the host")

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        index = 1 if method == "at" else len(inputs)
        refuse_host_arrays([x for i, x in enumerate(inputs) if i != index])
        refuse_host_arrays(kwargs.get("out", ()))
        kwargs = {name: unwrapped(value) for name, value in kwargs.items()}
        return wrapped(getattr(ufunc, method)(*unwrapped(inputs), **kwargs))

    def __array_function__(self, func, types, args, kwargs):
        if func is np.asarray:
            return DeviceArray(np.array(args[0]))
        refuse_host_arrays(args)
        return wrapped(func(*unwrapped(args), **kwargs))

    def __getitem__(self, index):
        return wrapped(self._array[unwrapped(index)])

    def __setitem__(self, index, value):
        refuse_host_arrays(value)
        self._array[unwrapped(index)] = unwrapped(value)

    def __getattr__(self, name):
        if name.startswith("__"):  # no buffer to look into
            raise AttributeError(name)
        found = getattr(self._array, name)
        if not callable(found):
            return wrapped(found)
        return lambda *args, **kwargs: wrapped(found(*unwrapped(args), **kwargs))

    def __bool__(self):
        return bool(self._array)

    def __len__(self):
        return len(self._array)

    def __iter__(self):
        return (wrapped(each) for each in self._array)


@pytest.fixture(params=["stand-in", "CuPy"])
def device(request, monkeypatch):
    """Put the stand-in where CuPy is looked for, or skip without a device."""
    if request.param == "CuPy":
        if not pytest.importorskip("cupy", reason="needs CuPy").is_available():
            pytest.skip("CuPy finds no CUDA device")
        return
    stand_in = SimpleNamespace(asarray=DeviceArray, is_available=lambda: True)
    monkeypatch.setitem(sys.modules, "cupy", stand_in)
    errors = SimpleNamespace(errstate=lambda linalg: nullcontext())
    monkeypatch.setitem(sys.modules, "cupyx", errors)


def agree(call, name, of="", rng=None, **options):
    """Check values, errors and a random pull-back of one backend against another."""
    result = qnnbench.expectations(*call, name, **options)
    expected = qnnbench.expectations(*call, of, **options)
    assert result.backend == name
    for field in ("values", "error"):
        found = getattr(result, field)
        assert type(found) is np.ndarray
        assert found.dtype == float
        np.testing.assert_allclose(found, getattr(expected, field), atol=1e-9)
    cotangent = rng.normal(size=result.values.shape)
    slope = expected.gradient(cotangent)
    assert np.abs(slope).max() > 1e-3
    for _ in range(2):  # a pull-back leaves nothing behind
        np.testing.assert_allclose(result.gradient(cotangent), slope, atol=1e-8)
    return result


@pytest.mark.parametrize("name", ["statevector_gpu", "heisenberg_gpu"])
@pytest.mark.parametrize("is_complex", [True, False])
@pytest.mark.parametrize("reach", [1, 4])
def test_gpu_backends_agree_with_cirq(device, name, is_complex, reach):
    rng = np.random.default_rng(reach)
    circuit, symbols = random_circuit(5, 15, rng, reach=reach)
    q = cirq.LineQubit.range(5)
    observables = [
        cirq.X(q[0]) * cirq.Y(q[-1]),
        0.5 * cirq.Z(q[1]) - 2 * cirq.X(q[0]) * cirq.Z(q[2]) + 0.25,
        cirq.ProjectorString({q[0]: 0, q[2]: 1, q[4]: 1}, coefficient=3),
        cirq.Z(q[0]) * cirq.Y(q[1]) * cirq.X(q[2]) * cirq.Z(q[3]) * cirq.Y(q[4]),
        cirq.PauliString(coefficient=0.7),
    ]
    params = rng.normal(size=len(symbols))
    states = [random_mps(5, bond, rng, is_complex) for bond in (3, 2)]
    call = (circuit, observables, params, states, symbols)
    result = qnnbench.expectations(*call, name, tolerance=0)
    cotangent = rng.normal(size=result.values.shape)
    assignment, slope = dict(zip(symbols, params, strict=True)), np.zeros(len(symbols))
    for state, values, weights in zip(states, result.values, cotangent, strict=True):
        vector = state.state_vector()
        expected = cirq_values(circuit, observables, assignment, vector, 5)
        np.testing.assert_allclose(values, expected, atol=1e-9)
        slope += cirq_gradient(circuit, observables, symbols, params, vector, 5) @ weights
    np.testing.assert_allclose(result.gradient(cotangent), slope, atol=1e-8)


@pytest.mark.parametrize(("ansatz", "n_qubits"), [("qcnn", 12), ("qcnn", 16), ("brickwork", 8)])
def test_state_vectors_are_those_of_the_processor(device, ansatz, n_qubits):
    rng = np.random.default_rng(n_qubits)
    network = build_ansatz(ansatz, n_qubits)
    params = rng.normal(size=len(network.symbols))
    states = [random_mps(n_qubits, 2, rng) for _ in range(2)]
    call = (network.circuit, network.observables, params, states, network.symbols)
    assert agree(call, "statevector_gpu", "statevector", rng).is_exact


@pytest.mark.parametrize("is_complex", [True, False])
def test_truncated_operators_are_those_of_the_processor(device, is_complex):
    rng = np.random.default_rng(3)
    network = build_ansatz("qcnn", 16)
    params = rng.normal(0, 0.5, len(network.symbols))
    states = [random_mps(16, 3, rng, is_complex) for _ in range(3)]
    call = (network.circuit, network.observables, params, states, network.symbols)
    result = agree(call, "heisenberg_gpu", "heisenberg", rng, max_bond_dim=4)
    assert result.error.min() > 0


def test_a_rank_deficient_operator_is_cut_as_on_the_processor(device):
    # Angles 0 keep the strings of rank 1: every Gram matrix but one entry is rounding.
    rng = np.random.default_rng(0)
    network = build_ansatz("qcnn", 12)
    params = np.zeros(len(network.symbols))
    params[0] = 0.3
    states = [random_mps(12, 2, rng)]
    call = (network.circuit, network.observables, params, states, network.symbols)
    agree(call, "heisenberg_gpu", "heisenberg", rng, max_bond_dim=4)


def test_auto_takes_no_gpu_backend(device):
    network = build_ansatz("qcnn", 4)
    params = np.zeros(len(network.symbols))
    call = (network.circuit, network.observables, params, None, network.symbols)
    assert "gpu" not in qnnbench.expectations(*call).reason


@pytest.mark.parametrize("name", ["statevector", "heisenberg"])
def test_without_cupy_or_device_a_gpu_backend_says_what_to_do(monkeypatch, name):
    qubit = cirq.LineQubit(0)
    call = (cirq.Circuit(cirq.X(qubit)), cirq.Z(qubit), [], MPS.product([np.array([1, 0])]))
    way_out = rf"pip install 'qnnbench\[gpu\]'; elsewhere use '{name}'"
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(BackendCannot, match=f"{name}_gpu: .* not installed.*{way_out}"):
        qnnbench.expectations(*call, backend=f"{name}_gpu")
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(is_available=lambda: False))
    with pytest.raises(BackendCannot, match=f"{name}_gpu: .* no device.*{way_out}"):
        qnnbench.expectations(*call, backend=f"{name}_gpu")
