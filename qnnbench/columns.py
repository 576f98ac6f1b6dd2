"""The columns of every table and their types; what each holds says ``docs/parts/columns.yaml``.

A test compares the two: a column without a meaning and a meaning without a column both fail.
"""

import pyarrow as pa

from qnnbench.registry import lookup

STATUSES = ("ok", "skipped", "over_budget", "failed")
MEASUREMENT_COLUMNS = ("cpu_time_s", "wall_time_s", "peak_memory_mb")
VARYING_COLUMNS = (*MEASUREMENT_COLUMNS, "job_id", "submitted_at")  # between equal runs

_TEXT, _INT, _REAL, _FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()

IDENTITY = {
    "run_id": _TEXT,
    "config_hash": _TEXT,
    "package_version": _TEXT,
    "source_hash": _TEXT,
    "backend": _TEXT,
    "seed_path": _TEXT,
    "status": _TEXT,
    "reason": _TEXT,
    "error_estimate": _REAL,
    "cpu_time_s": _REAL,
    "peak_memory_mb": _REAL,
}

_SETTING = {"dataset": _TEXT, "n_qubits": _INT}
_NETWORK = {"ansatz": _TEXT, "n_layers": _INT, "sharing": _TEXT}
_RUN = {
    "task": _TEXT,
    "arm": _TEXT,
    "loss_name": _TEXT,
    "observable": _TEXT,
    **_SETTING,
    **_NETWORK,
    "n_kept": _INT,
    "target": _INT,
    "error_rate": _REAL,
    "repeat": _INT,
}

TABLES: dict[str, dict[str, pa.DataType]] = {
    "datasets": {
        **IDENTITY,
        **_SETTING,
        "family": _TEXT,
        "n_states": _INT,
        "n_train": _INT,
        "n_validation": _INT,
        "n_test": _INT,
        "max_bond_dim": _INT,
        "content_hash": _TEXT,
        "file_size_bytes": _INT,
    },
    "certificates": {
        **IDENTITY,
        **_SETTING,
        "fact": _TEXT,
        "method": _TEXT,
        "value": _REAL,
        "expected": _REAL,
        "tolerance": _REAL,
        "holds": _FLAG,
    },
    "trainability": {
        **IDENTITY,
        "curve": _TEXT,
        **_SETTING,
        "contrast": _TEXT,
        **_NETWORK,
        "tied": _FLAG,
        "observable": _TEXT,
        "angles": _TEXT,
        "n_symbols": _INT,
        "mean": _REAL,
        "log10_variance": _REAL,
        "log10_variance_lower": _REAL,
        "log10_variance_upper": _REAL,
        "log10_gradient_variance_mean": _REAL,
        "log10_gradient_variance_mean_lower": _REAL,
        "log10_gradient_variance_mean_upper": _REAL,
        "log10_gradient_variance_median": _REAL,
        "log10_gradient_variance_max": _REAL,
        "log10_gradient_variance": pa.list_(_REAL),
        "gradient_size_median": _REAL,
        "gradient_size_q05": _REAL,
        "gradient_size_q95": _REAL,
        "visible_share": _REAL,
        "log10_shots": _REAL,
        "relative_error": _REAL,
        "gradient_relative_error": _REAL,
        "n_samples": _INT,
        "method": _TEXT,
        "chain": _TEXT,
    },
    "verdicts": {
        **IDENTITY,
        "curve": _TEXT,
        **_SETTING,
        "contrast": _TEXT,
        **_NETWORK,
        "tied": _FLAG,
        "observable": _TEXT,
        "angles": _TEXT,
        "method": _TEXT,
        "quantity": _TEXT,
        "verdict": _TEXT,
        "verdict_reason": _TEXT,
        "median_verdict": _TEXT,
        "n_widths": _INT,
        "n_zero": _INT,
        "log10_rate": _REAL,
        "log10_rate_lower": _REAL,
        "log10_rate_upper": _REAL,
        "exponent": _REAL,
        "exponent_lower": _REAL,
        "exponent_upper": _REAL,
        "criterion_difference": _REAL,
        "log10_shots": _REAL,
    },
    "runs": {
        **IDENTITY,
        **_RUN,
        "backend_reason": _TEXT,
        "n_symbols": _INT,
        "n_steps": _INT,
        "learning_rate": _REAL,
        "best_step": _INT,
        "max_bond_dim": _INT,
        "n_unlabelled": _INT,
        "n_labelled": _INT,
        "train_loss": _REAL,
        "validation_score": _REAL,
        "params": pa.list_(_REAL),
        "wall_time_s": _REAL,
    },
    "steps": {
        **IDENTITY,
        **_RUN,
        "step": _INT,
        "stage": _INT,
        "learning_rate": _REAL,
        "loss": _REAL,
        "gradient_norm": _REAL,
        "gradient_median": _REAL,
        "gradient_q05": _REAL,
        "gradient_q95": _REAL,
        "relative_error": _REAL,
        "max_bond_dim": _INT,
        "validation_score": _REAL,
        "wall_time_s": _REAL,
    },
    "scores": {
        **IDENTITY,
        **_RUN,
        "record": _TEXT,
        "n_copies": _INT,
        "metric": _TEXT,
        "value": _REAL,
        "lower": _REAL,
        "upper": _REAL,
        "n_samples": _INT,
        "chance": _REAL,
        "ceiling": _REAL,
        "untrained_value": _REAL,
        "paired_difference": _REAL,
        "paired_lower": _REAL,
        "value_at_double_bond": _REAL,
    },
}

_MACHINE_RUN = {
    "arm": _TEXT,
    **_SETTING,
    **_NETWORK,
    "repeat": _INT,
    "device": _TEXT,
    "n_physical": _INT,
    "n_one_qubit": _INT,
    "n_two_qubit": _INT,
    "n_measurements": _INT,
    "circuit_depth": _INT,
    "no_error_probability": _REAL,
    "n_shots": _INT,
}

TABLES["hardware"] = {
    **IDENTITY,
    **_MACHINE_RUN,
    "device_qubits": _INT,
    "noise_scale": _REAL,
    "metric": _TEXT,
    "value": _REAL,
    "lower": _REAL,
    "upper": _REAL,
    "n_samples": _INT,
    "chance": _REAL,
    "noiseless": _REAL,
}
TABLES["jobs"] = {
    **IDENTITY,
    **_MACHINE_RUN,
    "vendor": _TEXT,
    "job_key": _TEXT,
    "job_id": _TEXT,
    "job_state": _TEXT,
    "submitted_at": _TEXT,
    "state_index": _INT,
    "label": _INT,
    "n_back": _INT,
    "n_upper": _INT,
    "noiseless": _REAL,
    "threshold": _REAL,
    "cost": _REAL,
    "cost_unit": _TEXT,
}

TABLES["device_steps"] = {
    **IDENTITY,
    "arm": _TEXT,
    **_SETTING,
    **_NETWORK,
    "repeat": _INT,
    "device": _TEXT,
    "noise_scale": _REAL,
    "n_physical": _INT,
    "start": _TEXT,
    "optimiser": _TEXT,
    "learning_rate": _REAL,
    "step": _INT,
    "loss": _REAL,
    "lower": _REAL,
    "upper": _REAL,
    "exact_loss": _REAL,
    "gradient_norm": _REAL,
    "n_shots": _INT,
}

TABLES["claims"] = {
    **IDENTITY,
    "claim": _TEXT,
    "statement": _TEXT,
    "source": _TEXT,
    "would_verify": _TEXT,
    "verdict": _TEXT,
    "verdict_reason": _TEXT,
    "test": _TEXT,
    "asked": _TEXT,
    "quantity": _TEXT,
    "relation": _TEXT,
    "outcome": _TEXT,
    "n_rows": _INT,
    "run_ids": pa.list_(_TEXT),
    "value": _REAL,
    "lower": _REAL,
    "upper": _REAL,
    "words": _TEXT,
    "threshold": _REAL,
}

TABLES["leaderboard"] = {
    **IDENTITY,
    "task": _TEXT,
    **_SETTING,
    "metric": _TEXT,
    "record": _TEXT,
    "n_copies": _INT,
    "n_kept": _INT,
    "target": _INT,
    "error_rate": _REAL,
    **_NETWORK,
    "arm": _TEXT,
    "loss_name": _TEXT,
    "rank": _INT,
    "rank_lower": _INT,
    "rank_upper": _INT,
    "n_ranked": _INT,
    "value": _REAL,
    "lower": _REAL,
    "upper": _REAL,
    "chance": _REAL,
    "n_repeats": _INT,
    "n_not_ok": _INT,
    "is_exact": _FLAG,
}

TABLES["history"] = {
    **IDENTITY,
    "study": _TEXT,
    "commit": _TEXT,
    "date": _TEXT,
    "source_table": _TEXT,
    "cell": _TEXT,
    "quantity": _TEXT,
    "n_qubits": _INT,
    "value": _REAL,
    "lower": _REAL,
    "upper": _REAL,
    "n_repeats": _INT,
    "table_hash": _TEXT,
}

TABLES["rivals"] = TABLES["scores"]


def schema(table: str) -> pa.Schema:
    """Return the Arrow schema of ``table``.

    Raises:
        ValueError: Unknown table.
    """
    return pa.schema(list(lookup(TABLES, table, "table").items()))
