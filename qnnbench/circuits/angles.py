"""Laws of the initial angles of a circuit: independent ones, and blocks that undo themselves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from qnnbench.registry import lookup


@runtime_checkable
class AngleLaw(Protocol):
    """A law of independent, equally distributed angles in radians."""

    def sample(self, n_symbols: int, rng: np.random.Generator) -> np.ndarray:
        """Return float64 angles in radians, shape (n_symbols,)."""

    def characteristic(self, frequency: float) -> complex:
        """Return E[exp(ifθ)] of ``frequency`` f (dimensionless)."""

    def __hash__(self) -> int:
        """Equal laws are one law."""


@dataclass(frozen=True)
class Uniform:
    """Independent angles, uniform on [0, 2π)."""

    def sample(self, n_symbols: int, rng: np.random.Generator) -> np.ndarray:
        """Return float64 angles in radians, shape (n_symbols,)."""
        return rng.uniform(0, 2 * np.pi, n_symbols)

    def characteristic(self, frequency: float) -> complex:
        """Return E[exp(ifθ)]: zero at every whole frequency but 0."""
        if frequency == round(frequency):
            return complex(frequency == 0)
        turn = 2j * np.pi * frequency
        return complex((np.exp(turn) - 1) / turn)

    def __str__(self) -> str:
        return "uniform"


@dataclass(frozen=True)
class Gaussian:
    """Independent normal angles of mean 0 and standard deviation ``std`` radians."""

    std: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.std) and self.std >= 0):
            raise ValueError(f"std must be a finite number >= 0 (radians), got {self.std!r}")

    def sample(self, n_symbols: int, rng: np.random.Generator) -> np.ndarray:
        """Return float64 angles in radians, shape (n_symbols,)."""
        return rng.normal(0.0, self.std, n_symbols)

    def characteristic(self, frequency: float) -> complex:
        """Return E[exp(ifθ)] = exp(-f² std² / 2)."""
        return complex(np.exp(-((self.std * frequency) ** 2) / 2))

    def __str__(self) -> str:
        return f"gaussian({self.std:g})"


@dataclass(frozen=True)
class Fixed:
    """The angle ``value``, in radians, without chance."""

    value: float

    def __post_init__(self) -> None:
        if not np.isfinite(self.value):
            raise ValueError(f"value must be a finite number (radians), got {self.value!r}")

    def sample(self, n_symbols: int, rng: np.random.Generator) -> np.ndarray:
        """Return float64 angles in radians, shape (n_symbols,)."""
        return np.full(n_symbols, self.value)

    def characteristic(self, frequency: float) -> complex:
        """Return exp(if value)."""
        return complex(np.exp(1j * frequency * self.value))

    def __str__(self) -> str:
        return f"fixed({self.value:g})"


@dataclass(frozen=True)
class IdentityBlocks:
    """Blocks whose second half undoes the first: uniform angles, then their negatives.

    The circuit is the identity at such angles. Which gate undoes which is read from the
    circuit, so there is no law of single angles to sample.

    Source: Grant et al., Quantum 3, 214 (2019), Sec. 3.
    """

    def __str__(self) -> str:
        return "identity_blocks"


@dataclass(frozen=True)
class InitialLaw:
    """A named way to draw the first angles of a network.

    Attributes:
        name: Key in configs and the ``angles`` column.
        law: Maps (n_qubits, n_layers) to the law.
        source: Who proposed it, with the place.
    """

    name: str
    law: Callable[[int, int], AngleLaw | IdentityBlocks]
    source: str


INITIAL_LAWS = {
    entry.name: entry
    for entry in (
        InitialLaw("uniform", lambda n, depth: Uniform(), "doi:10.1038/s41467-018-07090-4, Eq. 1"),
        InitialLaw(
            "gaussian_1_over_l",
            lambda n, depth: Gaussian(depth**-0.5),
            "arXiv:2203.09376, Theorem 4.1 (local observables, up to a factor)",
        ),
        InitialLaw(
            "gaussian_1_over_nl",
            lambda n, depth: Gaussian((n * depth) ** -0.5),
            "arXiv:2203.09376, Theorem 4.2 (global observables, up to a factor)",
        ),
        InitialLaw("small", lambda n, depth: Gaussian(0.1), "arXiv:2302.06858, Sec. III"),
        InitialLaw(
            "identity_blocks", lambda n, depth: IdentityBlocks(), "doi:10.22331/q-2019-12-09-214"
        ),
    )
}


def angle_law(spec: str | AngleLaw, std: float = 0.1) -> AngleLaw:
    """Return the law meant by "uniform", "gaussian" (of ``std`` radians) or a law itself."""
    if isinstance(spec, AngleLaw):
        return spec
    laws: dict[str, AngleLaw] = {"uniform": Uniform(), "gaussian": Gaussian(std)}
    return lookup(laws, spec, "angle law")


def laws_of(angles: str | AngleLaw | Mapping, symbols: Sequence) -> tuple[AngleLaw, ...]:
    """Return the law of each symbol.

    Args:
        angles: One law for all, or a mapping from symbols (or their names) to laws; the
            key ``None`` stands for all others.
        symbols: Order of the result.

    Raises:
        ValueError: A symbol without a law, or a key that is no symbol.
    """
    if not isinstance(angles, Mapping):
        return (angle_law(angles),) * len(symbols)
    named = {None if key is None else str(key): angle_law(law) for key, law in angles.items()}
    known = [str(symbol) for symbol in symbols]
    if odd := [key for key in named if key is not None and key not in known]:
        raise ValueError(f"angles names {odd[:3]}, which the circuit lacks; it has {known[:8]}")
    if missing := [name for name in known if name not in named and None not in named]:
        raise ValueError(f"angles has no law for {missing[:3]}; the key None stands for the rest")
    return tuple(named.get(name) or named[None] for name in known)
