"""Who holds a study in this folder, and what a killed run left in it.

Snakemake's locks hold no process id and outlive a kill, and a killed Snakemake can leave jobs
that go on writing. So processes are looked for: those of this computer that run Snakemake or
one of its scripts in this folder. A run on another computer is not seen.
"""

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

SCRIPTS = ".snakemake/scripts/"
WRITTEN = ("results", "checkpoints", "reports", "archives", ".snakemake/storage")
TEMPORARY = re.compile(r"\..+\.[0-9a-f]{32}\.tmp")  # what results.write_atomically writes first


@dataclass(frozen=True)
class Process:
    """A process that works in a folder.

    Attributes:
        pid: Its number.
        command: Its command line.
    """

    pid: int
    command: str

    @property
    def is_job(self) -> bool:
        """Whether it is a script of Snakemake's, which may have outlived Snakemake."""
        return SCRIPTS in self.command


def live_runs(folder: Path) -> list[Process]:
    """Return the processes that run Snakemake, or a script of it, in ``folder``."""
    place, found = folder.resolve(), []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if is_of_snakemake(words) and Path(process.cwd()) == place:
                found.append(Process(process.pid, " ".join(words)))
        except (psutil.Error, OSError):
            continue  # it ended meanwhile, or is another user's
    return found


def is_of_snakemake(words: Iterable[str]) -> bool:
    """Say whether a command line is Snakemake's, or that of one of its scripts."""
    return any(Path(word).name == "snakemake" or SCRIPTS in word for word in words)


def locked_files(folder: Path, study: str) -> list[str]:
    """Return the files of a study that Snakemake's locks in ``folder`` name.

    Of a study in object storage they are the local copies, below ``.snakemake/storage``.
    """
    own = [f"results/{study}/", f"logs/{study}/"]
    is_default = study == "default"
    own += ["reports/index.html", "reports/figures"] if is_default else [f"reports/{study}/"]
    locks = sorted((folder / ".snakemake" / "locks").glob("*.lock"))
    named = [line for lock in locks for line in lock.read_text().splitlines()]
    return sorted({file for file in named if any(f"/{place}" in f"/{file}" for place in own)})


def held_checkpoints(config: Mapping[str, Any], folder: Path) -> Iterator[Path]:
    """Yield the checkpoints of a study's arms that a process is training from."""
    from qnnbench import study

    if not (folder / "checkpoints").is_dir():
        return
    for arm, batch in study.jobs(config, "training"):
        for cell in study.cells(config, "training", arm, batch):
            for lock in sorted((folder / study.checkpoint_folder(cell)).glob("*.lock")):
                try:
                    with FileLock(lock, timeout=0):
                        pass
                except Timeout:
                    yield lock


def orphans(folder: Path) -> list[Path]:
    """Return the half-written files in ``folder`` that killed runs of any study left.

    They are orphans only while no run is alive in the folder, on any computer that shares it.
    """
    found = (file for name in WRITTEN for file in (folder / name).rglob(".*.tmp"))
    return sorted(file for file in found if TEMPORARY.fullmatch(file.name))


def from_the_future(folder: Path, study: str) -> list[Path]:
    """Return the results of a study that are dated later than now: a clock was wrong.

    Snakemake refuses what is made of them, since it is older than they are.
    """
    files = (folder / "results" / study).rglob("*")
    return sorted(file for file in files if file.is_file() and file.stat().st_mtime > time.time())
