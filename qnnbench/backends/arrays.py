"""Arrays on the processor or on an accelerator: the same code runs on both.

A function ``on_device`` moves NumPy arrays there: ``np.asarray`` where they stay, or CuPy's
``asarray``. NumPy's functions follow the arrays they get, and new arrays are made ``like=``
others (NEP 35). Indices stay on the host.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any  # of NumPy, or of a module that follows it
OnDevice = Callable[[np.ndarray], Array]


def on_host(array: Array) -> np.ndarray:
    """Return ``array`` as an array of NumPy."""
    return array if isinstance(array, np.ndarray) else array.get()
