"""Ground states of the bond-alternating XXZ chain: topological against trivial dimers.

H = J Σ_i (1 + (-1)^i δ) (X_i X_{i+1} + Y_i Y_{i+1} + Δ Z_i Z_{i+1}) on an open chain of an
even number of sites, J = 1. For δ > 0 the strong bonds pair all sites (trivial); for δ < 0
they leave a free spin at each end (symmetry-protected, SPT). The phases were classified from
randomised measurements by Elben et al., Sci. Adv. 6, eaaz3666 (2020), and by Huang, Kueng,
Torlai, Albert and Preskill, Science 377, eabk3333 (2022), in the form J, J'.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from qnnbench.states.family import DatasetFamily
from qnnbench.states.quantities.pauli_sums import PauliWords
from qnnbench.states.samples import Dataset
from qnnbench.states.spin_chains import SpinChain, two_phases

NAME = "bond_alternating_xxz"
SPT_DIMERISATIONS = (-0.9, -0.78, -0.66, -0.54, -0.42, -0.3)
TRIVIAL_DIMERISATIONS = (0.3, 0.42, 0.54, 0.66, 0.78, 0.9)


def xxz_chain(n_qubits: int, anisotropy: float) -> SpinChain:
    """Return the chain as a function of δ, its strings over about the middle half.

    Each is Z … Z over an even number of whole dimers of its phase. The strings X … X and
    Z … Z over all sites commute with H; DMRG starts from 0101….
    """

    def words(dimerisation: float) -> PauliWords:
        bonds = 1 + dimerisation * (-1.0) ** np.arange(n_qubits - 1)
        return {"XX": bonds, "YY": bonds, "ZZ": anisotropy * bonds}

    first, length = 2 * (n_qubits // 8), 4 * (n_qubits // 8)
    shifted, whole = (range(start, start + length) for start in (first + 1, first))
    return SpinChain(
        NAME,
        words=words,
        strings=(dict.fromkeys(shifted, "Z"), dict.fromkeys(whole, "Z")),
        symmetries=("X", "Z"),
        start=((1.0, 0.0), (0.0, 1.0)),
    )


def bond_alternating_xxz(
    n_qubits: int,
    *,
    seed: int,
    n_samples: int | Mapping[str, int] | None = None,
    anisotropy: float = 0.5,
    spt_dimerisations: Sequence[float] = SPT_DIMERISATIONS,
    trivial_dimerisations: Sequence[float] = TRIVIAL_DIMERISATIONS,
    max_bond_dim: int = 8,
    noise: float = 0.02,
    noise_kind: str = "tilt",
) -> Dataset:
    """Return ground states under local noise: label 0 SPT (δ < 0), 1 trivial (δ > 0).

    On a long chain DMRG finds the end spins of an SPT state antiparallel along Z; each
    sample is turned by a random one of the chain's symmetries.

    Args:
        n_qubits: Width, even.
        seed: See ``two_phases``, like the last four.
        n_samples: See ``split_sizes``.
        anisotropy: Δ.
        spt_dimerisations: At least four ascending values of δ below 0.
        trivial_dimerisations: The same above 0.
        max_bond_dim: Limit of the bonds.
        noise: Strength.
        noise_kind: A key of ``NOISES``.

    Raises:
        ValueError: Fewer than four values of δ in a phase.
    """
    return two_phases(
        xxz_chain(n_qubits, anisotropy),
        n_qubits,
        (tuple(spt_dimerisations), tuple(trivial_dimerisations)),
        seed=seed,
        n_samples=n_samples,
        max_bond_dim=max_bond_dim,
        noise=noise,
        noise_kind=noise_kind,
    )


FAMILY = DatasetFamily(
    NAME,
    bond_alternating_xxz,
    tasks=("classification", "regression", "compression", "preparation"),
    n_classes=2,
    summary="ground states of the bond-alternating XXZ chain, by DMRG",
    equal="nothing exactly",
    differs="string order: which bonds hold the dimers, and free spins at the ends",
    solved_by="the two-body ZZ of one bond, or a string order",
    limit="one strong bond gives the pairing away: an easy control; the test holds two couplings "
    "per phase, so that intervals of accuracies are over noise and symmetry within these four",
    source="doi:10.1126/science.abk3333, classification of the bond-alternating XXZ chain",
    bibtex="huang2022",
    min_qubits=8,  # below, no string of two dimers fits between the ends
    is_width=lambda n_qubits: n_qubits % 2 == 0,
    widths="an even number",
)
