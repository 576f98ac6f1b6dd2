"""State preparation: what is read backwards, and the fidelities no such circuit can pass.

A network W is trained to take a target to |0…0>; the circuit that makes the target is its
inverse, U = W†, of the same depth. It is compression that keeps no qubit.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cirq
import numpy as np

from qnnbench.circuits.ansatze import Network, Observable, mean_zero_projector
from qnnbench.circuits.program import Program
from qnnbench.states.chain import Chain
from qnnbench.states.mps import MPS
from qnnbench.states.samples import SPLITS, Dataset, samples

N_SWEEPS = 200  # of the product state, fewer where one gains a share below SETTLED
SETTLED = 1e-10
STARTS = (0.0, 0.6, -0.6)  # radians by which the first product state is turned


def mean_zero(network: Network) -> tuple[Observable, ...]:
    """Return the local reading: the mean over all qubits of the projector on |0>.

    With L the loss 1 - <it>, the fidelity is at least 1 - n L: the chance that some qubit is
    not |0> is at most the sum of the chances that each is not.
    """
    return (mean_zero_projector(cirq.LineQubit.range(network.n_qubits)),)


def all_zero(network: Network) -> tuple[Observable, ...]:
    """Return the global reading: the projector on |0…0>, whose mean is the fidelity."""
    return (cirq.ProjectorString(dict.fromkeys(cirq.LineQubit.range(network.n_qubits), 0)),)


def target_of(dataset: Dataset, label: int = 0) -> Dataset:
    """Return the one state of a dataset that is prepared: it is every split.

    It is the first state of the class before noise. Nothing is generalised to: what is
    learned is the state, and it is what is scored.

    Args:
        dataset: Of pure matrix product states.
        label: The class.

    Raises:
        ValueError: No such class, or a state that is no pure MPS.
    """
    state = (dataset.noiseless or dataset).of_class(label).states[0]
    if not isinstance(state, MPS):
        raise ValueError(
            f"a circuit is learned for a pure matrix product state; class {label} of "
            f"{dataset.name!r} is a {type(state).__name__}: take another class or family"
        )
    details = {**dataset.details, "target": label}
    details.pop("weights", None)  # of members; here is one
    times = len(SPLITS)
    return samples(
        dataset.name, dataset.n_qubits, [state] * times, [label] * times, SPLITS, details=details
    )


@dataclass(frozen=True)
class Prepared:
    """How near a circuit comes to a target.

    Attributes:
        fidelity: |<target|U|0…0>|².
        truncation_error: Squared weight cut while |0…0> was evolved.
    """

    fidelity: float
    truncation_error: float


def prepared(
    circuit: cirq.Circuit | Program, params: np.ndarray, target: MPS, max_bond_dim: int = 64
) -> Prepared:
    """Return the fidelity of U|0…0> with the target.

    Args:
        circuit: U, the inverse of the trained network.
        params: Its angles in radians, (n_symbols,).
        target: What is prepared.
        max_bond_dim: Bonds of U|0…0> above it are cut; L layers of brickwork need 2^L.

    Raises:
        ValueError: As ``MPS.evolve``.
    """
    zero = MPS.product([np.array([1.0, 0.0])] * target.n_qubits)
    made, lost = zero.evolve(circuit, params, max_bond_dim)
    return Prepared(abs(target.overlap(made)) ** 2, lost)


def product_fidelity(target: MPS) -> float:
    """Return the fidelity of the best product state that sweeps find: the chance line.

    Each qubit in turn takes the vector that is best given the others, so the fidelity never
    falls. Sweeps start from the target cut to bond one, and from the same with every qubit
    turned, since symmetry may hold the first at a saddle; the best is returned. A global
    optimum is not guaranteed: the line may lie too low, never too high.

    Source:
        Shimony, Ann. N. Y. Acad. Sci. 755, 675 (1995), as alternating least squares.
    """
    cut = [tensor[0, :, 0] for tensor in target.truncated(1)[0].tensors]
    turned = [np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a in STARTS]
    return max(_swept(target, [turn @ vector for vector in cut]) for turn in turned)


def _swept(target: MPS, vectors: list[np.ndarray]) -> float:
    fidelity = 0.0
    for _ in range(N_SWEEPS):
        before = fidelity
        rights = list(_right_ends(target, vectors))[::-1]
        left = np.ones(1)
        for site, tensor in enumerate(target.tensors):
            seen = np.tensordot(left, tensor, 1) @ rights[site]  # <others|target>
            fidelity = float(np.vdot(seen, seen).real)
            if not fidelity:
                return 0.0  # nothing to climb
            vectors[site] = seen / np.sqrt(fidelity)
            left = left @ np.tensordot(vectors[site].conj(), tensor, ([0], [1]))
        if fidelity - before < SETTLED * fidelity:
            break
    return fidelity


def _right_ends(target: MPS, vectors: list[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield, from the last site on, the target's bond vector right of it, met by the product."""
    right = np.ones(1)
    for tensor, vector in zip(reversed(target.tensors), reversed(vectors), strict=True):
        yield right
        right = np.tensordot(vector.conj(), tensor, ([0], [1])) @ right


def log2_ranks(program: Program) -> np.ndarray:
    """Return a bound on the entanglement a circuit makes of a product state, in qubits.

    The Schmidt rank across a cut is at most 2^r, r the cheapest way down through the circuit
    to its input: a gate across costs 2 (its operator Schmidt rank is at most 4), and a wire
    that is cut on the way aside costs 1.

    Args:
        program: The compiled circuit; neighbouring gates on one pair count as one.

    Returns:
        r of the cut left of qubits 1 … n_qubits - 1, int (n_qubits - 1,).

    Source:
        Derived: the rank of a contraction is at most the product of the dimensions that a
        cut severs.
    """
    cuts = np.arange(program.n_qubits + 1)  # left of qubit 0 … n_qubits
    aside = np.abs(np.subtract.outer(cuts, cuts))
    cheapest = np.zeros(len(cuts), dtype=int)
    for sites in program.sites:
        if len(sites) == 2:
            cheapest[min(sites) + 1 : max(sites) + 1] += 2
            cheapest = (cheapest + aside).min(axis=1)
    return cheapest[1:-1]


def rank_ceiling(target: MPS, ranks: np.ndarray) -> float:
    """Return the most fidelity that states of these Schmidt ranks can have with the target.

    At every cut it is the sum of the largest 2^r squared Schmidt coefficients; the smallest
    of these bounds holds.

    Args:
        target: What is prepared.
        ranks: r of every cut, as ``log2_ranks`` gives.

    Source:
        Eckart and Young, Psychometrika 1, 211 (1936).
    """
    chain = Chain(target.tensors, target.max_bond_dim)
    ceiling = 1.0
    for site, rank in enumerate(ranks):
        chain.move(site)
        matrix = chain.tensors[site].reshape(-1, chain.tensors[site].shape[2])
        weights = np.linalg.svd(matrix, compute_uv=False) ** 2
        if 2.0**rank < len(weights):
            ceiling = min(ceiling, float(weights[: 2 ** int(rank)].sum()))
    return ceiling
