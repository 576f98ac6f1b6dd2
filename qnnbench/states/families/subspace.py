"""States of a few qubits hidden in many by a shallow circuit: compression that can succeed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from qnnbench.states.family import DatasetFamily
from qnnbench.states.mps import MPS
from qnnbench.states.samples import SPLITS, Dataset, Sample, drawn, generator

if TYPE_CHECKING:  # importing Cirq costs seconds: only circuits need it
    import cirq

NAME = "subspace"
MAX_HIDDEN = 2  # a state of two qubits is one gate


def hiding_circuit(angles: np.ndarray) -> "cirq.Circuit":
    """Return V: layers of RY on every qubit, then CZ on neighbours (0, 1), (2, 3), … or (1, 2), ….

    Args:
        angles: In radians, shape (n_layers, n_qubits); even layers take the pairs (0, 1), ….
    """
    import cirq

    qubits = cirq.LineQubit.range(np.shape(angles)[1])
    circuit = cirq.Circuit()
    for layer, turns in enumerate(angles):
        pairs = zip(qubits[layer % 2 :: 2], qubits[layer % 2 + 1 :: 2], strict=False)
        circuit += [cirq.ry(angle).on(qubit) for angle, qubit in zip(turns, qubits, strict=True)]
        circuit += [cirq.CZ(*pair) for pair in pairs]
    return circuit


def _hidden_gate(amplitudes: np.ndarray) -> np.ndarray:
    """Return a unitary whose first column is ``amplitudes``."""
    completed = np.column_stack([amplitudes, np.eye(len(amplitudes))[:, 1:]])
    q, r = np.linalg.qr(completed)
    return q * (r[0, 0] / abs(r[0, 0]))


def subspace(
    n_qubits: int,
    *,
    seed: int,
    n_samples: int | Mapping[str, int] | None = None,
    n_hidden: int = 1,
    n_layers: int = 2,
) -> Dataset:
    """Return V(φ ⊗ |0…0>) with φ a Haar-random state of the first qubits; all labels are 0.

    V is one circuit for all samples, random RY between CZ, in ``details["angles"]``. Its
    inverse brings all but the first ``n_hidden`` qubits to |0…0>: that many kept qubits
    bring back everything. ``parameters`` hold φ as "amplitudes", (real, imaginary) each.

    Args:
        n_qubits: Width.
        seed: Seed of V and of the samples.
        n_samples: See ``split_sizes``.
        n_hidden: Qubits of φ, 1 or 2.
        n_layers: Layers of V, 1 to 6.

    Raises:
        ValueError: ``n_hidden`` or ``n_layers`` out of range.
    """
    from qnnbench.circuits.program import compile_circuit

    if n_hidden not in range(1, MAX_HIDDEN + 1) or n_layers not in range(1, 7):
        raise ValueError(
            f"n_hidden is 1 or 2 and n_layers 1 to 6, got {n_hidden!r} and {n_layers!r}"
        )
    angles = generator(seed, f"{NAME} V", n_qubits, SPLITS[0], 0).uniform(
        -np.pi, np.pi, (n_layers, n_qubits)
    )
    hiding = compile_circuit(hiding_circuit(angles))

    def make(label: int, rng: np.random.Generator) -> Sample:
        amplitudes = rng.normal(size=2**n_hidden) + 1j * rng.normal(size=2**n_hidden)
        amplitudes /= np.linalg.norm(amplitudes)
        state, _ = _padded(amplitudes, n_qubits).evolve(hiding, ())
        pairs = [[float(a.real), float(a.imag)] for a in amplitudes]
        return Sample(state, parameters={"amplitudes": pairs})

    dataset = drawn(NAME, n_qubits, make, seed=seed, n_samples=n_samples, n_classes=1)
    return replace(dataset, details={"angles": angles.tolist()})


def _padded(amplitudes: np.ndarray, n_qubits: int) -> MPS:
    """Return φ ⊗ |0…0> of one or two qubits' amplitudes."""
    zeros = [np.array([1.0, 0.0]).reshape(1, 2, 1)] * n_qubits
    if len(amplitudes) == 2:
        return MPS((amplitudes.reshape(1, 2, 1), *zeros[1:]))
    first = np.eye(2).reshape(1, 2, 2)
    return MPS((first, amplitudes.reshape(2, 2, 1), *zeros[2:]))


def _prepare(dataset: Dataset, index: int) -> "cirq.Circuit":
    import cirq

    pairs = np.array(dataset.parameters[index]["amplitudes"])
    gate = cirq.MatrixGate(_hidden_gate(pairs[:, 0] + 1j * pairs[:, 1]))
    first = cirq.LineQubit.range(gate.num_qubits())
    return cirq.Circuit(gate.on(*first)) + hiding_circuit(np.array(dataset.details["angles"]))


FAMILY = DatasetFamily(
    NAME,
    subspace,
    tasks=("compression",),
    n_classes=1,
    summary="random one-qubit states hidden in all qubits by a shallow circuit",
    equal="all labels; the samples span a subspace of one qubit",
    differs="the hidden state",
    solved_by="the inverse of the hiding circuit: two layers of RY and CZ",
    limit="an encoder of the same form reaches the optimum 1: what is tested is training",
    source="the compression task of doi:10.1088/2058-9565/aa8072; the ensemble is derived",
    bibtex="romero2017",
    prepare=_prepare,
)
