"""Local noise: one random unitary per qubit that makes samples of a class differ."""

from collections.abc import Callable

import numpy as np

from qnnbench.registry import lookup
from qnnbench.states.mps import PAULIS


def tilt_noise(n_qubits: int, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Return one random RY rotation per qubit, of angle N(0, noise²) radians: real noise.

    Returns:
        Float64 array of shape (n_qubits, 2, 2).
    """
    half = rng.normal(0.0, noise, n_qubits) / 2
    rows = [[np.cos(half), -np.sin(half)], [np.sin(half), np.cos(half)]]
    return np.moveaxis(np.array(rows), 2, 0)


def rotation_noise(n_qubits: int, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Return one random rotation per qubit: RZ, then a rotation about a random axis.

    The RZ angle and the three components of the rotation vector v, exp(-i v·(X, Y, Z)/2),
    are independent N(0, noise²) radians.

    Returns:
        Complex128 array of shape (n_qubits, 2, 2).
    """
    phases = rng.normal(0.0, noise, n_qubits)
    vectors = rng.normal(0.0, noise, (n_qubits, 3))
    about_z = np.exp(-0.5j * np.outer(phases, [1, -1]))[:, None, :] * np.eye(2)
    angles = np.linalg.norm(vectors, axis=1)
    axes = np.einsum("qk,kst->qst", vectors, np.stack([PAULIS[p] for p in "XYZ"]))
    half_sinc = 0.5 * np.sinc(angles / (2 * np.pi))  # sin(angle/2)/angle, finite at zero
    tilts = np.cos(angles / 2)[:, None, None] * np.eye(2) - 1j * half_sinc[:, None, None] * axes
    return tilts @ about_z


def pauli_noise(n_qubits: int, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Return one Pauli per qubit: X, Y or Z with probability noise/3 each, else identity.

    A draw of the depolarising channel; averaged over samples it is the channel itself.

    Returns:
        Complex128 array of shape (n_qubits, 2, 2).

    Raises:
        ValueError: ``noise`` is above 1: no probability.
    """
    if noise > 1:
        raise ValueError(f"pauli noise is a probability, at most 1, got {noise!r}")
    letters = rng.choice(4, n_qubits, p=[1 - noise, noise / 3, noise / 3, noise / 3])
    return np.stack([PAULIS[p] for p in "IXYZ"]).astype(complex)[letters]


NOISES: dict[str, Callable[[int, float, np.random.Generator], np.ndarray]] = {
    "rotation": rotation_noise,
    "tilt": tilt_noise,
    "pauli": pauli_noise,
}


def shrinkage(kind: str, noise: float) -> tuple[float, float, float]:
    """Return by what noise multiplies the mean of X, Y and Z, on average over its draws.

    A rotation by an angle N(0, s²) keeps its axis and multiplies the rest by e^(-s²/2); one
    about a random vector of three such components multiplies all by (1 + 2 E cos|v|)/3 with
    E cos|v| = (1 - s²) e^(-s²/2), the characteristic function of Maxwell's law.

    Args:
        kind: A key of ``NOISES``.
        noise: Its strength.

    Raises:
        ValueError: Unknown kind.
    """
    turned = float(np.exp(-(noise**2) / 2))
    tilted = (1 + 2 * (1 - noise**2) * turned) / 3
    drawn = 1 - 4 * noise / 3
    known = {
        "rotation": (tilted * turned, tilted * turned, tilted),
        "tilt": (turned, 1.0, turned),
        "pauli": (drawn, drawn, drawn),
    }
    return lookup(known, kind, "kind of noise")


def local_noise(kind: str, n_qubits: int, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Return one unitary per qubit of a kind of noise, shape (n_qubits, 2, 2).

    Args:
        kind: A key of ``NOISES``.
        n_qubits: Width.
        noise: Standard deviation in radians of "rotation" and "tilt"; probability of "pauli".
        rng: Source of the randomness.

    Raises:
        ValueError: Unknown kind; ``noise`` negative, not finite or no probability.
    """
    if not (np.isfinite(noise) and noise >= 0):
        raise ValueError(f"noise must be a finite number >= 0, got {noise!r}")
    return lookup(NOISES, kind, "kind of noise")(n_qubits, noise, rng)
