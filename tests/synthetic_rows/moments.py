"""Rows of the tables trainability and verdicts."""

from typing import Any

import numpy as np

from tests.synthetic_rows.identities import WIDTHS, identity

LAWS = {  # ansatz, observable, depth law, angles: decades lost per qubit, start, gap to max
    ("hea", "global", "n", "uniform"): (0.592, -1.0, 0.9),
    ("hea", "local", "n", "uniform"): (0.092, -1.9, 1.2),
    ("deep_brickwork", "middle", "2n", "uniform"): (0.55, -1.0, 0.1),
    ("brickwork", "local", "log", "uniform"): (0.021, -2.2, 0.7),
    ("brickwork", "global", "log", "uniform"): (0.48, -0.8, 0.6),
    ("qcnn", "z_last", "", "uniform"): (0.017, -1.9, 0.8),
    ("qcnn", "z_last", "", "gaussian(0.1)"): (0.008, -1.4, 0.5),
    ("tree", "z_root", "", "uniform"): (0.011, -1.6, 0.7),
    ("rg_tree", "trash", "", "uniform"): (0.003, -1.9, 0.4),
    ("hea", "global", "n", "gaussian_1_over_l"): (0.21, -1.2, 0.9),
    ("hea", "global", "n", "small"): (0.02, -2.0, 0.9),
    ("hea", "global", "n", "identity_blocks"): (0.4, -1.5, 0.9),
    ("hea", "local", "n", "gaussian_1_over_nl"): (0.015, -2.9, 0.9),
}
CONTRASTS = {  # ansatz, observable, dataset: decades lost per qubit and start
    ("tree", "z_root", "ghz_dephased"): (0.41, -0.4),
    ("tree", "z_root", "spt_path"): (0.012, -0.9),
    ("qcnn", "z_last", "ghz_dephased"): (0.43, -0.5),
}
DEPTHS = (4, 8, 16, 32, 64)


def trainability(widths: tuple[int, ...] = WIDTHS) -> list[dict[str, Any]]:
    """Return moments rows of every kind: measured, sampled, closed, tied, scanned, contrasts.

    Those of ``hea`` under uniform angles hold one variance per angle.
    """
    rows = []
    for (ansatz, observable, depth, angles), (slope, start, gap) in LAWS.items():
        for n in widths:
            layers = {"n": n, "2n": 2 * n, "log": int(np.ceil(np.log2(n))), "": None}[depth]
            row = moment(ansatz, observable, angles, n, layers, start - slope * n, gap)
            if ansatz == "hea" and angles == "uniform":
                row |= placed(n, n, row["log10_gradient_variance_mean"])
            rows.append(row)
    for n in [n for n in widths if n <= 12]:
        own = moment("hea", "global", "uniform", n, n, -1.0 - 0.592 * n + 0.05, 0.9)
        rows.append(own | sampled(own) | {"curve": "hea_global_sampled"})
        own = moment("qcnn", "z_last", "uniform", n, None, -1.5, 0.6)
        rows.append(own | sampled(own) | {"curve": "qcnn_tied", "sharing": "layer", "tied": True})
    for n in widths:
        own = moment("tree", "z_root", "haar_blocks", n, None, -1.5 - 0.009 * n, 0.0)
        rows.append(own | CLOSED | {"curve": "haar_tree"})
    for (ansatz, observable, dataset), (slope, start) in CONTRASTS.items():
        for n in widths:
            own = moment(ansatz, observable, "uniform", n, None, start - slope * n - 0.9, 0.5)
            rows.append(own | {"curve": f"{ansatz}_{dataset}", "contrast": dataset})
            if (ansatz, dataset) == ("tree", "ghz_dephased"):
                name = {"curve": "haar_tree_contrast", "contrast": dataset}
                rows.append(own | CLOSED | name | {"angles": "haar_blocks"})
    n = max(widths)
    for layers in DEPTHS:
        own = moment("hea", "local", "uniform", n, layers, -2.0 - 0.06 * layers, 0.5)
        own |= placed(n, layers, -2.0 - 0.06 * layers)
        rows.append(own | {"curve": "hea_local_depths"})
    return rows


CLOSED = {"method": "closed-form", "chain": None, "log10_gradient_variance": None}
CLOSED |= {f"log10_gradient_variance_{over}": None for over in ("mean", "median", "max")}


def moment(ansatz, observable, angles, n, layers, mean, gap):
    """Return one measured row of mean gradient variance 10^mean."""
    cell = f"moments {ansatz} {observable} {angles} {n} {layers}"
    return identity(cell, backend="moments") | {
        "curve": f"{ansatz}_{observable}_{angles}",
        "dataset": None,
        "contrast": None,
        "n_qubits": n,
        "ansatz": ansatz,
        "n_layers": layers,
        "sharing": None if ansatz == "hea" else "none",
        "tied": False,
        "observable": observable,
        "angles": angles,
        "n_symbols": 24,
        "mean": 0.5,
        "log10_variance": mean + 0.8,
        "log10_gradient_variance_mean": mean,
        "log10_gradient_variance_median": mean - 0.2,
        "log10_gradient_variance_max": mean + gap,
        "log10_gradient_variance": [mean] * 24,
        "log10_shots": max(0.0, -mean),
        "relative_error": 2.3e-5,
        "gradient_relative_error": 1.1e-4,
        "n_samples": 0,
        "method": "truncated" if n > 16 else "exact",
        "chain": "strings",
    }


def placed(n: int, layers: int, mean: float) -> dict[str, Any]:
    """Return one variance per angle of ``hea``, largest at the edge and in late layers."""
    layer = np.linspace(-0.5, 0.5, layers)[:, None, None]
    edge = np.abs(np.linspace(-1, 1, n)) ** 8 * 0.03 * layers
    logs = mean + layer + edge + np.zeros((1, 2, 1))
    logs[-1, 1] = -np.inf  # the last RZ are idle
    return {"n_symbols": logs.size, "log10_gradient_variance": logs.ravel().tolist()}


def sampled(row: dict[str, Any]) -> dict[str, Any]:
    """Return what sampling adds to a row."""
    intervals = {
        f"{name}_{end}": row[name] + reach
        for name in ("log10_variance", "log10_gradient_variance_mean")
        for end, reach in (("lower", -0.25), ("upper", 0.15))
    }
    sizes = {"gradient_size_median": 0.02, "gradient_size_q05": 1e-3, "gradient_size_q95": 0.1}
    method = {"method": "monte-carlo", "chain": "samples", "n_samples": 200}
    return intervals | sizes | method | {"visible_share": 0.7}


def verdicts() -> list[dict[str, Any]]:
    """Return one verdict row per measured curve."""
    rows = []
    for (ansatz, observable, _, angles), (slope, start, _) in LAWS.items():
        known = ("ansatz", "observable", "angles", "sharing", "tied", "curve", "method")
        own = moment(ansatz, observable, angles, 100, None, start - slope * 100, 0.0)
        rows.append(
            identity(f"verdict {ansatz} {observable} {angles}", backend="moments")
            | {name: own[name] for name in known}
            | {
                "n_qubits": 100,
                "quantity": "mean gradient variance",
                "verdict": "exponential" if slope > 0.05 else "polynomial",
                "verdict_reason": "the criterion prefers it by 31.0",
                "n_widths": 4,
                "n_zero": 0,
                "log10_rate": slope,
                "log10_rate_lower": slope - 0.01,
                "log10_rate_upper": slope + 0.01,
                "exponent": 30 * slope,
                "exponent_lower": 20 * slope,
                "exponent_upper": 40 * slope,
                "criterion_difference": 31.0,
                "log10_shots": 100 * slope - start,
            }
        )
    return rows
