"""Laws of the initial angles of a circuit."""

from dataclasses import dataclass

import numpy as np

from qnnbench.registry import lookup


@dataclass(frozen=True)
class Uniform:
    """Independent angles, uniform on [0, 2π)."""

    def sample(self, n_symbols: int, rng: np.random.Generator) -> np.ndarray:
        """Return float64 angles in radians, shape (n_symbols,)."""
        return rng.uniform(0, 2 * np.pi, n_symbols)

    def moments(self, frequency: float) -> tuple[float, float]:
        """Return E[cos(fθ)] and E[cos²(fθ)] of ``frequency`` f (dimensionless).

        Every gate angle ±θ + b is uniform again for f = ±1; other integer frequencies
        keep both means (0 and 1/2). Derived from the Fourier series of the law.
        """
        if frequency != round(frequency):
            turn = 2 * np.pi * frequency
            return float(np.sin(turn) / turn), float(0.5 + np.sin(2 * turn) / (4 * turn))
        return (0.0, 0.5) if frequency else (1.0, 1.0)


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

    def moments(self, frequency: float) -> tuple[float, float]:
        """Return E[cos(fθ)] and E[cos²(fθ)]: the characteristic function at f and 2f."""
        variance = (self.std * frequency) ** 2
        return float(np.exp(-variance / 2)), float((1 + np.exp(-2 * variance)) / 2)


AngleLaw = Uniform | Gaussian


def angle_law(spec: str | AngleLaw, std: float = 0.1) -> AngleLaw:
    """Return the law meant by "uniform", "gaussian" (of ``std`` radians) or a law itself."""
    if isinstance(spec, Uniform | Gaussian):
        return spec
    laws: dict[str, AngleLaw] = {"uniform": Uniform(), "gaussian": Gaussian(std)}
    return lookup(laws, spec, "angle law")
