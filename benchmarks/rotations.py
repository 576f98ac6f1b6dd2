"""A case as lists of rotations, for peers that take named gates, cut to light cones."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cirq
import numpy as np
import sympy
from scipy.sparse import csr_array

from benchmarks.cases import Case

AXES = {
    cirq.XPowGate: "X",
    cirq.YPowGate: "Y",
    cirq.ZPowGate: "Z",
    cirq.XXPowGate: "XX",
    cirq.YYPowGate: "YY",
    cirq.ZZPowGate: "ZZ",
}
String = tuple[tuple[int, int], ...]  # ((site, letter), …), letters 1-3 = X, Y, Z
Affine = tuple[float, list[tuple[int, float]]]  # radians: offset, (symbol index, slope) pairs


@dataclass(frozen=True)
class Gate:
    """A named gate.

    Attributes:
        name: "H", "CZ"; "R" and an axis, as "RX" or "RZZ", for exp(-iθP/2); or that after
            a "C" with the control first among ``sites``.
        sites: Where it acts.
        angle: Place of θ among the angles; None for "H" and "CZ".
    """

    name: str
    sites: tuple[int, ...]
    angle: int | None = None


@dataclass(frozen=True)
class Part:
    """A circuit on a few qubits and the Pauli strings read out of it.

    Attributes:
        n_qubits: Width.
        gates: In time order.
        strings: Pauli strings, with their coefficients.
        offsets, slopes: Angles are offsets + slopes @ params.
    """

    n_qubits: int
    gates: tuple[Gate, ...]
    strings: tuple[tuple[float, String], ...]
    offsets: np.ndarray
    slopes: csr_array

    def angles(self, params: np.ndarray) -> np.ndarray:
        """Return the angles in radians, (n_angles,)."""
        return self.offsets + self.slopes @ params

    def gradient(self, derivatives: Sequence[float]) -> np.ndarray:
        """Return the gradient by params for derivatives by the angles."""
        return self.slopes.T @ np.asarray(derivatives)


def terms(case: Case) -> list[tuple[float, String]]:
    """Return the one observable of a case as Pauli strings; the identity is ()."""
    (observable,) = case.network.observables
    if isinstance(observable, cirq.ProjectorString):
        raise ValueError(f"case {case.name!r} reads a projector; peers are asked Pauli sums")
    strings = [observable] if isinstance(observable, cirq.PauliString) else list(observable)
    return [
        (complex(s.coefficient).real, tuple((q.x, "IXYZ".index(str(p))) for q, p in s.items()))
        for s in strings
    ]


def constant(case: Case) -> float:
    """Return the coefficient of the identity."""
    return sum(coefficient for coefficient, string in terms(case) if not string)


Cone = tuple[list[int], tuple[int, ...], list[tuple[float, String]]]  # gates, sites, strings


def _cones(
    supports: Sequence[tuple[int, ...]], strings: Sequence[tuple[float, String]]
) -> list[Cone]:
    """Return the light cones of strings; supports are the sites of gates in time order."""
    single = []
    for pair in strings:
        sites, gates = {site for site, _ in pair[1]}, set()
        for gate in range(len(supports) - 1, -1, -1):
            if not sites.isdisjoint(supports[gate]):
                sites.update(supports[gate])
                gates.add(gate)
        single.append((sites, gates, pair))
    found: list[tuple[set[int], set[int], list]] = []
    for sites, gates, pair in sorted(single, key=lambda cone: -len(cone[0])):
        home = next((cone for cone in found if sites <= cone[0]), None)  # no more work inside
        if home is None:
            found.append((sites, gates, [pair]))
        else:
            home[1].update(gates)
            home[2].append(pair)
    return [(sorted(gates), tuple(sorted(sites)), members) for sites, gates, members in found]


def _work(cones: Sequence[Cone]) -> float:
    return sum(len(gates) * 2.0 ** len(sites) for gates, sites, _ in cones)


def parts(case: Case, with_preparation: bool = True) -> list[Part]:
    """Return a case as circuits of rotations, cut to light cones where that is less work.

    Args:
        case: With one observable, a sum of Pauli strings.
        with_preparation: Whether the preparation of the input state goes in front.

    Raises:
        ValueError: A gate that is neither H, CZ, a rotation nor a controlled rotation.
    """
    index = {symbol.name: i for i, symbol in enumerate(case.network.symbols)}
    circuit = case.prepared_circuit() if with_preparation else case.network.circuit
    found = [_gate(op, index) for op in circuit.all_operations() if op.gate != cirq.I]
    strings = [pair for pair in terms(case) if pair[1]]
    whole = [(list(range(len(found))), tuple(range(case.network.n_qubits)), strings)]
    cones = _cones([gate.sites for gate, _ in found], strings)
    chosen = min(cones, whole, key=_work)
    return [_part([found[i] for i in gates], *rest, len(index)) for gates, *rest in chosen]


def _part(
    found: Sequence[tuple[Gate, Affine | None]],
    sites: tuple[int, ...],
    strings: Sequence[tuple[float, String]],
    n_symbols: int,
) -> Part:
    place = {site: i for i, site in enumerate(sites)}
    gates, offsets, entries = [], [], []
    for gate, angle in found:
        wires = tuple(place[site] for site in gate.sites)
        gates.append(Gate(gate.name, wires, None if angle is None else len(offsets)))
        if angle is not None:
            entries += [(slope, len(offsets), symbol) for symbol, slope in angle[1]]
            offsets.append(angle[0])
    values, rows, columns = zip(*entries, strict=True)
    return Part(
        len(sites),
        tuple(gates),
        tuple((c, tuple((place[site], p) for site, p in string)) for c, string in strings),
        np.array(offsets),
        csr_array((values, (rows, columns)), (len(offsets), n_symbols)),
    )


def _gate(op: cirq.Operation, index: dict[str, int]) -> tuple[Gate, Affine | None]:
    gate, sites = op.gate, tuple(q.x for q in op.qubits)
    if gate in (cirq.H, cirq.CZ):
        return Gate(str(gate), sites), None
    prefix = "R"
    if isinstance(gate, cirq.ControlledGate) and len(sites) == 2:
        prefix, gate = "CR", gate.sub_gate
    axis = AXES.get(type(gate))
    if axis is None or gate.global_shift != -0.5:
        raise ValueError(f"peers are given rotations, controlled rotations, H and CZ, not {op}")
    offset, slopes = _affine(gate.exponent)
    return Gate(prefix + axis, sites), (offset, [(index[name], s) for name, s in slopes])


@cache
def _affine(half_turns: sympy.Expr) -> tuple[float, list[tuple[str, float]]]:
    """Return the angle of an exponent in radians: offset, and (symbol, slope) pairs."""
    found = dict(sympy.expand(half_turns * sympy.pi).as_coefficients_dict())
    offset = float(found.pop(sympy.S.One, 0))
    return offset, [(symbol.name, float(slope)) for symbol, slope in found.items()]


def pauli_rotations(gate: Gate) -> list[tuple[String, float]]:
    """Return a rotation as Pauli rotations: strings, and factors of its angle.

    A controlled rotation is two of them, since |1><1| = (1 - Z)/2.
    """
    letters = tuple("_XYZ".index(letter) for letter in gate.name.lstrip("CR"))
    if gate.name.startswith("C"):
        control, target = gate.sites
        return [
            (((target, letters[0]),), 0.5),
            (((control, 3), (target, letters[0])), -0.5),
        ]
    return [(tuple(zip(gate.sites, letters, strict=True)), 1.0)]


@dataclass(frozen=True)
class Block:
    """Consecutive gates on at most two sites; the sites are ascending."""

    sites: tuple[int, ...]
    gates: list[Gate]


def fused(part: Part) -> list[Block]:
    """Return the blocks of a part, in time order."""
    blocks: list[Block] = []
    last: dict[int, Block] = {}  # site -> the block that later gates there may join
    waiting: dict[int, list[Gate]] = {}  # one-qubit gates before the first block of a site
    for gate in part.gates:
        sites = tuple(sorted(gate.sites))
        home = last.get(sites[0])
        if len(sites) == 1:
            (home.gates if home else waiting.setdefault(sites[0], [])).append(gate)
        elif home and home.sites == sites and last.get(sites[1]) is home:
            home.gates.append(gate)
        else:
            before = [early for site in sites for early in waiting.pop(site, [])]
            blocks.append(Block(sites, [*before, gate]))
            last.update(dict.fromkeys(sites, blocks[-1]))
    return blocks + [Block((site,), gates) for site, gates in waiting.items()]
