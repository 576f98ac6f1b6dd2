"""What every ansatz keeps, built-in or a user's own: checked at one width, in words."""

from collections.abc import Iterator
from inspect import Parameter, signature
from typing import Any

import cirq
import numpy as np
import sympy

from qnnbench.circuits.ansatze.network import Ansatz, Network
from qnnbench.circuits.gates import UnsupportedCircuit
from qnnbench.circuits.observables import on_sites
from qnnbench.circuits.program import compile_circuit
from qnnbench.own import told

_MANY = 5  # names that a message holds at most


def contract_problems(ansatz: Ansatz, n_qubits: int, **options: Any) -> list[str]:
    """Return what an ansatz breaks of the contract at one width; nothing if it keeps it.

    The contract: ``build(n_qubits, **options)`` returns a :class:`Network` whose circuit acts
    on ``cirq.LineQubit.range(n_qubits)``, idle qubits under ``cirq.I``, with unitary gates on
    one or two qubits, each angle affine in the symbols; whose symbols are all of the circuit's
    and no others, each once; whose observables are Hermitian Pauli or projector strings or
    sums of these on these qubits; and which is the same when it is built again.

    Args:
        ansatz: An entry of ``ANSATZE`` or one of ``own_ansatz``.
        n_qubits: Width.
        **options: Of its builder.

    Returns:
        Sentences: what was asked, what was found, what to do.
    """
    if odd := _signature_problem(ansatz):
        return [odd]
    try:
        first, second = (ansatz.build(n_qubits, **options) for _ in range(2))
    except Exception as error:  # whatever the user's code raises is told as it is
        asked = "".join(f", {key}={value!r}" for key, value in options.items())
        file = ansatz.build.__code__.co_filename if hasattr(ansatz.build, "__code__") else ""
        return [f"{_call(ansatz)}({n_qubits}{asked}) fails: {told(error, file)}"]
    if not isinstance(first, Network):
        return [
            f"{_call(ansatz)} must return a qnnbench.Network, returned a {type(first).__name__}: "
            "qnnbench.Network(circuit, symbols, observables)"
        ]
    shapes = list(_type_problems(first))
    if shapes:
        return shapes
    return [
        *_circuit_problems(first, n_qubits),
        *_symbol_problems(first),
        *_observable_problems(first, n_qubits),
        *_repeat_problems(first, second),
    ]


def _call(ansatz: Ansatz) -> str:
    return getattr(ansatz.build, "__name__", ansatz.name)


def _signature_problem(ansatz: Ansatz) -> str:
    parameters = list(signature(ansatz.build).parameters.values())
    if not parameters or parameters[0].name != "n_qubits":
        return f"the first argument of {_call(ansatz)} must be n_qubits, found {parameters[:1]}"
    for option in parameters[1:]:
        if option.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
            return f"{_call(ansatz)} takes {option}: name its options, so that typos are found"
        if option.default is Parameter.empty:
            return f"option {option.name!r} of {_call(ansatz)} needs a default"
    return ""


def _type_problems(network: Network) -> Iterator[str]:
    if not isinstance(network.circuit, cirq.AbstractCircuit):
        yield f"circuit must be a cirq.Circuit, found a {type(network.circuit).__name__}"
    for name in ("symbols", "observables"):
        if not isinstance(getattr(network, name), tuple):
            yield f"{name} must be a tuple, found {getattr(network, name)!r}"[:200]
    if isinstance(network.symbols, tuple):
        odd = [symbol for symbol in network.symbols if not isinstance(symbol, sympy.Symbol)]
        if odd:
            yield f"symbols must be sympy.Symbol, found {odd[0]!r}, a {type(odd[0]).__name__}"


def _circuit_problems(network: Network, n_qubits: int) -> Iterator[str]:
    found, asked = network.circuit.all_qubits(), set(cirq.LineQubit.range(n_qubits))
    if odd := sorted(found - asked)[:_MANY]:
        yield f"the circuit acts on {odd}, which are not in cirq.LineQubit.range({n_qubits})"
    if idle := sorted(asked - found)[:_MANY]:
        yield f"the circuit leaves out {idle}: give idle qubits cirq.I, so that they count"
    wide = [op for op in network.circuit.all_operations() if cirq.num_qubits(op) > 2]
    if wide:
        yield f"gates act on one or two qubits, found {wide[0]!r}: write it as several"
        return  # a program says the same of it
    try:
        compile_circuit(network.circuit)
    except UnsupportedCircuit as unsupported:
        yield str(unsupported)


def _symbol_problems(network: Network) -> Iterator[str]:
    names = [symbol.name for symbol in network.symbols]
    used = cirq.parameter_names(network.circuit)
    if twice := sorted({name for name in names if names.count(name) > 1})[:_MANY]:
        yield f"symbols holds {twice} more than once: it is an order, list each once"
    if missing := sorted(used - set(names))[:_MANY]:
        yield f"symbols lacks {missing}, which stand in the circuit"
    if idle := sorted(set(names) - used)[:_MANY]:
        yield f"symbols holds {idle}, which no gate uses: leave them out"


def _observable_problems(network: Network, n_qubits: int) -> Iterator[str]:
    if not network.observables:
        yield "observables is empty: name what is read out, as cirq.PauliString(cirq.Z(qubit))"
    if not 0 <= network.n_discarded <= len(network.observables):
        yield (
            f"n_discarded must be in 0..{len(network.observables)}, the number of observables, "
            f"found {network.n_discarded!r}"
        )
    if not isinstance(network.n_layers, int | np.integer) or network.n_layers < 0:
        yield f"n_layers must be a whole number >= 0, found {network.n_layers!r}"
    sites: dict[cirq.Qid, int] = {q: i for i, q in enumerate(cirq.LineQubit.range(n_qubits))}
    for k, observable in enumerate(network.observables):
        parts = list(observable) if isinstance(observable, cirq.ProjectorSum) else [observable]
        try:
            for part in parts:
                on_sites(part, sites)
        except KeyError as stranger:
            yield f"observable {k} acts on {stranger}, which is not in range({n_qubits})"
        except UnsupportedCircuit as unsupported:
            yield f"observable {k}: {unsupported}"


def _repeat_problems(first: Network, second: Network) -> Iterator[str]:
    for name in ("circuit", "symbols", "observables"):
        if getattr(first, name) != getattr(second, name):
            yield (
                f"built twice, its {name} differ: the same arguments have to give the same "
                "network; draw random parts from a generator seeded with an option"
            )
