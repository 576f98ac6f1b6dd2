"""Read an OpenQASM 3 program with free angles as Cirq operations.

The text is parsed by the reference parser, package ``openqasm3``. ``q[i]`` of the first register
is ``LineQubit(i)``, qubit 0 the most significant bit; registers follow each other.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cirq
import sympy

from qnnbench.circuits.imports.standard_gates import (
    BUILT_IN,
    STANDARD,
    Phase,
    Piece,
    StandardGate,
    controlled,
    inverse,
    power,
)
from qnnbench.registry import lookup

Maker = Callable[[Sequence[cirq.Qid]], list[Piece]]  # pieces of a gate on some qubits

_NUMBERS = {"pi": sympy.pi, "π": sympy.pi, "tau": 2 * sympy.pi, "τ": 2 * sympy.pi}
_FUNCTIONS = {name: getattr(math, name) for name in ("sin", "cos", "tan", "sqrt", "exp", "log")}
_FUNCTIONS |= {f"arc{name}": getattr(math, f"a{name}") for name in ("sin", "cos", "tan")}


@dataclass(frozen=True)
class Imported:
    """A circuit with free angles from another package.

    Attributes:
        n_qubits: Width.
        symbols: Its free angles, in order of declaration.
        operations: On ``cirq.LineQubit.range(n_qubits)``, right up to a global phase.
        measured: Qubits that it measures at the end, ascending.
    """

    n_qubits: int
    symbols: tuple[sympy.Symbol, ...]
    operations: tuple[cirq.Operation, ...]
    measured: tuple[int, ...]


def read_qasm3(text: str) -> Imported:
    """Return the circuit of an OpenQASM 3 program.

    Inputs of type float or angle are the symbols, in order; those that no gate uses are left
    out. Understood are: qubit registers and aliases, "stdgates.inc", gate definitions, gphase,
    the modifiers inv, ctrl, negctrl and pow, constants, arithmetic, loops over constant ranges,
    barriers, and measurements after the last gate. ccx and cswap become gates on two qubits.

    Raises:
        ImportError: The parser is not installed.
        ValueError: No OpenQASM 3, or what is not understood, with its line.
    """
    from openqasm3 import parse
    from openqasm3.parser import QASM3ParsingError

    try:
        program = parse(text)
    except QASM3ParsingError as error:
        raise ValueError(f"no OpenQASM 3: {error}") from error
    if program.version and not program.version.startswith("3"):
        raise ValueError(
            f"OpenQASM {program.version} has no free angles: an ansatz is written in OpenQASM 3"
        )
    reader = _Reader()
    for statement in program.statements:
        reader.top(statement)
    return reader.imported()


@dataclass
class _Scope:
    """What names mean: numbers and symbols, qubits, and whether these are a register."""

    values: dict[str, Any] = field(default_factory=dict)
    qubits: dict[str, tuple[list[int], bool]] = field(default_factory=dict)


@dataclass
class _Reader:
    """Reads statements one by one."""

    scope: _Scope = field(default_factory=_Scope)
    inputs: list[sympy.Symbol] = field(default_factory=list)
    gates: dict[str, Any] = field(default_factory=lambda: dict(BUILT_IN))
    operations: list[cirq.Operation] = field(default_factory=list)
    measured: set[int] = field(default_factory=set)
    n_qubits: int = 0

    def imported(self) -> Imported:
        """Return what was read."""
        used = {name for op in self.operations for name in cirq.parameter_names(op)}
        symbols = tuple(symbol for symbol in self.inputs if symbol.name in used)
        if not symbols:
            raise ValueError(
                "no gate has a free angle: declare what is trained, as in input float[64] theta;"
            )
        qubits = cirq.LineQubit.range(self.n_qubits)
        met = {q for op in self.operations for q in op.qubits}
        idle = [cirq.I(q) for q in qubits if q not in met]
        operations = (*self.operations, *idle)
        return Imported(self.n_qubits, symbols, operations, tuple(sorted(self.measured)))

    def top(self, node: Any) -> None:
        """Read one statement of the program."""
        kind = type(node).__name__
        statements = {
            "Include": self._include,
            "IODeclaration": self._input,
            "ConstantDeclaration": self._constant,
            "QubitDeclaration": self._register,
            "AliasStatement": self._alias,
            "QuantumGateDefinition": self._define,
            "ClassicalDeclaration": self._bits,
            "QuantumMeasurementStatement": self._measure,
            "QuantumBarrier": lambda node: None,
        }
        with_line = _told(node)
        try:
            if kind in statements:
                statements[kind](node)
                return
            for piece in self._pieces(node, self.scope):
                if isinstance(piece, cirq.Operation):
                    self._add(piece)
        except ValueError as error:
            raise ValueError(f"{with_line}: {error}") from error

    def _add(self, operation: cirq.Operation) -> None:
        if late := [q for q in operation.qubits if _site(q) in self.measured]:
            raise ValueError(f"a gate follows the measurement of qubit {_site(late[0])}")
        kept = [operation]
        if not _is_small(operation) and not cirq.is_parameterized(operation):
            kept = cirq.decompose(operation, keep=_is_small, on_stuck_raise=None)
        if wide := [op for op in kept if not _is_small(op)]:
            n_qubits = cirq.num_qubits(wide[0])
            raise ValueError(f"a gate on {n_qubits} qubits: write it as several on two")
        self.operations += [op for op in kept if op.qubits]

    def _include(self, node: Any) -> None:
        if node.filename != "stdgates.inc":
            raise ValueError(f'include "{node.filename}" is not read: put its gates into the file')
        self.gates = {**STANDARD, **self.gates}

    def _input(self, node: Any) -> None:
        if node.io_identifier.name != "input":
            raise ValueError("outputs are not read: measure qubits instead")
        if type(node.type).__name__ not in ("FloatType", "AngleType"):
            raise ValueError(f"input {node.identifier.name!r} must be a float or an angle")
        symbol = sympy.Symbol(node.identifier.name)
        self.inputs.append(symbol)
        self.scope.values[symbol.name] = symbol

    def _constant(self, node: Any) -> None:
        value = self._value(node.init_expression, self.scope)
        self.scope.values[node.identifier.name] = value

    def _register(self, node: Any) -> None:
        size = 1 if node.size is None else _whole(self._value(node.size, self.scope))
        added = list(range(self.n_qubits, self.n_qubits + size))
        self.n_qubits += size
        self.scope.qubits[node.qubit.name] = (added, node.size is not None)

    def _alias(self, node: Any) -> None:
        self.scope.qubits[node.target.name] = (self._qubits(node.value, self.scope)[0], True)

    def _define(self, node: Any) -> None:
        self.gates[node.name.name] = node

    def _bits(self, node: Any) -> None:
        if type(node.type).__name__ != "BitType":
            raise ValueError("variables are not read: constants begin with const")
        if node.init_expression is not None:
            self.measured |= set(self._qubits(node.init_expression.qubit, self.scope)[0])

    def _measure(self, node: Any) -> None:
        self.measured |= set(self._qubits(node.measure.qubit, self.scope)[0])

    def _pieces(self, node: Any, scope: _Scope) -> Iterator[Piece]:
        """Yield what a gate, phase or loop consists of."""
        kind = type(node).__name__
        if kind == "QuantumBarrier":
            return
        if kind == "ForInLoop":
            for value in self._range(node.set_declaration, scope):
                inner = replace(scope, values={**scope.values, node.identifier.name: value})
                for statement in node.block:
                    yield from self._pieces(statement, inner)
            return
        if kind not in ("QuantumGate", "QuantumPhase"):
            raise ValueError(f"{kind} is not understood: a network is gates, then measurements")
        operands = [self._qubits(qubit, scope) for qubit in node.qubits]
        sizes = {len(sites) for sites, is_register in operands if is_register}
        if len(sizes) > 1:
            raise ValueError(f"registers of {sorted(sizes)} qubits in one gate")
        for i in range(sizes.pop() if sizes else 1):
            sites = [found[i] if is_register else found[0] for found, is_register in operands]
            if len(set(sites)) < len(sites):
                raise ValueError(f"one qubit twice in one gate: {sites}")
            yield from self._modified(node, scope)([cirq.LineQubit(site) for site in sites])

    def _modified(self, node: Any, scope: _Scope) -> Maker:
        """Return what makes the pieces of a gate and its modifiers on some qubits."""
        if type(node).__name__ == "QuantumPhase":
            angle = self._value(node.argument, scope)
            made = _always([Phase(angle)])
        else:
            angles = [self._value(argument, scope) for argument in node.arguments]
            made = self._gate(node.name.name, angles)
        for modifier in reversed(node.modifiers):  # the innermost stands last
            argument = modifier.argument
            number = 1 if argument is None else self._value(argument, scope)
            made = _under(modifier.modifier.name, number, made)
        return made

    def _gate(self, name: str, angles: Sequence[Any]) -> Maker:
        gate = lookup(self.gates, name, "gate of this program")
        is_standard = isinstance(gate, StandardGate)
        n_angles = gate.n_angles if is_standard else len(gate.arguments)
        n_qubits = gate.n_qubits if is_standard else len(gate.qubits)
        if len(angles) != n_angles:
            raise ValueError(f"{name} takes {n_angles} angles, got {len(angles)}")

        def made(qubits: Sequence[cirq.Qid]) -> list[Piece]:
            if len(qubits) != n_qubits:
                raise ValueError(f"{name} acts on {n_qubits} qubits, got {len(qubits)}")
            if is_standard:
                return list(gate.build(angles, qubits))
            named = zip((a.name for a in gate.arguments), angles, strict=True)
            constants = {k: v for k, v in self.scope.values.items() if v not in self.inputs}
            places = zip((q.name for q in gate.qubits), map(_site, qubits), strict=True)
            inner = _Scope(
                {**constants, **dict(named)}, {q: ([site], False) for q, site in places}
            )
            return [piece for node in gate.body for piece in self._pieces(node, inner)]

        return made

    def _qubits(self, node: Any, scope: _Scope) -> tuple[list[int], bool]:
        """Return the sites of an operand, and whether it is a register."""
        kind = type(node).__name__
        if kind == "Identifier" and node.name.startswith("$"):
            site = int(node.name[1:])
            self.n_qubits = max(self.n_qubits, site + 1)
            return [site], False
        if kind == "Identifier":
            return lookup(scope.qubits, node.name, "qubit or register")
        if kind == "Concatenation":
            return [*self._qubits(node.lhs, scope)[0], *self._qubits(node.rhs, scope)[0]], True
        if kind == "IndexedIdentifier":
            (sites, _), index = self._qubits(node.name, scope), node.indices[0]
        elif kind == "IndexExpression":
            (sites, _), index = self._qubits(node.collection, scope), node.index
        else:
            raise ValueError(f"{kind} names no qubits")
        if len(getattr(node, "indices", [index])) > 1:
            raise ValueError("one index after another is not read: write the last qubit's number")
        if type(index).__name__ == "DiscreteSet" or type(index[0]).__name__ == "RangeDefinition":
            chosen = index if type(index).__name__ == "DiscreteSet" else index[0]
            return [_at(sites, i) for i in self._range(chosen, scope, len(sites))], True
        return [_at(sites, _whole(self._value(index[0], scope)))], False

    def _range(self, node: Any, scope: _Scope, size: int | None = None) -> list[int]:
        """Return the numbers of a range, its end included, or of a set."""
        if type(node).__name__ == "DiscreteSet":
            return [_whole(self._value(value, scope)) for value in node.values]
        if type(node).__name__ != "RangeDefinition" or (
            size is None and None in (node.start, node.end)
        ):
            raise ValueError(
                "a loop goes over a range of constants, as [0:3], or a set, as {0, 2}"
            )
        start, end = 0, (size or 0) - 1
        if node.start is not None:
            start = _whole(self._value(node.start, scope))
        if node.end is not None:
            end = _whole(self._value(node.end, scope))
        step = 1 if node.step is None else _whole(self._value(node.step, scope))
        return list(range(start, end + (1 if step > 0 else -1), step))

    def _value(self, node: Any, scope: _Scope) -> Any:
        """Return the number or expression in symbols that a node means."""
        kind = type(node).__name__
        if kind in ("IntegerLiteral", "FloatLiteral"):
            return node.value
        if kind == "Identifier":
            return lookup({**_NUMBERS, **scope.values}, node.name, "number, constant or input")
        if kind == "UnaryExpression" and node.op.name == "-":
            return -self._value(node.expression, scope)
        if kind == "FunctionCall" and node.name.name in _FUNCTIONS:
            (argument,) = (self._value(value, scope) for value in node.arguments)
            return _FUNCTIONS[node.name.name](_number(argument))
        if kind == "BinaryExpression":
            return _combined(
                node.op.name, self._value(node.lhs, scope), self._value(node.rhs, scope)
            )
        raise ValueError(
            f"{kind} is not understood in an angle: use + - * / and functions of numbers"
        )


def _always(pieces: list[Piece]) -> Maker:
    return lambda qubits: list(pieces)


def _combined(operator: str, left: Any, right: Any) -> Any:
    if operator == "/" and isinstance(left, int) and isinstance(right, int):
        if right == 0 or left % right:
            raise ValueError(f"{left}/{right} of whole numbers is cut off: write {left}.0/{right}")
        return left // right
    operators: Mapping[str, Callable[[Any, Any], Any]] = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
        "**": lambda a, b: a**b,
    }
    return lookup(operators, operator, "operator")(left, right)


def _under(modifier: str, number: Any, made: Maker) -> Maker:
    """Return what makes the pieces under one modifier."""
    if modifier == "inv":
        return lambda qubits: inverse(made(qubits))
    if modifier == "pow":
        return lambda qubits: power(made(qubits), _number(number))
    value, n_controls = int(modifier == "ctrl"), _whole(number)

    def under(qubits: Sequence[cirq.Qid]) -> list[Piece]:
        pieces = made(qubits[n_controls:])
        for control in qubits[:n_controls]:
            pieces = [new for piece in pieces for new in controlled(piece, control, value)]
        return pieces

    return under


def _told(node: Any) -> str:
    return f"line {node.span.start_line}" if node.span else type(node).__name__


def _is_small(operation: cirq.Operation) -> bool:
    return cirq.num_qubits(operation) <= 2


def _site(qubit: cirq.Qid) -> int:
    assert isinstance(qubit, cirq.LineQubit)
    return qubit.x


def _at(sites: Sequence[int], index: int) -> int:
    if not -len(sites) <= index < len(sites):
        raise ValueError(f"index {index} of a register of {len(sites)} qubits")
    return sites[index]


def _whole(value: Any) -> int:
    if not isinstance(value, int):
        raise ValueError(f"a whole number is needed, got {value}")
    return value


def _number(value: Any) -> float:
    if isinstance(value, sympy.Expr) and value.free_symbols:
        raise ValueError(f"a number is needed, got {value}: angles are affine in the inputs")
    return float(value)
