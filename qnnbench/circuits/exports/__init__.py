"""Networks, with or without their angles, in the forms that other packages read."""

from collections.abc import Callable
from dataclasses import dataclass

from qnnbench.circuits.exports.packages import to_cirq_json, to_pytket_json, to_qpy
from qnnbench.circuits.exports.qasm3 import to_qasm3

__all__ = ["FORMATS", "Format", "to_cirq_json", "to_pytket_json", "to_qasm3", "to_qpy"]


@dataclass(frozen=True)
class Format:
    """A form of a network and how it stands in a file.

    Attributes:
        make: Maps a network and its angles, (n_symbols,) radians, to the content of a file;
            without an ``extra`` the angles may be left out and stay open.
        suffix: Of such a file.
        extra: What installs the package behind it, "ibm" as in ``qnnbench[ibm]``; "" where
            nothing is missing.
    """

    make: Callable[..., str | bytes]
    suffix: str
    extra: str = ""


FORMATS: dict[str, Format] = {
    "qasm3": Format(to_qasm3, ".qasm"),
    "cirq": Format(to_cirq_json, ".json"),
    "qpy": Format(to_qpy, ".qpy", "ibm"),
    "pytket": Format(to_pytket_json, ".json", "quantinuum"),
}
