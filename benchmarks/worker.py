"""One contender on one case in a process of its own, one call per line on standard input.

``python -m benchmarks.worker CASE CONTENDER MODE BUDGET_S``, with MODE "gradient" or "value".
"""

import itertools
import json
import math
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, TextIO

import numpy as np

from benchmarks.cases import CASES, CHECKS, Case
from benchmarks.contenders import CONTENDERS, Contender, Declined, Work
from qnnbench.backends import BackendCannot

MIN_TURN_S = 0.1  # short calls are repeated: the clock of some systems is coarse
KNOWN = {**CASES, **CHECKS}


def quiet_stdout() -> TextIO:
    """Return a channel to the parent; whatever else is printed goes to standard error."""
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return channel


def peak_memory_mb() -> float:
    """Return the largest memory of this process so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def limited(work: Callable[[], Any], budget_s: float) -> tuple[float, Any]:
    """Return CPU seconds of all threads, and the result; the system ends us above budget."""
    start = time.process_time()
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(start + budget_s), hard))
    result = work()
    return time.process_time() - start, result


def repeated(work: Callable[[], Any], budget_s: float) -> float:
    """Return CPU seconds per call, over as many calls as fill ``MIN_TURN_S``."""
    total, n_calls, wave = 0.0, 0, 1
    while total < MIN_TURN_S:
        calls = itertools.repeat(work, wave)
        total += limited(lambda calls=calls: [call() for call in calls], budget_s)[0]
        n_calls += wave
        wave *= 2
    return total / n_calls


def serve(case: Case, contender: Contender, gradient: bool, budget_s: float) -> Iterator[dict]:
    """Yield the first call, preparation included, with its result; then bare calls."""
    params, _ = case.params, case.states  # the same for all, so not timed

    def first() -> tuple[Work, tuple[np.ndarray, np.ndarray | None]]:
        work = contender.prepare(case, gradient)
        return work, work(params)

    try:
        import_module(contender.module)
        cpu_s, (work, (values, slope)) = limited(first, budget_s)
    except (Declined, BackendCannot, ImportError) as reason:
        yield {"declined": str(reason)}
        return
    yield {
        "cpu_s": cpu_s,
        "version": contender.version,
        "values": values.tolist(),
        "gradient": None if slope is None else slope.tolist(),
        "peak_mb": peak_memory_mb(),
    }
    moved = (params + 1e-3 * step for step in itertools.count(1))  # nothing to remember
    while True:
        cpu_s = repeated(lambda: work(next(moved)), budget_s)
        yield {"cpu_s": cpu_s, "peak_mb": peak_memory_mb()}


def main() -> None:
    """Answer each line of standard input with a line of JSON."""
    if hasattr(os, "sched_setaffinity"):  # Linux: one core, the same for all
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    case, contender = KNOWN[sys.argv[1]], CONTENDERS[sys.argv[2]]
    channel = quiet_stdout()
    answers = serve(case, contender, sys.argv[3] == "gradient", float(sys.argv[4]))
    for _, answer in zip(sys.stdin, answers, strict=False):
        channel.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
