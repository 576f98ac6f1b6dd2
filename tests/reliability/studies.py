"""A study run as a user runs it, watched, killed, gone on with, and compared."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from qnnbench.results import content_hash, read_parquet

ROOT = Path(__file__).parents[2]
SMOKE = ROOT / "config" / "smoke.yaml"
PATIENCE_S = 3600.0
say = Console(stderr=True, highlight=False).print  # how far the experiments are


def started(
    folder: Path,
    config: Path = SMOKE,
    cores: int = 2,
    flags: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen:
    """Start Snakemake in ``folder``, in a process group of its own; its words go to said.txt."""
    profile = ROOT / "workflow" / "profiles" / "default"
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--workflow-profile", str(profile), "--directory", str(folder)]
    command += ["--cores", str(cores), "--configfile", str(config), *flags]
    return launched(command, folder, environment)


def resumed(folder: Path, config: Path = SMOKE, cores: int = 2) -> subprocess.Popen:
    """Start ``qnnbench resume`` in ``folder``, likewise."""
    program = str(Path(sys.executable).with_name("qnnbench"))
    command = [program, "resume", str(config), "--cores", str(cores)]
    return launched(command, folder)


def launched(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen:
    """Start a command in ``folder``, in a session of its own, told more of its environment."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {**os.environ, **(environment or {})}
    with (folder / "said.txt").open("ab") as said:
        return subprocess.Popen(
            command, cwd=folder, stdout=said, stderr=said, start_new_session=True, env=told
        )


def hashes(folder: Path) -> dict[str, str]:
    """Return the logical hash of every Parquet file below ``folder``/results."""
    return {
        str(file.relative_to(folder)): content_hash(read_parquet(file))
        for file in sorted((folder / "results").rglob("*.parquet"))
    }


def children(pid: int) -> list[int]:
    """Return the processes that a process started, and theirs (Linux)."""
    found = []
    for task in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(task.read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        if parent == pid:
            child = int(task.parent.name)
            found += [child, *children(child)]
    return found


def killed(pids: Sequence[int]) -> None:
    """Send SIGKILL to processes that may be gone."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def waited(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until a condition holds; whether it did in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.005)
    return False
