"""Run contenders in turn, each in a process of its own, on one core."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

import numpy as np

from benchmarks.cases import Case
from benchmarks.contenders import CONTENDERS, Contender

ROOT = Path(__file__).parents[1]
ONE_THREAD = {
    **{f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")},
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}
MAX_TURNS_S = 30.0  # of CPU time in one pair; slower contenders get fewer turns


@dataclass(frozen=True)
class Row:
    """One contender on one case, timed in turn with our first contender.

    Attributes:
        case, contender: Keys.
        mode: "gradient": value and gradient; "value": values alone, of both.
        status: "ok"; "over_budget": no result within the limit; "declined": will not take
            the case; "failed": ended with an error.
        reason: Of a status other than "ok".
        ratio: Median over turns of CPU seconds, this contender's over our first one's.
        first_ratio: The same of first calls, preparation and compilation included, where
            nothing was ever compiled on the machine.
        restart_ratio: The same in a later process, which finds what was kept on disk.
        value_error: Largest absolute difference from the reference.
        gradient_error: Norm of the difference from the reference, relative to its norm.
        cpu_s, first_cpu_s, restart_cpu_s: Least CPU seconds of a call; of the first ones.
        own_cpu_s, own_first_cpu_s, own_restart_cpu_s: Of our first contender in these turns.
        peak_memory_mb: Of the whole process.
        n_turns: Calls after the first.
        version: Of the contender's package.
    """

    case: str
    contender: str
    mode: str
    status: str
    reason: str = ""
    ratio: float = np.nan
    first_ratio: float = np.nan
    restart_ratio: float = np.nan
    value_error: float = np.nan
    gradient_error: float = np.nan
    cpu_s: float = np.nan
    first_cpu_s: float = np.nan
    restart_cpu_s: float = np.nan
    own_cpu_s: float = np.nan
    own_first_cpu_s: float = np.nan
    own_restart_cpu_s: float = np.nan
    peak_memory_mb: float = np.nan
    n_turns: int = 0
    version: str = ""


class Stopped(RuntimeError):  # noqa: N818 - a runner's end, not always an error
    """A contender ended without an answer: its status and reason."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Runner:
    """A contender's process, which ``with`` ends.

    Args:
        case: What it runs.
        contender: Who runs.
        mode: "gradient" or "value".
        budget_s: CPU seconds that one call may take.
        caches: Folder for what the contender keeps on disk between processes.

    Attributes:
        keys: Names of the case, the contender and the mode.
        caches: The folder.
        first: Answer of the first call; empty before it.
        restart_s: CPU seconds of the first call in a later process.
        peak_memory_mb: Of the process, up to the last answer.
    """

    def __init__(
        self, case: Case, contender: Contender, mode: str, budget_s: float, caches: str
    ) -> None:
        self.keys = (case.name, contender.name, mode)
        self.first: dict[str, Any] = {}
        self.restart_s = np.nan
        self.peak_memory_mb = np.nan
        self.caches = caches
        self._budget_s = budget_s
        self._errors = TemporaryFile("w+")  # noqa: SIM115 - closed by __exit__
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", *self.keys, str(budget_s)],
            cwd=ROOT,
            env={**os.environ, **ONE_THREAD, "NUMBA_CACHE_DIR": caches, "XDG_CACHE_HOME": caches},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def turn(self) -> float:
        """Call once more; return CPU seconds.

        Raises:
            Stopped: No answer came.
        """
        answer = self._answer()
        self.first = self.first or answer
        self.peak_memory_mb = answer["peak_mb"]
        return answer["cpu_s"]

    def _answer(self) -> dict[str, Any]:
        with suppress(BrokenPipeError):  # it ended before: the empty line below says so
            self._process.stdin.write("go\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise self._stopped(self._process.wait())
        answer = json.loads(line)
        if "declined" in answer:
            raise Stopped("declined", answer["declined"])
        return answer

    def _stopped(self, code: int) -> Stopped:
        if code == -signal.SIGXCPU:
            return Stopped("over_budget", f"no result within {self._budget_s:g} s of CPU time")
        self._errors.seek(0)
        lines = self._errors.read().strip().splitlines()
        by_signal = f"ended by {signal.Signals(-code).name}" if code < 0 else ""
        return Stopped("failed", by_signal or (lines or ["no message"])[-1])


def errors(answer: dict[str, Any], reference: dict[str, Any]) -> tuple[float, float]:
    """Return (value_error, gradient_error) of an answer; NaN where one has no gradient."""
    difference = np.subtract(answer["values"], reference["values"])
    value_error = float(np.abs(difference).max())
    if answer["gradient"] is None or reference["gradient"] is None:
        return value_error, np.nan
    wrong = np.linalg.norm(np.subtract(answer["gradient"], reference["gradient"]))
    return value_error, float(wrong / np.linalg.norm(reference["gradient"]))


@dataclass(frozen=True)
class Race:
    """A case, and how long anyone may take.

    Attributes:
        case: What is timed.
        n_turns: Calls after the first, fewer where they are long.
        budget_s: CPU seconds that one call may take.
    """

    case: Case
    n_turns: int
    budget_s: float

    def rows(self, names: Sequence[str]) -> Iterator[Row]:
        """Yield a row for our first contender and for each other one of ``names``."""
        base = CONTENDERS[self.case.own[0]]
        reference = self._reference()
        others = [CONTENDERS[name] for name in names if name != base.name]
        for mode in ("gradient", "value"):
            chosen = [c for c in others if c.gives_gradients == (mode == "gradient")]
            if not chosen and (mode == "value" or base.name not in names):
                continue
            with self._runner(base, mode) as own:
                row = self._row(own, None, reference)
                if mode == "gradient":
                    yield row
                if not self.case.reference:
                    reference = own.first
                for contender in chosen:
                    with self._runner(contender, mode) as runner:
                        yield self._row(runner, own if row.status == "ok" else None, reference)

    @contextmanager
    def _runner(self, contender: Contender, mode: str) -> Iterator[Runner]:
        """Yield a process that finds nothing on disk."""
        with (
            TemporaryDirectory() as caches,
            Runner(self.case, contender, mode, self.budget_s, caches) as runner,
        ):
            yield runner

    def _restart_s(self, runner: Runner) -> float:
        """Return CPU seconds of the first call in a later process."""
        kept = {path.name for path in Path(runner.caches).iterdir()} - {"matplotlib"}  # fonts
        if not kept:  # a later process does the same once more
            return runner.first["cpu_s"]
        _, contender, mode = runner.keys
        what = (self.case, CONTENDERS[contender], mode, self.budget_s, runner.caches)
        with Runner(*what) as later:
            return later.turn()

    def _reference(self) -> dict[str, Any]:
        """Return the answer of the case's reference; empty where it has none."""
        if not self.case.reference:
            return {}
        with self._runner(CONTENDERS[self.case.reference], "gradient") as runner:
            with suppress(Stopped):
                runner.turn()
            return runner.first

    def _row(self, runner: Runner, own: Runner | None, reference: dict[str, Any]) -> Row:
        """Return the row of a contender, timed in turn with ``own`` or alone."""
        turns: list[tuple[float, float]] = []
        try:
            runner.turn()
            runner.restart_s = self._restart_s(runner)
            while len(turns) < self.n_turns and np.nansum(turns) < MAX_TURNS_S:
                turns.append((own.turn() if own else np.nan, runner.turn()))
        except Stopped as stopped:
            return Row(*runner.keys, stopped.status, stopped.reason)
        own_s, s = np.array(turns).T
        first_s, restart_s = runner.first["cpu_s"], runner.restart_s
        own_first_s = own.first["cpu_s"] if own else np.nan
        own_restart_s = own.restart_s if own else np.nan
        wrong = errors(runner.first, reference) if reference else (np.nan, np.nan)
        return Row(
            *runner.keys,
            status="ok",
            ratio=float(np.median(s / own_s)),
            first_ratio=first_s / own_first_s,
            restart_ratio=restart_s / own_restart_s,
            value_error=wrong[0],
            gradient_error=wrong[1],
            cpu_s=s.min(),
            first_cpu_s=first_s,
            restart_cpu_s=restart_s,
            own_cpu_s=own_s.min(),
            own_first_cpu_s=own_first_s,
            own_restart_cpu_s=own_restart_s,
            peak_memory_mb=runner.peak_memory_mb,
            n_turns=len(turns),
            version=runner.first["version"],
        )
