"""Checkpoints of a training run: atomic, locked, and bit-identical on resume."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from qnnbench.results import write_atomically


class Checkpoint:
    """One run's place on disk, held by one process at a time.

    Args:
        folder: Where checkpoints live; outside declared workflow outputs, because a
            failed job loses those.
        run: Name of the run in it; unique to everything that can change the run.
    """

    def __init__(self, folder: str | Path, run: str) -> None:
        self._path = Path(folder) / f"{run}.npz"
        self._lock = FileLock(self._path.with_suffix(".lock"), timeout=1)

    @contextmanager
    def held(self) -> Iterator["Checkpoint"]:
        """Hold the run's lock.

        Raises:
            RuntimeError: Another process is training the same run.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._lock:
                yield self
        except Timeout as error:
            raise RuntimeError(
                f"Run {self._path.stem} is being trained by another process (it holds "
                f"{self._lock.lock_file}). Wait for it, or stop it and start again."
            ) from error

    def save(self, arrays: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
        """Store float arrays and JSON-like facts."""
        stored = {"__facts__": np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8), **arrays}

        def write(path: Path) -> None:
            with path.open("wb") as handle:
                np.savez(handle, allow_pickle=False, **stored)

        write_atomically(self._path, write)

    def load(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """Return what was saved last, or None where there is nothing."""
        if not self._path.exists():
            return None
        with np.load(self._path) as stored:
            arrays = {name: stored[name] for name in stored.files if name != "__facts__"}
            facts = json.loads(stored["__facts__"].tobytes())
        return arrays, facts


def forget(folder: str | Path) -> None:
    """Remove the checkpoints in ``folder``: their rows are stored."""
    shutil.rmtree(folder, ignore_errors=True)
