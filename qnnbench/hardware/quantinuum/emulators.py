"""Quantinuum's own emulators on this computer: PECOS for H2, selene for Helios."""

import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qnnbench.hardware.devices import ErrorRates, depolarizing
from qnnbench.hardware.packages import vendor_module
from qnnbench.hardware.quantinuum.bits import counts_by_name
from qnnbench.hardware.quantinuum.guppy_programs import helios_program
from qnnbench.hardware.quantinuum.machines import check_fits, is_helios, published
from qnnbench.hardware.quantinuum.pecos_errors import error_model
from qnnbench.hardware.quantinuum.pytket_circuits import compiled

if TYPE_CHECKING:
    from qnnbench.hardware.machine import MachineCircuit

MAX_QUBITS = 24  # state vectors: 0.25 GiB, seconds per shot beyond


def run_locally(
    machine: "MachineCircuit",
    n_shots: int,
    seed: int,
    noise_scale: float = 0.0,
    device: str = "H2-1",
) -> dict[str, int]:
    """Return counts from the vendor's emulator of a device, run here.

    H2 runs the compiled pytket circuit on PECOS, Helios the Guppy program on selene; both
    keep a state vector. Building a program for selene takes about ten seconds of CPU; the last
    eight are kept. Noise is depolarizing after PhasedX and ZZ, plus flips of what is read;
    waiting costs nothing.

    Args:
        machine: What is run.
        n_shots: How often, 1 to 10,000.
        seed: Equal seeds give equal counts, for one version of the vendor's packages.
        noise_scale: Factor of the published rates of the device, 0 for none.
        device: One of ``DEVICES``.

    Returns:
        Shots by outcome.

    Raises:
        ValueError: The device takes no such circuit or number of shots, the circuit is wider
            than 24 qubits, or the factor is negative or not finite.
        ModuleNotFoundError: The extra ``quantinuum`` is not installed.
    """
    check_fits(machine, n_shots, device)
    if machine.n_physical > MAX_QUBITS:
        raise ValueError(
            f"the emulators keep state vectors of {MAX_QUBITS} qubits at most, the circuit "
            f"uses {machine.n_physical}: build it with reuse of measured qubits, or narrower."
        )
    rates = depolarizing(published(device), noise_scale)
    seeds = [int(word) for word in np.random.SeedSequence(seed).generate_state(3, np.uint32)]
    if is_helios(device):
        return _on_selene(machine, n_shots, seeds, rates)
    return _on_pecos(compiled(machine, device), n_shots, seeds[0] >> 1, rates)


def _on_pecos(circuit: Any, n_shots: int, seed: int, rates: ErrorRates) -> dict[str, int]:
    """Return counts of a compiled pytket circuit; seeds are 31-bit numbers."""
    emulator = vendor_module("pytket_pecos").Emulator(
        circuit,
        error_model=error_model(rates) if any(vars(rates).values()) else None,
        qsim="state-vector",
        seed=seed,
    )
    names = sorted(bit.reg_name for bit in circuit.bits)  # the order in which PECOS has them
    shots = emulator.run(n_shots).to_readouts()
    return counts_by_name(dict(zip(names, shot, strict=True)) for shot in shots)


def _on_selene(
    machine: "MachineCircuit", n_shots: int, seeds: list[int], rates: ErrorRates
) -> dict[str, int]:
    """Return counts of the Guppy program; simulator, noise and runtime have seeds of their own.

    Shot k of a run is seeded with the seed plus k, so that runs with seeds 1 and 2 would share
    all shots but one: seeds here are random words.
    """
    backends = vendor_module("selene_sim.backends")
    noise = backends.DepolarizingErrorModel(
        random_seed=seeds[1],
        p_1q=rates.one_qubit,
        p_2q=rates.two_qubit,
        p_meas=(rates.reads_one + rates.reads_zero) / 2,
    )
    _, instance = _built(helios_program(machine).to_bytes(), machine.n_physical)
    shots = (
        instance.with_shots(n_shots)
        .with_simulator(backends.Quest(random_seed=seeds[0]))
        .with_error_model(noise)
        .with_runtime(backends.SoftRZRuntime(random_seed=seeds[2]))  # Z shifts a phase: no noise
        .run()
    )
    return counts_by_name(shot.as_dict() for shot in shots.results)


@lru_cache(maxsize=8)
def _built(program: bytes, n_qubits: int) -> tuple[tempfile.TemporaryDirectory[str], Any]:
    """Return an executable of a compiled program, and the folder that goes when it goes."""
    folder = tempfile.TemporaryDirectory(prefix="qnnbench_selene_")
    package = vendor_module("hugr.package").Package.from_bytes(program)
    builder = vendor_module("guppylang.emulator").EmulatorBuilder()
    return folder, builder.with_build_dir(Path(folder.name)).build(package, n_qubits)
