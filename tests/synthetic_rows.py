"""Rows of a study that never ran: shapes and magnitudes are plausible, no number is a result."""

from pathlib import Path
from typing import Any

import numpy as np

from qnnbench.results import write_rows

WIDTHS = (4, 8, 16, 32, 64, 100)
NOT_RUN = "estimated 9.1e+04 CPU s, budget 240 CPU s"


def identity(cell: str, status: str = "ok", backend: str = "heisenberg") -> dict[str, Any]:
    """Return the identity columns of one cell."""
    return {
        "run_id": f"{abs(hash(cell)) % 16**12:012x}",
        "config_hash": "synthetic-config",
        "package_version": "0.1.0",
        "source_hash": "synthetic-source",
        "backend": backend,
        "seed_path": "1/0",
        "status": status,
        "reason": NOT_RUN if status != "ok" else "",
        "error_estimate": 3e-4,
        "cpu_time_s": 41.3,
        "peak_memory_mb": 1312.0,
    }


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


ARMS = (  # task, arm, loss, dataset, ansatz, metric, chance, ceiling, reached at every width
    ("classification", "qcnn", "contrast", "spt_path", "qcnn", "accuracy", 0.5, 1.0, 0.985),
    ("classification", "tree", "contrast", "spt_path", "tree", "accuracy", 0.5, 1.0, 0.94),
    ("classification", "hea_local", "contrast", "spt_path", "hea", "accuracy", 0.5, 1.0, 0.56),
    ("classification", "qcnn", "contrast", "cluster_ising", "qcnn", "accuracy", 0.5, 1.0, 0.97),
    (
        "compression",
        "brickwork_local",
        "local",
        "two_state",
        "brickwork",
        "fidelity",
        2 / 3,
        1.0,
        0.98,
    ),
    (
        "compression",
        "brickwork_global",
        "global",
        "two_state",
        "brickwork",
        "fidelity",
        2 / 3,
        1.0,
        0.69,
    ),
    ("compression", "hea_global", "global", "two_state", "hea", "fidelity", 2 / 3, 1.0, 0.67),
    (
        "reading",
        "rg_tree_label_free",
        "trash",
        "ghz_dephased",
        "rg_tree",
        "contrast",
        0.0,
        0.94,
        0.93,
    ),
    (
        "reading",
        "rg_tree_label_only",
        "contrast",
        "ghz_dephased",
        "rg_tree",
        "contrast",
        0.0,
        0.94,
        0.0,
    ),
    ("regression", "qcnn_order", "squares", "spt_path", "qcnn", "r_squared", 0.0, 1.0, 0.91),
    ("compression", "keep1", "local", "spt_path", "brickwork", "fidelity", 0.3, 0.7, 0.62),
    ("compression", "keep2", "local", "spt_path", "brickwork", "fidelity", 0.4, 0.85, 0.78),
    ("compression", "keep3", "local", "spt_path", "brickwork", "fidelity", 0.5, 0.95, 0.91),
)


def training(
    widths: tuple[int, ...] = (8, 32, 100), repeats: int = 3, n_steps: int = 20
) -> dict[str, list[dict[str, Any]]]:
    """Return rows of the tables runs, steps and scores."""
    rng = np.random.default_rng(7)
    tables: dict[str, list[dict[str, Any]]] = {"runs": [], "steps": [], "scores": []}
    for arm in ARMS:
        for n in widths:
            for repeat in range(repeats):
                _add_run(tables, arm, n, repeat, n_steps, rng)
    for n in widths:
        _add_pairs(tables, n, n_steps)
    _add_prepared(tables, min(widths), repeats)
    return tables


PREPARED = {1: 0.42, 2: 0.71, 4: 0.93}  # layers: fidelity of the middle repeat


def _add_prepared(tables, n, repeats):
    """Add what circuits of several depths make of |0…0>."""
    for n_layers, fidelity in PREPARED.items():
        for repeat in range(repeats):
            value = fidelity + 0.01 * (repeat - (repeats - 1) // 2)
            ends = dict.fromkeys(("value", "lower", "upper", "value_at_double_bond"), value)
            known = {"chance": 0.31, "ceiling": min(1.0, fidelity + 0.1), "untrained_value": 0.002}
            tables["scores"].append(
                identity(f"prepared {n} {n_layers} {repeat}")
                | {
                    "task": "preparation",
                    "arm": f"brickwork_{n_layers}",
                    "loss_name": "local_infidelity",
                    "dataset": "cluster_ising",
                    "n_qubits": n,
                    "ansatz": "brickwork",
                    "n_layers": n_layers,
                    "repeat": repeat,
                    "record": "whole state",
                    "metric": "fidelity",
                    "n_samples": 1,
                }
                | ends
                | known
            )


PAIRS = {2: (0.62, 0.625), 8: (0.84, 1.0), 32: (0.98, 1.0)}  # copies: joint accuracy, ceiling


def _add_pairs(tables, n, n_steps):
    """Add what two copies of a state measured together tell, and apart."""
    common = identity(f"pairs {n}") | {
        "task": "two_copy_classification",
        "dataset": "lu_orbit",
        "n_qubits": n,
        "repeat": 0,
        "chance": 0.5,
    }
    untrained = common | {"arm": "xor"}
    trained = common | {"arm": "two_copies", "ansatz": "pair_block", "n_layers": 1}
    trained |= {"loss_name": "covariance, low_count", "untrained_value": 0.5}
    tables["runs"].append(
        {k: v for k, v in trained.items() if k not in ("chance", "untrained_value")}
    )
    for step in range(n_steps):
        first = 2 * step < n_steps
        own = {"step": step, "loss_name": "covariance" if first else "low_count"}
        own |= {"loss": -0.9 if first else 0.001}
        tables["steps"].append(tables["runs"][-1] | own)
    exact = {"record": "exact law of one pair", "n_copies": 2}
    for copies, (value, ceiling) in PAIRS.items():
        shots = {"metric": "accuracy", "n_copies": copies, "n_samples": 20000 // copies}
        for row, record, reached, most in (
            (trained, "joint shots of two copies", value, ceiling),
            (untrained, "separate shots of two copies", 0.5, 0.54 if copies == 2 else 1.0),
        ):
            scored = {"record": record, "value": reached, "ceiling": most}
            scored |= {"lower": reached - 0.01, "upper": reached + 0.01}
            tables["scores"].append(row | shots | scored)
    for row, metric, value in (
        (trained, "best_accuracy", 0.6249),
        (trained, "singlet_overlap", 0.9999),
        (common | {"arm": "ppt_bound"}, "best_accuracy", 0.54),
    ):
        ends = dict.fromkeys(("value", "lower", "upper"), value)
        tables["scores"].append(row | exact | {"metric": metric, "ceiling": 1.0} | ends)


def _add_run(tables, arm, n, repeat, n_steps, rng):
    task, name, loss, dataset, ansatz, metric, chance, ceiling, reached = arm
    status = "over_budget" if ansatz == "hea" and n > 32 else "ok"
    cell = f"{arm} {n} {repeat}"
    shared = identity(cell, status, "statevector" if n <= 8 else "heisenberg") | {
        "task": task,
        "arm": name,
        "loss_name": loss,
        "observable": {"hea": "global"}.get(ansatz, "readout"),
        "dataset": dataset,
        "n_qubits": n,
        "ansatz": ansatz,
        "n_layers": {"hea": n, "brickwork": int(np.ceil(np.log2(n)))}.get(ansatz),
        "sharing": None if ansatz == "hea" else "layer",
        "n_kept": int(name.removeprefix("keep")) if "keep" in name else None,
        "repeat": repeat,
    }
    if status != "ok":
        tables["runs"].append(shared | {"error_estimate": None, "cpu_time_s": 0.0})
        return
    value = reached + rng.normal(0, 0.006) if reached else 10.0 ** (-0.28 * n) * (1 + repeat)
    value = min(value, ceiling)
    untrained = chance + (rng.normal(0, 0.03) if reached else value / 3)
    tables["runs"].append(
        shared
        | {
            "n_symbols": 209,
            "n_steps": n_steps,
            "learning_rate": 0.05,
            "best_step": n_steps - 4,
            "max_bond_dim": 16,
            "train_loss": 1 - value,
            "validation_score": value,
            "params": [0.1] * 209,
            "wall_time_s": 44.0,
        }
    )
    progress = 1 - np.exp(-np.arange(n_steps) / (6 + 2 * rng.random()))
    for step, done in enumerate(progress):
        now = untrained + (value - untrained) * done + rng.normal(0, 0.01)
        tables["steps"].append(
            shared
            | {
                "step": step,
                "stage": 1,
                "learning_rate": 0.05,
                "loss": 1 - now,
                "gradient_norm": 0.3 * (1 - done),
                "gradient_median": 0.01,
                "gradient_q05": 1e-3,
                "gradient_q95": 0.05,
                "validation_score": now if step % 2 == 0 or step == n_steps - 1 else np.nan,
                "wall_time_s": 1.1,
            }
        )
    score = shared | {
        "record": "expectation values",
        "metric": metric,
        "value": value,
        "lower": value - (0.02 if reached else 0.0),
        "upper": min(value + 0.012, ceiling) if reached else value,
        "n_samples": 240,
        "chance": chance,
        "ceiling": ceiling,
        "untrained_value": untrained,
        "value_at_double_bond": value - 0.001,
    }
    if metric == "accuracy":
        gain = value - untrained
        score |= {"paired_difference": gain, "paired_lower": gain - 0.05}
    tables["scores"].append(score)
    if task == "classification":
        contrast = {"metric": "contrast", "value": 2 * value - 1, "chance": 0.0, "ceiling": 2.0}
        nothing = {"untrained_value": 0.0, "paired_difference": None, "paired_lower": None}
        tables["scores"].append(score | contrast | nothing)


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


def study(**options: Any) -> dict[str, list[dict[str, Any]]]:
    """Return rows of every table."""
    moments = {"trainability": trainability(), "verdicts": verdicts()}
    return data() | moments | training(**options) | {"rivals": rivals()}


def write(tables: dict[str, list[dict[str, Any]]], folder: Path) -> dict[str, list[Path]]:
    """Write one Parquet file per table and return what ``write_report`` takes."""
    for table, rows in tables.items():
        write_rows(folder / f"{table}.parquet", table, rows)
    return {table: [folder / f"{table}.parquet"] for table in tables}
