"""The circuit that a machine runs: native gates, measurements, resets and classical control."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import cirq
import numpy as np

from qnnbench.circuits.ansatze import Network
from qnnbench.hardware.feed_forward import measured_early
from qnnbench.hardware.native import TO_Z, NativeStep, native_steps
from qnnbench.hardware.readout import Read, letters_read
from qnnbench.hardware.reuse import least_order, placed, width
from qnnbench.hardware.steps import Step, fused, steps_of
from qnnbench.registry import lookup
from qnnbench.states.mps import MPS, PureState
from qnnbench.states.preparation import to_cirq
from qnnbench.states.stabilizer import StabilizerState
from qnnbench.states.stabilizer_mps import stabilizer_mps

NATIVE = (cirq.PhasedXPowGate, cirq.ZPowGate, cirq.ZZPowGate)


@dataclass(frozen=True)
class MachineCircuit:
    """A network, its input and its readout as one circuit on physical qubits.

    Its gates are ``cirq.PhasedXPowGate``, ``cirq.ZPowGate`` (free: a shift of phase in what
    follows) and ``cirq.ZZPowGate``, with numbers as exponents and any global phase; each may be
    controlled by one bit measured before, and then acts where that bit is 1. A measurement
    takes one qubit and writes a key of its own. After it the qubit is reset before it is used
    again. All qubits start in |0>.

    Attributes:
        circuit: On ``cirq.LineQubit.range(n_physical)``.
        read: Keys that are read out: bit k of an outcome string is that of key ``read[k]``,
            0 the eigenvalue +1. Keys that are not read only control gates.
        n_logical: Width of the network and its input.

    Raises:
        ValueError: An operation that is none of these, a key that is written twice or used
            before it is written, or a qubit that is used between measurement and reset.
    """

    circuit: cirq.Circuit
    read: tuple[str, ...]
    n_logical: int

    def __post_init__(self) -> None:
        """Check the circuit once: everything behind it relies on its form."""
        written: set[str] = set()
        measured: set[cirq.Qid] = set()
        for op in self.circuit.all_operations():
            _check_operation(op, written, measured)
            if cirq.is_measurement(op):
                written.add(cirq.measurement_key_name(op))
                measured |= set(op.qubits)
            measured -= set(op.qubits) if isinstance(op.gate, cirq.ResetChannel) else set()
        if missing := [key for key in self.read if key not in written]:
            raise ValueError(
                f"a machine circuit measures what it reads: no measurement of {missing}, "
                f"there are {sorted(written)}"
            )

    @cached_property
    def n_physical(self) -> int:
        """Qubits of the machine that are used."""
        return len(self.circuit.all_qubits())

    @cached_property
    def n_measurements(self) -> int:
        """Measurements, those that only control gates included."""
        return sum(cirq.is_measurement(op) for op in self.circuit.all_operations())

    @cached_property
    def n_resets(self) -> int:
        """Resets of qubits that are used again."""
        gates = (op.gate for op in self.circuit.all_operations())
        return sum(isinstance(gate, cirq.ResetChannel) for gate in gates)

    @cached_property
    def n_one_qubit(self) -> int:
        """One-qubit gates that take time, controlled ones included: Z is free."""
        gates = (op.without_classical_controls().gate for op in self.circuit.all_operations())
        return sum(isinstance(gate, cirq.PhasedXPowGate) for gate in gates)

    @cached_property
    def n_two_qubit(self) -> int:
        """Two-qubit gates."""
        return sum(len(op.qubits) == 2 for op in self.circuit.all_operations())

    @cached_property
    def depth(self) -> int:
        """Two-qubit gates on the longest chain through qubits and classical bits."""
        reached: dict[object, int] = defaultdict(int)
        for op in self.circuit.all_operations():
            controls = [str(key) for key in cirq.control_keys(op)]
            step = max(reached[wire] for wire in (*op.qubits, *controls))
            step += len(op.qubits) == 2
            reached.update(dict.fromkeys(op.qubits, step))
            if cirq.is_measurement(op):
                reached[cirq.measurement_key_name(op)] = step
        return max(reached.values(), default=0)


def _check_operation(op: cirq.Operation, written: set[str], measured: set[cirq.Qid]) -> None:
    """Raise ValueError unless ``op`` may stand after these keys and measured qubits."""
    gate = op.without_classical_controls().gate
    controls = [str(key) for key in cirq.control_keys(op)]
    if isinstance(gate, cirq.MeasurementGate):
        is_native = len(op.qubits) == 1 and not any(gate.full_invert_mask()) and not controls
        is_native &= cirq.measurement_key_name(gate) not in written
    elif isinstance(gate, cirq.ResetChannel):
        is_native = not controls
    else:
        is_native = isinstance(gate, NATIVE) and not cirq.is_parameterized(gate)
        is_native &= len(controls) <= 1
    if not is_native:
        raise ValueError(
            f"a machine circuit holds powers of PhasedX, Z and ZZ, plain or controlled by one "
            f"measured bit, resets, and measurements of one qubit with a new key; found {op}. "
            "machine_circuit lowers networks to these."
        )
    if early := [key for key in controls if key not in written]:
        raise ValueError(f"{op} is controlled by {early}, measured later or never")
    again = [str(q) for q in op.qubits if q in measured]
    if again and not isinstance(gate, cirq.ResetChannel):
        raise ValueError(f"{op} uses {again} after their measurement: reset them before")


POOLINGS = {"feed_forward": True, "coherent": False}  # whether measured bits control gates

Input = PureState | cirq.Circuit | None


def machine_circuit(
    network: Network | cirq.Circuit,
    params: np.ndarray | None,
    read: Read,
    state: Input = None,
    *,
    pooling: str = "feed_forward",
    reuse: bool = True,
    n_physical: int | None = None,
) -> MachineCircuit:
    """Return the machine circuit whose bits have the law of ``read`` in a network's output.

    What the readout does not depend on is left out. With feed-forward, a qubit that in the
    end only controls gates is measured before them and its bit controls them; it is free
    then. Gates on the same two qubits are one matrix of at most three ZZ powers (two before a
    measurement or on a qubit in |0>, one on two of these). With reuse, gates wait until a
    qubit is free: an order of least width is looked for.

    Args:
        network: A network, or a circuit without symbols on ``cirq.LineQubit.range(n_qubits)``.
        params: Angles in radians, (n_symbols,); None for a circuit.
        read: See ``letters_read``. The value of a string is (-1)^(sum of its bits);
            coefficients are left to the reader.
        state: The input: a pure state, or a circuit that makes it; None for |0…0>.
        pooling: "feed_forward", or "coherent": nothing is measured but what is read.
        reuse: Whether a qubit that is done with is reset and used again.
        n_physical: Qubits of the machine, all of which may be used; None: as few as found.

    Raises:
        ValueError: Arguments that do not fit each other; letters that differ on one qubit; a
            state of bond above 8; more qubits needed than ``n_physical``.
        UnsupportedCircuit: Gates on more than two qubits that Cirq cannot decompose.
    """
    circuit = _bound(network, params)
    letters = letters_read(read)
    n_logical = _n_logical(network, letters, state)
    feed_forward = lookup(POOLINGS, pooling, "pooling")
    choices = [
        _native(preparation + circuit, letters, feed_forward, reuse)
        for preparation in _preparations(state)
    ]
    enough = n_physical or (0 if reuse else n_logical)

    def price(steps: list[NativeStep]) -> tuple[int, int]:
        return max(0, width(steps) - enough), sum(len(step.wires) == 2 for step in steps)

    steps = min(choices, key=price)
    needed = width(steps) if reuse else len({wire for step in steps for wire in step.wires})
    if n_physical is not None and needed > n_physical:
        raise ValueError(
            f"n_physical={n_physical} was asked for, but the best order found for these "
            f"{n_logical} qubits needs {needed}"
            + ("" if reuse and feed_forward else ". Use pooling='feed_forward' and reuse=True")
            + ". Read fewer qubits, or take a larger machine."
        )
    ops, keys = placed(steps, (n_physical or needed) if reuse else None)
    return MachineCircuit(cirq.Circuit(ops), tuple(keys[place] for place in letters), n_logical)


def _native(
    circuit: cirq.Circuit, letters: Mapping[int, str], feed_forward: bool, reuse: bool
) -> list[NativeStep]:
    """Return native steps on logical qubits, ordered for least width with ``reuse``."""
    steps = list(steps_of(circuit, _wires(circuit)))
    steps += [Step((place,), TO_Z[letter]) for place, letter in letters.items()]
    early = fused(measured_early(steps, letters, feed_forward))
    early = fused(measured_early(early, letters, feed_forward, split=True))
    native = native_steps(early)
    return least_order(native) if reuse else native


def _bound(network: Network | cirq.Circuit, params: np.ndarray | None) -> cirq.Circuit:
    """Return the circuit with numbers for its symbols."""
    if isinstance(network, cirq.Circuit):
        if params is not None or cirq.is_parameterized(network):
            raise ValueError(
                "a cirq.Circuit is taken with params=None and without symbols, found "
                f"{sorted(cirq.parameter_names(network))}. Give a Network, or resolve them."
            )
        return network
    if params is None or np.shape(params) != (len(network.symbols),):
        raise ValueError(
            f"params must have shape ({len(network.symbols)},), one angle per symbol, "
            f"got {params if params is None else np.shape(params)}"
        )
    names = (symbol.name for symbol in network.symbols)
    angles = dict(zip(names, map(float, params), strict=True))
    return cirq.resolve_parameters(network.circuit, angles)


def _wires(circuit: cirq.Circuit) -> dict[cirq.Qid, int]:
    """Return the place of each qubit of a circuit on the line."""
    wires: dict[cirq.Qid, int] = {}
    for qubit in sorted(circuit.all_qubits()):
        if not isinstance(qubit, cirq.LineQubit) or qubit.x < 0:
            raise ValueError(
                f"circuits stand on cirq.LineQubit.range(n_qubits), found {qubit!r}. Map them: "
                "circuit.transform_qubits."
            )
        wires[qubit] = qubit.x
    return wires


def _n_logical(network: Network | cirq.Circuit, letters: Mapping[int, str], state: Input) -> int:
    """Return the number of logical qubits, on which state and readout must stand."""
    made = _wires(state).values() if isinstance(state, cirq.Circuit) else ()
    width_of_state = state.n_qubits if isinstance(state, MPS | StabilizerState) else 0
    found = max([*letters, *made, width_of_state - 1]) + 1
    if isinstance(network, cirq.Circuit):
        return max([found, *(place + 1 for place in _wires(network).values())])
    n_qubits = network.n_qubits
    if found > n_qubits or 0 < width_of_state < n_qubits:
        raise ValueError(
            f"the network has {n_qubits} qubits, state and readout stand on {found}. Take them "
            "of one width."
        )
    return n_qubits


def _preparations(state: Input) -> list[cirq.Circuit]:
    """Return circuits that make a state, one or two: which one costs less shows in the end.

    A stabilizer state of bond 2 is also made along the line: no qubit waits for a far one.
    """
    if state is None:
        return [cirq.Circuit()]
    if isinstance(state, cirq.Circuit):
        return [state]
    if not isinstance(state, MPS | StabilizerState):
        raise ValueError(
            f"a machine makes pure states, got {type(state).__name__}. Make one circuit for each "
            "of its members, and share the shots by their weights."
        )
    circuits = [to_cirq(state)]
    if isinstance(state, StabilizerState):
        try:
            chain = stabilizer_mps(state)
        except ValueError:  # its bond is large
            return circuits
        circuits += [to_cirq(chain)] if chain.max_bond_dim <= 2 else []
    return circuits
