"""Ground states of the transverse-field Ising chain: ordered against paramagnet.

H = -Σ Z_i Z_{i+1} - g Σ X_i on an open chain: free fermions, critical at g = 1. Pfeuty,
Ann. Phys. 57, 79 (1970).
"""

from collections.abc import Mapping, Sequence

from qnnbench.states.family import DatasetFamily
from qnnbench.states.samples import Dataset
from qnnbench.states.spin_chains import SpinChain, two_phases

NAME = "tfim"
ORDERED_FIELDS = (0.1, 0.18, 0.26, 0.34, 0.42, 0.5)
PARAMAGNET_FIELDS = (1.3, 1.48, 1.66, 1.84, 2.02, 2.2)


def tfim_chain(n_qubits: int) -> SpinChain:
    """Return the chain as a function of g; its strings cover the middle half of the sites.

    They are Z 1 … 1 Z, whose bulk value is the squared magnetisation (1 - g²)^(1/4), and
    X … X in between, the same of the dual chain.
    """
    first, last = n_qubits // 4, 3 * n_qubits // 4
    return SpinChain(
        NAME,
        words=lambda g: {"ZZ": -1.0, "X": -g},
        strings=({first: "Z", last: "Z"}, dict.fromkeys(range(first + 1, last), "X")),
        symmetries=("X",),
    )


def tfim(
    n_qubits: int,
    *,
    seed: int,
    n_samples: int | Mapping[str, int] | None = None,
    ordered_fields: Sequence[float] = ORDERED_FIELDS,
    paramagnet_fields: Sequence[float] = PARAMAGNET_FIELDS,
    max_bond_dim: int = 8,
    noise: float = 0.02,
    noise_kind: str = "tilt",
) -> Dataset:
    """Return ground states under local noise: label 0 ordered, 1 paramagnet.

    On a long chain DMRG finds an ordered state of one magnetisation; each sample has a
    random one of both signs.

    Args:
        n_qubits: Width.
        seed: See ``two_phases``, like the last four.
        n_samples: See ``split_sizes``.
        ordered_fields: At least four ascending values of g below 1.
        paramagnet_fields: The same above 1.
        max_bond_dim: Limit of the bonds.
        noise: Strength.
        noise_kind: A key of ``NOISES``.

    Raises:
        ValueError: Fewer than four fields in a phase.
    """
    return two_phases(
        tfim_chain(n_qubits),
        n_qubits,
        (tuple(ordered_fields), tuple(paramagnet_fields)),
        seed=seed,
        n_samples=n_samples,
        max_bond_dim=max_bond_dim,
        noise=noise,
        noise_kind=noise_kind,
    )


FAMILY = DatasetFamily(
    NAME,
    tfim,
    tasks=("classification", "regression", "compression", "preparation"),
    n_classes=2,
    summary="ground states of the transverse-field Ising chain, by DMRG",
    equal="nothing exactly",
    differs="magnetic order: ordered phase against paramagnet",
    solved_by="the one-body X, or the two-body ZZ",
    limit="one-body means separate the classes: an easy control; the test holds two couplings "
    "per phase, so that intervals of accuracies are over noise and symmetry within these four",
    source="doi:10.1016/0003-4916(70)90270-8, free-fermion solution",
    bibtex="pfeuty1970",
    min_qubits=8,  # below, the strings of the middle half are too short to tell phases
)
