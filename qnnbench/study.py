"""What a checked config asks for: its jobs, their cells, and what can change each result.

A cell is the work at one width: everything that can change its rows and nothing else. A
job is a batch of cells, because a job costs 0.2 s to start and Cirq 4 s to import: widths
up to the stage's ``SHARED_WIDTH`` share a job, each wider one has its own.
"""

from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from qnnbench.config import MACHINE_SECTIONS, listed
from qnnbench.own import name_of, without_paths
from qnnbench.registry import lookup
from qnnbench.results import Meter, digest, identity
from qnnbench.source import code

LAYERS = (  # the order of imports, lowest first: a test proves it
    "registry",
    "source",
    "columns",
    "results",
    "own",
    "circuits",
    "states",
    "backends",
    "moments",
    "tasks",
    "training",
    "released",
    "rivals",
    "hardware",
    "figures",
    "comparison",
    "leaderboard",
    "report",
    "scaffolding",
    "history",
    "archive",
    "checkout",
    "config",
    "claims",
    "study",
    "environment",
    "citations",
    "plan",
    "progress",
    "cli",
)
STAGES = {  # with the highest layer each one runs: code above cannot change its result
    "datasets": "states",
    "certificates": "states",
    "trainability": "moments",
    "training": "training",
    "rivals": "rivals",
    "hardware": "hardware",
    "jobs": "hardware",
    "device_training": "hardware",
    "leaderboard": "leaderboard",
    "claims": "claims",
    "report": "report",
}
SHARED_WIDTH = {  # of the stages whose jobs are batches of cells
    "datasets": 0,
    "certificates": 64,
    "trainability": 100,
    "training": 64,
    "rivals": 64,
    "hardware": 32,
    "jobs": 0,
    "device_training": 0,
}

CROSSED = ("n_layers", "angles", "contrast", "closed_form")  # a curve may list several of each

Config = Mapping[str, Any]
Cell = dict[str, Any]


def report_folder(config: Config) -> str:
    """Return where the report goes: ``reports`` for the default study, else below it."""
    return "reports" if config["study"] == "default" else f"reports/{config['study']}"


def source(stage: str) -> str:
    """Return 16 hex digits over the code that can change the result of a stage.

    A change of its comments and docstrings changes no digit.
    """
    root = Path(__file__).parent
    top = LAYERS.index(lookup(STAGES, stage, "stage"))
    units = [root / unit for unit in LAYERS[: top + 1]]
    files = [file for unit in units for file in (unit.with_suffix(".py"), *_texts(unit))]
    if stage == "trainability":
        files.append(root / "config" / "laws.py")  # its script reads the law of the angles there
    return digest({f"{f.relative_to(root)}": code(f) for f in files if f.is_file()})


def _texts(unit: Path) -> list[Path]:
    """Return the files of a unit that make results: code, and what pages are made of."""
    return [
        file for kind in (".py", ".html", ".css", ".js", ".bib") for file in unit.rglob(f"*{kind}")
    ]


def entries(config: Config, stage: str) -> Mapping[str, Cell]:
    """Return the datasets, curves, arms, rivals or runs on machines of a stage by name."""
    if stage in ("datasets", "certificates"):
        return config["datasets"]  # type: ignore[no-any-return]
    if stage in ("rivals", *MACHINE_SECTIONS):
        return config.get(stage, {})  # type: ignore[no-any-return]
    name = lookup({"trainability": "curve", "training": "arm"}, stage, "stage")
    return {entry[name]: entry for entry in config[stage]}


def batches(widths: Iterable[int], stage: str) -> dict[str, list[int]]:
    """Return the widths of each job by its label, ``n8-32`` or ``n100``, ascending."""
    widths = sorted(widths)
    shared_width = SHARED_WIDTH[stage]
    small = [n for n in widths if n <= shared_width]
    groups = ([small] if small else []) + [[n] for n in widths if n > shared_width]
    return {f"n{g[0]}" if len(g) == 1 else f"n{g[0]}-{g[-1]}": g for g in groups}


def jobs(config: Config, stage: str) -> list[tuple[str, str]]:
    """Return (name, batch label) of every job of a stage.

    Datasets take one job per width: their files are read width by width.
    """
    return [
        (name, batch)
        for name, entry in entries(config, stage).items()
        for batch in batches(entry["widths"], stage)
    ]


def widths(config: Config, stage: str, name: str, batch: str) -> list[int]:
    """Return the widths of one job, ascending.

    Raises:
        ValueError: The study has no such entry or batch.
    """
    entry = lookup(entries(config, stage), name, f"entry of {stage}")
    return lookup(batches(entry["widths"], stage), batch, f"batch of {name}")


def widest(batch: str) -> int:
    """Return the largest width of a batch, from its label: long jobs start first."""
    return int(batch.removeprefix("n").split("-")[-1])


def trained_for(config: Config, stage: str, name: str, batch: str) -> list[tuple[str, str]]:
    """Return (arm, batch label) of the trained runs that a job on machines takes."""
    arm = entries(config, stage)[name]["arm"]
    needed = set(widths(config, stage, name, batch))
    made = batches(entries(config, "training")[arm]["widths"], "training")
    return [(arm, label) for label, group in made.items() if needed & set(group)]


def certificates_of(config: Config, stage: str, name: str, batch: str) -> list[tuple[str, str]]:
    """Return (dataset, batch label) of the certificates a job of arms or rivals relies on."""
    dataset = entries(config, stage)[name].get("dataset", name)
    needed = {n for cell in cells(config, stage, name, batch) for n in _widths_read(cell)}
    made = batches(entries(config, "datasets")[dataset]["widths"], "certificates")
    return [(dataset, label) for label, group in made.items() if needed & set(group)]


def _widths_read(cell: Cell) -> list[int]:
    """Return the widths whose states a cell reads."""
    return [cell["n_qubits"], *(states["n_qubits"] for states in cell.get("narrower", []))]


def narrower(config: Config, arm: str, batch: str) -> list[Cell]:
    """Return the cells of the states at the narrower widths of a job's curricula, each once."""
    read = [s for cell in cells(config, "training", arm, batch) for s in cell.get("narrower", [])]
    return list({states["n_qubits"]: states for states in read}.values())


def runs_of(config: Config, dataset: str, batch: str) -> list[tuple[str, str]]:
    """Return (arm, batch label) of the trained runs whose surrogates a job of rivals makes."""
    arms = entries(config, "rivals")[dataset].get("surrogates_of", [])
    needed = set(widths(config, "rivals", dataset, batch))
    return [
        (arm, label)
        for arm in arms
        for label, group in batches(entries(config, "training")[arm]["widths"], "training").items()
        if needed & set(group)
    ]


def cells(config: Config, stage: str, name: str, batch: str) -> list[Cell]:
    """Return the cells of one job in order of width; a curve crosses what it lists."""
    entry = entries(config, stage)[name]
    keys = [key for key in CROSSED if key in entry] if stage == "trainability" else []
    choices = list(product(*(listed(entry[key]) for key in keys)))
    return [
        _cell(config, stage, {**entry, **dict(zip(keys, choice, strict=True))}, name, n)
        for n in widths(config, stage, name, batch)
        for choice in choices
    ]


def _cell(config: Config, stage: str, entry: Cell, name: str, n_qubits: int) -> Cell:
    entry = {key: value for key, value in entry.items() if key != "widths"}
    if isinstance(entry.get("angles"), str):
        entry["angles"] = {"law": entry["angles"]}
    if stage in ("datasets", "certificates"):
        cell = {
            "dataset": name,
            "family": entry.get("family", name),
            "n_qubits": n_qubits,
            "options": entry.get("options", {}),
            "seed": config["seed"],
        }
        if "sources" not in entry:
            return cell
        source = entry["sources"][str(n_qubits)]  # of a user's own; a file draws nothing
        return {**cell, "seed": config["seed"] if "function" in source else None, "source": source}
    if stage == "trainability":
        return _curve_cell(config, entry, n_qubits)
    if stage in MACHINE_SECTIONS:
        arm = entry.pop("arm")
        trained = _cell(config, "training", entries(config, "training")[arm], arm, n_qubits)
        return {"n_qubits": n_qubits, "seed": config["seed"], "trained": trained, stage: entry}
    cell = {
        "n_qubits": n_qubits,
        "seed": config["seed"],
        "states": _states_cell(config, entry.get("dataset", name), n_qubits),
    }
    if stage == "rivals":
        if "n_copies" in entry:
            entry["n_copies"] = listed(entry["n_copies"])
        arms = entries(config, "training")
        trained = {
            arm: _cell(config, "training", arms[arm], arm, n_qubits)
            for arm in entry.pop("surrogates_of", [])
            if n_qubits in arms[arm]["widths"]
        }
        return {**cell, "rivals": entry, "trained": trained, "dataset": name}
    cell["arm"] = entry
    if narrower := [n for n in entry.pop("curriculum", []) if n < n_qubits]:
        cell["narrower"] = [_states_cell(config, entry["dataset"], n) for n in narrower]
    if "ansatz" in entry:  # nothing else of an arm asks for a budget
        cell["budget"] = {
            "seconds": config["budgets"]["training_s"],
            "memory_bytes": 1e9 * config["budgets"]["training_gb"],
        }
    return cell


def _states_cell(config: Config, dataset: str, n_qubits: int) -> Cell:
    entry = entries(config, "datasets")[dataset]
    return _cell(config, "datasets", entry, dataset, n_qubits)


def _curve_cell(config: Config, entry: Cell, n_qubits: int) -> Cell:
    """Return the cell of one point of a curve; a seed is part of it where one is used."""
    if "closed_form" in entry:
        return {"closed_form": entry["closed_form"], "n_qubits": n_qubits}
    cell = {"observable_index": 0, "options": {}, **entry, "n_qubits": n_qubits}
    del cell["curve"]
    if "n_layers" in cell:
        cell["options"] = {**cell["options"], "n_layers": cell.pop("n_layers")}
    if "n_samples" in cell:
        cell["seed"] = config["seed"]
    if "contrast" in cell:
        cell["states"] = _states_cell(config, cell["contrast"], n_qubits)
    return cell


def contrasts_of(config: Config, curve: str, batch: str) -> list[tuple[str, int]]:
    """Return (dataset, width) of the states whose contrast each cell of a curve is about."""
    made = [cell.get("states") for cell in cells(config, "trainability", curve, batch)]
    return [(states["dataset"], states["n_qubits"]) for states in made if states]


def identified(
    rows: Iterable[Mapping[str, Any]],
    cell: Cell,
    config: Config,
    source: str,
    meter: Meter | None = None,
) -> list[dict[str, Any]]:
    """Return the rows of a cell with run id and provenance.

    The run id of a trained or fitted row depends on its repeat, not on how many repeats there are
    nor on what the arm is called.

    Args:
        rows: Rows of one table.
        cell: The cell they belong to.
        config: The whole config.
        source: That of the stage, by which Snakemake decides whether to run it again.
        meter: What measured the cell, where rows do not carry their own CPU time and
            memory: they share the time equally and are ``ok``.
    """
    rows, measured = list(rows), {}
    if meter is not None:
        columns = meter.columns()
        cpu_time_s = columns["cpu_time_s"] / max(len(rows), 1)
        peak_memory_mb = columns["peak_memory_mb"]
        measured = {"status": "ok", "cpu_time_s": cpu_time_s, "peak_memory_mb": peak_memory_mb}
    told = without_paths(config)
    keys = [without_paths(_key(cell, row)) for row in rows]
    return [
        {**measured, **row, **identity(key, told, source)}
        for key, row in zip(keys, rows, strict=True)
    ]


def is_of(cell: Cell, row: Mapping[str, Any]) -> bool:
    """Say whether a stored row is of a cell as it is asked for now, whatever code wrote it."""
    key = without_paths(_key(cell, row))
    return row["run_id"] == digest({"cell": key, "source": row["source_hash"]})


def _key(cell: Cell, row: Mapping[str, Any]) -> Cell:
    if "arm" in cell:
        arm = {k: v for k, v in cell["arm"].items() if k not in ("arm", "repeats")}
        return {**cell, "arm": arm, "repeat": row["repeat"]}
    if "hardware" in cell or "jobs" in cell:
        return {**cell, "trained": _key(cell["trained"], row)}
    if "device_training" in cell:
        crossed = ("repeats", "starts", "devices", "noise_scales")
        asked = {k: v for k, v in cell["device_training"].items() if k not in crossed}
        asked |= {name: row[name] for name in ("start", "device", "noise_scale")}
        return {**cell, "device_training": asked, "trained": _key(cell["trained"], row)}
    if "rivals" in cell:
        kind, _, trained = row["arm"].partition(" of ")
        told_apart = {key: row.get(key) for key in ("record", "n_copies", "repeat")}
        run = _key(cell["trained"][trained], row) if trained else None
        return {**cell, "rivals": {"arm": kind, **told_apart}, "trained": run}
    return cell


def curve_columns(curve: str, cell: Cell) -> dict[str, Any]:
    """Return the columns of a trainability row that the cell itself settles."""
    columns = {"curve": curve, "n_qubits": cell["n_qubits"], "backend": "moments"}
    if "closed_form" in cell:
        return columns
    angles, options = cell["angles"], cell["options"]
    return {
        **columns,
        "ansatz": name_of(cell["ansatz"]),
        "n_layers": options.get("n_layers"),
        "sharing": options.get("sharing"),
        "observable": cell["observable"],
        "contrast": cell.get("contrast"),
        "angles": angles["law"] + (f"({angles['std']:g})" if "std" in angles else ""),
        "seed_path": f"{cell['seed']}/{digest(without_paths(cell))}" if "seed" in cell else None,
    }


def broken_claims(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return one line per claim that the states do not bear out; empty where all hold."""
    return "\n".join(
        f"{row['dataset']} at n_qubits={row['n_qubits']} is not certified: {row['fact']}: "
        f"{row['method']} gives {row['value']!r}, claimed {row['expected']!r} within "
        f"{row['tolerance']!r}"
        for row in rows
        if row["holds"] is not None and not row["holds"]
    )


def checkpoint_folder(cell: Cell) -> Path:
    """Return where training a cell keeps its state: no other cell or code shares it."""
    return Path("checkpoints") / digest(
        {"cell": without_paths(cell), "source": source("training")}
    )
