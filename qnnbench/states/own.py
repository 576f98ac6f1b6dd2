"""Labelled states that users bring: as Parquet, or made by a function of their own file."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from qnnbench.own import content_of, found, function_of, resolved, told
from qnnbench.registry import lookup
from qnnbench.states.datasets import DATASETS, build_dataset
from qnnbench.states.family import CARD_TEXTS
from qnnbench.states.mps import MPS, InputState
from qnnbench.states.samples import SPLITS, Dataset, samples
from qnnbench.states.storage import dataset_table, read_card, read_dataset

GENERATE = "generate"
LARGEST_VECTOR = 20  # qubits of an amplitude array
LEAST_WEIGHT = 1e-28  # of a Schmidt vector that is kept, relative: rounding

_WIDTH_FILE = re.compile(r"n(\d+)\.parquet")


def labelled_states(
    states: Sequence[InputState | np.ndarray],
    labels: Sequence[int],
    *,
    splits: Sequence[str] | None = None,
    targets: Sequence[float] | None = None,
    parameters: Sequence[Mapping[str, Any]] = (),
    **texts: str,
) -> Dataset:
    """Return a dataset of a user's own states; ``qnnbench.write_dataset`` stores it.

    Args:
        states: ``MPS``, ``Mixture``, ``StabilizerState``, or amplitudes (2^n,), qubit 0 the most
            significant bit, up to 20 qubits: these become an ``MPS``, exact up to rounding.
        labels: Class of each state, 0, 1, …; all 0 where there are no classes.
        splits: "train", "validation" or "test" of each; None: of each class the first quarter
            trains, the second validates, the rest tests.
        targets: What a regression predicts of each.
        parameters: JSON-like facts that made each.
        **texts: Of the data card: "summary", "equal", "differs", "solved_by", "limit", "source",
            "licence".

    Raises:
        ValueError: Lengths, labels, splits, amplitudes or texts that make no dataset.
    """
    for name in texts:
        lookup(dict.fromkeys(CARD_TEXTS), name, "text of a data card")
    made = [_state(state) for state in states]
    if not made:
        raise ValueError("states is empty")
    classes = np.asarray(labels)
    chosen = _splits(classes) if splits is None else list(splits)
    columns: dict[str, Any] = {"parameters": tuple(dict(p) for p in parameters)}
    if targets is not None:
        columns["targets"] = targets
    details = {"own": dict(texts), "options": {}, "seed": None}
    return samples(
        "own", made[0].n_qubits, made, classes.tolist(), chosen, details=details, **columns
    )


def _state(state: InputState | np.ndarray) -> InputState:
    if not isinstance(state, np.ndarray):
        return state
    n_qubits = state.size.bit_length() - 1
    if state.shape != (2**n_qubits,) or not 2 <= n_qubits <= LARGEST_VECTOR:
        raise ValueError(
            f"amplitudes have shape (2^n,) with n = 2 to {LARGEST_VECTOR}, got {state.shape}; "
            "wider states are qnnbench.MPS"
        )
    tensors, rest = [], state.reshape(1, -1)
    for _ in range(n_qubits - 1):
        left = len(rest)
        vectors, weights, right = np.linalg.svd(rest.reshape(2 * left, -1), full_matrices=False)
        bond = max(int(np.sum(weights**2 > LEAST_WEIGHT * np.sum(weights**2))), 1)
        tensors.append(vectors[:, :bond].reshape(left, 2, bond))
        rest = weights[:bond, None] * right[:bond]
    return MPS((*tensors, rest.reshape(-1, 2, 1)))


def _splits(labels: np.ndarray) -> list[str]:
    chosen = np.full(len(labels), "test", dtype="<U10")
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        quarter = max(len(own) // 4, 1)
        chosen[own[:quarter]], chosen[own[quarter : 2 * quarter]] = "train", "validation"
    return chosen.tolist()


def dataset_problems(dataset: Any, n_qubits: int) -> list[str]:
    """Return what keeps states of a user's own from being trained on; nothing if all is well.

    Every split has states of every class; labels are 0 to n - 1.

    Args:
        dataset: What their file holds or makes.
        n_qubits: Width they are asked at.
    """
    if not isinstance(dataset, Dataset):
        return [
            f"a dataset is what qnnbench.labelled_states(states, labels) returns, got a "
            f"{type(dataset).__name__}"
        ]
    problems = []
    if dataset.n_qubits != n_qubits:
        problems.append(f"it holds {dataset.n_qubits} qubits, {n_qubits} are asked for")
    classes = np.unique(dataset.labels)
    if classes.tolist() != list(range(len(classes))):
        problems.append(f"labels are {classes.tolist()[:5]}; number the classes 0, 1, …")
    for split in SPLITS:
        own = np.unique(dataset.labels[dataset.splits == split])
        if missing := sorted(set(classes.tolist()) - set(own.tolist())):
            problems.append(
                f"split {split!r} has no state of class {missing}: give it one or more"
            )
    return problems


def own_sources(
    reference: Mapping[str, Any], folders: Iterable[str | Path], widths: Iterable[int]
) -> dict[int, dict[str, Any]]:
    """Return the resolved file of each width that a user's reference covers.

    A Python file covers all ``widths``, a Parquet file the one it holds, a folder those of its
    files n8.parquet, n16.parquet, ….

    Raises:
        FileNotFoundError: No such file.
        ValueError: A file of another kind, a folder without such files, no dataset.
    """
    path = found(reference["file"], folders)
    if path.is_dir():
        files = {int(m[1]): f for f in path.iterdir() if (m := _WIDTH_FILE.fullmatch(f.name))}
        if not files:
            raise ValueError(f"folder {path} holds no n8.parquet, n16.parquet, …")
        return {n: resolved({"file": str(files[n])}) for n in sorted(files)}
    source = resolved({**reference, "file": str(path)})
    if path.suffix == ".py":
        return {n: {"function": GENERATE, **source} for n in widths}
    if path.suffix != ".parquet" or "function" in reference:
        raise ValueError(
            f"{path}: states come from a .parquet file, a folder of these, or a function of a "
            ".py file"
        )
    return {_width(path): source}


def _width(path: Path) -> int:
    import pyarrow.parquet as pq

    try:
        read_card(path)
    except ValueError as error:
        way = "qnnbench.write_dataset(path, qnnbench.labelled_states(states, labels)) writes one"
        raise ValueError(f"{error} To bring states of your own: {way}.") from error
    with pq.ParquetFile(path) as file:
        return int(file.read_row_group(0, columns=["n_qubits"])["n_qubits"][0].as_py())


def family_of(name: str, source: Mapping[str, Any]) -> str:
    """Return the family in ``DATASETS`` that a Parquet file says it is of, else ``name``."""
    if Path(source["file"]).suffix == ".parquet":
        family = str(read_card(source["file"])["family"]["name"])
        if family in DATASETS:
            return family
    return name


def own_dataset(
    source: Mapping[str, Any], name: str, n_qubits: int, *, seed: int | None, **options: Any
) -> Dataset:
    """Return the states of a user's own file, checked.

    Args:
        source: {"file"} of a Parquet file, or {"file", "function"} of a Python file whose
            function maps ``(n_qubits, *, seed, **options)`` to what ``labelled_states`` returns;
            "hash" of the file as the study knows it, if it does.
        name: What it goes by, unless its card is of a family in ``DATASETS``.
        n_qubits: Width.
        seed: Of a function; equal arguments have to give equal states.
        **options: Of a function.

    Raises:
        FileNotFoundError: No such file.
        ValueError: A changed file, code that fails, or ``dataset_problems``.
    """
    path = Path(source["file"])
    if path.suffix == ".py":
        dataset = _generated(source, n_qubits, seed, options)
    else:
        content_of(source)
        dataset = read_dataset(path)
    if problems := dataset_problems(dataset, n_qubits):
        raise ValueError(f"{path}: {'; '.join(problems)}")
    if path.suffix != ".py" and dataset.name in DATASETS:
        return dataset
    details = {"own": {}, **dataset.details}
    if path.suffix == ".py":
        details |= {"seed": seed, "options": options}
    before = dataset.noiseless and replace(dataset.noiseless, name=name, details=details)
    return replace(dataset, name=name, details=details, noiseless=before)


def _generated(
    source: Mapping[str, Any], n_qubits: int, seed: int | None, options: Mapping[str, Any]
) -> Any:
    path, generate = Path(source["file"]), function_of({"function": GENERATE, **source})
    allowed = [key for key in signature(generate).parameters if key not in ("n_qubits", "seed")]
    for option in options:
        lookup(dict.fromkeys(allowed), option, f"option of {path}")
    try:
        dataset, again = (generate(n_qubits, seed=seed, **options) for _ in range(2))
    except Exception as error:  # whatever the user's code raises is told as it is
        raise ValueError(f"{path} fails at n_qubits={n_qubits}: {told(error, path)}") from error
    if isinstance(dataset, Dataset) and isinstance(again, Dataset) and not _equal(dataset, again):
        raise ValueError(
            f"{path} makes other states when it is called again: draw from "
            "np.random.default_rng([seed, n_qubits]) and from nothing else"
        )
    return dataset


def _equal(a: Dataset, b: Dataset) -> bool:
    first, second = (dataset_table(replace(d, details={"own": {}})) for d in (a, b))
    return bool(first["row_hash"].equals(second["row_hash"]))


def dataset_of(cell: Mapping[str, Any]) -> Dataset:
    """Return the states of a cell of the stage ``datasets``, of a family or of a user's file.

    Raises:
        ValueError: See ``build_dataset`` and ``own_dataset``.
    """
    width, options = cell["n_qubits"], cell["options"]
    if "source" in cell:
        return own_dataset(cell["source"], cell["dataset"], width, seed=cell["seed"], **options)
    return build_dataset(cell["family"], width, seed=cell["seed"], **options)
