"""The vendors' packages, imported when they are first needed."""

from importlib import import_module
from typing import Any

from qnnbench.registry import lookup

EXTRAS = {  # package: extra that brings it
    "guppylang": "quantinuum",
    "hugr": "quantinuum",
    "pecos": "quantinuum",
    "pytket": "quantinuum",
    "pytket_pecos": "quantinuum",
    "qnexus": "quantinuum",
    "selene_sim": "quantinuum",
    "qiskit": "ibm",
    "qiskit_aer": "ibm",
    "qiskit_ibm_runtime": "ibm",
}
MAKERS = {"ibm": "IBM's", "quantinuum": "Quantinuum"}


def vendor_module(name: str) -> Any:
    """Return a module of a vendor's package.

    Raises:
        ModuleNotFoundError: It is not installed; the message says how to install it.
        ValueError: The package is in none of the extras.
    """
    extra = lookup(EXTRAS, name.partition(".")[0], "vendor's package")
    try:
        return import_module(name)
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            f"{MAKERS[extra]} machines and their emulators need {missing.name}, which is not "
            f"installed: run pip install 'qnnbench[{extra}]'.",
            name=missing.name,
        ) from missing
