"""The vendor's packages, imported when they are first needed."""

from importlib import import_module
from typing import Any


def vendor_module(name: str) -> Any:
    """Return a module of the extra ``quantinuum``.

    Raises:
        ModuleNotFoundError: It is not installed; the message says how to install it.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            f"Quantinuum machines and their emulators need {missing.name}, which is not "
            "installed: run pip install 'qnnbench[quantinuum]'.",
            name=missing.name,
        ) from missing
