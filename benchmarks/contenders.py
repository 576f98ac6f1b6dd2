"""Who takes part: our backends and the packages that users would pick instead."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np

from benchmarks.cases import Case

Work = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]
"""Maps angles to values (n_states, n_observables) and the gradient of their sum."""


class Declined(ValueError):  # noqa: N818 - declining is no error
    """A contender will not take a case; the message says why."""


@dataclass(frozen=True)
class Contender:
    """One way to evaluate a case.

    Attributes:
        name: Key on the command line and in the tables.
        label: Name in the figure and in prose.
        package: Distribution whose version is recorded.
        module: Imported only in the process that runs it.
        function: There, maps (case, gradient, **options) to the work.
        options: Passed to it.
        gives_gradients: Otherwise values are timed against values.
        tolerance: Largest error of value and gradient in the self-check.
    """

    name: str
    label: str
    package: str
    module: str
    function: str = "prepare"
    options: dict[str, Any] = field(default_factory=dict)
    gives_gradients: bool = True
    tolerance: float = 1e-9

    @property
    def is_own(self) -> bool:
        """Whether it is one of ours."""
        return self.package == "qnnbench"

    @property
    def version(self) -> str:
        """Installed version of the package.

        Raises:
            PackageNotFoundError: Not installed.
        """
        return version(self.package)

    def prepare(self, case: Case, gradient: bool) -> Work:
        """Return the work; what a user does once per circuit happens here."""
        function = getattr(import_module(self.module), self.function)
        return function(case, gradient, **self.options)


def _own(name: str, label: str, function: str = "prepare", **options: Any) -> Contender:
    return Contender(name, label, "qnnbench", "benchmarks.own", function, options)


CONTENDERS = {
    c.name: c
    for c in (
        _own("statevector", "statevector", backend="statevector"),
        _own("tree", "tree", backend="tree"),
        _own("tensor_network", "tensor network", backend="tensor_network"),
        *(
            _own(f"heisenberg_{d}", f"Heisenberg, D = {d}", backend="heisenberg", bond_dim=d)
            for d in (16, 32, 64)
        ),
        _own("compile", "compilation", "prepare_compile"),
        _own("moments", "exact moments", "prepare_moments"),
        Contender(
            "tensorcircuit",
            "TensorCircuit-NG",
            "tensorcircuit-ng",
            "benchmarks.peers.tensorcircuit",
        ),
        Contender(
            "tensorcircuit_c64",
            "TensorCircuit-NG, single precision",
            "tensorcircuit-ng",
            "benchmarks.peers.tensorcircuit",
            options={"dtype": "complex64"},
            tolerance=1e-4,
        ),
        Contender(
            "pennylane",
            "PennyLane lightning",
            "pennylane-lightning",
            "benchmarks.peers.pennylane",
        ),
        Contender("qulacs", "qulacs", "qulacs", "benchmarks.peers.qulacs"),
        Contender(
            "qsim",
            "qsim, single precision",
            "qsimcirq",
            "benchmarks.own",
            options={"backend": "qsim"},
            gives_gradients=False,
            tolerance=1e-5,
        ),
        Contender("quimb_exact", "quimb + JAX, exact", "quimb", "benchmarks.peers.quimb_exact"),
        Contender(
            "quimb_mps",
            "quimb MPS, χ = 64",
            "quimb",
            "benchmarks.peers.quimb_mps",
            options={"max_bond_dim": 64},
            gives_gradients=False,
        ),
        Contender(
            "aer_mps",
            "Qiskit Aer MPS, χ = 64",
            "qiskit-aer",
            "benchmarks.peers.aer_mps",
            options={"max_bond_dim": 64},
            gives_gradients=False,
        ),
        Contender(
            "pauli_prop",
            "pauli-prop, 10⁵ terms",
            "pauli-prop",
            "benchmarks.peers.pauli_prop",
            options={"max_terms": 100_000, "atol": 1e-6},
            gives_gradients=False,
            tolerance=1e-3,
        ),
    )
}
