"""Heisenberg picture: one truncated operator per parameter vector for all input states.

Each observable is a chain in the Pauli basis on the sites it has reached. Blocks are
applied last first, all disjoint ones of all observables at once. Bonds that fit are split
exactly, larger ones are cut in the metric of product states. Timings:
``benchmarks/README.md``.
"""

import numpy as np

from qnnbench.backends.arrays import OnDevice, on_host
from qnnbench.backends.heisenberg.contraction import CACHE_BYTES, Contraction
from qnnbench.backends.heisenberg.flow import OperatorFlow
from qnnbench.backends.heisenberg.plan import plan
from qnnbench.backends.heisenberg.split import finite
from qnnbench.backends.protocol import Cost, Evaluation, Query
from qnnbench.circuits.pauli_transfer import transfer, transfer_pull_back
from qnnbench.states.stacking import stack_states


def cost(query: Query, max_bond_dim: int = 16) -> Cost:
    """Return the static cost of one value and gradient at operator bond ``max_bond_dim``.

    Raises:
        BackendCannot: See :func:`plan`.
    """
    c, batch = query.max_bond_dim, len(query.states)
    is_complex = any(np.iscomplexobj(t) for tensors in query.tensors for t in tensors)
    way = plan(query.program, query.observables, max_bond_dim)
    seconds, memory, d = 1e-4 * query.program.n_qubits, 0.0, 1
    for row in way.rows:
        d, pairs, sites = row.layer.bond, len(row.layer.pairs), row.layer.n_sites
        cuts = pairs - int((row.layer.grows_left | row.layer.grows_right).sum())
        seconds += 2e-3 + 3e-5 * sites + (1e-10 * pairs + 4e-10 * cuts) * (4 * d) ** 3
        memory += 8.0 * (sites * 8 * d**2 + pairs * 96 * d**2)
    reads = batch * sum(sites[-1] - sites[0] + 1 for sites in way.sites if sites)
    reads *= 2 if is_complex else 1
    seconds += 1.5e-10 * reads * (16 * d * c**3 + 8 * d**2 * c**2)
    return Cost(seconds, memory + 8.0 * reads * d * c**2)


def evaluate(
    query: Query,
    params: np.ndarray,
    max_bond_dim: int = 16,
    on_device: OnDevice = np.asarray,
    chunk_bytes: int = CACHE_BYTES,
) -> Evaluation:
    """Return values with an estimated error, and gradients, at a fixed operator bond.

    The estimate is the root of the discarded squared norm, relative to the operator's
    norm or to the root mean square of the values, whichever is larger: high Pauli weights
    are small on product states, yet not on correlated ones. An estimate, not a bound.
    The tensors are where ``on_device`` moves them, states in chunks of ``chunk_bytes``.

    Raises:
        BackendCannot: See :func:`plan`; or numbers beyond double precision.
    """
    way = plan(query.program, query.observables, max_bond_dim)
    shape = (len(query.states), len(query.observables))
    values, error = np.tile(way.constants, (shape[0], 1)), np.zeros(shape)
    if not way.rows:
        zero = np.zeros(len(query.program.symbols))
        return Evaluation(values, error, True, lambda _: zero.copy(), 0.0, max_bond_dim)
    unitaries = query.program.unitaries(params)
    matrices = on_device(transfer(unitaries))
    with np.errstate(over="ignore", invalid="ignore"):  # found below, and said
        flow = OperatorFlow(way, matrices)
    columns = [j for j, chain in enumerate(way.chain_of) if chain >= 0]
    chains = [way.chain_of[j] for j in columns]
    windows = [
        (np.arange(flow.heads[c], flow.heads[c + 1]), way.sites[j])
        for c, j in zip(chains, columns, strict=True)
    ]
    states = on_device(stack_states(query.tensors))
    read = Contraction(flow.tensors, windows, states, chunk_bytes)
    found = on_host(read.values)
    values[:, columns] += found
    rms = np.sqrt(np.mean(found**2, axis=0))
    error[:, columns] = np.maximum(flow.error[chains], flow.relative_error[chains] * rms)

    def pull_back(cotangent: np.ndarray) -> np.ndarray:
        out = np.zeros_like(matrices)
        flow.pull_back(read.pull_back(cotangent[:, columns]), out)
        return finite(query.program.pull_back(params, transfer_pull_back(unitaries, on_host(out))))

    relative = float(flow.relative_error.max())
    finite(values + error)
    return Evaluation(values, error, not way.truncates, pull_back, relative, max_bond_dim)
