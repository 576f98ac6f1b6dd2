"""Rows of what is no network: datasets, certificates and rivals."""

from typing import Any

import numpy as np

from tests.synthetic_rows.identities import WIDTHS, identity

RIVALS = (  # dataset, rival, record, copies, reached, ceiling
    ("spt_path", "logistic_z", "z shots", 1000, 0.93, 1.0),
    ("spt_path", "shadow_kernel", "shadows", 1000, 0.99, 1.0),
    ("lu_orbit", "logistic_z", "z shots", 1000, 0.51, 1.0),
    ("lu_orbit", "shadow_kernel", "shadows", 1000, 0.5, 1.0),
    ("ring_pair", "logistic_z", "z shots", 1000, 0.55, 1.0),
    ("ring_pair", "shadow_kernel", "shadows", 1000, 0.54, 1.0),
    ("ring_pair", "guess", "pauli expectations", None, 0.5, 1.0),
    ("cluster_ising", "logistic_z", "z shots", 1000, 0.9, 1.0),
    ("cluster_ising", "shadow_kernel", "shadows", 1000, 0.98, 1.0),
)


def rivals(widths: tuple[int, ...] = (8, 32, 100)) -> list[dict[str, Any]]:
    """Return one row per rival and width."""
    return [
        identity(f"rival {dataset} {arm} {n}", backend="scikit-learn")
        | {
            "task": "classification",
            "arm": arm,
            "dataset": dataset,
            "n_qubits": n,
            "repeat": 0,
            "record": record,
            "n_copies": copies,
            "metric": "accuracy",
            "value": value,
            "lower": value - 0.03,
            "upper": min(value + 0.03, 1.0),
            "n_samples": 200,
            "chance": 0.5,
            "ceiling": ceiling,
        }
        for dataset, arm, record, copies, value, ceiling in RIVALS
        for n in widths
    ]


def data(widths: tuple[int, ...] = WIDTHS[1:]) -> dict[str, list[dict[str, Any]]]:
    """Return rows of the tables datasets and certificates."""
    datasets, certificates = [], []
    for name in ("spt_path", "cluster_ising", "two_state", "ghz_dephased"):
        for n in widths:
            shared = identity(f"data {name} {n}", backend="mps") | {"dataset": name, "n_qubits": n}
            sizes = {"n_states": 464, "n_train": 64, "n_validation": 160, "n_test": 240}
            datasets.append(
                shared
                | sizes
                | {
                    "family": name,
                    "max_bond_dim": 8,
                    "content_hash": "synthetic",
                    "file_size_bytes": 1_234_567,
                }
            )
            certificates.append(
                shared
                | {
                    "fact": "largest distance between class means over all 2-qubit marginals",
                    "method": "transfer matrices, trace norm",
                    "value": 3.1e-15 if name == "ghz_dephased" else 0.71,
                    "expected": 0.0 if name == "ghz_dephased" else np.nan,
                    "tolerance": 1e-12,
                    "holds": True,
                }
            )
    return {"datasets": datasets, "certificates": certificates}
