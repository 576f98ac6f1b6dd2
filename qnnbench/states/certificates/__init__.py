"""Certificates: each claim about a dataset, computed from its states and compared.

Nothing here uses the code that made the states: closed forms, Hamiltonians written as Pauli
words, circuits, and contractions of the stored tensors. One file per family holds its facts.
"""

from qnnbench.registry import lookup
from qnnbench.states.certificates import (
    compression,
    concentratable,
    ghz,
    graphs,
    lu_orbit,
    own,
    spin_chains,
    spt_path,
    surface_code,
    two_state,
)
from qnnbench.states.certificates.claims import Fact, Row
from qnnbench.states.samples import Dataset

CERTIFIERS: dict[str, tuple[Fact, ...]] = {
    "spt_path": spt_path.FACTS,
    "cluster_ising": spin_chains.CLUSTER_ISING_FACTS,
    "tfim": spin_chains.TFIM_FACTS,
    "bond_alternating_xxz": spin_chains.XXZ_FACTS,
    "ghz_dephased": ghz.FACTS,
    "ghz_phase": ghz.PHASE_FACTS,
    "graph_states": graphs.GRAPH_FACTS,
    "ring_pair": graphs.RING_FACTS,
    "surface_code": surface_code.FACTS,
    "lu_orbit": lu_orbit.FACTS,
    "concentratable": concentratable.FACTS,
    "low_bond": compression.LOW_BOND_FACTS,
    "subspace": compression.SUBSPACE_FACTS,
    "two_state": two_state.FACTS,
}


def certify(dataset: Dataset) -> list[Row]:
    """Return one row per certified or measured fact of a dataset.

    Exact equalities are claimed of the states before noise; what the noise does to them
    is measured. Random subsets depend on ``n_qubits`` only.

    Returns:
        Rows with ``fact``, ``method``, ``value``, ``expected``, ``tolerance`` and ``holds``:
        |value - expected| <= tolerance. A measured quantity has NaN for both and holds.
    """
    is_own = "own" in dataset.details
    facts = own.FACTS if is_own else lookup(CERTIFIERS, dataset.name, "certified dataset")
    return [row for fact in facts for row in fact(dataset)]
