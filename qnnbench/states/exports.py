"""Stored states in the forms of other packages: circuits, quimb, amplitudes.

Every form is of one pure state; ``exported`` gives a mixture member by member. Cirq and
quimb are imported on first use.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qnnbench.registry import lookup
from qnnbench.states.mps import MPS, InputState, PureState
from qnnbench.states.preparation import to_cirq
from qnnbench.states.stabilizer_mps import stabilizer_mps

if TYPE_CHECKING:
    import cirq
    import quimb.tensor as qtn


def to_qasm3(state: PureState) -> str:
    """Return an OpenQASM 3.0 program that makes ``state`` of |0…0>, up to a global phase.

    The circuit of ``to_cirq`` on the register ``q``, qubit k at ``q[k]``; it includes
    "stdgates.inc" and nothing else.

    Raises:
        ValueError: See ``to_cirq``.
    """
    import cirq

    return to_cirq(state).to_qasm(
        header="Made by qnnbench; acts on |0...0>, up to a global phase.",
        precision=16,
        qubit_order=cirq.LineQubit.range(state.n_qubits),
        version="3.0",
    )


def to_quimb(state: PureState) -> "qtn.MatrixProductState":
    """Return the same tensors as a quimb state, site tags "I0", "I1", …, indices "k0", "k1", ….

    Raises:
        ValueError: A stabilizer state that needs a bond above 64 in the order of its qubits.
    """
    import quimb.tensor as qtn

    return qtn.MatrixProductState(_ended(state), shape="lpr")


def _ended(state: PureState) -> list[np.ndarray]:
    """Return the tensors as quimb has them: (left, 2, right), the outer bonds left out."""
    tensors = list((state if isinstance(state, MPS) else stabilizer_mps(state)).tensors)
    tensors[0] = tensors[0][0]
    tensors[-1] = tensors[-1][..., 0]
    return tensors


def to_statevector(state: PureState) -> np.ndarray:
    """Return the 2^n amplitudes, qubit 0 most significant; float64 or complex128.

    Raises:
        ValueError: More than 20 qubits.
    """
    return state.state_vector()


@dataclass(frozen=True)
class Format:
    """A form of a pure state, and how that form stands in a file.

    Attributes:
        make: Maps a pure state to the form.
        encode: Maps the form to the bytes of a file.
    """

    make: Callable[[PureState], Any]
    encode: Callable[[Any], bytes]


def exported(state: InputState, form: str) -> list[tuple[float, Any]]:
    """Return pairs of weight and form, one per member; one of weight 1 for a pure state.

    Args:
        state: What a dataset holds.
        form: A key of ``FORMATS``.

    Raises:
        ValueError: Unknown form, or a state that has none such; see the four functions.
    """
    make = lookup(FORMATS, form, "format").make
    return [(weight, make(member)) for weight, member in state.members]


def _cirq_json(circuit: "cirq.Circuit") -> bytes:
    import cirq

    return cirq.to_json(circuit).encode()


def _npy(vector: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, vector)
    return buffer.getvalue()


def _npz(state: "qtn.MatrixProductState") -> bytes:
    """Return the arrays of a quimb state in order, so that no pickle is needed to read them."""
    state = state.copy()
    state.permute_arrays("lpr")
    buffer = io.BytesIO()
    np.savez(buffer, *state.arrays)
    return buffer.getvalue()


FORMATS: dict[str, Format] = {
    "cirq": Format(to_cirq, _cirq_json),
    "qasm3": Format(to_qasm3, str.encode),
    "quimb": Format(to_quimb, _npz),
    "statevector": Format(to_statevector, _npy),
}
