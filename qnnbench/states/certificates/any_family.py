"""Facts that any family may be asked for: norms, entanglement, circuits, marginals, splits."""

import hashlib
from collections.abc import Iterator

import numpy as np

from qnnbench.states.certificates.claims import (
    N_SPREAD,
    N_WINDOWS,
    ROUNDING,
    Row,
    claim,
    evenly,
    exact_states,
    measured,
    pure_members,
)
from qnnbench.states.contraction import inner_product
from qnnbench.states.mps import MPS, InputState
from qnnbench.states.quantities.entanglement import bond_entropies, concentratable_entanglement
from qnnbench.states.samples import SPLITS, Dataset

CE_BOND = 16  # bond up to which concentratable entanglement is measured uncut


def norms(dataset: Dataset) -> Iterator[Row]:
    """Contract every matrix product state with itself."""
    states = [*dataset.states, *exact_states(dataset).states]
    worst = max(abs(member.norm() - 1) for _, member in pure_members(*states))
    yield claim("every state has norm 1", "largest |norm - 1|, contracted", worst, 0, ROUNDING)


def pair_marginals(dataset: Dataset) -> Iterator[Row]:
    """Measure how far apart the classes are for an observer of two neighbours."""
    chosen = evenly(dataset, N_SPREAD)
    labels, states = dataset.labels[chosen], [dataset.states[i] for i in chosen]
    starts = np.unique(np.linspace(0, dataset.n_qubits - 2, N_WINDOWS).round().astype(int))
    gaps = []
    for start in starts.tolist():
        seen = np.array([s.reduced_density_matrix((start, start + 1)) for s in states])
        means = [seen[labels == label].mean(axis=0) for label in (0, 1)]
        gaps.append(np.max(np.abs(means[0] - means[1])))
    method = (
        f"largest entry of the class-mean difference, {len(states)} states, {len(starts)} pairs"
    )
    yield measured("neighbours' two-body marginals differ between classes", method, max(gaps))


def entanglement(dataset: Dataset) -> Iterator[Row]:
    """Measure half-cut entropy and concentratable entanglement of each class."""
    exact = exact_states(dataset)
    middle = dataset.n_qubits // 2 - 1
    chosen = evenly(exact, N_SPREAD // 2)
    for label in (0, 1):
        states = [exact.states[i] for i in chosen if exact.labels[i] == label]
        members = [member for _, member in pure_members(*states)]
        who = f"mean over {len(members)} pure states of class {label}"
        entropy = np.mean([bond_entropies(m)[middle] for m in members])
        yield measured(f"half-cut entropy of class {label} in bits", who, float(entropy))
        if max(m.max_bond_dim for m in members) > CE_BOND:  # χ⁵: 20 s per state at bond 32
            members = [m.truncated(CE_BOND)[0] for m in members]
            who += f", cut to bond {CE_BOND}"
        ce = np.mean([concentratable_entanglement(m) for m in members])
        yield measured(f"concentratable entanglement of class {label}", who, float(ce))


def prepared(dataset: Dataset) -> Iterator[Row]:
    """Compare preparation circuits with the stored pure states they claim to make."""
    from qnnbench.states.datasets import preparation_circuit

    exact, losses = exact_states(dataset), []
    for index in evenly(exact, N_WINDOWS // 2):
        state = exact.states[index]
        if isinstance(state, MPS):
            circuit = preparation_circuit(exact, int(index))
            made = MPS.from_circuit(circuit, dataset.n_qubits)
            losses.append(1 - abs(inner_product(made.tensors, state.tensors)) ** 2)
    method = f"largest 1 - fidelity over {len(losses)} circuits run on |0…0>"
    yield claim("preparation circuits make the states", method, max(losses), 0, ROUNDING)


def no_shared_coupling(dataset: Dataset) -> Iterator[Row]:
    """Count what would leak from one split into another."""
    seen = [set(dataset.couplings[dataset.splits == split]) for split in SPLITS]
    shared = sum(map(len, seen)) - len(set().union(*seen))
    yield claim("splits share no coupling", "couplings met in two splits", shared, 0, 0)


def no_shared_state(dataset: Dataset) -> Iterator[Row]:
    """Claim that no test state stands in another split, as families of endless states can."""
    fact = "no test state stands in training or validation"
    yield claim(fact, *_shared(dataset), 0, 0)


def shared_states(dataset: Dataset) -> Iterator[Row]:
    """Measure how many test states stand in another split, where states are few."""
    yield measured("test states that stand in training or validation", *_shared(dataset))


def _shared(dataset: Dataset) -> tuple[str, int]:
    is_test = dataset.splits == "test"
    found = np.array([_fingerprint(state) for state in dataset.states])
    method = f"{is_test.sum()} test states; equal tensors or canonical stabilizers"
    return method, int(np.isin(found[is_test], found[~is_test]).sum())


def _fingerprint(state: InputState) -> str:
    """Return a hash of what a state consists of."""
    content = hashlib.sha256()
    for weight, member in state.members:
        content.update(str(weight).encode())
        if isinstance(member, MPS):
            parts = [tensor.tobytes() for tensor in member.tensors]
        else:  # its generators in reduced echelon form, the same for any choice of them
            strings = member.tableau.to_stabilizers(canonicalize=True)
            parts = [str(string).encode() for string in strings]
        content.update(b"".join(parts))
    return content.hexdigest()


def is_turned_continuously(dataset: Dataset) -> bool:
    """Say whether the noise of every sample is one of endlessly many rotations."""
    options = dataset.details["options"]
    return options["noise"] > 0 and options["noise_kind"] != "pauli"
