"""Rows of the tables runs, steps and scores."""

from typing import Any

import numpy as np

from tests.synthetic_rows.identities import identity

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
    for error_rate in (0.02, 0.05, 0.1):
        _add_decoded(tables, error_rate, repeats)
    return tables


def _add_decoded(tables, error_rate, repeats):
    """Add what a tree and matching make of the syndromes of a small code."""
    right = {"tree": 1 - 1.2 * error_rate, "": 1 - 0.9 * error_rate}
    for ansatz, middle in right.items():
        for repeat in range(repeats):
            value = middle - 0.003 * repeat
            ends = {"value": value, "lower": value - 0.004, "upper": value + 0.004}
            known = {"chance": 1 - 1.6 * error_rate, "ceiling": 1 - 0.8 * error_rate}
            if ansatz:
                known["untrained_value"] = 0.5
            tables["scores"].append(
                identity(f"decoded {ansatz} {error_rate} {repeat}")
                | {
                    "task": "decoding",
                    "arm": "tree_decoder" if ansatz else "matching",
                    "dataset": "surface_code",
                    "n_qubits": 9,
                    "ansatz": ansatz or None,
                    "error_rate": error_rate,
                    "repeat": repeat,
                    "metric": "logical_accuracy",
                    "record": "syndromes",
                    "n_samples": 10_000,
                }
                | ends
                | known
            )


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
