"""Shots of a machine circuit with errors: one quantum trajectory each, many at a time.

A qubit has a place in the state vectors only from its first two-qubit gate until nothing
acts on it any more, so that a circuit that uses its qubits again costs what it holds at once.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cirq
import numpy as np

from qnnbench.hardware.devices import Device, depolarizing
from qnnbench.hardware.machine import NATIVE, MachineCircuit
from qnnbench.hardware.noise import confusion_of, noisy_circuit

MAX_LIVE_QUBITS = 24  # 128 MB for one shot
# Shots that are run together: as many as stay in the cache, or enough to loop over, or as
# many as fit 512 MB.
_CACHED_AMPLITUDES, _FEW_SHOTS, _MOST_AMPLITUDES = 1 << 18, 64, 1 << 26
_DTYPE = np.complex64  # rounding, about 1e-6, is far below what shots resolve
_PAULIS = np.array([cirq.unitary(gate) for gate in (cirq.I, cirq.X, cirq.Y, cirq.Z)], dtype=_DTYPE)


@dataclass(frozen=True, eq=False)
class _Turn:
    """A one-qubit unitary, (2, 2); with a key it acts where that bit is 1."""

    qubit: cirq.Qid
    matrix: np.ndarray
    key: str | None


@dataclass(frozen=True)
class _Phase:
    """A power of ZZ: a phase where the two bits differ."""

    pair: tuple[cirq.Qid, ...]
    phase: complex
    key: str | None


@dataclass(frozen=True, eq=False)
class _Error:
    """Pauli letters, (n_choices, n_qubits) as numbers of IXYZ, one equally likely at a rate."""

    qubits: tuple[cirq.Qid, ...]
    rate: float
    letters: np.ndarray


@dataclass(frozen=True, eq=False)
class _Read:
    """A Z measurement whose outcome is read with P(read | true) = confusion[true, read]."""

    qubit: cirq.Qid
    key: str
    confusion: np.ndarray


@dataclass(frozen=True)
class _Forget:
    """Nothing acts on the qubit any more before it is reset, if ever."""

    qubit: cirq.Qid


_Step = _Turn | _Phase | _Error | _Read | _Forget


def sample_machine(
    machine: MachineCircuit,
    n_shots: int,
    rng: np.random.Generator,
    device: Device | str | None = None,
    noise_scale: float = 1.0,
) -> np.ndarray:
    """Return shots of a machine circuit.

    Args:
        machine: What is run.
        n_shots: How often.
        rng: Source of outcomes and errors.
        device: Whose errors fall, see :func:`qnnbench.hardware.noise.noisy_circuit`; None for
            none.
        noise_scale: Factor of their rates.

    Returns:
        Uint8 bits (n_shots, len(machine.read)).

    Raises:
        ValueError: n_shots < 1, an unknown device, a bad factor, or more qubits held at once
            than state vectors take.
    """
    circuit = machine.circuit
    if device is not None:
        circuit = noisy_circuit(circuit, depolarizing(device, noise_scale))
    return sample_noisy(circuit, machine.read, n_shots, rng)


def sample_noisy(
    circuit: cirq.Circuit, read: Sequence[str], n_shots: int, rng: np.random.Generator
) -> np.ndarray:
    """Return shots of the operations of a machine circuit with channels among them.

    Args:
        circuit: As :func:`qnnbench.hardware.noise.noisy_circuit` returns it.
        read: Keys of the bits that are returned.
        n_shots: How often.
        rng: Source of outcomes and errors.

    Returns:
        Uint8 bits (n_shots, len(read)).

    Raises:
        ValueError: n_shots < 1, or too many qubits held at once.

    Source:
        Dalibard, Castin and Mølmer, Phys. Rev. Lett. 68, 580 (1992), for channels of
        unitaries: the branch does not depend on the state.
    """
    if n_shots < 1:
        raise ValueError(f"n_shots must be >= 1, got {n_shots}")
    steps = _with_ends(list(_steps(circuit)))
    width = _most_live(steps)
    if width > MAX_LIVE_QUBITS:
        raise ValueError(
            f"the circuit holds {width} qubits at once, trajectories take up to "
            f"{MAX_LIVE_QUBITS}. Build it with reuse=True, read fewer qubits, or run it on a "
            "vendor's emulator."
        )
    size = max(_CACHED_AMPLITUDES >> width, min(_FEW_SHOTS, _MOST_AMPLITUDES >> width))
    bits = np.empty((n_shots, len(read)), dtype=np.uint8)
    for start in range(0, n_shots, size):
        chunk = _Chunk(min(size, n_shots - start), rng)
        for step in steps:
            chunk.do(step)
        for column, key in enumerate(read):
            bits[start : start + size, column] = chunk.bits[key]
    return bits


def live_width(machine: MachineCircuit) -> int:
    """Return how many qubits of a machine circuit state vectors hold at once, at most."""
    return _most_live(_with_ends(list(_steps(machine.circuit))))


def counts(bits: np.ndarray) -> dict[str, int]:
    """Return the number of shots by outcome string of bits (n_shots, n_read), sorted."""
    found = Counter("".join(map(str, row)) for row in bits.tolist())
    return dict(sorted(found.items()))


def _steps(circuit: cirq.Circuit) -> Iterator[_Step]:
    """Yield what a circuit with channels does, in time order."""
    for op in circuit.all_operations():
        gate, key = op.without_classical_controls().gate, _control(op)
        if isinstance(gate, cirq.ZZPowGate):
            yield _Phase(op.qubits, complex(np.exp(1j * np.pi * gate.exponent)), key)
        elif isinstance(gate, NATIVE):
            yield _Turn(op.qubits[0], cirq.unitary(gate).astype(_DTYPE), key)
        elif isinstance(gate, cirq.MeasurementGate):
            yield _Read(op.qubits[0], cirq.measurement_key_name(op), confusion_of(gate))
        elif isinstance(gate, cirq.DepolarizingChannel):
            letters = np.indices((4,) * gate.num_qubits()).reshape(gate.num_qubits(), -1).T
            yield _Error(op.qubits, gate.p, letters[1:])
        elif isinstance(gate, cirq.PhaseFlipChannel):
            yield _Error(op.qubits, gate.p, np.array([[3]]))
        elif isinstance(gate, cirq.ResetChannel):
            yield _Forget(op.qubits[0])


def _control(op: cirq.Operation) -> str | None:
    return next((str(key) for key in cirq.control_keys(op)), None)


def _with_ends(steps: list[_Step]) -> list[_Step]:
    """Return the steps with every qubit forgotten as soon as nothing follows on it.

    Errors and turns in between change nothing that is read and are left out.
    """
    kept: list[_Step] = []
    idle = set().union(*(_qubits(step) for step in steps))  # going back in time: not needed
    for step in reversed(steps):
        if isinstance(step, _Forget):
            idle.add(step.qubit)
            continue
        qubits = _qubits(step)
        if not isinstance(step, _Read):
            if idle.issuperset(qubits):
                continue
            kept += [_Forget(q) for q in qubits if q in idle]
        idle.difference_update(qubits)
        kept.append(step)
    return kept[::-1]


def _qubits(step: _Step) -> tuple[cirq.Qid, ...]:
    if isinstance(step, _Phase):
        return step.pair
    return step.qubits if isinstance(step, _Error) else (step.qubit,)


def _most_live(steps: list[_Step]) -> int:
    live: set[cirq.Qid] = set()
    most = 0
    for step in steps:
        if isinstance(step, _Phase):
            live.update(step.pair)
        elif isinstance(step, _Read | _Forget):
            live.discard(step.qubit)
        most = max(most, len(live))
    return most


class _Chunk:
    """Shots that are run together.

    One-qubit unitaries wait in ``turns`` until a two-qubit gate or a measurement needs them,
    errors of single shots among them; a qubit that only such act on is not in the vectors.

    Attributes:
        vectors: float32 (2, 2^live, n_shots): real and imaginary parts.
        order: Qubits of the vectors, the most significant first.
        turns: What is still to be applied, by qubit: (2, 2), or (2, 2, n_shots).
        bits: What was read, by key: bool (n_shots,).
    """

    def __init__(self, n_shots: int, rng: np.random.Generator) -> None:
        self.n_shots, self.rng = n_shots, rng
        self.vectors = np.zeros((2, 1, n_shots), np.float32)
        self.vectors[0] = 1
        self.order: list[cirq.Qid] = []
        self.turns: dict[cirq.Qid, np.ndarray] = {}
        self.bits: dict[str, np.ndarray] = {}

    def do(self, step: _Step) -> None:
        """Run one step on all shots."""
        if isinstance(step, _Turn):
            self._turn(step.qubit, self._where(step.key, step.matrix, _PAULIS[0]))
        elif isinstance(step, _Phase):
            self._phase(step)
        elif isinstance(step, _Error):
            self._err(step)
        elif isinstance(step, _Read):
            is_one = self._measured(step.qubit)
            read_as_one = np.where(is_one, step.confusion[1, 1], step.confusion[0, 1])
            self.bits[step.key] = self.rng.random(self.n_shots) < read_as_one
        else:
            self.turns.pop(step.qubit, None)  # in which basis it is lost does not matter
            self._measured(step.qubit)

    def _where(self, key: str | None, then: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
        """Return one array, or one for each shot along a new last axis, as its bit says."""
        if key is None:
            return then
        return np.where(self.bits[key], then[..., None], otherwise[..., None])

    def _turn(self, qubit: cirq.Qid, matrix: np.ndarray) -> None:
        if qubit in self.turns:
            matrix = np.einsum("ij...,jk...->ik...", matrix, self.turns[qubit])
        self.turns[qubit] = matrix

    def _phase(self, step: _Phase) -> None:
        from qnnbench.hardware.trajectory_kernel import turn_pair  # compiles

        for qubit in step.pair:
            if qubit not in self.order:
                self.vectors = np.concatenate([self.vectors, np.zeros_like(self.vectors)], axis=1)
                self.order.insert(0, qubit)
        pair = sorted(step.pair, key=self._bit, reverse=True)
        phase = self._where(step.key, np.array(step.phase), np.array(1.0))
        parts = [self.turns.pop(qubit, _PAULIS[0]).reshape(4, -1) for qubit in pair]
        factors = self._planes([*parts, phase.reshape(1, -1)])
        buffer = np.empty((8, self.n_shots), np.float32)
        turn_pair(self.vectors, *map(self._bit, pair), factors, buffer)

    def _bit(self, qubit: cirq.Qid) -> int:
        return len(self.order) - 1 - self.order.index(qubit)

    def _planes(self, parts: list[np.ndarray]) -> np.ndarray:
        """Return numbers (k, 1 or n_shots) as float32, rows of real and imaginary parts."""
        rows = [np.broadcast_to(part, (len(part), self.n_shots)) for part in parts]
        numbers = np.concatenate(rows)
        planes = np.stack([numbers.real, numbers.imag], axis=1)
        return planes.reshape(-1, self.n_shots).astype(np.float32)

    def _err(self, step: _Error) -> None:
        hit = np.flatnonzero(self.rng.random(self.n_shots) < step.rate)
        if not len(hit):
            return
        letters = step.letters[self.rng.integers(len(step.letters), size=len(hit))]
        for qubit, column in zip(step.qubits, letters.T, strict=True):
            paulis = np.repeat(_PAULIS[0][..., None], self.n_shots, axis=2)
            paulis[:, :, hit] = np.moveaxis(_PAULIS[column], 0, 2)
            self._turn(qubit, paulis)

    def _measured(self, qubit: cirq.Qid) -> np.ndarray:
        """Return the outcomes of a Z measurement, bool (n_shots,); the qubit is gone after."""
        draws = self.rng.random(self.n_shots)
        turn = self.turns.pop(qubit, _PAULIS[0]).reshape(2, 2, -1)
        if qubit not in self.order:
            return np.asarray(draws < np.broadcast_to(np.abs(turn[1, 0]) ** 2, self.n_shots))
        from qnnbench.hardware.trajectory_kernel import overlaps, project  # compiles

        bit, sums = self._bit(qubit), np.zeros((4, self.n_shots))
        overlaps(self.vectors, bit, sums)
        cross = turn[1, 0] * turn[1, 1].conj() * (sums[2] + 1j * sums[3])
        weight = np.abs(turn[1]) ** 2  # of |x|² and |y|² in that of outcome 1
        one = weight[0] * sums[0] + weight[1] * sums[1] + 2 * cross.real
        zero = sums[0] + sums[1] - one
        is_one = draws * (zero + one) >= zero
        row = np.where(is_one, turn[1], turn[0]) / np.sqrt(np.where(is_one, one, zero))
        size = self.vectors.shape[1] // 2
        kept = np.empty((2, size, self.n_shots), np.float32)
        project(self.vectors, bit, self._planes([row]), kept)
        self.vectors = kept
        self.order.remove(qubit)
        return is_one


def run_locally(
    machine: MachineCircuit,
    n_shots: int,
    seed: int,
    noise_scale: float = 0.0,
    device: str = "Helios",
) -> dict[str, int]:
    """Return counts by outcome string, errors those of a device times a factor.

    Args:
        machine: What is run.
        n_shots: How often.
        seed: Of outcomes and errors.
        noise_scale: Factor of the error rates; 0 for none.
        device: Whose errors.

    Raises:
        ValueError: As :func:`sample_machine`.
    """
    return counts(
        sample_machine(machine, n_shots, np.random.default_rng(seed), device, noise_scale)
    )
