"""What running a network on a machine takes, and whether its gradient would be seen."""

from typing import Any

import cirq
import numpy as np
import sympy

from qnnbench.circuits.angles import AngleLaw
from qnnbench.circuits.ansatze import Network
from qnnbench.hardware.devices import Device, depolarizing
from qnnbench.hardware.jobs import Vendor
from qnnbench.hardware.machine import machine_circuit
from qnnbench.hardware.noise import no_error_probability, noisy_circuit
from qnnbench.hardware.shifts import occurrences
from qnnbench.moments import moments
from qnnbench.moments.verdict import shots_to_resolve
from qnnbench.states.mps import PureState


def untied(network: Network) -> Network:
    """Return the network with a symbol of its own in every gate.

    A machine shifts gates one at a time, so what has to be seen is the derivative by one gate.
    """
    symbols: list[sympy.Symbol] = []

    def alone(op: cirq.Operation, moment: int) -> cirq.Operation:
        if not cirq.is_parameterized(op):
            return op
        own = {
            name: sympy.Symbol(f"{name}_at_{len(symbols) + i}")
            for i, name in enumerate(sorted(cirq.parameter_names(op)))
        }
        symbols.extend(own.values())
        return cirq.resolve_parameters(op, own, recursive=False)

    circuit = cirq.map_operations(network.circuit, alone)
    return Network(circuit, tuple(symbols), network.observables, network.n_discarded)


def dry_run(
    network: Network,
    params: np.ndarray,
    vendor: Vendor,
    device: str,
    model: Device,
    n_shots: int,
    *,
    state: PureState | None = None,
    angles: str | AngleLaw = "uniform",
    pooling: str = "feed_forward",
    max_bond_dim: int = 64,
) -> dict[str, Any]:
    """Return counts, price, errors and visibility of one circuit; nothing is sent.

    Args:
        network: Its last observable, a Pauli string, is read.
        params: Angles in radians, (n_symbols,).
        vendor: Gives the price.
        device: One of the vendor's.
        model: Published figures of the machine.
        n_shots: Of one circuit.
        state: The input; None for |0…0>.
        angles: Law of the angles over which the gradient is judged.
        pooling: See :func:`qnnbench.hardware.machine.machine_circuit`.
        max_bond_dim: Operator bond of the moments.

    Returns:
        ``n_logical``, ``n_physical``, ``fits``; ``n_one_qubit``, ``n_two_qubit``,
        ``n_measurements``, ``depth``; ``cost`` of one circuit, ``cost_spsa_step`` (two) and
        ``cost_gradient`` (every gate shifted), with their ``unit``; ``no_error_probability``;
        ``log10_gradient_variance`` of one gate's derivative, the mean over gates, exact for
        independent angles; ``log10_shots`` that resolve it at one sigma; ``is_visible`` with
        ``n_shots`` a circuit.

    Raises:
        ValueError: The vendor has no such device, or what machine_circuit refuses.
    """
    observable = network.observables[-1]
    machine = machine_circuit(network, params, observable, state, pooling=pooling)
    cost = vendor.cost(machine, n_shots, device)
    n_shifts = sum(len(found.shifts) for found in occurrences(network))
    alone = untied(network)
    found = moments(
        alone.circuit,
        observable,
        symbols=alone.symbols,
        angles=angles,
        state=state,
        tolerance=0.1,
        max_bond_dim=max_bond_dim,
    )
    variance = float(np.mean(10.0 ** np.asarray(found.log10_gradient_variance)))
    log10_variance = float(np.log10(variance)) if variance > 0 else -np.inf
    log10_shots = shots_to_resolve(log10_variance)
    return {
        "device": device,
        "n_logical": machine.n_logical,
        "n_physical": machine.n_physical,
        "fits": machine.n_physical <= model.n_qubits,
        "n_one_qubit": machine.n_one_qubit,
        "n_two_qubit": machine.n_two_qubit,
        "n_measurements": machine.n_measurements,
        "depth": machine.depth,
        "cost": cost,
        "cost_spsa_step": 2 * cost,
        "cost_gradient": n_shifts * cost,
        "unit": vendor.unit,
        "no_error_probability": no_error_probability(
            noisy_circuit(machine.circuit, depolarizing(model))
        ),
        "log10_gradient_variance": log10_variance,
        "log10_shots": log10_shots,
        "is_visible": log10_shots <= float(np.log10(2 * n_shots)),
    }
