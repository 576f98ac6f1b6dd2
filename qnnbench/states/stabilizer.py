"""Stabilizer states: data whose entanglement no low bond holds, and Clifford circuits on them.

Qubit 0 is the most significant bit. stim is imported on first use.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ldexp
from typing import TYPE_CHECKING

import numpy as np

from qnnbench.circuits.pauli_transfer import PAULIS, transfer
from qnnbench.registry import lookup
from qnnbench.states.chain import MAX_MARGINAL_SITES, check_dense, checked_sites

if TYPE_CHECKING:  # importing Cirq costs seconds: callers that hold a circuit have paid
    import cirq
    import stim

    from qnnbench.circuits.program import Program

CLIFFORD_TOLERANCE = 1e-9  # of the entries of a Pauli transfer matrix

_LETTERS = {"I": 0, "X": 1, "Y": 2, "Z": 3}
_PREPARATIONS = {  # (letter, sign) stabilising one qubit -> gates on |0>
    (1, 1): ("h",),
    (1, -1): ("x", "h"),
    (2, 1): ("h", "s"),
    (2, -1): ("h", "s_dag"),
    (3, 1): (),
    (3, -1): ("x",),
}


class NotClifford(ValueError):  # noqa: N818 - says what is wrong, not that something is
    """A gate that does not map Pauli strings to Pauli strings; the message says where."""


@dataclass(frozen=True, eq=False, repr=False)
class StabilizerState:
    """The pure state U|0…0> of a Clifford circuit U; cannot be changed.

    Attributes:
        tableau: U as a ``stim.Tableau``: its ``z_output(k)`` are the n_qubits generators
            of the stabilizer group.

    Source:
        Aaronson and Gottesman, Phys. Rev. A 70, 052328 (2004), arXiv:quant-ph/0406196.
    """

    tableau: "stim.Tableau"

    def __post_init__(self) -> None:
        object.__setattr__(self, "tableau", self.tableau.copy())

    def __repr__(self) -> str:
        return f"StabilizerState(n_qubits={self.n_qubits})"

    @classmethod
    def from_circuit(cls, circuit: "cirq.Circuit", n_qubits: int) -> "StabilizerState":
        """Return what a Clifford ``circuit`` makes of |0…0>.

        Raises:
            NotClifford: A gate that is not Clifford, with its qubits.
            ValueError: Free symbols, foreign qubits, or anything but one- and two-qubit
                unitaries.
        """
        from qnnbench.circuits.program import compile_circuit

        program = compile_circuit(circuit)
        if program.symbols or program.n_qubits > n_qubits:
            raise ValueError(
                f"a circuit without free symbols on at most {n_qubits} qubits is needed, got "
                f"{len(program.symbols)} symbols on {program.n_qubits} qubits"
            )
        return cls(program_tableau(program.widened(n_qubits), np.zeros(0)))

    @classmethod
    def graph(cls, n_qubits: int, edges: Iterable[tuple[int, int]]) -> "StabilizerState":
        """Return the graph state Π_edges CZ |+…+>.

        Raises:
            ValueError: An edge that is no pair of different qubits, or one given twice.
        """
        pairs = [tuple(checked_sites(edge, n_qubits)) for edge in edges]
        different = {frozenset(pair) for pair in pairs}
        if any(len(pair) != 2 for pair in pairs) or len(different) < len(pairs):
            raise ValueError(f"edges must be pairs of qubits, each given once, got {pairs}")
        simulator = _simulator(n_qubits)
        simulator.h(*range(n_qubits))
        simulator.cz(*itertools.chain.from_iterable(pairs))
        return cls(simulator.current_inverse_tableau().inverse())

    @classmethod
    def product(cls, vectors: Sequence[np.ndarray]) -> "StabilizerState":
        """Return the product of one eigenvector, of shape (2,), of ±X, ±Y or ±Z per qubit.

        Raises:
            ValueError: A vector that is none of the six, up to 1e-9.
        """
        simulator = _simulator(len(vectors))
        for qubit, vector in enumerate(vectors):
            means = np.einsum("i,pij,j->p", np.conj(vector), PAULIS, vector).real
            letter = 1 + int(np.argmax(np.abs(means[1:])))
            if not abs(abs(means[letter]) - means[0]) < CLIFFORD_TOLERANCE * means[0]:
                raise ValueError(
                    f"qubit {qubit} must be an eigenvector of X, Y or Z, got amplitudes {vector}"
                )
            for gate in _PREPARATIONS[letter, int(np.sign(means[letter]))]:
                getattr(simulator, gate)(qubit)
        return cls(simulator.current_inverse_tableau().inverse())

    @classmethod
    def from_stabilizers(cls, strings: Sequence[str]) -> "StabilizerState":
        """Return the state of n signed Pauli strings such as "+XZ_", one letter per qubit.

        Raises:
            ValueError: Strings that are no n independent, commuting ones on n qubits.
        """
        import stim

        try:
            generators = [stim.PauliString(string) for string in strings]
            return cls(stim.Tableau.from_stabilizers(generators))
        except ValueError as error:
            text = f"{len(strings)} strings define no stabilizer state: {error}"
            raise ValueError(text) from None

    @property
    def stabilizers(self) -> list[str]:
        """The generators as signed Pauli strings such as "+XZ_", qubit 0 first."""
        return [str(self.tableau.z_output(k)) for k in range(self.n_qubits)]

    @property
    def n_qubits(self) -> int:
        """Number of qubits."""
        return len(self.tableau)

    @property
    def members(self) -> "tuple[tuple[float, StabilizerState], ...]":
        """The state itself with weight one, so that mixtures and pure states read alike."""
        return ((1.0, self),)

    def rotated(self, matrices: Sequence[np.ndarray] | np.ndarray) -> "StabilizerState":
        """Return the state after one Clifford unitary of shape (2, 2) on every qubit.

        Raises:
            ValueError: Not one matrix per qubit.
            NotClifford: A matrix that is not Clifford, with its qubit.
        """
        if np.shape(matrices) != (self.n_qubits, 2, 2):
            raise ValueError(
                f"matrices must have shape ({self.n_qubits}, 2, 2), got {np.shape(matrices)}"
            )
        simulator = _simulator(self.n_qubits)
        simulator.set_inverse_tableau(self._inverse)
        flat = np.reshape(matrices, (-1, 4))  # noise repeats few matrices
        different, kinds = np.unique(flat, axis=0, return_inverse=True)
        blocks = np.einsum("kst,uv->ksutv", different.reshape(-1, 2, 2), np.eye(2))
        moved = transfer(blocks.reshape(-1, 4, 4))
        rounded = np.rint(moved).astype(int)
        clifford = np.abs(moved - rounded).max(axis=(1, 2)) <= CLIFFORD_TOLERANCE
        if not clifford.all():
            raise NotClifford(
                f"the matrix on qubit {int(np.argmin(clifford[kinds]))} is not Clifford: a "
                "stabilizer state takes noise of kind 'pauli', not rotations"
            )
        known = [_block_tableau(matrix, 1) for matrix in rounded]
        for qubit, kind in enumerate(kinds):
            simulator.do_tableau(known[kind], [qubit])
        return type(self)(simulator.current_inverse_tableau().inverse())

    @cached_property
    def _inverse(self) -> "stim.Tableau":
        return self.tableau.inverse()

    def mean(self, string: "stim.PauliString") -> float:
        """Return the mean of a Pauli string over all qubits: -1, 0 or 1.

        <P> = <0…0|U†PU|0…0>, which is 0 if the string U†PU holds an X or a Y, else its sign.
        """
        pulled = self._inverse(string)
        flips, _ = pulled.to_numpy()
        return 0.0 if flips.any() else float(pulled.sign.real)

    def expectation(self, letters: Mapping[int, str]) -> float:
        """Return the mean of the Pauli string with ``letters`` on sites, identity elsewhere.

        Args:
            letters: Site to "I", "X", "Y" or "Z".

        Returns:
            -1.0, 0.0 or 1.0.

        Raises:
            ValueError: A site or letter that does not exist.
        """
        checked_sites(list(letters), self.n_qubits)
        found = {s: lookup(_LETTERS, p, "Pauli letter") for s, p in letters.items()}
        return self.mean(pauli_string(found.items(), self.n_qubits))

    def probability(self, bits: Sequence[tuple[int, int]]) -> float:
        """Return the probability to read (site, bit) pairs in the Z basis: 0 or 2^-k.

        Raises:
            ValueError: Sites that do not exist or repeat, or bits other than 0 and 1.
        """
        checked_sites([site for site, _ in bits], self.n_qubits)
        if any(bit not in (0, 1) for _, bit in bits):
            raise ValueError(f"bits are 0 or 1, got {[bit for _, bit in bits]}")
        simulator = _simulator(self.n_qubits)
        simulator.set_inverse_tableau(self._inverse)
        halvings = 0
        for site, bit in bits:
            mean = simulator.peek_z(site)
            if mean == 2 * bit - 1:
                return 0.0
            if mean == 0:
                simulator.postselect_z(site, desired_value=bool(bit))
                halvings += 1
        return ldexp(1.0, -halvings)

    def entropy(self, sites: Sequence[int]) -> float:
        """Return the entanglement entropy of ``sites`` with the rest, in bits.

        S = rank - |sites|, the rank over GF(2) of the stabilizer generators cut to ``sites``.

        Source:
            Fattal, Cubitt, Yamamoto, Bravyi and Chuang, arXiv:quant-ph/0406168, Sec. III.
        """
        chosen = checked_sites(sites, self.n_qubits)
        _, _, flips, phases, _, _ = self.tableau.to_numpy()
        cut = np.concatenate([flips[:, chosen], phases[:, chosen]], axis=1)
        _, pivots = echelon(cut)
        return float(len(pivots) - len(chosen))

    def reduced_density_matrix(self, sites: Sequence[int]) -> np.ndarray:
        """Return the state of up to six ``sites``, the first the most significant.

        Returns:
            Hermitian complex128 (2^k, 2^k) of trace one, 2^-k Σ_P <P> P.

        Raises:
            ValueError: No site, more than six, repeated ones or ones that do not exist.
        """
        chosen = checked_sites(sites, self.n_qubits)
        k = len(chosen)
        if not 1 <= k <= MAX_MARGINAL_SITES:
            raise ValueError(f"takes 1 to {MAX_MARGINAL_SITES} sites, got {k}")
        means = [
            self.mean(pauli_string(zip(chosen, letters, strict=True), self.n_qubits))
            for letters in itertools.product(range(4), repeat=k)
        ]
        matrix = np.reshape(means, (4,) * k)
        for _ in range(k):
            matrix = np.tensordot(matrix, PAULIS / 2, (0, 0))
        rows_first = [*range(0, 2 * k, 2), *range(1, 2 * k, 2)]
        return matrix.transpose(rows_first).reshape(2**k, 2**k)

    def state_vector(self) -> np.ndarray:
        """Return the 2^n amplitudes, complex128, the first that is not zero positive.

        Raises:
            ValueError: More than 20 qubits.
        """
        check_dense(self.n_qubits)
        rough = self.tableau.to_state_vector(endian="big").astype(complex)  # from complex64
        held = np.abs(rough) > 0.5 * np.abs(rough).max()
        # All amplitudes are 0 or r·{1, i, -1, -i} for one r, so rounding makes them exact.
        phases = np.rint(rough / rough[np.argmax(held)])
        return phases / np.sqrt(np.count_nonzero(held))


def pauli_string(letters: Iterable[tuple[int, int]], n_qubits: int) -> "stim.PauliString":
    """Return the string with (site, letter) pairs, letters 0-3 = I, X, Y, Z."""
    import stim

    string = stim.PauliString(n_qubits)
    for site, letter in letters:
        string[site] = letter
    return string


def program_tableau(program: "Program", params: np.ndarray) -> "stim.Tableau":
    """Return a compiled circuit that is Clifford at ``params`` as a tableau.

    Blocks are recognised by their Pauli transfer matrices, which are signed permutations
    up to 1e-9 for Cliffords alone.

    Raises:
        NotClifford: The first block that is not, with its qubits and angles.
    """
    matrices = transfer(program.unitaries(params))
    rounded = np.rint(matrices).astype(int)
    off = np.abs(matrices - rounded).max(axis=(1, 2), initial=0.0)
    simulator = _simulator(program.n_qubits)
    known: dict[tuple[int, int], stim.Tableau] = {}
    for sites, gate in zip(program.sites, program.gate_of_block, strict=True):
        if off[gate] > CLIFFORD_TOLERANCE:
            raise NotClifford(_no_clifford(program, params, sites, gate))
        key = (int(gate), len(sites))
        if key not in known:
            known[key] = _block_tableau(rounded[gate], len(sites))
        simulator.do_tableau(known[key], sites)
    return simulator.current_inverse_tableau().inverse()


def _block_tableau(matrix: np.ndarray, n_sites: int) -> "stim.Tableau":
    """Return a signed permutation G of Pauli pairs as a tableau: U P_a U† = Σ_b G[a, b] P_b."""
    import stim

    def image(pair: int) -> stim.PauliString:
        moved = int(np.argmax(np.abs(matrix[pair])))
        letters = [moved // 4, moved % 4][:n_sites]
        return stim.PauliString(letters) * int(matrix[pair, moved])

    return stim.Tableau.from_conjugated_generators(
        xs=[image(pair) for pair in (4, 1)[:n_sites]],  # X⊗1, 1⊗X
        zs=[image(pair) for pair in (12, 3)[:n_sites]],  # Z⊗1, 1⊗Z
    )


def _no_clifford(program: "Program", params: np.ndarray, sites: tuple[int, ...], gate: int) -> str:
    used = {
        int(symbol)
        for template in program.templates
        for row in np.flatnonzero(template.gates == gate)
        for symbol in template.symbols[row][template.slopes[row] != 0]
    }
    angles = ", ".join(f"{program.symbols[s].name} = {params[s]:.9g}" for s in sorted(used))
    return (
        f"the block on qubits {sites} is not Clifford{f' at {angles}' if angles else ''}: "
        "it maps some Pauli string to a sum of several"
    )


def _simulator(n_qubits: int) -> "stim.TableauSimulator":
    import stim

    if n_qubits < 1:
        raise ValueError(f"a state has at least one qubit, got n_qubits={n_qubits}")
    simulator = stim.TableauSimulator()
    simulator.set_num_qubits(n_qubits)
    return simulator


def echelon(rows: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Return the reduced row echelon form over GF(2) without zero rows, and its pivots."""
    rows = rows.copy()
    pivots: list[int] = []
    for column in range(rows.shape[1]):
        below = np.flatnonzero(rows[len(pivots) :, column]) + len(pivots)
        if len(below):
            rows[[len(pivots), below[0]]] = rows[[below[0], len(pivots)]]
            others = np.flatnonzero(rows[:, column])
            rows[others[others != len(pivots)]] ^= rows[len(pivots)]
            pivots.append(column)
    return rows[: len(pivots)], pivots
