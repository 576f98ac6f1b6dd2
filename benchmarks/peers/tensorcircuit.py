"""TensorCircuit-NG on JAX: fused blocks, equal light cones mapped together."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import tensorcircuit as tc

from benchmarks.cases import Case
from benchmarks.contenders import Work
from benchmarks.peers.jax_blocks import angles, unitaries
from benchmarks.rotations import Part, constant, fused, parts


def _diagonal(part: Part) -> np.ndarray:
    """Return the diagonal of the observable, (2^n,)."""
    out = np.zeros((2,) * part.n_qubits)
    for coefficient, string in part.strings:
        if any(letter != 3 for _, letter in string):
            raise ValueError("the TensorCircuit peer reads strings of Z only")
        term = np.full((1,) * part.n_qubits, coefficient)
        for site, _ in string:
            shape = [2 if axis == site else 1 for axis in range(part.n_qubits)]
            term = term * np.array([1.0, -1.0]).reshape(shape)
        out += term
    return out.reshape(-1)


def _value(part: Part, theta: jax.Array, dtype: str) -> jax.Array:
    circuit, blocks = tc.Circuit(part.n_qubits), fused(part)
    for block, gate in zip(blocks, unitaries(blocks, theta), strict=True):
        circuit.any(*block.sites, unitary=gate.astype(dtype))
    probabilities = jnp.abs(circuit.state()) ** 2
    return probabilities @ jnp.asarray(_diagonal(part), probabilities.dtype)


def _alike(found: Sequence[Part]) -> list[list[Part]]:
    """Group parts that differ in their angles only."""
    groups: dict[tuple, list[Part]] = {}
    for part in found:
        groups.setdefault((part.n_qubits, part.gates, part.strings), []).append(part)
    return list(groups.values())


def prepare(case: Case, gradient: bool, dtype: str = "complex128") -> Work:
    """Return the work: one compiled function of the parameters."""
    tc.set_backend("jax")
    tc.set_dtype(dtype)
    groups, offset = _alike(parts(case)), constant(case)

    def value(params: jax.Array) -> jax.Array:
        total = offset
        for group in groups:
            theta = jnp.stack([angles(part, params) for part in group])
            one = jax.vmap(lambda row, part=group[0]: _value(part, row, dtype))
            total += one(theta).sum()
        return total

    compiled = tc.backend.jit(tc.backend.value_and_grad(value) if gradient else value)

    def work(params: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        found = compiled(jnp.asarray(params))
        result, slope = found if gradient else (found, None)
        return np.array([[float(result)]]), None if slope is None else np.asarray(slope)

    return work
