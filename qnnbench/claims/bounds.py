"""What published numbers are held against: bounds that are computed, by name."""

from collections.abc import Callable, Mapping

import numpy as np

from qnnbench.hardware.devices import DEVICES


def best_constant_mse(labels: np.ndarray) -> float:
    """Return the mean squared error of the constant that predicts ``labels`` best.

    The best constant is their mean, and the error their variance. Labels 0 and 1, a share p of
    them 1, have p(1 - p): 1/4 where they are balanced, and less for any other share.

    Args:
        labels: What is to be predicted, (n_samples,), at least one.

    Source:
        Hastie, Tibshirani and Friedman, The Elements of Statistical Learning (2009), Eq. (2.13).
    """
    values = np.asarray(labels, float)
    return float(np.mean((values - values.mean()) ** 2))


def most_qubits(vendor: str) -> float:
    """Return the qubits of the largest machine of a vendor among ``DEVICES``."""
    return float(max(d.n_qubits for d in DEVICES.values() if d.vendor == vendor))


BOUNDS: Mapping[str, Callable[[], float]] = {
    "the error of the best constant": lambda: best_constant_mse(np.array([0.0, 1.0])),
    "the qubits of the largest trapped-ion machine": lambda: most_qubits("quantinuum"),
    "the qubits of the largest superconducting machine": lambda: most_qubits("ibm"),
}
