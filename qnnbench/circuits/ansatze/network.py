"""An ansatz at one width, and the record of what is claimed of a family of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import cirq
import sympy

Observable = cirq.PauliString | cirq.PauliSum | cirq.ProjectorString


@dataclass(frozen=True)
class Network:
    """An ansatz at one width: what every backend takes.

    Attributes:
        circuit: On ``cirq.LineQubit.range(n_qubits)``; unitary gates only.
        symbols: Order of every parameter array.
        observables: What is read out, one column of values each: first Z of the
            discarded qubits, if the ansatz reads them, then the readout proper.
        n_discarded: How many of the observables are Z of discarded qubits.
        n_layers: Layers of the circuit, whatever the ansatz repeats.
    """

    circuit: cirq.Circuit
    symbols: tuple[sympy.Symbol, ...]
    observables: tuple[Observable, ...]
    n_discarded: int = 0
    n_layers: int = 0

    @property
    def n_qubits(self) -> int:
        """Width of the circuit."""
        return len(self.circuit.all_qubits())


@dataclass(frozen=True)
class Ansatz:
    """A circuit family and what is claimed of its gradients.

    Attributes:
        name: Key in configs, file names and the ``ansatz`` column.
        build: Maps (n_qubits, **options) to a :class:`Network`.
        plateau: Whether the largest gradient variance vanishes exponentially in
            n_qubits for ``claim_options`` and ``angles``, input |0…0>. A test measures it.
            A user's own may leave it "unclaimed".
        source: DOI or arXiv id of the claim, with the place in the text.
        bibtex: Key of that source in ``qnnbench/report/references.bib``; empty for a user's.
        claim_options: Options for which ``plateau`` is claimed.
        angles: Law of the independent symbols for which it is claimed, a key of
            ``INITIAL_LAWS``.
        n_samples: Draws of all angles by which it is measured, where gates share them;
            0 where exact moments cover it.
        widths: Two widths at which it is measured in seconds.
    """

    name: str
    build: Callable[..., Network]
    plateau: Literal["yes", "no", "unclaimed"]
    source: str
    bibtex: str = ""
    claim_options: dict[str, Any] = field(default_factory=dict)
    angles: str = "uniform"
    n_samples: int = 0
    widths: tuple[int, int] = (8, 16)
