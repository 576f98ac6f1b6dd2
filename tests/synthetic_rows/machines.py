"""Rows of the tables hardware, jobs and device_steps."""

from tests.synthetic_rows.identities import identity

ERRORS = {"Helios": (98, 0.01), "H2-1": (56, 0.03), "Kingston": (156, 0.2)}  # qubits, lost at 100
RUN = {"arm": "rg_tree_label_free", "dataset": "ghz_dephased", "ansatz": "rg_tree"}
SIZE = {"n_physical": 6, "n_two_qubit": 121, "n_one_qubit": 300, "n_measurements": 32}


def machines(widths=(8, 32, 100)):
    """Return rows of the tables hardware, jobs and device_steps."""
    tables = {"hardware": [], "jobs": [], "device_steps": []}
    for n in widths:
        for device, (n_qubits, lost) in ERRORS.items():
            _add_device(tables["hardware"], n, device, n_qubits, lost * n / 100)
    for index, state in enumerate(("done", "error")):
        tables["jobs"].append(_job(min(widths), index, state))
    for start, first in (("cold", 0.1), ("trained", -1.5), ("perturbed(0.3)", -0.5)):
        for repeat in range(3):
            tables["device_steps"] += _by_shots(min(widths), start, first + repeat / 10, repeat)
    return tables


def _by_shots(n, start, first, repeat):
    return [
        identity(f"device_steps {n} {start} {repeat} {step}")
        | RUN
        | {
            "backend": "error model",
            "n_qubits": n,
            "repeat": repeat,
            "device": "Torino",
            "noise_scale": 1.0,
            "n_physical": 4,
            "start": start,
            "optimiser": "spsa",
            "learning_rate": 0.03,
            "step": step,
            "exact_loss": first - step / 10,
            "gradient_norm": 1.0 if step else None,
            "n_shots": 800 + 400 * step + 800 * (step > 1),
        }
        | ({} if step == 1 else measured(first - step / 10 + 0.1))
        for step in range(3)
    ]


def measured(loss):
    """Return the columns of a measured loss."""
    return {"loss": loss, "lower": loss - 0.05, "upper": loss + 0.05}


def _add_device(rows, n, device, n_qubits, lost):
    for metric, noiseless in (("accuracy", 1.0), ("one_shot_accuracy", 0.74)):
        value = noiseless - lost
        rows.append(
            identity(f"hardware {n} {device} {metric}")
            | RUN
            | SIZE
            | {
                "backend": "error model",
                "n_qubits": n,
                "repeat": 0,
                "device": device,
                "device_qubits": n_qubits,
                "circuit_depth": 2 * n,
                "no_error_probability": 1 - lost,
                "n_shots": 50,
                "noise_scale": 1.0,
                "metric": metric,
                "value": value,
                "lower": value - 0.03,
                "upper": min(1.0, value + 0.03),
                "n_samples": 20,
                "chance": 0.5,
                "noiseless": noiseless,
            }
        )


def _job(n, index, state):
    told = {"n_back": 50, "n_upper": 31} if state == "done" else {"status": "failed"}
    return (
        identity(f"job {n} {index}")
        | RUN
        | SIZE
        | {
            "backend": "quantinuum",
            "vendor": "quantinuum",
            "n_qubits": n,
            "repeat": 0,
            "device": "H2-1",
            "job_key": f"{index:032x}",
            "job_id": f"id-{index}",
            "job_state": state,
            "state_index": index,
            "label": index,
            "n_shots": 50,
            "cost": 12.5,
            "cost_unit": "HQC",
        }
        | told
    )
