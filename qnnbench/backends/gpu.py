"""State vectors and operators on a CUDA device, through CuPy: taken by name only.

What runs is the code of 'statevector' and 'heisenberg' on other arrays, in double precision.
Static costs are those of one core: limits hold, conservatively. Tested on a stand-in that follows
CuPy's rules; never yet run on a device.
"""

from typing import Any

import numpy as np

from qnnbench.backends import heisenberg, statevector
from qnnbench.backends.protocol import BackendCannot, Cost, Evaluation, Query
from qnnbench.backends.statevector.arrays import ArrayKernel

CHUNK_BYTES = 1 << 32  # of a contraction's working set: as many states at once as fit


def _cupy(instead: str) -> Any:
    """Return CuPy, or decline in favour of the backend ``instead``."""
    try:
        import cupy
    except ImportError:
        found = "CuPy is not installed"
    else:
        if cupy.is_available():
            return cupy
        found = "CuPy finds no device"
    raise BackendCannot(
        f"{instead}_gpu: needs CuPy and a CUDA device, but {found}. On a machine with a device "
        f"run pip install 'qnnbench[gpu]'; elsewhere use '{instead}'."
    )


def statevector_cost(query: Query) -> Cost:
    """Return the static cost on one core.

    Raises:
        BackendCannot: No device; or see :func:`statevector.cost`.
    """
    _cupy("statevector")
    return statevector.cost(query)


def statevector_evaluate(query: Query, params: np.ndarray) -> Evaluation:
    """Return exact complex128 values and gradients; see :func:`statevector.evaluate`.

    Raises:
        BackendCannot: No device; or see :func:`statevector.cost`.
    """
    return statevector.evaluate(query, params, ArrayKernel(_cupy("statevector").asarray))


def heisenberg_cost(query: Query, max_bond_dim: int = 16) -> Cost:
    """Return the static cost on one core at operator bond ``max_bond_dim``.

    Raises:
        BackendCannot: No device; or see :func:`heisenberg.cost`.
    """
    _cupy("heisenberg")
    return heisenberg.cost(query, max_bond_dim)


def heisenberg_evaluate(query: Query, params: np.ndarray, max_bond_dim: int = 16) -> Evaluation:
    """Return float64 values and gradients; see :func:`heisenberg.evaluate`.

    Raises:
        BackendCannot: No device; or see :func:`heisenberg.evaluate`.
    """
    cupy = _cupy("heisenberg")
    from cupyx import errstate

    with errstate(linalg="raise"):  # a failed Cholesky factor is found, as NumPy does
        return heisenberg.evaluate(query, params, max_bond_dim, cupy.asarray, CHUNK_BYTES)
