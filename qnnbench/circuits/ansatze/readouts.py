"""What a layered circuit reads out."""

from collections.abc import Callable, Sequence

import cirq

from qnnbench.circuits.ansatze.network import Observable
from qnnbench.registry import lookup


def mean_zero_projector(qubits: Sequence[cirq.Qid]) -> cirq.PauliSum:
    """Return the average of |0><0| over ``qubits``: 1/2 + ΣZ/(2n)."""
    strings: list[cirq.PauliString] = [cirq.PauliString(coefficient=0.5)]
    strings += [cirq.PauliString({q: cirq.Z}, coefficient=0.5 / len(qubits)) for q in qubits]
    return cirq.PauliSum.from_pauli_strings(strings)


def layered_readout(qubits: list[cirq.LineQubit], readout: str) -> tuple[Observable, ...]:
    """Return what a layered circuit reads.

    local: mean of the projectors |0><0|; middle: Z on qubit n//2; bond: ZZ on qubits
    n//2 - 1 and n//2; parity: Z on all; global: |0…0><0…0|.
    """
    middle = len(qubits) // 2
    choices: dict[str, Callable[[], Observable]] = {
        "local": lambda: mean_zero_projector(qubits),
        "middle": lambda: cirq.PauliString(cirq.Z(qubits[middle])),
        "bond": lambda: cirq.PauliString(cirq.Z(q) for q in qubits[middle - 1 : middle + 1]),
        "parity": lambda: cirq.PauliString(cirq.Z(q) for q in qubits),
        "global": lambda: cirq.ProjectorString(dict.fromkeys(qubits, 0)),
    }
    return (lookup(choices, readout, "readout")(),)
