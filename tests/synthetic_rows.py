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


def trainability(widths: tuple[int, ...] = WIDTHS, n_symbols: int = 24) -> list[dict[str, Any]]:
    """Return moments rows; the widest of ``hea`` stores ``n_symbols`` variances."""
    laws = {  # ansatz, observable, depth law, angles: decades lost per qubit, start, gap to max
        ("hea", "global", "n", "uniform"): (0.592, -1.0, 0.9),
        ("hea", "local", "n", "uniform"): (0.092, -1.9, 1.2),
        ("deep_brickwork", "middle", "2n", "uniform"): (0.55, -1.0, 0.1),
        ("brickwork", "local", "log", "uniform"): (0.021, -2.2, 0.7),
        ("brickwork", "global", "log", "uniform"): (0.48, -0.8, 0.6),
        ("qcnn", "z_last", "", "uniform"): (0.017, -1.9, 0.8),
        ("qcnn", "z_last", "", "gaussian(0.1)"): (0.008, -1.4, 0.5),
        ("tree", "z_root", "", "uniform"): (0.011, -1.6, 0.7),
        ("rg_tree", "trash", "", "uniform"): (0.003, -1.9, 0.4),
    }
    rows = []
    for (ansatz, observable, depth, angles), (slope, start, gap) in laws.items():
        for n in widths:
            layers = {"n": n, "2n": 2 * n, "log": int(np.ceil(np.log2(n))), "": None}[depth]
            mean = start - slope * n
            stored = n_symbols if (ansatz, n) == ("hea", max(widths)) else 24
            rows.append(
                identity(f"moments {ansatz} {observable} {angles} {n}", backend="moments")
                | {
                    "dataset": None,
                    "n_qubits": n,
                    "ansatz": ansatz,
                    "n_layers": layers,
                    "sharing": "none",
                    "observable": observable,
                    "angles": angles,
                    "n_symbols": stored,
                    "mean": 0.5,
                    "log10_variance": mean + 0.8,
                    "log10_gradient_variance_mean": mean,
                    "log10_gradient_variance_max": mean + gap,
                    "log10_gradient_variance": [mean] * stored,
                    "relative_error": 2.3e-5,
                    "method": "truncated" if n > 16 else "exact",
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
        "label",
        "ghz_dephased",
        "rg_tree",
        "contrast",
        0.0,
        0.94,
        0.0,
    ),
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
    return tables


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
        "sharing": "layer",
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
                "loss": 1 - now,
                "gradient_norm": 0.3 * (1 - done),
                "gradient_median": 0.01,
                "validation_score": now if step % 2 == 0 or step == n_steps - 1 else np.nan,
                "wall_time_s": 1.1,
            }
        )
    score = shared | {
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
                | {"max_bond_dim": 8, "content_hash": "synthetic", "file_size_bytes": 1_234_567}
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
    return data() | {"trainability": trainability()} | training(**options)


def write(tables: dict[str, list[dict[str, Any]]], folder: Path) -> dict[str, list[Path]]:
    """Write one Parquet file per table and return what ``write_report`` takes."""
    for table, rows in tables.items():
        write_rows(folder / f"{table}.parquet", table, rows)
    return {table: [folder / f"{table}.parquet"] for table in tables}
