"""Labelled states in splits: what a dataset is, and the randomness that makes one."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any
from zlib import crc32

import numpy as np

from qnnbench.registry import lookup
from qnnbench.states.mps import InputState
from qnnbench.states.noise import local_noise

SPLITS = ("train", "validation", "test")
MAX_DRAWS = 1000  # of one sample
DEFAULT_SIZES = {"train": 32, "validation": 32, "test": 200}

_ARRAYS = {
    "labels": np.int64,
    "splits": np.str_,
    "couplings": np.float64,
    "targets": np.float64,
    "energy": np.float64,
    "energy_variance": np.float64,
    "truncation_error": np.float64,
}


@dataclass(frozen=True, eq=False)
class Dataset:
    """States of one family at one width, with labels and splits.

    Attributes:
        name: Family, a key of ``DATASETS``.
        n_qubits: Width of every state.
        states: ``MPS``, ``Mixture`` or ``StabilizerState``, one per sample.
        labels: Int64 class of each state, shape (n_samples,), like all arrays here.
        splits: "train", "validation" or "test" of each state.
        couplings: Coupling of the Hamiltonian behind each state; NaN where none.
        targets: The number that a regression predicts of each state; NaN where none.
        energy: <H> of the ground state behind each state; NaN where none.
        energy_variance: <H²> - <H>² of the same; 0 for an eigenstate.
        truncation_error: Squared Schmidt weight cut from the same.
        parameters: JSON-like facts that made each state (a graph, a phase), one per state.
        details: JSON-like facts about the making: "seed", "options", and what the family adds.
        noiseless: The same family before the noise of each sample: what exact equalities
            are claimed of. None where the states carry no noise.

    Raises:
        ValueError: Arrays of the wrong length, an unknown split, or states of other width.
    """

    name: str
    n_qubits: int
    states: tuple[InputState, ...]
    labels: np.ndarray
    splits: np.ndarray
    couplings: np.ndarray
    targets: np.ndarray
    energy: np.ndarray
    energy_variance: np.ndarray
    truncation_error: np.ndarray
    parameters: tuple[dict[str, Any], ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    noiseless: "Dataset | None" = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "states", tuple(self.states))
        parameters = tuple(self.parameters) or ({},) * len(self.states)
        object.__setattr__(self, "parameters", parameters)
        if len(parameters) != len(self.states):
            raise ValueError(f"{len(parameters)} parameters for {len(self.states)} states")
        for name, dtype in _ARRAYS.items():
            array: np.ndarray = np.array(getattr(self, name), dtype=dtype)
            if array.shape != (len(self.states),):
                raise ValueError(
                    f"{name} must have shape ({len(self.states)},), one entry per state, "
                    f"got {array.shape}"
                )
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        for split in set(self.splits):
            lookup(dict.fromkeys(SPLITS), split, "split")
        if any(state.n_qubits != self.n_qubits for state in self.states):
            raise ValueError(f"every state must have {self.n_qubits} qubits")

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}, n_qubits={self.n_qubits}, n_states={len(self.states)})"

    @property
    def max_bond_dim(self) -> int:
        """Largest bond of any state; 0 where all are stabilizer states."""
        return max(getattr(state, "max_bond_dim", 0) for state in self.states)

    @cached_property
    def certificate(self) -> dict[str, dict[str, Any]]:
        """Each certified fact, how it was computed, its value and whether it holds.

        Computed from the states on first use and kept.
        """
        from qnnbench.states.certificates import certify

        return {row.pop("fact"): row for row in certify(self)}

    def select(self, split: str) -> "Dataset":
        """Return the samples of one split, in order; the noiseless states come along whole.

        Raises:
            ValueError: Unknown split.
        """
        lookup(dict.fromkeys(SPLITS), split, "split")
        return self._of(np.flatnonzero(self.splits == split))

    def of_class(self, label: int) -> "Dataset":
        """Return the samples of one class, in order; the noiseless states come along whole.

        Raises:
            ValueError: No such class.
        """
        chosen = np.flatnonzero(self.labels == label)
        if not len(chosen):
            raise ValueError(
                f"{label!r} names no class of {self.name!r}, whose labels are "
                f"{np.unique(self.labels).tolist()}"
            )
        return self._of(chosen)

    def with_fewer(self, split: str, n_states: int) -> "Dataset":
        """Return all samples but those of one split beyond the first of each class.

        Args:
            split: The split.
            n_states: How many of each class it keeps.
        """
        lookup(dict.fromkeys(SPLITS), split, "split")
        is_kept = self.splits != split
        for label in np.unique(self.labels):
            own = np.flatnonzero((self.splits == split) & (self.labels == label))
            is_kept[own[:n_states]] = True
        return self._of(np.flatnonzero(is_kept))

    def _of(self, chosen: np.ndarray) -> "Dataset":
        arrays = {name: getattr(self, name)[chosen] for name in _ARRAYS}
        states = tuple(self.states[i] for i in chosen)
        parameters = tuple(self.parameters[i] for i in chosen)
        return replace(self, states=states, parameters=parameters, **arrays)


def samples(
    name: str,
    n_qubits: int,
    states: Sequence[InputState],
    labels: Sequence[int],
    splits: Sequence[str],
    **columns: Any,
) -> Dataset:
    """Return a dataset; array columns left out are NaN."""
    blank = {f.name: np.full(len(states), np.nan) for f in fields(Dataset) if f.name in _ARRAYS}
    arrays = {**blank, "labels": labels, "splits": splits}
    return Dataset(name, n_qubits, tuple(states), **{**arrays, **columns})


@dataclass(frozen=True)
class Sample:
    """One state as its family makes it, before noise; see ``Dataset`` for the fields."""

    state: InputState
    coupling: float = np.nan
    target: float = np.nan
    parameters: Mapping[str, Any] = field(default_factory=dict)


def drawn(
    name: str,
    n_qubits: int,
    make: Callable[[int, np.random.Generator], Sample],
    *,
    seed: int,
    n_samples: int | Mapping[str, int] | None,
    noise: float = 0.0,
    noise_kind: str = "rotation",
    n_classes: int = 2,
    noiseless: Dataset | None = None,
    disjoint: bool = False,
) -> Dataset:
    """Return samples that are drawn one by one, labels in turn, each with its own randomness.

    Args:
        name: Family.
        n_qubits: Width.
        make: Maps (label, rng) to the sample before noise.
        seed: Root of all randomness; a sample does not depend on how many are drawn, unless
            ``disjoint``.
        n_samples: See ``split_sizes``.
        noise: Strength, see ``local_noise``; 0 for none.
        noise_kind: A key of ``NOISES``.
        n_classes: Labels are 0 … n_classes - 1, in turn.
        noiseless: What stands for the states before noise; None: every sample itself.
        disjoint: Draw a sample again while its parameters are those of one in an earlier
            split: for families of few states, whose parameters name the state.

    Raises:
        ValueError: Sizes, seed or noise out of range, or no state that is left.
    """
    exact: list[Sample] = []
    states: list[InputState] = []
    labels, splits = [], []
    met: set[str] = set()  # parameters in earlier splits
    for split, size in split_sizes(n_samples).items():
        if disjoint:
            met |= {_told(sample) for sample in exact}
        for index in range(size):
            rng = generator(seed, name, n_qubits, split, index)
            labels.append(index % n_classes)
            splits.append(split)
            exact.append(_unmet(make, labels[-1], rng, met))
            turn = local_noise(noise_kind, n_qubits, noise, rng)
            states.append(exact[-1].state.rotated(turn) if noise else exact[-1].state)
    columns: dict[str, Any] = {
        "couplings": [sample.coupling for sample in exact],
        "targets": [sample.target for sample in exact],
        "parameters": [dict(sample.parameters) for sample in exact],
        "truncation_error": np.zeros(len(exact)),
    }
    if noise and noiseless is None:
        pure = [sample.state for sample in exact]
        noiseless = samples(name, n_qubits, pure, labels, splits, **columns)
    before = noiseless if noise else None
    return samples(name, n_qubits, states, labels, splits, noiseless=before, **columns)


def _told(sample: Sample) -> str:
    return json.dumps(dict(sample.parameters))


def _unmet(
    make: Callable[[int, np.random.Generator], Sample],
    label: int,
    rng: np.random.Generator,
    met: set[str],
) -> Sample:
    """Return the first of the samples drawn whose parameters are not among those ``met``."""
    for _ in range(MAX_DRAWS):
        sample = make(label, rng)
        if not met or _told(sample) not in met:
            return sample
    raise ValueError(
        f"{MAX_DRAWS} draws of class {label} all stand in an earlier split: there are too few "
        "different states; ask for fewer samples or more qubits"
    )


def split_sizes(n_samples: int | Mapping[str, int] | None) -> dict[str, int]:
    """Return the number of samples of each split.

    Args:
        n_samples: None: 32, 32 and 200. A number: so many in all, a quarter each for
            training and validation, the rest for the test. A mapping: as it says.

    Raises:
        ValueError: A split that would lack one of the two classes, or an unknown one.
    """
    if n_samples is None:
        return dict(DEFAULT_SIZES)
    if isinstance(n_samples, Mapping):
        for split in n_samples:
            lookup(DEFAULT_SIZES, split, "split")
        sizes = {split: n_samples.get(split, 0) for split in SPLITS}
    elif isinstance(n_samples, int) and not isinstance(n_samples, bool):
        quarter = max(n_samples // 4, 2)
        sizes = {"train": quarter, "validation": quarter, "test": n_samples - 2 * quarter}
    else:
        raise ValueError(f"n_samples must be a number, a mapping or None, got {n_samples!r}")
    if any(not isinstance(size, int) or size < 2 for size in sizes.values()):
        raise ValueError(f"every split needs two samples or more, one per class, got {sizes}")
    return sizes


def generator(seed: int, name: str, n_qubits: int, split: str, sample: int) -> np.random.Generator:
    """Return the random numbers of one sample; they depend on these arguments only.

    Raises:
        ValueError: ``seed`` is not a whole number >= 0.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed must be a whole number >= 0, got {seed!r}")
    path = (crc32(name.encode()), n_qubits, SPLITS.index(split), sample)
    return np.random.default_rng(np.random.SeedSequence(int(seed), spawn_key=path))
