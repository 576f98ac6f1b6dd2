"""Whether IBM's packages are there, asked before they are first needed."""

from importlib.util import find_spec


def require(name: str) -> None:
    """Raise ImportError, with the command that installs it, unless a package is installed."""
    if find_spec(name) is None:
        raise ModuleNotFoundError(
            f"IBM's machines and their emulators need {name}, which is not installed: run "
            "pip install 'qnnbench[ibm]'.",
            name=name,
        )
