"""What every backend takes and gives back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from qnnbench.circuits.observables import SiteObservable
from qnnbench.circuits.program import Program
from qnnbench.states.mps import MPS, PureState


class BackendCannot(ValueError):  # noqa: N818 - declining is no error of the backend
    """A backend declines: what was asked, what it supports, which backend can."""


@dataclass(frozen=True)
class Query:
    """One evaluation: a compiled circuit, what is read out, and the input states.

    Attributes:
        program: The compiled circuit.
        observables: One column of values each.
        states: Pure input states of one width.
    """

    program: Program
    observables: tuple[SiteObservable, ...]
    states: tuple[PureState, ...]

    @property
    def tensors(self) -> tuple[tuple[np.ndarray, ...], ...]:
        """Per input state its tensors, arrays (left, 2, right), one per site.

        Raises:
            BackendCannot: A state that is no matrix product state.
        """
        odd = [type(state).__name__ for state in self.states if not isinstance(state, MPS)]
        if odd:
            raise BackendCannot(
                f"{odd[0]} has no low-bond tensors; only 'stabilizer' takes it, with a circuit "
                "that is Clifford at the given angles."
            )
        return tuple(state.tensors for state in self.states if isinstance(state, MPS))

    @property
    def max_bond_dim(self) -> int:
        """Largest bond of any input state."""
        return max(t.shape[2] for tensors in self.tensors for t in tensors)


@dataclass(frozen=True)
class Evaluation:
    """Values of one parameter vector, and how to get gradients.

    Attributes:
        values: Float64 (n_states, n_observables).
        error: Estimated absolute error, same shape; 0 where exact.
        is_exact: No truncation and no single precision anywhere.
        pull_back: Maps a cotangent (n_states, n_observables) to the gradient
            (n_symbols,); may be called again and again.
        relative_error: Largest truncation estimate over the observables, relative to
            the root mean square over product states.
        bond_dim: Operator bond used; 0 where there is none.
    """

    values: np.ndarray
    error: np.ndarray
    is_exact: bool
    pull_back: Callable[[np.ndarray], np.ndarray]
    relative_error: float = 0.0
    bond_dim: int = 0


@dataclass(frozen=True)
class Cost:
    """Static estimate of one value and gradient.

    Attributes:
        seconds: Operation counts times rates measured once on one core; never a clock,
            so that choices do not depend on the machine or its load.
        memory_bytes: Peak memory.
    """

    seconds: float
    memory_bytes: float


@dataclass(frozen=True)
class Backend:
    """One way to evaluate.

    Attributes:
        name: Key in configs and the ``backend`` column.
        evaluate: Maps (query, params, **options) to an :class:`Evaluation`.
        cost: Maps (query, **options) to its :class:`Cost`; raises :class:`BackendCannot`.
        is_exact: Whether results carry no truncation at all.
        options: Names of the options that ``evaluate`` takes.
        gives_gradients: Whether evaluations can be pulled back.
        by_name_only: Never taken by "auto": whether it runs depends on the machine.
    """

    name: str
    evaluate: Callable[..., Evaluation]
    cost: Callable[..., Cost]
    is_exact: bool
    options: tuple[str, ...] = ()
    gives_gradients: bool = True
    by_name_only: bool = False

    def settings(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return the part of ``options`` that this backend takes."""
        return {name: options[name] for name in self.options if name in options}
