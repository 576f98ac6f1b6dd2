"""What is read of a network's output: a letter on each of some qubits."""

from collections.abc import Iterator, Sequence

import cirq
import numpy as np

from qnnbench.circuits.ansatze import Observable

Read = Observable | Sequence[Observable] | Sequence[int]


def letters_read(read: Read) -> dict[int, str]:
    """Return the letter that is read on each qubit, in the order of the bits.

    Args:
        read: Places of qubits, read in Z in this order; or Pauli strings or sums, of which
            each letter is read on its qubit, the qubits ascending; a projector is Z on its
            qubits.

    Raises:
        ValueError: Nothing to read, a place that is negative or comes twice, two letters on
            one qubit.
    """
    items = list(read) if isinstance(read, Sequence) else [read]
    places = [int(item) for item in items if isinstance(item, int | np.integer)]
    if places and len(places) == len(items):
        if len(set(places)) < len(places) or min(places) < 0:
            raise ValueError(f"qubits are read once each, by their places from 0, got {read}")
        return dict.fromkeys(places, "Z")
    letters: dict[int, str] = {}
    for place, letter in _placed_letters(items):
        if letters.setdefault(place, letter) != letter:
            raise ValueError(
                f"one circuit reads one letter on each qubit; qubit {place} is asked for "
                f"{letters[place]} and {letter}. Make one machine circuit for each."
            )
    if not letters:
        raise ValueError(f"nothing to read in {read!r}: name qubits, or strings with letters")
    return dict(sorted(letters.items()))


def _placed_letters(items: Sequence[Observable | int]) -> Iterator[tuple[int, str]]:
    strings: list[cirq.PauliString]
    for item in items:
        if isinstance(item, cirq.ProjectorString):
            strings = [cirq.PauliString(dict.fromkeys(item.projector_dict, cirq.Z))]
        elif isinstance(item, cirq.PauliString):
            strings = [item]
        elif isinstance(item, cirq.PauliSum):
            strings = list(item)
        else:
            raise ValueError(
                "read takes places of qubits, or Pauli strings, sums and projectors, "
                f"not {item!r} among {items!r}"
            )
        for string in strings:
            for qubit, pauli in string.items():
                yield qubit.x, str(pauli)
