"""The laws of random angles that a config may name."""

from collections.abc import Mapping
from typing import Any

from qnnbench.circuits.angles import INITIAL_LAWS, AngleLaw, IdentityBlocks, angle_law
from qnnbench.registry import lookup


def law_of(
    angles: str | Mapping[str, Any], n_qubits: int, n_layers: int
) -> AngleLaw | IdentityBlocks | str:
    """Return the law of random angles a config means, at one width and depth.

    Args:
        angles: "gaussian", "haar_blocks", a name of ``INITIAL_LAWS``, or {law, std}, with
            the standard deviation of a gaussian law in radians.
        n_qubits: Width.
        n_layers: Depth.

    Raises:
        ValueError: No law of this name, or a standard deviation it does not take.
    """
    spec = {"law": angles} if isinstance(angles, str) else dict(angles)
    name = spec.pop("law")
    lookup({**INITIAL_LAWS, "gaussian": None, "haar_blocks": None}, name, "angle law")
    if name == "gaussian":
        return angle_law(name, **spec)
    if spec:
        raise ValueError(f"only the gaussian law takes a std, got {angles!r}: leave std out")
    return INITIAL_LAWS[name].law(n_qubits, n_layers) if name in INITIAL_LAWS else str(name)


def first_angles(angles: str | Mapping[str, Any]) -> AngleLaw:
    """Return the law of an arm's first angles: independent ones of one law."""
    spec = {"law": angles} if isinstance(angles, str) else dict(angles)
    return angle_law(spec.pop("law"), **spec)
