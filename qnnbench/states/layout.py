"""The columns of a stored state: which number stands where, and the hash that guards it."""

import hashlib
import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from qnnbench.states.mps import MPS, InputState, Mixture
from qnnbench.states.samples import Dataset
from qnnbench.states.stabilizer import StabilizerState

SCHEMA_VERSION = 3

_NUMBERS = pa.list_(pa.list_(pa.float64()))  # one list per member of a mixture
_ALWAYS = {  # columns without nulls
    "sample_id": pa.int64(),
    "noiseless": pa.bool_(),  # a state of Dataset.noiseless, no sample
    "family": pa.string(),
    "n_qubits": pa.int64(),
    "split": pa.string(),
    "label": pa.int64(),
    "coupling": pa.float64(),  # NaN where none, like the next four
    "target": pa.float64(),  # what a regression predicts
    "energy": pa.float64(),
    "energy_variance": pa.float64(),
    "truncation_error": pa.float64(),
    "parameters": pa.string(),  # JSON: what made the state
    "row_hash": pa.string(),  # of all other columns, see row_hashes
}
_STATE = {
    "stabilizers": pa.list_(pa.string()),  # n_qubits signed Pauli strings; null: tensors
    "weights": pa.list_(pa.float64()),  # of the members; null for a pure state
    "bond_dims": pa.list_(pa.list_(pa.int64())),  # n_qubits - 1 per member; null: stabilizers
    "real": _NUMBERS,  # all tensors (left, 2, right) in C order, site after site
    "imag": _NUMBERS,  # null for a real member
}
SCHEMA = pa.schema(
    [pa.field(name, kind, nullable=False) for name, kind in _ALWAYS.items()]
    + [pa.field(name, kind) for name, kind in _STATE.items()]
)
_TENSORS = ("real", "imag")


def rows(dataset: Dataset, noiseless: bool) -> list[dict[str, Any]]:
    """Return the rows of ``SCHEMA`` of a dataset, one per state, ``row_hash`` left empty."""
    columns = {
        "split": dataset.splits,
        "label": dataset.labels,
        "coupling": dataset.couplings,
        "target": dataset.targets,
        "energy": dataset.energy,
        "energy_variance": dataset.energy_variance,
        "truncation_error": dataset.truncation_error,
    }
    return [
        {
            "sample_id": index,
            "noiseless": noiseless,
            "family": dataset.name,
            "n_qubits": dataset.n_qubits,
            "parameters": json.dumps(dataset.parameters[index], sort_keys=True),
            "row_hash": "",
            **{name: column[index] for name, column in columns.items()},
            **_state_columns(state),
        }
        for index, state in enumerate(dataset.states)
    ]


def _state_columns(state: InputState) -> dict[str, Any]:
    if isinstance(state, StabilizerState):
        return {"stabilizers": state.stabilizers}
    flat = [np.concatenate([t.ravel() for t in s.tensors]) for _, s in state.members]
    return {
        "weights": list(state.weights) if isinstance(state, Mixture) else None,
        "bond_dims": [list(s.bond_dims) for _, s in state.members],
        "real": [np.ascontiguousarray(numbers.real) for numbers in flat],
        "imag": [
            np.ascontiguousarray(numbers.imag) if np.iscomplexobj(numbers) else None
            for numbers in flat
        ],
    }


def row_hashes(table: pa.Table) -> list[str]:
    """Return 16 hex digits of each row of ``SCHEMA``, over all columns but ``row_hash``.

    SHA-256 of the row's columns as JSON (sorted keys, no spaces), in which "real" and
    "imag" are only the counts of numbers per member, followed by these numbers as
    little-endian float64: "real", member after member, then "imag". Independent of row
    groups, encodings and compression.
    """
    plain = table.drop_columns(["row_hash", *_TENSORS]).to_pylist()
    hashes = []
    for index, columns in enumerate(plain):
        parts = {name: _parts(table[name][index]) for name in _TENSORS}
        counts = {
            name: [None if part is None else len(part) for part in cell]
            for name, cell in parts.items()
        }
        text = json.dumps(columns | counts, sort_keys=True, separators=(",", ":"))
        state = hashlib.sha256(text.encode())
        for part in (*parts["real"], *parts["imag"]):
            if part is not None:
                state.update(part.astype("<f8", copy=False).data)
        hashes.append(state.hexdigest()[:16])
    return hashes


def _parts(cell: pa.ListScalar) -> list[np.ndarray | None]:
    """Return the numbers of each member, None where a member has none."""
    return [part.values.to_numpy() if part.is_valid else None for part in cell.values or ()]


def state_of_row(table: pa.Table, index: int) -> InputState:
    """Return the state in one row of ``SCHEMA``.

    Raises:
        ValueError: Columns that make no state of ``n_qubits`` qubits.
    """
    row = table.slice(index, 1)
    columns = row.drop_columns(list(_TENSORS)).to_pylist()[0]
    state: InputState
    if columns["stabilizers"] is not None:
        state = StabilizerState.from_stabilizers(columns["stabilizers"])
    else:
        real, imag = (_parts(row[name][0]) for name in _TENSORS)
        members = tuple(
            MPS(tuple(_tensors(bonds or [], *numbers)))
            for bonds, *numbers in zip(columns["bond_dims"] or [], real, imag, strict=True)
        )
        if not members:
            raise ValueError("it has neither stabilizers nor tensors")
        weights = columns["weights"]
        state = members[0] if weights is None else Mixture(weights, members)
    if state.n_qubits != columns["n_qubits"]:
        raise ValueError(f"n_qubits says {columns['n_qubits']}, the state has {state.n_qubits}")
    return state


def _tensors(
    bonds: list[int], real: np.ndarray | None, imag: np.ndarray | None
) -> Iterator[np.ndarray]:
    if real is None or None in bonds or min(bonds, default=1) < 1:
        raise ValueError(f"a member has bonds {bonds} and {'no' if real is None else 'real'} part")
    numbers = real if imag is None else _complex(real, imag)
    shapes = [(left, 2, right) for left, right in pairwise([1, *bonds, 1])]
    needed = sum(2 * left * right for left, _, right in shapes)
    if needed != len(numbers):
        raise ValueError(f"bonds {bonds} need {needed} numbers, got {len(numbers)}")
    start = 0
    for left, _, right in shapes:
        yield numbers[start : start + 2 * left * right].reshape(left, 2, right)
        start += 2 * left * right


def _complex(real: np.ndarray, imag: np.ndarray) -> np.ndarray:
    """Return real + i imag without arithmetic, so that -0.0 survives."""
    if len(real) != len(imag):
        raise ValueError(f"{len(real)} real and {len(imag)} imaginary parts")
    joined = np.empty(len(real), dtype=np.complex128)
    joined.real, joined.imag = real, imag
    return joined
