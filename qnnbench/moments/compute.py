"""Moments of any circuit: which method covers it."""

from collections.abc import Mapping, Sequence
from typing import Any

import cirq
import numpy as np
import sympy

from qnnbench.circuits.angles import AngleLaw, IdentityBlocks, laws_of
from qnnbench.circuits.program import natural_order, site_index
from qnnbench.moments.exact import Question, constant_moments, exact_moments
from qnnbench.moments.grid import grid_moments
from qnnbench.moments.identity_blocks import identity_block_moments
from qnnbench.moments.inputs import Inputs, state_means
from qnnbench.moments.observables import observable_qubits, read_observable
from qnnbench.moments.pauli_circuit import CannotCompute, heisenberg_gates, shared_symbols
from qnnbench.moments.record import Moments
from qnnbench.moments.sampled import sampled_moments


def moments(
    circuit: cirq.AbstractCircuit,
    observable: cirq.PauliString | cirq.PauliSum | cirq.ProjectorString | cirq.ProjectorSum,
    symbols: Sequence[sympy.Symbol] | None = None,
    angles: str | AngleLaw | IdentityBlocks | Mapping = "uniform",
    state: Any = None,
    contrast: Sequence[Any] | None = None,
    tolerance: float = 1e-3,
    max_bond_dim: int = 256,
    n_samples: int = 0,
    rng: np.random.Generator | None = None,
    gradients: bool = True,
    sampled: bool = False,
) -> Moments:
    """Return mean and variances of <O> and of its derivatives over random angles.

    Squared Pauli coefficients of U†OU move as a classical Markov chain, followed as a
    matrix product state whose bond grows until the variance of the loss agrees with itself
    at every layer to ``tolerance``; at the cap the error found is returned as it is.
    Gradient variances have no say in that: each has an error of its own, which can be far
    above ``tolerance``, most of all at the edge of the light cone. Where cross terms of
    different strings survive, pairs of strings are followed instead. Angles shared by
    several gates are averaged over a product grid, exactly, if there are at most six
    symbols, else sampled.

    Args:
        circuit: One- and two-qubit gates by angles affine in one symbol each (rotations,
            powers, controlled rotations), and constant one- and two-qubit unitary gates, on
            any pairs of qubits.
        observable: O; Hermitian.
        symbols: Order of the gradient; None for natural sort (a2 before a10).
        angles: Law of every angle: "uniform", a law of ``qnnbench.circuits.angles``, a
            mapping from symbols to laws (None for the rest), "haar_blocks": every block of
            gates with an angle on one pair is Haar random instead, without gradients; or
            ``IdentityBlocks()``, for circuits of blocks that can undo themselves.
        state: Input: None for |0…0>, a matrix product state of bond up to 4, a mixture of
            such, or a sequence of inputs over which variances are averaged. Draws take any
            input state.
        contrast: Two such states (A, B): the moments are those of C(A) - C(B).
        tolerance: Wanted relative error of the variance of the loss.
        max_bond_dim: Cap of the bond dimension.
        n_samples: Draws of all angles, at least 2, where no exact method covers the
            question; 0 to raise CannotCompute there.
        rng: Source of these draws; None for a generator seeded with 0.
        gradients: Whether to compute the gradient variances.
        sampled: Draw angles even where an exact method covers the question.

    Raises:
        CannotCompute: Outside this scope; the message says what is supported.
        ValueError: An argument is not finite, positive or consistent.
        TypeError: ``observable`` or an input state is of another type.
    """
    _check(tolerance, max_bond_dim, n_samples, sampled)
    order = natural_order(cirq.parameter_symbols(circuit)) if symbols is None else tuple(symbols)
    sites = site_index(circuit.all_qubits() | observable_qubits(observable))
    n_sites = max(sites.values(), default=-1) + 1
    inputs = Inputs.checked(state, contrast, n_sites)
    odd = [symbol for symbol in order if not isinstance(symbol, sympy.Symbol)]
    if odd or len(set(order)) < len(order):
        raise ValueError(f"symbols must be sympy symbols, each once, got {odd or list(order)}")
    is_haar = isinstance(angles, str) and angles == "haar_blocks"
    laws = None if is_haar or isinstance(angles, IdentityBlocks) else laws_of(angles, order)
    if not sampled:
        try:
            gates = heisenberg_gates(circuit, sites, order)
            if shared := shared_symbols(gates):
                if laws is None:
                    raise CannotCompute(
                        f"Symbol {order[shared[0]]} occurs in more than one gate, which the law "
                        f"{angles} does not cover. Untie the symbols."
                    )
                return grid_moments(circuit, observable, order, laws, inputs, gradients)
            question = Question(
                read=read_observable(observable, sites, n_sites),
                gates=gates,
                laws=laws,
                inputs=state_means(inputs, n_sites),
                weight_of_one=0.0 if inputs.is_contrast else 1.0,
                symbols=order,
                tolerance=tolerance,
                max_bond_dim=max_bond_dim,
                gradients=gradients and not is_haar,
            )
            if question.read.is_empty:
                return constant_moments(question)
            if isinstance(angles, IdentityBlocks):
                return identity_block_moments(question)
            return exact_moments(question)
        except CannotCompute:
            if not n_samples or laws is None:
                raise
    if laws is None:
        raise CannotCompute(f"{angles} is no law of single angles to draw from.")
    rng = np.random.default_rng(0) if rng is None else rng
    return sampled_moments(circuit, observable, order, laws, inputs, n_samples, rng, gradients)


def _check(tolerance: float, max_bond_dim: int, n_samples: int, sampled: bool) -> None:
    if not (np.isfinite(tolerance) and tolerance > 0):
        raise ValueError(f"tolerance must be a finite number > 0, got {tolerance!r}")
    for name, value, least in (("max_bond_dim", max_bond_dim, 1), ("n_samples", n_samples, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name} must be a whole number >= {least}, got {value!r}")
    if n_samples == 1 or (sampled and n_samples == 0):
        raise ValueError(f"n_samples must be at least 2 to give a variance, got {n_samples}")
