"""Ground states of the cluster-Ising chain by DMRG, and the dataset made of them.

H = -Σ Z_i X_{i+1} Z_{i+2} - h1 Σ X_i - h2 Σ X_i X_{i+1} on an open chain. At h2 = 0 it is
free: symmetry-protected (SPT) below h1 = 1, paramagnetic above. Phase diagram with h2: Cong,
Choi and Lukin, Nat. Phys. 15, 1273 (2019), Fig. 2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qnnbench.states.contraction import inner_product
from qnnbench.states.family import DatasetFamily
from qnnbench.states.mps import MPS, PAULIS, State
from qnnbench.states.noise import local_noise
from qnnbench.states.samples import Dataset, generator, samples, split_sizes

if TYPE_CHECKING:  # importing quimb costs 2 s: only DMRG needs it
    import quimb.tensor as qtn

NAME = "cluster_ising"
SPT_FIELDS = (0.1, 0.18, 0.26, 0.34, 0.42, 0.5)
PARAMAGNET_FIELDS = (1.3, 1.48, 1.66, 1.84, 2.02, 2.2)
MIN_FIELDS = 4  # two ends to train, one field to test, one to validate

_MAX_SWEEPS = 6
_TOLERANCE = 1e-6  # energy change between sweeps
_CUTOFF = 1e-10  # squared Schmidt weight that DMRG may drop per bond

_Row = tuple[State, int, str, float]  # state, label, split, h1


@dataclass(frozen=True)
class GroundState:
    """A ground state and how good it is.

    Attributes:
        state: Real, the lowest energy found within the bond limit.
        energy: <H> of ``state``.
        energy_variance: <H²> - <H>² of ``state``; 0 for an eigenstate.
        truncation_error: Squared Schmidt weight, summed over bonds, that one more DMRG
            sweep with twice the bond limit puts above the limit.
    """

    state: MPS
    energy: float
    energy_variance: float
    truncation_error: float


def hamiltonian_mpo(n_qubits: int, h1: float, h2: float) -> list[np.ndarray]:
    """Return H as a matrix product operator: arrays (left, right, 2, 2), bond 5, float64.

    Bond states: 0 nothing yet, 1 after Z, 2 after ZX, 3 after the X of XX, 4 done.
    """
    x, z = PAULIS["X"], PAULIS["Z"]
    middle = np.zeros((5, 5, 2, 2))
    middle[0, 0] = middle[4, 4] = PAULIS["I"]
    middle[0, 1], middle[1, 2], middle[2, 4] = z, x, -z
    middle[0, 3], middle[3, 4] = x, -h2 * x
    middle[0, 4] = -h1 * x
    return [middle[:1], *[middle] * (n_qubits - 2), middle[:, 4:]]


def _energy_moments(state: MPS, mpo: Sequence[np.ndarray]) -> tuple[float, float]:
    """Return <H> and <H²> - <H>², the latter from the norm of H|state>."""
    image = []  # H|state>: operator and state bonds joined
    for tensor, operator in zip(state.tensors, mpo, strict=True):
        joined = np.tensordot(operator, tensor, (3, 1)).transpose(0, 3, 2, 1, 4)
        left, inner, _, right, outer = joined.shape
        image.append(joined.reshape(left * inner, 2, right * outer))
    energy = inner_product(state.tensors, image).real
    return energy, inner_product(image, image).real - energy**2


def _to_quimb(state: MPS) -> "qtn.MatrixProductState":
    import quimb.tensor as qtn

    first, *middle, last = state.tensors
    return qtn.MatrixProductState([first[0], *middle, last[:, :, 0]], shape="lpr")


def _from_quimb(state: "qtn.MatrixProductState") -> MPS:
    state.permute_arrays("lpr")
    first, *middle, last = state.arrays
    return MPS.from_tensors([first[None], *middle, last[:, :, None]])


def ground_states(
    n_qubits: int, fields: Sequence[float], h2: float, max_bond_dim: int
) -> list[GroundState]:
    """Return a ground state at each field h1, in order, by two-site DMRG (quimb).

    The first search starts from a product state, each next one from its predecessor:
    no randomness. In the SPT phase four states with other edges are degenerate up to an
    amount exponentially small in n_qubits; the start decides which combination is found.

    Args:
        n_qubits: Width, at least 4.
        fields: Values of h1, sorted so that neighbours are close.
        h2: Strength of XX.
        max_bond_dim: Limit of the bonds.

    Source:
        White, Phys. Rev. Lett. 69, 2863 (1992); Gray, J. Open Source Softw. 3, 819 (2018).
    """
    import quimb.tensor as qtn

    found = []
    guess = _to_quimb(MPS.product([np.array([0.8, 0.6])] * n_qubits))
    for h1 in fields:
        mpo = hamiltonian_mpo(n_qubits, h1, h2)
        operator = qtn.MatrixProductOperator([mpo[0][0], *mpo[1:-1], mpo[-1][:, 0]], shape="lrud")
        search = qtn.DMRG2(operator, bond_dims=max_bond_dim, cutoffs=_CUTOFF, p0=guess)
        search.solve(tol=_TOLERANCE, max_sweeps=_MAX_SWEEPS, verbosity=0)
        guess = search.state.copy()
        search.solve(bond_dims=2 * max_bond_dim, max_sweeps=1, verbosity=0)
        _, beyond = _from_quimb(search.state).truncated(max_bond_dim)
        state = _from_quimb(guess.copy())
        found.append(GroundState(state, *_energy_moments(state, mpo), beyond))
    return found


def _fields_of(split: str, fields: Sequence[float]) -> list[float]:
    """Return the fields of one split: the ends train, inner ones go round the splits.

    Splits share no field, and what is judged lies between what is learned from.
    """
    inner = ("test", "validation", "train")
    roles = ["train", *(inner[i % len(inner)] for i in range(len(fields) - 2)), "train"]
    return [h1 for h1, role in zip(fields, roles, strict=True) if role == split]


def _dataset(
    rows: list[_Row], ground: Mapping[float, GroundState], h2: float, **more: Any
) -> Dataset:
    """Return the rows as a dataset with the figures of merit of their ground states."""
    states, labels, splits, fields = map(list, zip(*rows, strict=True))
    behind = [ground[h1] for h1 in fields]
    return samples(
        NAME,
        states[0].n_qubits,
        states,
        labels,
        splits,
        couplings=fields,
        energy=[g.energy for g in behind],
        energy_variance=[g.energy_variance for g in behind],
        truncation_error=[g.truncation_error for g in behind],
        details={"h2": h2},
        **more,
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

    The splits share no coupling: the outermost fields of each phase train, the ones
    between go round test, validation and training. Samples of one coupling differ by
    their noise only; "tilt" keeps the states real.

    Args:
        n_qubits: Width.
        seed: Seed of the noise; the ground states do not depend on it.
        n_samples: See ``split_sizes``; the labels alternate.
        h2: Strength of XX.
        spt_fields: At least four ascending values of h1 inside the SPT phase.
        paramagnet_fields: The same inside the paramagnet.
        max_bond_dim: Limit of the bonds.
        noise: Strength, see ``local_noise``; 0 for none.
        noise_kind: A key of ``NOISES``.

    Raises:
        ValueError: Fewer than four fields in a phase.
    """
    phases = (tuple(spt_fields), tuple(paramagnet_fields))
    if min(map(len, phases)) < MIN_FIELDS:
        raise ValueError(f"each phase needs {MIN_FIELDS} fields or more, got {phases}")
    ground: dict[float, GroundState] = {}
    for fields in phases:
        found = ground_states(n_qubits, fields, h2, max_bond_dim)
        ground |= dict(zip(fields, found, strict=True))
    sizes = split_sizes(n_samples)
    exact: list[_Row] = [
        (ground[h1].state, label, split, h1)
        for split in sizes
        for label, fields in enumerate(phases)
        for h1 in _fields_of(split, fields)
    ]
    noisy: list[_Row] = []
    for split, size in sizes.items():
        for sample in range(size):
            choices = _fields_of(split, phases[sample % 2])
            h1 = choices[sample // 2 % len(choices)]
            rng = generator(seed, NAME, n_qubits, split, sample)
            turn = local_noise(noise_kind, n_qubits, noise, rng)
            state = ground[h1].state.rotated(turn) if noise else ground[h1].state
            noisy.append((state, sample % 2, split, h1))
    noiseless = _dataset(exact, ground, h2) if noise else None
    return _dataset(noisy, ground, h2, noiseless=noiseless)


FAMILY = DatasetFamily(
    NAME,
    cluster_ising,
    tasks=("classification", "compression"),
    n_classes=2,
    summary="ground states of the cluster-Ising chain, by DMRG",
    equal="nothing exactly",
    differs="string order: SPT phase against paramagnet",
    solved_by="the three-body ZXZ, or a string order",
    limit="the three-body ZXZ separates the classes: published QCNN benchmarks live here",
    source="doi:10.1038/s41567-019-0648-8, Fig. 2",
    bibtex="cong2019",
    min_qubits=8,  # below, the string of the middle half is the whole sublattice
)
