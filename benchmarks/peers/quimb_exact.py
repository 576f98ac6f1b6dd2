"""quimb, cotengra and JAX: exact contraction of <ψ|U† P U|ψ>, differentiated by JAX."""

from collections.abc import Sequence

import cotengra
import jax
import jax.numpy as jnp
import numpy as np
import quimb.tensor as qtn

from benchmarks.cases import Case
from benchmarks.contenders import Declined, Work
from benchmarks.peers.jax_blocks import angles, unitaries
from benchmarks.rotations import Block, constant, fused, parts
from qnnbench.states.mps import PAULIS

SEARCH_S = 30  # of looking for a contraction order
MAX_LOG10_FLOPS = 9.5  # above, a gradient takes minutes


def _ket_indices(n_qubits: int, blocks: Sequence[Block]) -> tuple[list[tuple[str, ...]], list]:
    """Return the indices of the state's tensors, then of the blocks; and the open ones."""
    wires = [f"s{site}" for site in range(n_qubits)]
    found = [(f"b{site}", wires[site], f"b{site + 1}") for site in range(n_qubits)]
    for number, block in enumerate(blocks):
        before = [wires[site] for site in block.sites]
        for site in block.sites:
            wires[site] = f"g{number},{site}"
        found.append((*(wires[site] for site in block.sites), *before))
    return found, wires


def prepare(case: Case, gradient: bool) -> Work:
    """Return the work: one contraction, its order searched for once.

    Raises:
        Declined: Several strings, or the best order found is beyond the limit.
    """
    jax.config.update("jax_enable_x64", True)
    part, *others = parts(case, with_preparation=False)
    if others or len(part.strings) > 1 or part.n_qubits < case.network.n_qubits:
        raise Declined("asked here for one Pauli string whose light cone is the whole circuit")
    coefficient, string = part.strings[0]
    blocks, letters = fused(part), dict(string)
    ket, wires = _ket_indices(part.n_qubits, blocks)
    tied = {wire for site, wire in enumerate(wires) if site not in letters}
    bra = [tuple(i if i in tied else f"{i}*" for i in indices) for indices in ket]
    middle = [(f"{wires[site]}*", wires[site]) for site in letters]
    state = [jnp.asarray(tensor) for tensor in case.states[0].tensors]

    def arrays(params: jax.Array) -> list[jax.Array]:
        gates = unitaries(blocks, angles(part, params))
        upper = state + [
            g.reshape((2,) * (2 * len(b.sites))) for g, b in zip(gates, blocks, strict=True)
        ]
        lower = [jnp.conj(tensor) for tensor in upper]
        return upper + lower + [jnp.asarray(PAULIS["IXYZ"[p]]) for p in letters.values()]

    def value(params: jax.Array) -> jax.Array:
        return coefficient * jnp.real(tree.contract(arrays(params)))

    tree = _order(arrays(jnp.asarray(case.params)), [*ket, *bra, *middle])
    compiled = jax.jit(jax.value_and_grad(value) if gradient else value)
    offset = constant(case)

    def work(params: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        found = compiled(jnp.asarray(params))
        result, slope = found if gradient else (found, None)
        return np.array([[offset + float(result)]]), None if slope is None else np.asarray(slope)

    return work


def _order(arrays: list, indices: list[tuple[str, ...]]) -> cotengra.ContractionTree:
    tensors = [qtn.Tensor(np.asarray(a), i) for a, i in zip(arrays, indices, strict=True)]
    search = cotengra.HyperOptimizer(
        methods=["greedy"], optlib="random", max_time=SEARCH_S, max_repeats=128, parallel=False
    )
    tree = qtn.TensorNetwork(tensors).contraction_tree(search, output_inds=())
    if tree.total_flops(log=10) > MAX_LOG10_FLOPS:
        raise Declined(
            f"10^{tree.total_flops(log=10):.1f} operations on tensors of up to "
            f"2^{tree.contraction_width():.0f} numbers in the best order found in {SEARCH_S} s"
        )
    return tree
