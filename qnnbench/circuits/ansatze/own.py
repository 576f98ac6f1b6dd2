"""An ansatz that a user's own file makes, with what the file claims of its gradients."""

from pathlib import Path
from typing import Any

from qnnbench.circuits.ansatze.network import Ansatz
from qnnbench.own import DEFAULT_FUNCTION, attribute_of, function_of, name_of
from qnnbench.registry import lookup

_CLAIM = {  # key of a claim -> field of an Ansatz
    "plateau": "plateau",
    "source": "source",
    "options": "claim_options",
    "angles": "angles",
    "n_samples": "n_samples",
    "widths": "widths",
}


def own_ansatz(file: str | Path, function: str = DEFAULT_FUNCTION, **reference: Any) -> Ansatz:
    """Return the ansatz of a Python file: a function, and what the file claims of it.

    The function maps ``(n_qubits, **options)`` to a :class:`Network`. The file may hold
    ``CLAIMS = {function: {"plateau": "no", …}}`` with "options", "angles", "n_samples",
    "widths" and "source" as in :class:`Ansatz`; what is claimed is measured, never believed.

    Args:
        file: A ``.py`` file. It has to hold all code but what is installed.
        function: Name of the function.
        **reference: "hash" of the file as the study knows it, if it does.

    Raises:
        FileNotFoundError: No such file.
        ValueError: A file that fails, lacks the function, was changed, or claims nonsense.
    """
    source = {"file": str(file), "function": function, **reference}
    build = function_of(source)
    claims = attribute_of(source, "CLAIMS", {})
    claim = claims.get(function, {}) if isinstance(claims, dict) else None
    if not isinstance(claim, dict):
        raise ValueError(
            f"CLAIMS of {file} must map a function's name to what is claimed, as in "
            f'CLAIMS = {{{function!r}: {{"plateau": "no"}}}}; got {claims!r}'
        )
    fields = {lookup(_CLAIM, key, f"key of a claim in {file}"): v for key, v in claim.items()}
    told = {"plateau": "unclaimed", "source": str(file), **fields}
    lookup(dict.fromkeys(("yes", "no", "unclaimed")), told["plateau"], "answer to plateau")
    told["widths"] = tuple(told.get("widths", Ansatz.widths))
    return Ansatz(name_of(source), build, **told)
