"""qnnbench: at which width does a quantum neural network stop training, and why?"""

from importlib import import_module
from typing import Any

_HOMES = {  # public name -> (module, name there); loaded on first use, because Cirq costs 4 s
    "ansatz": ("circuits.ansatze", "build_ansatz"),
    "ANSATZE": ("circuits.ansatze", "ANSATZE"),
    "Network": ("circuits.ansatze", "Network"),
    "own_ansatz": ("circuits.ansatze", "own_ansatz"),
    "contract_problems": ("circuits.ansatze.contract", "contract_problems"),
    "measured_claim": ("moments.claims", "measured_claim"),
    "Gaussian": ("circuits.angles", "Gaussian"),
    "Uniform": ("circuits.angles", "Uniform"),
    "Fixed": ("circuits.angles", "Fixed"),
    "IdentityBlocks": ("circuits.angles", "IdentityBlocks"),
    "INITIAL_LAWS": ("circuits.angles", "INITIAL_LAWS"),
    "UnsupportedCircuit": ("circuits.gates", "UnsupportedCircuit"),
    "dataset": ("states.datasets", "build_dataset"),
    "DATASETS": ("states.datasets", "DATASETS"),
    "own_dataset": ("states.own", "own_dataset"),
    "labelled_states": ("states.own", "labelled_states"),
    "write_dataset": ("states.storage", "write_dataset"),
    "MPS": ("states.mps", "MPS"),
    "Mixture": ("states.mps", "Mixture"),
    "StabilizerState": ("states.stabilizer", "StabilizerState"),
    "two_copies": ("states.two_copies", "two_copies"),
    "expectations": ("backends", "expectations"),
    "BACKENDS": ("backends", "BACKENDS"),
    "BackendCannot": ("backends", "BackendCannot"),
    "OverBudget": ("backends", "OverBudget"),
    "sample": ("backends.sampling", "sample"),
    "moments": ("moments", "moments"),
    "TASKS": ("tasks", "TASKS"),
    "scaffold": ("scaffolding", "scaffold"),
    "trained": ("released", "trained"),
    "machine_circuit": ("hardware.machine", "machine_circuit"),
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'qnnbench' has no attribute {name!r}; it has {__all__}")
    module, attribute = _HOMES[name]
    return getattr(import_module(f"qnnbench.{module}"), attribute)


def __dir__() -> list[str]:
    return __all__
