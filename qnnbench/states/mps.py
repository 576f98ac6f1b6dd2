"""Matrix product states and their mixtures: the data every network reads.

Qubit 0 is site 0 and the most significant bit. Tensors have shape (left, 2, right).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qnnbench.registry import lookup
from qnnbench.states.chain import (
    MAX_MARGINAL_SITES,
    Chain,
    check_dense,
    checked_sites,
    checked_tensors,
)
from qnnbench.states.contraction import inner_product, marginal
from qnnbench.states.stabilizer import StabilizerState

if TYPE_CHECKING:  # importing Cirq costs seconds: callers that hold a circuit have paid
    import cirq
    import sympy

    from qnnbench.circuits.program import Program

PAULIS = {
    "I": np.eye(2),
    "X": np.array([[0.0, 1.0], [1.0, 0.0]]),
    "Y": np.array([[0.0, -1.0j], [1.0j, 0.0]]),
    "Z": np.diag([1.0, -1.0]),
}
NORM_TOLERANCE = 1e-8


@dataclass(frozen=True, eq=False, repr=False)
class MPS:
    """A normalised pure state of ``n_qubits`` qubits; cannot be changed.

    Attributes:
        tensors: One array of shape (left, 2, right) per qubit, the outer bonds 1; all
            float64 or all complex128, read-only.

    Raises:
        ValueError: Shapes that do not chain, numbers that are not finite, or a norm off
            one by more than 1e-8 (``MPS.from_tensors`` scales).
    """

    tensors: tuple[np.ndarray, ...]

    def __post_init__(self) -> None:
        tensors = checked_tensors(self.tensors)
        object.__setattr__(self, "tensors", tensors)
        if abs(self.norm() - 1) > NORM_TOLERANCE:
            raise ValueError(
                f"a state has norm 1, got {self.norm()!r}; MPS.from_tensors scales tensors"
            )

    def __repr__(self) -> str:
        return f"MPS(n_qubits={self.n_qubits}, max_bond_dim={self.max_bond_dim})"

    @classmethod
    def from_tensors(cls, tensors: Sequence[np.ndarray]) -> "MPS":
        """Return the state of tensors of any norm, scaled to one, centre on site 0.

        Raises:
            ValueError: Shapes that do not chain, numbers not finite, or norm zero.
        """
        checked = checked_tensors(tensors)
        return cls(tuple(Chain(checked, max(t.shape[2] for t in checked)).tensors))

    @classmethod
    def product(cls, vectors: Sequence[np.ndarray]) -> "MPS":
        """Return the product state of one vector of shape (2,) per qubit, scaled to one."""
        return cls.from_tensors([np.reshape(v, (1, 2, 1)) for v in vectors])

    @classmethod
    def from_circuit(cls, circuit: "cirq.Circuit", n_qubits: int, max_bond_dim: int = 64) -> "MPS":
        """Return what ``circuit`` makes of |0…0>, exactly.

        Raises:
            ValueError: The state needs a bond above ``max_bond_dim``, or the circuit has
                free symbols, foreign qubits, or anything but one- and two-qubit unitaries.
        """
        zero = cls.product([np.array([1.0, 0.0])] * n_qubits)
        state, truncation_error = zero.evolve(circuit, (), max_bond_dim)
        if truncation_error > 0:
            raise ValueError(
                f"the circuit needs a bond above max_bond_dim={max_bond_dim} (weight "
                f"{truncation_error:.1e} was cut); raise it, or use evolve, which reports the cut"
            )
        return state

    @property
    def n_qubits(self) -> int:
        """Number of qubits."""
        return len(self.tensors)

    @property
    def bond_dims(self) -> tuple[int, ...]:
        """Dimensions of the n_qubits - 1 inner bonds, left to right."""
        return tuple(t.shape[2] for t in self.tensors[:-1])

    @property
    def max_bond_dim(self) -> int:
        """Largest bond dimension; 1 for a product state."""
        return max(self.bond_dims, default=1)

    @property
    def members(self) -> "tuple[tuple[float, MPS], ...]":
        """The state itself with weight one, so that mixtures and pure states read alike."""
        return ((1.0, self),)

    def evolve(
        self,
        circuit: "cirq.Circuit | Program",
        params: Sequence[float] | np.ndarray,
        max_bond_dim: int = 64,
        symbols: "Sequence[sympy.Symbol] | None" = None,
    ) -> "tuple[MPS, float]":
        """Return the state after ``circuit`` and the squared Schmidt weight cut on the way.

        Args:
            circuit: One- and two-qubit unitaries on ``cirq.LineQubit.range(n_qubits)``, on
                any pairs of sites; or the same compiled, which saves seconds where many
                states are evolved.
            params: Angles in radians, shape (n_symbols,).
            max_bond_dim: Bonds above it are cut.
            symbols: Order of ``params``; None: natural sort (a2 before a10).

        Returns:
            The state, scaled to norm one, and the truncation error: the sum of the weights
            cut at each gate, 0.0 where the result is exact.

        Raises:
            ValueError: Wrong number of angles, qubits beyond the state, gates that
                ``compile_circuit`` does not take, or ``max_bond_dim`` below 1.
        """
        chain = Chain(self.tensors, _positive(max_bond_dim, "max_bond_dim"))
        for matrix, sites in _gates(circuit, self.n_qubits, params, symbols):
            chain.apply(matrix, sites)
        return MPS(tuple(chain.tensors)), chain.truncation_error

    def truncated(self, max_bond_dim: int) -> "tuple[MPS, float]":
        """Return the state with bonds cut to ``max_bond_dim`` and the squared weight cut."""
        chain = Chain(self.tensors, _positive(max_bond_dim, "max_bond_dim"))
        chain.truncate()
        return MPS(tuple(chain.tensors)), chain.truncation_error

    def canonical(self, center: int) -> "MPS":
        """Return the same state with its orthogonality centre on site ``center``."""
        (center,) = checked_sites([center], self.n_qubits)
        chain = Chain(self.tensors, max(self.max_bond_dim, 1))
        chain.move(center)
        return MPS(tuple(chain.tensors))

    def rotated(self, matrices: Sequence[np.ndarray] | np.ndarray) -> "MPS":
        """Return the state after one unitary of shape (2, 2) on every qubit; bonds stay.

        Raises:
            ValueError: Not one matrix per qubit, or matrices that change the norm.
        """
        if np.shape(matrices) != (self.n_qubits, 2, 2):
            raise ValueError(
                f"matrices must have shape ({self.n_qubits}, 2, 2), got {np.shape(matrices)}"
            )
        turned = zip(matrices, self.tensors, strict=True)
        return MPS(tuple(np.einsum("st,atb->asb", m, t) for m, t in turned))

    def overlap(self, other: "MPS") -> complex:
        """Return <self|other>.

        Raises:
            ValueError: The states differ in width.
        """
        if other.n_qubits != self.n_qubits:
            raise ValueError(f"states of {self.n_qubits} and {other.n_qubits} qubits")
        return inner_product(self.tensors, other.tensors)

    def norm(self) -> float:
        """Return the square root of <self|self>."""
        return float(np.sqrt(abs(self.overlap(self))))

    def state_vector(self) -> np.ndarray:
        """Return the 2^n amplitudes, qubit 0 most significant; float64 or complex128.

        Raises:
            ValueError: More than 20 qubits.
        """
        check_dense(self.n_qubits)
        vector = np.ones((1, 1))
        for tensor in self.tensors:
            vector = np.tensordot(vector, tensor, 1).reshape(-1, tensor.shape[2])
        return vector[:, 0]

    def expectation(self, letters: Mapping[int, str]) -> float:
        """Return the mean of the Pauli string with ``letters`` on sites, identity elsewhere.

        Args:
            letters: Site to "I", "X", "Y" or "Z".

        Raises:
            ValueError: A site or letter that does not exist.
        """
        checked_sites(list(letters), self.n_qubits)
        operators = {s: lookup(PAULIS, p, "Pauli letter") for s, p in letters.items()}
        return inner_product(self.tensors, self.tensors, operators).real

    def reduced_density_matrix(self, sites: Sequence[int]) -> np.ndarray:
        """Return the state of up to six ``sites``, the first the most significant.

        Returns:
            Hermitian array of shape (2^k, 2^k) and trace one.

        Raises:
            ValueError: No site, more than six, repeated ones or ones that do not exist.
        """
        chosen = checked_sites(sites, self.n_qubits)
        if not 1 <= len(chosen) <= MAX_MARGINAL_SITES:
            raise ValueError(f"takes 1 to {MAX_MARGINAL_SITES} sites, got {len(chosen)}")
        return marginal(self.tensors, chosen)


@dataclass(frozen=True, eq=False)
class Mixture:
    """A mixed state: pure members with probabilities.

    Attributes:
        weights: Probabilities of the members; they sum to one.
        states: The members, of one width.

    Raises:
        ValueError: Weights that are no probabilities, one per member, or unequal widths.
    """

    weights: tuple[float, ...]
    states: tuple[MPS, ...]

    def __post_init__(self) -> None:
        weights, states = tuple(float(w) for w in self.weights), tuple(self.states)
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "states", states)
        if not states or len(weights) != len(states):
            raise ValueError(f"{len(weights)} weights for {len(states)} states")
        if not (min(weights) >= 0 and abs(sum(weights) - 1) <= NORM_TOLERANCE):
            raise ValueError(f"weights must be >= 0 and sum to 1, got {weights}")
        if len({s.n_qubits for s in states}) > 1:
            raise ValueError(f"members differ in width: {[s.n_qubits for s in states]}")

    @property
    def n_qubits(self) -> int:
        """Number of qubits."""
        return self.states[0].n_qubits

    @property
    def max_bond_dim(self) -> int:
        """Largest bond dimension of any member."""
        return max(state.max_bond_dim for state in self.states)

    @property
    def members(self) -> tuple[tuple[float, MPS], ...]:
        """Pairs of weight and pure state."""
        return tuple(zip(self.weights, self.states, strict=True))

    def rotated(self, matrices: Sequence[np.ndarray] | np.ndarray) -> "Mixture":
        """Return the mixture after one unitary of shape (2, 2) on every qubit."""
        return Mixture(self.weights, tuple(s.rotated(matrices) for s in self.states))

    def expectation(self, letters: Mapping[int, str]) -> float:
        """Return the mean of a Pauli string; see ``MPS.expectation``."""
        return float(self._mean(lambda state: state.expectation(letters)))

    def reduced_density_matrix(self, sites: Sequence[int]) -> np.ndarray:
        """Return the state of up to six sites; see ``MPS.reduced_density_matrix``."""
        return np.asarray(self._mean(lambda state: state.reduced_density_matrix(sites)))

    def _mean(self, quantity: Callable[[MPS], Any]) -> Any:
        return sum(weight * quantity(state) for weight, state in self.members)


State = MPS | Mixture
PureState = MPS | StabilizerState
InputState = State | StabilizerState


def _gates(
    circuit: "cirq.Circuit | Program",
    n_qubits: int,
    params: Sequence[float] | np.ndarray,
    symbols: "Sequence[sympy.Symbol] | None",
) -> Iterator[tuple[np.ndarray, tuple[int, ...]]]:
    """Yield the compiled circuit: a unitary, float64 where it is real, and its sites."""
    from qnnbench.circuits.program import Program, compile_circuit

    program = circuit if isinstance(circuit, Program) else compile_circuit(circuit, symbols)
    angles = np.asarray(params, dtype=float)
    if angles.shape != (len(program.symbols),) or not np.all(np.isfinite(angles)):
        raise ValueError(
            f"params must be {len(program.symbols)} finite angles in radians, one per symbol, "
            f"got shape {angles.shape}"
        )
    if program.n_qubits > n_qubits:
        raise ValueError(
            f"the circuit acts on {program.n_qubits} qubits, the state has {n_qubits}"
        )
    unitaries = program.unitaries(angles)
    for gate, sites in zip(program.gate_of_block, program.sites, strict=True):
        matrix = unitaries[gate] if len(sites) == 2 else unitaries[gate][::2, ::2]
        yield (matrix if matrix.imag.any() else matrix.real), sites


def _positive(number: int, what: str) -> int:
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 1:
        raise ValueError(f"{what} must be a whole number >= 1, got {number!r}")
    return int(number)
