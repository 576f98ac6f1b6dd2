"""Classical learners as candidates of fixed settings; the validation split chooses.

scikit-learn is imported on first use. Pedregosa et al., J. Mach. Learn. Res. 12, 2825 (2011).
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

SMALLEST_OVERLAP = 1e-300  # zero counts as this: farther than anything that is not


def _logistic(seed: int) -> list[Any]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return [
        make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=1000))
        for c in (0.01, 1.0, 100.0)
    ]


def _boosting(seed: int) -> list[Any]:
    from sklearn.ensemble import GradientBoostingClassifier

    return [
        GradientBoostingClassifier(
            n_estimators=100, max_depth=depth, max_features="sqrt", random_state=seed
        )
        for depth in (1, 3)
    ]


def _mlp(seed: int) -> list[Any]:
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return [
        make_pipeline(
            StandardScaler(),
            MLPClassifier((16,), solver="lbfgs", alpha=alpha, max_iter=100, random_state=seed),
        )
        for alpha in (1.0, 0.01)
    ]


def _svm(seed: int) -> list[Any]:
    from sklearn.svm import SVC

    return [SVC(kernel="precomputed", C=c) for c in (1.0, 100.0, 1e4)]


def _nearest(seed: int) -> list[Any]:
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    return [
        make_pipeline(
            FunctionTransformer(_distance),
            KNeighborsClassifier(k, metric="precomputed"),
        )
        for k in (1, 3, 5)
    ]


def _distance(kernel: np.ndarray) -> np.ndarray:
    """Return -log10 of overlaps: their order alone matters, and 1e-20 is not 1e-30."""
    return -np.log10(np.clip(kernel, SMALLEST_OVERLAP, 1.0))


LEARNERS: dict[str, Callable[[int], list[Any]]] = {
    "logistic": _logistic,
    "boosting": _boosting,
    "mlp": _mlp,
    "svm": _svm,  # columns are kernel values with the training states, as for "nearest"
    "nearest": _nearest,
}


def predictions(
    candidates: list[Any], columns: np.ndarray, labels: np.ndarray, splits: np.ndarray
) -> np.ndarray:
    """Return the predicted labels of the test split.

    Every candidate is fitted to the training split; the first of those most accurate on the
    validation split predicts. Labels of the test split are not looked at.

    Args:
        candidates: scikit-learn classifiers.
        columns: One row per state, (n_states, n_columns).
        labels: Class of each state.
        splits: "train", "validation" or "test" of each state.
    """
    from sklearn.exceptions import ConvergenceWarning

    train, validation, test = (splits == s for s in ("train", "validation", "test"))
    with warnings.catch_warnings():
        # The number of iterations is part of a candidate; validation judges the outcome.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = [candidate.fit(columns[train], labels[train]) for candidate in candidates]
    accuracies = [model.score(columns[validation], labels[validation]) for model in fitted]
    return np.asarray(fitted[int(np.argmax(accuracies))].predict(columns[test]))
