"""Ground states of the cluster-Ising chain: symmetry-protected against paramagnet.

H = -Σ Z_i X_{i+1} Z_{i+2} - h1 Σ X_i - h2 Σ X_i X_{i+1} on an open chain. At h2 = 0 it is
free: symmetry-protected (SPT) below h1 = 1, paramagnetic above. Phase diagram with h2: Cong,
Choi and Lukin, Nat. Phys. 15, 1273 (2019), Fig. 2.
"""

from collections.abc import Mapping, Sequence

from qnnbench.states.family import DatasetFamily
from qnnbench.states.samples import Dataset
from qnnbench.states.spin_chains import SpinChain, two_phases

NAME = "cluster_ising"
SPT_FIELDS = (0.1, 0.18, 0.26, 0.34, 0.42, 0.5)
PARAMAGNET_FIELDS = (1.3, 1.48, 1.66, 1.84, 2.02, 2.2)


def cluster_ising_chain(n_qubits: int, h2: float) -> SpinChain:
    """Return the chain as a function of h1, its strings over the middle half of the sites.

    They are Z X 1 X … X Z, a product of terms ZXZ, and X 1 X … X, on one sublattice. The
    strings X 1 X 1 … and 1 X 1 X … over all sites commute with H.
    """
    first, last = n_qubits // 4, 3 * n_qubits // 4
    last -= (last - first) % 2
    cluster = {**dict.fromkeys(range(first + 1, last, 2), "X"), first: "Z", last: "Z"}
    return SpinChain(
        NAME,
        words=lambda h1: {"ZXZ": -1.0, "X": -h1, "XX": -h2},
        strings=(cluster, dict.fromkeys(range(first, last + 1, 2), "X")),
        symmetries=("XI", "IX"),
    )


def cluster_ising(
    n_qubits: int,
    *,
    seed: int,
    n_samples: int | Mapping[str, int] | None = None,
    h2: float = 0.1,
    spt_fields: Sequence[float] = SPT_FIELDS,
    paramagnet_fields: Sequence[float] = PARAMAGNET_FIELDS,
    max_bond_dim: int = 8,
    noise: float = 0.02,
    noise_kind: str = "tilt",
) -> Dataset:
    """Return ground states under local noise: label 0 SPT, 1 paramagnet.

    Bond 8 leaves an energy variance of 2e-2 at 100 qubits, 32 one below 1e-7; the larger
    the bond, the slower is all that reads the states. Noise "tilt" keeps them real.

    Args:
        n_qubits: Width.
        seed: See ``two_phases``, like the last four.
        n_samples: See ``split_sizes``.
        h2: Strength of XX.
        spt_fields: At least four ascending values of h1 inside the SPT phase.
        paramagnet_fields: The same inside the paramagnet.
        max_bond_dim: Limit of the bonds.
        noise: Strength.
        noise_kind: A key of ``NOISES``.

    Raises:
        ValueError: Fewer than four fields in a phase.
    """
    return two_phases(
        cluster_ising_chain(n_qubits, h2),
        n_qubits,
        (tuple(spt_fields), tuple(paramagnet_fields)),
        seed=seed,
        n_samples=n_samples,
        max_bond_dim=max_bond_dim,
        noise=noise,
        noise_kind=noise_kind,
    )


FAMILY = DatasetFamily(
    NAME,
    cluster_ising,
    tasks=("classification", "regression", "compression", "preparation"),
    n_classes=2,
    summary="ground states of the cluster-Ising chain, by DMRG",
    equal="nothing exactly",
    differs="string order: SPT phase against paramagnet",
    solved_by="the three-body ZXZ, or a string order",
    limit="the three-body ZXZ separates the classes, and so does the one-body X that the field "
    "turns on: published QCNN benchmarks live here; the test holds two couplings per phase, so "
    "that intervals of accuracies are over noise and symmetry within these four",
    source="doi:10.1038/s41567-019-0648-8, Fig. 2",
    bibtex="cong2019",
    min_qubits=8,  # below, the string of the middle half is the whole sublattice
)
