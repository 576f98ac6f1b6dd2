"""Exact second moments of losses and gradients over random angles.

The package is callable, because ``qnnbench.moments(circuit, observable)`` is the public
function and Python binds a subpackage to that same name once it is imported.
"""

import sys
from types import ModuleType
from typing import Any

from qnnbench.moments.compute import moments
from qnnbench.moments.pauli_circuit import CannotCompute
from qnnbench.moments.record import Moments
from qnnbench.moments.rows import trainability_row

__all__ = ["CannotCompute", "Moments", "moments", "trainability_row"]


class _Callable(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Moments:
        return moments(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
