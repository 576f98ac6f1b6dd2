"""Equal config and seed, equal numbers: on one, two and four cores, and on a cluster."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.reliability.studies import PATIENCE_S, ROOT, SMOKE, hashes, say, started, waited


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


def finished(
    folder: Path,
    cores: int,
    flags: tuple[str, ...] = (),
    config: Path = SMOKE,
    environment: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Run a study, the smoke one, to its end; return its hashes.

    Raises:
        RuntimeError: It failed.
    """
    say(f"  {config.stem} on {cores} cores {' '.join(flags)}")
    run = started(folder, config, cores, flags, environment)
    waited(lambda: run.poll() is not None, PATIENCE_S)
    if run.returncode:
        raise RuntimeError(f"the study failed; see {folder / 'said.txt'}")
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
    if reason := no_slurm():
        return Comparison("Slurm", reason=reason)
    profile = str(ROOT / "workflow" / "profiles" / "slurm")
    flags = ("--profile", profile, *slurm_flags())
    return compared("Slurm", truth, finished(folder / "slurm", 2, flags))


def no_slurm() -> str:
    """Return why nothing can be sent to Slurm from here; "" where it can."""
    if shutil.which("sbatch") is None:
        return "no sbatch on this machine"
    if find_spec("snakemake_executor_plugin_slurm") is None:
        return "needs pip install 'qnnbench[cluster]'"
    if subprocess.run(["sinfo"], capture_output=True).returncode:
        return "no Slurm controller answers sinfo"
    return ""


def slurm_flags() -> tuple[str, ...]:
    """Return what the plug-in has to be told of a cluster without accounting, which it asks."""
    told = subprocess.run(["scontrol", "show", "config"], capture_output=True, text=True).stdout
    if "accounting_storage/none" not in told:
        return ()
    asked_of = ("--slurm-status-command", "squeue")
    return ("--slurm-no-account", *asked_of, "--slurm-init-seconds-before-status-checks", "3")


def compared(how: str, truth: dict[str, str], found: dict[str, str]) -> Comparison:
    """Return what differs between two studies."""
    names = sorted(truth.keys() | found.keys())
    odd = tuple(name for name in names if truth.get(name) != found.get(name))
    return Comparison(how, len(found), odd)
