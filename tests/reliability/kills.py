"""A study killed at random moments, gone on with, and compared with one that was not."""

import os
import random
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.reliability.studies import (
    PATIENCE_S,
    children,
    hashes,
    killed,
    resumed,
    say,
    started,
    waited,
)

LONGEST_S = 25.0  # until a kill; a run that ends sooner is not killed
MOST_REFUSED = 300  # in a row


def kill_worker(run: subprocess.Popen, _: Path) -> bool:
    """Kill one process that Snakemake started."""
    workers = children(run.pid)
    killed(workers[-1:])
    return bool(workers)


def kill_snakemake(run: subprocess.Popen, _: Path) -> bool:
    """Kill Snakemake; what it started goes on."""
    killed([run.pid])
    return True


def kill_group(run: subprocess.Popen, _: Path) -> bool:
    """Kill Snakemake and all it started, as a machine that goes off does."""
    os.killpg(run.pid, signal.SIGKILL)
    return True


def kill_while_saving(run: subprocess.Popen, folder: Path) -> bool:
    """Kill everything while a checkpoint is half written."""
    half_written = "checkpoints/*/.*.tmp"
    if not waited(lambda: run.poll() is not None or any(folder.glob(half_written)), LONGEST_S):
        return False
    return run.poll() is None and kill_group(run, folder)


MOMENTS = {
    "a worker": kill_worker,
    "Snakemake": kill_snakemake,
    "the whole group": kill_group,
    "while a checkpoint is written": kill_while_saving,
}


@dataclass
class Outcome:
    """What became of the studies.

    Attributes:
        kills: How often each was killed.
        n_studies: Studies that ended.
        differing: Files whose logical hash is another than without kills, or that are
            missing or too many.
        left_over: Files of work in progress after the end.
    """

    kills: dict[str, int]
    n_studies: int
    differing: list[str]
    left_over: list[str]


def kill_often(folder: Path, truth: dict[str, str], n_kills: int, seed: int) -> Outcome:
    """Run smoke studies until ``n_kills`` kills were survived; each must end like ``truth``."""
    rng = random.Random(seed)
    outcome = Outcome(dict.fromkeys(MOMENTS, 0), 0, [], [])
    while sum(outcome.kills.values()) < n_kills:
        place = folder / f"study{outcome.n_studies}"
        _one_study(place, outcome, n_kills, rng)
        found = hashes(place)
        outcome.differing += sorted(
            f"{file} of study {outcome.n_studies}"
            for file in truth.keys() | found.keys()
            if truth.get(file) != found.get(file)
        )
        outcome.left_over += [str(f) for f in place.rglob(".*.tmp")]
        outcome.left_over += [str(f) for f in (place / "checkpoints").rglob("*.npz")]
        outcome.n_studies += 1
        say(f"  {sum(outcome.kills.values())} of {n_kills} kills, {outcome.n_studies} studies")
        shutil.rmtree(place)
    return outcome


def _one_study(place: Path, outcome: Outcome, n_kills: int, rng: random.Random) -> None:
    """Run one study to its end; kill it as often as it lasts.

    Resuming is refused while jobs outlive a killed Snakemake: it is tried again.
    """
    run, n_refused = started(place), 0
    while n_refused < MOST_REFUSED:
        is_enough = sum(outcome.kills.values()) >= n_kills
        patience = PATIENCE_S if is_enough else rng.uniform(1, LONGEST_S)
        if waited(lambda run=run: run.poll() is not None, patience):
            if run.returncode == 0:
                return
            n_refused += 1
        else:
            moment, n_refused = rng.choice(list(MOMENTS)), 0
            if not MOMENTS[moment](run, place):  # nothing to kill: it goes on
                continue
            outcome.kills[moment] += 1
            waited(lambda run=run: run.poll() is not None, PATIENCE_S)
        run = resumed(place)
    raise RuntimeError(f"not resumed in {n_refused} tries; see {place / 'said.txt'}")
