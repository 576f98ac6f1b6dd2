"""Cirq circuits as gates on Pauli strings, last gate first.

Letters are counted I, X, Y, Z = 0, 1, 2, 3; a string on two sites has index 4a + b. Every
gate moves strings by a trigonometric polynomial in its angle, its harmonics; Pauli
rotations and Clifford gates, which move a string to few others, are told apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import cirq
import numpy as np
import sympy

from qnnbench.circuits.affine import Affine
from qnnbench.circuits.gates import SpectralGate, UnsupportedCircuit
from qnnbench.circuits.operations import Element, Reader

SUPPORTED = (
    "Supported: one- and two-qubit gates by an angle affine in one symbol, and constant one- "
    "and two-qubit unitary gates."
)
_PAULIS = np.array([cirq.unitary(gate) for gate in (cirq.I, cirq.X, cirq.Y, cirq.Z)])
STRINGS = (_PAULIS, np.array([np.kron(a, b) for a, b in product(_PAULIS, repeat=2)]))
CLOSE = 1e-12


class CannotCompute(ValueError):  # noqa: N818 - reads as the claim it makes
    """The exact method does not cover what was asked; the message says what would."""


@dataclass(frozen=True, eq=False)
class Harmonics:
    """U†PU = Σ_f exp(ifθ) M_f P as a function of the angle; equal only to itself.

    Attributes:
        frequencies: Float (k,), per radian of θ.
        matrices: M_f, complex (k, d, d), [out, in] over strings, d = 4 or 16.
    """

    frequencies: np.ndarray
    matrices: np.ndarray


@dataclass(frozen=True)
class Rotation:
    """exp(-i φ G/2) with φ = frequency * θ + offset.

    Attributes:
        sites: Increasing site numbers, one or two.
        generator: Letters of G on ``sites``, none of them I.
        symbol: Position of θ in the list of symbols.
        frequency: Dimensionless, not 0.
        offset: Radians.
    """

    sites: tuple[int, ...]
    generator: tuple[int, ...]
    symbol: int
    frequency: float
    offset: float

    @property
    def harmonics(self) -> Harmonics:
        """How it moves strings."""
        return _rotation_harmonics(self.generator, self.frequency, self.offset)


@dataclass(frozen=True)
class Clifford:
    """A gate U that maps Pauli strings to Pauli strings: U†PU = sign * image.

    Attributes:
        sites: Increasing site numbers, one or two.
        image: Index of the image of each string on ``sites``, 4 or 16 numbers.
        sign: +1 or -1 for each string.
    """

    sites: tuple[int, ...]
    image: tuple[int, ...]
    sign: tuple[int, ...]

    @property
    def harmonics(self) -> Harmonics:
        """How it moves strings."""
        return _clifford_harmonics(self.image, self.sign)


@dataclass(frozen=True)
class OtherGate:
    """Any other gate on one or two sites, by one symbol or none.

    Attributes:
        sites: Increasing site numbers.
        harmonics: How it moves strings.
        symbol: Position of θ; None for a constant gate.
    """

    sites: tuple[int, ...]
    harmonics: Harmonics
    symbol: int | None


Gate = Rotation | Clifford | OtherGate


def heisenberg_gates(
    circuit: cirq.AbstractCircuit,
    site: Mapping[cirq.Qid, int],
    symbols: Sequence[sympy.Symbol],
) -> list[Gate]:
    """Return the gates of ``circuit``, last gate first, on sites.

    Args:
        circuit: Unitary gates only.
        site: Of every qubit of the circuit.
        symbols: Every symbol of the circuit, in the order gates refer to.

    Raises:
        CannotCompute: A gate that is not covered; the message says what is.
    """
    read = Reader({s.name: i for i, s in enumerate(symbols)})
    gates: list[Gate] = []
    try:
        for operation in circuit.all_operations():
            sites = tuple(site[q] for q in operation.qubits)
            for element in read(operation):
                if element.slots:
                    gates.append(_gate(element, tuple(sites[slot] for slot in element.slots)))
    except UnsupportedCircuit as error:
        raise CannotCompute(f"{error} {SUPPORTED}") from None
    return gates[::-1]


def shared_symbols(gates: Sequence[Gate]) -> list[int]:
    """Return the symbols, by position, that occur in more than one gate."""
    met, twice = set[int](), set[int]()
    for gate in gates:
        symbol = symbol_of(gate)
        if symbol is not None:
            (twice if symbol in met else met).add(symbol)
    return sorted(twice)


def symbol_of(gate: Gate) -> int | None:
    """Return the position of the gate's symbol; None for a gate without one."""
    return None if isinstance(gate, Clifford) else gate.symbol


def _gate(element: Element, sites: tuple[int, ...]) -> Gate:
    """Return one element on sites in any order."""
    is_swapped = sites != tuple(sorted(sites))
    ordered = tuple(sorted(sites))
    if not isinstance(element.gate, SpectralGate):
        return _constant(element.gate, ordered, is_swapped)
    offset, terms = element.angle or (0.0, ())
    if not terms:
        return _constant(_unitary(element.gate, offset), ordered, is_swapped)
    if len(terms) > 1:
        raise CannotCompute(f"An angle is a sum of {len(terms)} symbols. {SUPPORTED}")
    ((symbol, slope),) = terms
    generator, factor = _pauli_generator(element.gate)
    if generator:
        letters = generator[::-1] if is_swapped else generator
        kept = [(s, g) for s, g in zip(ordered, letters, strict=True) if g]
        return Rotation(
            tuple(s for s, _ in kept),
            tuple(g for _, g in kept),
            symbol,
            float(_snapped(factor * slope)),
            factor * offset,
        )
    harmonics = _spectral_harmonics(element.gate, (offset, ((0, slope),)), is_swapped)
    return OtherGate(ordered, harmonics, symbol)


def _constant(unitary: np.ndarray, sites: tuple[int, ...], is_swapped: bool) -> Gate:
    table, harmonics = _constant_parts(unitary.tobytes(), len(unitary), is_swapped)
    return Clifford(sites, *table) if table else OtherGate(sites, harmonics, None)


@lru_cache(maxsize=4096)
def _constant_parts(
    data: bytes, size: int, is_swapped: bool
) -> tuple[tuple[tuple[int, ...], tuple[int, ...]] | None, Harmonics]:
    """Return images and signs of all strings if the unitary is Clifford, and its harmonics."""
    unitary = _ordered(np.frombuffer(data, dtype=complex).reshape(size, size), is_swapped)
    strings = STRINGS[size // 4]
    moved = unitary.conj().T @ strings @ unitary
    transfer = np.einsum("bij,aji->ba", strings, moved).real / size
    image = np.argmax(np.abs(transfer), axis=0)
    sign = transfer[image, np.arange(len(image))]
    harmonics = Harmonics(np.zeros(1), transfer[None].astype(complex))
    if not np.allclose(np.abs(sign), 1, atol=1e-9):
        return None, harmonics
    return (tuple(image.tolist()), tuple(np.sign(sign).astype(int).tolist())), harmonics


def _ordered(matrix: np.ndarray, is_swapped: bool) -> np.ndarray:
    if not is_swapped:
        return matrix
    return matrix.reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)


def _unitary(gate: SpectralGate, angle: float) -> np.ndarray:
    return (gate.vectors * np.exp(1j * gate.frequencies * angle)) @ gate.vectors.conj().T


@lru_cache(maxsize=1024)
def _pauli_generator(gate: SpectralGate) -> tuple[tuple[int, ...], float]:
    """Return letters of G and c with U(t) = exp(-ictG/2) up to a phase; () if there is none."""
    strings = STRINGS[len(gate.vectors) // 4]
    hamiltonian = (gate.vectors * gate.frequencies) @ gate.vectors.conj().T
    parts = np.einsum("bij,ji->b", strings, hamiltonian).real / len(hamiltonian)
    found = np.flatnonzero(np.abs(parts[1:]) > CLOSE) + 1
    if len(found) != 1:
        return (), 0.0
    letters = (found[0],) if len(strings) == 4 else divmod(found[0], 4)
    return tuple(int(letter) for letter in letters), float(_snapped(-2 * parts[found[0]]))


@lru_cache(maxsize=4096)
def _spectral_harmonics(gate: SpectralGate, angle: Affine, is_swapped: bool) -> Harmonics:
    """Return the harmonics of a spectral gate; its strings turn at differences of frequencies.

    Tr(P_b U†P_a U)/2^k is Σ exp(i(ω_l - ω_k)t) <l|P_b|k><k|P_a|l>/2^k over eigenvectors.
    """
    offset, ((_, slope),) = angle
    vectors = gate.vectors
    if is_swapped:
        vectors = vectors.reshape(2, 2, 4).transpose(1, 0, 2).reshape(4, 4)
    strings = STRINGS[len(vectors) // 4]
    inside = vectors.conj().T @ strings @ vectors
    differences = _snapped(gate.frequencies[None, :] - gate.frequencies[:, None])
    frequencies = differences.flat[np.unique(np.round(differences, 9), return_index=True)[1]]
    matrices = [
        np.einsum("blk,akl,kl->ba", inside, inside, np.abs(differences - f) < 1e-9)
        * np.exp(1j * f * offset)
        / len(vectors)
        for f in frequencies
    ]
    return Harmonics(_snapped(frequencies * slope), np.array(matrices))


def _snapped(frequencies: np.ndarray | float) -> np.ndarray:
    """Return frequencies with eighths where they are met up to rounding."""
    eighths = np.round(8 * np.asarray(frequencies)) / 8
    return np.where(np.abs(frequencies - eighths) < CLOSE, eighths, frequencies)


@lru_cache(maxsize=4096)
def _rotation_harmonics(generator: tuple[int, ...], frequency: float, offset: float) -> Harmonics:
    """Return P -> P cos φ + iGP sin φ for strings that anticommute with G."""
    strings = STRINGS[len(generator) - 1]
    index = int(np.dot(generator, 4 ** np.arange(len(generator))[::-1]))
    turned = 1j * strings[index] @ strings
    turn = np.einsum("bij,aji->ba", strings, turned).real / len(strings[0])
    anti = turn.any(axis=0)  # iGP is Hermitian, so that its trace is real, iff G anticommutes
    half, sine = np.diag(anti / 2), turn / 2j
    phase = np.exp(1j * offset)
    matrices = np.array([np.diag(1.0 - anti), (half + sine) * phase, (half - sine) / phase])
    return Harmonics(np.array([0.0, frequency, -frequency]), matrices)


@lru_cache(maxsize=1024)
def _clifford_harmonics(image: tuple[int, ...], sign: tuple[int, ...]) -> Harmonics:
    matrix = np.zeros((1, len(image), len(image)), dtype=complex)
    matrix[0, list(image), range(len(image))] = sign
    return Harmonics(np.zeros(1), matrix)
