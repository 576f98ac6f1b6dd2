"""Equal config and seed, equal numbers: on one, two and four cores, and on a cluster."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.reliability.studies import PATIENCE_S, ROOT, hashes, started, waited


@dataclass
class Comparison:
    """One way to run the smoke study, beside two cores of this machine.

    Attributes:
        how: In words.
        n_files: Tables and datasets written.
        differing: Files whose logical hash is another.
        reason: Why it did not run; "" where it did.
    """

    how: str
    n_files: int = 0
    differing: tuple[str, ...] = ()
    reason: str = ""


def finished(folder: Path, cores: int, flags: tuple[str, ...] = ()) -> dict[str, str]:
    """Run the smoke study to its end; return its hashes.

    Raises:
        RuntimeError: It failed.
    """
    run = started(folder, cores=cores, flags=flags)
    waited(lambda: run.poll() is not None, PATIENCE_S)
    if run.returncode:
        raise RuntimeError(f"the smoke study failed; see {folder / 'said.txt'}")
    return hashes(folder)


def on_cores(folder: Path, truth: dict[str, str]) -> list[Comparison]:
    """Return how runs on one and four cores compare with ``truth``, a run on two."""
    rows = [Comparison("2 cores", len(truth))]
    for cores in (1, 4):
        found = finished(folder / f"cores{cores}", cores)
        rows.append(compared(f"{cores} cores", truth, found))
    return rows


def on_slurm(folder: Path, truth: dict[str, str]) -> Comparison:
    """Return how a run through Slurm compares; not run where there is none."""
    if shutil.which("sbatch") is None:
        return Comparison("Slurm", reason="no sbatch on this machine")
    profile = str(ROOT / "workflow" / "profiles" / "slurm")
    return compared("Slurm", truth, finished(folder / "slurm", 2, ("--profile", profile)))


def compared(how: str, truth: dict[str, str], found: dict[str, str]) -> Comparison:
    """Return what differs between two studies."""
    names = sorted(truth.keys() | found.keys())
    odd = tuple(name for name in names if truth.get(name) != found.get(name))
    return Comparison(how, len(found), odd)
