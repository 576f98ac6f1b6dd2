"""Noise of H2 machines in the PECOS emulator."""

from typing import Any

from qnnbench.hardware.devices import ErrorRates
from qnnbench.hardware.packages import vendor_module


def error_model(rates: ErrorRates) -> Any:
    """Return PECOS' generic error model at these rates.

    Depolarizing noise follows each PhasedX and each ZZ; a rotation about Z, done by shifting
    a phase, has none, where the generic model alone would give it that of a gate. A readout
    flips with the mean of both rates; preparation errors are in it. Waiting costs nothing.

    PECOS takes infidelities and multiplies them by 3/2 and 5/4 itself.
    """
    generic = vendor_module("pecos.error_models.generic_error_model").GenericErrorModel

    class FreeZ(generic):  # type: ignore[misc,valid-type]
        def process(self, qops: list[Any], call_back: Any = None) -> list[Any]:
            noisy: list[Any] = []
            for op in qops:
                noisy += [op] if op.name == "RZ" else super().process([op], call_back)
            return noisy

    return FreeZ(
        {
            "p1": rates.one_qubit * 2 / 3,
            "p2": rates.two_qubit * 4 / 5,
            "p_meas": (rates.reads_one + rates.reads_zero) / 2,
            "p_init": 0.0,
        }
    )
